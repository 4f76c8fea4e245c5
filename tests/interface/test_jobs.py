"""
What every :class:`IJobStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from attrs import evolve, frozen
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.twins import grow_older, two_pools
from trio2o.errors import AlreadyExists, DatabaseUnavailable, Missing, WrongState
from trio2o.interfaces import IJobStore
from trio2o.model import Job, JobQuery, JobState, NewJob
from trio2o.model.jobs import LONGEST_WORDS
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.postgres.jobs import PostgresJobs

UNKNOWN = "00000000-0000-0000-0000-000000000000"
PAYLOAD = {"name": "k'1 %s\\ \0 é \ud800", "list": [1, None, {"a": 1.5}]}


def new(key: str = "k", kind: str = "paint", **more: Any) -> NewJob:
    """
    A job to be enqueued.
    """
    return NewJob(kind=kind, key=key, **more)


@frozen(kw_only=True)
class Stores:
    """
    Two processes' stores over one database.
    """

    one: IJobStore
    other: IJobStore
    #: Lets so many seconds pass.
    wait: Callable[[float], Awaitable[object]]

    async def claimed(self, worker: str = "w1", limit: int = 10, lease: float = 100.0) -> Sequence[Job]:
        """
        What the one claims.
        """
        return await self.one.claim(worker, kinds=["paint"], limit=limit, lease=lease)

    async def taken(self) -> Job:
        """
        The one job that is due.
        """
        (job,) = await self.claimed()
        return job


class JobStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(IJobStore, (await self.stores()).one)

    async def test_enqueued(self) -> None:
        """
        A new job waits, with all that was given of it, whatever strings it has.
        """
        stores = await self.stores()
        made = await stores.one.enqueue(
            new(payload=PAYLOAD, pod_id="pod1", project_id="p1", delay=30.0, deadline=60.0)
        )
        found = await stores.other.job(made.id)
        self.assertEqual(evolve(made, left=None), evolve(found, left=None))
        self.assertEqual(
            ("paint", "k", PAYLOAD, "pod1", "p1", JobState.WAITING, 0),
            (
                found.kind,
                found.key,
                found.payload,
                found.pod_id,
                found.project_id,
                found.state,
                found.attempts,
            ),
        )
        assert found.due_at is not None and found.deadline_at is not None
        self.assertEqual(30.0, round((found.due_at - found.created_at).total_seconds(), 1))
        self.assertEqual(60.0, round((found.deadline_at - found.created_at).total_seconds(), 1))
        self.assertTrue(50.0 < (found.left or 0.0) <= 60.0, found.left)

    async def test_enqueued_again(self) -> None:
        """
        What waits already gets the new payload, and the earlier time counts.
        """
        stores = await self.stores()
        first = await stores.one.enqueue(new(payload={"a": 1}, delay=100.0))
        second = await stores.other.enqueue(new(payload={"a": 2}, delay=20.0, pod_id="pod2", deadline=9.0))
        third = await stores.one.enqueue(new(payload={"a": 3}, delay=500.0))
        self.assertEqual({first.id}, {second.id, third.id})
        self.assertLess(first.generation, second.generation)
        self.assertLess(second.generation, third.generation)
        self.assertEqual(second.due_at, third.due_at)
        self.assertEqual(({"a": 3}, "", None), (third.payload, third.pod_id, third.deadline_at))

    async def test_apart(self) -> None:
        """
        Another kind, or another key, is another job.
        """
        stores = await self.stores()
        made = [await stores.one.enqueue(each) for each in (new(), new(kind="sand"), new("l"))]
        self.assertEqual(3, len({job.id for job in made}))

    async def test_many_enqueue(self) -> None:
        """
        Of many who enqueue the same at once over two processes all get one job.
        """
        stores = await self.stores()
        begun = [
            Deferred.fromCoroutine((stores.one, stores.other)[number % 2].enqueue(new()))
            for number in range(16)
        ]
        made = await gatherResults(begun)
        self.assertEqual((1, 16), (len({job.id for job in made}), len({job.generation for job in made})))

    async def test_claimed(self) -> None:
        """
        A due job is given once, to who can do its kind; its worker, attempt and start are kept.
        """
        stores = await self.stores()
        made = await stores.one.enqueue(new(payload={"a": 1}))
        self.assertEqual([], list(await stores.other.claim("w2", kinds=["sand"], limit=9, lease=9.0)))
        (job,) = await stores.one.claim("w1", kinds=["sand", "paint"], limit=9, lease=9.0)
        self.assertEqual(
            (made.id, {"a": 1}, JobState.RUNNING, "w1", 1),
            (job.id, job.payload, job.state, job.worker, job.attempts),
        )
        self.assertIsNotNone(job.started_at)
        self.assertEqual([], list(await stores.other.claim("w2", kinds=["paint"], limit=9, lease=9.0)))

    async def test_turns(self) -> None:
        """
        Those that are due for the longest time come first, no more than were asked for, and none before its time.
        """
        stores = await self.stores()
        for key, delay in (("c", 30.0), ("a", 10.0), ("b", 20.0), ("d", 500.0)):
            await stores.one.enqueue(new(key, delay=delay))
        self.assertEqual([], list(await stores.claimed()))
        await stores.wait(50.0)
        self.assertEqual({"a", "b"}, {job.key for job in await stores.claimed(limit=2)})
        self.assertEqual(["c"], [job.key for job in await stores.claimed()])

    async def test_many_claim(self) -> None:
        """
        Of many who claim at once over two processes each job is given to one.
        """
        stores = await self.stores()
        for number in range(20):
            await stores.one.enqueue(new(str(number)))
        claims = [
            Deferred.fromCoroutine(
                (stores.one, stores.other)[number % 2].claim("w", kinds=["paint"], limit=3, lease=60.0)
            )
            for number in range(12)
        ]
        given = [job.key for some in await gatherResults(claims) for job in some]
        given += [job.key for job in await stores.claimed(limit=20)]
        self.assertEqual(sorted(map(str, range(20))), sorted(given))

    async def test_lease(self) -> None:
        """
        When its lease ends a job is given to another, and who had it has no say any more.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        (first,) = await stores.claimed("w1", lease=30.0)
        await stores.wait(20.0)
        self.assertEqual([], list(await stores.claimed("w2")))
        await stores.wait(20.0)
        (second,) = await stores.claimed("w2", lease=30.0)
        self.assertEqual((first.id, "w2", 2), (second.id, second.worker, second.attempts))
        for ended in (
            await stores.one.extend(first, 100.0),
            await stores.one.finish(first),
            await stores.one.retry(first, "x", 0.0),
            await stores.one.bury(first, "x"),
            await stores.one.give_back(first),
        ):
            self.assertIsNone(ended)
        self.assertFalse(await stores.one.tell(first, "half"))
        self.assertEqual(("", JobState.RUNNING), _told(await stores.one.job(first.id)))

    async def test_extended(self) -> None:
        """
        A lease that is extended holds for so long from then, also where it had ended and nobody had come.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        (job,) = await stores.claimed(lease=30.0)
        for _ in range(3):
            await stores.wait(40.0)
            extended = await stores.one.extend(job, 50.0)
            assert extended is not None
            self.assertEqual([], list(await stores.claimed("w2")))
        await stores.wait(60.0)
        self.assertEqual([job.id], [each.id for each in await stores.claimed("w2")])

    async def test_done(self) -> None:
        """
        A job that is done is finished, and the next of its kind and key is another one.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        job = await stores.taken()
        self.assertTrue(await stores.one.tell(job, "half\0way"))
        self.assertEqual("halfway", (await stores.other.job(job.id)).progress)
        done = await stores.one.finish(job)
        assert done is not None
        self.assertEqual((JobState.DONE, 1, None), (done.state, done.attempts, done.due_at))
        self.assertIsNotNone(done.ended_at)
        self.assertIsNone(await stores.one.finish(job))
        self.assertNotEqual(job.id, (await stores.one.enqueue(new())).id)

    async def test_retried(self) -> None:
        """
        A job that failed waits for as long as was said, and tells why and how often; success clears the words.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        failed = await stores.one.retry(await stores.taken(), "no \ud800" + "x" * 9000, 30.0)
        assert failed is not None
        self.assertEqual((JobState.WAITING, 1), (failed.state, failed.attempts))
        self.assertEqual(("no ?xx", LONGEST_WORDS), (failed.error[:6], len(failed.error)))
        self.assertEqual([], list(await stores.claimed()))
        await stores.wait(40.0)
        again = await stores.taken()
        self.assertEqual(2, again.attempts)
        done = await stores.one.finish(again)
        assert done is not None
        self.assertEqual(("", 2), (done.error, done.attempts))

    async def test_buried(self) -> None:
        """
        A dead letter is given to nobody, and stands in no new job's way.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        dead = await stores.one.bury(await stores.taken(), "refused")
        assert dead is not None
        self.assertEqual(("refused", JobState.DEAD), _told(dead))
        self.assertIsNotNone(dead.ended_at)
        self.assertEqual([], list(await stores.claimed()))
        self.assertNotEqual(dead.id, (await stores.one.enqueue(new())).id)

    async def test_given_back(self) -> None:
        """
        What is given back is due at once, and its attempt does not count.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        await stores.one.retry(await stores.taken(), "no", 0.0)
        back = await stores.one.give_back(await stores.taken())
        assert back is not None
        self.assertEqual((1, ("no", JobState.WAITING)), (back.attempts, _told(back)))
        self.assertEqual(2, (await stores.taken()).attempts)

    async def test_again(self) -> None:
        """
        A running job that is enqueued goes on, and afterwards waits for its second turn with the new payload, however it ended.
        """
        stores = await self.stores()
        ends: dict[str, Callable[[Job], Awaitable[Job | None]]] = {
            "finish": stores.one.finish,
            "bury": lambda job: stores.one.bury(job, "x"),
            "retry": lambda job: stores.one.retry(job, "x", 500.0),
            "give_back": stores.one.give_back,
        }
        for name, end in ends.items():
            await stores.one.enqueue(new(name, payload={"a": 1}))
            job = await stores.taken()
            again = await stores.other.enqueue(new(name, payload={"a": 2}, delay=40.0))
            await stores.other.enqueue(new(name, payload={"a": 3}, delay=20.0))
            self.assertEqual((job.id, JobState.RUNNING, True), (again.id, again.state, again.again))
            ended = await end(job)
            assert ended is not None
            self.assertEqual((JobState.WAITING, False), (ended.state, ended.again), name)
            self.assertEqual([], list(await stores.claimed()), name)
            await stores.wait(30.0)
            second = await stores.taken()
            self.assertEqual((job.id, {"a": 3}), (second.id, second.payload), name)
            self.assertEqual(2 if name == "retry" else 1, second.attempts, name)
            self.assertEqual(JobState.DONE, (await stores.one.finish(second) or second).state, name)

    async def test_again_after_death(self) -> None:
        """
        One that was enqueued while a process worked at it that died is done once, with the new payload.
        """
        stores = await self.stores()
        await stores.one.enqueue(new(payload={"a": 1}))
        await stores.claimed(lease=10.0)
        await stores.other.enqueue(new(payload={"a": 2}))
        await stores.wait(20.0)
        job = await stores.taken()
        self.assertEqual(({"a": 2}, False), (job.payload, job.again))
        self.assertEqual(JobState.DONE, (await stores.one.finish(job) or job).state)

    async def test_withdrawn(self) -> None:
        """
        A waiting job is dropped, unless it was enqueued since, runs, or is another one by now.
        """
        stores = await self.stores()
        first = await stores.one.enqueue(new())
        second = await stores.other.enqueue(new())
        self.assertFalse(await stores.one.withdraw("paint", "k", first.generation))
        self.assertFalse(await stores.one.withdraw("sand", "k", second.generation))
        self.assertTrue(await stores.one.withdraw("paint", "k", second.generation))
        self.assertFalse(await stores.one.withdraw("paint", "k", second.generation))
        with self.assertRaises(Missing):
            await stores.one.job(second.id)
        third = await stores.one.enqueue(new())
        self.assertFalse(await stores.one.withdraw("paint", "k", second.generation))
        await stores.taken()
        self.assertFalse(await stores.one.withdraw("paint", "k", third.generation))

    async def test_redone(self) -> None:
        """
        What is finished is done once more at once, as if new, with the time it had at first; nobody withdraws that.
        """
        stores = await self.stores()
        made = await stores.one.enqueue(new(deadline=60.0))
        await stores.one.bury(await stores.taken(), "refused")
        await stores.wait(100.0)
        redone = await stores.other.redo(made.id)
        self.assertEqual((("refused", JobState.WAITING), 0), (_told(redone), redone.attempts))
        self.assertIsNone(redone.ended_at)
        self.assertTrue(40.0 < (redone.left or 0.0) <= 60.0, redone.left)
        self.assertFalse(await stores.one.withdraw("paint", "k", made.generation))
        self.assertEqual(1, (await stores.taken()).attempts)

    async def test_redone_sooner(self) -> None:
        """
        What waits is due at once.
        """
        stores = await self.stores()
        made = await stores.one.enqueue(new(delay=500.0))
        await stores.other.redo(made.id)
        self.assertEqual(made.id, (await stores.taken()).id)

    async def test_not_redone(self) -> None:
        """
        What runs is not redone, nor a dead letter while there is an unfinished job of its kind and key.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        job = await stores.taken()
        with self.assertRaises(WrongState) as caught:
            await stores.one.redo(job.id)
        self.assertEqual("running", caught.exception.state)
        await stores.one.bury(job, "refused")
        await stores.one.enqueue(new())
        with self.assertRaises(AlreadyExists):
            await stores.one.redo(job.id)

    async def test_cancelled(self) -> None:
        """
        What waits is cancelled at once, and can be redone.
        """
        stores = await self.stores()
        made = await stores.one.enqueue(new())
        cancelled = await stores.other.cancel(made.id)
        self.assertEqual((JobState.CANCELLED, False), (cancelled.state, cancelled.cancelling))
        self.assertEqual([], list(await stores.claimed()))
        with self.assertRaises(WrongState):
            await stores.one.cancel(made.id)
        await stores.one.redo(made.id)
        self.assertEqual(made.id, (await stores.taken()).id)

    async def test_cancelled_while_it_runs(self) -> None:
        """
        Its worker hears of it when it extends its lease, and whatever it says then but that it is done, it is cancelled.
        """
        stores = await self.stores()
        ends: dict[str, Callable[[Job], Awaitable[Job | None]]] = {
            "retry": lambda job: stores.one.retry(job, "x", 0.0),
            "bury": lambda job: stores.one.bury(job, "x"),
            "give_back": stores.one.give_back,
            "finish": stores.one.finish,
        }
        for name, end in ends.items():
            await stores.one.enqueue(new(name))
            job = await stores.taken()
            told = await stores.other.cancel(job.id)
            self.assertEqual((JobState.RUNNING, True), (told.state, told.cancelling), name)
            extended = await stores.one.extend(job, 100.0)
            assert extended is not None and extended.cancelling
            ended = await end(job)
            assert ended is not None
            expected = JobState.DONE if name == "finish" else JobState.CANCELLED
            self.assertEqual((expected, False), (ended.state, ended.cancelling), name)

    async def test_cancelled_worker_died(self) -> None:
        """
        One whose worker died is given to another, who is told that it is cancelled.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        (job,) = await stores.claimed(lease=10.0)
        await stores.one.cancel(job.id)
        await stores.wait(20.0)
        taken = await stores.taken()
        self.assertTrue(taken.cancelling)
        self.assertEqual(JobState.CANCELLED, (await stores.one.give_back(taken) or taken).state)

    async def test_cancelled_after_its_worker_died(self) -> None:
        """
        One whose lease has ended is cancelled at once: there may be nobody who does its kind any more. Whoever had it has no
        say.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        (job,) = await stores.claimed(lease=10.0)
        await stores.one.enqueue(new())
        await stores.wait(20.0)
        cancelled = await stores.other.cancel(job.id)
        self.assertEqual(
            (JobState.CANCELLED, False, False, None),
            (cancelled.state, cancelled.cancelling, cancelled.again, cancelled.due_at),
        )
        self.assertIsNotNone(cancelled.ended_at)
        self.assertIsNone(await stores.one.finish(job))
        self.assertEqual([], list(await stores.claimed()))
        await stores.one.enqueue(new())
        self.assertNotEqual(job.id, (await stores.taken()).id)

    async def test_cancelled_and_wanted_again(self) -> None:
        """
        What is enqueued after it was cancelled is done again; what was enqueued before is cancelled with it.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        job = await stores.taken()
        await stores.one.cancel(job.id)
        await stores.one.enqueue(new())
        back = await stores.one.give_back(job)
        assert back is not None
        self.assertEqual((JobState.WAITING, False), (back.state, back.cancelling))

        job = await stores.taken()
        await stores.one.enqueue(new())
        await stores.one.cancel(job.id)
        self.assertEqual(JobState.CANCELLED, (await stores.one.give_back(job) or job).state)

    async def test_wanted_again_worker_died(self) -> None:
        """
        What was cancelled, enqueued, and left by a process that died is done.
        """
        stores = await self.stores()
        await stores.one.enqueue(new())
        (job,) = await stores.claimed(lease=10.0)
        await stores.one.cancel(job.id)
        await stores.one.enqueue(new())
        await stores.wait(20.0)
        self.assertFalse((await stores.taken()).cancelling)

    async def test_listed(self) -> None:
        """
        Jobs are listed newest first, by any of the conditions, a page at a time.
        """
        stores = await self.stores()
        for key, more in (
            ("a", {}),
            ("b", {"pod_id": "pod1"}),
            ("c", {"pod_id": "pod1", "project_id": "p1"}),
            ("d", {"kind": "sand", "project_id": "p1"}),
        ):
            await stores.one.enqueue(new(key, **more))
        (job,) = await stores.claimed(limit=1)
        self.assertEqual("a", job.key)
        await stores.one.finish(job)

        async def listed(**conditions: Any) -> str:
            return "".join(found.key for found in await stores.other.list_jobs(JobQuery(**conditions)))

        self.assertEqual("dcba", await listed())
        self.assertEqual("a", await listed(state=JobState.DONE))
        self.assertEqual("cb", await listed(state=JobState.WAITING, kind="paint"))
        self.assertEqual("cb", await listed(pod_id="pod1"))
        self.assertEqual("dc", await listed(project_id="p1"))
        self.assertEqual("c", await listed(project_id="p1", pod_id="pod1", limit=5))
        self.assertEqual("", await listed(project_id="\0"))
        self.assertEqual("", await listed(kind="\ud800"))
        ids = {found.key: found.id for found in await stores.one.list_jobs(JobQuery())}
        self.assertEqual("dc", await listed(limit=2))
        self.assertEqual("b", await listed(limit=1, marker=ids["c"]))
        self.assertEqual("cb", await listed(marker=ids["d"], state=JobState.WAITING, pod_id="pod1", limit=9))

    async def test_unknown(self) -> None:
        """
        An id that no job has is missing, as a marker too, and so is what cannot be an id.
        """
        stores = await self.stores()
        for job_id in (UNKNOWN, "", "\0", "\ud800"):
            for ask in (stores.one.job, stores.one.redo, stores.one.cancel):
                with self.assertRaises(Missing):
                    await ask(job_id)
            with self.assertRaises(Missing):
                await stores.one.list_jobs(JobQuery(marker=job_id))

    async def test_pruned(self) -> None:
        """
        Finished jobs go when they are old, dead letters in their own time, a few at once; unfinished ones stay.
        """
        stores = await self.stores()
        await stores.one.enqueue(new("dead"))
        await stores.one.bury(await stores.taken(), "x")
        for key in "abc":
            await stores.one.enqueue(new(key))
        for job in await stores.claimed():
            await stores.one.finish(job)
        await stores.one.enqueue(new("waiting"))
        self.assertEqual(0, await stores.one.prune(kept=100.0, dead_kept=300.0, limit=10))
        await stores.wait(200.0)
        counts = [await stores.one.prune(kept=100.0, dead_kept=300.0, limit=2) for _ in range(3)]
        self.assertEqual([2, 1, 0], counts)
        await stores.wait(200.0)
        self.assertEqual(1, await stores.one.prune(kept=100.0, dead_kept=300.0, limit=2))
        self.assertEqual(["waiting"], [job.key for job in await stores.one.list_jobs(JobQuery())])

    async def test_dead_letters_first(self) -> None:
        """
        Dead letters may be kept for less time than others.
        """
        stores = await self.stores()
        await stores.one.enqueue(new("dead"))
        await stores.one.bury(await stores.taken(), "x")
        await stores.one.enqueue(new("done"))
        await stores.one.finish(await stores.taken())
        await stores.wait(200.0)
        self.assertEqual(1, await stores.one.prune(kept=300.0, dead_kept=100.0, limit=9))
        self.assertEqual(["done"], [job.key for job in await stores.one.list_jobs(JobQuery())])

    async def test_census(self) -> None:
        """
        Jobs that wait, run or are dead are counted by kind, and how long the oldest waiting one has been wanted is told.
        """
        stores = await self.stores()
        empty = await stores.one.census()
        self.assertEqual(({}, {}), (empty.counts, empty.oldest))
        for key in ("dead", "runs", "done", "cancelled"):
            made = await stores.one.enqueue(new(key))
            if key == "cancelled":
                await stores.one.cancel(made.id)
        claimed = {job.key: job for job in await stores.claimed()}
        await stores.one.bury(claimed["dead"], "x")
        await stores.one.finish(claimed["done"])
        await stores.one.enqueue(new("waits", delay=900.0))
        await stores.one.enqueue(new("sands", kind="sand"))
        await stores.wait(50.0)
        # asked for again, and wanted for as long as before
        await stores.one.enqueue(new("waits", delay=900.0))

        census = await stores.other.census()

        self.assertEqual(
            {
                ("paint", JobState.DEAD): 1,
                ("paint", JobState.RUNNING): 1,
                ("paint", JobState.WAITING): 1,
                ("sand", JobState.WAITING): 1,
            },
            census.counts,
        )
        self.assertEqual({"paint", "sand"}, set(census.oldest))
        self.assertTrue(50.0 <= census.oldest["paint"] < 70.0, census.oldest)


def _told(job: Job) -> tuple[str, JobState]:
    return job.error, job.state


class MemoryJobsTests(JobStoreSuite, TestCase):
    """
    In memory.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        clock = Clock()
        clock.advance(1_800_000_000.0)
        store = MemoryJobs(MemoryDatabase(clock))
        return Stores(one=store, other=store, wait=lambda seconds: maybeDeferred(clock.advance, seconds))

    async def test_away(self) -> None:
        """
        A database that is away says so.
        """
        database = MemoryDatabase(Clock())
        database.available = False
        with self.assertRaises(DatabaseUnavailable):
            await MemoryJobs(database).enqueue(new())


class PostgresJobsTests(JobStoreSuite, TestCase):
    """
    In PostgreSQL.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        one, other = await two_pools(self)

        def wait(seconds: float) -> Awaitable[object]:
            columns = (
                "created_at",
                "wanted_at",
                "due_at",
                "again_at",
                "started_at",
                "ended_at",
                "deadline_at",
            )
            return grow_older(one, seconds, "jobs", *columns)

        return Stores(one=PostgresJobs(one), other=PostgresJobs(other), wait=wait)
