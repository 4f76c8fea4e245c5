"""
The queue of jobs, wired: a worker in every process, and what the elected one does beside.
"""

from __future__ import annotations

from random import Random
from typing import Any

from attrs import define, field, frozen

from trio2o.adoption.endless import EndlessService
from trio2o.config.schema import JobQueueSection
from trio2o.interfaces import IJobStore
from trio2o.jobs.attempt import Terms
from trio2o.jobs.handlers import JobHandlers
from trio2o.jobs.queue import JobQueue
from trio2o.jobs.worker import JobWorker
from trio2o.model import JobCensus
from trio2o.ops.metrics import Metrics

_DAY = 86_400.0
#: Seconds between two countings, and how many jobs one statement prunes.
_COUNT, _PRUNED = 15.0, 1000


@define(kw_only=True, eq=False, slots=False)
class JobUpkeep(EndlessService):
    """
    Counts the jobs for the metrics and forgets the old ones, in the elected process.
    """

    what = "the upkeep of jobs"
    _store: IJobStore
    #: Seconds.
    _kept: float
    _dead_kept: float
    #: What was counted last; nothing in a process that is not the elected one.
    census: JobCensus = field(factory=JobCensus, init=False)

    def stopService(self) -> None:
        super().stopService()
        self.census = JobCensus()

    async def _step(self) -> float:
        """
        Do both; the seconds until the next time.
        """
        self.census = await self._store.census()
        while await self._store.prune(kept=self._kept, dead_kept=self._dead_kept, limit=_PRUNED) >= _PRUNED:
            pass
        return _COUNT


@frozen(kw_only=True)
class JobQueueParts:
    """
    What the graph has of the queue.
    """

    #: Where whoever has work for later enqueues it.
    queue: JobQueue
    #: Who does it: added before the worker starts.
    handlers: JobHandlers
    worker: JobWorker
    upkeep: JobUpkeep


def make_job_queue(
    reactor: Any, section: JobQueueSection, store: IJobStore, metrics: Metrics
) -> JobQueueParts:
    """
    Wire it; nothing is claimed yet.
    """
    handlers = JobHandlers()
    worker = JobWorker(
        store=store,
        handlers=handlers,
        clock=reactor,
        random=Random(),
        terms=Terms(
            lease=section.lease_seconds,
            longest_pause=section.longest_pause_seconds,
            longest_work=section.attempt_seconds,
        ),
        at_once=section.at_once,
        ended=metrics.counter("trio2o_job_queue_attempts"),
    )
    upkeep = JobUpkeep(
        clock=reactor,
        store=store,
        kept=section.kept_days * _DAY,
        dead_kept=section.dead_kept_days * _DAY,
    )
    metrics.watch("trio2o_job_queue_running", lambda: float(worker.busy))
    metrics.watch_each(
        "trio2o_job_queue_jobs",
        lambda: {(kind, state.value): float(count) for (kind, state), count in upkeep.census.counts.items()},
    )
    metrics.watch_each(
        "trio2o_job_queue_oldest_seconds",
        lambda: {(kind,): age for kind, age in upkeep.census.oldest.items()},
    )
    return JobQueueParts(
        queue=JobQueue(store=store, due=worker.wake), handlers=handlers, worker=worker, upkeep=upkeep
    )
