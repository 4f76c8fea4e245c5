"""
What one process of all does.
"""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.service.whole import GraphCase
from trio2o.adoption.cleaner import RouteCleaner
from trio2o.adoption.comparison import SharedComparison
from trio2o.adoption.intents import IntentReconciler
from trio2o.adoption.quotas import QuotaReconciler
from trio2o.adoption.tombstones import TombstonePruner
from trio2o.adoption.unified_limits import NoUnifiedLimits, UnifiedLimitsReader
from trio2o.service.job_queue import JobUpkeep
from trio2o.service.jobs import Jobs
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_election import MemoryElection


class JobsTests(SynchronousTestCase):
    """
    The elected process.
    """

    def setUp(self) -> None:
        self.database = MemoryDatabase(Clock())

    def a_process(self) -> tuple[Jobs, Service]:
        """
        One process, and its job.
        """
        service = Service()
        return Jobs(election=MemoryElection(self.database, "jobs"), services=[service]), service

    def test_one_alone(self) -> None:
        """
        The services of the elected process run, and those of the next one when it stops.
        """
        (first, mine), (second, theirs) = self.a_process(), self.a_process()
        first.startService()
        second.startService()
        self.assertEqual((1, 0), (mine.running, theirs.running))
        first.stopService()
        self.assertEqual((0, 1), (mine.running, theirs.running))
        second.stopService()
        self.assertEqual((0, 0), (mine.running, theirs.running))

    def test_nothing_to_do(self) -> None:
        """
        A process that has no job stands for no election.
        """
        idle = Jobs(election=MemoryElection(self.database, "jobs"), services=[])
        idle.startService()
        self.assertEqual({}, self.database.elections)
        idle.stopService()


class WiringTests(GraphCase):
    """
    From the configuration.
    """

    def services(self) -> list[Any]:
        """
        What the graph's jobs are.
        """
        return list(self.graph._jobs._services)

    def test_default(self) -> None:
        """
        What compares pods, the upkeep of the job queue, what reads projects' usage, what forgets Keystone's limits, what settles
        keyed creates, the cleaner and the pruner: none runs before the graph does.
        """
        comparison, upkeep, quotas, unified, reconciler, cleaner, pruner = self.services()
        self.assertIsInstance(unified, UnifiedLimitsReader)
        self.assertIsInstance(unified._keystone, NoUnifiedLimits)
        self.assertIsInstance(comparison, SharedComparison)
        self.assertEqual(600.0, comparison._interval)
        self.assertIs(self.graph.job_queue.upkeep, upkeep)
        self.assertIsInstance(quotas, QuotaReconciler)
        self.assertFalse(quotas.running)
        self.assertIsInstance(reconciler, IntentReconciler)
        self.assertEqual(300.0, reconciler._settle_seconds)
        self.assertIsInstance(cleaner, RouteCleaner)
        self.assertEqual((5.0, 600.0), (cleaner._rate, cleaner._missing_seconds))
        self.assertIsInstance(pruner, TombstonePruner)
        self.assertEqual(90.0, pruner._days)
        self.assertFalse(reconciler.running or cleaner.running or pruner.running)

    def test_off(self) -> None:
        """
        0 turns the comparison and each of the last two off, and who counts no quotas reads no usage.
        """
        self.config = self.configured(
            "\njobs: {route_checks_per_second: 0, tombstone_days: 0}\nquotas: {enabled: false}\n"
            "shared: {compare_seconds: 0}\n"
        )
        self.graph = self.made()
        self.assertEqual(
            [JobUpkeep, UnifiedLimitsReader, IntentReconciler], [type(service) for service in self.services()]
        )

    def test_stopped_with_the_graph(self) -> None:
        """
        Stopping leaves the election, so that the next process takes over, and no call behind.
        """
        jobs = self.graph._jobs
        jobs.startService()
        self.assertTrue(jobs._election.leads)
        jobs.stopService()
        self.assertFalse(jobs._election.leads)
        self.assertEqual([], self.reactor.getDelayedCalls())
