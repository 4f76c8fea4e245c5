"""
The worker: claims jobs that are due and works at so many of them side by side, in every process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from uuid import uuid4

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IJobStore
from trio2o.jobs.attempt import Attempt, Terms
from trio2o.jobs.handlers import JobHandlers
from trio2o.model import Job

_log = Logger()

#: Seconds between two looks at what is due: what others enqueued, and what waited.
POLL = 1.0
#: Seconds until the next look after one that the database did not answer.
_AWAY = 2.0
#: Seconds that jobs have to end by themselves when the daemon stops, and then, cancelled, to be given back.
_FINISHING, _GIVING_BACK = 2.0, 5.0


@define(kw_only=True, eq=False, slots=False)
class JobWorker(Service):
    """
    Looks when this process has enqueued something that is due, when a job has ended, and every second.
    """

    _store: IJobStore
    _handlers: JobHandlers
    _clock: IReactorTime
    _random: Random
    _terms: Terms
    #: How many jobs are worked at side by side.
    _at_once: int
    #: Told of each attempt's kind and outcome.
    _ended: Callable[[str, str], None]
    #: Names this process while it lives.
    name: str = field(factory=lambda: uuid4().hex)
    _attempts: dict[Attempt, Deferred[None]] = field(factory=dict, init=False)
    _next: IDelayedCall | None = field(default=None, init=False)
    _looking: Deferred[None] | None = field(default=None, init=False)
    #: There may be something that the look under way does not see.
    _woken: bool = field(default=False, init=False)

    @property
    def busy(self) -> int:
        """
        How many jobs are worked at.
        """
        return len(self._attempts)

    def startService(self) -> None:
        super().startService()
        self.wake()

    def stopService(self) -> Deferred[None]:
        """
        Claim no more, let those that are nearly done end, and give the others back.
        """
        super().stopService()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        return Deferred.fromCoroutine(self._end())

    def wake(self) -> None:
        """
        Look now: there is a job to begin.
        """
        if not self.running or not self._handlers.kinds:
            return
        if self._looking is not None:
            self._woken = True
            return
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._woken = False
        # there before the look begins: a job may end, and wake, within it
        looking = self._looking = Deferred()
        task = Deferred.fromCoroutine(self._look())
        task.addErrback(lambda failure: _log.failure("the look at jobs that are due failed", failure))
        task.addBoth(lambda _: self._looked(looking))

    async def _look(self) -> None:
        while (limit := self._limit(room := self._room())) > 0:
            began = self._clock.seconds()
            try:
                claimed = await self._store.claim(
                    self.name, kinds=list(room), limit=limit, lease=self._terms.lease
                )
            except DatabaseUnavailable as error:
                _log.debug("jobs wait for the database: {error}", error=str(error))
                self._wait(_AWAY)
                return
            for job in claimed:
                self._begin(job, began)
            if len(claimed) < limit or not self.running:
                return
        # whichever job ends first looks again

    def _room(self) -> dict[str, int]:
        """
        How many more jobs of which kinds may be begun. Thousands of one kind that wait, each for something that hangs, leave
        others a place.
        """
        busy = Counter(attempt.job.kind for attempt in self._attempts)
        kept = max(1, self._at_once // 4) if len(self._handlers.kinds) > 1 else 0
        share = max(1, self._at_once - kept)
        return {kind: share - busy[kind] for kind in self._handlers.kinds if busy[kind] < share}

    def _limit(self, room: Mapping[str, int]) -> int:
        """
        How many are claimed at once, so that no kind gets more than its room, whichever kind they are.
        """
        return min(self._at_once - len(self._attempts), *room.values()) if room else 0

    def _looked(self, looking: Deferred[None]) -> None:
        self._looking = None
        looking.callback(None)
        if self._woken:
            self.wake()
        elif self._next is None:
            self._wait(POLL)

    def _wait(self, seconds: float) -> None:
        if self.running:
            self._next = self._clock.callLater(seconds, self._again)

    def _again(self) -> None:
        self._next = None
        self.wake()

    def _begin(self, job: Job, claimed_at: float) -> None:
        attempt = Attempt(
            job=job,
            handler=self._handlers.handler(job.kind),
            store=self._store,
            clock=self._clock,
            random=self._random,
            terms=self._terms,
            claimed_at=claimed_at,
            ended=self._ended,
        )
        if not self.running:
            attempt.stop()
        done: Deferred[None] = Deferred()
        self._attempts[attempt] = done
        running = Deferred.fromCoroutine(attempt.run())
        running.addErrback(lambda failure: _log.failure("an attempt at a job failed to end", failure))
        running.addBoth(self._free, attempt, done)

    def _free(self, _: object, attempt: Attempt, done: Deferred[None]) -> None:
        del self._attempts[attempt]
        done.callback(None)
        self.wake()

    async def _end(self) -> None:
        if self._looking is not None:
            await DeferredList([self._looking])
        await self._bounded(_FINISHING)
        for attempt in list(self._attempts):
            attempt.stop()
        await self._bounded(_GIVING_BACK)
        if self._attempts:
            _log.warn("{count} jobs do not let go; their leases end", count=len(self._attempts))

    async def _bounded(self, seconds: float) -> None:
        """
        Wait for the jobs under way, at most so long.
        """
        if not self._attempts:
            return
        enough: Deferred[Any] = deferLater(self._clock, seconds)
        ended = DeferredList(list(self._attempts.values()))
        await DeferredList([ended, enough], fireOnOneCallback=True)
        if not enough.called:
            enough.addErrback(lambda _: None)
            enough.cancel()
