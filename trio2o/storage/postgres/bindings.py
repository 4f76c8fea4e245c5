"""
Bindings and their history in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from attrs import define
from zope.interface import implementer

from trio2o.errors import AlreadyExists, Missing
from trio2o.interfaces import IBindingStore
from trio2o.model import Binding
from trio2o.storage.pool import Pool, Transaction
from trio2o.storage.postgres.rows import (
    BATCH,
    BINDING_COLUMNS,
    END_BINDINGS,
    LOCK_CHANGES,
    POD_COLUMNS,
    as_utc,
    binding_of,
    pod_of,
    storable,
)
from trio2o.storage.rules import MOVED_BY_OPERATOR, stands

_ACTIVE = (
    f"select {BINDING_COLUMNS} from bindings"
    " where tenant_id = %s and az_name = %s and pod_group = %s and is_binding"
)

_NEWEST = (
    f"select {BINDING_COLUMNS} from bindings where tenant_id = %s and is_binding order by serial desc limit 1"
)


@implementer(IBindingStore)
@define(eq=False)
class PostgresBindings:
    """
    The bindings as rows; those of one project, zone and group succeed each other under the lock of the
    change log.
    """

    _pool: Pool

    async def bind(
        self,
        tenant_id: str,
        pod_id: str,
        *,
        az_name: str,
        pod_group: str,
        reason: str,
        replaces: str | None,
        first: bool = False,
    ) -> Binding:
        place = (tenant_id, az_name, pod_group)

        async def bind(transaction: Transaction) -> Binding:
            await transaction.query(LOCK_CHANGES)
            await _require_pod(transaction, pod_id)
            rows = await transaction.query(_ACTIVE, place)
            if rows:
                active = binding_of(rows[0])
                if stands(active, pod_id, replaces):
                    return active
                await _end(transaction, active.id, reason)
            elif first:
                others = await transaction.query(_NEWEST, (tenant_id,))
                if others:
                    return binding_of(others[0])
            return await _insert(transaction, tenant_id, pod_id, az_name, pod_group, reason)

        # Most calls change nothing, and those need no lock.
        rows = await self._pool.run_query(_ACTIVE, place, read_only=True)
        if rows and stands(binding_of(rows[0]), pod_id, replaces):
            return binding_of(rows[0])
        return await self._pool.run_interaction(bind)

    async def create_binding(self, tenant_id: str, pod_id: str) -> Binding:
        async def create(transaction: Transaction) -> Binding:
            await transaction.query(LOCK_CHANGES)
            await _require_pod(transaction, pod_id)
            rows = await transaction.query(f"select {POD_COLUMNS} from pods where id = %s", (pod_id,))
            pod = pod_of(rows[0])
            rows = await transaction.query(_ACTIVE, (tenant_id, pod.az_name, pod.group))
            if rows:
                active = binding_of(rows[0])
                if active.pod_id == pod_id:
                    raise AlreadyExists("the project is bound to this pod")
                await _end(transaction, active.id, MOVED_BY_OPERATOR)
            return await _insert(transaction, tenant_id, pod_id, pod.az_name, pod.group, "admin")

        return await self._pool.run_interaction(create)

    async def end_binding(self, binding_id: str, reason: str) -> Binding:
        async def end(transaction: Transaction) -> Binding:
            await transaction.query(LOCK_CHANGES)
            known = await _known(transaction, binding_id)
            return await _end(transaction, binding_id, reason) if known.is_binding else known

        return await self._pool.run_interaction(end)

    async def end_bindings(self, pod_id: str, reason: str) -> int:
        async def end(transaction: Transaction) -> int:
            await transaction.query(LOCK_CHANGES)
            return len(await transaction.query(END_BINDINGS, (reason, pod_id, BATCH)))

        if not storable(pod_id):
            return 0
        ended = 0
        while True:
            found = await self._pool.run_interaction(end)
            ended += found
            if found < BATCH:
                return ended

    async def get_binding(self, binding_id: str) -> Binding:
        found = await self.get_bindings([binding_id])
        if not found:
            raise Missing(binding_id)
        return found[0]

    async def get_bindings(self, binding_ids: Collection[str]) -> Sequence[Binding]:
        wanted = [binding_id for binding_id in binding_ids if storable(binding_id)]
        if not wanted:
            return []
        rows = await self._pool.run_query(
            f"select {BINDING_COLUMNS} from bindings where id = any(%s)", (wanted,), read_only=True
        )
        return [binding_of(row) for row in rows]

    async def find_bindings(
        self,
        *,
        tenant_id: str | None = None,
        pod_id: str | None = None,
        active: bool | None = None,
        at: datetime | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Sequence[Binding]:
        conditions: list[str] = []
        values: list[Any] = []
        if marker is not None:
            conditions.append("serial < %s")
            values.append(await self._serial(marker))
        if not storable(tenant_id, pod_id):
            return []
        if tenant_id is not None:
            conditions.append("tenant_id = %s")
            values.append(tenant_id)
        if pod_id is not None:
            conditions.append("pod_id = %s")
            values.append(pod_id)
        if active is not None:
            conditions.append("is_binding" if active else "not is_binding")
        if at is not None:
            conditions.append("tstzrange(created_at, ended_at) @> %s::timestamptz")
            values.append(as_utc(at))
        where = f" where {' and '.join(conditions)}" if conditions else ""
        most = " limit %s" if limit is not None else ""
        if limit is not None:
            values.append(limit)
        rows = await self._pool.run_query(
            f"select {BINDING_COLUMNS} from bindings{where} order by serial desc{most}",
            values,
            read_only=True,
        )
        return [binding_of(row) for row in rows]

    async def _serial(self, marker: str) -> int:
        rows = []
        if storable(marker):
            rows = await self._pool.run_query(
                "select serial from bindings where id = %s", (marker,), read_only=True
            )
        if not rows:
            raise Missing(marker)
        return int(rows[0][0])


async def _require_pod(transaction: Transaction, pod_id: str) -> None:
    if not storable(pod_id) or not await transaction.query("select 1 from pods where id = %s", (pod_id,)):
        raise Missing(pod_id)


async def _known(transaction: Transaction, binding_id: str) -> Binding:
    rows = []
    if storable(binding_id):
        rows = await transaction.query(f"select {BINDING_COLUMNS} from bindings where id = %s", (binding_id,))
    if not rows:
        raise Missing(binding_id)
    return binding_of(rows[0])


async def _end(transaction: Transaction, binding_id: str, reason: str) -> Binding:
    rows = await transaction.query(
        "update bindings set is_binding = false, reason = %s, updated_at = clock_timestamp(),"
        " ended_at = greatest(clock_timestamp(), created_at)"
        f" where id = %s returning {BINDING_COLUMNS}",
        (reason, binding_id),
    )
    return binding_of(rows[0])


async def _insert(
    transaction: Transaction, tenant_id: str, pod_id: str, az_name: str, pod_group: str, reason: str
) -> Binding:
    rows = await transaction.query(
        "insert into bindings (id, tenant_id, pod_id, az_name, pod_group, is_binding, created_at, reason)"
        f" values (%s, %s, %s, %s, %s, true, clock_timestamp(), %s) returning {BINDING_COLUMNS}",
        (str(uuid4()), tenant_id, pod_id, az_name, pod_group, reason),
    )
    return binding_of(rows[0])
