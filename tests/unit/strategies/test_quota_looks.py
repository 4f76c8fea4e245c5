"""
Looks that several wait for at once.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import DatabaseUnavailable
from trio2o.strategies.quota_looks import Looks, Project

P = ("compute", "p1")


class LookTests(SynchronousTestCase):
    """
    Looks that end when the test says so, with a second between two of them.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.begun: list[tuple[Project, Deferred[None]]] = []
        self.looks = Looks(clock=self.clock, look=self.look, between=1.0, most=2)

    async def look(self, project: Project) -> None:
        """
        Wait for the test.
        """
        under_way: Deferred[None] = Deferred()
        self.begun.append((project, under_way))
        await under_way

    def end(self, number: int) -> None:
        """
        End one.
        """
        self.begun[number][1].callback(None)

    def test_one_for_all(self) -> None:
        """
        Who asks while a look is under way waits for the next one, which begins a while after and is one for all.
        """
        first = self.looks.anew(P)
        others = [self.looks.anew(P) for _ in range(300)]
        self.assertEqual(1, len(self.begun))
        self.end(0)
        self.successResultOf(first)
        self.assertNoResult(others[0])
        self.clock.advance(0.9)
        others.append(self.looks.anew(P))
        self.assertEqual(1, len(self.begun))
        self.clock.advance(0.2)
        self.assertEqual(2, len(self.begun))
        self.end(1)
        for each in others:
            self.successResultOf(each)
        self.clock.advance(9.0)
        self.assertEqual(2, len(self.begun))
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_after_a_while(self) -> None:
        """
        Long after the last one a look begins at once; and so does one at another project.
        """
        self.looks.anew(P)
        self.end(0)
        self.clock.advance(1.1)
        self.looks.anew(P)
        self.looks.anew(("volume", "p1"))
        self.assertEqual([P, P, ("volume", "p1")], [project for project, _ in self.begun])

    def test_gives_up(self) -> None:
        """
        Whoever gives up, the first one too, neither stops the look nor fails the others.
        """
        first = self.looks.anew(P)
        second, third = self.looks.anew(P), self.looks.anew(P)
        first.cancel()
        self.failureResultOf(first)
        self.end(0)
        self.clock.advance(1.0)
        second.cancel()
        self.failureResultOf(second)
        self.assertNoResult(third)
        self.end(1)
        self.successResultOf(third)

    def test_fails(self) -> None:
        """
        What a look raises all get that wait for it; the next one is not touched by it.
        """
        first = self.looks.anew(P)
        second = self.looks.anew(P)
        self.begun[0][1].errback(DatabaseUnavailable("away"))
        self.failureResultOf(first, DatabaseUnavailable)
        self.clock.advance(1.0)
        self.end(1)
        self.successResultOf(second)

    def test_fails_for_nobody(self) -> None:
        """
        A failure that nobody waits for any more is no unhandled error.
        """
        first = self.looks.anew(P)
        first.cancel()
        self.failureResultOf(first)
        self.begun[0][1].errback(DatabaseUnavailable("away"))
        self.successResultOf(self.retry())

    def retry(self) -> Deferred[None]:
        """
        A later look.
        """
        self.clock.advance(1.0)
        again = self.looks.anew(P)
        self.end(1)
        return again

    def test_bounded(self) -> None:
        """
        It is forgotten when the last look ended at projects that were not looked at for long.
        """
        for number in range(3):
            self.looks.anew(("compute", str(number)))
            self.end(number)
        self.looks.anew(("compute", "2"))
        self.assertEqual(3, len(self.begun))
        self.looks.anew(("compute", "0"))
        self.assertEqual(4, len(self.begun))
        self.clock.advance(1.0)
