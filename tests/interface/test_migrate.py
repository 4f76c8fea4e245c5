"""
Migrations on real databases (I16).
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from tests.interface.database import empty_database
from tests.interface.stores import postgres_stores
from trio2o.errors import DatabaseUnavailable
from trio2o.model import Kind, Pod, PodSettings, PodState, Route
from trio2o.storage.migrate import (
    Migration,
    SchemaError,
    latest,
    migrations,
    require_latest,
    upgrade,
    version,
)
from trio2o.storage.pool import Pool

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = Migration(
    number=1, name="first", sql="create table things (name text); insert into things values ('100%');"
)
#: As the first release wrote them: what later columns hold is not said.
EARLIER_POD = (
    "insert into pods (id, name, az_name, state, weight, affinity, settings, created_at) values"
    """ ('i1', 'Pod1', 'az1', 'draining', 2, '["gpu"]', '{"cost": 3.0}', '2026-01-01T00:00:00Z') returning 1"""
)
EARLIER_BINDING = (
    "insert into bindings (id, tenant_id, pod_id, az_name, is_binding, created_at, reason) values"
    " ('b1', 'p1', 'i1', 'az1', true, '2026-01-01T00:00:00Z', 'created') returning 1"
)
SECOND = Migration(number=2, name="second", sql="alter table things add column number integer")


class MigrationTests(TestCase):
    """
    From nothing, once more, at once, and where it cannot be.
    """

    async def test_from_nothing(self) -> None:
        """
        An empty database is brought to this release's schema, once.
        """
        dsn = await empty_database(self)
        self.assertEqual(0, await version(reactor, dsn))
        with self.assertRaisesRegex(SchemaError, f"version 0 .* needs {latest()}: run 'trio2o db upgrade'"):
            await require_latest(reactor, dsn)
        self.assertEqual([step.number for step in migrations()], await upgrade(reactor, dsn))
        self.assertEqual([], await upgrade(reactor, dsn))
        self.assertEqual(latest(), await version(reactor, dsn))
        await require_latest(reactor, dsn)
        stores = await postgres_stores(self, dsn)
        self.assertEqual([], list(await stores.pods.list_pods()))

    async def test_step_by_step(self) -> None:
        """
        A database of an earlier release gets what it misses and keeps its rows.
        """
        dsn = await empty_database(self)
        self.assertEqual([1], await upgrade(reactor, dsn, steps=[FIRST]))
        self.assertEqual([2], await upgrade(reactor, dsn, steps=[FIRST, SECOND]))
        self.assertEqual(2, await version(reactor, dsn))

    async def test_from_each_release(self) -> None:
        """
        A database of any earlier release is brought to this one's schema with what it has.
        """
        for number in range(1, latest()):
            dsn = await empty_database(self)
            await upgrade(reactor, dsn, steps=migrations()[:number])
            pool = Pool(reactor, dsn, size=1)
            self.addCleanup(pool.stop)
            await pool.start()
            await pool.run_query(EARLIER_POD)
            stores = await postgres_stores(self, dsn)
            await pool.run_query(EARLIER_BINDING)
            routes = [
                Route(kind=Kind.SERVER, resource_id=name, pod_id="i1", project_id="p1")
                for name in ("s1", "s2")
            ]
            await stores.routes.record_routes(routes)
            await stores.routes.end_route(Kind.SERVER, "s2", NOW)

            self.assertEqual(
                [step.number for step in migrations()[number:]], await upgrade(reactor, dsn), number
            )

            (pod,) = await stores.pods.list_pods()
            self.assertEqual(
                Pod(
                    id="i1",
                    name="Pod1",
                    az_name="az1",
                    state=PodState.DRAINING,
                    weight=2.0,
                    affinity=frozenset({"gpu"}),
                    settings=PodSettings(cost=3.0),
                    serial=pod.serial,
                    created_at=NOW,
                ),
                pod,
            )
            (binding,) = await stores.bindings.find_bindings(tenant_id="p1")
            self.assertEqual(("i1", "created", True), (binding.pod_id, binding.reason, binding.is_binding))
            self.assertEqual(
                [*routes[:1], evolve(routes[1], deleted_at=NOW)],
                [*await stores.routes.routes_of_id("s1"), *await stores.routes.routes_of_id("s2")],
            )

    async def test_at_once(self) -> None:
        """
        Of processes that migrate together one does it, and all find it done.
        """
        dsn = await empty_database(self)
        done = await gatherResults([Deferred.fromCoroutine(upgrade(reactor, dsn)) for _ in range(4)])
        self.assertEqual([[], [], [], [step.number for step in migrations()]], sorted(done))

    async def test_newer_database(self) -> None:
        """
        A database of a later release is left alone.
        """
        dsn = await empty_database(self)
        await upgrade(reactor, dsn, steps=[FIRST, evolve(SECOND, number=1000)])
        with self.assertRaisesRegex(SchemaError, "version 1000, newer than this release's 1"):
            await upgrade(reactor, dsn, steps=[FIRST])
        with self.assertRaisesRegex(SchemaError, "newer"):
            await require_latest(reactor, dsn)

    async def test_changed_text(self) -> None:
        """
        A migration that was changed after it was applied is noticed.
        """
        dsn = await empty_database(self)
        await upgrade(reactor, dsn, steps=[FIRST])
        with self.assertRaisesRegex(SchemaError, "migration 1 .* another text"):
            await upgrade(reactor, dsn, steps=[evolve(FIRST, sql="select 1"), SECOND])
        self.assertEqual(1, await version(reactor, dsn))

    async def test_failure(self) -> None:
        """
        A migration that fails leaves nothing of itself, and what went before stays.
        """
        dsn = await empty_database(self)
        broken = evolve(SECOND, sql="create table more (name text); select 1 / 0")
        with self.assertRaisesRegex(SchemaError, "migration 2 .* division by zero"):
            await upgrade(reactor, dsn, steps=[FIRST, broken])
        self.assertEqual(1, await version(reactor, dsn))
        more = evolve(SECOND, sql="create table more (name text)")
        self.assertEqual([2], await upgrade(reactor, dsn, steps=[FIRST, more]))

    async def test_no_database(self) -> None:
        """
        A server that is not there is told as such.
        """
        with self.assertRaises(DatabaseUnavailable):
            await upgrade(reactor, "host=/nonexistent dbname=none")
        with self.assertRaises(DatabaseUnavailable):
            await version(reactor, "host=127.0.0.1 port=1 dbname=none")

    def test_numbered_without_gaps(self) -> None:
        """
        The migrations are numbered from 1 on.
        """
        steps = migrations()
        self.assertEqual(list(range(1, len(steps) + 1)), [step.number for step in steps])
