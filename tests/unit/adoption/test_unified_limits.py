"""
Taking Keystone's limits over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from trio2o.adoption.unified_limits import NoUnifiedLimits, UnifiedLimitsReader
from trio2o.errors import Unavailable
from trio2o.interfaces import IUnifiedLimits
from trio2o.model import JobQuery, JobState, QuotaOwner, QuotaScope
from trio2o.quota.unified import REGISTERED
from trio2o.state.quota_limits import QuotaLimitBook
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.memory_quotas import MemoryQuotaLimits

PROJECT = QuotaOwner(service="keystone", scope=QuotaScope.PROJECT, scope_id="p")


@implementer(IUnifiedLimits)
@define
class Keystone:
    """
    Tells what it is told.
    """

    limits: dict[QuotaOwner, dict[str, int]] = field(factory=dict)
    away: bool = False

    async def read(self) -> Mapping[QuotaOwner, Mapping[str, int]]:
        if self.away:
            raise Unavailable("away", admin_detail="Keystone: no answer")
        return {owner: dict(limits) for owner, limits in self.limits.items()}


class UnifiedLimitsReaderTests(SynchronousTestCase):
    """
    One process that reads.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.database = MemoryDatabase(self.clock)
        self.store = MemoryQuotaLimits(self.database)
        self.jobs = MemoryJobs(self.database)
        self.book = QuotaLimitBook(unified=frozenset({"compute"}))
        self.keystone = Keystone({REGISTERED: {"instances": 10}, PROJECT: {"instances": 25}})
        verifyObject(IUnifiedLimits, self.keystone)
        self.reader = self.made()
        self.addCleanup(self.reader.stopService)

    def made(self) -> UnifiedLimitsReader:
        """
        A reader of what Keystone says by then.
        """
        return UnifiedLimitsReader(
            clock=self.clock,
            keystone=self.keystone,
            store=self.store,
            limits=self.book,
            jobs=self.jobs,
            stored=lambda: [
                *self.book.owners(QuotaScope.PROJECT),
                *self.book.owners(QuotaScope.CLASS),
                *self.book.owners(QuotaScope.USER),
            ],
            interval=60.0,
        )

    def done(self, coroutine: Any) -> Any:
        """
        What comes of it at once.
        """
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def turn(self, seconds: float = 60.0) -> None:
        """
        Let time pass, and have the book know what is stored.
        """
        self.clock.advance(seconds)
        if self.database.available:
            self.book.replace(self.done(self.store.all_limits()))

    def instances(self, project_id: str = "p") -> int:
        """
        How many servers a project may have.
        """
        return self.book.effective("compute", project_id, "", ["instances"])["instances"]

    def enqueued(self) -> list[str]:
        """
        The keys of the jobs.
        """
        return sorted(job.key for job in self.done(self.jobs.list_jobs(JobQuery())))

    def test_read(self) -> None:
        """
        What Keystone has is stored and given to pods, whoever changes it there; what has not changed is not stored again.
        """
        self.reader.startService()
        self.turn(0)
        self.assertEqual((25, 10), (self.instances(), self.instances("q")))
        self.assertEqual(["compute:class:default", "compute:project:p"], self.enqueued())
        before = self.database.last
        self.turn()
        self.assertEqual(before, self.database.last)
        self.keystone.limits = {REGISTERED: {"instances": 12}}
        self.turn()
        self.assertEqual((12, 12), (self.instances(), self.instances("q")))
        self.assertEqual({REGISTERED: {"instances": 12}}, self.done(self.store.all_limits()))

    def test_away(self) -> None:
        """
        What was read last holds while Keystone is away, and the new soon after it is back; the age tells how old it is.
        """
        self.assertIsNone(self.reader.age())
        self.reader.startService()
        self.turn(0)
        self.keystone.away = True
        self.keystone.limits[PROJECT] = {"instances": 3}
        self.turn(600.0)
        self.assertEqual((25, 600.0), (self.instances(), self.reader.age()))
        self.keystone.away = False
        self.turn(10.0)
        self.assertEqual((3, 0.0), (self.instances(), self.reader.age()))

    def test_database_away(self) -> None:
        """
        With the database away nothing is taken over; it is tried again.
        """
        self.database.available = False
        self.reader.startService()
        self.turn(5.0)
        self.assertEqual(0, self.instances())
        self.database.available = True
        self.turn(10.0)
        self.assertEqual(25, self.instances())

    def test_nothing_else(self) -> None:
        """
        What was set here is left as it is, and does not hold; pods are given what does, once.
        """
        own = evolve(PROJECT, service="compute", scope_id="q")
        user = evolve(own, scope=QuotaScope.USER, user_id="u")
        for owner in (own, user, evolve(own, service="volume")):
            self.done(self.store.set_limits(owner, {"instances": 99}))
        self.turn(0)
        self.reader.startService()
        self.turn(0)
        given = ["compute:class:default", "compute:project:p", "compute:project:q", "compute:user:q:u"]
        self.assertEqual(given, self.enqueued())
        for job in self.done(self.jobs.list_jobs(JobQuery())):
            self.done(self.jobs.withdraw(job.kind, job.key, job.generation))
        self.turn()
        self.assertEqual((25, 10), (self.instances(), self.instances("q")))
        self.assertEqual({"instances": 99}, self.done(self.store.all_limits())[own])
        self.assertEqual([], list(self.done(self.jobs.list_jobs(JobQuery(state=JobState.WAITING)))))

    def test_given_up(self) -> None:
        """
        Where limits are Keystone's no more they are forgotten, and pods get back what was set here.
        """
        for owner in (PROJECT, REGISTERED, evolve(PROJECT, service="compute")):
            self.done(self.store.set_limits(owner, {"instances": 99}))
        self.keystone = NoUnifiedLimits()  # type: ignore[assignment]
        verifyObject(IUnifiedLimits, self.keystone)
        reader = self.made()
        self.turn(0)
        reader.startService()
        self.addCleanup(reader.stopService)
        self.turn(0)
        self.assertEqual([evolve(PROJECT, service="compute")], list(self.done(self.store.all_limits())))
        self.assertEqual(["compute:class:default", "compute:project:p"], self.enqueued())
