"""
What every :class:`IBindingStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.stores import InMemory, OnPostgres, Stores, a_pod
from trio2o.errors import AlreadyExists, Missing
from trio2o.interfaces import IBindingStore
from trio2o.model import Binding, Pod


class BindingStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def with_pods(self, *names: str) -> tuple[Stores, list[Pod]]:
        """
        Stores with these pods in ``az1``.
        """
        stores = await self.stores()
        return stores, [await stores.pods.create_pod(a_pod(name)) for name in names]

    async def bind(self, stores: Stores, pod: Pod, replaces: str | None = None, **place: Any) -> Binding:
        """
        Bind project ``p1`` in ``az1`` and the general group.
        """
        place = {"az_name": "az1", "pod_group": "", **place}
        stores.tick()
        return await stores.bindings.bind("p1", pod.id, reason="created", replaces=replaces, **place)

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(IBindingStore, (await self.stores()).bindings)

    async def test_first(self) -> None:
        """
        The first binding is active and can be read by its id.
        """
        stores, (pod,) = await self.with_pods("Pod1")
        made = await self.bind(stores, pod)
        self.assertEqual(
            ("p1", pod.id, "az1", "", True, "created", None, None),
            (
                made.tenant_id,
                made.pod_id,
                made.az_name,
                made.pod_group,
                made.is_binding,
                made.reason,
                made.updated_at,
                made.ended_at,
            ),
        )
        self.assertEqual(made, await stores.bindings.get_binding(made.id))

    async def test_same_pod(self) -> None:
        """
        Binding to the pod that is bound gives the binding there is, whatever the caller believed.
        """
        stores, (pod,) = await self.with_pods("Pod1")
        made = await self.bind(stores, pod)
        for believed in (None, made.id, "another"):
            self.assertEqual(made, await self.bind(stores, pod, believed))

    async def test_loser(self) -> None:
        """
        Who did not know of the active binding gets it and changes nothing.
        """
        stores, (first, second) = await self.with_pods("Pod1", "Pod2")
        made = await self.bind(stores, first)
        for believed in (None, "another"):
            self.assertEqual(made, await self.bind(stores, second, believed))
        self.assertEqual([made], list(await stores.bindings.find_bindings()))

    async def test_first_of_all(self) -> None:
        """
        Who believes that the project has no binding at all gets its newest one, of whatever zone, and changes nothing.
        """
        stores, (older, newer, other) = await self.with_pods("Pod1", "Pod2", "Pod3")
        await self.bind(stores, older, az_name="az1")
        newest = await self.bind(stores, newer, az_name="az2")

        got = await self.bind(stores, other, az_name="az3", first=True)
        apart = await self.bind(stores, other, az_name="az3")

        self.assertEqual(newest, got)
        self.assertEqual((other.id, "az3"), (apart.pod_id, apart.az_name))

    async def test_first_of_all_after_another(self) -> None:
        """
        Bindings that have ended, and those of other projects, do not count.
        """
        stores, (first, second) = await self.with_pods("Pod1", "Pod2")
        await stores.bindings.create_binding("p2", first.id)
        await stores.bindings.end_binding((await self.bind(stores, first)).id, "admin")

        made = await self.bind(stores, second, first=True)

        self.assertEqual((second.id, True), (made.pod_id, made.is_binding))

    async def test_move(self) -> None:
        """
        Who knows the active binding moves it; the old one is history, and both say why.
        """
        stores, (first, second) = await self.with_pods("Pod1", "Pod2")
        old = await self.bind(stores, first)
        why = "moved: state dropped Pod1 (draining)"
        new = await stores.bindings.bind(
            "p1", second.id, az_name="az1", pod_group="", reason=why, replaces=old.id
        )
        self.assertEqual((second.id, True, why), (new.pod_id, new.is_binding, new.reason))

        ended = await stores.bindings.get_binding(old.id)
        self.assertEqual((False, why), (ended.is_binding, ended.reason))
        assert ended.ended_at is not None
        self.assertGreaterEqual(new.created_at, ended.ended_at)
        self.assertEqual(ended.ended_at, ended.updated_at)

    async def test_replaced_one_is_gone(self) -> None:
        """
        A caller whose believed binding ended without a successor gets a new one.
        """
        stores, (first, second) = await self.with_pods("Pod1", "Pod2")
        old = await self.bind(stores, first)
        await stores.bindings.end_binding(old.id, "admin")
        self.assertEqual(second.id, (await self.bind(stores, second, old.id)).pod_id)

    async def test_places_are_apart(self) -> None:
        """
        Each zone and each group has an active binding of its own.
        """
        stores, (first, second) = await self.with_pods("Pod1", "Pod2")
        await self.bind(stores, first)
        await self.bind(stores, second, pod_group="gpu")
        await self.bind(stores, second, az_name="az2")
        self.assertEqual(3, len(await stores.bindings.find_bindings(tenant_id="p1", active=True)))

    async def test_pod_is_gone(self) -> None:
        """
        Nobody is bound to a pod that is not there.
        """
        stores, (pod,) = await self.with_pods("Pod1")
        await stores.pods.delete_pod(pod.id)
        with self.assertRaises(Missing):
            await self.bind(stores, pod)
        with self.assertRaises(Missing):
            await stores.bindings.create_binding("p1", pod.id)
        self.assertEqual([], list(await stores.bindings.find_bindings()))

    async def test_by_order(self) -> None:
        """
        An operator's binding takes the pod's own place, ends what was there, and is refused when it exists.
        """
        stores = await self.stores()
        first = await stores.pods.create_pod(a_pod("Pod1", affinity=frozenset({"gpu"})))
        second = await stores.pods.create_pod(a_pod("Pod2", affinity=frozenset({"gpu"})))
        old = await stores.bindings.create_binding("p1", first.id)
        self.assertEqual(("az1", "gpu", "admin"), (old.az_name, old.pod_group, old.reason))
        with self.assertRaises(AlreadyExists):
            await stores.bindings.create_binding("p1", first.id)

        new = await stores.bindings.create_binding("p1", second.id)
        self.assertEqual([new], list(await stores.bindings.find_bindings(active=True)))
        self.assertEqual("moved: by an operator", (await stores.bindings.get_binding(old.id)).reason)

    async def test_end(self) -> None:
        """
        An ended binding stays in history as it ended first.
        """
        stores, (pod,) = await self.with_pods("Pod1")
        made = await self.bind(stores, pod)
        stores.tick()
        ended = await stores.bindings.end_binding(made.id, "admin")
        self.assertEqual((False, "admin"), (ended.is_binding, ended.reason))
        stores.tick()
        self.assertEqual(ended, await stores.bindings.end_binding(made.id, "again"))
        self.assertNotEqual(made.id, (await self.bind(stores, pod)).id)

    async def test_unknown(self) -> None:
        """
        What never was cannot be read, ended or be a marker.
        """
        bindings = (await self.stores()).bindings
        for binding_id in ("none", "a\0b", "\ud800"):
            with self.assertRaises(Missing):
                await bindings.get_binding(binding_id)
            with self.assertRaises(Missing):
                await bindings.end_binding(binding_id, "admin")
            with self.assertRaises(Missing):
                await bindings.find_bindings(marker=binding_id)
            self.assertEqual([], list(await bindings.find_bindings(tenant_id=binding_id)))
            self.assertEqual([], list(await bindings.get_bindings([binding_id])))

    async def test_several_by_id(self) -> None:
        """
        Those that there are, active or ended, each once.
        """
        stores, (first, second) = await self.with_pods("Pod1", "Pod2")
        old = await self.bind(stores, first)
        new = await self.bind(stores, second, old.id)
        found = await stores.bindings.get_bindings([old.id, "none", new.id, new.id])
        self.assertEqual({old.id, new.id}, {binding.id for binding in found})
        self.assertEqual(2, len(found))

    async def test_pages(self) -> None:
        """
        Newest first; a marker goes on after the page before.
        """
        stores, pods = await self.with_pods("Pod1", "Pod2", "Pod3")
        made = [await stores.bindings.create_binding("p1", pod.id) for pod in pods]
        ids = [binding.id for binding in reversed(made)]

        first = await stores.bindings.find_bindings(limit=2)
        self.assertEqual(ids[:2], [binding.id for binding in first])
        rest = await stores.bindings.find_bindings(limit=2, marker=first[-1].id)
        self.assertEqual(ids[2:], [binding.id for binding in rest])
        self.assertEqual([], list(await stores.bindings.find_bindings(limit=0)))

    async def test_filters(self) -> None:
        """
        By project, pod and activity, together.
        """
        stores, (first, second) = await self.with_pods("Pod1", "Pod2")
        one = await stores.bindings.create_binding("p1", first.id)
        two = await stores.bindings.create_binding("p1", second.id)
        three = await stores.bindings.create_binding("p2", first.id)
        find = stores.bindings.find_bindings
        for wanted, found in (
            ([two, one], await find(tenant_id="p1")),
            ([three, one], await find(pod_id=first.id)),
            ([three], await find(pod_id=first.id, active=True)),
            ([one], await find(active=False)),
            ([one], await find(tenant_id="p1", pod_id=first.id)),
            ([], await find(tenant_id="p3")),
        ):
            self.assertEqual([binding.id for binding in wanted], [binding.id for binding in found])

    async def test_at(self) -> None:
        """
        Who was bound at a moment: from the beginning on, up to the end, not at the end.
        """
        stores, (first, second) = await self.with_pods("Pod1", "Pod2")
        old = await self.bind(stores, first)
        new = await self.bind(stores, second, old.id)
        ended = (await stores.bindings.get_binding(old.id)).ended_at
        assert ended is not None
        for moment, wanted in ((old.created_at, [old.id]), (new.created_at, [new.id])):
            found = await stores.bindings.find_bindings(tenant_id="p1", at=moment)
            self.assertEqual(wanted, [binding.id for binding in found])
        self.assertNotIn(old.id, [binding.id for binding in await stores.bindings.find_bindings(at=ended)])
        naive = old.created_at.replace(tzinfo=None)
        self.assertEqual([old.id], [binding.id for binding in await stores.bindings.find_bindings(at=naive)])


class MemoryBindingsTests(InMemory, BindingStoreSuite, TestCase):
    """
    The twin.
    """


class PostgresBindingsTests(OnPostgres, BindingStoreSuite, TestCase):
    """
    The real one.
    """
