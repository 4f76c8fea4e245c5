"""
Walking through the lists of several pods as through one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.merging.lists import FakeList, start_after, walked
from trio2o.merging.fields import SortField
from trio2o.merging.order import OWN_ORDER, Order, SortPart, read_order
from trio2o.merging.pages import MarkerLost, Start, WalkTooLong
from trio2o.merging.walk import MergeWalk

NEWEST = read_order("servers", [])
BY_NAME = read_order("servers", [("sort_key", "display_name"), ("sort_dir", "asc")])
BY_HIDDEN = read_order("servers", [("sort_key", "instance_type_id")])
#: By a visible key with many equal values, and then by what the client cannot see.
BY_STATE = Order(parts=(SortPart(field=SortField(read=lambda item: item["size"]), descending=True),))

sizes = st.none() | st.integers(0, 3)
rows = st.tuples(
    st.integers(0, 5), st.sampled_from(["a", "b", "B", "ä", "_", "-", None]), sizes, st.integers(0, 99)
)


def build(lists: list[list[Any]], sort: Any, **more: Any) -> list[FakeList]:
    """
    Pods with these rows, ids made so that they are unique and in no order.
    """
    pods = []
    for rank, rows in enumerate(lists):
        items = [
            {
                "id": f"{(number * 7919 + rank * 104729) % 99991:05d}-{rank}",
                "created": f"2026-01-01T00:00:0{second}Z",
                "name": name,
                "size": size,
                "hidden": hidden,
            }
            for number, (second, name, size, hidden) in enumerate(rows)
        ]
        pods.append(FakeList(f"pod{rank}", sort, items, **more))
    return pods


def as_newest(item: Any) -> Any:
    """
    The default order, as a pod's database has it: newest first, then by id.
    """
    return (-int(item["created"][-2]), item["id"])


def as_other_collation(item: Any) -> Any:
    """
    By name in an order that differs from what the merge believes.
    """
    return (item["name"] is not None, str(item["name"])[::-1], item["id"])


def as_hidden(item: Any) -> Any:
    """
    By what the client cannot see.
    """
    return (item["hidden"], item["id"])


def as_size(item: Any) -> Any:
    """
    By size descending, nothing last, and then by what the client cannot see.
    """
    return (-(item["size"] if item["size"] is not None else -1), item["hidden"], item["id"])


def oracle(order: Order, pods: list[FakeList]) -> list[str]:
    """
    The one list: by key; equal ones by pod and then as the pod has them.
    """
    entries = [
        (order.key(item), rank, place, item["id"])
        for rank, pod in enumerate(pods)
        for place, item in enumerate(sorted(pod.items, key=pod.sort))
    ]
    return [entry[3] for entry in sorted(entries, key=lambda entry: entry[:3])]


ORDERS = st.sampled_from(
    [(NEWEST, as_newest), (BY_HIDDEN, as_hidden), (OWN_ORDER, as_hidden), (BY_STATE, as_size)]
)
pod_lists = st.lists(st.lists(rows, max_size=9), max_size=5)


class OnePageAfterAnotherTests(SynchronousTestCase):
    """
    The oracle: walking by markers gives exactly the one sorted list, each item once.
    """

    @given(pod_lists, ORDERS, st.integers(1, 7), st.integers(1, 4), st.data())
    def test_as_one_list(
        self, lists: list[Any], how: Any, limit: int, pod_limit: int, data: st.DataObject
    ) -> None:
        """
        Any pods, sizes, ties, order and page size, with pods that give fewer items than asked, and cursors that are
        forgotten between some pages.
        """
        order, sort = how
        pods = build(lists, sort, max_limit=pod_limit)
        found: list[str] = []
        start = None
        while True:
            page = walked(order, pods, limit, start=start, max_limit=5)
            found += [item["id"] for item in page.items]
            if not page.more:
                break
            start = start_after(order, page, forget=data.draw(st.booleans(), label="forget"))

        self.assertEqual(found, oracle(order, pods))

    @given(pod_lists, st.integers(1, 7), st.data())
    def test_other_collation(self, lists: list[Any], limit: int, data: st.DataObject) -> None:
        """
        Where pods order text in another way than the merge believes, each item is still given once, in an order that
        does not depend on the pages and breaks no pod's own, cursors forgotten or not.
        """
        pods = build(lists, as_other_collation)
        whole = [item["id"] for item in walked(BY_NAME, pods, 1000).items]
        found: list[str] = []
        start = None
        while True:
            page = walked(BY_NAME, pods, limit, start=start)
            found += [item["id"] for item in page.items]
            if not page.more:
                break
            start = start_after(BY_NAME, page, forget=data.draw(st.booleans(), label="forget"))

        self.assertEqual(found, whole)
        for pod in pods:
            own = [item["id"] for item in sorted(pod.items, key=pod.sort)]
            self.assertEqual([identity for identity in found if identity in own], own)

    @given(pod_lists, st.integers(1, 4), st.booleans(), st.data())
    def test_while_things_come_and_go(
        self, lists: list[Any], limit: int, remembers: bool, data: st.DataObject
    ) -> None:
        """
        While other items are deleted and added between the pages, those that stay are given once and in order; a deleted
        one is given no more, an added one at most once, and only at its place.
        """
        pods = build(lists, as_newest, remembers=remembers)
        staying = {item["id"] for pod in pods for item in pod.items}
        before = oracle(NEWEST, pods)
        found: list[str] = []
        keys: list[Any] = []
        start = None
        while True:
            page = walked(NEWEST, pods, limit, start=start)
            found += [item["id"] for item in page.items]
            keys += [NEWEST.key(item) for item in page.items]
            if not page.more:
                break
            start = start_after(NEWEST, page, forget=data.draw(st.booleans(), label="forget"))
            if len(keys) > 8:
                continue
            pod = data.draw(st.sampled_from(pods), label="pod")
            others = [item["id"] for item in pod.items if remembers or item["id"] != start.marker]
            if others:
                victim = data.draw(st.sampled_from(others), label="deleted")
                pod.delete(victim)
                staying.discard(victim)
            second = data.draw(st.integers(0, 5), label="added")
            pod.items.append(
                {
                    "id": f"{len(found):05d}-{second}-new",
                    "created": f"2026-01-01T00:00:0{second}Z",
                    "name": None,
                }
            )

        self.assertEqual(len(found), len(set(found)))
        self.assertEqual([one for one in found if one in staying], [one for one in before if one in staying])
        for first, second in pairwise(keys):
            self.assertLess(first, second)

    @given(pod_lists, st.integers(1, 4), st.integers(1, 5), st.booleans(), st.data())
    def test_anywhere_before_the_place(
        self, lists: list[Any], limit: int, max_limit: int, remembers: bool, data: st.DataObject
    ) -> None:
        """
        Instead of where the page before left it, a pod may be gone on with after anything of its own that stands before the
        place, near or far, there or gone, or from its beginning.
        """
        pods = build(lists, as_newest, remembers=remembers)
        for pod in pods:
            for item in list(pod.items):
                if data.draw(st.integers(0, 4), label="gone") == 0:
                    pod.delete(item["id"])
        found: list[str] = []
        start = None

        def before(pod: FakeList) -> list[str | None]:
            assert start is not None
            known = [item for item in pod.items + pod.gone if pod.sort(item) < as_newest(last)]
            return [None, "nowhere", *(item["id"] for item in known)]

        def instead(name: str) -> str | None:
            (pod,) = (pod for pod in pods if pod.name == name)
            known = [item["id"] for item in pod.items if pod.sort(item) < as_newest(last)]
            return data.draw(st.sampled_from([None, *known]), label="instead")

        while True:
            page = walked(NEWEST, pods, limit, start=start, max_limit=max_limit, instead=instead)
            found += [item["id"] for item in page.items]
            if not page.more:
                break
            last = page.items[-1]
            start = start_after(NEWEST, page, forget=True)
            cursors = {}
            for pod in pods:
                if pod.name != start.pod and data.draw(st.booleans(), label="place"):
                    cursors[pod.name] = data.draw(st.sampled_from(before(pod)), label="before")
            start = evolve(start, cursors=cursors)

        self.assertEqual(found, oracle(NEWEST, pods))

    @given(
        pod_lists,
        st.sampled_from(
            [(BY_STATE, as_size), (BY_HIDDEN, as_hidden), (OWN_ORDER, as_hidden), (BY_NAME, None)]
        ),
        st.integers(1, 4),
        st.data(),
    )
    def test_other_orders_while_things_come_and_go(
        self, lists: list[Any], how: Any, limit: int, data: st.DataObject
    ) -> None:
        """
        With the cursors of the page before, so it is in any other order: what stays is given once, in order, and no pod's own
        order is broken where it is another than the merge believes.
        """
        order, sort = how
        remembers = sort is None or data.draw(st.booleans(), label="remembers")
        pods = build(lists, sort or as_other_collation, remembers=remembers)
        staying = {item["id"] for pod in pods for item in pod.items}
        before = oracle(order, pods)
        found: list[str] = []
        start = None
        while True:
            page = walked(order, pods, limit, start=start, max_limit=5)
            found += [item["id"] for item in page.items]
            if not page.more:
                break
            start = start_after(order, page)
            pod = data.draw(st.sampled_from(pods), label="pod")
            others = [item["id"] for item in pod.items if remembers or item["id"] != start.marker]
            if others and data.draw(st.booleans(), label="deletes"):
                victim = data.draw(st.sampled_from(others), label="deleted")
                pod.delete(victim)
                staying.discard(victim)
            if len(found) < 20 and data.draw(st.booleans(), label="adds"):
                second, name, size, hidden = data.draw(rows, label="added")
                pod.items.append(
                    {
                        "id": f"{len(found):05d}-new",
                        "created": f"2026-01-01T00:00:0{second}Z",
                        "name": name,
                        "size": size,
                        "hidden": hidden,
                    }
                )

        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(staying, staying & set(found))
        if sort is not None:
            self.assertEqual(
                [one for one in found if one in staying], [one for one in before if one in staying]
            )
        for pod in pods:
            own = [item["id"] for item in sorted(pod.items, key=pod.sort) if item["id"] in staying]
            self.assertEqual([identity for identity in found if identity in own], own)

    @given(pod_lists, st.integers(0, 12), st.integers(1, 5))
    def test_offset(self, lists: list[Any], offset: int, limit: int) -> None:
        """
        An offset passes over that many items of the merged list.
        """
        pods = build(lists, as_newest)

        page = walked(NEWEST, pods, limit, offset=offset, max_limit=3)

        self.assertEqual([item["id"] for item in page.items], oracle(NEWEST, pods)[offset : offset + limit])

    @given(pod_lists, st.integers(1, 6), st.integers(1, 6))
    def test_bounded(self, lists: list[Any], limit: int, max_limit: int) -> None:
        """
        No pod is ever asked for more than the walk's maximum, and for a first page not for more than the page has.
        """
        pods = build(lists, as_newest)

        walked(NEWEST, pods, limit, max_limit=max_limit)

        self.assertTrue(all(pod.largest <= min(limit, max_limit) for pod in pods))


def three(order: str = "abc") -> list[FakeList]:
    """
    Three pods with two servers each; their ids tell their place in the default order.
    """
    rows = {"a": [5, 2], "b": [4, 1], "c": [3, 0]}
    pods = []
    for name in order:
        items = [
            {"id": f"{name}{second}", "created": f"2026-01-01T00:00:0{second}Z"} for second in rows[name]
        ]
        pods.append(FakeList(name, as_newest, items))
    return pods


class WalkTests(SynchronousTestCase):
    """
    Single facts.
    """

    def test_one_round(self) -> None:
        """
        Every pod is asked at once, for no more than the page, and once.
        """
        walk = MergeWalk(order=NEWEST, pods=["a", "b", "c"], limit=3)

        self.assertEqual(
            [(ask.pod, ask.marker, ask.limit) for ask in walk.asks()], [(pod, None, 3) for pod in "abc"]
        )
        self.assertEqual(walk.asks(), [])
        for pod in three():
            self.assertFalse(walk.done)
            walk.feed(pod.name, pod.items)
        self.assertTrue(walk.done)
        self.assertEqual([item["id"] for item in walk.page().items], ["a5", "b4", "c3"])
        self.assertEqual(walk.page().cursors, {"a": "a5", "b": "b4", "c": "c3"})

    def test_limit_zero(self) -> None:
        """
        An empty page asks nobody and has no next.
        """
        walk = MergeWalk(order=NEWEST, pods=["a"], limit=0)

        self.assertTrue(walk.done)
        self.assertEqual(walk.asks(), [])
        self.assertFalse(walk.page().more)

    def test_no_pods(self) -> None:
        """
        Without pods the list is empty.
        """
        self.assertEqual(walked(NEWEST, [], 10).items, ())

    def test_silent_pod(self) -> None:
        """
        A pod that does not answer is left out and told; the others' items are all there.
        """
        walk = MergeWalk(order=NEWEST, pods=["a", "b", "c"], limit=10)
        walk.asks()
        for pod in three():
            if pod.name == "b":
                walk.leave_out("b")
            else:
                walk.feed(pod.name, pod.items)

        self.assertTrue(walk.done)
        self.assertEqual([item["id"] for item in walk.page().items], ["a5", "c3", "a2", "c0"])
        self.assertEqual(walk.page().missing, ("b",))
        self.assertNotIn("b", walk.page().cursors)

    def test_pod_that_comes_back(self) -> None:
        """
        A pod that was silent on one page gives on the next what stands after the marker, and nothing from before it.
        """
        walk = MergeWalk(order=NEWEST, pods=["a", "b", "c"], limit=2)
        pods = three()
        walk.asks()
        walk.leave_out("b")
        walk.feed("a", pods[0].items)
        walk.feed("c", pods[2].items)

        page = walked(NEWEST, pods, 10, start=start_after(NEWEST, walk.page()))

        self.assertEqual([item["id"] for item in page.items], ["a2", "b1", "c0"])

    def test_late_answer(self) -> None:
        """
        What a pod says after it was left out changes nothing.
        """
        walk = MergeWalk(order=NEWEST, pods=["a"], limit=2)
        walk.asks()
        walk.leave_out("a")
        walk.feed("a", three()[0].items)

        self.assertEqual(walk.page().items, ())

    def test_same_id_twice(self) -> None:
        """
        Of two pods that list one id the routed owner's item is kept, and without an owner the first.
        """
        one = {"id": "x", "created": "2026-01-01T00:00:05Z", "from": "a"}
        other = {**one, "from": "b"}
        for owner, kept in ((None, "a"), ("a", "a"), ("b", "b"), ("gone", "a")):
            walk = MergeWalk(order=NEWEST, pods=["a", "b"], limit=5, owner=lambda _, owner=owner: owner)
            walk.asks()
            walk.feed("a", [one])
            walk.feed("b", [other])

            self.assertEqual([item["from"] for item in walk.page().items], [kept])

    def test_owner_is_silent(self) -> None:
        """
        The other pod's item is kept when the owner was left out.
        """
        walk = MergeWalk(order=NEWEST, pods=["a", "b"], limit=5, owner=lambda _: "b")
        walk.asks()
        walk.leave_out("b")
        walk.feed("a", [{"id": "x", "created": "2026-01-01T00:00:05Z"}])

        self.assertEqual(len(walk.page().items), 1)

    def test_owner_does_not_show_it(self) -> None:
        """
        The other pod's item is kept when the owner has answered without it: its route has become wrong.
        """
        walk = MergeWalk(order=NEWEST, pods=["a", "b"], limit=5, owner=lambda _: "b")
        walk.asks()
        walk.feed("a", [{"id": "x", "created": "2026-01-01T00:00:05Z"}])
        walk.feed("b", [{"id": "y", "created": "2026-01-01T00:00:04Z"}])

        self.assertEqual([item["id"] for item in walk.page().items], ["x", "y"])

    def test_client_marker_gone(self) -> None:
        """
        When the marker's own pod does not know it any more, the pod's answer is the client's.
        """
        walk = MergeWalk(
            order=NEWEST, pods=["a"], limit=5, start=Start(marker="x", pod="a", key=(), cursors={"a": "x"})
        )
        walk.asks()

        self.assertEqual(self.assertRaises(MarkerLost, walk.marker_gone, "a").pod, "a")

    def test_nothing_known(self) -> None:
        """
        A marker without values and without cursors gives no place in the other pods.
        """
        self.assertRaises(
            MarkerLost, MergeWalk, order=NEWEST, pods=["a", "b"], limit=5, start=Start(marker="x", pod="a")
        )

    def test_deleted_marker_by_text(self) -> None:
        """
        A deleted marker in a list by text is found by its values, since repeating the list never meets it.
        """
        pods = build([[(0, "a", 0, 0), (0, "c", 0, 0)], [(0, "b", 0, 0), (0, "d", 0, 0)]], BY_NAME.key)
        page = walked(BY_NAME, pods, 2)
        pods[1].delete(page.items[-1]["id"])

        rest = walked(BY_NAME, pods, 5, start=start_after(BY_NAME, page, forget=True))

        self.assertEqual([item["name"] for item in rest.items], ["c", "d"])

    def test_deleted_marker_without_values(self) -> None:
        """
        A deleted marker in a list by text, whose values nobody knows, is lost.
        """
        pods = build([[(0, "a", 0, 0)]], BY_NAME.key)

        self.assertRaises(MarkerLost, walked, BY_NAME, pods, 5, start=Start(marker="x", pod="pod0"))

    def test_pod_without_markers(self) -> None:
        """
        A pod that gives its whole list whatever the marker ends the walk instead of turning in circles.
        """
        walk = MergeWalk(order=NEWEST, pods=["a"], limit=5)
        items = three()[0].items
        for _ in range(2):
            walk.asks()
            walk.feed("a", items, more=True)

        self.assertTrue(walk.done)
        self.assertEqual([item["id"] for item in walk.page().items], ["a5", "a2"])

    def test_too_long(self) -> None:
        """
        A walk that asks one pod for too many pages is given up.
        """
        pods = build([[(0, None, 0, 0)] * 9], as_newest)

        self.assertRaises(WalkTooLong, walked, NEWEST, pods, 9, max_limit=1, max_pages=8)

    def test_deleted_under_way(self) -> None:
        """
        When the item that a pod was asked after is deleted meanwhile, the pod is read again up to where it was.
        """
        five, four, two = [
            {"id": f"a{second}", "created": f"2026-01-01T00:00:0{second}Z"} for second in (5, 4, 2)
        ]
        walk = MergeWalk(order=NEWEST, pods=["a"], limit=5, offset=1, max_limit=1)
        for answer in (five, four):
            walk.asks()
            walk.feed("a", [answer])
        walk.asks()
        walk.marker_gone("a")
        self.assertEqual([ask.marker for ask in walk.asks()], [None])
        walk.feed("a", [five])
        walk.asks()
        walk.feed("a", [two], more=False)

        self.assertEqual([item["id"] for item in walk.page().items], ["a4", "a2"])

    def test_deleted_while_passing_over(self) -> None:
        """
        The same on the way to the marker's place: what stands before it is still passed over.
        """
        walk = MergeWalk(
            order=NEWEST,
            pods=["a", "b"],
            limit=5,
            start=Start(marker="a2", pod="a", key=NEWEST.key(three()[0].items[1])),
        )
        walk.asks()
        walk.feed("a", [])
        walk.feed("b", [{"id": "b5", "created": "2026-01-01T00:00:05Z"}], more=True)
        walk.asks()
        walk.marker_gone("b")
        walk.asks()
        walk.feed("b", three()[1].items)

        self.assertEqual([item["id"] for item in walk.page().items], ["b1"])

    def test_cursor_gone(self) -> None:
        """
        A pod whose cursor is gone is read from its beginning, and gives what stands after the client's marker.
        """
        walk = MergeWalk(
            order=NEWEST,
            pods=["a", "b"],
            limit=5,
            start=Start(
                marker="a2", pod="a", key=NEWEST.key(three()[0].items[1]), cursors={"a": "a2", "b": "gone"}
            ),
        )
        self.assertEqual([(ask.pod, ask.marker) for ask in walk.asks()], [("a", "a2"), ("b", "gone")])
        walk.feed("a", [])
        walk.marker_gone("b")
        self.assertEqual([(ask.pod, ask.marker) for ask in walk.asks()], [("b", None)])
        walk.feed("b", three()[1].items)

        self.assertEqual([item["id"] for item in walk.page().items], ["b1"])

    def test_floor_by_text(self) -> None:
        """
        A cursor in a list by text is where the pod goes on. What comes there and stands before the marker would have come before
        it, had the pod been asked then: it is passed over. Behind the first that does not, values say nothing.
        """
        walk = MergeWalk(
            order=BY_NAME,
            pods=["a", "b"],
            limit=5,
            start=Start(
                marker="m",
                pod="a",
                key=BY_NAME.key({"id": "m", "name": "m"}),
                cursors={"a": "m", "b": "z"},
            ),
        )
        walk.asks()
        walk.feed("a", [])
        walk.feed("b", [{"id": name, "name": name} for name in "cnd"])

        self.assertEqual([item["id"] for item in walk.page().items], ["n", "d"])

    def test_cursor_gone_by_text(self) -> None:
        """
        When such a cursor is gone the merge is repeated up to the marker.
        """
        pods = build([[(0, "a", 0, 0), (0, "c", 0, 0)], [(0, "b", 0, 0), (0, "d", 0, 0)]], BY_NAME.key)
        pods[0].remembers = False
        page = walked(BY_NAME, pods, 2)
        start = start_after(BY_NAME, page)
        pods[0].delete(page.items[0]["id"])

        rest = walked(BY_NAME, pods, 5, start=start)

        self.assertEqual(["a", "b"], [item["name"] for item in page.items])
        self.assertEqual(["c", "d"], [item["name"] for item in rest.items])

    def test_same_id_over_two_pages(self) -> None:
        """
        An id that two pods list is not given again at the beginning of the next page.
        """
        one = {"id": "x", "created": "2026-01-01T00:00:05Z"}
        walk = MergeWalk(
            order=NEWEST,
            pods=["a", "b"],
            limit=5,
            start=Start(marker="x", pod="a", key=NEWEST.key(one), cursors={"a": "x", "b": None}),
        )
        walk.asks()
        walk.feed("a", [])
        walk.feed("b", [one])

        self.assertEqual(walk.page().items, ())

    def test_fields_of_the_oracle(self) -> None:
        """
        The orders of these tests are of the kinds that they stand for.
        """
        self.assertTrue(NEWEST.exact and BY_STATE.exact)
        self.assertFalse(BY_NAME.exact)
        self.assertEqual(BY_HIDDEN.parts, ())
