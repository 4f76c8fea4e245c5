"""
The worker: which jobs it takes, when, and what it leaves behind.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from tests.unit.jobs.case import JobsCase, Painting
from trio2o.jobs.worker import JobWorker
from trio2o.model import JobState, NewJob


class LookTests(JobsCase):
    """
    Taking jobs.
    """

    def test_others(self) -> None:
        """
        What another process enqueued is begun within a second.
        """
        self.enqueue()
        self.assertEqual([], self.handler.begun)
        self.advance(1.0)
        self.assertEqual(["k"], self.handler.begun)

    def test_bounded(self) -> None:
        """
        So many are worked at side by side, and the next begins as soon as one ends.
        """
        for key in "abcde":
            self.enqueue(key)
        self.advance(3.0)
        self.assertEqual(["a", "b", "c"], self.handler.begun)
        self.assertEqual(3, self.worker.busy)
        self.handler.under_way["b"].callback(None)
        self.assertEqual(["a", "b", "c", "d"], self.handler.begun)

    def test_many_of_a_kind(self) -> None:
        """
        However many jobs of a kind wait that do not end, a place is left for those of others; it is taken at once, and for no
        more of the many.
        """
        self.successResultOf(self.worker.stopService())
        sanding = Painting()
        sanding.kind = "sand"
        self.worker = self.a_worker(4, self.handler, sanding)
        for number in range(20):
            self.enqueue(str(number))
        self.worker.startService()
        self.advance(3.0)
        self.assertEqual(["0", "1", "2"], self.handler.begun)

        self.now(self.store.enqueue(NewJob(kind="sand", key="a")))
        self.now(self.store.enqueue(NewJob(kind="sand", key="b")))
        self.advance(1.0)
        self.assertEqual(["a"], sanding.begun)
        sanding.under_way["a"].callback(None)
        self.assertEqual(["a", "b"], sanding.begun)
        self.handler.under_way["1"].callback(None)
        self.assertEqual((["0", "1", "2", "3"], 4), (self.handler.begun, self.worker.busy))

    def test_one_at_once(self) -> None:
        """
        Who works at one job at once takes any kind.
        """
        self.successResultOf(self.worker.stopService())
        sanding = Painting()
        sanding.kind = "sand"
        self.worker = self.a_worker(1, self.handler, sanding)
        self.enqueue("a")
        self.now(self.store.enqueue(NewJob(kind="sand", key="b", delay=0.5)))
        self.worker.startService()
        self.handler.under_way["a"].callback(None)
        self.advance(1.0)
        self.assertEqual((["a"], ["b"]), (self.handler.begun, sanding.begun))

    def test_woken_within(self) -> None:
        """
        Who is woken during a look looks once more.
        """
        self.handler.instead = lambda job: self.worker.wake()
        for key in "abcde":
            self.enqueue(key)
        self.worker.wake()
        self.assertEqual(list("abcde"), self.handler.begun)

    def test_nothing_to_do(self) -> None:
        """
        A process without handlers asks for nothing.
        """
        idle = self.a_worker()
        idle._handlers._by_kind.clear()
        self.database.available = False
        before = len(self.clock.getDelayedCalls())
        idle.startService()
        idle.wake()
        self.assertEqual(before, len(self.clock.getDelayedCalls()))
        self.successResultOf(idle.stopService())

    def test_other_kinds(self) -> None:
        """
        What this process has no handler for is left to others.
        """
        other = Painting()
        other.kind = "sand"
        sander = self.a_worker(3, other)
        job = self.enqueue()
        self.successResultOf(self.worker.stopService())
        sander.startService()
        self.advance(5.0)
        self.assert_state(JobState.WAITING, job)
        self.successResultOf(sander.stopService())

    def test_database_away(self) -> None:
        """
        While the database is away it is asked again and again, and what waits is begun when it is back.
        """
        self.enqueue()
        self.database.available = False
        self.advance(60.0)
        self.assertEqual([], self.handler.begun)
        self.database.available = True
        self.advance(2.0)
        self.assertEqual(["k"], self.handler.begun)


class StopTests(JobsCase):
    """
    SIGTERM.
    """

    def stopped(self, worker: JobWorker) -> Deferred[None]:
        """
        Stop it.
        """
        stopping: Deferred[None] = worker.stopService()
        return stopping

    def test_idle(self) -> None:
        """
        Who has nothing under way stops at once, and begins nothing any more.
        """
        self.successResultOf(self.stopped(self.worker))
        self.enqueue()
        self.worker.wake()
        self.advance(5.0)
        self.assertEqual([], self.handler.begun)

    def test_nearly_done(self) -> None:
        """
        What ends within two seconds is done.
        """
        job = self.enqueue()
        self.advance(1.0)
        stopping = self.stopped(self.worker)
        self.clock.advance(1.9)
        self.assertNoResult(stopping)
        self.handler.under_way["k"].callback(None)
        self.successResultOf(stopping)
        self.assert_state(JobState.DONE, job)

    def test_given_back(self) -> None:
        """
        What takes longer is cancelled and given back: another process begins it at once, and that is its first attempt.
        """
        job = self.enqueue()
        self.advance(1.0)
        stopping = self.stopped(self.worker)
        self.clock.advance(2.0)
        self.successResultOf(stopping)
        self.assertEqual(0, self.assert_state(JobState.WAITING, job).attempts)
        self.assertEqual([("paint", "given_back")], self.outcomes)

        other = self.a_worker()
        other.startService()
        self.assertEqual(1, self.assert_state(JobState.RUNNING, job).attempts)
        self.handler.under_way["k"].callback(None)
        self.successResultOf(other.stopService())

    def test_claimed_meanwhile(self) -> None:
        """
        What the database gives while the worker stops is given back without being begun.
        """
        job = self.enqueue()
        slow = _SlowClaims(self.store)
        worker = self.a_worker()
        worker._store = slow
        self.successResultOf(self.stopped(self.worker))
        worker.startService()
        stopping = self.stopped(worker)
        self.assertNoResult(stopping)
        slow.held.callback(None)
        self.successResultOf(stopping)
        self.assertEqual([], self.handler.begun)
        self.assert_state(JobState.WAITING, job)

    def test_not_letting_go(self) -> None:
        """
        A handler that does not let go keeps the daemon for a few seconds, not for ever.
        """
        held: Deferred[None] = Deferred()

        class Deaf(Painting):
            async def work(self, job: object, tell: object) -> None:
                try:
                    await Deferred()
                except CancelledError:
                    await held

        worker = self.a_worker(3, Deaf())
        self.successResultOf(self.stopped(self.worker))
        self.enqueue()
        worker.startService()
        stopping = self.stopped(worker)
        self.advance(6.9)
        self.assertNoResult(stopping)
        self.advance(0.2)
        self.successResultOf(stopping)
        held.callback(None)

    def test_database_away(self) -> None:
        """
        With the database away nobody is waited for: the leases end by themselves.
        """
        job = self.enqueue()
        self.advance(1.0)
        self.database.available = False
        stopping = self.stopped(self.worker)
        self.clock.advance(2.0)
        self.successResultOf(stopping)
        self.assertEqual([("paint", "lost")], self.outcomes)
        self.database.available = True
        self.assert_state(JobState.RUNNING, job)


class _SlowClaims:
    """
    A store whose answers to claims take until the test says so.
    """

    def __init__(self, store: object) -> None:
        self._store = store
        self.held: Deferred[None] = Deferred()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def claim(self, worker: str, **more: object) -> object:
        """
        See ``IJobStore``.
        """
        claimed = await self._store.claim(worker, **more)  # type: ignore[attr-defined]
        await self.held
        return claimed
