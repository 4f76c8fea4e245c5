"""
Routes as the strategies use them.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from trio2o.interfaces import IRouteBook, IRouteStore, IState
from trio2o.model import Kind, Route
from trio2o.state.outbox import Outbox


@define(eq=False)
class _Reading:
    """
    One question to the database, for all who ask the same meanwhile.
    """

    waiters: list[Deferred[Route | None]] = field(factory=list)
    #: True when the route was recorded or ended meanwhile: the answer is older than what is known.
    outdated: bool = False


@implementer(IRouteBook)
@define(eq=False, slots=False)
class RouteBook(Service):
    """
    Memory first, then what is on its way to the database, then the database. Stopping it writes what is left.
    """

    _state: IState
    _store: IRouteStore
    #: What is still to be written; its numbers are for metrics.
    outbox: Outbox
    #: Seconds that stopping may take.
    drain_limit: float = field(default=5.0, kw_only=True)
    _reading: dict[tuple[str, Kind], _Reading] = field(factory=dict, init=False)

    def stopService(self) -> Deferred[None]:
        super().stopService()
        return Deferred.fromCoroutine(self.outbox.drain(self.drain_limit))

    def remembered(self, kind: Kind, resource_id: str) -> Route | None:
        return self._state.route(kind, resource_id)

    async def find(self, kind: Kind, resource_id: str) -> Route | None:
        known = self._known(kind, resource_id)
        if known is not None or self.outbox.known(kind, resource_id) is not None:
            return known
        return await self._read(kind, resource_id)

    def record(self, routes: Sequence[Route]) -> Deferred[None]:
        news = []
        for route in routes:
            if self._state.route(route.kind, route.resource_id) == route:
                # Lists adopt the same resources again and again.
                continue
            known = self._known(route.kind, route.resource_id)
            if known is not None and self._is_anothers(known, route):
                continue
            news.append(route)
            self._outdate(route.kind, route.resource_id)
            if route.deleted_at is None:
                self._state.note_route(route)
            else:
                self._state.forget_route(route.kind, route.resource_id)
        return self.outbox.record(news) if news else succeed(None)

    def end(self, kind: Kind, resource_id: str) -> Deferred[None]:
        self._outdate(kind, resource_id)
        self._state.forget_route(kind, resource_id)
        return self.outbox.end(kind, resource_id)

    def _is_anothers(self, known: Route, route: Route) -> bool:
        """
        True when another pod has the resource: what a list shows does not take it away (I7).
        """
        return known.pod_id != route.pod_id and self._state.pod(known.pod_id) is not None

    def _known(self, kind: Kind, resource_id: str) -> Route | None:
        """
        From memory, or from what is still to be written, which may have left memory.
        """
        underway = self.outbox.known(kind, resource_id)
        return self._state.route(kind, resource_id) or (underway.live if underway is not None else None)

    def _outdate(self, kind: Kind, resource_id: str) -> None:
        reading = self._reading.get((resource_id, kind))
        if reading is not None:
            reading.outdated = True

    def _read(self, kind: Kind, resource_id: str) -> Deferred[Route | None]:
        key = (resource_id, kind)
        waiter: Deferred[Route | None] = Deferred()
        reading = self._reading.get(key)
        if reading is not None:
            reading.waiters.append(waiter)
            return waiter
        self._reading[key] = reading = _Reading([waiter])
        asked = Deferred.fromCoroutine(self._store.find_route(kind, resource_id))
        asked.addBoth(self._answered, kind, resource_id, reading)
        return waiter

    def _answered(
        self, found: Route | Failure | None, kind: Kind, resource_id: str, reading: _Reading
    ) -> None:
        del self._reading[resource_id, kind]
        if reading.outdated:
            found = self._known(kind, resource_id)
        elif isinstance(found, Route):
            self._state.note_route(found)
        for waiter in reading.waiters:
            if not waiter.called:
                waiter.callback(found)
