"""
The routes in memory; see :mod:`trio2o.storage.memory`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import attrs
from attrs import define
from zope.interface import implementer

from trio2o.interfaces import IRouteStore
from trio2o.model import Kind, Route
from trio2o.storage.memory_database import MemoryDatabase

#: How many routes a question about a project gives.
MOST = 1000

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@implementer(IRouteStore)
@define(eq=False)
class MemoryRoutes:
    """
    The routes in a dictionary.
    """

    _database: MemoryDatabase

    async def find_route(self, kind: Kind, resource_id: str) -> Route | None:
        self._database.check()
        route = self._database.routes.get((resource_id, kind))
        return route if route is not None and route.deleted_at is None else None

    async def record_routes(self, routes: Sequence[Route]) -> None:
        self._database.check()
        for route in routes:
            known = self._database.routes.get((route.resource_id, route.kind))
            if (
                known is not None
                and known.deleted_at is None
                and known.pod_id != route.pod_id
                and known.pod_id in self._database.pods
            ):
                continue
            self._database.routes[route.resource_id, route.kind] = attrs.evolve(
                route,
                created_at=None if route.created_at is None else as_utc(route.created_at),
                deleted_at=None if route.deleted_at is None else as_utc(route.deleted_at),
            )

    async def end_route(self, kind: Kind, resource_id: str, at: datetime) -> None:
        route = await self.find_route(kind, resource_id)
        if route is not None:
            self._database.routes[resource_id, kind] = attrs.evolve(route, deleted_at=as_utc(at))

    async def routes_of_id(self, resource_id: str) -> Sequence[Route]:
        self._database.check()
        found = [route for (known, _), route in self._database.routes.items() if known == resource_id]
        return sorted(found, key=lambda route: route.kind)

    async def routes_of_project(self, kind: Kind, project_id: str | None, pod_id: str) -> Sequence[Route]:
        self._database.check()
        found = [
            route
            for route in self._database.routes.values()
            if route.kind is kind
            and route.pod_id == pod_id
            and project_id in (None, route.project_id)
            and route.deleted_at is None
        ]
        found.sort(key=lambda route: (route.created_at or _BEFORE_ALL, route.resource_id), reverse=True)
        return found[:MOST]

    async def find_routes(self, kind: Kind, resource_ids: Collection[str]) -> Sequence[Route]:
        self._database.check()
        found = [self._database.routes.get((resource_id, kind)) for resource_id in set(resource_ids)]
        return [route for route in found if route is not None and route.deleted_at is None]

    async def walk_routes(self, after: tuple[str, Kind] | None, limit: int) -> Sequence[Route]:
        self._database.check()
        ordered = sorted(self._database.routes.items())
        return [
            route for key, route in ordered if route.deleted_at is None and (after is None or key > after)
        ][:limit]

    async def end_routes(self, routes: Collection[Route], at: datetime) -> int:
        self._database.check()
        ended = 0
        for route in routes:
            known = self._database.routes.get((route.resource_id, route.kind))
            if known is not None and known.deleted_at is None and known.pod_id == route.pod_id:
                await self.end_route(route.kind, route.resource_id, at)
                ended += 1
        return ended

    async def prune_tombstones(self, pod_id: str, before: datetime, limit: int) -> int:
        self._database.check()
        old = [
            (route.deleted_at, key)
            for key, route in self._database.routes.items()
            if route.pod_id == pod_id and route.deleted_at is not None and route.deleted_at < as_utc(before)
        ]
        for _, key in sorted(old)[:limit]:
            del self._database.routes[key]
        return min(len(old), limit)

    async def routes_before(
        self,
        kind: Kind,
        project_id: str | None,
        pod_ids: Collection[str],
        place: tuple[datetime, str],
        *,
        ids_descending: bool,
        ended: bool,
    ) -> Sequence[Route]:
        self._database.check()
        made, beside = as_utc(place[0]), place[1]
        nearest: dict[tuple[str, bool], Route] = {}
        # by age, and those of one time as the list has them: what comes first is nearest to the place
        for route in sorted(
            self._database.routes.values(), key=lambda route: route.resource_id, reverse=not ids_descending
        ):
            if (
                route.kind is not kind
                or project_id not in (None, route.project_id)
                or route.pod_id not in pod_ids
                or route.created_at is None
                or (route.deleted_at is not None and not ended)
            ):
                continue
            first = route.resource_id > beside if ids_descending else route.resource_id < beside
            if route.created_at >= made + timedelta(seconds=1) or (
                first and route.created_at == made and not made.microsecond
            ):
                key = (route.pod_id, route.deleted_at is None)
                known = nearest.get(key)
                if known is None or known.created_at is None or route.created_at < known.created_at:
                    nearest[key] = route
        return list(nearest.values())


def as_utc(moment: datetime) -> datetime:
    """
    The moment with its zone; one without is UTC.
    """
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
