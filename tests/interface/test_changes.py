"""
What every :class:`IChangeLog` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.stores import InMemory, OnPostgres, Stores, a_pod
from tests.interface.waiting import until
from trio2o.interfaces import IChangeLog
from trio2o.model import Kind, Route


class Ear:
    """
    Counts what a listener is told.
    """

    def __init__(self) -> None:
        self.changed = self.connected = self.lost = 0

    async def listen(self, changes: IChangeLog) -> None:
        """
        Begin, and wait for the connection.
        """
        await changes.listen(self._count("changed"), self._count("connected"), self._count("lost"))
        await until(lambda: self.connected > 0)

    def _count(self, name: str) -> Callable[[], None]:
        return lambda: setattr(self, name, getattr(self, name) + 1)


class ChangeLogSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def test_interface(self) -> None:
        """
        The log provides the whole interface.
        """
        verifyObject(IChangeLog, (await self.stores()).changes)

    async def test_empty(self) -> None:
        """
        An empty database has number 0 and no changes.
        """
        changes = (await self.stores()).changes
        snapshot = await changes.snapshot()
        self.assertEqual((0, (), ()), (snapshot.number, snapshot.pods, snapshot.bindings))
        self.assertEqual(await changes.timeline(), snapshot.timeline)
        self.assertTrue(snapshot.timeline)
        self.assertEqual([], await changes.changes_since(0))

    async def test_snapshot(self) -> None:
        """
        A snapshot has all pods by serial, the active bindings, and the number of the last change.
        """
        stores = await self.stores()
        pods = [await stores.pods.create_pod(a_pod(name)) for name in ("b", "a")]
        await stores.bindings.create_binding("p1", pods[0].id)
        active = await stores.bindings.create_binding("p1", pods[1].id)
        snapshot = await stores.changes.snapshot()
        self.assertEqual((tuple(pods), (active,)), (snapshot.pods, snapshot.bindings))
        self.assertEqual([], await stores.changes.changes_since(snapshot.number))

    async def test_every_write_is_logged(self) -> None:
        """
        Each row of pods and bindings that changes has an entry, in order and without gaps; routes have none.
        """
        stores = await self.stores()
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        await stores.pods.update_pod(pod.id, {"dc_name": "dc1"})
        binding = await stores.bindings.create_binding("p1", pod.id)
        await stores.routes.record_routes(
            [Route(kind=Kind.SERVER, resource_id="s1", pod_id=pod.id, project_id="p1")]
        )
        await stores.pods.delete_pod(pod.id, force=True)
        found = await stores.changes.changes_since(0)
        assert found is not None
        self.assertEqual(
            [
                ("pods", pod.id),
                ("pods", pod.id),
                ("bindings", binding.id),
                ("bindings", binding.id),
                ("pods", pod.id),
            ],
            [(change.table, change.row_id) for change in found],
        )
        self.assertEqual([1, 2, 3, 4, 5], [change.number for change in found])
        self.assertEqual(list(found[3:]), await stores.changes.changes_since(3))

    async def test_nothing_written(self) -> None:
        """
        What changes no row is not logged.
        """
        stores = await self.stores()
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        binding = await stores.bindings.create_binding("p1", pod.id)
        await stores.bindings.end_binding(binding.id, "admin")
        number = (await stores.changes.snapshot()).number
        await stores.bindings.end_binding(binding.id, "admin")
        await stores.pods.update_pod(pod.id, {"dc_name": pod.dc_name})
        self.assertEqual([], await stores.changes.changes_since(number))

    async def test_ahead(self) -> None:
        """
        A number that is ahead of the log asks for a snapshot.
        """
        stores = await self.stores()
        await stores.pods.create_pod(a_pod("Pod1"))
        self.assertEqual([], await stores.changes.changes_since(1))
        self.assertIsNone(await stores.changes.changes_since(2))

    async def test_told(self) -> None:
        """
        A listener is told of every commit that grew the log.
        """
        stores = await self.stores()
        ear = Ear()
        await ear.listen(stores.changes)
        self.assertEqual(0, ear.changed)
        pod = await stores.pods.create_pod(a_pod("Pod1"))
        await until(lambda: ear.changed > 0)
        seen = ear.changed
        await stores.bindings.create_binding("p1", pod.id)
        await until(lambda: ear.changed > seen)
        self.assertEqual((1, 0), (ear.connected, ear.lost))

    async def test_several_listeners(self) -> None:
        """
        Each of several listeners is told.
        """
        stores = await self.stores()
        ears = [Ear(), Ear()]
        for ear in ears:
            await ear.listen(stores.changes)
        await stores.pods.create_pod(a_pod("Pod1"))
        for ear in ears:
            await until(lambda ear=ear: ear.changed > 0)


class MemoryChangesTests(InMemory, ChangeLogSuite, TestCase):
    """
    The twin.
    """


class PostgresChangesTests(OnPostgres, ChangeLogSuite, TestCase):
    """
    The real one.
    """
