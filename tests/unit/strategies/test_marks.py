"""
What a process remembers of refusals.
"""

from __future__ import annotations

from attrs import evolve
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.model import Amounts, Kind, Lack, Mark, PlacementRequest
from trio2o.strategies import marks as module
from trio2o.strategies.marks import Marks

NEEDS = Amounts(vcpus=2.0)
SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER, needs=NEEDS)
QUOTA = Mark(
    pod_id="1", kind=Kind.SERVER, lack=Lack.QUOTA, project_id="p", needs=NEEDS, asked=("", None, None)
)
HOST = evolve(QUOTA, lack=Lack.HOST, project_id=None)


class MarksTests(SynchronousTestCase):
    """
    A process's marks on a clock that tests move.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.marks = Marks(clock=self.clock, seconds=60.0)

    def of(self, project: str = "p", kind: Kind = Kind.SERVER) -> set[Mark]:
        """
        All that count for a project.
        """
        return {mark for marks in self.marks.of(project, kind).values() for mark in marks}

    def test_whose(self) -> None:
        """
        A project is told its own and everybody's, of the kind that it asks for, by pod.
        """
        self.assertEqual({}, self.marks.of("p", Kind.SERVER))
        for mark in (QUOTA, HOST, evolve(HOST, pod_id="2")):
            self.marks.make(mark)
        self.assertEqual(
            {"1": (QUOTA, HOST), "2": (evolve(HOST, pod_id="2"),)}, self.marks.of("p", Kind.SERVER)
        )
        self.assertEqual({HOST, evolve(HOST, pod_id="2")}, self.of("q"))
        self.assertEqual(set(), self.of("p", Kind.VOLUME))

    def test_ends(self) -> None:
        """
        A mark holds for its time, from when it was made last.
        """
        self.marks.make(QUOTA)
        self.clock.advance(40)
        self.marks.make(HOST)
        self.marks.make(evolve(QUOTA, pod_id="2"))
        self.marks.make(evolve(QUOTA, pod_id="2"))
        self.clock.advance(19.9)
        self.assertEqual(3, len(self.of()))
        self.clock.advance(0.1)
        self.assertEqual({HOST, evolve(QUOTA, pod_id="2")}, self.of())
        self.marks.make(HOST)
        self.clock.advance(40)
        self.assertEqual({HOST}, self.of())
        self.clock.advance(20)
        self.assertEqual({}, self.marks.counts())
        self.assertEqual({}, self.marks.of("p", Kind.SERVER))

    def test_cleared(self) -> None:
        """
        A success of as much or more clears what said otherwise, there and for these reasons; a smaller one proves nothing.
        """
        other = evolve(QUOTA, pod_id="2")
        for mark in (QUOTA, HOST, other):
            self.marks.make(mark)
        self.marks.clear("1", evolve(SERVER, needs=Amounts(vcpus=1.0)), list(Lack))
        self.assertEqual({QUOTA, HOST, other}, self.of())
        self.marks.clear("1", evolve(SERVER, project_id="q"), [Lack.QUOTA])
        self.assertEqual({QUOTA, HOST, other}, self.of())
        self.marks.clear("1", evolve(SERVER, needs=Amounts(vcpus=3.0)), [Lack.QUOTA])
        self.assertEqual({HOST, other}, self.of())

    def test_freed(self) -> None:
        """
        What is gone clears the project's marks of quotas, of that kind, in all pods, here and at the others.
        """
        other = evolve(QUOTA, pod_id="2")
        volume, stranger = evolve(QUOTA, kind=Kind.VOLUME), evolve(QUOTA, project_id="q")
        for mark in (QUOTA, HOST, other, volume, stranger):
            self.marks.make(mark)
        self.marks.news()

        self.assertEqual({"1", "2"}, self.marks.freed(Kind.SERVER, "p"))
        self.assertEqual(set(), self.marks.freed(Kind.SNAPSHOT, "p"))

        self.assertEqual({HOST}, self.of())
        self.assertEqual({HOST, stranger}, self.of("q"))
        self.assertEqual({volume}, self.of(kind=Kind.VOLUME))
        self.assertEqual(((), (QUOTA, other)), self.marks.news())

    def test_off(self) -> None:
        """
        Where none is to be remembered none is, whoever tells of it.
        """
        self.marks = Marks(clock=self.clock, seconds=0.0)
        self.marks.make(QUOTA)
        self.marks.heard([HOST], [])
        self.assertEqual(set(), self.of())
        self.assertEqual(((), ()), self.marks.news())

    def test_bounded(self) -> None:
        """
        However many there are, the newest are kept: of all, and of one pod, kind and project.
        """
        self.patch(module, "_MOST", 5)
        self.patch(module, "_MOST_OF_ONE", 2)
        for size in range(3):
            self.marks.make(evolve(QUOTA, needs=Amounts(vcpus=float(size))))
        self.assertEqual({1.0, 2.0}, {mark.needs.vcpus for mark in self.of() if mark.needs})
        for pod in range(2, 6):
            self.marks.make(evolve(QUOTA, pod_id=str(pod)))
        self.assertEqual({(str(pod), Lack.QUOTA): 1 for pod in range(1, 6)}, self.marks.counts())
        self.assertEqual(set("12345"), set(self.marks.of("p", Kind.SERVER)))

    def test_told(self) -> None:
        """
        Others are told once what was made and what was cleared, the last word of each mark; what is heard is not told again.
        """
        self.marks.make(QUOTA)
        self.marks.make(HOST)
        self.marks.clear("1", SERVER, [Lack.HOST])
        self.marks.heard([evolve(HOST, pod_id="3")], [])
        made, cleared = self.marks.news()
        self.assertEqual(((QUOTA,), (HOST,)), (made, cleared))
        self.assertEqual(((), ()), self.marks.news())

        other = Marks(clock=self.clock)
        other.heard([QUOTA, HOST], [])
        other.heard([], [HOST])
        self.assertEqual({"1": (QUOTA,)}, other.of("p", Kind.SERVER))

    def test_untold(self) -> None:
        """
        What could not be told is told later, unless something has happened since; not without bound.
        """
        self.patch(module, "_MOST_UNTOLD", 2)
        self.marks.make(QUOTA)
        self.marks.make(HOST)
        news = self.marks.news()
        self.marks.clear("1", SERVER, [Lack.QUOTA])
        self.marks.untold(*news)
        self.assertEqual(((HOST,), (QUOTA,)), self.marks.news())

        for pod in range(5):
            self.marks.make(evolve(HOST, pod_id=str(pod)))
        made, _ = self.marks.news()
        self.assertEqual(["3", "4"], [mark.pod_id for mark in made])
