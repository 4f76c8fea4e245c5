"""
The strategy ``merge``: one list over all pods (I8, I9). How pages are put together is :mod:`trio2o.merging`'s, tested there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import evolve

from tests.unit.strategies.case import (
    LIST_BUDGET,
    P1,
    P2,
    ROOT,
    StrategyCase,
    a_context,
    a_server,
    a_volume,
    an_id,
    at,
)
from tests.unit.strategies.doubles import JSON, Broken, Hang, PodList, Reply, Unreachable
from trio2o.errors import BadGateway, BadRequest, GatewayTimeout, NotFound, Unavailable
from trio2o.exchange import Answer, PodCall
from trio2o.model import Kind, PodState
from trio2o.rewriting.zones import ZONE_FIELDS
from trio2o.strategies.cursors import Cursors
from trio2o.strategies.merge import MergeStrategy

DETAIL = "/v2.1/servers/detail"
PLAIN = "/v2.1/servers"
VOLUMES = f"/v3/{P1}/volumes/detail"
SNAPSHOTS = f"/v3/{P1}/snapshots"
ADMIN = a_context(roles="admin")
UNKNOWN = (2, 69)


class MergeCase(StrategyCase):
    """
    Pods with lists: six servers, one each second, dealt out to the pods in turn; volumes likewise.
    """

    def setUp(self) -> None:
        super().setUp()
        self.lists: dict[str, PodList] = {}
        self.volumes: dict[str, PodList] = {}
        for at_, name in enumerate(("Pod1", "Pod2", "Pod3")):
            servers = [a_server(number, name) for number in (6 - at_, 3 - at_)]
            self.lists[name] = PodList("servers", servers, headers=[(b"x-pod", name.encode())])
            self.pods.on(name, "GET", DETAIL, self.lists[name])
            self.volumes[name] = PodList("volumes", [a_volume(number, name) for number in (6 - at_, 3 - at_)])
            self.pods.on(name, "GET", VOLUMES, self.volumes[name])

    def numbers(self, answer: Answer) -> list[int]:
        """
        The servers or volumes of a page, by their numbers.
        """
        body = self.shown(answer)
        (items,) = (value for name, value in body.items() if name in ("servers", "volumes", "snapshots"))
        return [int(item["id"][:8], 16) for item in items]

    def listed(self, query: str = "", path: str = DETAIL, **more: Any) -> list[int]:
        """
        A page.
        """
        return self.numbers(self.asked("GET", path + (f"?{query}" if query else ""), **more))

    def next_page(self, answer: Answer, **more: Any) -> Answer:
        """
        What the link of a page leads to.
        """
        body = self.shown(answer)
        (links,) = (value for name, value in body.items() if name.endswith("_links"))
        return self.asked("GET", links[0]["href"].removeprefix(ROOT.decode()), **more)

    def forget(self) -> None:
        """
        Another process has no cursors and no memory of routes; the database is the same.
        """
        for number in range(1, 10):
            self.state.forget_route(Kind.SERVER, an_id(number))
            self.state.forget_route(Kind.VOLUME, an_id(number))
        self.make()


class OneListTests(MergeCase):
    """
    A list without pages.
    """

    def test_merged(self) -> None:
        """
        All pods' servers are one list in the order that one cloud would give.
        """
        answer = self.asked("GET", DETAIL)

        self.assertEqual([6, 5, 4, 3, 2, 1], self.numbers(answer))
        self.assertEqual((200, (), ("Pod1", "Pod2", "Pod3")), (answer.status, answer.missing, answer.pods))
        self.assertNotIn("servers_links", self.shown(answer))

    def test_side_by_side(self) -> None:
        """
        Every pod is asked before one has answered (I8).
        """
        self.pods.on("*", "GET", DETAIL, Hang())
        for name in self.lists:
            self.pods.on(name, "GET", DETAIL, Hang())

        started = self.started("GET", DETAIL)

        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked())
        self.clock.advance(LIST_BUDGET)
        self.failureResultOf(started, GatewayTimeout)

    def test_query(self) -> None:
        """
        The client's filters reach the pods as they were; limit, marker and offset are the gateway's own.
        """
        self.listed("name=a%2Fb%20c&status=ACTIVE&status=ERROR&limit=7&offset=0&deleted=")

        for called in self.pods.calls:
            self.assertEqual("name=a%2Fb+c&status=ACTIVE&status=ERROR&deleted=&limit=7", called.query)

    def test_request_fields(self) -> None:
        """
        The client's fields go along, with the token that each pod knows.
        """
        self.listed(headers=[(b"OpenStack-API-Version", b"compute 2.60")])

        for called in self.pods.calls:
            self.assertEqual(b"compute 2.60", called.header(b"openstack-api-version"))
            self.assertEqual(f"user-token at {called.pod}".encode(), called.header(b"x-auth-token"))

    def test_answer_fields(self) -> None:
        """
        The answer has the fields of the first pod that answered.
        """
        self.assertIn((b"x-pod", b"Pod1"), self.asked("GET", DETAIL).headers)

        self.pods.on("Pod1", "GET", DETAIL, Unreachable())

        self.assertIn((b"x-pod", b"Pod2"), self.asked("GET", DETAIL).headers)

    def test_zones_and_links(self) -> None:
        """
        Each item has the top name of its own pod's zone, and links to the top region (I4).
        """
        servers = self.shown(self.asked("GET", DETAIL))["servers"]

        self.assertEqual(
            ["az1", "az1", "az2"] * 2, [server["OS-EXT-AZ:availability_zone"] for server in servers]
        )
        for server in servers:
            self.assertEqual(f"{ROOT.decode()}/v2.1/servers/{server['id']}", server["links"][0]["href"])

    def test_no_zone(self) -> None:
        """
        A server that is in no zone yet stays in none.
        """
        self.lists["Pod1"].items[0] = a_server(6, **{"OS-EXT-AZ:availability_zone": ""})

        servers = self.shown(self.asked("GET", DETAIL))["servers"]

        self.assertEqual("", servers[0]["OS-EXT-AZ:availability_zone"])

    def test_every_zone_field(self) -> None:
        """
        Whatever field of an item names a zone has the top name, as in a show.
        """
        fields = dict.fromkeys(ZONE_FIELDS["servers"], "nova")
        self.lists["Pod1"].items[0] = a_server(6, **fields)

        server = self.shown(self.asked("GET", DETAIL))["servers"][0]

        self.assertEqual(dict.fromkeys(fields, "az1"), {name: server[name] for name in fields})

    def test_volumes(self) -> None:
        """
        Volumes are merged as servers are.
        """
        answer = self.asked("GET", VOLUMES, surface="volume")

        self.assertEqual([6, 5, 4, 3, 2, 1], self.numbers(answer))
        zones = [volume["availability_zone"] for volume in self.shown(answer)["volumes"]]
        self.assertEqual(["az1", "az1", "az2"] * 2, zones)

    def test_disabled_pod(self) -> None:
        """
        A disabled pod is not asked, and not missed; one that is draining or in maintenance is asked.
        """
        self.change_pod(self.pod1, state=PodState.DISABLED)
        self.change_pod(self.pod2, state=PodState.DRAINING)
        self.change_pod(self.pod3, state=PodState.MAINTENANCE)

        answer = self.asked("GET", DETAIL)

        self.assertEqual(([5, 4, 2, 1], ()), (self.numbers(answer), answer.missing))

    def test_no_pods(self) -> None:
        """
        A cloud without pods has an empty list.
        """
        self.has_pods()

        self.assertEqual({"servers": []}, self.shown(self.asked("GET", DETAIL)))

    def test_one_id_in_two_pods(self) -> None:
        """
        An id that two pods list is listed once, as the pod of its route has it.
        """
        self.lists["Pod3"].items.insert(0, a_server(6, "Pod3", name="the one"))
        self.has_route(an_id(6), self.pod3)

        servers = self.shown(self.asked("GET", DETAIL))["servers"]

        self.assertEqual([6, 5, 4, 3, 2, 1], [int(server["id"][:8], 16) for server in servers])
        self.assertEqual("the one", servers[0]["name"])


class PlainTests(MergeCase):
    """
    The list of ids and names.
    """

    def test_detail_is_read(self) -> None:
        """
        Pods are asked for details, which show the order; the client gets id, name and links.
        """
        answer = self.asked("GET", PLAIN)

        self.assertEqual([6, 5, 4, 3, 2, 1], self.numbers(answer))
        for server in self.shown(answer)["servers"]:
            self.assertEqual(["id", "name", "links"], list(server))
            self.assertEqual(f"{ROOT.decode()}/v2.1/servers/{server['id']}", server["links"][0]["href"])

    def test_order_that_it_shows(self) -> None:
        """
        An order by what the plain list shows needs no details.
        """
        for name in self.lists:
            plain = [{"id": an_id(7), "name": name, "links": []}] if name == "Pod1" else []
            self.pods.on(name, "GET", PLAIN, PodList("servers", plain))

        self.assertEqual([7], self.listed("sort_key=uuid&sort_dir=asc", PLAIN))

    def test_one_pod(self) -> None:
        """
        A cloud of one pod is asked for the plain list.
        """
        self.has_pods(self.pod1)
        self.pods.on("Pod1", "GET", PLAIN, PodList("servers", [{"id": an_id(7), "name": "n", "links": []}]))

        self.assertEqual([7], self.listed(path=PLAIN))

    def test_links(self) -> None:
        """
        Its next link leads to the plain list again.
        """
        answer = self.asked("GET", f"{PLAIN}?limit=2")

        (link,) = self.shown(answer)["servers_links"]
        self.assertEqual(f"{ROOT.decode()}{PLAIN}", link["href"].partition("?")[0])
        self.assertEqual([4, 3], self.numbers(self.next_page(answer)))


class PagingTests(MergeCase):
    """
    Walking a list page by page.
    """

    def test_link(self) -> None:
        """
        A full page has a link to the next one with the client's own parameters.
        """
        answer = self.asked("GET", f"{DETAIL}?limit=2&name=server")

        (link,) = self.shown(answer)["servers_links"]
        self.assertEqual("next", link["rel"])
        self.assertEqual(f"{ROOT.decode()}{DETAIL}", link["href"].partition("?")[0])
        self.assertEqual(
            {"limit": ["2"], "marker": [an_id(5)], "name": ["server"]}, parse_qs(urlsplit(link["href"]).query)
        )

    def test_walk(self) -> None:
        """
        Walking by the links gives every server once, in order, whatever the size of a page.
        """
        for size in (1, 2, 3, 4, 5, 6, 7):
            found: list[int] = []
            answer = self.asked("GET", f"{DETAIL}?limit={size}")
            found += self.numbers(answer)
            while "servers_links" in self.shown(answer):
                answer = self.next_page(answer)
                found += self.numbers(answer)
            with self.subTest(size=size):
                self.assertEqual([6, 5, 4, 3, 2, 1], found)

    def test_cursors(self) -> None:
        """
        The next page goes on in each pod after the last item it has passed: no look-up, no walk from the beginning (I9).
        """
        answer = self.asked("GET", f"{DETAIL}?limit=4")
        self.pods.calls.clear()

        self.assertEqual([2, 1], self.numbers(self.next_page(answer)))

        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked())
        self.assertEqual(
            [an_id(3), an_id(5), an_id(4)],
            [parse_qs(called.query or "")["marker"][0] for called in self.pods.calls],
        )

    def test_links_are_the_same_list(self) -> None:
        """
        A link has the client's parameters in another order, and leads to the cursor all the same.
        """
        for items in self.lists.values():
            items.items.sort(key=lambda item: item["name"])
        answer = self.asked("GET", f"{DETAIL}?sort_key=display_name&sort_dir=asc&limit=2&name=s")
        self.pods.calls.clear()

        self.assertEqual([3, 4], self.numbers(self.next_page(answer)))

        self.assertEqual(["Pod1", "Pod2", "Pod3"], self.pods.asked())
        self.assertEqual({"2"}, {parse_qs(called.query or "")["limit"][0] for called in self.pods.calls})

    def test_without_cursors(self) -> None:
        """
        Where the page before is forgotten the walk begins again, and gives the same.
        """
        for size, pages in ((2, [[6, 5], [4, 3], [2, 1]]), (4, [[6, 5, 4, 3], [2, 1]])):
            answer = self.asked("GET", f"{DETAIL}?limit={size}")
            found = [self.numbers(answer)]
            for _ in pages[1:]:
                self.forget()
                for name, items in self.lists.items():
                    for item in items.items:
                        self.pods.on(name, "GET", f"{PLAIN}/{item['id']}", Reply(200, {"server": item}))
                answer = self.next_page(answer)
                found.append(self.numbers(answer))
            with self.subTest(size=size):
                self.assertEqual(pages, found)

    def test_other_orders_without_cursors(self) -> None:
        """
        So it is for an order by name, which databases compare each in its own way.
        """
        for name, items in self.lists.items():
            items.items.sort(key=lambda item: item["name"])
            for item in items.items:
                self.pods.on(name, "GET", f"{PLAIN}/{item['id']}", Reply(200, {"server": item}))
        query = "sort_key=display_name&sort_dir=asc&limit=2"
        answer = self.asked("GET", f"{DETAIL}?{query}")
        self.assertEqual([1, 2], self.numbers(answer))
        self.forget()

        self.assertEqual([3, 4], self.numbers(self.next_page(answer)))

    def test_lists_do_not_share_cursors(self) -> None:
        """
        Where a list ended says nothing about another one: of other filters, another project, version or path.
        """
        self.asked("GET", f"{DETAIL}?limit=4")
        self.everybody_says(404, f"{PLAIN}/{an_id(3)}")
        self.pods.on("Pod1", "GET", f"{PLAIN}/{an_id(3)}", Reply(200, {"server": a_server(3)}))
        for target, more in (
            (f"{DETAIL}?limit=4&name=x", {}),
            (DETAIL + "?limit=4", {"version": (2, 60)}),
            (DETAIL + "?limit=4", {"context": a_context(project=P2)}),
            (DETAIL + "?limit=4", {"context": ADMIN}),
            (PLAIN + "?limit=4", {}),
        ):
            self.pods.calls.clear()
            with self.subTest(target=target, more=more):
                self.asked("GET", f"{target}&marker={an_id(3)}", **more)
                self.assertIn(f"{PLAIN}/{an_id(3)}", [called.path for called in self.pods.calls])

    def test_orders_do_not_share_cursors(self) -> None:
        """
        Nor does it where pods are asked for the same list in another order: for somebody whom access rules hold to the plain
        list, or by a gateway with one pod less.
        """
        marker, anybody = an_id(5), a_context()
        limited = evolve(anybody, identity=evolve(anybody.identity, access_rules=()))
        for name, items in self.lists.items():
            self.pods.on(name, "GET", PLAIN, items)
        self.everybody_says(404, f"{PLAIN}/{marker}")
        self.pods.on("Pod2", "GET", f"{PLAIN}/{marker}", Reply(200, {"server": a_server(5)}))
        for pods, context in (((self.pod1, self.pod2, self.pod3), limited), ((self.pod2,), anybody)):
            self.assertEqual([6, 5], self.listed("limit=2", PLAIN))
            self.pods.calls.clear()
            self.has_pods(*pods)
            with self.subTest(pods=len(pods)):
                self.asked("GET", f"{PLAIN}?limit=2&marker={marker}", context=context)
                self.assertIn(f"{PLAIN}/{marker}", [called.path for called in self.pods.calls])

    def test_moved_meanwhile(self) -> None:
        """
        What was given and then changes its place takes nothing along: what its pod has between the two places still comes.
        """
        seconds = {1: 1, 2: 2, 4: 4, 5: 5, 7: 7, 8: 8}

        def volume(number: int) -> dict[str, Any]:
            return a_volume(number, updated_at=at(seconds[number]).removesuffix("Z") + ".000000")

        def listed(*numbers: int) -> Callable[[PodCall], Reply]:
            def answer(call: PodCall) -> Reply:
                asked = parse_qs(call.target.partition(b"?")[2].decode())
                items = sorted(map(volume, numbers), key=lambda item: str(item["updated_at"]))
                ids = [item["id"] for item in items]
                begin = ids.index(asked["marker"][0]) + 1 if "marker" in asked else 0
                return Reply(200, {"volumes": items[begin : begin + int(asked["limit"][0])]})

            return answer

        self.pods.on("Pod1", "GET", VOLUMES, listed(1, 4, 7))
        self.pods.on("Pod2", "GET", VOLUMES, listed(2, 5, 8))
        self.pods.on("Pod3", "GET", VOLUMES, listed())
        for number in seconds:
            show = f"/v3/{P1}/volumes/{an_id(number)}"
            self.pods.on("*", "GET", show, lambda call, number=number: Reply(200, {"volume": volume(number)}))

        first = self.asked("GET", f"{VOLUMES}?sort=updated_at:asc&limit=3", surface="volume")
        again = self.next_page(first, surface="volume")
        seconds[2] = 99
        second = self.next_page(first, surface="volume")
        third = self.next_page(second, surface="volume")

        self.assertEqual(
            [[1, 2, 4], [5, 7, 8], [5, 7, 8], [2]], list(map(self.numbers, (first, again, second, third)))
        )

    def test_limit(self) -> None:
        """
        A page is never larger than the configured maximum, whatever a client asks for.
        """
        merge = MergeStrategy(
            forwarder=self.forwarder,
            locator=self.locator,
            state=self.state,
            routes=self.route_store,
            cursors=Cursors(book=self.cursor_book),
            budget=LIST_BUDGET,
            max_page=3,
        )
        self.strategies["merge"] = merge
        for query in ("", "limit=4", "limit=9999999999999999999999"):
            with self.subTest(query=query):
                self.assertEqual([6, 5, 4], self.listed(query))
        self.assertEqual(
            {"3"},
            {limit for items in self.lists.values() for query in items.queries for limit in query["limit"]},
        )

    def test_nothing_is_wanted(self) -> None:
        """
        A page of nothing is empty, and nobody is asked.
        """
        self.assertEqual({"servers": []}, self.shown(self.asked("GET", DETAIL + "?limit=0")))
        self.assertEqual([], self.pods.calls)

    def test_malformed(self) -> None:
        """
        Malformed paging is refused in the service's words, and nobody is asked.
        """
        error = self.refused(BadRequest, "GET", DETAIL + "?limit=x")
        self.assertIn("does not match", error.message)
        error = self.refused(BadRequest, "GET", VOLUMES + "?limit=-1", surface="volume")
        self.assertEqual("limit param must be positive", error.message)

        self.assertEqual([], self.pods.calls)

    def test_offset(self) -> None:
        """
        Cinder's offset counts over all pods.
        """
        self.assertEqual([4, 3], self.listed("offset=2&limit=2", VOLUMES, surface="volume"))
        self.assertNotIn("offset", self.volumes["Pod1"].queries[-1])

    def test_short_pages(self) -> None:
        """
        A pod that gives less at a time than asked for is asked again.
        """
        self.lists["Pod1"].most = 1

        self.assertEqual([6, 5, 4, 3, 2, 1], self.listed())
        self.assertEqual(["Pod1", "Pod2", "Pod3", "Pod1", "Pod1"], self.pods.asked())


class CountTests(MergeCase):
    """
    Cinder's ``with_count``.
    """

    def counted(self, query: str = "") -> Any:
        """
        The count of a list.
        """
        return self.shown(self.asked("GET", f"{VOLUMES}?with_count=True{query}", surface="volume")).get(
            "count"
        )

    def test_sum(self) -> None:
        """
        The counts of all pods are added up.
        """
        for number, volumes in enumerate(self.volumes.values(), 1):
            volumes.count = number

        self.assertEqual(6, self.counted())
        self.assertEqual(6, self.counted("&limit=1"))

    def test_none(self) -> None:
        """
        Where no pod counts there is no count.
        """
        self.assertIsNone(self.counted())

    def test_once_for_each_pod(self) -> None:
        """
        A pod that was asked for several pages counts once, also beside one that is silent.
        """
        for volumes in self.volumes.values():
            volumes.count, volumes.most = 2, 1
        self.pods.on("Pod3", "GET", VOLUMES, Unreachable())

        self.assertEqual(4, self.counted())


class SilentPodTests(MergeCase):
    """
    A pod that gives no usable answer (I8).
    """

    def test_left_out(self) -> None:
        """
        The others' items are the list, and the answer says what is missing.
        """
        for script in (
            Unreachable(),
            Broken(),
            Reply(500),
            Reply(503, {"x": 1}),
            Reply(200, b"<html>"),
            Reply(200, []),
            Reply(200, {"servers": None}),
            Reply(200, {"servers": [1]}),
            Reply(200, None),
            Reply(204),
            Reply(403),
        ):
            self.pods.on("Pod2", "GET", DETAIL, script)
            with self.subTest(script=script):
                answer = self.asked("GET", DETAIL)
                self.assertEqual([6, 4, 3, 1], self.numbers(answer))
                self.assertEqual((self.pod2,), answer.missing)

    def test_budget(self) -> None:
        """
        A list waits for a pod that hangs as long as its budget, and no longer.
        """
        self.pods.on("Pod2", "GET", DETAIL, Hang())

        started = self.started("GET", DETAIL)
        self.clock.advance(LIST_BUDGET - 0.1)
        self.assertNoResult(started)
        self.clock.advance(0.1)

        self.assertEqual([6, 4, 3, 1], self.numbers(self.answered(started)))

    def test_no_token(self) -> None:
        """
        So it is with a pod whose token cannot be had.
        """
        self.tokens.failing["Pod2"] = Unavailable("its Keystone is away")

        self.assertEqual((self.pod2,), self.asked("GET", DETAIL).missing)

    def test_later(self) -> None:
        """
        What a pod gave before it fell silent stays.
        """
        self.lists["Pod1"].most = 1
        pages = [self.lists["Pod1"], Unreachable()]
        self.pods.on("Pod1", "GET", DETAIL, *pages)

        answer = self.asked("GET", DETAIL)

        self.assertEqual(([6, 5, 4, 2, 1], (self.pod1,)), (self.numbers(answer), answer.missing))

    def test_all_silent(self) -> None:
        """
        When no pod answers the client is told what became of the first: 503, 504 or 502.
        """
        for script, kind in ((Unreachable(), Unavailable), (Hang(), GatewayTimeout), (Broken(), BadGateway)):
            for name in self.lists:
                self.pods.on(name, "GET", DETAIL, script)
            started = self.started("GET", DETAIL)
            self.clock.advance(LIST_BUDGET)
            with self.subTest(kind=kind):
                error = self.failureResultOf(started, kind).value
                self.assertNotIn("Pod", error.message)

    def test_refused(self) -> None:
        """
        When all refuse, or are silent, the first refusal is the answer, as the pod gave it.
        """
        body = {"badRequest": {"code": 400, "message": "Invalid filter"}}
        self.pods.on("Pod1", "GET", DETAIL, Unreachable())
        self.pods.on("Pod2", "GET", DETAIL, Reply(400, body, [JSON, (b"x-pod", b"2")]))
        self.pods.on("Pod3", "GET", DETAIL, Reply(403))

        answer = self.asked("GET", DETAIL)

        self.assertEqual((400, body, ("Pod2",)), (answer.status, self.shown(answer), answer.pods))
        self.assertIn((b"x-pod", b"2"), answer.headers)


class MarkerTests(MergeCase):
    """
    Markers without a cursor.
    """

    def test_unknown(self) -> None:
        """
        A marker that nobody has is refused in each service's words.
        """
        marker = an_id(99)
        for shown in (f"{PLAIN}/{marker}", f"/v3/{P1}/volumes/{marker}", f"{SNAPSHOTS}/{marker}"):
            self.everybody_says(404, shown)
        error = self.refused(BadRequest, "GET", f"{DETAIL}?marker={marker}")
        self.assertEqual(f"marker [{marker}] not found", error.message)
        error = self.refused(NotFound, "GET", f"{VOLUMES}?marker={marker}", surface="volume")
        self.assertEqual(f"Volume {marker} could not be found.", error.message)
        error = self.refused(NotFound, "GET", f"{SNAPSHOTS}?marker={marker}", surface="volume")
        self.assertEqual(f"Snapshot {marker} could not be found.", error.message)

    def test_malformed(self) -> None:
        """
        What cannot be an id is refused likewise, and nobody is asked.
        """
        error = self.refused(BadRequest, "GET", f"{DETAIL}?marker=x")
        self.assertEqual("marker [x] not found", error.message)
        error = self.refused(NotFound, "GET", f"{VOLUMES}?marker=x", surface="volume")
        self.assertEqual("Volume x could not be found.", error.message)

        self.assertEqual([], self.pods.calls)

    def test_silent_pods(self) -> None:
        """
        A marker that only a silent pod may have is a 503.
        """
        self.everybody_says(404, f"{PLAIN}/{an_id(99)}")
        self.pods.on("Pod2", "GET", f"{PLAIN}/{an_id(99)}", Unreachable())

        self.refused(Unavailable, "GET", f"{DETAIL}?marker={an_id(99)}")

    def test_pod_of_the_marker_is_silent(self) -> None:
        """
        With the marker's pod silent the list goes on without it, from when the marker was made, within one budget (I8).
        """
        self.listed()
        self.make()
        self.pods.on("Pod3", "GET", DETAIL, Hang())
        for script in (Hang(), Reply(200, None)):
            self.make()
            self.pods.on("Pod3", "GET", f"{PLAIN}/{an_id(4)}", script)
            with self.subTest(script=script):
                started = self.started("GET", f"{DETAIL}?marker={an_id(4)}")
                self.clock.advance(LIST_BUDGET)
                answer = self.answered(started)
                self.assertEqual(([3, 2], (self.pod3,)), (self.numbers(answer), answer.missing))

    def test_pod_of_the_marker_is_silent_in_another_order(self) -> None:
        """
        In another order nobody can tell where to go on: 503.
        """
        self.listed()
        self.make()
        self.pods.on("Pod3", "GET", f"{PLAIN}/{an_id(4)}", Unreachable())

        self.refused(Unavailable, "GET", f"{DETAIL}?marker={an_id(4)}&sort_key=display_name")

    def test_pod_of_the_marker_is_silent_later(self) -> None:
        """
        So it is where that pod shows its marker and then gives no list: 503, and no "marker not found".
        """
        self.listed()
        self.make()
        self.pods.on("Pod3", "GET", f"{PLAIN}/{an_id(4)}", Reply(200, {"server": a_server(4, "Pod3")}))
        self.pods.on("Pod3", "GET", DETAIL, Unreachable())

        self.refused(Unavailable, "GET", f"{DETAIL}?marker={an_id(4)}&sort_key=display_name")

    def test_pod_of_the_marker_is_silent_and_its_time_is_not_rounded(self) -> None:
        """
        A route's time from before the database rounded it is no place either: what others made in that second would come
        twice or not at all.
        """
        self.has_route(an_id(4), self.pod3, created_at=datetime(2026, 1, 1, 0, 0, 3, 600_000, UTC))
        self.pods.on("Pod3", "GET", f"{PLAIN}/{an_id(4)}", Unreachable())
        self.pods.on("Pod3", "GET", DETAIL, Unreachable())

        self.refused(Unavailable, "GET", f"{DETAIL}?marker={an_id(4)}")

    def test_pod_of_the_marker_is_disabled(self) -> None:
        """
        A disabled pod is not asked for its marker either; the list goes on from when that was made.
        """
        self.listed()
        self.make()
        self.has_pods(self.pod1, self.pod2, self.change_pod(self.pod3, state=PodState.DISABLED))
        self.pods.calls.clear()

        self.assertEqual([3, 2], self.listed(f"marker={an_id(4)}"))
        self.assertNotIn("Pod3", self.pods.asked())

    def test_anothers(self) -> None:
        """
        Another project's server is no marker, whether its pod says so, is silent, disabled or not in the list: its route does
        not tell when it was made (I7).
        """
        marker, words = an_id(77), f"marker [{an_id(77)}] not found"
        self.has_route(marker, self.pod3, project=P2, created_at=datetime(2026, 1, 1, 0, 0, 4, tzinfo=UTC))
        show = f"/v2.1/servers/{marker}"
        self.everybody_says(404, show)
        target = f"{DETAIL}?availability_zone=az1&marker={marker}"
        self.assertEqual(words, self.refused(BadRequest, "GET", target, version=(2, 83)).message)
        self.assertEqual(400, self.asked("GET", f"{DETAIL}?marker={marker}", version=(2, 83)).status)

        with self.subTest("silent"):
            self.pods.on("Pod3", "GET", show, Unreachable())
            self.refused(Unavailable, "GET", f"{DETAIL}?marker={marker}")

        with self.subTest("disabled"):
            self.change_pod(self.pod3, state=PodState.DISABLED)
            error = self.refused(BadRequest, "GET", f"{DETAIL}?marker={marker}")
            self.assertEqual(words, error.message)

    def test_anothers_volume(self) -> None:
        """
        Cinder takes another project's volume for a marker. So it is here where its pod is asked; else its route says nothing.
        """
        marker = an_id(77)
        self.has_route(
            marker,
            self.pod3,
            kind=Kind.VOLUME,
            project=P2,
            created_at=datetime(2026, 1, 1, 0, 0, 4, tzinfo=UTC),
        )
        self.everybody_says(404, f"/v3/{P1}/volumes/{marker}")
        self.pods.on("Pod3", "GET", VOLUMES, Reply(200, {"volumes": []}))

        taken = self.asked("GET", f"{VOLUMES}?marker={marker}", surface="volume")

        self.assertEqual((200, [3, 2]), (taken.status, self.numbers(taken)))
        self.refused(NotFound, "GET", f"{VOLUMES}?availability_zone=az1&marker={marker}", surface="volume")

    def test_deleted_server(self) -> None:
        """
        A marker of a server that is deleted is good as long as its Nova knows it: the tombstone tells where it was (I9).
        """
        self.listed()
        self.routes.end(Kind.SERVER, an_id(4))
        self.make()
        self.everybody_says(404, f"{PLAIN}/{an_id(4)}")
        self.pods.on("Pod3", "GET", DETAIL, PodList("servers", [a_server(1, "Pod3")]))

        def knows_deleted(call: Any) -> Any:
            self.assertIn(b"marker=" + an_id(4).encode(), call.target)
            return Reply(200, {"servers": [a_server(1, "Pod3")]})

        self.pods.on("Pod3", "GET", DETAIL, knows_deleted)

        self.assertEqual([3, 2, 1], self.listed(f"marker={an_id(4)}"))

    def test_deleted_server_without_database(self) -> None:
        """
        With the database gone nobody can tell where it was.
        """
        self.listed()
        self.routes.end(Kind.SERVER, an_id(4))
        self.make()
        self.everybody_says(404, f"{PLAIN}/{an_id(4)}")
        self.database.available = False

        self.refused(BadRequest, "GET", f"{DETAIL}?marker={an_id(4)}")

    def test_purged_server(self) -> None:
        """
        When its Nova does not know it any more the client reads Nova's own words.
        """
        self.listed()
        self.routes.end(Kind.SERVER, an_id(4))
        self.make()
        self.everybody_says(404, f"{PLAIN}/{an_id(4)}")
        self.lists["Pod3"].items = [a_server(1, "Pod3")]

        answer = self.asked("GET", f"{DETAIL}?marker={an_id(4)}")

        self.assertEqual(400, answer.status)
        self.assertEqual(f"marker [{an_id(4)}] not found", self.shown(answer)["badRequest"]["message"])

    def test_deleted_server_in_another_order(self) -> None:
        """
        In an order that its tombstone does not tell, a deleted marker cannot be gone on from.
        """
        self.listed()
        self.routes.end(Kind.SERVER, an_id(4))
        self.make()
        self.everybody_says(404, f"{PLAIN}/{an_id(4)}")
        self.lists["Pod3"].items = [a_server(1, "Pod3")]

        for order in ("sort_key=display_name", "sort_key=launched_at"):
            with self.subTest(order=order):
                error = self.refused(BadRequest, "GET", f"{DETAIL}?{order}&marker={an_id(4)}")
                self.assertEqual(f"marker [{an_id(4)}] not found", error.message)

    def test_deleted_volume(self) -> None:
        """
        Of a deleted volume the client reads Cinder's 404.
        """
        self.listed(path=VOLUMES, surface="volume")
        self.routes.end(Kind.VOLUME, an_id(4))
        self.make()
        self.everybody_says(404, f"/v3/{P1}/volumes/{an_id(4)}")
        self.volumes["Pod3"].items = [a_volume(1, "Pod3")]

        answer = self.asked("GET", f"{VOLUMES}?marker={an_id(4)}", surface="volume")

        self.assertEqual(404, answer.status)
        self.assertEqual(["itemNotFound"], list(self.shown(answer)))

    def test_deleted_between_pages(self) -> None:
        """
        A cursor in another pod that was deleted meanwhile is gone round: nothing is lost and nothing comes twice.
        """
        answer = self.asked("GET", f"{DETAIL}?limit=4")
        del self.lists["Pod2"].items[0]

        self.assertEqual([2, 1], self.numbers(self.next_page(answer)))

    def test_too_long(self) -> None:
        """
        A walk that never comes to an end is broken off with a 503.
        """
        endless = Reply(200, {"servers": [a_server(9)], "servers_links": [{}]})
        turns = iter(range(10_000))

        def more(_: object) -> Reply:
            return Reply(200, {**endless.body, "servers": [a_server(9, id=an_id(1000 + next(turns)))]})

        self.has_pods(self.pod1)
        self.pods.on("Pod1", "GET", DETAIL, more)

        self.refused(Unavailable, "GET", DETAIL)


class ZoneFilterTests(MergeCase):
    """
    Lists of one zone.
    """

    def test_pods(self) -> None:
        """
        Only the zone's pods are asked, each by its own name for the zone, or without one where it has none.
        """
        newest = {"version": (2, 96)}
        self.assertEqual([6, 5, 3, 2], self.listed("availability_zone=az1", **newest))
        self.assertEqual(["nova"], self.lists["Pod1"].queries[-1]["availability_zone"])

        self.assertEqual([4, 1], self.listed("availability_zone=az2", **newest))
        self.assertNotIn("availability_zone", self.lists["Pod3"].queries[-1])

    def test_who_may(self) -> None:
        """
        Nova ignores the filter for all but admins before 2.83; Cinder has it for everybody.
        """
        self.assertEqual(6, len(self.listed("availability_zone=az2", version=(2, 82))))
        self.assertEqual([4, 1], self.listed("availability_zone=az2", version=(2, 83)))
        self.assertEqual([4, 1], self.listed("availability_zone=az2", context=ADMIN))
        self.assertEqual([4, 1], self.listed("availability_zone=az2", VOLUMES, surface="volume"))

    def test_unknown(self) -> None:
        """
        A zone that does not exist has an empty list.
        """
        answer = self.asked("GET", DETAIL + "?availability_zone=nova", version=(2, 96))

        self.assertEqual(({"servers": []}, []), (self.shown(answer), self.pods.calls))


class AdoptionTests(MergeCase):
    """
    What a list teaches (I7).
    """

    def test_routes(self) -> None:
        """
        Servers that no route was known for get one, with the project, time and details that the list shows.
        """
        self.lists["Pod2"].items[0] = a_server(5, "Pod2", tenant_id=P2)

        self.listed(context=ADMIN)

        route = self.stored_route(an_id(5))
        assert route is not None
        self.assertEqual(("Pod2-id", P2), (route.pod_id, route.project_id))
        assert route.created_at is not None
        self.assertEqual(at(5), route.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.assertEqual("az1", route.details["az"])
        self.assertEqual(6, len(self.database.routes))

    def test_once(self) -> None:
        """
        What is known is not written again.
        """
        self.listed()
        self.route_store.calls.clear()

        self.listed()

        self.assertEqual([], self.route_store.calls)

    def test_creation_time(self) -> None:
        """
        The route of a create, which does not know when the pod made it, is completed.
        """
        self.has_route(an_id(5), self.pod2)

        self.listed()

        route = self.stored_route(an_id(5))
        self.assertIsNotNone(route and route.created_at)

    def test_no_project(self) -> None:
        """
        What shows no project is left for another time: nobody knows its owner.
        """
        for items in self.lists.values():
            for item in items.items:
                del item["tenant_id"]

        self.listed()

        self.assertEqual({}, self.database.routes)

    def test_ended(self) -> None:
        """
        What is deleted, or about to be, leaves no route.
        """
        for status in ("DELETED", "SOFT_DELETED"):
            self.lists["Pod1"].items = [a_server(7, status=status)]
            self.listed()
        self.volumes["Pod1"].items = [a_volume(7, status="deleting")]
        self.listed(path=VOLUMES, surface="volume")

        self.assertNotIn(an_id(7), [identity for identity, _ in self.database.routes])

    def test_database_away(self) -> None:
        """
        A list does not wait for the database; what it taught is written later (I15).
        """
        self.database.available = False

        self.assertEqual(6, len(self.listed()))
        self.database.available = True
        self.clock.advance(60)

        self.assertEqual(6, len(self.database.routes))


class UnknownTests(MergeCase):
    """
    Servers of a silent pod, exactly where Nova shows those of a cell that is down (I8).
    """

    def setUp(self) -> None:
        super().setUp()
        self.has_route(an_id(5), self.pod2, details={"noted_at": 1767225600})
        self.has_route(an_id(2), self.pod2, project=P2)
        self.has_route(an_id(8), self.pod2, kind=Kind.VOLUME)
        self.pods.on("Pod2", "GET", DETAIL, Unreachable())

    def unknown(self, query: str = "", path: str = DETAIL, **more: Any) -> list[int]:
        """
        The servers of a list that have the status UNKNOWN.
        """
        more.setdefault("version", UNKNOWN)
        servers = self.shown(self.asked("GET", path + (f"?{query}" if query else ""), **more))["servers"]
        return [int(server["id"][:8], 16) for server in servers if server.get("status") == "UNKNOWN"]

    def test_detail(self) -> None:
        """
        The detailed list has what Nova's has, and the answer says what is missing.
        """
        answer = self.asked("GET", DETAIL, version=UNKNOWN)

        (server,) = (each for each in self.shown(answer)["servers"] if each["status"] == "UNKNOWN")
        self.assertEqual(
            {
                "id": an_id(5),
                "status": "UNKNOWN",
                "tenant_id": P1,
                "created": "2026-01-01T00:00:00Z",
                "links": [
                    {"rel": "self", "href": f"{ROOT.decode()}/v2.1/servers/{an_id(5)}"},
                    {"rel": "bookmark", "href": f"{ROOT.decode()}/servers/{an_id(5)}"},
                ],
            },
            server,
        )
        self.assertEqual((self.pod2,), answer.missing)

    def test_silent_later(self) -> None:
        """
        A pod that gave some servers before it fell silent has those once; so has what another pod shows than the route says.
        """
        self.has_route(an_id(6), self.pod2)
        self.has_route(an_id(7), self.pod2)
        self.lists["Pod2"].most = 1
        self.pods.on("Pod2", "GET", DETAIL, self.lists["Pod2"], Unreachable())

        numbers = self.numbers(self.asked("GET", DETAIL, version=UNKNOWN))

        self.assertEqual([7, 6, 5, 4, 3, 1], numbers)

    def test_plain(self) -> None:
        """
        The plain list has id, status and links.
        """
        servers = self.shown(self.asked("GET", PLAIN, version=UNKNOWN))["servers"]

        self.assertIn({"id", "status", "links"}, [set(server) for server in servers])
        self.assertEqual(4, len([server for server in servers if set(server) == {"id", "name", "links"}]))

    def test_where(self) -> None:
        """
        They are there from 2.69 on, with no filter but all_tenants, without sort and paging; elsewhere they are left out.
        """
        self.assertEqual([5], self.unknown())
        self.assertEqual([5], self.unknown(path=PLAIN))
        self.assertEqual([5], self.unknown(version=(2, 96)))
        for query in (
            "name=x",
            "limit=10",
            f"marker={an_id(6)}",
            "sort_key=uuid",
            "sort_dir=asc",
            "status=ACTIVE",
        ):
            self.everybody_says(404, f"{PLAIN}/{an_id(6)}")
            self.pods.on("Pod1", "GET", f"{PLAIN}/{an_id(6)}", Reply(200, {"server": a_server(6)}))
            with self.subTest(query=query):
                self.assertEqual([], self.unknown(query))
        self.assertEqual([], self.unknown(version=(2, 68)))
        self.assertEqual([], self.unknown(version=None))

    def test_whose(self) -> None:
        """
        A user sees those of the own project, an admin who asks for all projects those of all (I17).
        """
        self.assertEqual([5], self.unknown("all_tenants=1"))
        self.assertEqual([5], self.unknown(context=ADMIN))
        self.assertEqual([5, 2], sorted(self.unknown("all_tenants=1", context=ADMIN), reverse=True))
        for no in ("0", "False", "no"):
            self.assertEqual([5], self.unknown(f"all_tenants={no}", context=ADMIN))
        self.assertEqual([2], self.unknown(context=a_context(project=P2)))
        self.assertEqual([], self.unknown(context=a_context(project="c" * 32)))

    def test_deleted(self) -> None:
        """
        A server that is known to be deleted is not shown.
        """
        self.routes.end(Kind.SERVER, an_id(5))

        self.assertEqual([], self.unknown())

    def test_refusal(self) -> None:
        """
        A pod that refuses is not silent: nothing of it is shown.
        """
        self.pods.on("Pod2", "GET", DETAIL, Reply(403))

        self.assertEqual([], self.unknown())

    def test_failing_pod(self) -> None:
        """
        One that fails is.
        """
        self.pods.on("Pod2", "GET", DETAIL, Reply(500))

        self.assertEqual([5], self.unknown())

    def test_database_away(self) -> None:
        """
        Without the database they are left out, and the list is given all the same (I15).
        """
        self.database.available = False

        self.assertEqual([], self.unknown())

    def test_volumes(self) -> None:
        """
        Cinder has no such status.
        """
        self.pods.on("Pod2", "GET", VOLUMES, Unreachable())

        self.assertEqual([6, 4, 3, 1], self.listed(path=VOLUMES, surface="volume", version=(3, 71)))

    def test_routes_of_one_pod(self) -> None:
        """
        The database is asked for the silent pod's servers alone, and not at all where all answer.
        """
        self.unknown()
        asked = [what for name, what in self.route_store.calls if name == "routes_of_project"]
        self.assertEqual([(P1, "Pod2-id")], asked)

        self.route_store.calls.clear()
        self.pods.on("Pod2", "GET", DETAIL, self.lists["Pod2"])
        self.unknown()
        self.assertNotIn("routes_of_project", [name for name, _ in self.route_store.calls])
