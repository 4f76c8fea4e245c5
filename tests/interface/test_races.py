"""
What many writers at once cannot break, over real PostgreSQL.
"""

from __future__ import annotations

from typing import Any

import psycopg2
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from tests.interface.database import migrated_database
from tests.interface.stores import Stores, a_pod, postgres_stores
from trio2o.errors import AlreadyExists
from trio2o.model import Binding, PodState


def begun(coroutine: Any) -> Deferred[Any]:
    """
    Start it, to be waited for later.
    """
    return Deferred.fromCoroutine(coroutine)


class RaceTests(TestCase):
    """
    Two pools stand for two processes.
    """

    async def two(self) -> tuple[str, list[Stores]]:
        """
        The DSN, and the stores of both.
        """
        dsn = await migrated_database(self)
        return dsn, [await postgres_stores(self, dsn, size=4) for _ in range(2)]

    async def test_first_binds(self) -> None:
        """
        Sixteen first binds of one project give one binding, and everybody gets that one (I10).
        """
        _, (one, two) = await self.two()
        pods = [await one.pods.create_pod(a_pod(f"Pod{number}")) for number in range(4)]

        def bind(number: int) -> Deferred[Binding]:
            stores = (one, two)[number % 2]
            return begun(
                stores.bindings.bind(
                    "p1",
                    pods[number // 2 % 4].id,
                    az_name="az1",
                    pod_group="",
                    reason="created",
                    replaces=None,
                )
            )

        got = await gatherResults([bind(number) for number in range(16)])
        (active,) = await one.bindings.find_bindings()
        self.assertEqual([active] * 16, got)

    async def test_first_binds_in_any_zone(self) -> None:
        """
        Sixteen creates of one project without a zone, which four processes would put into four zones, give one binding.
        """
        _, (one, two) = await self.two()
        pods = [
            await one.pods.create_pod(a_pod(f"Pod{number}", az_name=f"az{number}")) for number in range(4)
        ]

        def bind(number: int) -> Deferred[Binding]:
            stores, pod = (one, two)[number % 2], pods[number // 2 % 4]
            return begun(
                stores.bindings.bind(
                    "p1",
                    pod.id,
                    az_name=pod.az_name,
                    pod_group="",
                    reason="created",
                    replaces=None,
                    first=True,
                )
            )

        got = await gatherResults([bind(number) for number in range(16)])
        (active,) = await one.bindings.find_bindings()
        self.assertEqual([active] * 16, got)

    async def test_moves(self) -> None:
        """
        Of sixteen who replace the same binding one does, and the others get what that one made.
        """
        _, (one, two) = await self.two()
        pods = [await one.pods.create_pod(a_pod(f"Pod{number}")) for number in range(5)]
        old = await one.bindings.create_binding("p1", pods[4].id)

        def move(number: int) -> Deferred[Binding]:
            stores = (one, two)[number % 2]
            return begun(
                stores.bindings.bind(
                    "p1", pods[number % 4].id, az_name="az1", pod_group="", reason="moved", replaces=old.id
                )
            )

        got = await gatherResults([move(number) for number in range(16)])
        self.assertEqual(1, len(set(got)))
        self.assertEqual([got[0]], list(await one.bindings.find_bindings(active=True)))
        self.assertEqual(2, len(await one.bindings.find_bindings()))

    async def test_bound_while_deleted(self) -> None:
        """
        A pod that is removed by force while projects are bound to it leaves no active binding behind.
        """
        _, (one, two) = await self.two()
        pod = await one.pods.create_pod(a_pod("Pod1"))
        binds = [begun(two.bindings.create_binding(f"p{number}", pod.id)) for number in range(12)]
        for bind in binds:
            bind.addErrback(lambda f: None)
        await deferLater(reactor, 0.005)
        await one.pods.delete_pod(pod.id, force=True)
        await gatherResults(binds)
        self.assertEqual([], list(await one.bindings.find_bindings(active=True)))

    async def test_declare_at_once(self) -> None:
        """
        Processes that start together and declare the same pods make each once.
        """
        _, (one, two) = await self.two()

        def wanted() -> list[Any]:
            return [a_pod(f"Pod{number}", state=PodState.ENABLED) for number in range(3)]

        got = await gatherResults([begun(stores.pods.declare_pods(wanted())) for stores in (one, two) * 4])
        for pods in got:
            self.assertEqual(list(got[0]), list(pods))
        self.assertEqual(3, (await one.changes.snapshot()).number)

    async def test_names_at_once(self) -> None:
        """
        Of many who create one name, one does and the others are told.
        """
        _, (one, two) = await self.two()
        outcomes = []
        for call in [begun(stores.pods.create_pod(a_pod("Pod1"))) for stores in (one, two) * 4]:
            try:
                outcomes.append(await call)
            except AlreadyExists:
                outcomes.append(None)
        self.assertEqual(1, sum(outcome is not None for outcome in outcomes))

    async def test_numbers_in_commit_order(self) -> None:
        """
        Who reads on from the last number that it saw misses nothing, while many write and roll back.
        """
        _, (one, two) = await self.two()
        pod = await one.pods.create_pod(a_pod("Pod1"))
        seen: list[int] = []
        done = False

        async def read() -> None:
            while not done or await one.changes.changes_since(len(seen)):
                for change in await one.changes.changes_since(len(seen)) or ():
                    seen.append(change.number)

        async def write(stores: Stores, number: int) -> None:
            await stores.bindings.create_binding(f"p{number}", pod.id)
            try:
                await stores.pods.create_pod(a_pod("Pod1"))
            except AlreadyExists:
                pass

        reading = begun(read())
        await gatherResults([begun(write((one, two)[number % 2], number)) for number in range(40)])
        done = True
        await reading
        self.assertEqual(list(range(1, 42)), seen)

    async def test_foreign_writer(self) -> None:
        """
        A writer that knows nothing of the lock takes part in it: its number is not overtaken before it commits.
        """
        dsn, (one, _) = await self.two()
        foreign = psycopg2.connect(dsn)
        self.addCleanup(foreign.close)
        foreign.cursor().execute(
            "insert into pods (id, name, az_name) values ('x', 'X', 'az1'), ('y', 'Y', 'az1')"
        )
        ours = begun(one.pods.create_pod(a_pod("Pod1")))
        await deferLater(reactor, 0.1)
        self.assertNoResult(ours)
        self.assertEqual([], await one.changes.changes_since(0))
        foreign.commit()
        made = await ours
        changes = await one.changes.changes_since(0)
        assert changes is not None
        self.assertEqual(["x", "y", made.id], [change.row_id for change in changes])
        self.assertEqual([1, 2, 3], [change.number for change in changes])


class LogTests(TestCase):
    """
    The log's edges, which only rows can show.
    """

    async def test_pruned(self) -> None:
        """
        The newest 100,000 changes are kept; who is further behind takes a snapshot.
        """
        dsn = await migrated_database(self)
        stores = await postgres_stores(self, dsn)
        pool = stores.pods._pool  # type: ignore[attr-defined]
        await stores.pods.create_pod(a_pod("Pod1"))
        await pool.run_query("update change_counter set last = 100999")
        await stores.pods.create_pod(a_pod("Pod2"))
        self.assertEqual([(101000, 1000)], await pool.run_query("select last, pruned from change_counter"))
        self.assertEqual([(101000,)], await pool.run_query("select number from changes"))
        self.assertIsNone(await stores.changes.changes_since(999))
        self.assertEqual(1, len(await stores.changes.changes_since(1000) or ()))

    async def test_history(self) -> None:
        """
        A database that was made anew has another timeline, though it is in the same cluster.
        """
        first = await postgres_stores(self, await migrated_database(self))
        second = await postgres_stores(self, await migrated_database(self))
        self.assertNotEqual(await first.changes.timeline(), await second.changes.timeline())
        self.assertEqual(await first.changes.timeline(), await first.changes.timeline())

    async def test_ordinary_user(self) -> None:
        """
        A database user without any privilege but its own tables can do all that the daemon does.
        """
        dsn = await migrated_database(self)
        admin = psycopg2.connect(dsn)
        self.addCleanup(admin.close)
        admin.autocommit = True
        cursor = admin.cursor()
        cursor.execute("drop role if exists plain")
        cursor.execute("create role plain login")
        cursor.execute("grant select, insert, update, delete on all tables in schema public to plain")
        self.addCleanup(cursor.execute, "drop owned by plain; drop role plain")
        stores = await postgres_stores(
            self, " ".join("user=plain" if p.startswith("user=") else p for p in dsn.split())
        )
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        await stores.bindings.create_binding("p1", pod.id)
        self.assertEqual(2, (await stores.changes.snapshot()).number)
        self.assertEqual(1, len(await stores.pods.list_pods()))
