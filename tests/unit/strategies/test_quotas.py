"""
What a process remembers of projects' quotas.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import PodUnreachable
from trio2o.model import Amounts, Kind, PlacementRequest, Pod, QuotaLeft
from trio2o.strategies import quotas
from trio2o.strategies.quotas import QuotaBook

SERVER = PlacementRequest(project_id="p", kind=Kind.SERVER, needs=Amounts(vcpus=2, ram_mb=512))
VOLUME = PlacementRequest(project_id="p", kind=Kind.VOLUME, needs=Amounts(volume_gb=5))
PODS = tuple(Pod(id=str(number), name=f"Pod{number}", az_name="az1") for number in range(5))
LEFT = QuotaLeft(servers=3, vcpus=20, volumes=2, volume_gb=100)


class QuotaBookTests(SynchronousTestCase):
    """
    Five pods, which answer at once where nothing else is said.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.asked: list[tuple[str, str, str]] = []
        self.answers: dict[str, Any] = {}
        self.silent = False
        self.waiting: list[Deferred[None]] = []
        self.book = QuotaBook(clock=self.clock, ask=self.ask, keep_seconds=60.0)

    async def ask(self, pod: Pod, service: str, project_id: str) -> QuotaLeft:
        """
        Ask.
        """
        self.asked.append((pod.name, service, project_id))
        if self.silent:
            self.waiting.append(Deferred())
            await self.waiting[-1]
        answer = self.answers.get(pod.id, LEFT)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, QuotaLeft)
        return answer

    def test_asked(self) -> None:
        """
        The first pods are asked about the service of what is made, and what they say is known.
        """
        self.assertEqual({}, self.book.left("p", Kind.SERVER))
        self.book.placing(SERVER, PODS)
        self.assertEqual([(f"Pod{number}", "compute", "p") for number in range(3)], self.asked)
        self.assertEqual(dict.fromkeys("012", LEFT), self.book.left("p", Kind.SERVER))
        self.assertEqual({}, self.book.left("p", Kind.VOLUME))
        self.assertEqual({}, self.book.left("q", Kind.SERVER))

    def test_kept(self) -> None:
        """
        An answer counts for its time, and is asked for anew in the second half of that.
        """
        self.book.placing(SERVER, PODS[:1])
        self.clock.advance(30.0)
        self.book.placing(SERVER, PODS[:1])
        self.assertEqual(1, len(self.asked))
        self.clock.advance(30.0)
        self.assertEqual({"0": LEFT}, self.book.left("p", Kind.SERVER))
        self.clock.advance(0.1)
        self.assertEqual({}, self.book.left("p", Kind.SERVER))
        self.book.placing(SERVER, PODS[:1])
        self.assertEqual(2, len(self.asked))
        self.assertEqual({"0": LEFT}, self.book.left("p", Kind.SERVER))

    def test_nothing_to_ask(self) -> None:
        """
        Nobody is asked for what has no quota here, for no project, or where that is switched off.
        """
        self.book.placing(evolve(SERVER, kind=Kind.SNAPSHOT), PODS)
        self.book.placing(evolve(SERVER, project_id=""), PODS)
        QuotaBook(clock=self.clock, ask=self.ask, keep_seconds=0.0).placing(SERVER, PODS)
        self.assertEqual([], self.asked)

    def test_not_told(self) -> None:
        """
        A pod that does not answer has told nothing, and is not asked again at once.
        """
        self.answers["0"] = PodUnreachable("Pod0", "refused", sent=False)
        for _ in range(2):
            self.book.placing(SERVER, PODS[:1])
        self.assertEqual(1, len(self.asked))
        self.assertEqual({"0": QuotaLeft()}, self.book.left("p", Kind.SERVER))

    def test_placed(self) -> None:
        """
        What was placed since is taken off, of what is known; never below nothing.
        """
        self.book.placed(SERVER, PODS[0])
        self.book.placing(SERVER, PODS[:1])
        self.book.placed(SERVER, PODS[0])
        self.assertEqual({"0": evolve(LEFT, servers=2, vcpus=18)}, self.book.left("p", Kind.SERVER))
        self.book.placed(evolve(SERVER, needs=Amounts(vcpus=50)), PODS[0])
        self.book.placed(evolve(SERVER, needs=None), PODS[0])
        self.assertEqual({"0": evolve(LEFT, servers=0, vcpus=0)}, self.book.left("p", Kind.SERVER))

        self.book.placing(VOLUME, PODS[:1])
        self.book.placed(VOLUME, PODS[0])
        self.assertEqual({"0": evolve(LEFT, volumes=1, volume_gb=95)}, self.book.left("p", Kind.VOLUME))

    def test_freed(self) -> None:
        """
        Once something of the project is gone nothing is known, and what was asked before is not believed.
        """
        self.book.placing(SERVER, PODS[:2])
        self.silent = True
        self.book.placing(SERVER, PODS[2:3])
        self.book.freed(Kind.SNAPSHOT, "p")
        self.book.freed(Kind.VOLUME, "p")
        self.assertEqual({"0", "1"}, set(self.book.left("p", Kind.SERVER)))
        self.book.freed(Kind.SERVER, "p")
        self.waiting[0].callback(None)
        self.assertEqual({}, self.book.left("p", Kind.SERVER))

    def test_freed_elsewhere(self) -> None:
        """
        What another process tells to be gone is believed, and told to nobody; what this one finds is told once.
        """
        self.book.placing(SERVER, PODS)
        self.book.heard([("p", "compute")])
        self.assertEqual(({}, ()), (self.book.left("p", Kind.SERVER), self.book.news()))

        self.book.placing(SERVER, PODS)
        self.book.freed(Kind.SERVER, "p")
        told = self.book.news()
        self.assertEqual(((("p", "compute"),), ()), (told, self.book.news()))
        self.book.untold(told)
        self.assertEqual(told, self.book.news())

    def test_once(self) -> None:
        """
        A pod that has not answered yet is not asked again; some questions are under way at once, some more wait.
        """
        self.patch(quotas, "_MOST_QUESTIONS", 12)
        self.silent = True
        for _ in range(2):
            self.book.placing(SERVER, PODS)
        self.assertEqual(3, len(self.asked))
        for project in "abcdef":
            self.book.placing(evolve(SERVER, project_id=project), PODS)
        self.assertEqual(8, len(self.asked))
        self.silent = False
        for each in self.waiting:
            each.callback(None)
        self.assertEqual(12, len(self.asked))
        self.assertEqual({}, self.book.left("f", Kind.SERVER))

    def test_many_projects(self) -> None:
        """
        Of many projects those are remembered that made something last.
        """
        self.patch(quotas, "_MOST_PROJECTS", 2)
        for project in "aba":
            self.book.placing(evolve(SERVER, project_id=project), PODS[:1])
        self.book.placing(evolve(SERVER, project_id="c"), PODS[:1])
        known = [project for project in "abc" if self.book.left(project, Kind.SERVER)]
        self.assertEqual(["a", "c"], known)

    def test_stopped(self) -> None:
        """
        What is under way at the stop is given up, and nobody is asked any more.
        """
        self.silent = True
        for project in "abcd":
            self.book.placing(evolve(SERVER, project_id=project), PODS)
        self.book.stop()
        self.book.placing(SERVER, PODS)
        self.assertEqual(8, len(self.asked))
        self.assertTrue(all(each.called for each in self.waiting))

    def test_bug(self) -> None:
        """
        A bug is told, and stands in no create's way.
        """
        self.answers["0"] = ZeroDivisionError()
        self.book.placing(SERVER, PODS[:2])
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertEqual({"1": LEFT}, self.book.left("p", Kind.SERVER))
