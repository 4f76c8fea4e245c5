"""
Walks through lists over pods, from the client's query to the links that it follows: against one sorted list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from itertools import permutations
from typing import Any
from urllib.parse import parse_qsl, urlencode

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.strategies.case import P1, ROOT, StrategyCase, an_id, at
from tests.unit.strategies.doubles import Reply
from trio2o.exchange import PodCall

NAMES = ("Pod1", "Pod2", "Pod3")
SERVERS, VOLUMES = "/v2.1/servers", f"/v3/{P1}/volumes"
#: More pages than any list here has.
_MANY = 60

#: A sort key of each service to the field that shows its column.
SERVER_KEYS = {
    "created_at": "created",
    "display_name": "name",
    "launch_index": "OS-EXT-SRV-ATTR:launch_index",
    "uuid": "id",
    "vm_state": "OS-EXT-STS:vm_state",
}
VOLUME_KEYS = {"created_at": "created_at", "name": "name", "size": "size", "id": "id", "status": "status"}

Sort = Sequence[tuple[str, bool]]


def compared(one: Any, other: Any, sort: Sort, fields: dict[str, str]) -> int:
    """
    As a database has it: nothing before everything, capitals as small letters.
    """
    for key, descending in sort:
        left, right = (_column(item[fields[key]]) for item in (one, other))
        if left != right:
            return (-1 if left < right else 1) * (-1 if descending else 1)
    return 0


def in_order(items: Sequence[Any], sort: Sort, fields: dict[str, str]) -> list[Any]:
    """
    One sorted list.
    """
    return sorted(items, key=cmp_to_key(lambda one, other: compared(one, other, sort, fields)))


def _column(value: Any) -> tuple[bool, Any]:
    return (value is not None, value.lower() if isinstance(value, str) else value)


@define(kw_only=True)
class ListingPod:
    """
    One pod's list, in the words of its service.
    """

    key: str
    fields: dict[str, str]
    #: The sort that a query asks for.
    sort: Callable[[dict[str, str], list[tuple[str, str]]], Sort]
    #: The most that it gives at once.
    most: int
    #: Whether something deleted is still good as a marker.
    keeps_deleted: bool
    items: list[Any]
    deleted: list[Any] = field(factory=list)

    def __call__(self, call: PodCall) -> Reply:
        """
        Answer one call.
        """
        path, _, text = call.target.decode().partition("?")
        pairs = parse_qsl(text)
        query = dict(pairs)
        sort = self.sort(query, pairs)
        found = in_order(self.items, sort, self.fields)
        count = len(found)
        if "marker" in query:
            known = [*self.items, *(self.deleted if self.keeps_deleted else ())]
            marker = next((item for item in known if item["id"] == query["marker"]), None)
            if marker is None:
                return Reply(404, {"itemNotFound": {"code": 404, "message": query["marker"]}})
            found = [item for item in found if compared(item, marker, sort, self.fields) > 0]
        found = found[int(query.get("offset", 0)) :]
        limit = min(int(query.get("limit", self.most)), self.most)
        page = found[:limit]
        shown = page if path.endswith("/detail") else [{"id": i["id"], "name": i["name"]} for i in page]
        body: dict[str, Any] = {self.key: [dict(item) for item in shown]}
        if page and len(page) == limit:
            body[f"{self.key}_links"] = [{"rel": "next", "href": "http://pod.example/next"}]
        if query.get("with_count"):
            body["count"] = count
        return Reply(200, body)


def nova_sort(query: dict[str, str], pairs: list[tuple[str, str]]) -> Sort:
    """
    ``sort_key`` and ``sort_dir``, one for each, and the uuid behind them.
    """
    keys = [value for name, value in pairs if name == "sort_key"] or ["created_at"]
    directions = [value for name, value in pairs if name == "sort_dir"] or ["desc"]
    sort = [(key, word == "desc") for key, word in zip(keys, directions, strict=True)]
    return sort if "uuid" in keys else [*sort, ("uuid", False)]


def cinder_sort(query: dict[str, str], pairs: list[tuple[str, str]]) -> Sort:
    """
    ``sort``, and creation and id behind it in the first direction.
    """
    parts = [part.split(":") for part in query.get("sort", "created_at:desc").split(",")]
    sort = [(key, word == "desc") for key, word in parts]
    named = {key for key, _ in sort}
    return [*sort, *((key, sort[0][1]) for key in ("created_at", "id") if key not in named)]


names = st.sampled_from(["a", "B", "b", "ab", ""])
server_rows = st.tuples(
    st.integers(0, 3), names, st.integers(0, 2), st.sampled_from(["active", "error", None])
)
pods = st.tuples(*[st.lists(server_rows, min_size=least, max_size=7) for least in (0, 1, 3)])


def sorts(fields: dict[str, str]) -> st.SearchStrategy[list[tuple[str, bool]]]:
    """
    Up to three of the keys, in any order and direction; mostly several.
    """
    keys = st.sampled_from([list(some) for count in (0, 1, 2, 2, 3) for some in permutations(fields, count)])
    directions = st.lists(st.booleans(), min_size=3, max_size=3)
    return st.builds(lambda some, ways: list(zip(some, ways, strict=False)), keys, directions)


class WalkCase(StrategyCase):
    """
    Three pods whose lists a test draws.
    """

    path = ""
    key = ""
    fields: dict[str, str] = {}
    surface = "compute"
    version: tuple[int, int] | None = None

    def has_lists(self, rows: Sequence[list[Any]], most: int) -> None:
        """
        A new cloud with these items.
        """
        self.setUp()
        self.lists: dict[str, ListingPod] = {}
        number = 0
        for name, mine in zip(NAMES, rows, strict=True):
            items = []
            for row in mine:
                number += 1
                # ids in no order
                items.append(self.item(number * 7919 % 10007, *row))
            self.lists[name] = self.listing(items, most)
            for path in (self.path, f"{self.path}/detail"):
                self.pods.on(name, "GET", path, self.lists[name])
                for item in items:
                    shown = Reply(200, {self.key[:-1]: item})
                    self.pods.on(name, "GET", f"{self.path}/{item['id']}", shown)
                self.pods.on(name, "GET", "*", Reply(404))

    def item(self, number: int, *row: Any) -> dict[str, Any]:
        """
        One item of a row.
        """
        raise NotImplementedError

    def listing(self, items: list[Any], most: int) -> ListingPod:
        """
        A pod with these items.
        """
        raise NotImplementedError

    @property
    def everything(self) -> list[Any]:
        """
        What all pods have now.
        """
        return [item for pod in self.lists.values() for item in pod.items]

    def walked(
        self, query: Sequence[tuple[str, str]], *, path: str, between: Callable[[], None]
    ) -> list[str]:
        """
        The ids along the links; ``between`` is called after each page.
        """
        found: list[str] = []
        target = f"{path}?{urlencode(list(query))}"
        for _ in range(_MANY):
            body = self.shown(self.asked("GET", target, surface=self.surface, version=self.version))
            found += [item["id"] for item in body[self.key]]
            links = body.get(f"{self.key}_links")
            if not links:
                return found
            target = links[0]["href"].removeprefix(ROOT.decode())
            between()
        raise AssertionError("the walk does not end")

    def forget(self) -> None:
        """
        The next page is another process's to give.
        """
        self.make()


class ServerWalkTests(WalkCase):
    """
    Nova's servers.
    """

    path, key, fields, version = SERVERS, "servers", SERVER_KEYS, (2, 68)

    def item(self, number: int, *row: Any) -> dict[str, Any]:
        second, name, index, state = row
        return {
            "id": an_id(number),
            "name": name,
            "status": "ACTIVE",
            "tenant_id": P1,
            "created": at(second),
            "OS-EXT-SRV-ATTR:launch_index": index,
            "OS-EXT-STS:vm_state": state,
            "OS-EXT-AZ:availability_zone": "nova",
        }

    def listing(self, items: list[Any], most: int) -> ListingPod:
        return ListingPod(
            key=self.key, fields=self.fields, sort=nova_sort, most=most, keeps_deleted=True, items=items
        )

    @settings(max_examples=45, derandomize=True)
    @given(pods, sorts(SERVER_KEYS), st.integers(1, 7), st.integers(1, 5), st.booleans(), st.data())
    def test_as_one_list(
        self, rows: Any, sort: Any, limit: int, most: int, detailed: bool, data: st.DataObject
    ) -> None:
        """
        Whatever pods have, any sort and page size, plain or detailed, by one process or several: the one sorted list.
        """
        self.has_lists(rows, most)
        query = [("limit", str(limit))]
        query += [("sort_key", key) for key, _ in sort]
        query += [("sort_dir", "desc" if descending else "asc") for _, descending in sort]

        found = self.walked(
            query,
            path=SERVERS + "/detail" * detailed,
            between=lambda: self.forget() if data.draw(st.booleans(), "forget") else None,
        )

        wanted = in_order(self.everything, nova_sort(dict(query), query), SERVER_KEYS)
        self.assertEqual([item["id"] for item in wanted], found)

    @settings(max_examples=45, derandomize=True)
    @given(pods, st.integers(1, 4), st.data())
    def test_while_items_come_and_go(self, rows: Any, limit: int, data: st.DataObject) -> None:
        """
        What is there all the time is given once, in order, though others are made and deleted between the pages, the last
        of a page among them.
        """
        self.has_lists(rows, 3)
        stays = {item["id"] for item in self.everything}
        fresh = iter(range(20_000, 30_000))

        def between() -> None:
            pod = self.lists[data.draw(st.sampled_from(NAMES), "pod")]
            if pod.items and data.draw(st.booleans(), "delete"):
                gone = pod.items.pop(data.draw(st.integers(0, len(pod.items) - 1), "which"))
                pod.deleted.append(gone)
                stays.discard(gone["id"])
            elif data.draw(st.booleans(), "make"):
                pod.items.append(self.item(next(fresh), data.draw(st.integers(0, 3)), "new", 0, None))

        found = self.walked([("limit", str(limit))], path=f"{SERVERS}/detail", between=between)

        wanted = in_order(self.everything, [("created_at", True), ("uuid", False)], SERVER_KEYS)
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(
            [item["id"] for item in wanted if item["id"] in stays], [each for each in found if each in stays]
        )


class VolumeWalkTests(WalkCase):
    """
    Cinder's volumes, whose pods know nothing of deleted ones.
    """

    path, key, fields, surface, version = VOLUMES, "volumes", VOLUME_KEYS, "volume", (3, 60)

    def item(self, number: int, *row: Any) -> dict[str, Any]:
        second, name, size, status = row
        return {
            "id": an_id(number),
            "name": name,
            "status": status,
            "os-vol-tenant-attr:tenant_id": P1,
            "created_at": at(second).removesuffix("Z") + ".000000",
            "size": size,
            "availability_zone": "nova",
        }

    def listing(self, items: list[Any], most: int) -> ListingPod:
        return ListingPod(
            key=self.key, fields=self.fields, sort=cinder_sort, most=most, keeps_deleted=False, items=items
        )

    @settings(max_examples=45, derandomize=True)
    @given(pods, sorts(VOLUME_KEYS), st.integers(1, 7), st.integers(1, 5), st.data())
    def test_as_one_list(self, rows: Any, sort: Any, limit: int, most: int, data: st.DataObject) -> None:
        """
        Whatever pods have, any sort and page size, by one process or several: the one sorted list, and its length.
        """
        self.has_lists(rows, most)
        text = ",".join(f"{key}:{'desc' if descending else 'asc'}" for key, descending in sort)
        query = [("limit", str(limit)), *([("sort", text)] if sort else [])]

        found = self.walked(
            query,
            path=f"{VOLUMES}/detail",
            between=lambda: self.forget() if data.draw(st.booleans(), "forget") else None,
        )

        wanted = in_order(self.everything, cinder_sort(dict(query), query), VOLUME_KEYS)
        self.assertEqual([item["id"] for item in wanted], found)
        counted = self.asked(
            "GET", f"{VOLUMES}/detail?limit={limit}&with_count=True", surface="volume", version=self.version
        )
        self.assertEqual(len(wanted), self.shown(counted)["count"])

    @settings(max_examples=30, derandomize=True)
    @given(pods, sorts(VOLUME_KEYS), st.integers(1, 20), st.integers(0, 20), st.integers(1, 5))
    def test_slices(self, rows: Any, sort: Any, limit: int, offset: int, most: int) -> None:
        """
        Any slice by offset and limit is that of the one sorted list.
        """
        self.has_lists(rows, most)
        text = ",".join(f"{key}:{'desc' if descending else 'asc'}" for key, descending in sort)
        query = [("limit", str(limit)), ("offset", str(offset)), *([("sort", text)] if sort else [])]
        target = f"{VOLUMES}/detail?{urlencode(query)}"

        body = self.shown(self.asked("GET", target, surface="volume", version=self.version))

        wanted = in_order(self.everything, cinder_sort(dict(query), query), VOLUME_KEYS)
        self.assertEqual(
            [item["id"] for item in wanted[offset : offset + limit]], [item["id"] for item in body["volumes"]]
        )
