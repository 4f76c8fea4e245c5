"""
Work that goes on.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.adoption.endless import Endless
from trio2o.errors import DatabaseUnavailable


class EndlessTests(SynchronousTestCase):
    """
    Steps.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.steps = 0
        self.failure: Exception | None = None
        self.held: Deferred[None] | None = None
        self.work = Endless(self.clock, self.step, "the work")

    async def step(self) -> float:
        """
        Count, and be as the test wants it.
        """
        self.steps += 1
        if self.held is not None:
            await self.held
        if self.failure is not None:
            raise self.failure
        return 3.0

    def test_steps(self) -> None:
        """
        A step follows the one before after the time that it gave, until it is stopped; starting twice is once.
        """
        self.work.start()
        self.work.start()
        self.assertEqual(1, self.steps)
        self.clock.advance(2.9)
        self.assertEqual(1, self.steps)
        self.clock.advance(0.1)
        self.assertEqual(2, self.steps)
        self.work.stop()
        self.clock.advance(100.0)
        self.assertEqual(2, self.steps)
        self.work.start()
        self.assertEqual(3, self.steps)
        self.work.stop()

    def test_stopped_within(self) -> None:
        """
        A step that is under way is given up.
        """
        self.held = Deferred()
        self.work.start()
        self.work.stop()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertEqual([], self.flushLoggedErrors())

    def test_failures(self) -> None:
        """
        After a mistake, which is logged, and without the database, which is not, it goes on after a while.
        """
        self.failure = DatabaseUnavailable("away")
        self.work.start()
        self.clock.advance(10.0)
        self.assertEqual(2, self.steps)
        self.failure = ZeroDivisionError()
        self.clock.advance(10.0)
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.failure = None
        self.clock.advance(10.0)
        self.assertEqual(4, self.steps)
        self.failure = ZeroDivisionError()
        self.clock.advance(3.0)
        self.flushLoggedErrors(ZeroDivisionError)
        self.work.stop()
        self.assertEqual([], self.clock.getDelayedCalls())
