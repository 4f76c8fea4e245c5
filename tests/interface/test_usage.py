"""
What every :class:`IUsageStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.database import migrated_database
from tests.interface.stores import a_pod
from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IBindingStore, IPodStore, IUsageStore
from trio2o.model import Stock, Usage
from trio2o.storage.memory import MemoryBindings, MemoryDatabase, MemoryPods
from trio2o.storage.memory_usage import MemoryUsage
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import PostgresBindings, PostgresPods
from trio2o.storage.postgres.usage import PostgresUsage, usage_of

USAGE = Usage(
    vcpus=Stock(total=64, used=12),
    ram_mb=Stock(total=262144.0, used=2432.5),
    volume_gb=Stock(total=1000, used=0),
    largest_volume_gb=500,
    servers=12,
)

Stores = tuple[IUsageStore, IPodStore, IBindingStore]


class UsageStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(IUsageStore, (await self.stores())[0])

    async def test_round_trip(self) -> None:
        """
        What was said is given back, with the number of bound projects, when it was said, and how long ago.
        """
        assert isinstance(self, TestCase)
        store, pods, bindings = await self.stores()
        pod = await pods.create_pod(a_pod("Pod1"))
        for project in ("p", "q"):
            await bindings.create_binding(project, pod.id)
        ended = await bindings.create_binding("r", pod.id)
        await bindings.end_binding(ended.id, "admin")

        await store.record_usage(pod.id, USAGE, age=100.0)

        (found,) = await store.list_usage()
        self.assertEqual(pod.id, found.pod_id)
        self.assertEqual(evolve(USAGE, projects=2), found.usage)
        self.assertTrue(100.0 <= found.age < 160.0, found.age)
        self.assertIsNotNone(found.collected_at.tzinfo)

    async def test_replaced(self) -> None:
        """
        A later usage takes the place of an earlier one, and of what it does not have nothing stays.
        """
        assert isinstance(self, TestCase)
        store, pods, _ = await self.stores()
        pod = await pods.create_pod(a_pod("Pod1"))
        await store.record_usage(pod.id, USAGE, age=0.0)
        await store.record_usage(pod.id, Usage(servers=1), age=0.0)

        (found,) = await store.list_usage()
        self.assertEqual(Usage(servers=1, projects=0), found.usage)

    async def test_pod_that_is_gone(self) -> None:
        """
        A pod that is not registered has none, and none is stored for it.
        """
        assert isinstance(self, TestCase)
        store, pods, _ = await self.stores()
        pod = await pods.create_pod(a_pod("Pod1"))
        other = await pods.create_pod(a_pod("Pod2"))
        await store.record_usage(pod.id, USAGE, age=0.0)
        await pods.delete_pod(pod.id)
        self.assertEqual([], list(await store.list_usage()))

        await store.record_usage(pod.id, USAGE, age=0.0)
        await store.record_usage("a\0b", USAGE, age=0.0)
        await store.record_usage(other.id, USAGE, age=0.0)
        self.assertEqual([other.id], [found.pod_id for found in await store.list_usage()])


class MemoryUsageTests(UsageStoreSuite, TestCase):
    """
    In memory.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        clock = Clock()
        clock.advance(1_800_000_000.0)
        database = MemoryDatabase(clock)
        return MemoryUsage(database), MemoryPods(database), MemoryBindings(database)

    async def test_away(self) -> None:
        """
        A database that is away says so.
        """
        database = MemoryDatabase(Clock())
        database.available = False
        with self.assertRaises(DatabaseUnavailable):
            await MemoryUsage(database).list_usage()


class PostgresUsageTests(UsageStoreSuite, TestCase):
    """
    In PostgreSQL.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        pool = Pool(reactor, await migrated_database(self), size=2)
        self.addCleanup(pool.stop)
        await pool.start()
        return PostgresUsage(pool), PostgresPods(pool), PostgresBindings(pool)

    def test_other_release(self) -> None:
        """
        What a document has beyond the known is left out, and what it lacks is unknown.
        """
        document = {
            "vcpus": {"total": 4, "used": 1, "kept": 2},
            "gpus": {"total": 1, "used": 0},
            "ram_mb": None,
            "disk_gb": {"free": 3},
        }
        self.assertEqual(Usage(vcpus=Stock(total=4, used=1)), usage_of(document))
