"""
What every :class:`IPodStore` and :class:`IBindingStore` does for a pod that is taken out of service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from twisted.trial.unittest import TestCase

from tests.interface.stores import InMemory, OnPostgres, Stores, a_pod
from trio2o.model import Kind, Pod, PodSettings, PodState, PodUses, Route
from trio2o.storage.pool import Pool
from trio2o.storage.postgres.rows import BATCH
from trio2o.storage.rules import COUNTED

NOW = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
WINDOW = {
    "state": PodState.MAINTENANCE,
    "state_reason": "new switches",
    "state_from": NOW,
    "state_until": LATER,
}


def a_route(pod: Pod, resource_id: str, kind: Kind = Kind.SERVER, made: datetime | None = None) -> Route:
    """
    A route to what was made then.
    """
    return Route(kind=kind, resource_id=resource_id, pod_id=pod.id, project_id="p1", created_at=made)


class PodStateSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def test_window(self) -> None:
        """
        Reason and window are kept to the microsecond, and are gone with the next state.
        """
        pods = (await self.stores()).pods
        made = await pods.create_pod(a_pod("Pod1", **WINDOW))
        self.assertEqual(
            ("new switches", NOW, LATER, None),
            (made.state_reason, made.state_from, made.state_until, made.state_changed_at),
        )
        self.assertEqual(made, await pods.get_pod(made.id))
        empty = {"state_reason": "", "state_from": None, "state_until": None}
        after = await pods.update_pod(made.id, {"state": PodState.ENABLED, **empty})
        self.assertEqual(("", None, None), (after.state_reason, after.state_from, after.state_until))
        self.assertEqual([after], list(await pods.list_pods()))

    async def test_since(self) -> None:
        """
        The store tells since when the state is what it is; another reason changes nothing about that.
        """
        stores = await self.stores()
        made = await stores.pods.create_pod(a_pod("Pod1"))
        self.assertIsNone(made.state_changed_at)
        stores.tick()
        draining = await stores.pods.update_pod(made.id, {"state": PodState.DRAINING})
        assert draining.state_changed_at is not None
        assert made.created_at is not None
        self.assertGreater(draining.state_changed_at, made.created_at)
        stores.tick()
        told = await stores.pods.update_pod(made.id, {"state_reason": "new switches"})
        self.assertEqual(draining.state_changed_at, told.state_changed_at)
        assert told.updated_at is not None
        self.assertGreater(told.updated_at, draining.state_changed_at)

    async def test_settings(self) -> None:
        """
        One setting is changed, and the others stay.
        """
        pods = (await self.stores()).pods
        made = await pods.create_pod(a_pod("Pod1", settings=PodSettings(cost=2.0, taints=("gpu",))))
        changed = await pods.update_pod(made.id, {"cost": 3.0, "weight": 5.0})
        self.assertEqual((PodSettings(cost=3.0, taints=("gpu",)), 5.0), (changed.settings, changed.weight))
        self.assertEqual(changed, await pods.get_pod(made.id))

    async def test_declared_again(self) -> None:
        """
        An operator's reason and window outlive the same declaration with the state; another one ends all of it.
        """
        pods = (await self.stores()).pods
        (pod,) = await pods.declare_pods([a_pod("Pod1")])
        ordered = await pods.update_pod(pod.id, WINDOW)
        (same,) = await pods.declare_pods([a_pod("Pod1")])
        self.assertEqual(ordered, same)
        (other,) = await pods.declare_pods([a_pod("Pod1", state=PodState.DRAINING)])
        self.assertEqual(
            (PodState.DRAINING, "", None, None),
            (other.state, other.state_reason, other.state_from, other.state_until),
        )

    async def test_no_longer_declared(self) -> None:
        """
        A pod in use that is no longer declared drains for good, whatever window it had, and says why.
        """
        stores = await self.stores()
        (pod,) = await stores.pods.declare_pods([a_pod("Pod1")])
        await stores.pods.update_pod(pod.id, WINDOW)
        await stores.routes.record_routes([a_route(pod, "s1")])
        (kept,) = await stores.pods.declare_pods([])
        self.assertEqual(
            (PodState.DRAINING, "no longer declared", None, None),
            (kept.state, kept.state_reason, kept.state_from, kept.state_until),
        )

    async def test_uses(self) -> None:
        """
        What names a pod is counted by kind: live routes and active bindings, its own alone.
        """
        stores = await self.stores()
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        other = await stores.pods.create_pod(a_pod("Pod2"))
        await stores.routes.record_routes(
            [
                a_route(pod, "s1", made=NOW - timedelta(days=1)),
                a_route(pod, "s2", made=NOW),
                a_route(pod, "s3"),
                a_route(pod, "s4", made=LATER),
                a_route(pod, "v1", Kind.VOLUME, LATER),
                a_route(pod, "v2", Kind.VOLUME, LATER),
                a_route(other, "s5", made=LATER),
            ]
        )
        await stores.routes.end_route(Kind.VOLUME, "v2", LATER)
        await stores.bindings.create_binding("p1", pod.id)
        ended = await stores.bindings.create_binding("p2", pod.id)
        await stores.bindings.end_binding(ended.id, "over")
        await stores.bindings.create_binding("p3", other.id)
        routes = {Kind.SERVER: 4, Kind.VOLUME: 1}
        self.assertEqual(
            PodUses(counted_to=COUNTED, bindings=1, routes=routes, made_since=3),
            await stores.pods.count_uses(pod.id, NOW),
        )
        self.assertEqual(0, (await stores.pods.count_uses(pod.id, None)).made_since)

    async def test_counting_stops(self) -> None:
        """
        No number goes beyond the bound.
        """
        stores = await self.stores()
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        for kind in (Kind.SERVER, Kind.VOLUME):
            await stores.routes.record_routes(
                [a_route(pod, f"r{number}", kind, NOW) for number in range(COUNTED + 1)]
            )
        routes = {Kind.SERVER: COUNTED, Kind.VOLUME: COUNTED}
        self.assertEqual(
            PodUses(counted_to=COUNTED, bindings=0, routes=routes, made_since=COUNTED),
            await stores.pods.count_uses(pod.id, NOW),
        )

    async def test_unknown(self) -> None:
        """
        Nothing names a pod that there is not, and no binding of its ends.
        """
        stores = await self.stores()
        nothing = PodUses(counted_to=COUNTED, bindings=0, routes={}, made_since=0)
        for pod_id in ("00000000-0000-4000-8000-000000000000", "a\0b"):
            self.assertEqual(nothing, await stores.pods.count_uses(pod_id, NOW))
            self.assertEqual(0, await stores.bindings.end_bindings(pod_id, "over"))

    async def test_end_bindings(self) -> None:
        """
        All active bindings of one pod end with the reason, are announced, and others stay as they are.
        """
        stores = await self.stores()
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        other = await stores.pods.create_pod(a_pod("Pod2"))
        bound = [await stores.bindings.create_binding(project, pod.id) for project in ("p1", "p2")]
        before = await stores.bindings.create_binding("p3", pod.id)
        await stores.bindings.end_binding(before.id, "earlier")
        kept = await stores.bindings.create_binding("p4", other.id)
        number = (await stores.changes.snapshot()).number

        self.assertEqual(2, await stores.bindings.end_bindings(pod.id, "ended: Pod1 is draining"))

        changes = await stores.changes.changes_since(number)
        assert changes is not None
        self.assertEqual({each.id for each in bound}, {change.row_id for change in changes})
        self.assertEqual([kept], list(await stores.bindings.find_bindings(active=True)))
        ended = await stores.bindings.get_bindings([each.id for each in bound])
        self.assertEqual({"ended: Pod1 is draining"}, {each.reason for each in ended})
        self.assertNotIn(None, {each.ended_at for each in ended})
        self.assertEqual("earlier", (await stores.bindings.get_binding(before.id)).reason)
        self.assertEqual(0, await stores.bindings.end_bindings(pod.id, "again"))


class MemoryPodStateTests(InMemory, PodStateSuite, TestCase):
    """
    The twin.
    """


class PostgresPodStateTests(OnPostgres, PodStateSuite, TestCase):
    """
    The real one.
    """

    async def test_more_than_one_statement_ends(self) -> None:
        """
        More bindings than one statement ends are ended by several.
        """
        stores = await self.stores()
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        pool: Pool = stores.bindings._pool  # type: ignore[attr-defined]
        await pool.run_query(
            "insert into bindings (id, tenant_id, pod_id, az_name, is_binding, created_at)"
            " select 'b' || n, 'p' || n, %s, 'az1', true, now() from generate_series(1, %s) n returning 1",
            (pod.id, 2 * BATCH + 1),
        )

        self.assertEqual(2 * BATCH + 1, await stores.bindings.end_bindings(pod.id, "over"))

        self.assertEqual(0, (await stores.pods.count_uses(pod.id, None)).bindings)
