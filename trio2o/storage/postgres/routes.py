"""
Routes in PostgreSQL: tens of millions, each found by an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import define
from zope.interface import implementer

from trio2o.interfaces import IRouteStore
from trio2o.model import Kind, Route
from trio2o.storage.pool import Pool
from trio2o.storage.postgres.rows import ROUTE_COLUMNS, as_utc, route_of, route_values, storable

#: How many routes one statement writes.
_BATCH = 500

#: Seconds that a look-up waits for a database that has gone away: long enough for a connection that was cut, and short,
#: since the pods can be asked instead (I15).
_PATIENCE = 0.25

#: How many routes a question about a project gives; see :meth:`IRouteStore.routes_of_project`.
MOST = 1000

_PLACE = "(%s, %s, %s, %s, %s::timestamptz, %s::jsonb, %s::timestamptz)"
_COMPARED = ("pod_id", "project_id", "created_at", "details", "deleted_at")
_SET = ", ".join(f"{column} = excluded.{column}" for column in _COMPARED)
# What one pod shows never takes a resource from another pod that has it: its route ends by its owner's 404 (I7).
_FREE = (
    "(routes.deleted_at is not null or routes.pod_id = excluded.pod_id"
    " or not exists (select from pods where pods.id = routes.pod_id))"
)
# Recording what is there already writes nothing: no dead row versions for routes that are adopted again and
# again.
_CHANGED = (
    f"({', '.join(f'routes.{column}' for column in _COMPARED)}) is distinct from"
    f" ({', '.join(f'excluded.{column}' for column in _COMPARED)})"
)


@implementer(IRouteStore)
@define(eq=False)
class PostgresRoutes:
    """
    The routes as rows.
    """

    _pool: Pool

    async def find_route(self, kind: Kind, resource_id: str) -> Route | None:
        if not storable(resource_id):
            return None
        rows = await self._pool.run_query(
            f"select {ROUTE_COLUMNS} from routes where resource_id = %s and kind = %s and deleted_at is null",
            (resource_id, kind.value),
            read_only=True,
            patience=_PATIENCE,
        )
        return route_of(rows[0]) if rows else None

    async def record_routes(self, routes: Sequence[Route]) -> None:
        latest = {(route.resource_id, route.kind.value): route for route in routes}
        # In one order everywhere, so that two writers of the same routes never wait for each other.
        ordered = [latest[key] for key in sorted(latest)]
        for start in range(0, len(ordered), _BATCH):
            values = [route_values(route) for route in ordered[start : start + _BATCH]]
            places = ", ".join([_PLACE] * len(values))
            await self._pool.run_query(
                f"insert into routes ({ROUTE_COLUMNS}) values {places}"
                f" on conflict (resource_id, kind) do update set {_SET} where {_FREE} and {_CHANGED}",
                [value for row in values for value in row],
            )

    async def end_route(self, kind: Kind, resource_id: str, at: datetime) -> None:
        if storable(resource_id):
            await self._pool.run_query(
                "update routes set deleted_at = %s"
                " where resource_id = %s and kind = %s and deleted_at is null",
                (as_utc(at), resource_id, kind.value),
            )

    async def routes_of_id(self, resource_id: str) -> Sequence[Route]:
        if not storable(resource_id):
            return []
        rows = await self._pool.run_query(
            f"select {ROUTE_COLUMNS} from routes where resource_id = %s order by kind",
            (resource_id,),
            read_only=True,
        )
        return [route_of(row) for row in rows]

    async def routes_of_project(self, kind: Kind, project_id: str | None, pod_id: str) -> Sequence[Route]:
        if not storable(project_id, pod_id):
            return []
        whose = "" if project_id is None else "project_id = %(project)s and "
        rows = await self._pool.run_query(
            f"select {ROUTE_COLUMNS} from routes where {whose}kind = %(kind)s and pod_id = %(pod)s"
            " and deleted_at is null order by created_at desc nulls last, resource_id desc limit %(most)s",
            {"project": project_id, "kind": kind.value, "pod": pod_id, "most": MOST},
            read_only=True,
        )
        return [route_of(row) for row in rows]
