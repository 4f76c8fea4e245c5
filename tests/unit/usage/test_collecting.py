"""
The rounds of the collector, what the reader hands on, and when a pod is called nearly full.
"""

from __future__ import annotations

from itertools import count
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import PodUnreachable, Unavailable
from trio2o.model import Amounts, Pod, PodState, Stock, Usage
from trio2o.scheduling.capacity import CapacityRules
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_usage import MemoryUsage
from trio2o.usage.collector import UsageCollector
from trio2o.usage.reader import UsageReader
from trio2o.usage.thresholds import Thresholds

INTERVAL = 300.0
#: A turn is at most so much early or late.
LATE = 1.1


def a_pod(number: int, **fields: Any) -> Pod:
    """
    A pod named after a number.
    """
    return Pod(**{"id": str(number), "name": f"Pod{number}", "az_name": "az1", **fields})


class CollectingCase(SynchronousTestCase):
    """
    Two pods, and a store in memory.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000.0)
        self.database = MemoryDatabase(self.clock)
        self.store = MemoryUsage(self.database)
        self.answers: dict[str, Any] = {}
        self.numbers = count()
        self.asked: list[str] = []
        self.told: list[tuple[str, Usage]] = []
        self.has(a_pod(1), a_pod(2))

    def has(self, *pods: Pod) -> None:
        """
        These are the pods.
        """
        self.pods = pods
        self.database.pods = {pod.id: pod for pod in pods}

    async def ask(self, pod: Pod) -> Usage:
        """
        Ask a pod.
        """
        self.asked.append(pod.name)
        answer = self.answers.get(pod.name, Usage(servers=next(self.numbers)))
        if isinstance(answer, Exception):
            raise answer
        return await answer if isinstance(answer, Deferred) else answer

    def collector(self) -> UsageCollector:
        """
        A collector that has started.
        """
        made = UsageCollector(
            clock=self.clock,
            random=Random(7),
            pods=lambda: self.pods,
            ask=self.ask,
            store=self.store,
            collected=lambda pod, usage: self.told.append((pod.name, usage)),
            interval=INTERVAL,
        )
        made.startService()
        self.addCleanup(lambda: made.running and made.stopService())
        return made

    def stored(self) -> dict[str, Usage]:
        """
        What is in the store, by pod id.
        """
        found = self.successResultOf(Deferred.fromCoroutine(self.store.list_usage()))
        return {each.pod_id: each.usage for each in found}

    def pass_time(self, seconds: float) -> None:
        """
        Let time go by, second by second.
        """
        self.clock.pump([1.0] * int(seconds))


class CollectorTests(CollectingCase):
    """
    The rounds.
    """

    def test_first_round(self) -> None:
        """
        What is not known yet is asked soon, stored and told.
        """
        self.collector()
        self.pass_time(5)
        self.assertEqual(sorted(self.asked), ["Pod1", "Pod2"])
        self.assertEqual(set(self.stored()), {"1", "2"})
        self.assertEqual(sorted(name for name, _ in self.told), ["Pod1", "Pod2"])

    def test_every_interval(self) -> None:
        """
        Each pod has one turn in each interval, and not all at one time.
        """
        self.collector()
        self.pass_time(5)
        self.asked.clear()
        self.pass_time(INTERVAL * 0.85)
        self.assertEqual(self.asked, [])
        self.pass_time(INTERVAL * 0.3)
        self.assertEqual(sorted(self.asked), ["Pod1", "Pod2"])

    def test_taken_over(self) -> None:
        """
        Who takes over asks each pod an interval after it was asked by the one before.
        """
        first = self.collector()
        self.pass_time(5)
        first.stopService()
        self.asked.clear()
        self.pass_time(100)
        self.collector()
        self.pass_time(INTERVAL - 120)
        self.assertEqual(self.asked, [])
        self.pass_time(40)
        self.assertEqual(sorted(self.asked), ["Pod1", "Pod2"])

    def test_stopped(self) -> None:
        """
        A collector that stands back asks nobody, gives up what is under way, and leaves no timer.
        """
        self.answers["Pod1"] = waiting = Deferred[Usage]()
        collector = self.collector()
        self.pass_time(5)
        stopped = collector.stopService()
        self.successResultOf(stopped)
        self.assertTrue(waiting.called)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(set(self.stored()), {"2"})

    def test_failures(self) -> None:
        """
        A pod that does not answer keeps its numbers and is asked again within a minute; others have their turns.
        """
        self.collector()
        self.pass_time(5)
        before = self.stored()["1"]
        for failure in (PodUnreachable("Pod1", "refused", sent=False), Unavailable("no token")):
            self.answers["Pod1"] = failure
            self.asked.clear()
            self.pass_time(INTERVAL * LATE)
            self.assertIn("Pod2", self.asked)
            self.assertEqual(self.stored()["1"], before)
        self.asked.clear()
        self.pass_time(60)
        self.assertEqual(self.asked.count("Pod1"), 1)
        self.answers.clear()
        self.pass_time(60)
        self.assertNotEqual(self.stored()["1"], before)

    def test_database_away(self) -> None:
        """
        With the database away nothing is stored, and everything once it is back.
        """
        self.database.available = False
        self.collector()
        self.pass_time(70)
        self.assertEqual(self.told, [])
        self.database.available = True
        self.pass_time(70)
        self.assertEqual(set(self.stored()), {"1", "2"})

    def test_silent_pod(self) -> None:
        """
        A pod that is slow to answer holds no other up, is not asked twice at once, and its numbers are as old as the question.
        """
        self.answers["Pod1"] = waiting = Deferred[Usage]()
        self.collector()
        self.pass_time(50)
        self.assertEqual(sorted(self.asked), ["Pod1", "Pod2"])
        waiting.callback(Usage())
        (first, _) = self.successResultOf(Deferred.fromCoroutine(self.store.list_usage()))
        self.assertTrue(45 <= first.age <= 50, first.age)

    def test_pods_come_and_go(self) -> None:
        """
        A new pod gets a turn soon; one that is gone or disabled gets none.
        """
        self.collector()
        self.pass_time(5)
        self.asked.clear()
        self.has(a_pod(2, state=PodState.DISABLED), a_pod(3, state=PodState.MAINTENANCE))
        self.pass_time(INTERVAL * LATE)
        self.assertEqual(set(self.asked), {"Pod3"})

    def test_bug(self) -> None:
        """
        A bug is told with its traceback, and ends no round.
        """
        self.answers["Pod1"] = ZeroDivisionError()
        self.collector()
        self.pass_time(5)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.answers.clear()
        self.pass_time(60)
        self.assertIn("1", self.stored())


class ReaderTests(CollectingCase):
    """
    What each process takes over.
    """

    def setUp(self) -> None:
        super().setUp()
        self.noted: dict[str, tuple[Usage, float]] = {}
        self.retained: list[set[str]] = []
        self.reader = UsageReader(
            clock=self.clock,
            store=self.store,
            note=lambda pod_id, usage, age: self.noted.update({pod_id: (usage, age)}),
            retain=lambda pod_ids: self.retained.append(set(pod_ids)),
            interval=30.0,
        )

    def record(self, pod_id: str, usage: Usage) -> None:
        """
        Store what a pod said a second ago.
        """
        self.successResultOf(Deferred.fromCoroutine(self.store.record_usage(pod_id, usage, age=1.0)))

    def test_read(self) -> None:
        """
        At the start, and again every half minute, with the age.
        """
        self.record("1", Usage(servers=1))
        self.reader.startService()
        self.assertEqual(self.noted, {"1": (Usage(servers=1, projects=0), 1.0)})

        self.record("2", Usage(servers=2))
        self.clock.advance(30)
        self.assertEqual(self.noted["2"], (Usage(servers=2, projects=0), 31.0))
        self.assertEqual(self.retained, [{"1"}, {"1", "2"}])

        self.successResultOf(self.reader.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_database_away(self) -> None:
        """
        With the database away nothing is forgotten, and it is asked again.
        """
        self.database.available = False
        self.reader.startService()
        self.assertEqual(self.retained, [])
        self.database.available = True
        self.clock.advance(30)
        self.assertEqual(self.retained, [set()])
        self.reader.stopService()

    def test_stopped_meanwhile(self) -> None:
        """
        A reading that is under way at the stop is given up.
        """
        waiting: Deferred[Any] = Deferred()

        async def slow() -> Any:
            return await waiting

        self.patch(MemoryUsage, "list_usage", lambda _: slow())
        self.reader.startService()
        self.successResultOf(self.reader.stopService() or succeed(None))
        self.assertEqual((self.noted, self.clock.getDelayedCalls()), ({}, []))


class ThresholdTests(SynchronousTestCase):
    """
    Nearly full.
    """

    def setUp(self) -> None:
        rules = CapacityRules(overcommit=Amounts(vcpus=2.0, ram_mb=1.0, disk_gb=1.0, volume_gb=1.0))
        self.thresholds = Thresholds(rules=rules, free_share=0.1)
        self.told: list[tuple[str, str]] = []
        globalLogPublisher.addObserver(self.hear)
        self.addCleanup(globalLogPublisher.removeObserver, self.hear)

    def hear(self, event: Any) -> None:
        """
        Remember events.
        """
        if event.get("log_namespace") == "trio2o.usage.thresholds":
            self.told.append((event["log_level"].name, event["resource"]))

    def collect(self, used: float) -> None:
        """
        A pod with 20 virtual CPUs to promise has promised so many.
        """
        self.thresholds.collected(a_pod(1), Usage(vcpus=Stock(total=10, used=used)))

    def test_crossings(self) -> None:
        """
        Each crossing is told once, in either direction.
        """
        for used in (5, 18, 18.5, 19, 25, 18, 10):
            self.collect(used)
        self.assertEqual(self.told, [("warn", "vcpus"), ("info", "vcpus")])

    def test_unknown(self) -> None:
        """
        What becomes unknown is nearly full no more, without a word.
        """
        self.collect(19)
        self.thresholds.collected(a_pod(1), Usage())
        self.collect(19)
        self.assertEqual(self.told, [("warn", "vcpus")] * 2)
