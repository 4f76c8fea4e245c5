"""
What every :class:`IOfferStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from tests.interface.database import migrated_database
from tests.interface.stores import a_pod
from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IOfferStore, IPodStore
from trio2o.model import OfferedFlavor, OfferedType, PodOffers
from trio2o.storage.memory import MemoryDatabase, MemoryPods
from trio2o.storage.memory_offers import MemoryOffers
from trio2o.storage.offer_documents import dated, offers_of
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import PostgresPods
from trio2o.storage.postgres.offers import PostgresOffers

TINY = OfferedFlavor(id="1", vcpus=1, ram_mb=512, root_gb=1)
BIG = OfferedFlavor(id="9", vcpus=8, ram_mb=16384.0, root_gb=80, other_gb=20, group="gpu")
FAST = OfferedType(id="t1", name="schnell \N{ROCKET}", group="ssd")
OFFERS = PodOffers(flavors=(TINY, BIG), volume_types=(FAST,))

Stores = tuple[IOfferStore, IPodStore]


class OfferStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(IOfferStore, (await self.stores())[0])

    async def test_round_trip(self) -> None:
        """
        What was said is given back, and how long ago; what was not told stays so.
        """
        assert isinstance(self, TestCase)
        store, pods = await self.stores()
        for number, offers in ((1, OFFERS), (2, PodOffers(flavors=()))):
            pod = await pods.create_pod(a_pod(f"Pod{number}"))
            await store.record_offers(pod.id, offers, age=100.0)
            (found,) = [each for each in await store.list_offers({}) if each.pod_id == pod.id]
            self.assertEqual(offers, found.offers)
            self.assertTrue(100.0 <= found.age < 160.0, found.age)
            self.assertIsNotNone(found.collected_at.tzinfo)

    async def test_known_already(self) -> None:
        """
        Who has a pod's offers is not given them again, but told of the new time; others are, and who has other ones.
        """
        assert isinstance(self, TestCase)
        store, pods = await self.stores()
        first, second = [await pods.create_pod(a_pod(name)) for name in ("Pod1", "Pod2")]
        for pod in (first, second):
            await store.record_offers(pod.id, OFFERS, age=100.0)
        digests = {each.pod_id: each.digest for each in await store.list_offers({})}
        await store.record_offers(first.id, OFFERS, age=0.0)
        await store.record_offers(second.id, PodOffers(), age=0.0)

        found = {each.pod_id: each for each in await store.list_offers(digests)}
        self.assertEqual((None, PodOffers()), (found[first.id].offers, found[second.id].offers))
        self.assertLess(found[first.id].age, 60.0)
        found = {each.pod_id: each for each in await store.list_offers({second.id: digests[second.id]})}
        self.assertEqual((OFFERS, PodOffers()), (found[first.id].offers, found[second.id].offers))

    async def test_new_in_a_list(self) -> None:
        """
        What was not in the list before has the time of the first list that has it; what is gone is gone.
        """
        assert isinstance(self, TestCase)
        store, pods = await self.stores()
        pod = await pods.create_pod(a_pod("Pod1"))
        await store.record_offers(pod.id, PodOffers(flavors=(TINY,)), age=300.0)
        await store.record_offers(pod.id, OFFERS, age=200.0)
        (second,) = await store.list_offers({})
        await store.record_offers(pod.id, PodOffers(flavors=(evolve(BIG, vcpus=4),)), age=0.0)
        (third,) = await store.list_offers({})

        moment = second.collected_at.timestamp()
        assert second.offers is not None and third.offers is not None
        assert second.offers.flavors is not None and third.offers.flavors is not None
        self.assertEqual((TINY, "9"), (second.offers.flavors[0], second.offers.flavors[1].id))
        self.assertAlmostEqual(moment, second.offers.flavors[1].since, delta=0.001)
        # the first list of types that the pod told
        self.assertEqual((FAST,), second.offers.volume_types)
        self.assertEqual((evolve(BIG, vcpus=4, since=second.offers.flavors[1].since),), third.offers.flavors)
        self.assertIsNone(third.offers.volume_types)

    async def test_pod_that_is_gone(self) -> None:
        """
        A pod that is not registered has none, and none are stored for it.
        """
        assert isinstance(self, TestCase)
        store, pods = await self.stores()
        pod, other = [await pods.create_pod(a_pod(name)) for name in ("Pod1", "Pod2")]
        await store.record_offers(pod.id, OFFERS, age=0.0)
        await pods.delete_pod(pod.id)
        self.assertEqual([], list(await store.list_offers({})))

        await store.record_offers(pod.id, OFFERS, age=0.0)
        await store.record_offers("a\0b", OFFERS, age=0.0)
        await store.record_offers(other.id, OFFERS, age=0.0)
        self.assertEqual([other.id], [found.pod_id for found in await store.list_offers({})])


class MemoryOffersTests(OfferStoreSuite, TestCase):
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
        return MemoryOffers(database), MemoryPods(database)

    async def test_away(self) -> None:
        """
        A database that is away says so.
        """
        database = MemoryDatabase(Clock())
        database.available = False
        with self.assertRaises(DatabaseUnavailable):
            await MemoryOffers(database).list_offers({})


class PostgresOffersTests(OfferStoreSuite, TestCase):
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
        return PostgresOffers(pool), PostgresPods(pool)


class DocumentTests(SynchronousTestCase):
    """
    What both stores go by.
    """

    def test_other_release(self) -> None:
        """
        What a document has beyond the known is left out, and what it lacks is unknown.
        """
        document = {"flavors": [{"id": "1", "vcpus": 2, "gpus": 3}], "images": []}
        self.assertEqual(PodOffers(flavors=(OfferedFlavor(id="1", vcpus=2),)), offers_of(document))

    def test_long_ago(self) -> None:
        """
        What has been there for a day counts as always there, so that pods with the same have the same documents.
        """
        now = 1_800_000_000.0
        for since, kept in ((now - 86_401.0, 0.0), (now - 86_399.0, now - 86_399.0)):
            before = PodOffers(flavors=(evolve(TINY, since=since),))
            self.assertEqual((evolve(TINY, since=kept),), dated(OFFERS, before, now).flavors[:1])  # type: ignore[index]
