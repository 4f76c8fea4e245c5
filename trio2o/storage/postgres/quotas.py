"""
Projects' limits in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from sys import intern

from attrs import define
from zope.interface import implementer

from trio2o.errors import Missing
from trio2o.interfaces import IQuotaLimitStore
from trio2o.model import QuotaOwner, QuotaScope
from trio2o.quota.resources import of_type
from trio2o.storage.connection import Row
from trio2o.storage.pool import Pool, Transaction
from trio2o.storage.postgres.rows import LOCK_CHANGES, storable

#: How many limits are read at a time, so that reading very many never holds the reactor up.
_PAGE = 5000

_INSERT = (
    "insert into quota_limits (service, scope, scope_id, user_id, resource, hard_limit)"
    " select %(service)s, %(scope)s, %(scope_id)s, %(user)s, given.resource, given.hard_limit"
    " from unnest(%(names)s::text[], %(limits)s::int[]) as given (resource, hard_limit)"
    " on conflict (id, resource)"
)
_ADD = f"{_INSERT} do nothing returning 1"
_SET = (
    f"{_INSERT} do update set hard_limit = excluded.hard_limit"
    " where quota_limits.hard_limit <> excluded.hard_limit returning 1"
)
#: What an earlier type of the new name has left, of whom has limits of the old one.
_DISPLACED = (
    "delete from quota_limits later using quota_limits earlier,"
    " unnest(%(old)s::text[], %(new)s::text[]) as name (old, new)"
    " where earlier.id = later.id and earlier.service = 'volume'"
    " and earlier.resource = name.old and later.resource = name.new returning 1"
)
_RENAMED = (
    "update quota_limits set resource = name.new from unnest(%(old)s::text[], %(new)s::text[]) as name (old, new)"
    " where service = 'volume' and resource = name.old returning 1"
)
_LAST = "select last from change_counter"


@implementer(IQuotaLimitStore)
@define(eq=False)
class PostgresQuotaLimits:
    """
    Limits as rows, one for each resource.
    """

    _pool: Pool

    async def all_limits(self) -> Mapping[QuotaOwner, Mapping[str, int]]:
        found: dict[QuotaOwner, dict[str, int]] = {}
        last = ("", "")
        while True:
            rows = await self._pool.run_query(
                "select id, resource, hard_limit from quota_limits where (id, resource) > (%s, %s)"
                " order by id, resource limit %s",
                (*last, _PAGE),
                read_only=True,
            )
            _gather(rows, found)
            if len(rows) < _PAGE:
                return found
            last = rows[-1][:2]

    async def limits_of(self, owners: Collection[QuotaOwner]) -> Mapping[QuotaOwner, Mapping[str, int]]:
        ids = [owner.row_id for owner in owners]
        rows = await self._pool.run_query(
            "select id, resource, hard_limit from quota_limits where id = any(%s) order by id, resource",
            ([each for each in ids if storable(each)],),
            read_only=True,
        )
        found: dict[QuotaOwner, dict[str, int]] = {}
        _gather(rows, found)
        return found

    async def set_limits(self, owner: QuotaOwner, limits: Mapping[str, int]) -> int:
        return await self._put(owner, limits, _SET)

    async def add_limits(self, owner: QuotaOwner, limits: Mapping[str, int]) -> int:
        return await self._put(owner, limits, _ADD)

    async def replace_limits(self, owner: QuotaOwner, limits: Mapping[str, int]) -> int:
        return await self._put(owner, limits, _SET, alone=True)

    async def delete_limits(self, owner: QuotaOwner) -> int:
        _check(owner, ())

        async def delete(transaction: Transaction) -> int:
            await transaction.query(LOCK_CHANGES)
            if owner.scope is QuotaScope.PROJECT:
                await transaction.query(
                    "delete from quota_limits where scope_id = %s and service = %s"
                    " and scope in ('project', 'user') returning 1",
                    (owner.scope_id, owner.service),
                )
            else:
                await transaction.query("delete from quota_limits where id = %s returning 1", (owner.row_id,))
            return await _last(transaction)

        return await self._pool.run_interaction(delete)

    async def _put(
        self, owner: QuotaOwner, limits: Mapping[str, int], statement: str, *, alone: bool = False
    ) -> int:
        _check(owner, limits)
        values = {
            "service": owner.service,
            "scope": owner.scope.value,
            "scope_id": owner.scope_id,
            "user": owner.user_id,
            "names": list(limits),
            "limits": list(limits.values()),
        }

        async def put(transaction: Transaction) -> int:
            await transaction.query(LOCK_CHANGES)
            if alone:
                await transaction.query(
                    "delete from quota_limits where id = %s and resource <> all(%s) returning 1",
                    (owner.row_id, list(limits)),
                )
            await transaction.query(statement, values)
            return await _last(transaction)

        return await self._pool.run_interaction(put)


async def rename_type(transaction: Transaction, old: str, new: str) -> None:
    """
    Call the limits of a volume type by its new name; whoever writes holds the change log.
    """
    names = {"old": list(of_type(old)), "new": list(of_type(new))}
    await transaction.query(_DISPLACED, names)
    await transaction.query(_RENAMED, names)


async def _last(transaction: Transaction) -> int:
    ((last,),) = await transaction.query(_LAST)
    return int(last)


def _check(owner: QuotaOwner, names: Iterable[str]) -> None:
    """
    Refuse what no row can hold.

    :raises Missing: then.
    """
    texts = (owner.scope_id, owner.user_id)
    if not storable(*texts, *names) or any("\n" in text for text in texts):
        raise Missing(owner.scope_id)


def _gather(rows: Iterable[Row], into: dict[QuotaOwner, dict[str, int]]) -> None:
    owner, before = None, ""
    for row_id, resource, limit in rows:
        if owner is None or row_id != before:
            owner, before = QuotaOwner.called(row_id), row_id
        into.setdefault(owner, {})[intern(resource)] = limit
