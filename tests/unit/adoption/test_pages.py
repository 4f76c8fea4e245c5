"""
A pod's list while it changes.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from hypothesis import given
from hypothesis import strategies as some
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.strategies.case import an_id
from trio2o.adoption.listings import Pages, Way
from trio2o.adoption.pages import BadList, PagedList
from trio2o.adoption.questions import Said


class Shelf:
    """
    A list as a service gives it, newest first, that loses items between two pages.
    """

    def __init__(self, count: int, *, most: int = 1000, leaving: list[set[int]] | None = None) -> None:
        self.items = [{"id": an_id(number)} for number in range(count, 0, -1)]
        self.most = most
        self.leaving = leaving or []
        self.asked: list[str] = []

    async def __call__(self, path: str) -> Said:
        """
        One page.
        """
        self.asked.append(path)
        query = {name: values[0] for name, values in parse_qs(path.partition("?")[2]).items()}
        start = int(query.get("offset", 0))
        if "marker" in query:
            ids = [item["id"] for item in self.items]
            if query["marker"] not in ids:
                return Said(status=404, body={"itemNotFound": {"code": 404}})
            start = ids.index(query["marker"]) + 1
        page = self.items[start : start + min(int(query.get("limit", self.most)), self.most)]
        if self.leaving:
            gone = {an_id(number) for number in self.leaving.pop(0)}
            self.items = [item for item in self.items if item["id"] not in gone]
        return Said(status=200, body={"things": page})


def read(ask: Any, size: int, pages: Pages = Pages.MARKER) -> Deferred[list[str]]:
    """
    All ids in the order in which they come.
    """
    way = Way(path="/things", plural="things", pages=pages)

    async def ids() -> list[str]:
        found: list[str] = []
        async for page in PagedList(way=way, size=size, ask=ask).pages():
            found += [item["id"] for item in page]
        return found

    return Deferred.fromCoroutine(ids())


class PagedListTests(SynchronousTestCase):
    """
    Walking.
    """

    @given(
        some.integers(0, 20),
        some.integers(1, 7),
        some.integers(1, 7),
        some.sampled_from([Pages.MARKER, Pages.OFFSET]),
    )
    def test_whole(self, count: int, size: int, most: int, pages: Pages) -> None:
        """
        Each item comes once, in order, whatever the page's size and the service's own maximum are.
        """
        shelf = Shelf(count, most=most)
        self.assertEqual(
            [an_id(number) for number in range(count, 0, -1)], self.successResultOf(read(shelf, size, pages))
        )

    def test_at_once(self) -> None:
        """
        A list that is not paged is asked for once.
        """
        shelf = Shelf(5)
        self.assertEqual(5, len(self.successResultOf(read(shelf, 2, Pages.WHOLE))))
        self.assertEqual(["/things?all_tenants=1"], shelf.asked)

    @given(some.integers(1, 20), some.integers(1, 6), some.lists(some.sets(some.integers(1, 20)), max_size=9))
    def test_leaving(self, count: int, size: int, leaving: list[set[int]]) -> None:
        """
        Items that go away between two pages, the markers and whole pages too, cost no item that stays, and none comes
        twice; only when nothing of the latest two pages is left may reading end.
        """
        shelf = Shelf(count, leaving=leaving)
        reading = read(shelf, size)
        if count > 2 * size and not isinstance(reading.result, list):
            self.failureResultOf(reading, BadList)
            return
        found = self.successResultOf(reading)
        self.assertTrue({item["id"] for item in shelf.items} <= set(found))
        self.assertEqual(sorted(set(found), reverse=True), found)

    def test_all_gone(self) -> None:
        """
        When nothing of the latest two pages is there any more, the list is not read to its end, and that is told.
        """
        shelf = Shelf(9, leaving=[set(), set(), set(range(1, 9))])
        shelf.items.append({"id": an_id(0)})
        self.assertEqual(404, self.failureResultOf(read(shelf, 2), BadList).value.status)

    def test_marker_ignored(self) -> None:
        """
        A service that gives the first page for ever is not followed.
        """

        async def first(path: str) -> Said:
            return Said(status=200, body={"things": [{"id": an_id(1)}]})

        self.failureResultOf(read(first, 1), BadList)

    def test_bad(self) -> None:
        """
        What is no list is told, with the status.
        """
        for status, body, told in (
            (403, {}, 403),
            (503, None, 503),
            (200, None, 0),
            (200, {"things": {}}, 0),
            (200, {"things": [1]}, 0),
        ):
            self.assertEqual(told, self.failureResultOf(read(_says(status, body), 1), BadList).value.status)


def _says(status: int, body: Any) -> Any:
    async def said(path: str) -> Said:
        return Said(status=status, body=body)

    return said
