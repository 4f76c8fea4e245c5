"""
What every :class:`IRouteStore` does for those who compare all routes with the pods.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from twisted.trial.unittest import TestCase

from tests.interface.stores import InMemory, OnPostgres, Stores
from tests.interface.test_routes import THEN, a_route
from trio2o.interfaces import IRouteStore
from trio2o.model import Kind, Route

HOUR = timedelta(hours=1)


class RouteWalkSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def routes(self) -> IRouteStore:
        """
        A fresh store.
        """
        return (await self.stores()).routes

    async def test_found_together(self) -> None:
        """
        Of many ids those with live routes of the kind are found; what cannot be an id is not.
        """
        routes = await self.routes()
        await routes.record_routes([a_route("a"), a_route("b"), a_route("c"), a_route("d", kind=Kind.VOLUME)])
        await routes.end_route(Kind.SERVER, "b", THEN)

        found = await routes.find_routes(Kind.SERVER, ["a", "b", "a", "c", "d", "e", "x\0y"])

        self.assertEqual([a_route("a"), a_route("c")], sorted(found, key=lambda route: route.resource_id))
        self.assertEqual([], list(await routes.find_routes(Kind.SERVER, [])))

    async def test_walk(self) -> None:
        """
        A walk by pages of any size meets each live route once, by id and kind.
        """
        routes = await self.routes()
        recorded = [a_route(f"s{number:02}") for number in range(7)]
        recorded += [a_route("s03", kind=kind) for kind in (Kind.VOLUME, Kind.BACKUP, Kind.SNAPSHOT)]
        await routes.record_routes([*recorded, a_route("s035")])
        await routes.end_route(Kind.SERVER, "s035", THEN)
        ordered = sorted(recorded, key=lambda route: (route.resource_id, route.kind.value))

        for size in (1, 3, 100):
            met: list[Route] = []
            after = None
            while page := await routes.walk_routes(after, size):
                self.assertTrue(len(page) <= size)
                met.extend(page)
                after = (page[-1].resource_id, page[-1].kind)
            self.assertEqual(ordered, met)

    async def test_ended_together(self) -> None:
        """
        Only what is live and still in the pod that it was seen in is ended.
        """
        routes = await self.routes()
        await routes.record_routes([a_route("a"), a_route("b"), a_route("c"), a_route("a", kind=Kind.VOLUME)])
        await routes.end_route(Kind.SERVER, "b", THEN)
        seen = [a_route("a"), a_route("b"), a_route("c", pod_id="pod2"), a_route("d")]

        self.assertEqual(1, await routes.end_routes(seen, THEN + HOUR))

        self.assertEqual(
            [a_route("a", deleted_at=THEN + HOUR), a_route("a", kind=Kind.VOLUME)],
            list(await routes.routes_of_id("a")),
        )
        self.assertEqual([a_route("b", deleted_at=THEN)], list(await routes.routes_of_id("b")))
        self.assertEqual([a_route("c")], list(await routes.routes_of_id("c")))
        self.assertEqual(0, await routes.end_routes([], THEN))

    async def test_pruned(self) -> None:
        """
        A pod's old tombstones go, the oldest first, so many at a time; live routes and other pods' stay.
        """
        routes = await self.routes()
        await routes.record_routes(
            [
                a_route("a", deleted_at=THEN),
                a_route("b", deleted_at=THEN - HOUR),
                a_route("c", deleted_at=THEN + HOUR),
                a_route("d"),
                a_route("e", pod_id="pod2", deleted_at=THEN - HOUR),
            ]
        )
        before = THEN + HOUR

        self.assertEqual(1, await routes.prune_tombstones("pod1", before, 1))
        self.assertEqual([], list(await routes.routes_of_id("b")))
        self.assertEqual(1, await routes.prune_tombstones("pod1", before, 10))
        self.assertEqual(0, await routes.prune_tombstones("pod1", before, 10))

        for gone, count in (("a", 0), ("c", 1), ("d", 1), ("e", 1)):
            self.assertEqual(count, len(await routes.routes_of_id(gone)), gone)


class MemoryRouteWalkTests(InMemory, RouteWalkSuite, TestCase):
    """
    In memory.
    """


class PostgresRouteWalkTests(OnPostgres, RouteWalkSuite, TestCase):
    """
    In PostgreSQL.
    """
