"""
Asking pods anew where a client has changed what they offer.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import PodUnreachable
from trio2o.model import Pod, PodState
from trio2o.usage.offers import OfferRefresher


class RefresherTests(SynchronousTestCase):
    """
    Twenty pods, one of them disabled.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.pods = [Pod(id=str(number), name=f"Pod{number}", az_name="az1") for number in range(19)]
        self.pods.append(Pod(id="off", name="Off", az_name="az1", state=PodState.DISABLED))
        self.asked: list[str] = []
        self.readings = 0
        #: What pods are waited for, by id.
        self.waiting: dict[str, Deferred[None]] = {}
        self.refresher = OfferRefresher(
            clock=self.clock, pods=lambda: self.pods, collect=self.collect, read=self.read
        )
        self.refresher.startService()

    async def collect(self, pod: Pod) -> None:
        """
        Ask a pod.
        """
        self.asked.append(pod.id)
        if pod.id in self.waiting:
            await self.waiting[pod.id]
        if pod.id == "1":
            raise PodUnreachable("Pod1", "refused", sent=False)

    async def read(self) -> None:
        """
        Read what was stored.
        """
        self.readings += 1

    def test_soon_and_once(self) -> None:
        """
        Changes in a row are one round, a few seconds later; a pod that does not answer keeps no other back.
        """
        for _ in range(3):
            self.refresher.changed()
            self.clock.advance(1)
        self.assertEqual([], self.asked)
        self.clock.advance(10)
        self.assertEqual({pod.id for pod in self.pods[:-1]}, set(self.asked))
        self.assertEqual((19, 1), (len(self.asked), self.readings))

    def test_meanwhile(self) -> None:
        """
        A change while pods are asked has them asked again after that.
        """
        self.waiting["3"] = Deferred()
        self.refresher.changed()
        self.clock.advance(10)
        self.refresher.changed()
        self.clock.advance(10)
        self.assertEqual((19, 0), (len(self.asked), self.readings))
        self.waiting.pop("3").callback(None)
        self.clock.advance(10)
        self.assertEqual((38, 2), (len(self.asked), self.readings))

    def test_some_at_once(self) -> None:
        """
        So many pods are asked at once, and no more.
        """
        self.waiting = {pod.id: Deferred() for pod in self.pods}
        self.refresher.changed()
        self.clock.advance(10)
        self.assertEqual(8, len(self.asked))

    def test_stopped(self) -> None:
        """
        What is under way at the stop is given up, and nothing begins any more.
        """
        self.waiting = {pod.id: Deferred() for pod in self.pods}
        self.refresher.changed()
        self.clock.advance(10)
        self.successResultOf(self.refresher.stopService())
        self.refresher.changed()
        self.assertEqual(([], 8, 0), (self.clock.getDelayedCalls(), len(self.asked), self.readings))

    def test_stopped_before(self) -> None:
        """
        A round that has not begun does not.
        """
        self.refresher.changed()
        self.successResultOf(self.refresher.stopService())
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_bug(self) -> None:
        """
        A bug with one pod is told, and the others are asked.
        """
        self.pods[2] = None  # type: ignore[call-overload]
        self.refresher._pods = lambda: [pod for pod in self.pods if pod is not None]
        self.waiting["4"] = Deferred()
        self.refresher.changed()
        self.clock.advance(10)
        self.waiting["4"].errback(ZeroDivisionError())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
        self.assertEqual(1, self.readings)
