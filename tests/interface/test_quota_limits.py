"""
What every :class:`IQuotaLimitStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import evolve, frozen
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.database import migrated_database
from trio2o.errors import DatabaseUnavailable, Missing
from trio2o.interfaces import IChangeLog, IQuotaLimitStore
from trio2o.model import QuotaOwner, QuotaScope
from trio2o.storage.memory import MemoryChanges, MemoryDatabase
from trio2o.storage.memory_quotas import MemoryQuotaLimits
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import quotas
from trio2o.storage.postgres.changes import PostgresChanges
from trio2o.storage.postgres.quotas import PostgresQuotaLimits

PROJECT = QuotaOwner(service="compute", scope=QuotaScope.PROJECT, scope_id="p'1 %s")
USER = evolve(PROJECT, scope=QuotaScope.USER, user_id="u/1")
CLASS = QuotaOwner(service="compute", scope=QuotaScope.CLASS, scope_id="default")
POD = QuotaOwner(service="volume", scope=QuotaScope.POD, scope_id="i1")


@frozen(kw_only=True)
class Stores:
    """
    Two processes' stores over one database, and its change log.
    """

    one: IQuotaLimitStore
    other: IQuotaLimitStore
    changes: IChangeLog

    async def told(self, after: int) -> set[QuotaOwner]:
        """
        Whose limits the change log names after a number.
        """
        found = await self.changes.changes_since(after)
        assert found is not None
        return {QuotaOwner.called(change.row_id) for change in found if change.table == "quota_limits"}


class QuotaLimitStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(IQuotaLimitStore, (await self.stores()).one)

    async def test_set(self) -> None:
        """
        What is set is there for all, and leaves the owner's other limits and everyone else's as they are.
        """
        stores = await self.stores()
        await stores.one.set_limits(PROJECT, {"instances": 5, "cores": -1})
        await stores.one.set_limits(USER, {"instances": 2})
        await stores.other.set_limits(PROJECT, {"instances": 0, "ram": 0x7FFFFFFF})
        await stores.one.set_limits(POD, {"gigabytes_schnell ü": 3})

        wanted = {
            PROJECT: {"instances": 0, "cores": -1, "ram": 0x7FFFFFFF},
            USER: {"instances": 2},
            POD: {"gigabytes_schnell ü": 3},
        }
        self.assertEqual(wanted, dict(await stores.one.all_limits()))
        self.assertEqual({USER: {"instances": 2}}, dict(await stores.other.limits_of([USER, CLASS])))

    async def test_added(self) -> None:
        """
        What is added leaves what the owner has as it is.
        """
        stores = await self.stores()
        await stores.one.set_limits(PROJECT, {"instances": 5})
        before = (await stores.changes.snapshot()).number
        await stores.other.add_limits(PROJECT, {"instances": 6, "ram": 1})
        self.assertEqual({PROJECT: {"instances": 5, "ram": 1}}, dict(await stores.one.all_limits()))
        self.assertEqual({PROJECT}, await stores.told(before))
        before = (await stores.changes.snapshot()).number
        self.assertEqual(before, await stores.one.add_limits(PROJECT, {"ram": 7}))

    async def test_replaced(self) -> None:
        """
        What replaces an owner's limits is all that it has then.
        """
        stores = await self.stores()
        await stores.one.set_limits(CLASS, {"instances": 5, "cores": 7})
        await stores.one.replace_limits(CLASS, {"instances": 6, "ram": 1})
        self.assertEqual({CLASS: {"instances": 6, "ram": 1}}, dict(await stores.one.all_limits()))
        await stores.one.replace_limits(CLASS, {})
        self.assertEqual({}, dict(await stores.one.all_limits()))

    async def test_deleted(self) -> None:
        """
        A project's limits go with those of its users; a user's alone, and nobody else's.
        """
        stores = await self.stores()
        stays = [evolve(PROJECT, scope_id="p2"), evolve(USER, service="volume"), CLASS]
        for owner in (PROJECT, USER, evolve(USER, user_id="u2"), *stays):
            await stores.one.set_limits(owner, {"instances": 1, "cores": 1})
        await stores.one.delete_limits(USER)
        self.assertEqual(5, len(await stores.one.all_limits()))
        before = (await stores.changes.snapshot()).number
        await stores.one.delete_limits(PROJECT)
        self.assertEqual(set(stays), set(await stores.one.all_limits()))
        self.assertEqual({PROJECT, evolve(USER, user_id="u2")}, await stores.told(before))
        await stores.one.delete_limits(PROJECT)

    async def test_change_log(self) -> None:
        """
        What changes limits is told by the change log, and its number given; what changes none is not.
        """
        stores = await self.stores()
        first = await stores.one.set_limits(PROJECT, {"instances": 5, "cores": 1})
        self.assertEqual({PROJECT}, await stores.told(0))
        self.assertEqual(first, (await stores.changes.snapshot()).number)
        self.assertEqual(first, await stores.other.set_limits(PROJECT, {"instances": 5}))
        self.assertEqual(first, await stores.other.replace_limits(PROJECT, {"instances": 5, "cores": 1}))
        self.assertEqual(first, await stores.other.delete_limits(USER))
        self.assertLess(first, await stores.other.set_limits(PROJECT, {"instances": 6}))
        self.assertEqual({PROJECT}, await stores.told(first))

    async def test_at_once(self) -> None:
        """
        Of two who set the same limits at once, one is the last for all of them; the greater number tells who.
        """
        stores = await self.stores()
        numbers = await gatherResults(
            [
                Deferred.fromCoroutine(store.set_limits(PROJECT, dict.fromkeys(names, limit)))
                for store, names, limit in (
                    (stores.one, ("cores", "instances", "ram"), 1),
                    (stores.other, ("ram", "instances", "cores"), 2),
                )
            ]
        )
        last = 1 if numbers[0] > numbers[1] else 2
        found = await stores.one.limits_of([PROJECT])
        self.assertEqual(dict.fromkeys(("cores", "instances", "ram"), last), found[PROJECT])

    async def test_impossible(self) -> None:
        """
        What no owner can be called has no limits and gets none.
        """
        stores = await self.stores()
        for project_id in ("a\0b", "a\nb"):
            owner = evolve(PROJECT, scope_id=project_id)
            self.assertEqual({}, dict(await stores.one.limits_of([owner])))
            for refused in (stores.one.set_limits(owner, {"instances": 1}), stores.one.delete_limits(owner)):
                with self.assertRaises(Missing):
                    await refused


class MemoryQuotaLimitsTests(QuotaLimitStoreSuite, TestCase):
    """
    In memory.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        database = MemoryDatabase(Clock())
        store = MemoryQuotaLimits(database)
        return Stores(one=store, other=store, changes=MemoryChanges(database))

    async def test_away(self) -> None:
        """
        A database that is away says so.
        """
        database = MemoryDatabase(Clock())
        database.available = False
        with self.assertRaises(DatabaseUnavailable):
            await MemoryQuotaLimits(database).set_limits(PROJECT, {"instances": 1})


class PostgresQuotaLimitsTests(QuotaLimitStoreSuite, TestCase):
    """
    In PostgreSQL.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        dsn = await migrated_database(self)
        pools = [Pool(reactor, dsn, size=2) for _ in range(2)]
        for pool in pools:
            self.addCleanup(pool.stop)
            await pool.start()
        one, other = map(PostgresQuotaLimits, pools)
        return Stores(one=one, other=other, changes=PostgresChanges(reactor, dsn, pools[0]))

    async def test_pages(self) -> None:
        """
        Very many limits are read some at a time, and whole.
        """
        stores = await self.stores()
        self.patch(quotas, "_PAGE", 4)
        wanted = {evolve(PROJECT, scope_id=f"p{n}"): {"a": n, "b": n, "c": n} for n in range(8)}
        for owner, limits in wanted.items():
            await stores.one.set_limits(owner, limits)
        self.assertEqual(wanted, dict(await stores.one.all_limits()))


class RowTests(TestCase):
    """
    What the change log calls limits.
    """

    def test_both_ways(self) -> None:
        """
        It tells the owner.
        """
        for owner in (PROJECT, USER, CLASS, POD):
            self.assertEqual(owner, QuotaOwner.called(owner.row_id))
