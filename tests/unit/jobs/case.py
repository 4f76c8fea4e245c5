"""
A queue in memory, a clock, and handlers that do what a test wants.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from trio2o.interfaces import IJobHandler, TellProgress
from trio2o.jobs.attempt import Terms
from trio2o.jobs.handlers import JobHandlers
from trio2o.jobs.worker import JobWorker
from trio2o.model import Job, JobState, NewJob
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_jobs import MemoryJobs

T = TypeVar("T")


@implementer(IJobHandler)
class Painting:
    """
    Notes what it is given; works for as long as the test does not end it, unless the test wants something else.
    """

    kind = "paint"

    def __init__(self) -> None:
        #: What was begun: the keys, in their order.
        self.begun: list[str] = []
        #: What has not ended, by key.
        self.under_way: dict[str, Deferred[None]] = {}
        self.tell: TellProgress | None = None
        #: Done in place of waiting.
        self.instead: Callable[[Job], None] | None = None

    async def work(self, job: Job, tell: TellProgress) -> None:
        """
        See ``IJobHandler``.
        """
        self.begun.append(job.key)
        self.tell = tell
        if self.instead is not None:
            self.instead(job)
            return
        waiting = self.under_way[job.key] = Deferred()
        try:
            await waiting
        finally:
            del self.under_way[job.key]


class JobsCase(SynchronousTestCase):
    """
    One worker that has started, and leases of 60 seconds.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000.0)
        self.database = MemoryDatabase(self.clock)
        self.store = MemoryJobs(self.database)
        self.handler = Painting()
        #: Kind and outcome of each attempt.
        self.outcomes: list[tuple[str, str]] = []
        self.worker = self.a_worker()
        self.worker.startService()
        self.addCleanup(self.nothing_waits)

    def a_worker(self, at_once: int = 3, *given: IJobHandler) -> JobWorker:
        """
        One that has not started.
        """
        handlers = JobHandlers()
        for handler in given or (self.handler,):
            handlers.add(handler)
        return JobWorker(
            store=self.store,
            handlers=handlers,
            clock=self.clock,
            random=Random(1),
            terms=Terms(lease=60.0, longest_pause=300.0, longest_work=1000.0),
            at_once=at_once,
            ended=lambda kind, outcome: self.outcomes.append((kind, outcome)),
        )

    def nothing_waits(self) -> None:
        """
        A worker that has stopped leaves nothing behind.
        """
        self.database.available = True
        stopped = self.worker.stopService()
        self.clock.pump([1.0] * 10)
        self.successResultOf(stopped)
        self.assertEqual([], self.clock.getDelayedCalls())

    def now(self, task: Coroutine[Deferred[Any], Any, T]) -> T:
        """
        The result of what needs no waiting.
        """
        return self.successResultOf(Deferred.fromCoroutine(task))

    def enqueue(self, key: str = "k", **more: Any) -> Job:
        """
        Enqueue a job in some other process.
        """
        return self.now(self.store.enqueue(NewJob(kind="paint", key=key, **more)))

    def advance(self, seconds: float, step: float = 1.0) -> None:
        """
        Let time pass in small steps, as it does.
        """
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.clock.advance(min(step, end - self.clock.seconds()))

    def job(self, job: Job) -> Job:
        """
        How it is by now.
        """
        return self.now(self.store.job(job.id))

    def assert_state(self, state: JobState, job: Job) -> Job:
        """
        Check its state, and give it.
        """
        found = self.job(job)
        self.assertIs(state, found.state)
        return found
