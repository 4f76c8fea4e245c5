"""
What every :class:`IPodStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import attrs
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.stores import InMemory, OnPostgres, Stores, a_pod
from trio2o.errors import AlreadyExists, InUse, Missing
from trio2o.interfaces import IPodStore
from trio2o.model import Kind, Pod, PodSettings, PodState, Route


def a_route(pod: Pod, resource_id: str = "s1") -> Route:
    """
    A server's route.
    """
    return Route(kind=Kind.SERVER, resource_id=resource_id, pod_id=pod.id, project_id="p1")


class PodStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(IPodStore, (await self.stores()).pods)

    async def test_round_trip(self) -> None:
        """
        What was created is read back with serial and time of the store.
        """
        pods = (await self.stores()).pods
        wanted = a_pod(
            "Pod1",
            pod_az_name="nova",
            dc_name="dc1",
            state=PodState.MAINTENANCE,
            weight=2.5,
            affinity=frozenset({"ssd", "gpu"}),
            settings=PodSettings(
                endpoints={"compute": "http://10.0.0.7:8774"},
                ca_file="/ca.pem",
                concurrency=7,
                overcommit={"vcpus": 4.0},
                headroom={"volume_gb": 0.1},
                cost=2.5,
                taints=("dedicated",),
                projects_allowed=("p", "q"),
                projects_denied=("r",),
            ),
        )
        made = await pods.create_pod(wanted)

        self.assertEqual(made, await pods.get_pod(wanted.id))
        self.assertEqual([made], list(await pods.list_pods()))
        self.assertEqual("gpu,ssd", made.group)
        self.assertGreater(made.serial, 0)
        self.assertIsNotNone(made.created_at)
        self.assertEqual(wanted, attrs.evolve(made, serial=0, created_at=None))

    async def test_order(self) -> None:
        """
        Pods are listed in the order they were made.
        """
        pods = (await self.stores()).pods
        for name in ("c", "a", "b"):
            await pods.create_pod(a_pod(name))
        self.assertEqual(["c", "a", "b"], [pod.name for pod in await pods.list_pods()])

    async def test_name_taken(self) -> None:
        """
        A second pod of one name is refused, by creating and by renaming.
        """
        pods = (await self.stores()).pods
        await pods.create_pod(a_pod("Pod1"))
        other = await pods.create_pod(a_pod("Pod2"))
        with self.assertRaisesRegex(AlreadyExists, "name"):
            await pods.create_pod(a_pod("Pod1"))
        with self.assertRaisesRegex(AlreadyExists, "name"):
            await pods.update_pod(other.id, {"name": "Pod1"})
        self.assertEqual(2, len(await pods.list_pods()))

    async def test_one_top_region(self) -> None:
        """
        There is one top region at most, and it shares the pods' names.
        """
        pods = (await self.stores()).pods
        top = await pods.create_pod(a_pod("RegionOne", az_name=""))
        self.assertTrue(top.is_top)
        with self.assertRaisesRegex(AlreadyExists, "top region"):
            await pods.create_pod(a_pod("RegionTwo", az_name=""))
        with self.assertRaisesRegex(AlreadyExists, "name"):
            await pods.create_pod(a_pod("RegionOne"))

    async def test_id_taken(self) -> None:
        """
        A second pod of one id is refused.
        """
        pods = (await self.stores()).pods
        made = await pods.create_pod(a_pod("Pod1"))
        with self.assertRaisesRegex(AlreadyExists, "id"):
            await pods.create_pod(a_pod("Pod2", id=made.id))

    async def test_update(self) -> None:
        """
        Named attributes change, the rest stays.
        """
        stores = await self.stores()
        made = await stores.pods.create_pod(a_pod("Pod1", dc_name="dc1"))
        stores.tick()
        changed = await stores.pods.update_pod(
            made.id, {"state": PodState.DRAINING, "affinity": frozenset({"gpu"})}
        )
        self.assertEqual((PodState.DRAINING, "gpu", "dc1"), (changed.state, changed.group, changed.dc_name))
        self.assertEqual((made.serial, made.created_at), (changed.serial, changed.created_at))
        assert changed.updated_at is not None and made.created_at is not None
        self.assertGreater(changed.updated_at, made.created_at)
        self.assertEqual(changed, await stores.pods.get_pod(made.id))

    async def test_missing(self) -> None:
        """
        What is not there cannot be read, changed or deleted, whatever its id looks like.
        """
        pods = (await self.stores()).pods
        for pod_id in ("none", "a\0b", "\ud800"):
            with self.assertRaises(Missing):
                await pods.get_pod(pod_id)
            with self.assertRaises(Missing):
                await pods.update_pod(pod_id, {"dc_name": "x"})
            with self.assertRaises(Missing):
                await pods.delete_pod(pod_id)
            with self.assertRaises(Missing):
                await pods.delete_pod(pod_id, force=True)

    async def test_delete(self) -> None:
        """
        An unused pod goes, and its name can be used again.
        """
        pods = (await self.stores()).pods
        made = await pods.create_pod(a_pod("Pod1"))
        self.assertEqual(made, await pods.delete_pod(made.id))
        self.assertEqual([], list(await pods.list_pods()))
        await pods.create_pod(a_pod("Pod1"))

    async def test_in_use(self) -> None:
        """
        A pod with live routes or active bindings stays, and is told why.
        """
        stores = await self.stores()
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        await stores.routes.record_routes([a_route(pod, "s1"), a_route(pod, "s2")])
        binding = await stores.bindings.create_binding("p1", pod.id)
        with self.assertRaises(InUse) as caught:
            await stores.pods.delete_pod(pod.id)
        self.assertEqual("2 routes, 1 active binding", caught.exception.what)

        await stores.bindings.end_binding(binding.id, "admin")
        for resource_id in ("s1", "s2"):
            await stores.routes.end_route(Kind.SERVER, resource_id, datetime(2026, 1, 1, tzinfo=UTC))
        await stores.pods.delete_pod(pod.id)
        self.assertEqual([], list(await stores.routes.routes_of_id("s1")))

    async def test_force(self) -> None:
        """
        By force its bindings end and its routes are forgotten, tombstones too; other pods' stay.
        """
        stores = await self.stores()
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        other = await stores.pods.create_pod(a_pod("Pod2", az_name="az2"))
        await stores.routes.record_routes([a_route(pod, "s1"), a_route(pod, "s2"), a_route(other, "s3")])
        await stores.routes.end_route(Kind.SERVER, "s2", datetime(2026, 1, 1, tzinfo=UTC))
        binding = await stores.bindings.create_binding("p1", pod.id)
        await stores.bindings.create_binding("p1", other.id)

        await stores.pods.delete_pod(pod.id, force=True)

        ended = await stores.bindings.get_binding(binding.id)
        self.assertEqual((False, "pod deleted"), (ended.is_binding, ended.reason))
        for resource_id, left in (("s1", 0), ("s2", 0), ("s3", 1)):
            self.assertEqual(left, len(await stores.routes.routes_of_id(resource_id)))
        self.assertEqual([other.id], [b.pod_id for b in await stores.bindings.find_bindings(active=True)])

    async def test_declare(self) -> None:
        """
        Declared pods are made, changed by name with id and serial kept, and removed when they are no longer declared.
        """
        pods = (await self.stores()).pods
        first, second = await pods.declare_pods([a_pod("Pod1"), a_pod("Pod2")])
        self.assertTrue(first.declared and second.declared)

        (again,) = await pods.declare_pods([a_pod("Pod1", dc_name="dc9")])
        self.assertEqual(
            (first.id, first.serial, "dc9", True), (again.id, again.serial, again.dc_name, again.declared)
        )

    async def test_declare_leaves_others(self) -> None:
        """
        A pod of the Admin API stays as it is, until one of its name is declared.
        """
        pods = (await self.stores()).pods
        own = await pods.create_pod(a_pod("Pod1"))
        await pods.declare_pods([a_pod("Pod2")])
        self.assertEqual(own, await pods.get_pod(own.id))

        await pods.declare_pods([a_pod("Pod1", weight=3.0), a_pod("Pod2")])
        taken = await pods.get_pod(own.id)
        self.assertEqual((True, 3.0), (taken.declared, taken.weight))

    async def test_declare_keeps_operators_state(self) -> None:
        """
        A state that an operator set outlives the same declaration, and gives way to another one.
        """
        pods = (await self.stores()).pods
        (pod,) = await pods.declare_pods([a_pod("Pod1")])
        await pods.update_pod(pod.id, {"state": PodState.DRAINING})

        (same,) = await pods.declare_pods([a_pod("Pod1")])
        self.assertIs(PodState.DRAINING, same.state)
        (other,) = await pods.declare_pods([a_pod("Pod1", state=PodState.MAINTENANCE)])
        self.assertIs(PodState.MAINTENANCE, other.state)
        (back,) = await pods.declare_pods([a_pod("Pod1")])
        self.assertIs(PodState.ENABLED, back.state)

    async def test_undeclared_in_use(self) -> None:
        """
        A pod that is no longer declared and still used is kept, undeclared and draining.
        """
        stores = await self.stores()
        (pod,) = await stores.pods.declare_pods([a_pod("Pod1")])
        await stores.routes.record_routes([a_route(pod)])
        (kept,) = await stores.pods.declare_pods([])
        self.assertEqual((pod.id, False, PodState.DRAINING), (kept.id, kept.declared, kept.state))

        (again,) = await stores.pods.declare_pods([a_pod("Pod1")])
        self.assertEqual((pod.id, True, PodState.ENABLED), (again.id, again.declared, again.state))

    async def test_declared_again_changes_nothing(self) -> None:
        """
        The same declaration writes nothing: no change is announced.
        """
        stores = await self.stores()
        before = await stores.pods.declare_pods([a_pod("Pod1", affinity=frozenset({"b", "a"}))])
        number = (await stores.changes.snapshot()).number
        after = await stores.pods.declare_pods([a_pod("Pod1", affinity=frozenset({"a", "b"}))])
        self.assertEqual(list(before), list(after))
        self.assertEqual(number, (await stores.changes.snapshot()).number)

    async def test_declare_is_whole(self) -> None:
        """
        A declaration that cannot be carried out changes nothing.
        """
        pods = (await self.stores()).pods
        await pods.create_pod(a_pod("RegionOne", az_name=""))
        await pods.declare_pods([a_pod("Pod1")])
        before = await pods.list_pods()
        with self.assertRaises(AlreadyExists):
            await pods.declare_pods([a_pod("Pod2"), a_pod("RegionTwo", az_name="")])
        self.assertEqual(list(before), list(await pods.list_pods()))


class MemoryPodsTests(InMemory, PodStoreSuite, TestCase):
    """
    The twin.
    """


class PostgresPodsTests(OnPostgres, PodStoreSuite, TestCase):
    """
    The real one.
    """
