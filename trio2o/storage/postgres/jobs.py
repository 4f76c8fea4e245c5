"""
Jobs in PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

from attrs import define
from zope.interface import implementer

from trio2o.errors import Missing, WrongState
from trio2o.interfaces import IJobStore
from trio2o.model import Job, JobCensus, JobQuery, JobState, NewJob
from trio2o.model.jobs import kept_words
from trio2o.storage.connection import Row
from trio2o.storage.pool import Pool
from trio2o.storage.postgres.rows import storable

# Not clock_timestamp(), which is another one for each row, so that no index is of any help.
_NOW = "statement_timestamp()"
_UNFINISHED = "state in ('waiting', 'running')"
_COLUMNS = (
    "jobs.id, kind, key, payload, pod_id, project_id, state, generation, attempts, claim, worker, error, progress,"
    " cancelling, again_at is not null, created_at, due_at, started_at, ended_at, deadline_at,"
    f" extract(epoch from deadline_at - {_NOW})::float8"
)


def _in(parameter: str) -> str:
    """
    The time in so many seconds; null for null.
    """
    return f"{_NOW} + make_interval(secs => %({parameter})s::float8)"


_ENQUEUE = (
    "insert into jobs (id, kind, key, payload, pod_id, project_id, generation, created_at, wanted_at, due_at, allowed,"
    " deadline_at) values (%(id)s, %(kind)s, %(key)s, %(payload)s::json, %(pod)s, %(project)s,"
    f" nextval('job_generations'), {_NOW}, {_NOW}, {_in('delay')}, %(allowed)s, {_in('allowed')})"
    f" on conflict (kind, key) where {_UNFINISHED} do update set payload = excluded.payload,"
    " pod_id = excluded.pod_id, project_id = excluded.project_id, generation = excluded.generation,"
    " allowed = excluded.allowed, deadline_at = excluded.deadline_at,"
    " due_at = case jobs.state when 'waiting' then least(jobs.due_at, excluded.due_at) else jobs.due_at end,"
    " again_at = case jobs.state when 'running' then least(jobs.again_at, excluded.due_at) end"
    f" returning {_COLUMNS}"
)
_CLAIM = (
    f"with due as (select id from jobs where {_UNFINISHED} and kind = any(%(kinds)s) and due_at <= {_NOW}"
    " order by due_at limit %(limit)s for update skip locked)"
    " update jobs set state = 'running', worker = %(worker)s, claim = claim + 1, attempts = attempts + 1,"
    f" progress = '', started_at = {_NOW}, due_at = {_in('lease')},"
    " cancelling = cancelling and again_at is null, again_at = null"
    f" from due where jobs.id = due.id returning {_COLUMNS}"
)
_HELD = "id = %(id)s and claim = %(claim)s and state = 'running'"
# ``to`` is what becomes of a job that was neither enqueued nor cancelled while it ran.
_END = (
    "update jobs set state = case when again_at is not null then 'waiting'"
    " when cancelling and %(to)s <> 'done' then 'cancelled' else %(to)s end,"
    " due_at = case when again_at is not null then again_at"
    f" when %(to)s = 'waiting' and not cancelling then {_in('delay')} end,"
    f" ended_at = case when again_at is null and (cancelling or %(to)s <> 'waiting') then {_NOW} end,"
    " attempts = case when again_at is not null and %(to)s <> 'waiting' then 0 else attempts - %(uncounted)s end,"
    f" wanted_at = case when again_at is not null and %(to)s <> 'waiting' then {_NOW} else wanted_at end,"
    " error = %(error)s, cancelling = false, again_at = null"
    f" where {_HELD} returning {_COLUMNS}"
)
_REDO = (
    f"update jobs set wanted_at = case state when 'waiting' then wanted_at else {_NOW} end, state = 'waiting',"
    f" due_at = {_NOW}, ended_at = null, attempts = 0, generation = nextval('job_generations'),"
    f" deadline_at = {_NOW} + make_interval(secs => allowed)"
    f" where id = %(id)s and state <> 'running' returning {_COLUMNS}"
)
# A lease that has ended is nobody's: there need not be a process any more that takes it over.
_IS_HELD = f"(state = 'running' and due_at > {_NOW})"
_CANCEL = (
    f"update jobs set state = case when {_IS_HELD} then state else 'cancelled' end,"
    f" ended_at = case when not {_IS_HELD} then {_NOW} end, due_at = case when {_IS_HELD} then due_at end,"
    f" cancelling = {_IS_HELD}, again_at = null where id = %(id)s and {_UNFINISHED} returning {_COLUMNS}"
)
# An array and no join, for which PostgreSQL would read the table whole each time.
_PRUNE = (
    "delete from jobs where id = any(array("
    f"select id from jobs where ended_at <= {_NOW} - make_interval(secs => least(%(kept)s, %(dead)s)::float8)"
    f" and ended_at <= {_NOW} - make_interval(secs => (case state when 'dead' then %(dead)s else %(kept)s end)::float8)"
    " order by ended_at limit %(limit)s for update skip locked)) returning id"
)
_CENSUS = (
    f"select kind, state, count(*), extract(epoch from {_NOW} - min(wanted_at))::float8 from jobs"
    f" where {_UNFINISHED} or state = 'dead' group by kind, state"
)


@implementer(IJobStore)
@define(eq=False)
class PostgresJobs:
    """
    The jobs as rows; a partial unique index keeps one of a kind and key unfinished.
    """

    _pool: Pool

    async def enqueue(self, new: NewJob) -> Job:
        values = {
            "id": str(uuid4()),
            "kind": new.kind,
            "key": new.key,
            "payload": json.dumps(dict(new.payload)),
            "pod": new.pod_id,
            "project": new.project_id,
            "delay": new.delay,
            "allowed": new.deadline,
        }
        (row,) = await self._pool.run_query(_ENQUEUE, values)
        return _job_of(row)

    async def withdraw(self, kind: str, key: str, generation: int) -> bool:
        rows = await self._pool.run_query(
            "delete from jobs where kind = %s and key = %s and generation = %s and state = 'waiting' returning id",
            (kind, key, generation),
        )
        return bool(rows)

    async def claim(self, worker: str, *, kinds: Collection[str], limit: int, lease: float) -> Sequence[Job]:
        values = {"worker": worker, "kinds": list(kinds), "limit": limit, "lease": lease}
        return [_job_of(row) for row in await self._pool.run_query(_CLAIM, values)]

    async def extend(self, job: Job, lease: float) -> Job | None:
        return await self._changed(
            f"update jobs set due_at = {_in('lease')} where {_HELD} returning {_COLUMNS}", job, lease=lease
        )

    async def tell(self, job: Job, progress: str) -> bool:
        told = await self._changed(
            f"update jobs set progress = %(progress)s where {_HELD} returning {_COLUMNS}",
            job,
            progress=kept_words(progress),
        )
        return told is not None

    async def finish(self, job: Job) -> Job | None:
        return await self._end(job, JobState.DONE)

    async def retry(self, job: Job, error: str, delay: float) -> Job | None:
        return await self._end(job, JobState.WAITING, error=error, delay=delay)

    async def bury(self, job: Job, error: str) -> Job | None:
        return await self._end(job, JobState.DEAD, error=error)

    async def give_back(self, job: Job) -> Job | None:
        return await self._end(job, JobState.WAITING, error=job.error, uncounted=1)

    async def _end(
        self, job: Job, to: JobState, *, error: str = "", delay: float = 0.0, uncounted: int = 0
    ) -> Job | None:
        return await self._changed(
            _END, job, to=to.value, error=kept_words(error), delay=delay, uncounted=uncounted
        )

    async def _changed(self, sql: str, job: Job, **values: Any) -> Job | None:
        rows = await self._pool.run_query(sql, {"id": job.id, "claim": job.claim, **values})
        return _job_of(rows[0]) if rows else None

    async def job(self, job_id: str) -> Job:
        rows: list[Row] = []
        if storable(job_id):
            rows = await self._pool.run_query(
                f"select {_COLUMNS} from jobs where id = %s", (job_id,), read_only=True
            )
        if not rows:
            raise Missing(job_id)
        return _job_of(rows[0])

    async def list_jobs(self, query: JobQuery) -> Sequence[Job]:
        conditions, values = ["true"], dict[str, Any](limit=query.limit)
        if query.marker is not None:
            conditions.append("serial < %(serial)s")
            values["serial"] = await self._serial(query.marker)
        for name in ("state", "kind", "pod_id", "project_id"):
            value = getattr(query, name)
            if value is not None:
                if not storable(value):
                    return []
                conditions.append(f"{name} = %({name})s")
                values[name] = str(value)
        rows = await self._pool.run_query(
            f"select {_COLUMNS} from jobs where {' and '.join(conditions)} order by serial desc limit %(limit)s",
            values,
            read_only=True,
        )
        return [_job_of(row) for row in rows]

    async def _serial(self, marker: str) -> int:
        if storable(marker):
            rows = await self._pool.run_query(
                "select serial from jobs where id = %s", (marker,), read_only=True
            )
            if rows:
                return int(rows[0][0])
        raise Missing(marker)

    async def redo(self, job_id: str) -> Job:
        return await self._ordered(_REDO, job_id)

    async def cancel(self, job_id: str) -> Job:
        return await self._ordered(_CANCEL, job_id)

    async def _ordered(self, sql: str, job_id: str) -> Job:
        """
        What somebody wants of a job whose state may not allow it.
        """
        if storable(job_id):
            rows = await self._pool.run_query(sql, {"id": job_id})
            if rows:
                return _job_of(rows[0])
        raise WrongState((await self.job(job_id)).state)

    async def prune(self, *, kept: float, dead_kept: float, limit: int) -> int:
        values = {"kept": kept, "dead": dead_kept, "limit": limit}
        return len(await self._pool.run_query(_PRUNE, values))

    async def census(self) -> JobCensus:
        rows = await self._pool.run_query(_CENSUS, read_only=True)
        return JobCensus(
            counts={(kind, JobState(state)): count for kind, state, count, _ in rows},
            oldest={kind: age for kind, state, _, age in rows if state == JobState.WAITING},
        )


def _job_of(row: Row) -> Job:
    """
    A job from :data:`_COLUMNS`.
    """
    (
        id_,
        kind,
        key,
        payload,
        pod,
        project,
        state,
        generation,
        attempts,
        claim,
        worker,
        error,
        progress,
        *more,
    ) = row
    cancelling, again, created, due, started, ended, deadline, left = more
    return Job(
        id=id_,
        kind=kind,
        key=key,
        payload=payload,
        pod_id=pod,
        project_id=project,
        state=JobState(state),
        generation=generation,
        attempts=attempts,
        claim=claim,
        worker=worker,
        error=error,
        progress=progress,
        cancelling=cancelling,
        again=again,
        created_at=created,
        due_at=due,
        started_at=started,
        ended_at=ended,
        deadline_at=deadline,
        left=left,
    )
