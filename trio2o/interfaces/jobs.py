"""
The queue of jobs, and who works at them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from zope.interface import Attribute, Interface

from trio2o.model import Job, JobCensus, JobQuery, NewJob

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805

#: Tells how far a job is, in words for operators.
TellProgress = Callable[[str], Awaitable[None]]


class IJobQueue(Interface):
    """
    Where jobs are enqueued.
    """

    async def enqueue(new: NewJob) -> Job:
        """
        Have something done, by whichever process comes to it first, at least once.

        Where a job of the same kind and key waits, it gets the new payload and deadline and the earlier of the two times. Where
        one runs, it waits again, with the new payload, as soon as it ends.

        :raises DatabaseUnavailable: if it could not be stored, or that is not known.
        """

    async def withdraw(kind: str, key: str, generation: int) -> bool:
        """
        Drop a waiting job, unless it was enqueued or redone since; whether it was dropped.

        :param generation: :attr:`Job.generation` of what :meth:`enqueue` gave.
        :raises DatabaseUnavailable: if that is not known.
        """


class IJobStore(IJobQueue):
    """
    The jobs, each until it is pruned.

    The methods with a ``job`` take what :meth:`claim` gave. Where somebody else has claimed it since, or nobody works at it any
    more, they do nothing and say so by ``None`` or false.
    """

    async def claim(worker: str, *, kinds: Collection[str], limit: int, lease: float) -> Sequence[Job]:
        """
        Take jobs that are due, those first that are for the longest time, and those whose lease has ended.

        What is given to one is given to nobody else while its lease holds.

        :param worker: names the process.
        :param kinds: what it can do.
        :param lease: seconds.
        """

    async def extend(job: Job, lease: float) -> Job | None:
        """
        Hold a job for so many seconds from now; gives it as it is by now.
        """

    async def tell(job: Job, progress: str) -> bool:
        """
        Keep how far it is.
        """

    async def finish(job: Job) -> Job | None:
        """
        It is done. Where it was enqueued meanwhile it waits again, with no attempts behind it.
        """

    async def retry(job: Job, error: str, delay: float) -> Job | None:
        """
        It failed and waits for so many seconds, or for less where it was enqueued meanwhile. One that was cancelled is.
        """

    async def bury(job: Job, error: str) -> Job | None:
        """
        It failed for good: a dead letter, unless it was enqueued or cancelled meanwhile.
        """

    async def give_back(job: Job) -> Job | None:
        """
        It was not worked at to the end, which counts as no attempt: it is due at once, unless it was cancelled.
        """

    async def job(job_id: str) -> Job:
        """
        One job.

        :raises Missing: if there is none of this id.
        """

    async def list_jobs(query: JobQuery) -> Sequence[Job]:
        """
        The jobs that are wanted, newest first.

        :raises Missing: if there is no job of the marker's id.
        """

    async def redo(job_id: str) -> Job:
        """
        Have a job that is finished, or that waits, done at once, with no attempts behind it and as much time as it had at first.

        :raises Missing: if there is none of this id.
        :raises WrongState: if it runs.
        :raises AlreadyExists: if it is finished and there is an unfinished one of its kind and key.
        """

    async def cancel(job_id: str) -> Job:
        """
        Have a job not done: one that waits, or whose lease has ended, is cancelled; one that runs is as soon as its worker hears
        of it, and has until then :attr:`Job.cancelling`. What it did stays.

        :raises Missing: if there is none of this id.
        :raises WrongState: if it is finished.
        """

    async def prune(*, kept: float, dead_kept: float, limit: int) -> int:
        """
        Forget finished jobs that ended so many seconds ago, at most ``limit``; how many.

        :param dead_kept: the same, for dead letters.
        """

    async def census() -> JobCensus:
        """
        Count them.
        """


class IJobHandler(Interface):
    """
    Does the jobs of one kind.
    """

    kind: str = Attribute("The kind, in snake_case: it labels metrics.")

    async def work(job: Job, tell: TellProgress) -> None:
        """
        Do a job.

        It may be done several times, or again after a part of it: what it does twice must be as if done once. It is cancelled
        when the job is, when its deadline comes, when its lease could not be kept, and when the daemon stops.

        :param tell: keeps how far it is; never fails.
        :raises JobRetry: if it is to be tried again.
        :raises JobHopeless: if it never can be done. Any other error is logged, and the job tried again.
        """
