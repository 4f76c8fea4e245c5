"""
Writes of routes that are on their way to the database, kept while it is away (I15).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import attrs
from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IRouteStore
from trio2o.model import Kind, Route

_log = Logger()

_Key = tuple[str, Kind]

#: Seconds before the first and at most between later attempts while the database is away.
_FIRST_RETRY, _LAST_RETRY = 0.2, 5.0


@define(eq=False)
class _Waiter:
    """
    A caller of :meth:`Outbox.put`, told when the last of its routes is written.
    """

    told: Deferred[None]
    left: int
    timer: IDelayedCall | None = None

    def release(self) -> None:
        if self.timer is not None and self.timer.active():
            self.timer.cancel()
        if not self.told.called:
            self.told.callback(None)

    def one_written(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.release()


@define(eq=False)
class Entry:
    """
    What the database is to be told of one resource: the last word counts.
    """

    #: The route as it is to be; a tombstone when its resource ended before it was written.
    route: Route | None = None
    #: When the resource ended, where its route is the database's.
    ended_at: datetime | None = None
    waiters: list[_Waiter] = field(factory=list)

    @property
    def live(self) -> Route | None:
        """
        The route, unless it ended.
        """
        return None if self.route is None or self.route.deleted_at is not None else self.route

    def end(self, at: datetime) -> None:
        """
        The resource has ended.
        """
        if self.route is None:
            self.ended_at = self.ended_at or at
        elif self.route.deleted_at is None:
            self.route = attrs.evolve(self.route, deleted_at=at)

    def followed_by(self, later: Entry) -> Entry:
        """
        Both in one: this entry could not be written before the later one came.
        """
        if later.route is None and later.ended_at is not None:
            self.end(later.ended_at)
        else:
            self.route, self.ended_at = later.route, None
        self.waiters.extend(later.waiters)
        return self


@define(eq=False)
class Outbox:
    """
    Writes in the order in which resources were first mentioned, many in one statement, one statement at a time.

    Callers wait until theirs is written, ``patience`` seconds at most, and not at all while the database is away. Beyond
    ``limit`` resources new ones are dropped and counted: asking the pods finds them again (I7).
    """

    _clock: IReactorTime
    _store: IRouteStore
    limit: int = field(default=100_000, kw_only=True)
    batch: int = field(default=500, kw_only=True)
    patience: float = field(default=1.0, kw_only=True)
    #: True since a write failed, until one succeeds.
    away: bool = field(default=False, init=False)
    #: For metrics.
    dropped: int = field(default=0, init=False)
    written: int = field(default=0, init=False)
    _pending: dict[_Key, Entry] = field(factory=dict, init=False)
    _flying: dict[_Key, Entry] = field(factory=dict, init=False)
    _writing: bool = field(default=False, init=False)
    _retry: float = field(default=_FIRST_RETRY, init=False)
    _next: IDelayedCall | None = field(default=None, init=False)
    _empty: Deferred[None] | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    def __len__(self) -> int:
        return len(self._pending) + len(self._flying)

    def known(self, kind: Kind, resource_id: str) -> Entry | None:
        """
        What is still to be written of a resource.
        """
        key = (resource_id, kind)
        return self._pending.get(key) or self._flying.get(key)

    def record(self, routes: Sequence[Route]) -> Deferred[None]:
        """
        Write routes; the result never fails.
        """
        entries = {(route.resource_id, route.kind): Entry(route=route) for route in routes}
        return self._put(entries)

    def end(self, kind: Kind, resource_id: str) -> Deferred[None]:
        """
        Write a tombstone; the result never fails.
        """
        now = datetime.fromtimestamp(self._clock.seconds(), UTC)
        return self._put({(resource_id, kind): Entry(ended_at=now)})

    async def drain(self, limit: float) -> None:
        """
        Write what is left, for at most so many seconds, and give up the rest.
        """
        if len(self):
            empty = self._empty = Deferred()
            timer = self._clock.callLater(limit, self._now_empty)
            self._write()
            await empty
            if timer.active():
                timer.cancel()
        self._closed = True
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._release_all()
        if len(self):
            _log.error(
                "{count} routes were not written: they will be found by asking the pods", count=len(self)
            )

    def _put(self, entries: dict[_Key, Entry]) -> Deferred[None]:
        waiter = _Waiter(Deferred(), 0)
        for key, entry in entries.items():
            known = self._pending.get(key)
            if known is None and (len(self) >= self.limit or self._closed):
                if self.dropped % 1000 == 0:
                    _log.error("routes are dropped: {count} wait for the database already", count=len(self))
                self.dropped += 1
                continue
            waiter.left += 1
            entry.waiters.append(waiter)
            self._pending[key] = entry if known is None else known.followed_by(entry)
        if not waiter.left:
            return succeed(None)
        if self.away:
            waiter.release()
        else:
            waiter.timer = self._clock.callLater(self.patience, waiter.release)
            self._write()
        return waiter.told

    def _write(self) -> None:
        if self._writing or self._closed or not self._pending:
            return
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._writing = True
        for key in list(self._pending)[: self.batch]:
            self._flying[key] = self._pending.pop(key)
        writing = Deferred.fromCoroutine(self._write_flying())
        writing.addErrback(self._failed)
        writing.addCallback(self._go_on)

    async def _write_flying(self) -> None:
        routes = {key: entry.route for key, entry in self._flying.items() if entry.route is not None}
        if routes:
            refused = await self._attempt(self._store.record_routes(list(routes.values())))
            if refused is None:
                self._done(routes)
            else:
                # One of them cannot be written: find it, so that the others can.
                for key, route in routes.items():
                    refused = await self._attempt(self._store.record_routes([route]))
                    self._settle(key, refused)
        for key, entry in list(self._flying.items()):
            resource_id, kind = key
            if entry.ended_at is not None:
                refused = await self._attempt(self._store.end_route(kind, resource_id, entry.ended_at))
                self._settle(key, refused)

    async def _attempt(self, write: Any) -> Failure | None:
        """
        Why the database refused a write, if it did.

        :raises DatabaseUnavailable: if it did not answer.
        """

        def refused(failure: Failure) -> list[Failure]:
            if failure.check(DatabaseUnavailable):
                failure.raiseException()
            return [failure]

        result: list[Failure] | None = await Deferred.fromCoroutine(write).addErrback(refused)
        return result[0] if result else None

    def _settle(self, key: _Key, refused: Failure | None) -> None:
        if refused is None:
            self._done([key])
            return
        _log.failure(
            "the route of {kind} {resource_id} cannot be written",
            failure=refused,
            kind=key[1],
            resource_id=key[0],
        )
        self.dropped += 1
        for waiter in self._flying.pop(key).waiters:
            waiter.one_written()

    def _done(self, keys: Any) -> None:
        if self.away:
            _log.info("routes are written again: {count} have waited", count=len(self))
        self.away = False
        self._retry = _FIRST_RETRY
        for key in keys:
            self.written += 1
            for waiter in self._flying.pop(key).waiters:
                waiter.one_written()

    def _failed(self, failure: Failure) -> None:
        if not self.away:
            _log.info("routes wait for the database: {reason}", reason=failure.getErrorMessage())
        self.away = True
        if not failure.check(DatabaseUnavailable):
            _log.failure("writing routes went wrong", failure=failure)
        later, self._pending = self._pending, self._flying
        self._flying = {}
        for key, entry in later.items():
            earlier = self._pending.get(key)
            self._pending[key] = entry if earlier is None else earlier.followed_by(entry)
        self._release_all()

    def _go_on(self, _: None) -> None:
        self._writing = False
        if not self._pending:
            self._now_empty()
        elif self.away and not self._closed:
            self._next = self._clock.callLater(self._retry, self._write)
            self._retry = min(2 * self._retry, _LAST_RETRY)
        else:
            self._write()

    def _release_all(self) -> None:
        for entry in (*self._pending.values(), *self._flying.values()):
            for waiter in entry.waiters:
                waiter.release()
            entry.waiters.clear()

    def _now_empty(self) -> None:
        if self._empty is not None and not self._empty.called:
            self._empty.callback(None)
