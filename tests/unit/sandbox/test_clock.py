"""
The time of a fake pod.
"""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from trio2o.sandbox.clock import MANUAL_START, AutomaticClockError, PodClock, StoppableTime


class PodClockTests(SynchronousTestCase):
    """
    Manual and automatic clocks.
    """

    def test_interfaces(self) -> None:
        """
        Both kinds of time are reactor times.
        """
        verifyObject(IReactorTime, PodClock(Clock()))
        verifyObject(IReactorTime, StoppableTime(Clock()))

    def test_automatic(self) -> None:
        """
        An automatic clock follows the reactor and cannot be advanced.
        """
        reactor = Clock()
        clock = PodClock(reactor, start=100)
        done: list[float] = []
        clock.callLater(2, lambda: done.append(clock.seconds()))
        reactor.advance(2)
        self.assertEqual(done, [102.0])
        self.assertRaises(AutomaticClockError, clock.advance, 1)

    def test_manual(self) -> None:
        """
        A manual clock stands still whatever the reactor does, and runs what is due in its order.
        """
        reactor = Clock()
        clock = PodClock(reactor, manual=True)
        done: list[float] = []
        for delay in (3, 1, 2):
            clock.callLater(delay, lambda: done.append(clock.seconds() - MANUAL_START))
        reactor.advance(10)
        self.assertEqual((done, clock.seconds()), ([], MANUAL_START))
        clock.advance(2.5)
        self.assertEqual(done, [2.5, 2.5])

    def test_set(self) -> None:
        """
        The moment shown can be set; what is scheduled keeps its remaining delay.
        """
        clock = PodClock(Clock(), manual=True)
        done: list[int] = []
        clock.callLater(5, done.append, 1)
        moment = datetime(2030, 1, 1, tzinfo=UTC)
        clock.set_now(moment)
        self.assertEqual(clock.now(), moment)
        clock.advance(4.9)
        self.assertEqual(done, [])
        clock.advance(0.1)
        self.assertEqual(done, [1])


class StoppableTimeTests(SynchronousTestCase):
    """
    A time that leaves nothing behind.
    """

    def test_cancels(self) -> None:
        """
        After `cancel_all` nothing of it is pending, and what had run had run.
        """
        reactor = Clock()
        time = StoppableTime(reactor)
        done: list[int] = []
        time.callLater(1, done.append, 1)
        time.callLater(2, done.append, 2)
        time.callLater(3, done.append, 3).cancel()
        reactor.advance(1)
        time.cancel_all()
        self.assertEqual((reactor.getDelayedCalls(), time.getDelayedCalls()), ([], []))
        reactor.advance(9)
        self.assertEqual(done, [1])

    def test_many(self) -> None:
        """
        Thousands of calls that ran or were cancelled are not remembered.
        """
        reactor = Clock()
        time = StoppableTime(reactor)
        for _ in range(5000):
            time.callLater(1, lambda: None).cancel()
        self.assertLess(len(time._pending), 1100)
