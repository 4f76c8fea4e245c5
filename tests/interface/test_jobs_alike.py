"""
PostgreSQL does with jobs what the memory does, whatever is asked in whatever order.
"""

from __future__ import annotations

from collections.abc import Awaitable
from random import Random
from typing import Any

import attrs
from twisted.trial.unittest import TestCase

from tests.interface import test_jobs
from trio2o.errors import AlreadyExists, WrongState
from trio2o.interfaces import IJobStore
from trio2o.model import Job, JobQuery, NewJob

#: What one store gives at random, or by its clock.
_OWN = {"id", "generation", "created_at", "due_at", "started_at", "ended_at", "deadline_at", "left"}


def _seen(job: Job) -> dict[str, Any]:
    """
    What two stores have in common of a job.
    """
    values = attrs.asdict(job, filter=lambda attribute, _: attribute.name not in _OWN)
    return {**values, "due": job.due_at is not None, "ended": job.ended_at is not None}


async def _outcome(task: Awaitable[Any]) -> Any:
    try:
        result = await task
    except (AlreadyExists, WrongState) as refused:
        return type(refused).__name__
    if isinstance(result, Job):
        return _seen(result)
    if isinstance(result, list):
        return sorted((_seen(job) for job in result), key=lambda seen: seen["key"])
    return result


class _Side:
    """
    One store, and what its workers hold.
    """

    def __init__(self, stores: test_jobs.Stores) -> None:
        self.stores = stores
        self.store: IJobStore = stores.one
        self.held: list[Job] = []

    async def do(self, name: str, key: str, chance: float) -> Any:
        """
        One step; what is to be the same on both sides.
        """
        store, which = self.store, int(chance * 1000)
        if name == "enqueue":
            payload = {"number": which}
            deadline = 500.0 if which % 2 else None
            return await _outcome(
                store.enqueue(
                    NewJob(
                        kind="paint", key=key, payload=payload, delay=30.0 * (which % 3), deadline=deadline
                    )
                )
            )
        if name == "wait":
            await self.stores.wait(20.0 + 40.0 * (which % 2))
            return None
        if name == "claim":
            claimed = list(await store.claim(f"w{which % 3}", kinds=["paint"], limit=9, lease=50.0))
            claimed.sort(key=lambda job: job.key)
            self.held += claimed
            return [_seen(job) for job in claimed]
        if name in ("redo", "cancel", "job"):
            jobs = [job for job in await store.list_jobs(JobQuery()) if job.key == key]
            return await _outcome(getattr(store, name)(jobs[which % len(jobs)].id)) if jobs else None
        if name == "withdraw":
            jobs = [job for job in await store.list_jobs(JobQuery()) if job.key == key]
            return await store.withdraw("paint", key, jobs[0].generation - which % 2) if jobs else None
        if not self.held:
            return None
        job = self.held[which % len(self.held)]
        more: dict[str, tuple[Any, ...]] = {
            "retry": ("no", 25.0),
            "bury": ("never",),
            "extend": (50.0,),
            "tell": ("half",),
        }
        return await _outcome(getattr(store, name)(job, *more.get(name, ())))

    async def all(self) -> list[dict[str, Any]]:
        """
        Everything, in the order of lists.
        """
        return [_seen(job) for job in await self.store.list_jobs(JobQuery())]


_NAMES = ("enqueue", "claim", "wait") * 3 + (
    *("finish", "retry", "bury", "give_back", "extend", "tell"),
    *("redo", "cancel", "withdraw", "job"),
)


class AlikeTests(TestCase):
    """
    Steps by chance, the same on both.
    """

    async def test_same(self) -> None:
        """
        Every answer is the same, and so is everything that there is after each step.
        """
        for seed in range(8):
            chance = Random(seed)
            one = _Side(await test_jobs.MemoryJobsTests.stores(self))
            other = _Side(await test_jobs.PostgresJobsTests.stores(self))
            for number in range(60):
                name, key = chance.choice(_NAMES), chance.choice("aab")
                share = chance.random()
                told = f"seed {seed}, step {number}: {name} {key}"
                self.assertEqual(await one.do(name, key, share), await other.do(name, key, share), told)
                self.assertEqual(await one.all(), await other.all(), told)
