"""
The jobs in memory; see :mod:`trio2o.storage.memory`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from attrs import define, evolve, field
from zope.interface import implementer

from trio2o.errors import AlreadyExists, Missing, WrongState
from trio2o.interfaces import IJobStore
from trio2o.model import Job, JobCensus, JobQuery, JobState, NewJob
from trio2o.model.jobs import kept_words
from trio2o.storage.memory_database import MemoryDatabase


@define
class _Row:
    job: Job
    #: Since when it has been wanted.
    wanted_at: float
    #: Of a waiting job: when it is to be begun. Of one that runs: when its lease ends.
    due_at: float | None
    #: Seconds from when it was enqueued to its deadline.
    allowed: float | None
    deadline_at: float | None
    #: When it is to be begun again, where it was enqueued while it runs.
    again_at: float | None = None

    def allow(self, now: float, allowed: float | None) -> None:
        """
        Set the deadline anew.
        """
        self.allowed = allowed
        self.deadline_at = None if allowed is None else now + allowed


@implementer(IJobStore)
@define(eq=False)
class MemoryJobs:
    """
    The jobs in a dictionary, the oldest first.
    """

    _database: MemoryDatabase
    _rows: dict[str, _Row] = field(factory=dict, init=False)
    _generation: int = field(default=0, init=False)

    async def enqueue(self, new: NewJob) -> Job:
        now = self._now()
        due = now + new.delay
        row = self._unfinished(new.kind, new.key)
        if row is None:
            job = Job(
                id=str(uuid4()), kind=new.kind, key=new.key, created_at=datetime.fromtimestamp(now, UTC)
            )
            row = self._rows[job.id] = _Row(job, now, due, None, None)
        elif row.job.state is JobState.RUNNING:
            row.again_at = due if row.again_at is None else min(row.again_at, due)
        else:
            row.due_at = due if row.due_at is None else min(row.due_at, due)
        row.allow(now, new.deadline)
        row.job = evolve(
            row.job,
            payload=dict(new.payload),
            pod_id=new.pod_id,
            project_id=new.project_id,
            generation=self._next_generation(),
        )
        return self._seen(row)

    async def withdraw(self, kind: str, key: str, generation: int) -> bool:
        self._now()
        row = self._unfinished(kind, key)
        if row is None or row.job.state is not JobState.WAITING or row.job.generation != generation:
            return False
        del self._rows[row.job.id]
        return True

    async def claim(self, worker: str, *, kinds: Collection[str], limit: int, lease: float) -> Sequence[Job]:
        now = self._now()
        due = [
            (row.due_at, row)
            for row in self._rows.values()
            if row.job.kind in kinds and row.due_at is not None and row.due_at <= now
        ]
        claimed = [row for _, row in sorted(due, key=lambda each: each[0])[:limit]]
        for row in claimed:
            row.job = evolve(
                row.job,
                state=JobState.RUNNING,
                worker=worker,
                claim=row.job.claim + 1,
                attempts=row.job.attempts + 1,
                progress="",
                cancelling=row.job.cancelling and row.again_at is None,
                started_at=self._database.now(),
            )
            row.due_at, row.again_at = now + lease, None
        return [self._seen(row) for row in claimed]

    async def extend(self, job: Job, lease: float) -> Job | None:
        row = self._held(job)
        if row is None:
            return None
        row.due_at = self._now() + lease
        return self._seen(row)

    async def tell(self, job: Job, progress: str) -> bool:
        row = self._held(job)
        if row is None:
            return False
        row.job = evolve(row.job, progress=kept_words(progress))
        return True

    async def finish(self, job: Job) -> Job | None:
        return self._end(job, JobState.DONE)

    async def retry(self, job: Job, error: str, delay: float) -> Job | None:
        return self._end(job, JobState.WAITING, error=error, delay=delay)

    async def bury(self, job: Job, error: str) -> Job | None:
        return self._end(job, JobState.DEAD, error=error)

    async def give_back(self, job: Job) -> Job | None:
        return self._end(job, JobState.WAITING, error=job.error, uncounted=1)

    def _end(
        self, job: Job, state: JobState, *, error: str = "", delay: float = 0.0, uncounted: int = 0
    ) -> Job | None:
        row = self._held(job)
        if row is None:
            return None
        now = self._now()
        attempts = row.job.attempts - uncounted
        due: float | None = now + delay
        if row.again_at is not None:
            attempts = 0 if state.finished else attempts
            row.wanted_at = now if state.finished else row.wanted_at
            state, due = JobState.WAITING, row.again_at
        elif row.job.cancelling and state is not JobState.DONE:
            state = JobState.CANCELLED
        row.due_at, row.again_at = (None if state.finished else due), None
        row.job = evolve(
            row.job,
            state=state,
            attempts=attempts,
            error=kept_words(error),
            cancelling=False,
            ended_at=self._database.now() if state.finished else None,
        )
        return self._seen(row)

    async def job(self, job_id: str) -> Job:
        return self._seen(self._row(job_id))

    async def list_jobs(self, query: JobQuery) -> Sequence[Job]:
        self._now()
        rows = list(self._rows.values())
        if query.marker is not None:
            rows = rows[: rows.index(self._row(query.marker))]
        wanted = {
            name: value
            for name in ("state", "kind", "pod_id", "project_id")
            if (value := getattr(query, name)) is not None
        }
        found = [
            self._seen(row)
            for row in reversed(rows)
            if all(getattr(row.job, name) == value for name, value in wanted.items())
        ]
        return found[: query.limit]

    async def redo(self, job_id: str) -> Job:
        row = self._row(job_id)
        now = self._now()
        if row.job.state is JobState.RUNNING:
            raise WrongState(row.job.state)
        if row.job.state.finished:
            if self._unfinished(row.job.kind, row.job.key) is not None:
                raise AlreadyExists("there is an unfinished job of this kind and key")
            row.wanted_at = now
        row.due_at = now
        row.allow(now, row.allowed)
        row.job = evolve(
            row.job,
            state=JobState.WAITING,
            attempts=0,
            ended_at=None,
            generation=self._next_generation(),
        )
        return self._seen(row)

    async def cancel(self, job_id: str) -> Job:
        row = self._row(job_id)
        if row.job.state.finished:
            raise WrongState(row.job.state)
        row.again_at = None
        if row.job.state is JobState.RUNNING and row.due_at is not None and row.due_at > self._now():
            row.job = evolve(row.job, cancelling=True)
        else:
            # a lease that has ended is nobody's
            row.job = evolve(
                row.job, state=JobState.CANCELLED, cancelling=False, ended_at=self._database.now()
            )
            row.due_at = None
        return self._seen(row)

    async def prune(self, *, kept: float, dead_kept: float, limit: int) -> int:
        now = self._now()
        over = [
            job_id
            for job_id, row in self._rows.items()
            if row.job.ended_at is not None
            and now - row.job.ended_at.timestamp() >= (dead_kept if row.job.state is JobState.DEAD else kept)
        ][:limit]
        for job_id in over:
            del self._rows[job_id]
        return len(over)

    async def census(self) -> JobCensus:
        now = self._now()
        counts: Counter[tuple[str, JobState]] = Counter()
        oldest: dict[str, float] = {}
        for row in self._rows.values():
            if row.job.state in (JobState.WAITING, JobState.RUNNING, JobState.DEAD):
                counts[row.job.kind, row.job.state] += 1
            if row.job.state is JobState.WAITING:
                oldest[row.job.kind] = max(oldest.get(row.job.kind, 0.0), now - row.wanted_at)
        return JobCensus(counts=dict(counts), oldest=oldest)

    def _now(self) -> float:
        self._database.check()
        return self._database.now().timestamp()

    def _next_generation(self) -> int:
        self._generation += 1
        return self._generation

    def _row(self, job_id: str) -> _Row:
        self._now()
        if job_id not in self._rows:
            raise Missing(job_id)
        return self._rows[job_id]

    def _unfinished(self, kind: str, key: str) -> _Row | None:
        for row in self._rows.values():
            if (row.job.kind, row.job.key) == (kind, key) and not row.job.state.finished:
                return row
        return None

    def _held(self, job: Job) -> _Row | None:
        self._now()
        row = self._rows.get(job.id)
        if row is None or row.job.state is not JobState.RUNNING or row.job.claim != job.claim:
            return None
        return row

    def _seen(self, row: _Row) -> Job:
        def moment(at: float | None) -> datetime | None:
            return None if at is None else datetime.fromtimestamp(at, UTC)

        return evolve(
            row.job,
            again=row.again_at is not None,
            due_at=moment(row.due_at),
            deadline_at=moment(row.deadline_at),
            left=None if row.deadline_at is None else row.deadline_at - self._now(),
        )
