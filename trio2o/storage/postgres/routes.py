"""
Routes in PostgreSQL: tens of millions, each found by an index.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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

    async def find_routes(self, kind: Kind, resource_ids: Collection[str]) -> Sequence[Route]:
        asked = [resource_id for resource_id in resource_ids if storable(resource_id)]
        if not asked:
            return []
        rows = await self._pool.run_query(
            f"select {ROUTE_COLUMNS} from routes where resource_id = any(%s) and kind = %s and deleted_at is null",
            (asked, kind.value),
            read_only=True,
        )
        return [route_of(row) for row in rows]

    async def walk_routes(self, after: tuple[str, Kind] | None, limit: int) -> Sequence[Route]:
        place = ("", "") if after is None else (after[0], after[1].value)
        # ``offset 0`` keeps the condition outside, so that no index of live routes alone is taken, and sorted whole.
        rows = await self._pool.run_query(
            f"select {ROUTE_COLUMNS} from (select * from routes where (resource_id, kind) > (%s, %s)"
            " order by resource_id, kind offset 0) walked where deleted_at is null limit %s",
            (*place, limit),
            read_only=True,
        )
        return [route_of(row) for row in rows]

    async def end_routes(self, routes: Collection[Route], at: datetime) -> int:
        # In one order everywhere, as where they are recorded.
        ordered = sorted({(route.resource_id, route.kind.value, route.pod_id) for route in routes})
        ended = 0
        for start in range(0, len(ordered), _BATCH):
            batch = ordered[start : start + _BATCH]
            places = ", ".join(["(%s, %s, %s)"] * len(batch))
            rows = await self._pool.run_query(
                "with gone as (select resource_id, kind from routes"
                f" where (resource_id, kind, pod_id) in (values {places}) and deleted_at is null"
                " order by resource_id, kind for update)"
                " update routes set deleted_at = %s from gone"
                " where routes.resource_id = gone.resource_id and routes.kind = gone.kind"
                " returning routes.kind",
                [*(value for row in batch for value in row), as_utc(at)],
            )
            ended += len(rows)
        return ended

    async def prune_tombstones(self, pod_id: str, before: datetime, limit: int) -> int:
        rows = await self._pool.run_query(
            "with old as (select resource_id, kind from routes"
            " where pod_id = %s and deleted_at < %s order by deleted_at limit %s for update skip locked)"
            " delete from routes using old"
            " where routes.resource_id = old.resource_id and routes.kind = old.kind returning routes.kind",
            (pod_id, as_utc(before), limit),
        )
        return len(rows)

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
        pods = [pod_id for pod_id in pod_ids if storable(pod_id)]
        if not pods or not storable(project_id, place[1]):
            return []
        made = as_utc(place[0])
        assert made is not None
        parts = [_before(project_id is not None, "is null", made, ids_descending)]
        if ended:
            parts.append(_before(project_id is not None, "is not null", made, ids_descending))
        rows = await self._pool.run_query(
            " union all ".join(parts),
            {"kind": kind.value, "project": project_id, "pods": pods, "made": made, "id": place[1]},
            read_only=True,
            patience=_PATIENCE,
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


def _before(of_project: bool, ended: str, made: datetime, ids_descending: bool) -> str:
    """
    The question of :meth:`IRouteStore.routes_before` for live routes or tombstones: an index tells the age of the nearest one,
    and then, of those of that age, the last.
    """
    comes_first, last = (
        ("resource_id > %(id)s", "asc") if ids_descending else ("resource_id < %(id)s", "desc")
    )
    of_pod = f"kind = %(kind)s and pod_id = pod.id and deleted_at {ended}"
    if of_project:
        of_pod = f"project_id = %(project)s and {of_pod}"
    newer = (
        f"select created_at from routes where {of_pod} and created_at >= %(made)s + interval '1 second'"
        " order by created_at nulls first, resource_id limit 1"
    )
    beside = (
        f"select created_at from routes where {of_pod} and created_at = %(made)s and {comes_first} limit 1"
    )
    age = f"({newer})" if made.microsecond else f"coalesce(({beside}), ({newer}))"
    return (
        f"select found.* from unnest(%(pods)s::text[]) as pod (id) cross join lateral (select {age} as made) as age"
        f" cross join lateral (select {ROUTE_COLUMNS} from routes where {of_pod} and created_at = age.made"
        f" and (created_at > %(made)s or {comes_first}) order by resource_id {last} limit 1) as found"
    )
