"""
Pods that lack something, and answer.
"""

from __future__ import annotations

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.strategies.doubles import ScriptedPods
from trio2o.adoption.returning import ReturningPods
from trio2o.jobs.queue import JobQueue
from trio2o.model import Job, JobQuery, Pod, PodState
from trio2o.model.shared import SharedKey, SharedResource
from trio2o.shared.kinds import SharedKinds
from trio2o.state.cache import MemoryState
from trio2o.state.shared import SharedBook
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.memory_shared import MemoryShared


class ReturningTests(SynchronousTestCase):
    """
    One pod that lacks a key pair, or was disabled.
    """

    def test_enabled(self) -> None:
        """
        A pod that is enabled gets everybody's quotas, which nobody has given it while it was disabled.
        """
        clock = Clock()
        database = MemoryDatabase(clock)
        pod = Pod(id="Pod1-id", name="Pod1", az_name="az1", serial=1)
        state, jobs = MemoryState(clock), MemoryJobs(database)
        book = SharedBook(MemoryShared(database), {})
        queue = JobQueue(store=jobs, due=lambda: None)
        service = ReturningPods(clock=clock, state=state, pods=ScriptedPods(clock), ids=book, queue=queue)

        def enqueued() -> list[tuple[str, str]]:
            listed = self.successResultOf(Deferred.fromCoroutine(jobs.list_jobs(JobQuery())))
            return [(job.kind, job.key) for job in listed]

        state.put_pods([pod])
        service.startService()
        self.addCleanup(service.stopService)
        clock.advance(1.0)
        state.put_pods([evolve(pod, state=PodState.DISABLED)])
        clock.advance(1.0)
        self.assertEqual([], enqueued())

        state.put_pods([pod])
        clock.advance(1.0)
        self.assertEqual([("pod_quota", "pod:Pod1-id")], enqueued())
        clock.advance(5.0)
        self.assertEqual(1, len(enqueued()))

    def test_job(self) -> None:
        """
        A pod that lacks something gets a job when it answers, and not before; another after a minute, or when it is back again.
        """
        clock = Clock()
        database = MemoryDatabase(clock)
        pod = database.put_pod(Pod(id="Pod1-id", name="Pod1", az_name="az1", serial=1))
        state, store, jobs = MemoryState(clock), MemoryShared(database), MemoryJobs(database)
        state.put_pods([pod])
        book = SharedBook(store, SharedKinds())
        pods = ScriptedPods(clock)
        pods.sick.add(pod.id)
        queue = JobQueue(store=jobs, due=lambda: None)
        service = ReturningPods(clock=clock, state=state, pods=pods, ids=book, queue=queue)
        service.startService()
        self.addCleanup(service.stopService)

        def enqueued() -> list[Job]:
            return list(self.successResultOf(Deferred.fromCoroutine(jobs.list_jobs(JobQuery()))))

        clock.advance(2.0)
        self.assertEqual([], enqueued())
        # a key pair, which only one user's creates wait for
        thing = SharedResource(key=SharedKey("key_pair", "k", "u"), top_id="u/k")
        self.successResultOf(Deferred.fromCoroutine(store.settle(thing, [], expected=0)))
        self.successResultOf(Deferred.fromCoroutine(book.load()))
        clock.advance(1.0)
        self.assertEqual([], enqueued())

        pods.sick.clear()
        clock.advance(1.0)
        (job,) = enqueued()
        self.assertEqual(("sync_pod", pod.id, pod.id), (job.kind, job.key, job.pod_id))
        clock.advance(1.0)
        self.assertEqual([job.generation], [each.generation for each in enqueued()])
        clock.pump([1.0] * 61)
        self.assertGreater(enqueued()[0].generation, job.generation)
