"""
Who asks pods for their usage, and what comes of it.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.administration.doubles import DatabaseState
from tests.unit.strategies.doubles import ScriptedPods
from trio2o.config.usage_section import UsageSection
from trio2o.model import Pod, PodOffers, Stock
from trio2o.ops.metrics import Metrics
from trio2o.scheduling.capacity import CapacityRules
from trio2o.service.usage import UsageService, make_usage
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_election import MemoryElection
from trio2o.storage.memory_offers import MemoryOffers
from trio2o.storage.memory_usage import MemoryUsage
from trio2o.strategies.experience import Experience
from trio2o.strategies.offers import OfferBook


@frozen
class Answer:
    """
    What a pod says.
    """

    status: int
    body: Any


@define
class Asks:
    """
    Counts questions; every Nova has four virtual CPUs.
    """

    asked: list[str] = field(factory=list)
    #: Questions about what there is to be asked for.
    offers: list[str] = field(factory=list)

    async def get(self, pod: Pod, service: str, path: str, *, version: str = "") -> Answer:
        """
        Ask.
        """
        if "statistics" not in path and "get_pools" not in path:
            self.offers.append(f"{pod.name} {path.partition('?')[0]}")
            flavor = {"id": "1", "name": "m1.tiny", "vcpus": 2}
            listed = {"flavors": [flavor]} if "marker" not in path else {"flavors": []}
            return Answer(200, listed if "flavors" in path else {"volume_types": []})
        self.asked.append(f"{pod.name} {service}")
        numbers = {"vcpus": 4, "vcpus_used": 1}
        return Answer(200, {"hypervisor_statistics": numbers} if service == "compute" else {"pools": []})


@define
class Process:
    """
    One of the processes of a database.
    """

    service: UsageService
    experience: Experience
    offers: OfferBook
    metrics: Metrics
    asks: Asks

    def value(self, name: str) -> list[str]:
        """
        A metric's lines.
        """
        return [
            line.rsplit(" ", 1)[-1]
            for line in self.metrics.exposition().decode().splitlines()
            if line.startswith(name)
        ]


class UsageServiceTests(SynchronousTestCase):
    """
    Two processes, one pod.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000.0)
        self.database = MemoryDatabase(self.clock)
        self.database.pods = {"1": Pod(id="1", name="Pod1", az_name="az1")}
        self.store = MemoryUsage(self.database)
        self.offer_store = MemoryOffers(self.database)
        #: The pods that were asked for their default classes.
        self.quotas: list[str] = []

    async def asked_of_quotas(self, pod: Pod) -> None:
        """
        Note that a pod was asked for its default classes.
        """
        self.quotas.append(pod.name)

    def process(self, **section: float) -> Process:
        """
        A process that has started.
        """
        experience, metrics, asks = Experience(clock=self.clock), Metrics(), Asks()
        offers = OfferBook(clock=self.clock)
        service = make_usage(
            self.clock,
            UsageSection(**section),
            election=MemoryElection(self.database, "usage"),
            store=self.store,
            offer_store=self.offer_store,
            state=DatabaseState(self.database),
            asks=asks,
            pods=ScriptedPods(self.clock),
            experience=experience,
            offers=offers,
            affinity_keys=("trio2o:affinity",),
            rules=CapacityRules(),
            quota_defaults=self.asked_of_quotas,
            metrics=metrics,
        )
        service.startService()
        self.addCleanup(lambda: service.running and service.stopService())
        return Process(service, experience, offers, metrics, asks)

    def test_one_asks_all_know(self) -> None:
        """
        One process asks; all have it within half a minute, and show it.
        """
        first, second = self.process(), self.process()
        self.clock.pump([1.0] * 31)

        self.assertEqual((first.asks.asked, second.asks.asked), (["Pod1 compute", "Pod1 volume"], []))
        for process in (first, second):
            usage = process.experience.usage("1")
            assert usage is not None
            self.assertEqual(usage.vcpus, Stock(total=4, used=1))
            self.assertEqual(process.value("trio2o_pod_room_free{"), ["63.0"])
            self.assertEqual(process.value("trio2o_pod_room_limit{"), ["64.0"])
            self.assertEqual(len(process.value("trio2o_pod_usage_age_seconds{")), 1)
        leads = [process.value("trio2o_usage_collector ") for process in (first, second)]
        self.assertEqual(leads, [["1.0"], ["0.0"]])

    def test_offers(self) -> None:
        """
        One process asks what there is; all have it within half a minute, and at their start. The one that a client has changed
        it through asks anew soon, once for changes in a row, and knows at once.
        """
        first, second = self.process(), self.process()
        self.clock.pump([1.0] * 31)
        for process in (first, second, self.process()):
            flavor = process.offers.flavor("1")
            assert flavor is not None
            self.assertEqual(2, flavor.vcpus)
        self.assertEqual([], second.asks.offers)
        before = len(first.asks.offers)

        self.successResultOf(Deferred.fromCoroutine(self.offer_store.record_offers("1", PodOffers(), age=0)))
        second.service.refresher.changed()
        second.service.refresher.changed()
        self.clock.pump([1.0] * 6)
        self.assertEqual(before, len(second.asks.offers))
        self.assertIsNotNone(second.offers.flavor("1"))
        self.assertEqual(before, len(first.asks.offers))

    def test_taken_over(self) -> None:
        """
        When the one ends, another one goes on with the turns; nothing is left of the first.
        """
        first, second = self.process(), self.process()
        self.clock.pump([1.0] * 31)
        self.successResultOf(first.service.stopService())
        self.clock.pump([1.0] * 331)

        self.assertEqual(second.asks.asked, ["Pod1 compute", "Pod1 volume"])
        self.successResultOf(second.service.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_never(self) -> None:
        """
        With an interval of 0 nobody stands for election and nobody asks.
        """
        process = self.process(interval_seconds=0.0)
        self.clock.pump([10.0] * 100)

        self.assertEqual(process.asks.asked, [])
        self.assertEqual(process.value("trio2o_usage_collector "), ["0.0"])
        self.successResultOf(process.service.stopService())
