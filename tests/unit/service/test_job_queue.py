"""
The queue of jobs, wired.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from zope.interface import implementer

from tests.unit.service.whole import GraphCase
from trio2o.errors import JobHopeless
from trio2o.interfaces import IJobHandler, TellProgress
from trio2o.model import Job, JobQuery, JobState, NewJob


@implementer(IJobHandler)
class Refusing:
    """
    Nothing can be done.
    """

    kind = "paint"

    async def work(self, job: Job, tell: TellProgress) -> None:
        """
        See ``IJobHandler``.
        """
        raise JobHopeless("no")


class QueueTests(GraphCase):
    """
    From the configuration.
    """

    more = "\njob_queue: {at_once: 2, lease_seconds: 12, longest_pause_seconds: 40, kept_days: 1, dead_kept_days: 2}\n"

    def jobs(self) -> list[JobState]:
        """
        The states of those that there are.
        """
        found = self.successResultOf(Deferred.fromCoroutine(self.database.jobs.list_jobs(JobQuery())))
        return [job.state for job in found]

    def test_configured(self) -> None:
        """
        The worker and the upkeep have what the section says.
        """
        parts = self.graph.job_queue
        self.assertEqual((2, 12.0), (parts.worker._at_once, parts.worker._terms.lease))
        self.assertEqual(40.0, parts.worker._terms.longest_pause)
        self.assertEqual((86_400.0, 172_800.0), (parts.upkeep._kept, parts.upkeep._dead_kept))

    def test_worked_at(self) -> None:
        """
        What is enqueued is done at once by the handler that was added, counted, and forgotten when it is old.
        """
        parts = self.graph.job_queue
        parts.handlers.add(Refusing())
        parts.worker.startService()
        parts.upkeep.startService()
        self.successResultOf(
            Deferred.fromCoroutine(parts.queue.enqueue(NewJob(kind="paint", key="k", delay=0.0)))
        )
        self.assertEqual([JobState.DEAD], self.jobs())
        self.reactor.advance(15.0)
        self.assertEqual({("paint", JobState.DEAD): 1}, parts.upkeep.census.counts)
        self.reactor.advance(172_800.0)
        self.assertEqual([], self.jobs())
        self.reactor.advance(15.0)
        self.assertEqual({}, parts.upkeep.census.counts)
        self.successResultOf(Deferred.fromCoroutine(self.graph.give_jobs_back()))
        parts.upkeep.stopService()
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_not_elected(self) -> None:
        """
        Who is no longer the elected process tells no numbers.
        """
        upkeep = self.graph.job_queue.upkeep
        self.successResultOf(Deferred.fromCoroutine(self.database.jobs.enqueue(NewJob(kind="x", key="k"))))
        upkeep.startService()
        self.assertEqual({"x"}, set(upkeep.census.oldest))
        upkeep.stopService()
        self.assertEqual({}, upkeep.census.oldest)
