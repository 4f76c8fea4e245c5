"""
Every question that is asked of tens of millions of routes and a million bindings is answered by an index.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

from attrs import define, field
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from tests.interface.database import migrated_database
from tests.interface.stores import a_pod
from trio2o.errors import InUse
from trio2o.model import JobQuery, Kind, NewJob, Route
from trio2o.model.shared import SharedKey
from trio2o.storage.pool import Pool, Transaction
from trio2o.storage.postgres import PostgresBindings, PostgresCursors, PostgresPods, PostgresRoutes
from trio2o.storage.postgres.jobs import PostgresJobs
from trio2o.storage.postgres.shared import PostgresShared

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@define(eq=False)
class Explaining:
    """
    Passes statements on and keeps the plan that PostgreSQL makes of each when it must avoid reading whole tables.
    """

    inner: Any
    plans: list[tuple[str, str]] = field(factory=list)

    async def query(self, sql: str, params: Any = None) -> list[Any]:
        """
        Of a transaction.
        """
        await self._explain(self.inner.query, sql, params)
        return await self.inner.query(sql, params)  # type: ignore[no-any-return]

    async def run_query(
        self, sql: str, params: Any = None, *, read_only: bool = False, patience: float | None = None
    ) -> list[Any]:
        """
        Of a pool.
        """

        async def both(transaction: Transaction) -> list[Any]:
            await self._explain(transaction.query, sql, params)
            return await transaction.query(sql, params)

        return await self.inner.run_interaction(both)  # type: ignore[no-any-return]

    async def run_interaction(self, interaction: Any, *, read_only: bool = False) -> Any:
        """
        Of a pool.
        """

        async def explained(transaction: Transaction) -> Any:
            return await interaction(Explaining(transaction, self.plans))

        return await self.inner.run_interaction(explained)

    async def _explain(self, query: Any, sql: str, params: Any) -> None:
        await query("set local enable_seqscan = off")
        await query("set local enable_bitmapscan = off")
        rows = await query(f"explain {sql}", params)
        self.plans.append((sql, "\n".join(line for (line,) in rows)))


class IndexTests(TestCase):
    """
    The plans.
    """

    async def explaining(self) -> Explaining:
        """
        A pool with the table statistics of an empty database.
        """
        pool = Pool(reactor, await migrated_database(self), size=2)
        self.addCleanup(pool.stop)
        await pool.start()
        return Explaining(pool)

    def check(self, explaining: Explaining, *tables: str, sorts: bool = True) -> None:
        """
        No plan reads one of these tables or its indexes whole, or sorts where an index is to give the order.
        """
        about = [(sql, plan) for sql, plan in explaining.plans if any(table in sql for table in tables)]
        self.assertTrue(about)
        for sql, plan in about:
            lines = plan.splitlines()
            for number, line in enumerate(lines):
                if "Scan" in line and any(f" on {table} " in line for table in tables):
                    self.assertIn("Index Cond", lines[number + 1], f"{sql}\n{plan}")
            if not sorts:
                self.assertNotIn("Sort", plan, f"{sql}\n{plan}")

    async def test_shared(self) -> None:
        """
        What is wanted under a name is found without a look at other names.
        """
        explaining = await self.explaining()
        shared = PostgresShared(explaining)  # type: ignore[arg-type]
        key = SharedKey("key_pair", "k", "u")
        await shared.find(key, key.plain_id)
        await shared.note_copies(key, key.plain_id, 1, [])
        self.check(explaining, "shared_resources")

    async def test_routes(self) -> None:
        """
        By id, by id and kind, by project and by pod, and on a walk; what is ordered comes out of the index so.
        """
        explaining = await self.explaining()
        routes = PostgresRoutes(explaining)  # type: ignore[arg-type]
        await routes.record_routes([Route(kind=Kind.SERVER, resource_id="s", pod_id="x", project_id="p")])
        await routes.find_route(Kind.SERVER, "s")
        await routes.end_route(Kind.SERVER, "s", NOW)
        await routes.routes_of_project(Kind.SERVER, "p", "x")
        await routes.routes_of_project(Kind.SERVER, None, "x")
        await routes.routes_of_id("s")
        for project, descending in product(("p", None), (False, True)):
            await routes.routes_before(
                Kind.SERVER, project, ["x", "y"], (NOW, "s"), ids_descending=descending, ended=True
            )
        await routes.walk_routes(("s", Kind.SERVER), 10)
        await routes.find_routes(Kind.SERVER, ["s", "t"])
        self.check(explaining, "routes", sorts=False)
        explaining.plans.clear()
        await routes.prune_tombstones("x", NOW, 10)
        await routes.end_routes([Route(kind=Kind.SERVER, resource_id="s", pod_id="x", project_id="p")], NOW)
        self.check(explaining, "routes")

    async def test_cursors(self) -> None:
        """
        By digest; the oldest come out of the index in their order.
        """
        explaining = await self.explaining()
        cursors = PostgresCursors(explaining)  # type: ignore[arg-type]
        await cursors.keep_cursors({b"digest": "content"})
        await cursors.find_cursor(b"digest")
        plans = "\n".join(plan for _, plan in explaining.plans)
        self.assertNotIn("Seq Scan", plans)
        self.assertNotIn("Sort", plans)
        self.assertIn("Index Scan using cursors_by_age", plans)
        self.assertIn("Index Scan using cursors_pkey", plans)

    async def test_bindings(self) -> None:
        """
        By project, pod, time, id and place; history comes out of the index in its order.
        """
        explaining = await self.explaining()
        pods, bindings = PostgresPods(explaining), PostgresBindings(explaining)  # type: ignore[arg-type]
        pod = await pods.create_pod(a_pod("Pod1"))
        made = await bindings.create_binding("p", pod.id)
        await bindings.bind("p", pod.id, az_name="az1", pod_group="", reason="", replaces=None)
        await bindings.get_binding(made.id)
        await bindings.end_binding(made.id, "admin")
        await bindings.find_bindings(tenant_id="p")
        await bindings.find_bindings(tenant_id="p", limit=10, marker=made.id)
        await bindings.find_bindings(pod_id=pod.id, limit=10)
        self.check(explaining, "bindings", sorts=False)
        explaining.plans.clear()
        await bindings.find_bindings(at=NOW)
        self.check(explaining, "bindings")
        await bindings.find_bindings(limit=10)
        self.assertIn("Index Scan Backward using bindings_serial_key", explaining.plans[-1][1])

    async def test_draining(self) -> None:
        """
        How much a pod still has, and the end of its bindings.
        """
        explaining = await self.explaining()
        pods, bindings = PostgresPods(explaining), PostgresBindings(explaining)  # type: ignore[arg-type]
        pod = await pods.create_pod(a_pod("Pod1"))
        await pods.count_uses(pod.id, NOW)
        await bindings.end_bindings(pod.id, "over")
        self.check(explaining, "routes", "bindings")

    async def test_jobs(self) -> None:
        """
        What workers ask each second reads no finished job, and what is pruned comes by its age.
        """
        explaining = await self.explaining()
        jobs = PostgresJobs(explaining)  # type: ignore[arg-type]
        made = await jobs.enqueue(NewJob(kind="paint", key="k"))
        await jobs.claim("w", kinds=["paint", "sand"], limit=5, lease=5.0)
        # both have none but the unfinished
        self.assertRegex(explaining.plans[-1][1], "Index Scan using jobs_(due|one_unfinished)")
        await jobs.withdraw("paint", "k", made.generation)
        self.assertIn("jobs_one_unfinished", explaining.plans[-1][1])
        await jobs.prune(kept=5.0, dead_kept=9.0, limit=5)
        self.assertRegex(explaining.plans[-1][1], r"Index Scan using jobs_ended .*\n +Index Cond: ")
        self.assertNotIn("Sort", explaining.plans[-1][1])
        await jobs.list_jobs(JobQuery(limit=5))
        self.assertIn("Index Scan Backward using jobs_serial_key", explaining.plans[-1][1])

    async def test_removal(self) -> None:
        """
        Whether a pod is used, and forgetting what names it.
        """
        explaining = await self.explaining()
        pods, routes = PostgresPods(explaining), PostgresRoutes(explaining)  # type: ignore[arg-type]
        (pod,) = await pods.declare_pods([a_pod("Pod1")])
        await routes.record_routes([Route(kind=Kind.SERVER, resource_id="s", pod_id=pod.id, project_id="p")])
        with self.assertRaises(InUse):
            await pods.delete_pod(pod.id)
        await pods.delete_pod(pod.id, force=True)
        (pod,) = await pods.declare_pods([a_pod("Pod1")])
        await pods.declare_pods([])
        self.check(explaining, "routes", "bindings")
