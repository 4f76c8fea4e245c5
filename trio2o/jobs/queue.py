"""
The queue as those see it who have work for it.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define
from zope.interface import implementer

from trio2o.interfaces import IJobQueue, IJobStore
from trio2o.model import Job, NewJob


@implementer(IJobQueue)
@define(kw_only=True, eq=False)
class JobQueue:
    """
    Enqueues, and has this process's worker look at once for what is due at once.
    """

    _store: IJobStore
    #: Told that there is a job to begin.
    _due: Callable[[], None]

    async def enqueue(self, new: NewJob) -> Job:
        job = await self._store.enqueue(new)
        if new.delay <= 0.0:
            self._due()
        return job

    async def withdraw(self, kind: str, key: str, generation: int) -> bool:
        return await self._store.withdraw(kind, key, generation)
