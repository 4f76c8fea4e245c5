"""
Cursors on their way to the database and back, with nobody waiting for it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, TimeoutError, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import ICursorBook, ICursorStore

_log = Logger()

#: How many cursors one statement writes.
_BATCH = 100

#: Seconds for which the same is not written again.
_FRESH = 3600.0

#: Of how many it is known that they were written.
_NOTED = 10_000


@implementer(ICursorBook)
@define(eq=False, slots=False)
class CursorBook(Service):
    """
    One statement at a time; what comes meanwhile waits for the next, the oldest goes when too many wait, and what the
    database refuses is lost. Stopping writes what still waits.
    """

    _clock: IReactorTime
    _store: ICursorStore
    #: How many may wait to be written.
    limit: int = field(default=1000, kw_only=True)
    #: Seconds that a page waits for its cursor, and that stopping may take.
    patience: float = field(default=1.0, kw_only=True)
    #: How many were never written.
    lost: int = field(default=0, init=False)
    _pending: dict[bytes, str] = field(factory=dict, init=False)
    #: Digest to the content's hash and when it was written.
    _noted: OrderedDict[bytes, tuple[int, float]] = field(factory=OrderedDict, init=False)
    _busy: bool = field(default=False, init=False)
    _idle: Deferred[None] | None = field(default=None, init=False)
    _away: bool = field(default=False, init=False)

    async def find(self, digest: bytes) -> str | None:
        waiting = self._pending.get(digest)
        if waiting is not None:
            return waiting
        asked = Deferred.fromCoroutine(self._store.find_cursor(digest))
        if not asked.called:
            asked.addTimeout(self.patience, self._clock)
        try:
            return await asked
        except (DatabaseUnavailable, TimeoutError) as error:
            _log.debug("a list goes on without its cursor: {reason}", reason=str(error))
        return None

    def keep(self, digest: bytes, content: str) -> None:
        known, at = self._noted.get(digest, (0, 0.0))
        if known == hash(content) and self._clock.seconds() - at < _FRESH:
            return
        self._pending.pop(digest, None)
        self._pending[digest] = content
        while len(self._pending) > self.limit:
            del self._pending[next(iter(self._pending))]
            self.lost += 1
        if not self._busy:
            self._busy = True
            Deferred.fromCoroutine(self._write())

    def stopService(self) -> Deferred[None]:
        super().stopService()
        if not self._busy:
            return succeed(None)
        self._idle = Deferred()
        timer = self._clock.callLater(self.patience, self._now_idle)
        return self._idle.addCallback(lambda _: timer.cancel() if timer.active() else None)

    async def _write(self) -> None:
        while self._pending:
            batch = {digest: self._pending.pop(digest) for digest in list(self._pending)[:_BATCH]}
            writing = Deferred.fromCoroutine(self._store.keep_cursors(batch))
            await writing.addCallbacks(
                self._written, self._refused, callbackArgs=(batch,), errbackArgs=(batch,)
            )
        self._busy = False
        self._now_idle()

    def _written(self, _: None, batch: Mapping[bytes, str]) -> None:
        if self._away:
            _log.info("cursors are written again: {lost} were lost", lost=self.lost)
        self._away = False
        for digest, content in batch.items():
            self._noted[digest] = (hash(content), self._clock.seconds())
            self._noted.move_to_end(digest)
        while len(self._noted) > _NOTED:
            self._noted.popitem(last=False)

    def _refused(self, failure: Failure, batch: Mapping[bytes, str]) -> None:
        self.lost += len(batch)
        if not failure.check(DatabaseUnavailable):
            _log.failure("{count} cursors cannot be written", failure=failure, count=len(batch))
        elif not self._away:
            _log.info("cursors are lost: {reason}", reason=failure.getErrorMessage())
            self._away = True

    def _now_idle(self) -> None:
        if self._idle is not None and not self._idle.called:
            self._idle.callback(None)
