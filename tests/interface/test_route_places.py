"""
What every :class:`IRouteStore` knows of places in lists.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from itertools import product

from twisted.trial.unittest import TestCase

from tests.interface.stores import InMemory, OnPostgres, Stores
from tests.interface.test_routes import THEN, a_route
from trio2o.interfaces import IRouteStore
from trio2o.model import Kind, Route

SECOND = timedelta(seconds=1)
WHOLE = THEN.replace(microsecond=0)


class RoutePlacesSuite:
    """
    Run with a class that says what :meth:`stores` are.
    """

    stores: Callable[[], Awaitable[Stores]]

    async def having(self, *routes: Route) -> IRouteStore:
        """
        A store with these routes.
        """
        store = (await self.stores()).routes
        await store.record_routes(routes)
        return store

    async def before(
        self,
        store: IRouteStore,
        beside: str,
        *,
        made: object = WHOLE,
        project: str | None = "p1",
        pods: Collection[str] = ("pod1",),
        ids_descending: bool = False,
        ended: bool = False,
    ) -> list[str]:
        """
        The ids of what is found before a place, sorted.
        """
        found = await store.routes_before(
            Kind.SERVER,
            project,
            pods,
            (made, beside),  # type: ignore[arg-type]
            ids_descending=ids_descending,
            ended=ended,
        )
        return sorted(route.resource_id for route in found)

    async def test_nearest(self) -> None:
        """
        Of the newer ones the oldest; what is older than the place is never given.
        """
        store = await self.having(
            *(a_route(f"s{age:+d}", created_at=WHOLE + age * SECOND) for age in (-2, -1, 1, 2, 3))
        )
        self.assertEqual(["s+1"], await self.before(store, "s"))
        self.assertEqual(["s-1"], await self.before(store, "s", made=WHOLE - 2 * SECOND))
        self.assertEqual([], await self.before(store, "s", made=WHOLE + 3 * SECOND))

    async def test_of_one_time(self) -> None:
        """
        Of those made at one time the last as the list has them: the largest id, or the smallest.
        """
        store = await self.having(*(a_route(name, created_at=WHOLE + SECOND) for name in "abc"))
        self.assertEqual(["c"], await self.before(store, "b"))
        self.assertEqual(["a"], await self.before(store, "b", ids_descending=True))

    async def test_of_the_same_time(self) -> None:
        """
        Of those made when the place's resource was, the one beside it, be it on this side or that.
        """
        store = await self.having(
            *(a_route(name, created_at=WHOLE) for name in "abde"), a_route("x", created_at=WHOLE + SECOND)
        )
        self.assertEqual(["b"], await self.before(store, "c"))
        self.assertEqual(["d"], await self.before(store, "c", ids_descending=True))
        self.assertEqual(["x"], await self.before(store, "a"))
        self.assertEqual(["x"], await self.before(store, "e", ids_descending=True))

    async def test_less_than_a_second(self) -> None:
        """
        What is newer by a part of a second need not be newer at its pod, and of a time with a fraction nothing is the same.
        """
        half = SECOND / 2
        store = await self.having(
            a_route("a", created_at=WHOLE + half), a_route("b", created_at=WHOLE + 3 * half)
        )
        self.assertEqual(["b"], await self.before(store, "c"))
        self.assertEqual(["b"], await self.before(store, "c", made=WHOLE + half))
        self.assertEqual([], await self.before(store, "c", made=WHOLE + 3 * half))

    async def test_tombstones(self) -> None:
        """
        Tombstones stand beside the live routes where they are asked for, one of each.
        """
        store = await self.having(
            a_route("live", created_at=WHOLE + 2 * SECOND),
            a_route("gone", created_at=WHOLE + SECOND, deleted_at=THEN),
            a_route("long", created_at=WHOLE + 3 * SECOND, deleted_at=THEN),
        )
        self.assertEqual(["live"], await self.before(store, "s"))
        self.assertEqual(["gone", "live"], await self.before(store, "s", ended=True))

    async def test_others(self) -> None:
        """
        Other kinds, projects and pods, and what is of unknown age, are not given; each pod asked for has its own.
        """
        newer = WHOLE + SECOND
        store = await self.having(
            a_route("ageless", created_at=None),
            a_route("kind", created_at=newer, kind=Kind.VOLUME),
            a_route("project", created_at=newer, project_id="p2"),
            a_route("pod", created_at=newer, pod_id="pod2"),
            a_route("own", created_at=newer + SECOND),
        )
        self.assertEqual(["own"], await self.before(store, "s"))
        self.assertEqual(["project"], await self.before(store, "s", project=None))
        self.assertEqual(["own", "pod"], await self.before(store, "s", pods=["pod1", "pod2", "pod3"]))
        self.assertEqual([], await self.before(store, "s", pods=[]))
        self.assertEqual([], await self.before(store, "\0", project="\ud800"))

    async def test_every_place(self) -> None:
        """
        In a list of many, each place has before it just what stands there.
        """
        routes = [a_route(name, created_at=WHOLE + age * SECOND) for age, name in product(range(3), "abc")]
        routes = [
            a_route(f"{route.resource_id}{at % 2}{at}", created_at=route.created_at)
            for at, route in enumerate(routes)
        ]
        store = await self.having(*routes)
        for descending in (False, True):
            listed = sorted(routes, key=lambda route: route.resource_id, reverse=descending)
            listed.sort(key=lambda route: route.created_at or THEN, reverse=True)
            last: list[str] = []
            for route in listed:
                found = await self.before(
                    store, route.resource_id, made=route.created_at, ids_descending=descending
                )
                self.assertEqual(last, found, (descending, route.resource_id))
                last = [route.resource_id]

    async def test_naive_time(self) -> None:
        """
        A time without a zone is UTC.
        """
        store = await self.having(a_route("s1", created_at=WHOLE + SECOND))
        self.assertEqual(["s1"], await self.before(store, "s", made=WHOLE.replace(tzinfo=None)))


class MemoryRoutePlacesTests(InMemory, RoutePlacesSuite, TestCase):
    """
    The twin.
    """


class PostgresRoutePlacesTests(OnPostgres, RoutePlacesSuite, TestCase):
    """
    The real one.
    """
