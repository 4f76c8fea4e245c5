"""
Projects' limits and use in memory; see :mod:`trio2o.storage.memory`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import define, field
from zope.interface import implementer

from trio2o.errors import Missing
from trio2o.interfaces import IQuotaLimitStore, IQuotaUsage
from trio2o.model import QuotaOwner, QuotaScope, QuotaUse
from trio2o.quota.resources import of_type
from trio2o.storage.memory_database import MemoryDatabase


@implementer(IQuotaLimitStore)
@define(eq=False)
class MemoryQuotaLimits:
    """
    Limits in a dictionary.
    """

    _database: MemoryDatabase

    async def all_limits(self) -> Mapping[QuotaOwner, Mapping[str, int]]:
        self._database.check()
        return {owner: dict(limits) for owner, limits in self._database.quota_limits.items()}

    async def limits_of(self, owners: Collection[QuotaOwner]) -> Mapping[QuotaOwner, Mapping[str, int]]:
        self._database.check()
        return {
            owner: dict(self._database.quota_limits[owner])
            for owner in owners
            if owner in self._database.quota_limits
        }

    async def set_limits(self, owner: QuotaOwner, limits: Mapping[str, int]) -> int:
        self._database.check()
        return self._put(owner, {**self._database.quota_limits.get(owner, {}), **limits})

    async def add_limits(self, owner: QuotaOwner, limits: Mapping[str, int]) -> int:
        self._database.check()
        return self._put(owner, {**limits, **self._database.quota_limits.get(owner, {})})

    async def replace_limits(self, owner: QuotaOwner, limits: Mapping[str, int]) -> int:
        self._database.check()
        return self._put(owner, dict(limits))

    async def delete_limits(self, owner: QuotaOwner) -> int:
        self._database.check()
        _refuse(owner)
        gone = [each for each in self._database.quota_limits if each == owner or _is_users_of(each, owner)]
        for each in gone:
            self._put(each, {})
        return self._database.last

    def _put(self, owner: QuotaOwner, limits: dict[str, int]) -> int:
        _refuse(owner)
        before = self._database.quota_limits.get(owner, {})
        if limits != before:
            self._database.quota_limits[owner] = limits
            if not limits:
                del self._database.quota_limits[owner]
            self._database.note("quota_limits", owner.row_id)
        return self._database.last


def rename_type(database: MemoryDatabase, old: str, new: str) -> None:
    """
    Call the limits of a volume type by its new name.
    """
    names = dict(zip(of_type(old), of_type(new), strict=True))
    for owner, limits in database.quota_limits.items():
        moved = {new_name: limits[name] for name, new_name in names.items() if name in limits}
        if owner.service == "volume" and moved:
            kept = {name: limit for name, limit in limits.items() if name not in names}
            database.quota_limits[owner] = {**kept, **moved}
            database.note("quota_limits", owner.row_id)


def _refuse(owner: QuotaOwner) -> None:
    """
    What no row can hold.

    :raises Missing: then.
    """
    if any(sign in text for sign in "\n\0" for text in (owner.scope_id, owner.user_id)):
        raise Missing(owner.scope_id)


def _is_users_of(each: QuotaOwner, owner: QuotaOwner) -> bool:
    return (
        owner.scope is QuotaScope.PROJECT
        and each.scope is QuotaScope.USER
        and (each.service, each.scope_id) == (owner.service, owner.scope_id)
    )


@implementer(IQuotaUsage)
@define(eq=False)
class MemoryQuotaUsage:
    """
    What tests say that projects have.
    """

    _database: MemoryDatabase
    #: By service, project and user, empty for the project as a whole.
    uses: dict[tuple[str, str, str], Mapping[str, QuotaUse]] = field(factory=dict, init=False)

    async def used(self, service: str, project_id: str, user_id: str = "") -> Mapping[str, QuotaUse]:
        self._database.check()
        return self.uses.get((service, project_id, user_id), {})
