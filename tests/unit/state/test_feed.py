"""
:mod:`trio2o.state.feed`, over the stores in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Coroutine
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.unit.state.samples import a_pod
from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IFollower
from trio2o.model import Binding
from trio2o.state.cache import MemoryState
from trio2o.state.feed import StateFeed
from trio2o.storage.memory import MemoryBindings, MemoryChanges, MemoryDatabase, MemoryPods

T = TypeVar("T")


@implementer(IFollower)
@define
class Follower:
    """
    Tells what it was told to read.
    """

    #: How many times the database is away.
    failing: int = 0
    table: str = field(default="things", init=False)
    #: ``None`` for everything.
    read: list[set[str] | None] = field(factory=list, init=False)

    async def load(self) -> None:
        self._note(None)

    async def take_over(self, row_ids: Collection[str]) -> None:
        self._note(set(row_ids))

    def _note(self, what: set[str] | None) -> None:
        if self.failing:
            self.failing -= 1
            raise DatabaseUnavailable("taken away")
        self.read.append(what)


class StateFeedTests(SynchronousTestCase):
    """
    The state follows the database.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.database = MemoryDatabase(self.clock)
        self.pods = MemoryPods(self.database)
        self.bindings = MemoryBindings(self.database)
        self.state = MemoryState(self.clock)
        self.feed = StateFeed(
            self.clock,
            MemoryChanges(self.database),
            self.pods,
            self.bindings,
            self.state,
            check_interval=5.0,
            lag_limit=2.0,
            reload_interval=600.0,
        )
        self.addCleanup(lambda: self.feed.running and self.feed.stopService())

    def now(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """
        The result of what does not wait.
        """
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def bind(self, pod_id: str, replaces: str | None = None) -> Binding:
        """
        Write a binding of ``p1``, as another process would.
        """
        return self.now(
            self.bindings.bind("p1", pod_id, az_name="az1", pod_group="", reason="created", replaces=replaces)
        )

    def test_load(self) -> None:
        """
        Starting loads everything, and then the state is ready and current.
        """
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        binding = self.bind(pod.id)
        self.feed.startService()
        self.now(self.feed.started())
        self.assertEqual((True, True), (self.state.ready, self.state.current))
        self.assertEqual(((pod,), binding), (self.state.pods(), self.state.binding("p1", "az1", "")))
        self.assertEqual(1, self.feed.loads)

    def test_load_in_stretches(self) -> None:
        """
        A snapshot with very many bindings is taken over bit by bit, and whole.
        """
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        for number in range(10_001):
            self.database._serial += 1
            self.database.bindings[f"b{number}"] = Binding(
                id=f"b{number}",
                tenant_id=f"p{number}",
                pod_id=pod.id,
                az_name="az1",
                is_binding=True,
                created_at=self.database.now(),
            )
        self.feed.startService()
        self.assertFalse(self.state.ready)
        self.clock.advance(0)
        self.assertTrue(self.state.ready)
        self.assertIsNotNone(self.state.binding("p10000", "az1", ""))

    def test_changes(self) -> None:
        """
        What is announced is applied at once, without another full reading.
        """
        self.feed.startService()
        first = self.now(self.pods.create_pod(a_pod("Pod1")))
        second = self.now(self.pods.create_pod(a_pod("Pod2")))
        self.assertEqual((first, second), self.state.pods())
        old = self.bind(first.id)
        self.assertEqual(old, self.state.binding("p1", "az1", ""))
        self.clock.advance(1)
        new = self.bind(second.id, old.id)
        self.assertEqual((new,), self.state.bindings_of("p1"))
        self.now(self.bindings.end_binding(new.id, "admin"))
        self.assertEqual((), self.state.bindings_of("p1"))
        self.assertEqual((1, self.database.last), (self.feed.loads, self.state.change))

    def test_many_changes(self) -> None:
        """
        More changes than one question gives are all applied.
        """
        self.feed.startService()
        self.database.lose_listeners()
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        for number in range(1100):
            self.now(self.bindings.create_binding(f"p{number}", pod.id))
        self.database.restore_listeners()
        self.assertEqual(1, len(self.state.bindings_of("p1099")))
        self.assertEqual((1, 1101), (self.feed.loads, self.state.change))

    def test_followers(self) -> None:
        """
        What else is kept is read whole with the snapshot, and then what the change log names of its table, once for all changes
        of one row; other tables' changes are none of its.
        """
        follower = Follower()
        self.feed.followers = [follower]
        self.feed.startService()
        self.now(self.pods.create_pod(a_pod("Pod1")))
        self.assertEqual([None], follower.read)
        self.database.lose_listeners()
        for row_id in ("a", "b", "a"):
            self.database.note("things", row_id)
        self.database.restore_listeners()
        self.assertEqual([None, {"a", "b"}], follower.read)

    def test_follower_fails(self) -> None:
        """
        What a follower could not read is read again, and until then nothing counts as taken over.
        """
        # the listener that connects, and the start, have it read each
        follower = Follower(failing=2)
        self.feed.followers = [follower]
        self.feed.startService()
        self.assertEqual((False, 0), (self.state.ready, self.feed.loads))
        self.clock.advance(1)
        self.assertEqual((True, 1), (self.state.ready, self.feed.loads))
        follower.failing = 1
        self.database.note("things", "a")
        self.assertEqual((False, 0), (self.state.current, self.state.change))
        self.clock.advance(1)
        self.assertEqual((True, 1), (self.state.current, self.state.change))
        self.assertEqual([None, {"a"}], follower.read)

    def test_lost_listener(self) -> None:
        """
        Without its listener the state is not current; when it is back what was missed is applied.
        """
        self.feed.startService()
        self.database.lose_listeners()
        self.assertFalse(self.state.current)
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        self.assertEqual((), self.state.pods())
        self.database.restore_listeners()
        self.assertEqual((pod,), self.state.pods())
        self.assertTrue(self.state.current)
        self.assertEqual(1, self.feed.loads)

    def test_missed_announcement(self) -> None:
        """
        A change that was never announced is found by the next look, listener or not.
        """
        self.feed.startService()
        self.database.lose_listeners()
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        self.clock.advance(5)
        self.assertEqual((pod,), self.state.pods())
        self.assertFalse(self.state.current)

    def test_stays_current(self) -> None:
        """
        Quiet hours leave the state current.
        """
        self.feed.startService()
        for _ in range(100):
            self.clock.advance(5)
            self.assertTrue(self.state.current)

    def test_paused_process(self) -> None:
        """
        A process that stood still for a while does not trust its memory before it has looked.
        """
        self.feed.startService()
        for seconds in (1.1, 4.0, 60.0):
            self.clock.rightNow += seconds
            self.assertFalse(self.state.current)
            self.clock.advance(0)
            self.assertTrue(self.state.current)

    def test_paused_while_reading(self) -> None:
        """
        What was asked before a pause and is read after it proves nothing: the database is asked again, and only then trusted.
        """
        self.feed.startService()
        log = StuckLog(self.feed._changes)
        self.feed._changes = log  # type: ignore[assignment]
        self.clock.pump([0.5] * 10)
        self.clock.rightNow += 3.0
        log.stuck.callback(None)
        self.assertFalse(self.state.current)
        log.stuck = Deferred()
        self.clock.advance(0)
        self.assertFalse(self.state.current)
        log.stuck.callback(None)
        self.assertTrue(self.state.current)

    def test_slow_process(self) -> None:
        """
        One that is merely slow is not taken for paused, and reads no more than it must.
        """
        self.feed.startService()
        log = CountedLog(self.feed._changes)
        self.feed._changes = log  # type: ignore[assignment]
        for _ in range(12):
            self.clock.advance(0.8)
            self.assertTrue(self.state.current)
        self.assertEqual(1, log.readings)

    def test_pruned_log(self) -> None:
        """
        When the log no longer reaches back everything is read again.
        """
        self.feed.startService()
        self.database.lose_listeners()
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        self.now(self.pods.create_pod(a_pod("Pod2")))
        self.database.prune(1)
        self.database.restore_listeners()
        self.assertIn(pod, self.state.pods())
        self.assertEqual(2, self.feed.loads)

    def test_number_went_back(self) -> None:
        """
        A database that lost its last changes is read anew: what it lost is forgotten here too.
        """
        self.feed.startService()
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        self.assertEqual((pod,), self.state.pods())
        self.database.lose_listeners()
        self.database.pods.clear()
        self.database.changes.clear()
        self.database.last = 0
        self.database.restore_listeners()
        self.assertEqual(((), 2, 0), (self.state.pods(), self.feed.loads, self.state.change))

    def test_timeline_changed(self) -> None:
        """
        Another timeline is another history, even where its number fits.
        """
        self.feed.startService()
        self.now(self.pods.create_pod(a_pod("Pod1")))
        self.database.lose_listeners()
        self.database.pods = {"Pod9-id": a_pod("Pod9")}
        self.database.timeline = "second"
        self.database.restore_listeners()
        self.assertEqual(["Pod9"], [pod.name for pod in self.state.pods()])
        self.assertEqual(2, self.feed.loads)

    def test_starts_without_database(self) -> None:
        """
        With the database away the state waits, and is ready once it is there.
        """
        self.database.available = False
        self.feed.startService()
        started = Deferred.fromCoroutine(self.feed.started())
        self.clock.advance(1)
        self.assertNoResult(started)
        self.database.available = True
        self.clock.pump([1.0] * 5)
        self.successResultOf(started)
        self.assertFalse(self.state.current)
        self.database.restore_listeners()
        self.assertTrue(self.state.current)

    def test_database_lost(self) -> None:
        """
        While the change log cannot be read memory still answers, and says that it is not current.
        """
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        self.feed.startService()
        self.database.available = False
        self.clock.advance(5)
        self.assertFalse(self.state.current)
        self.assertEqual((pod,), self.state.pods())
        self.database.available = True
        self.clock.advance(5)
        self.assertTrue(self.state.current)
        self.assertEqual(1, self.feed.loads)

    def test_lag(self) -> None:
        """
        A change that was announced and is not applied in time makes the state doubtful, until it is applied.
        """
        self.feed.startService()
        log = StuckLog(self.feed._changes)
        self.feed._changes = log  # type: ignore[assignment]
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        self.clock.pump([0.1] * 19)
        self.assertTrue(self.state.current)
        self.clock.advance(0.2)
        self.assertFalse(self.state.current)
        log.stuck.callback(None)
        self.assertEqual((pod,), self.state.pods())
        self.assertTrue(self.state.current)

    def test_behind(self) -> None:
        """
        From an announcement until what it announced is taken over the state is behind, though current.
        """
        self.feed.startService()
        self.assertFalse(self.state.behind)
        log = StuckLog(self.feed._changes)
        self.feed._changes = log  # type: ignore[assignment]
        self.now(self.pods.create_pod(a_pod("Pod1")))
        self.assertEqual((True, True), (self.state.current, self.state.behind))
        # announced while the first one is read: that reading may not have it
        self.now(self.pods.create_pod(a_pod("Pod2")))
        stuck, log.stuck = log.stuck, Deferred()
        stuck.callback(None)
        self.assertTrue(self.state.behind)
        log.stuck.callback(None)
        self.assertEqual((2, False), (len(self.state.pods()), self.state.behind))

    def test_caught_up(self) -> None:
        """
        Whoever asks waits for a reading that begins after the question, one for all.
        """
        self.feed.startService()
        log = StuckLog(self.feed._changes)
        self.feed._changes = log  # type: ignore[assignment]
        first = Deferred.fromCoroutine(self.feed.caught_up())
        later = [Deferred.fromCoroutine(self.feed.caught_up()) for _ in range(3)]
        stuck, log.stuck = log.stuck, Deferred()
        stuck.callback(None)
        self.successResultOf(first)
        for each in later:
            self.assertNoResult(each)
        log.stuck.callback(None)
        for each in later:
            self.successResultOf(each)

    def test_not_caught_up(self) -> None:
        """
        A reading that fails ends the wait, and the state is not current then.
        """
        self.feed.startService()
        log = StuckLog(self.feed._changes)
        self.feed._changes = log  # type: ignore[assignment]
        asked = Deferred.fromCoroutine(self.feed.caught_up())
        seen: list[bool] = []
        asked.addCallback(lambda _: seen.append(self.state.current))
        self.database.available = False
        log.stuck.callback(None)
        self.assertEqual([False], seen)

    def test_left_while_catching_up(self) -> None:
        """
        Who no longer waits stops nobody else, and a feed that stops leaves nobody waiting.
        """
        self.feed.startService()
        log = StuckLog(self.feed._changes)
        self.feed._changes = log  # type: ignore[assignment]
        asked = [Deferred.fromCoroutine(self.feed.caught_up()) for _ in range(3)]
        asked[0].cancel()
        self.failureResultOf(asked[0], CancelledError)
        self.feed.stopService()
        for each in asked[1:]:
            self.failureResultOf(each, CancelledError)
        self.successResultOf(Deferred.fromCoroutine(self.feed.caught_up()))

    def test_listener_lost_while_reading(self) -> None:
        """
        A reading over which the listener was lost does not make the state current.
        """
        self.feed.startService()
        log = StuckLog(self.feed._changes)
        self.feed._changes = log  # type: ignore[assignment]
        self.now(self.pods.create_pod(a_pod("Pod1")))
        self.database.lose_listeners()
        log.stuck.callback(None)
        self.assertFalse(self.state.current)

    def test_late_note_is_corrected(self) -> None:
        """
        A binding noted after its end was applied and forgotten is read back and goes.
        """
        pod = self.now(self.pods.create_pod(a_pod("Pod1")))
        self.feed.startService()
        binding = self.bind(pod.id)
        self.now(self.bindings.end_binding(binding.id, "admin"))
        self.state._ended.clear()
        self.state.note_binding(binding)
        self.assertEqual((binding,), self.state.bindings_of("p1"))
        self.clock.advance(5)
        self.assertEqual((), self.state.bindings_of("p1"))
        self.assertEqual(set(), self.state.unconfirmed)

    def test_full_reading_now_and_then(self) -> None:
        """
        Everything is read again after the reload interval: what nothing announced is mended.
        """
        self.feed.startService()
        self.database.pods["Pod1-id"] = a_pod("Pod1")
        self.clock.pump([5.0] * 119)
        self.assertEqual(((), 1), (self.state.pods(), self.feed.loads))
        self.clock.advance(5)
        self.assertEqual((1, 2), (len(self.state.pods()), self.feed.loads))

    def test_stop(self) -> None:
        """
        A stopped feed waits for nothing, and its state is not current.
        """
        self.feed.startService()
        self.feed.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.assertFalse(self.state.current)
        self.now(self.pods.create_pod(a_pod("Pod1")))
        self.assertEqual((), self.state.pods())

    def test_stop_while_reading(self) -> None:
        """
        A reading under way is given up.
        """
        self.feed._changes = StuckLog(self.feed._changes)  # type: ignore[assignment]
        self.feed.startService()
        started = Deferred.fromCoroutine(self.feed.started())
        self.feed.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())
        self.failureResultOf(started)


class CountedLog:
    """
    A change log that counts how often it is read.
    """

    def __init__(self, log: Any) -> None:
        self.readings = 0
        self._log = log

    async def timeline(self) -> Any:
        """
        What each reading begins with.
        """
        self.readings += 1
        return await self._log.timeline()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


class StuckLog:
    """
    A change log whose next answer waits for :attr:`stuck`.
    """

    def __init__(self, log: Any) -> None:
        self.stuck: Deferred[None] = Deferred()
        self._log = log

    async def timeline(self) -> Any:
        """
        After the wait.
        """
        if not self.stuck.called:
            await self.stuck
        return await self._log.timeline()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)
