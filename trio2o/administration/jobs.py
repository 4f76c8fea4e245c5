"""
Jobs of the queue: look at them, have them done once more, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, evolve, frozen

from trio2o.administration.asking import canonical_id, database_asked
from trio2o.errors import AlreadyExists, BadRequest, Conflict, Missing, NotFound, WrongState
from trio2o.interfaces import IJobStore
from trio2o.model import Job, JobQuery

#: How many jobs one answer has at most, and when nothing is said.
PAGE = 1000


@frozen(kw_only=True)
class JobPage:
    """
    Some jobs, newest first.
    """

    jobs: Sequence[Job]
    #: The next page's marker; ``None`` when this is the last.
    next_marker: str | None


@define(kw_only=True, eq=False)
class JobAdministration:
    """
    The use cases about jobs.
    """

    _store: IJobStore
    #: Told that there is a job to begin.
    _due: Callable[[], None] = lambda: None

    async def find(self, query: JobQuery) -> JobPage:
        """
        The jobs that a query selects, a page of them.

        :raises BadRequest: if the marker is unknown.
        """
        limit = min(query.limit, PAGE)
        with database_asked():
            try:
                # One more tells whether there is another page.
                found = await self._store.list_jobs(evolve(query, limit=limit + 1))
            except Missing as why:
                raise BadRequest(f"The marker {query.marker} is unknown.") from why
        page = found[:limit]
        return JobPage(jobs=page, next_marker=page[-1].id if len(found) > limit else None)

    async def show(self, job_id: str) -> Job:
        """
        One job.

        :raises NotFound: if there is none of this id, or no longer.
        """
        with database_asked():
            try:
                return await self._store.job(_known(job_id))
            except Missing as why:
                raise _no_job(job_id) from why

    async def redo(self, job_id: str) -> Job:
        """
        Have a job done at once that waits, is done, dead or cancelled.

        :raises NotFound: as :meth:`show`.
        :raises Conflict: if it runs, or an unfinished one takes its place.
        """
        with database_asked():
            try:
                job = await self._store.redo(_known(job_id))
            except Missing as why:
                raise _no_job(job_id) from why
            except WrongState as why:
                raise Conflict(f"Job {job_id} is {why.state}: cancel it first, or wait for its end.") from why
            except AlreadyExists as why:
                raise Conflict(f"Job {job_id} has a newer job in its place, which is not finished.") from why
        self._due()
        return job

    async def cancel(self, job_id: str) -> Job:
        """
        Have a job not done that waits, or ended that runs.

        :raises NotFound: as :meth:`show`.
        :raises Conflict: if it is finished.
        """
        with database_asked():
            try:
                return await self._store.cancel(_known(job_id))
            except Missing as why:
                raise _no_job(job_id) from why
            except WrongState as why:
                raise Conflict(f"Job {job_id} is {why.state}: there is nothing left to cancel.") from why


def _known(job_id: str) -> str:
    known_id = canonical_id(job_id)
    if known_id is None:
        raise Missing(job_id)
    return known_id


def _no_job(job_id: str) -> NotFound:
    return NotFound(f"Job {job_id} could not be found.")
