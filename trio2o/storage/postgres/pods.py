"""
Pods in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import define
from zope.interface import implementer

from trio2o.errors import AlreadyExists, InUse, Missing
from trio2o.interfaces import IPodStore
from trio2o.model import Kind, Pod, PodState, PodUses
from trio2o.storage.pool import Pool, Transaction
from trio2o.storage.postgres.rows import (
    BATCH,
    END_BINDINGS,
    LOCK_CHANGES,
    POD_COLUMNS,
    as_utc,
    pod_of,
    pod_values,
    storable,
)
from trio2o.storage.rules import COUNTED, POD_DELETED, changed, declare, in_use

#: Live routes and tombstones have an index each; a condition that names neither would read the whole table.
_PARTS = ("deleted_at is null", "deleted_at is not null")

#: A row for each kind of route, and one without a kind for the bindings.
_USES = (
    "select kinds.kind,"
    " (select count(*) from (select 1 from routes where pod_id = %(pod)s and kind = kinds.kind"
    " and deleted_at is null limit %(most)s) as counted),"
    " (select count(*) from (select 1 from routes where pod_id = %(pod)s and kind = kinds.kind"
    " and deleted_at is null and created_at >= %(since)s limit %(most)s) as made)"
    " from unnest(%(kinds)s::text[]) as kinds (kind)"
    " union all select '', (select count(*) from (select 1 from bindings where pod_id = %(pod)s"
    " and is_binding limit %(most)s) as counted), 0"
)

_CLASHES = {
    "pods_name_key": "a pod of this name exists",
    "pods_one_top_region": "there is a top region already",
    "pods_pkey": "a pod of this id exists",
}


@implementer(IPodStore)
@define(eq=False)
class PostgresPods:
    """
    The pods as rows.
    """

    _pool: Pool

    async def list_pods(self) -> Sequence[Pod]:
        rows = await self._pool.run_query(f"select {POD_COLUMNS} from pods order by serial", read_only=True)
        return [pod_of(row) for row in rows]

    async def get_pod(self, pod_id: str) -> Pod:
        if not storable(pod_id):
            raise Missing(pod_id)
        rows = await self._pool.run_query(
            f"select {POD_COLUMNS} from pods where id = %s", (pod_id,), read_only=True
        )
        if not rows:
            raise Missing(pod_id)
        return pod_of(rows[0])

    async def create_pod(self, pod: Pod) -> Pod:
        async def create(transaction: Transaction) -> Pod:
            await transaction.query(LOCK_CHANGES)
            return await _insert(transaction, pod, None)

        try:
            return await self._pool.run_interaction(create)
        except AlreadyExists as error:
            raise _clash(error) from error

    async def update_pod(self, pod_id: str, changes: Mapping[str, Any]) -> Pod:
        async def update(transaction: Transaction) -> Pod:
            await transaction.query(LOCK_CHANGES)
            known = await _known(transaction, pod_id)
            wanted = changed(known, changes)
            return known if wanted == known else await _update(transaction, wanted)

        try:
            return await self._pool.run_interaction(update)
        except AlreadyExists as error:
            raise _clash(error) from error

    async def count_uses(self, pod_id: str, since: datetime | None) -> PodUses:
        if not storable(pod_id):
            return PodUses(counted_to=COUNTED, bindings=0, routes={}, made_since=0)
        kinds = [kind.value for kind in Kind]
        asked = {"pod": pod_id, "kinds": kinds, "since": as_utc(since), "most": COUNTED}
        rows = await self._pool.run_query(_USES, asked, read_only=True)
        counted = {kind: number for kind, number, _ in rows}
        return PodUses(
            counted_to=COUNTED,
            bindings=counted.pop(""),
            routes={Kind(kind): number for kind, number in counted.items() if number},
            made_since=min(COUNTED, sum(made for _, _, made in rows)),
        )

    async def delete_pod(self, pod_id: str, *, force: bool = False) -> Pod:
        async def delete(transaction: Transaction) -> Pod:
            await transaction.query(LOCK_CHANGES)
            known = await _known(transaction, pod_id)
            used = await _used(transaction, pod_id)
            if used and not force:
                raise InUse(used)
            await transaction.query(END_BINDINGS, (POD_DELETED, pod_id, None))
            await _remove(transaction, pod_id)
            return known

        if force:
            await self._thin_out((await self.get_pod(pod_id)).id)
        return await self._pool.run_interaction(delete)

    async def declare_pods(self, pods: Sequence[Pod]) -> Sequence[Pod]:
        async def make(transaction: Transaction) -> Sequence[Pod]:
            await transaction.query(LOCK_CHANGES)
            rows = await transaction.query(f"select {POD_COLUMNS}, declared_state from pods order by serial")
            stored = [pod_of(row[:-1]) for row in rows]
            names = {pod.name for pod in pods}
            gone = [pod.id for pod in stored if pod.declared and pod.name not in names]
            plan = declare(
                stored,
                pods,
                declared_states={row[0]: PodState(row[-1]) for row in rows if row[-1]},
                used={pod_id for pod_id in gone if await _used(transaction, pod_id)},
            )
            states = {pod.name: pod.state for pod in pods}
            for pod in plan.removed:
                await _remove(transaction, pod.id)
            for pod in plan.given_up:
                await _update(transaction, pod, declared_state=None)
            for pod in plan.updated:
                await _update(transaction, pod, declared_state=states[pod.name].value)
            for pod in plan.created:
                await _insert(transaction, pod, states[pod.name].value)
            rows = await transaction.query(f"select {POD_COLUMNS} from pods order by serial")
            return [pod_of(row) for row in rows]

        try:
            return await self._pool.run_interaction(make)
        except AlreadyExists as error:
            raise _clash(error) from error

    async def _thin_out(self, pod_id: str) -> None:
        """
        End nearly all bindings and forget nearly all routes, some at a time: all at once could take too long for a
        statement, and hold up everybody else's bindings.
        """

        async def end(transaction: Transaction) -> int:
            await transaction.query(LOCK_CHANGES)
            return len(await transaction.query(END_BINDINGS, (POD_DELETED, pod_id, BATCH)))

        while await self._pool.run_interaction(end) == BATCH:
            pass
        for which in _PARTS:
            found = BATCH
            while found == BATCH:
                rows = await self._pool.run_query(
                    "with batch as"
                    f" (select resource_id, kind from routes where pod_id = %s and {which} limit %s)"
                    " delete from routes using batch where routes.resource_id = batch.resource_id"
                    " and routes.kind = batch.kind returning 1",
                    (pod_id, BATCH),
                )
                found = len(rows)


async def _known(transaction: Transaction, pod_id: str) -> Pod:
    if not storable(pod_id):
        raise Missing(pod_id)
    rows = await transaction.query(f"select {POD_COLUMNS} from pods where id = %s", (pod_id,))
    if not rows:
        raise Missing(pod_id)
    return pod_of(rows[0])


async def _insert(transaction: Transaction, pod: Pod, declared_state: str | None) -> Pod:
    values = {"id": pod.id, **pod_values(pod), "declared_state": declared_state}
    rows = await transaction.query(
        f"insert into pods ({', '.join(values)}, created_at) values ({', '.join(['%s'] * len(values))},"
        f" clock_timestamp()) returning {POD_COLUMNS}",
        tuple(values.values()),
    )
    return pod_of(rows[0])


async def _update(transaction: Transaction, pod: Pod, **further: Any) -> Pod:
    values = {**pod_values(pod), **further}
    rows = await transaction.query(
        f"update pods set {', '.join(f'{column} = %s' for column in values)}, updated_at = clock_timestamp(),"
        " state_changed_at = case when state = %s then state_changed_at else clock_timestamp() end"
        f" where id = %s returning {POD_COLUMNS}",
        (*values.values(), pod.state.value, pod.id),
    )
    return pod_of(rows[0])


async def _remove(transaction: Transaction, pod_id: str) -> None:
    for which in _PARTS:
        await transaction.query(f"delete from routes where pod_id = %s and {which}", (pod_id,))
    await transaction.query("delete from pods where id = %s", (pod_id,))


async def _used(transaction: Transaction, pod_id: str) -> str:
    """
    What names the pod, for people; empty when nothing does.
    """
    ((routes, bindings),) = await transaction.query(
        "select (select count(*) from (select 1 from routes where pod_id = %(pod)s and deleted_at is null"
        " limit %(most)s) as counted), (select count(*) from (select 1 from bindings where pod_id = %(pod)s"
        " and is_binding limit %(most)s) as counted)",
        {"pod": pod_id, "most": COUNTED},
    )
    return in_use(routes, bindings)


def _clash(error: AlreadyExists) -> AlreadyExists:
    return AlreadyExists(_CLASHES.get(str(error), str(error)))
