"""
One attempt at a job: the work, the lease that is held meanwhile, and what is written down of its end.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from attrs import define, field, frozen
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import DatabaseUnavailable, GatewayError, JobHopeless, JobRetry, PodFailure
from trio2o.interfaces import IJobHandler, IJobStore
from trio2o.jobs.backoff import SHORTEST, backoff
from trio2o.model import Job, JobState

_log = Logger()

#: The share of a lease after which it is extended, and that is left when work ends that could not extend it: whoever
#: claims the job then is alone with it.
_PULSE, _MARGIN = 1 / 6, 1 / 6
#: Seconds until the end of a job is written down again where the database was away.
_AGAIN = 1.0
#: What the handlers' own calls raise on a bad day: told without a traceback.
_FORESEEN = (GatewayError, PodFailure, DatabaseUnavailable)


class _Halt(enum.Enum):
    """
    Why work was cancelled.
    """

    #: Somebody does not want it any more.
    CANCELLED = enum.auto()
    DEADLINE = enum.auto()
    #: The lease could not be kept, or another has claimed the job.
    LOST = enum.auto()
    #: It is tried once more.
    TOO_LONG = enum.auto()
    #: The daemon stops.
    STOPPING = enum.auto()


@frozen(kw_only=True)
class Terms:
    """
    How jobs are worked at.
    """

    #: Seconds that a claim holds without being extended.
    lease: float
    #: Seconds between two attempts at most.
    longest_pause: float
    #: Seconds that an attempt has: what hangs must not keep its place, nor look as if it were being done.
    longest_work: float


@define(kw_only=True, eq=False)
class Attempt:
    """
    Works at a job that was claimed just now; :meth:`run` once.
    """

    job: Job
    _handler: IJobHandler
    _store: IJobStore
    _clock: IReactorTime
    _random: Random
    _terms: Terms
    #: When the claim was asked for, by the clock.
    _claimed_at: float
    #: Told how it ended: ``done``, ``retried``, ``dead``, ``cancelled``, ``given_back`` or ``lost``.
    _ended: Callable[[str, str], None]
    _work: Deferred[None] | None = field(default=None, init=False)
    _halted: _Halt | None = field(default=None, init=False)
    #: Nobody waits for the database any more.
    _stopping: bool = field(default=False, init=False)
    #: The work has ended, and the lease is held no longer.
    _over: bool = field(default=False, init=False)
    _timers: dict[str, IDelayedCall] = field(factory=dict, init=False)

    async def run(self) -> None:
        """
        Work, and write down how it ended; never fails.
        """
        job = self.job
        if job.cancelling or self._stopping:
            await self._end("given_back", lambda: self._store.give_back(job))
            return
        if job.left is not None and job.left <= 0.0:
            await self._end("dead", lambda: self._store.bury(job, self._late()))
            return
        _log.debug("job {kind} {key} begins, attempt {attempt}", **self._named())
        self._hold(self._claimed_at)
        if job.left is not None:
            self._timers["deadline"] = self._clock.callLater(job.left, self._halt, _Halt.DEADLINE)
        self._timers["work"] = self._clock.callLater(self._terms.longest_work, self._halt, _Halt.TOO_LONG)
        self._pulse()
        self._work = Deferred.fromCoroutine(self._handler.work(job, self._tell))
        outcomes: list[tuple[bool, Any]] = await DeferredList([self._work], consumeErrors=True)
        ((done, result),) = outcomes
        self._release()
        if done:
            await self._end("done", lambda: self._store.finish(job))
        else:
            await self._failed(result)

    def stop(self) -> None:
        """
        Give the job back as soon as its handler lets go.
        """
        self._stopping = True
        self._halt(_Halt.STOPPING)

    async def _failed(self, failure: Failure) -> None:
        job = self.job
        error: Any = failure.value
        if isinstance(error, CancelledError) and self._halted is not None:
            if self._halted is _Halt.LOST:
                _log.warn("job {kind} {key} is left to others: its lease could not be kept", **self._named())
                self._ended(job.kind, "lost")
                return
            if self._halted is _Halt.DEADLINE:
                await self._end("dead", lambda: self._store.bury(job, self._late()))
                return
            if self._halted is not _Halt.TOO_LONG:
                await self._end("given_back", lambda: self._store.give_back(job))
                return
            error = JobRetry(f"it took longer than {self._terms.longest_work:g} seconds")
        if isinstance(error, JobHopeless):
            await self._end("dead", lambda: self._store.bury(job, str(error)))
            return
        words, pause = _words(error), backoff(job.attempts, self._terms.longest_pause, self._random)
        if isinstance(error, JobRetry):
            pause = pause if error.after is None else max(SHORTEST, error.after)
        elif not isinstance(error, _FORESEEN):
            _log.failure("job {kind} {key} met an error", failure, **self._named())
        left = None if job.left is None else job.left - self._seconds()
        if left is not None and pause >= left:
            await self._end(
                "dead", lambda: self._store.bury(job, f"{words}; its deadline is before the next try")
            )
        else:
            await self._end("retried", lambda: self._store.retry(job, words, pause))

    async def _end(self, outcome: str, write: Callable[[], Awaitable[Job | None]]) -> None:
        """
        Write the end down; again and again while the database is away, since otherwise the job is done once more.
        """
        while True:
            try:
                ended = await write()
                break
            except DatabaseUnavailable as error:
                if self._stopping:
                    _log.warn(
                        "how job {kind} {key} ended is not written down: {error}",
                        error=str(error),
                        **self._named(),
                    )
                    self._ended(self.job.kind, "lost")
                    return
                await deferLater(self._clock, _AGAIN)
        self._told(outcome, ended)

    def _told(self, outcome: str, ended: Job | None) -> None:
        """
        Log and count the end as it was written down.
        """
        if ended is None:
            outcome = "lost"
            _log.warn("job {kind} {key} was taken over by others", **self._named())
        elif ended.state is JobState.DEAD:
            _log.error("job {kind} {key} is a dead letter: {error}", error=ended.error, **self._named())
        elif ended.state is JobState.CANCELLED:
            outcome = "cancelled"
            _log.info("job {kind} {key} is cancelled", **self._named())
        elif outcome in ("retried", "dead"):
            # what would be a dead letter waits where somebody has wanted it once more
            outcome = "retried"
            _log.info(
                "job {kind} {key} failed in attempt {attempt} and waits until {due}: {error}",
                due=str(ended.due_at),
                error=ended.error,
                **self._named(),
            )
        else:
            what = outcome.replace("_", " ")
            _log.info("job {kind} {key} is {what}, attempt {attempt}", what=what, **self._named())
        self._ended(self.job.kind, outcome)

    def _named(self) -> dict[str, Any]:
        """
        The fields of its log events.
        """
        job = self.job
        return {
            "kind": job.kind,
            "key": job.key,
            "job": job.id,
            "attempt": job.attempts,
            "seconds": round(self._seconds(), 3),
        }

    def _seconds(self) -> float:
        """
        Since it was claimed.
        """
        return self._clock.seconds() - self._claimed_at

    async def _tell(self, progress: str) -> None:
        try:
            await self._store.tell(self.job, progress)
        except DatabaseUnavailable:
            # told to nobody, which stops nothing
            pass

    def _halt(self, why: _Halt) -> None:
        """
        Cancel the work; what was the first reason stays it.
        """
        if self._halted is None:
            self._halted = why
            if self._work is not None:
                self._work.cancel()

    def _hold(self, since: float) -> None:
        """
        Note that the lease holds, asked for at that time.
        """
        self._cancel("guard")
        safe = since + self._terms.lease * (1.0 - _MARGIN) - self._clock.seconds()
        self._timers["guard"] = self._clock.callLater(max(0.0, safe), self._halt, _Halt.LOST)

    def _pulse(self) -> None:
        self._timers["pulse"] = self._clock.callLater(self._terms.lease * _PULSE, self._keep)

    def _keep(self) -> None:
        Deferred.fromCoroutine(self._extend()).addErrback(
            lambda failure: _log.failure(
                "the lease of job {kind} {key} is not extended", failure, **self._named()
            )
        )

    async def _extend(self) -> None:
        asked = self._clock.seconds()
        held: Job | None = self.job
        try:
            held = await self._store.extend(self.job, self._terms.lease)
        except DatabaseUnavailable:
            # the guard ends the work in time
            pass
        else:
            if held is not None and not self._over:
                self._hold(asked)
        if self._over:
            return
        self._pulse()
        if held is None:
            self._halt(_Halt.LOST)
        elif held.cancelling:
            self._halt(_Halt.CANCELLED)

    def _release(self) -> None:
        """
        Hold the lease no longer.
        """
        self._over = True
        for name in list(self._timers):
            self._cancel(name)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None and timer.active():
            timer.cancel()

    def _late(self) -> str:
        before = f"; the last attempt: {self.job.error}" if self.job.error else ""
        return f"its deadline passed{before}"


def _words(error: Exception) -> str:
    """
    What is kept of an error for operators; never empty.
    """
    if isinstance(error, GatewayError) and error.admin_detail:
        return f"{error.message} ({error.admin_detail})"
    if isinstance(error, (JobRetry, *_FORESEEN)) and str(error):
        return str(error)
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
