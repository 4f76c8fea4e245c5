"""
Limits of volume types whose names change.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import evolve, frozen
from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from tests.interface.database import migrated_database
from trio2o.interfaces import IChangeLog, IQuotaLimitStore, ISharedStore
from trio2o.model import QuotaOwner, QuotaScope
from trio2o.model.shared import SharedKey, SharedResource
from trio2o.storage.memory import MemoryChanges, MemoryDatabase
from trio2o.storage.memory_quotas import MemoryQuotaLimits
from trio2o.storage.memory_shared import MemoryShared
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import PostgresChanges
from trio2o.storage.postgres.quotas import PostgresQuotaLimits
from trio2o.storage.postgres.shared import PostgresShared

PROJECT = QuotaOwner(service="volume", scope=QuotaScope.PROJECT, scope_id="p")
CLASS = QuotaOwner(service="volume", scope=QuotaScope.CLASS, scope_id="default")
OTHER = evolve(PROJECT, scope_id="q")
FAST = SharedResource(key=SharedKey("volume_type", "fast"), top_id="t1", document={})


@frozen(kw_only=True)
class Stores:
    """
    One database's.
    """

    limits: IQuotaLimitStore
    shared: ISharedStore
    changes: IChangeLog


class TypeLimitSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def test_renamed(self) -> None:
        """
        A type's limits have its new name with it, everybody's, and the change log tells whose; what an earlier type of that name
        had left makes room.
        """
        stores = await self.stores()
        await stores.shared.settle(FAST, (), expected=0)
        await stores.limits.set_limits(PROJECT, {"volumes_fast": 3, "gigabytes_fast": 9, "volumes": 5})
        await stores.limits.set_limits(PROJECT, {"volumes_faster": 77, "snapshots_faster": 1})
        await stores.limits.set_limits(CLASS, {"snapshots_fast": 4})
        await stores.limits.set_limits(OTHER, {"volumes_faster": 7, "volumes_fast_too": 8})
        await stores.limits.set_limits(evolve(PROJECT, service="compute"), {"volumes_fast": 1})
        before = (await stores.changes.snapshot()).number

        again = await stores.shared.settle(evolve(FAST, key=a_type("faster")), (), expected=1)

        self.assertIsNotNone(again)
        self.assertEqual(
            {
                PROJECT: {"volumes_faster": 3, "gigabytes_faster": 9, "volumes": 5, "snapshots_faster": 1},
                CLASS: {"snapshots_faster": 4},
                OTHER: {"volumes_faster": 7, "volumes_fast_too": 8},
                evolve(PROJECT, service="compute"): {"volumes_fast": 1},
            },
            dict(await stores.limits.all_limits()),
        )
        found = await stores.changes.changes_since(before)
        told = {change.row_id for change in found or () if change.table == "quota_limits"}
        self.assertEqual({PROJECT.row_id, CLASS.row_id}, told)

    async def test_not_renamed(self) -> None:
        """
        What is stored of a type otherwise, or is lost against another writer, leaves its limits as they are; and so does a thing
        of another kind.
        """
        stores = await self.stores()
        await stores.shared.settle(FAST, (), expected=0)
        flavor = SharedResource(key=SharedKey("group_type", "fast"), top_id="g", document={})
        await stores.shared.settle(flavor, (), expected=0)
        await stores.limits.set_limits(PROJECT, {"volumes_fast": 3})
        await stores.shared.settle(evolve(FAST, document={"x": 1}), (), expected=1)
        await stores.shared.settle(evolve(FAST, key=a_type("slow")), (), expected=1)
        await stores.shared.settle(evolve(flavor, key=SharedKey("group_type", "slow")), (), expected=1)
        self.assertEqual({PROJECT: {"volumes_fast": 3}}, dict(await stores.limits.all_limits()))


def a_type(name: str) -> SharedKey:
    """
    The key of a type.
    """
    return SharedKey("volume_type", name)


class MemoryTypeLimitTests(TypeLimitSuite, TestCase):
    """
    In memory.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        database = MemoryDatabase(Clock())
        return Stores(
            limits=MemoryQuotaLimits(database),
            shared=MemoryShared(database),
            changes=MemoryChanges(database),
        )


class PostgresTypeLimitTests(TypeLimitSuite, TestCase):
    """
    In PostgreSQL.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        dsn = await migrated_database(self)
        pool = Pool(reactor, dsn, size=2)
        self.addCleanup(pool.stop)
        await pool.start()
        return Stores(
            limits=PostgresQuotaLimits(pool),
            shared=PostgresShared(pool),
            changes=PostgresChanges(reactor, dsn, pool),
        )
