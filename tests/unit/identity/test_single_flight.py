"""
One piece of work for all who want it.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import Unavailable
from trio2o.identity.single_flight import SingleFlight


class SingleFlightTests(SynchronousTestCase):
    """
    Work that is shared by key.
    """

    def setUp(self) -> None:
        self.flight: SingleFlight[str] = SingleFlight()
        self.started: list[Deferred[str]] = []

    async def work(self) -> str:
        """
        Work that a test ends.
        """
        self.started.append(Deferred())
        return await self.started[-1]

    def test_shared(self) -> None:
        """
        All who ask while it is under way get the one result.
        """
        waiting = [self.flight.join("k", self.work) for _ in range(3)]
        self.started[0].callback("done")
        self.assertEqual([self.successResultOf(each) for each in waiting], ["done"] * 3)
        self.assertEqual(len(self.started), 1)

    def test_again(self) -> None:
        """
        What ended is forgotten: the next one starts anew, also one that asks from a callback.
        """
        again = self.flight.join("k", self.work).addCallback(lambda _: self.flight.join("k", self.work))
        self.started[0].callback("first")
        self.started[1].callback("second")
        self.assertEqual(self.successResultOf(again), "second")

    def test_keys(self) -> None:
        """
        Other keys are other work.
        """
        one, other = self.flight.join(1, self.work), self.flight.join(2, self.work)
        self.started[1].callback("other")
        self.assertNoResult(one)
        self.assertEqual(self.successResultOf(other), "other")

    def test_one_leaves(self) -> None:
        """
        One who gives up does not stop the others, nor the work.
        """
        first, second = self.flight.join("k", self.work), self.flight.join("k", self.work)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.started[0].callback("done")
        self.assertEqual(self.successResultOf(second), "done")

    def test_leaves_during_landing(self) -> None:
        """
        A waiter that makes another one give up when it gets the result harms nobody else.
        """
        first, second, third = (self.flight.join("k", self.work) for _ in range(3))
        first.addCallback(lambda _: second.cancel())
        self.started[0].callback("done")
        self.failureResultOf(second, CancelledError)
        self.assertEqual(self.successResultOf(third), "done")

    def test_all_leave(self) -> None:
        """
        With nobody left the work still ends, and an expected failure of it is no noise.
        """
        self.flight.join("k", self.work).addErrback(lambda _: None).cancel()
        self.started[0].errback(Unavailable("away"))
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_bug_with_nobody_left(self) -> None:
        """
        A bug in work that nobody waits for is logged.
        """
        self.flight.join("k", self.work).addErrback(lambda _: None).cancel()
        self.started[0].errback(ZeroDivisionError())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_failure(self) -> None:
        """
        All get the failure.
        """
        waiting = [self.flight.join("k", self.work) for _ in range(2)]
        self.started[0].errback(Unavailable("away"))
        for each in waiting:
            self.failureResultOf(each, Unavailable)

    def test_cancel(self) -> None:
        """
        When the whole is given up, so is everyone.
        """
        waiting = [self.flight.join(key, self.work) for key in (1, 2)]
        self.flight.cancel()
        for each in waiting:
            self.failureResultOf(each, CancelledError)

    def test_immediate(self) -> None:
        """
        Work that needs no waiting leaves nothing behind.
        """

        async def at_once() -> str:
            return "now"

        self.assertEqual(self.successResultOf(self.flight.join("k", at_once)), "now")
        self.flight.cancel()
