"""
What a process remembers of pods: usage, claims, failures.
"""

from __future__ import annotations

from attrs import evolve
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Amounts, Kind, News, Placed, PlacementRequest, Pod, Stock, Usage
from trio2o.strategies import experience
from trio2o.strategies.claims import SETTLING
from trio2o.strategies.experience import Experience

POD1 = Pod(id="1", name="Pod1", az_name="az1")
POD2 = Pod(id="2", name="Pod2", az_name="az1")
TWO = Amounts(vcpus=2.0)
SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER, needs=TWO)
USAGE = Usage(vcpus=Stock(total=10, used=1))


class ExperienceCase(SynchronousTestCase):
    """
    A process's memory on a clock that tests move.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000.5)
        self.known = Experience(clock=self.clock, failure_seconds=60.0, stale_seconds=600.0)


class UsageTests(ExperienceCase):
    """
    What pods said.
    """

    def test_newest(self) -> None:
        """
        Nothing at first, then what was said last.
        """
        self.assertIsNone(self.known.usage("1"))
        self.known.note_usage("1", USAGE, 0.0)
        newer = evolve(USAGE, servers=3)
        self.known.note_usage("1", newer, 0.0)
        self.assertEqual(self.known.usage("1"), newer)
        self.assertIsNone(self.known.usage("2"))

    def test_stale(self) -> None:
        """
        What was said too long ago is unknown again; the age counts from the collection.
        """
        self.known.note_usage("1", USAGE, 500.0)
        self.clock.advance(100)
        self.assertEqual(self.known.usage("1"), USAGE)
        self.clock.advance(1)
        self.assertIsNone(self.known.usage("1"))

    def test_retained(self) -> None:
        """
        A pod that is gone is forgotten.
        """
        self.known.note_usage("1", USAGE, 0.0)
        self.known.note_usage("2", USAGE, 0.0)
        self.known.retain({"2"})
        self.assertIsNone(self.known.usage("1"))
        self.assertEqual(self.known.usage("2"), USAGE)


class ClaimTests(ExperienceCase):
    """
    What was placed since (I12): see :mod:`trio2o.strategies.claims`.
    """

    def test_size(self) -> None:
        """
        A create claims what it needs, and what is typical where it does not say.
        """
        self.known.claim(SERVER, POD1)
        self.known.claim(evolve(SERVER, needs=None), POD2)
        self.assertEqual(self.known.claimed("1"), TWO)
        self.assertEqual(self.known.claimed("2").vcpus, 1.0)

    def test_collected(self) -> None:
        """
        A collection that began well after a claim was kept has it in its numbers, however late it is heard of.
        """
        self.known.claim(SERVER, POD1).keep()
        self.clock.advance(SETTLING + 1)
        self.known.claim(SERVER, POD1).keep()
        self.clock.advance(10)
        self.known.note_usage("1", USAGE, 9.0)
        self.assertEqual(self.known.claimed("1"), TWO)

    def test_heard(self) -> None:
        """
        What another process tells is counted as well.
        """
        self.known.heard(News(sender="b", placed={"1": Placed(open=TWO, kept=TWO)}))
        self.assertEqual(self.known.claimed("1"), Amounts(vcpus=4.0))


class FailureTests(ExperienceCase):
    """
    Which creates pods failed that others took.
    """

    def failures(self, pod: Pod, **changes: object) -> int:
        """
        How many of them are remembered.
        """
        request = evolve(SERVER, **changes)
        return self.known.failures(request.project_id, request.kind).get(pod.id, 0)

    def test_counted(self) -> None:
        """
        They count for the pod, the project and the kind.
        """
        self.known.settled(SERVER, POD2, [POD1])
        self.known.settled(SERVER, POD2, [POD1])
        self.assertEqual(self.failures(POD1), 2)
        self.assertEqual(self.failures(POD2), 0)
        self.assertEqual(self.failures(POD1, project_id="q"), 0)
        self.assertEqual(self.failures(POD1, kind=Kind.VOLUME), 0)

    def test_forgotten(self) -> None:
        """
        Each is forgotten after its time.
        """
        self.known.settled(SERVER, POD2, [POD1])
        self.clock.advance(40)
        self.known.settled(SERVER, POD2, [POD1])
        self.clock.advance(20)
        self.assertEqual(self.failures(POD1), 1)
        self.clock.advance(40)
        self.assertEqual(self.failures(POD1), 0)

    def test_made_good(self) -> None:
        """
        A success makes up for them.
        """
        self.known.settled(SERVER, POD2, [POD1])
        self.known.settled(SERVER, POD1, ())
        self.assertEqual(self.failures(POD1), 0)

    def test_bounded(self) -> None:
        """
        Those that failed longest ago go first when there are too many; one that fails for ever takes no more room.
        """
        self.patch(experience, "_MOST_FAILURES", 2)
        for project in ("a", "b", "a", "c"):
            self.known.settled(evolve(SERVER, project_id=project), POD2, [POD1])
        self.assertEqual([self.failures(POD1, project_id=project) for project in "abc"], [2, 0, 1])
        for _ in range(30):
            self.known.settled(SERVER, POD2, [POD1])
        self.assertEqual(self.failures(POD1), 10)
