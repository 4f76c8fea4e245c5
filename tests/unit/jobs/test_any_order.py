"""
Whatever is done to jobs in whatever order: none is lost, none is worked at by two, one of a key is unfinished.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import AlreadyExists, WrongState
from trio2o.model import Job, JobQuery, JobState, NewJob
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_jobs import MemoryJobs

T = TypeVar("T")

LEASE = 10.0
WORKERS = ("w1", "w2", "w3")
KEYS = ("a", "b")

_which = st.integers(0, 3)
_key = st.sampled_from(("a", "a", "a", "b"))
_ENQUEUE = st.tuples(st.just("enqueue"), _key, st.sampled_from((0.0, 0.0, 3.0, 30.0)))
_CLAIM = st.tuples(st.just("claim"), st.sampled_from(WORKERS), st.integers(1, 2))
_END = st.tuples(st.sampled_from(("finish", "bury", "give_back", "extend", "die", "tell")), _which)
_RETRY = st.tuples(st.just("retry"), _which, st.sampled_from((0.0, 5.0)))
_WAIT = st.tuples(st.just("wait"), st.sampled_from((1.0, 6.0, 11.0)))
_ORDER = st.tuples(st.sampled_from(("withdraw", "cancel", "redo")), _key, _which)
#: Long, and mostly about one key: what is wrong shows where several things meet.
STEPS = st.lists(
    st.one_of(_ENQUEUE, _ENQUEUE, _CLAIM, _CLAIM, _END, _RETRY, _WAIT, _ORDER), min_size=30, max_size=60
)


@define
class Held:
    """
    What a worker believes that it works at; until when its lease holds.
    """

    job: Job
    worker: str
    until: float


@define
class Wishes:
    """
    What has been asked for, and is neither done nor given up by anybody's order: key to the number of the wish.
    """

    numbers: int = 0
    outstanding: dict[str, int] = field(factory=dict)

    def wish(self, key: str) -> int:
        """
        A new one.
        """
        self.numbers += 1
        self.outstanding[key] = self.numbers
        return self.numbers

    def end(self, key: str, number: int) -> None:
        """
        It is done, or hopeless; a newer one is not.
        """
        if self.outstanding.get(key) == number:
            del self.outstanding[key]


class World:
    """
    Three workers over one store.
    """

    def __init__(self, test: SynchronousTestCase) -> None:
        self.test = test
        self.clock = Clock()
        self.clock.advance(1_800_000_000.0)
        self.store = MemoryJobs(MemoryDatabase(self.clock))
        self.held: list[Held] = []
        self.wishes = Wishes()
        self.generations: dict[str, list[int]] = {key: [] for key in KEYS}
        #: The last of them, of orders to redo too.
        self.newest: dict[str, int] = {}
        #: Numbers of wishes that were done.
        self.done: list[int] = []

    def now(self, task: Coroutine[Deferred[Any], Any, T]) -> T:
        """
        What needs no waiting gives, or raises.
        """
        results: list[Any] = []
        Deferred.fromCoroutine(task).addBoth(results.append)
        (result,) = results
        if isinstance(result, Failure):
            result.raiseException()
        given: T = result
        return given

    def step(self, name: str, *arguments: Any) -> None:
        """
        Do one thing, and look whether everything is as it must be.
        """
        if name in ("finish", "bury", "give_back", "extend", "die", "tell", "retry"):
            which, *more = arguments
            if self.held:
                getattr(self, name)(self.held[which % len(self.held)], *more)
        else:
            getattr(self, name)(*arguments)
        self.check()

    def enqueue(self, key: str, delay: float) -> None:
        """
        Somebody wants something.
        """
        number = self.wishes.wish(key)
        job = self.now(
            self.store.enqueue(NewJob(kind="paint", key=key, payload={"wish": number}, delay=delay))
        )
        self.generations[key].append(job.generation)
        self.newest[key] = job.generation

    def claim(self, worker: str, limit: int) -> None:
        """
        A worker looks.
        """
        asked = self.clock.seconds()
        for job in self.now(self.store.claim(worker, kinds=["paint"], limit=limit, lease=LEASE)):
            for other in self.held:
                if other.job.id == job.id:
                    self.test.assertLessEqual(other.until, asked, f"{other.worker} holds {job.key}")
            if job.cancelling:
                self.now(self.store.give_back(job))
                continue
            self.test.assertEqual(self.wishes.outstanding.get(job.key), job.payload["wish"])
            self.held.append(Held(job, worker, asked + LEASE))

    def finish(self, held: Held) -> None:
        """
        A worker is done, whether or not it holds the job still.
        """
        self.held.remove(held)
        if self.now(self.store.finish(held.job)) is not None:
            self.done.append(held.job.payload["wish"])
            self.wishes.end(held.job.key, held.job.payload["wish"])

    def bury(self, held: Held) -> None:
        """
        A worker finds it hopeless.
        """
        self.held.remove(held)
        if self.now(self.store.bury(held.job, "no")) is not None:
            self.wishes.end(held.job.key, held.job.payload["wish"])

    def retry(self, held: Held, delay: float) -> None:
        """
        A worker fails.
        """
        self.held.remove(held)
        self.now(self.store.retry(held.job, "no", delay))

    def give_back(self, held: Held) -> None:
        """
        A worker stops.
        """
        self.held.remove(held)
        self.now(self.store.give_back(held.job))

    def extend(self, held: Held) -> None:
        """
        A worker holds on; it lets go where it cannot, or is told to.
        """
        extended = self.now(self.store.extend(held.job, LEASE))
        if extended is None:
            self.held.remove(held)
        elif extended.cancelling:
            self.give_back(held)
        else:
            held.until = self.clock.seconds() + LEASE

    def tell(self, held: Held) -> None:
        """
        A worker tells how far it is.
        """
        self.now(self.store.tell(held.job, "half"))

    def die(self, held: Held) -> None:
        """
        A worker ends without a word.
        """
        self.held.remove(held)

    def wait(self, seconds: float) -> None:
        """
        Time passes.
        """
        self.clock.advance(seconds)

    def withdraw(self, key: str, which: int) -> None:
        """
        Somebody who enqueued it needs it no more.
        """
        known = self.generations[key]
        generation = known[which % len(known)] if known else 0
        if self.now(self.store.withdraw("paint", key, generation)):
            self.test.assertEqual(self.newest[key], generation, "somebody has wanted it since")
            del self.wishes.outstanding[key]

    def cancel(self, key: str, which: int) -> None:
        """
        An operator does not want it.
        """
        job = self.one(key, which)
        if job is not None:
            try:
                self.now(self.store.cancel(job.id))
            except WrongState:
                self.test.assertTrue(job.state.finished)
            else:
                self.wishes.outstanding.pop(key, None)

    def redo(self, key: str, which: int) -> None:
        """
        An operator wants it once more.
        """
        job = self.one(key, which)
        if job is not None:
            try:
                self.newest[key] = self.now(self.store.redo(job.id)).generation
            except WrongState:
                self.test.assertIs(JobState.RUNNING, job.state)
            except AlreadyExists:
                self.test.assertTrue(job.state.finished)
            else:
                self.wishes.outstanding[key] = job.payload["wish"]

    def one(self, key: str, which: int) -> Job | None:
        """
        A job of a key, newest first.
        """
        found = [job for job in self.jobs() if job.key == key]
        return found[which % len(found)] if found else None

    def jobs(self) -> list[Job]:
        """
        All of them.
        """
        return list(self.now(self.store.list_jobs(JobQuery())))

    def check(self) -> None:
        """
        What holds at all times.
        """
        unfinished = [job for job in self.jobs() if not job.state.finished]
        self.test.assertEqual(len({job.key for job in unfinished}), len(unfinished))
        by_key = {job.key: job for job in unfinished}
        for key, number in self.wishes.outstanding.items():
            self.test.assertIn(key, by_key, "lost")
            self.test.assertEqual(number, by_key[key].payload["wish"])
        for job in self.jobs():
            self.test.assertEqual(job.state.finished, job.due_at is None)
            self.test.assertEqual(job.state.finished, job.ended_at is not None)
            self.test.assertGreaterEqual(job.attempts, 0)

    def settle(self) -> None:
        """
        Every worker dies but one, which does all that there is.
        """
        self.held.clear()
        for _ in range(2 * len(KEYS)):
            self.wait(60.0)
            self.claim("w1", 10)
            for held in list(self.held):
                self.finish(held)
            self.check()


class AnyOrderTests(SynchronousTestCase):
    """
    Steps in any order.
    """

    @settings(max_examples=400, deadline=None)
    @given(steps=STEPS)
    def test_promises(self, steps: list[tuple[Any, ...]]) -> None:
        """
        What is wanted is done in the end with what was wanted last, by one at a time.
        """
        world = World(self)
        for step in steps:
            world.step(*step)
        last = dict(world.wishes.outstanding)

        world.settle()

        self.assertEqual({}, world.wishes.outstanding)
        self.assertEqual([], [job for job in world.jobs() if not job.state.finished])
        self.assertEqual(set(), set(last.values()) - set(world.done))
