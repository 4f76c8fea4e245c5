"""
What pods are to have the same, in PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from attrs import define, evolve
from zope.interface import implementer

from trio2o.errors import AlreadyExists
from trio2o.interfaces import ISharedStore
from trio2o.model.shared import (
    CopyState,
    Difference,
    Drift,
    OpenWrite,
    SharedCopy,
    SharedKey,
    SharedResource,
    SharedState,
)
from trio2o.storage.connection import Row
from trio2o.storage.pool import Pool, Transaction
from trio2o.storage.postgres.quota_renames import rename_counts
from trio2o.storage.postgres.quotas import rename_type
from trio2o.storage.postgres.rows import LOCK_CHANGES
from trio2o.storage.rules import shared_row
from trio2o.surface.mapped_ids import VOLUME_TYPE

_RESOURCE = "r.kind, r.owner, r.name, r.top_id, r.document, r.version, r.deleted"
#: How a pod stands, where nothing is written of it too.
_STATE = "case when coalesce(c.version, 0) < r.version then 'behind' else c.state end"
_JOINED = (
    f"select {_RESOURCE}, p.id, coalesce(c.pod_ref, ''), {_STATE}, coalesce(c.version, 0), coalesce(c.error, ''), c.seen_at"
    " from shared_resources r left join pods p on p.az_name <> ''"
    " left join shared_copies c on c.resource_id = r.id and c.pod_id = p.id"
)
_ORDER = " order by not r.deleted, r.kind, r.owner, r.name, r.id, p.serial"
_THING = "kind = %(kind)s and owner = %(owner)s and name = %(name)s"

#: When a write began that has ended, and stays because of what it met.
_ENDED = "to_timestamp(0)"

_NOTE = (
    "insert into shared_copies (resource_id, pod_id, pod_ref, state, version, error, seen_at)"
    " select %(id)s, %(pod)s, %(ref)s, %(state)s, %(version)s, %(error)s, clock_timestamp()"
    " where exists (select 1 from pods where id = %(pod)s)"
    " on conflict (resource_id, pod_id) do update set pod_ref = excluded.pod_ref, state = excluded.state,"
    " version = excluded.version, error = excluded.error, seen_at = excluded.seen_at"
)
# A thing that was deleted and made again while a pod was away may be known there by its old id: it is the new one's now.
_TAKE_OVER = (
    "update shared_copies c set pod_ref = '', state = 'current', version = r.version, error = ''"
    " from shared_resources r where r.id = c.resource_id and r.deleted and r.kind = %(kind)s and r.id <> %(id)s"
    " and c.pod_id = %(pod)s and c.pod_ref = %(ref)s and %(ref)s <> ''"
)


@implementer(ISharedStore)
@define(eq=False)
class PostgresShared:
    """
    Desired states, copies, writes and differences as rows.
    """

    _pool: Pool

    async def begin_write(self, key: SharedKey, judge_id: str, *, deletes: bool = False) -> int:
        values = {**_named(key), "judge": judge_id, "deletes": deletes, "lock": str(key)}

        async def begin(transaction: Transaction) -> int:
            # two that begin at once would not see each other
            await transaction.query("select pg_advisory_xact_lock(hashtextextended(%(lock)s, 8))", values)
            rows = await transaction.query(
                f"update shared_writes set overlapped = true where {_THING} returning 1", values
            )
            ((number,),) = await transaction.query(
                "insert into shared_writes (kind, owner, name, judge_id, deletes, began_at, overlapped)"
                " values (%(kind)s, %(owner)s, %(name)s, %(judge)s, %(deletes)s, clock_timestamp(), %(other)s) returning number",
                {**values, "other": bool(rows)},
            )
            return int(number)

        return await self._pool.run_interaction(begin)

    async def end_write(self, write_id: int, *, sure: bool = True) -> bool:
        rows = await self._pool.run_query(
            "delete from shared_writes where number = %s and %s and not overlapped returning 1",
            (write_id, sure),
        )
        if not rows:
            await self._pool.run_query(
                f"update shared_writes set began_at = {_ENDED} where number = %s returning 1", (write_id,)
            )
        return bool(rows)

    async def forget_writes(self, write_ids: Collection[int]) -> None:
        if write_ids:
            await self._pool.run_query(
                "delete from shared_writes where number = any(%s) returning 1", (list(write_ids),)
            )

    async def open_writes(self, key: SharedKey) -> Sequence[OpenWrite]:
        rows = await self._pool.run_query(
            "select number, judge_id, extract(epoch from clock_timestamp() - began_at)::float8, deletes,"
            f" began_at = {_ENDED} from shared_writes where {_THING} order by number",
            _named(key),
            read_only=True,
        )
        return [
            OpenWrite(number=number, judge_id=judge, age=age, deletes=deletes, ended=ended)
            for number, judge, age, deletes, ended in rows
        ]

    async def find(self, key: SharedKey, top_id: str = "") -> Sequence[SharedState]:
        named = f"select id from shared_resources where {_THING}"
        return await self._states(
            # each part by its own index: there may be as many key pairs as users
            f"where r.id in ({named} and deleted union all {named} and not deleted union all select %(id)s)",
            {**_named(key), "id": shared_row(key.kind, top_id)},
        )

    async def settle(
        self, resource: SharedResource, copies: Collection[SharedCopy], *, expected: int
    ) -> SharedResource | None:
        row_id = shared_row(resource.key.kind, resource.top_id)

        async def write(transaction: Transaction) -> SharedResource | None:
            await transaction.query(LOCK_CHANGES)
            rows = await transaction.query(
                f"select {_RESOURCE} from shared_resources r where r.id = %s for update", (row_id,)
            )
            known = _resource_of(rows[0]) if rows else None
            version = known.version if known is not None else 0
            if version != expected:
                return None
            same = known is not None and evolve(resource, version=version) == known
            written = evolve(resource, version=version if same else version + 1)
            values = {
                **_named(resource.key),
                "id": row_id,
                "top": resource.top_id,
                "document": json.dumps(dict(resource.document)),
                "version": written.version,
                "deleted": resource.deleted,
                "same": same,
            }
            await transaction.query(
                "insert into shared_resources"
                " (id, kind, top_id, owner, name, document, version, deleted, changed_at, noted_at)"
                " values (%(id)s, %(kind)s, %(top)s, %(owner)s, %(name)s, %(document)s::jsonb, %(version)s, %(deleted)s,"
                " clock_timestamp(), clock_timestamp())"
                " on conflict (id) do update set owner = excluded.owner, name = excluded.name,"
                " document = excluded.document, version = excluded.version, deleted = excluded.deleted,"
                " noted_at = excluded.noted_at,"
                " changed_at = case when %(same)s then shared_resources.changed_at else excluded.changed_at end",
                values,
            )
            if known is not None and resource.key.kind == VOLUME_TYPE and resource.key != known.key:
                await rename_type(transaction, known.key.name, resource.key.name)
                await rename_counts(transaction, known.key.name, resource.key.name)
            await _note(transaction, resource.key.kind, row_id, written.version, copies)
            return written

        try:
            return await self._pool.run_interaction(write)
        except AlreadyExists:
            return None

    async def note_copies(
        self, key: SharedKey, top_id: str, version: int, copies: Collection[SharedCopy]
    ) -> bool:
        row_id = shared_row(key.kind, top_id)

        async def note(transaction: Transaction) -> bool:
            await transaction.query(LOCK_CHANGES)
            rows = await transaction.query(
                "update shared_resources set noted_at = clock_timestamp() where id = %s and version = %s returning 1",
                (row_id, version),
            )
            if rows:
                await _note(transaction, key.kind, row_id, version, copies)
            return bool(rows)

        return await self._pool.run_interaction(note)

    async def lacking(
        self, pod_id: str, limit: int, after: SharedResource | None = None
    ) -> Sequence[SharedState]:
        behind = after is not None
        values: dict[str, Any] = {
            "pod": pod_id,
            "limit": limit,
            "kind": "",
            "owner": "",
            "name": "",
            "id": "",
        }
        if after is not None:
            values |= {**_named(after.key), "id": shared_row(after.key.kind, after.top_id)}
        rows = await self._pool.run_query(
            "select r.id from shared_resources r left join shared_copies c on c.resource_id = r.id and c.pod_id = %(pod)s"
            " where (c.pod_id is not null or not r.deleted)"
            " and (c.version is null or c.version < r.version or c.state <> 'current')"
            " and (not %(behind)s or (r.owner <> '', not r.deleted, r.kind, r.owner, r.name, r.id)"
            " > (%(owner)s::text <> '', %(alive)s, %(kind)s, %(owner)s, %(name)s, %(id)s))"
            " order by r.owner <> '', not r.deleted, r.kind, r.owner, r.name, r.id limit %(limit)s",
            {**values, "behind": behind, "alive": after is not None and not after.deleted},
            read_only=True,
        )
        states = await self.cached_rows([row[0] for row in rows])
        by_row = {shared_row(each.resource.key.kind, each.resource.top_id): each for each in states}
        # what is no more, or not lacking any more, by now is left out
        found = [by_row[row[0]] for row in rows if row[0] in by_row]
        return [each for each in found if pod_id in each.copies]

    async def everything(self, kind: str) -> Sequence[SharedState]:
        return await self._states("where r.kind = %(kind)s", {"kind": kind})

    async def cached(self, kinds: Collection[str]) -> Sequence[SharedState]:
        return await self._states(
            "where r.kind = any(%(kinds)s) or (p.id is not null and (c.pod_id is not null or not r.deleted)"
            f" and {_STATE} = 'behind')",
            {"kinds": list(kinds)},
        )

    async def cached_rows(self, row_ids: Collection[str]) -> Sequence[SharedState]:
        return await self._states("where r.id = any(%(ids)s)", {"ids": list(row_ids)}) if row_ids else ()

    async def prune(self, seconds: float) -> int:
        async def forget(transaction: Transaction) -> int:
            await transaction.query(LOCK_CHANGES)
            rows = await transaction.query(
                "delete from shared_resources r where r.deleted"
                " and r.changed_at < clock_timestamp() - make_interval(secs => %s)"
                " and not exists (select 1 from shared_copies c where c.resource_id = r.id"
                " and (c.version < r.version or c.state <> 'current')) returning 1",
                (seconds,),
            )
            return len(rows)

        return await self._pool.run_interaction(forget)

    async def report(self, kind: str, drifts: Collection[Drift], *, unseen: Collection[str] = ()) -> None:
        async def replace(transaction: Transaction) -> None:
            await transaction.query(
                "delete from shared_drift where kind = %s and pod_id <> all(%s)", (kind, list(unseen))
            )
            for drift in drifts:
                await transaction.query(
                    "insert into shared_drift (kind, owner, name, pod_id, difference, detail, seen_at)"
                    " select %(kind)s, %(owner)s, %(name)s, %(pod)s, %(difference)s, %(detail)s, clock_timestamp()"
                    " where exists (select 1 from pods where id = %(pod)s) on conflict do nothing",
                    {
                        **_named(drift.key),
                        "pod": drift.pod_id,
                        "difference": drift.difference.value,
                        "detail": drift.detail,
                    },
                )

        await self._pool.run_interaction(replace)

    async def drifts(self) -> Sequence[Drift]:
        rows = await self._pool.run_query(
            "select d.kind, d.owner, d.name, d.pod_id, d.difference, d.detail, d.seen_at from shared_drift d"
            " join pods p on p.id = d.pod_id order by d.kind, d.owner, d.name, p.serial",
            read_only=True,
        )
        return [
            Drift(
                key=SharedKey(kind, name, owner),
                pod_id=pod_id,
                difference=Difference(difference),
                detail=detail,
                seen_at=seen_at,
            )
            for kind, owner, name, pod_id, difference, detail, seen_at in rows
        ]

    async def _states(self, where: str, values: Mapping[str, Any]) -> Sequence[SharedState]:
        """
        Resources with the copies that are left by a condition, in the order of :data:`_ORDER`.
        """
        rows = await self._pool.run_query(f"{_JOINED} {where}{_ORDER}", values, read_only=True)
        found: dict[tuple[str, str], tuple[SharedResource, dict[str, SharedCopy]]] = {}
        for row in rows:
            resource = _resource_of(row)
            place = (resource.key.kind, resource.top_id)
            _, copies = found.setdefault(place, (resource, {}))
            pod_id, ref, how, version, error, seen_at = row[7:]
            if pod_id is None or (resource.deleted and seen_at is None):
                continue
            copies[pod_id] = SharedCopy(
                pod_id=pod_id,
                pod_ref=ref,
                state=CopyState(how),
                version=version,
                error=error,
                seen_at=seen_at,
            )
        return [SharedState(resource=resource, copies=copies) for resource, copies in found.values()]


async def _note(
    transaction: Transaction, kind: str, row_id: str, version: int, copies: Collection[SharedCopy]
) -> None:
    for copy in copies:
        values = {
            "id": row_id,
            "kind": kind,
            "pod": copy.pod_id,
            "ref": copy.pod_ref,
            "state": copy.state.value,
            "version": copy.version or version,
            "error": copy.error,
        }
        await transaction.query(_NOTE, values)
        await transaction.query(_TAKE_OVER, values)


def _named(key: SharedKey) -> dict[str, str]:
    return {"kind": key.kind, "owner": key.owner, "name": key.name}


def _resource_of(row: Row) -> SharedResource:
    kind, owner, name, top_id, document, version, deleted = row[:7]
    return SharedResource(
        key=SharedKey(kind, name, owner), top_id=top_id, document=document, version=version, deleted=deleted
    )
