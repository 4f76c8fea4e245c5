"""
What every :class:`IRouteStore` does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from tests.interface.stores import InMemory, OnPostgres, Stores, a_pod
from trio2o.interfaces import IRouteStore
from trio2o.model import Kind, Route

THEN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def a_route(resource_id: str, **attributes: Any) -> Route:
    """
    A server of project ``p1`` in pod ``pod1``, made at :data:`THEN`.
    """
    known = {"kind": Kind.SERVER, "pod_id": "pod1", "project_id": "p1", "created_at": THEN}
    return Route(resource_id=resource_id, **{**known, **attributes})


class RouteStoreSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def routes(self) -> IRouteStore:
        """
        A fresh store.
        """
        return (await self.stores()).routes

    async def test_interface(self) -> None:
        """
        The store provides the whole interface.
        """
        verifyObject(IRouteStore, await self.routes())

    async def test_round_trip(self) -> None:
        """
        What was recorded is found by kind and id.
        """
        routes = await self.routes()
        route = a_route("s1", details={"flavor": {"id": "f1"}, "az": "az1", "name": "ü 'quoted' \\ 100%"})
        await routes.record_routes([route, a_route("v1", kind=Kind.VOLUME, created_at=None)])
        self.assertEqual(route, await routes.find_route(Kind.SERVER, "s1"))
        self.assertIsNone(await routes.find_route(Kind.VOLUME, "s1"))
        self.assertEqual([route], list(await routes.routes_of_id("s1")))
        found = await routes.find_route(Kind.VOLUME, "v1")
        assert found is not None
        self.assertIsNone(found.created_at)

    async def test_replaced(self) -> None:
        """
        A later route replaces an earlier one, also within one call.
        """
        routes = await self.routes()
        await routes.record_routes([a_route("s1"), a_route("s1", pod_id="pod2")])
        self.assertEqual("pod2", (await routes.routes_of_id("s1"))[0].pod_id)
        await routes.record_routes([a_route("s1", pod_id="pod3", project_id="p2", created_at=None)])
        self.assertEqual(
            [a_route("s1", pod_id="pod3", project_id="p2", created_at=None)],
            list(await routes.routes_of_id("s1")),
        )

    async def test_another_pods(self) -> None:
        """
        A live route to a pod that is registered stands whatever another pod shows; its tombstone is free (I7).
        """
        stores = await self.stores()
        own, other = [await stores.pods.create_pod(a_pod(name)) for name in ("Own", "Other")]
        mine, theirs = (a_route("s1", pod_id=pod.id) for pod in (own, other))
        await stores.routes.record_routes([mine, a_route("s2", pod_id=own.id)])

        await stores.routes.record_routes([theirs, a_route("s2", pod_id=own.id, project_id="p2")])

        self.assertEqual(mine, await stores.routes.find_route(Kind.SERVER, "s1"))
        changed = await stores.routes.find_route(Kind.SERVER, "s2")
        self.assertEqual("p2", changed and changed.project_id)
        await stores.routes.end_route(Kind.SERVER, "s1", THEN)
        await stores.routes.record_routes([theirs])
        self.assertEqual(theirs, await stores.routes.find_route(Kind.SERVER, "s1"))

    async def test_nothing(self) -> None:
        """
        Recording no routes is fine.
        """
        routes = await self.routes()
        await routes.record_routes([])

    async def test_many(self) -> None:
        """
        Thousands are recorded in one call.
        """
        routes = await self.routes()
        await routes.record_routes([a_route(f"s{number}") for number in range(1201)])
        await routes.record_routes([a_route(f"s{number}") for number in range(1201)])
        for resource_id in ("s0", "s500", "s1200"):
            self.assertIsNotNone(await routes.find_route(Kind.SERVER, resource_id))

    async def test_tombstone(self) -> None:
        """
        An ended route is no longer found, and still orders pages.
        """
        routes = await self.routes()
        await routes.record_routes([a_route("s1")])
        end = THEN + timedelta(hours=1)
        await routes.end_route(Kind.SERVER, "s1", end)
        self.assertIsNone(await routes.find_route(Kind.SERVER, "s1"))
        self.assertEqual([a_route("s1", deleted_at=end)], list(await routes.routes_of_id("s1")))
        await routes.end_route(Kind.SERVER, "s1", end + timedelta(hours=1))
        self.assertEqual([a_route("s1", deleted_at=end)], list(await routes.routes_of_id("s1")))

    async def test_revived(self) -> None:
        """
        A tombstone that is recorded again is a live route.
        """
        routes = await self.routes()
        await routes.record_routes([a_route("s1")])
        await routes.end_route(Kind.SERVER, "s1", THEN)
        await routes.record_routes([a_route("s1")])
        self.assertEqual(a_route("s1"), await routes.find_route(Kind.SERVER, "s1"))

    async def test_recorded_as_tombstone(self) -> None:
        """
        A route whose resource has ended before it could be written is written as its tombstone.
        """
        routes = await self.routes()
        await routes.record_routes([a_route("s1", deleted_at=THEN)])
        self.assertIsNone(await routes.find_route(Kind.SERVER, "s1"))
        self.assertEqual([a_route("s1", deleted_at=THEN)], list(await routes.routes_of_id("s1")))

    async def test_unknown(self) -> None:
        """
        An unknown id is not found, ends nothing, and may look like anything.
        """
        routes = await self.routes()
        for resource_id in ("none", "a\0b", "\ud800", "'; drop table routes; --", "%s"):
            self.assertIsNone(await routes.find_route(Kind.SERVER, resource_id))
            self.assertEqual([], list(await routes.routes_of_id(resource_id)))
            await routes.end_route(Kind.SERVER, resource_id, THEN)

    async def test_of_any_kind(self) -> None:
        """
        An id's routes of all kinds are found at once.
        """
        routes = await self.routes()
        await routes.record_routes([a_route("x", kind=kind) for kind in Kind])
        self.assertEqual(sorted(Kind), [route.kind for route in await routes.routes_of_id("x")])

    async def test_of_project(self) -> None:
        """
        A project's live routes of one kind in one pod, newest resource first, those of unknown age last.
        """
        routes = await self.routes()
        newest = a_route("b", created_at=THEN + timedelta(days=1))
        twin = a_route("c", created_at=THEN + timedelta(days=1))
        ageless = a_route("d", created_at=None)
        other = a_route("e", project_id="p2", created_at=THEN + timedelta(days=2))
        await routes.record_routes(
            [
                a_route("a"),
                newest,
                twin,
                ageless,
                other,
                a_route("f", pod_id="pod2"),
                a_route("g", kind=Kind.VOLUME),
                a_route("h"),
            ]
        )
        await routes.end_route(Kind.SERVER, "h", THEN)
        found = await routes.routes_of_project(Kind.SERVER, "p1", "pod1")
        self.assertEqual([twin, newest, a_route("a"), ageless], list(found))
        found = await routes.routes_of_project(Kind.SERVER, None, "pod1")
        self.assertEqual([other, twin, newest, a_route("a"), ageless], list(found))

    async def test_at_most(self) -> None:
        """
        No more than 1,000 of a project.
        """
        routes = await self.routes()
        await routes.record_routes([a_route(f"s{number}") for number in range(1001)])
        self.assertEqual(1000, len(await routes.routes_of_project(Kind.SERVER, "p1", "pod1")))

    async def test_naive_times(self) -> None:
        """
        A time without a zone, as Cinder writes them, is UTC.
        """
        routes = await self.routes()
        await routes.record_routes([a_route("s1", created_at=THEN.replace(tzinfo=None))])
        self.assertEqual(a_route("s1"), await routes.find_route(Kind.SERVER, "s1"))
        await routes.end_route(Kind.SERVER, "s1", THEN.replace(tzinfo=None))
        self.assertEqual(
            [attrs.evolve(a_route("s1"), deleted_at=THEN)], list(await routes.routes_of_id("s1"))
        )


class MemoryRoutesTests(InMemory, RouteStoreSuite, TestCase):
    """
    The twin.
    """


class PostgresRoutesTests(OnPostgres, RouteStoreSuite, TestCase):
    """
    The real one.
    """
