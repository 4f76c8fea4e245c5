"""
The embedded server while the daemon runs.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from trio2o.service.database import watch_over
from trio2o.storage.installation import EmbeddedError


class WatchTests(SynchronousTestCase):
    """
    What ended is started again.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.connected = True
        self.revivals = 0
        self.problem = ""
        self.errors: list[str] = []
        globalLogPublisher.addObserver(self.seen)
        self.addCleanup(globalLogPublisher.removeObserver, self.seen)
        self.watching = Deferred.fromCoroutine(watch_over(self.clock, lambda: self.connected, self.revive))

    async def revive(self) -> bool:
        """
        Count, and fail where the test says so.
        """
        self.revivals += 1
        if self.problem:
            raise EmbeddedError(self.problem)
        return True

    def seen(self, event: LogEvent) -> None:
        """
        Keep what is told as an error.
        """
        if event["log_level"].name == "error" and "reason" in event:
            self.errors.append(event["reason"])

    def wait(self, seconds: int) -> None:
        """
        Let so many seconds pass.
        """
        self.clock.pump([1.0] * seconds)

    def test_connected(self) -> None:
        """
        While there are connections nobody looks.
        """
        self.wait(10)

        self.assertEqual(0, self.revivals)

    def test_away(self) -> None:
        """
        While there are none it is looked again and again.
        """
        self.connected = False
        self.wait(4)

        self.assertEqual(2, self.revivals)

    def test_does_not_start(self) -> None:
        """
        One that does not start is tried on, and told once for each reason.
        """
        self.connected = False
        for self.problem in ("no space", "no memory"):
            self.wait(4)

        self.assertEqual((4, ["no space", "no memory"]), (self.revivals, self.errors))
        self.assertNoResult(self.watching)

    def test_over(self) -> None:
        """
        It ends when the daemon stops.
        """
        self.watching.cancel()

        self.failureResultOf(self.watching, CancelledError)
        self.assertEqual([], self.clock.getDelayedCalls())
