"""
The strategy ``join``: the lists of all pods, one after the other.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.strategies.case import LIMIT, LIST_BUDGET, ROOT, StrategyCase, a_context, an_id
from tests.unit.strategies.doubles import JSON, Broken, Hang, Reply, Unreachable
from trio2o.errors import BadGateway, BadRequest, GatewayTimeout, Unavailable
from trio2o.exchange import PodCall
from trio2o.model import Kind, PodState
from trio2o.strategies.pages import PodPage

HYPERVISORS = "/v2.1/os-hypervisors"
SERVICES = "/v2.1/os-services"
HOSTS = "/v2.1/os-hosts"
MIGRATIONS = "/v2.1/os-migrations"
NAMES = ("Pod1", "Pod2", "Pod3")
PAGED = (2, 33)
UUIDS = (2, 53)
#: The first number of each pod, as users see it.
FIRST = {name: serial * 10**10 + 1 for serial, name in enumerate(NAMES, 1)}


def hypervisors(pod: str, count: int) -> list[dict[str, Any]]:
    """
    What a pod lists, with numbers.
    """
    return [
        {"id": number, "hypervisor_hostname": f"{pod}-{number}", "service": {"id": 10 + number}}
        for number in range(1, count + 1)
    ]


def pages(
    key: str, items: list[dict[str, Any]], marker: str = "id", most: int = LIMIT
) -> Callable[[PodCall], Reply]:
    """
    A pod that gives its list by pages, as Nova does.
    """

    def answer(call: PodCall) -> Reply:
        query = dict(parse_qsl(call.target.partition(b"?")[2].decode()))
        limit = min(int(query.get("limit", most)), most)
        rest = items[int(query.get("offset", 0)) :]
        if "marker" in query:
            ids = [str(item[marker]) for item in items]
            if query["marker"] not in ids:
                text = f"marker [{query['marker']}] not found"
                return Reply(400, {"badRequest": {"code": 400, "message": text}})
            rest = items[ids.index(query["marker"]) + 1 :]
        body: dict[str, Any] = {key: rest[:limit]}
        if limit and len(body[key]) == limit:
            body[f"{key}_links"] = [{"rel": "next", "href": "http://pod.example/next"}]
        return Reply(200, body)

    return answer


def pages_in_memory() -> list[PodPage]:
    """
    Whatever is still referred to, and some that is not.
    """
    return [found for found in gc.get_objects() if isinstance(found, PodPage)]


class JoinCase(StrategyCase):
    """
    Three pods with lists.
    """

    def each(self, path: str, script: Callable[[str], Any]) -> None:
        """
        Every pod answers as the script says for its name.
        """
        for name in NAMES:
            self.pods.on(name, "GET", path, script(name))


class JoinTests(JoinCase):
    """
    Lists without pages.
    """

    def setUp(self) -> None:
        super().setUp()
        self.each(
            SERVICES,
            lambda name: Reply(
                200,
                {"services": [{"id": 1, "host": name, "zone": "nova"}, {"id": 2, "zone": "internal"}]},
                [JSON, (b"x-pod", name.encode())],
            ),
        )

    def hosts(self, **more: Any) -> list[str]:
        """
        The hosts that are listed.
        """
        listed = self.shown(self.asked("GET", SERVICES, **more))["services"]
        return [item["host"] for item in listed if "host" in item]

    def test_joined(self) -> None:
        """
        All pods' items in the order of the pods, with the fields of the first pod's answer; the query is the client's own.
        """
        answer = self.asked("GET", SERVICES + "?binary=nova%2Dcompute&a")

        self.assertEqual(6, len(self.shown(answer)["services"]))
        self.assertEqual(list(NAMES), self.hosts())
        self.assertIn((b"x-pod", b"Pod1"), answer.headers)
        self.assertEqual(NAMES, answer.pods)
        self.assertEqual({"binary=nova%2Dcompute&a"}, {called.query for called in self.pods.calls[:3]})

    def test_numbers(self) -> None:
        """
        Numbers that pods count for themselves are unique; uuids stay.
        """
        ids = [item["id"] for item in self.shown(self.asked("GET", SERVICES))["services"]]

        self.assertEqual([number + more for number in FIRST.values() for more in (0, 1)], ids)
        self.each(SERVICES, lambda name: Reply(200, {"services": [{"id": f"uuid-{name}"}]}))
        ids = [item["id"] for item in self.shown(self.asked("GET", SERVICES))["services"]]
        self.assertEqual([f"uuid-{name}" for name in NAMES], ids)

    def test_zones(self) -> None:
        """
        A pod's zone is the top's, in an answer and in the query; ``internal`` is no zone of users.
        """
        listed = self.shown(self.asked("GET", SERVICES))["services"]
        self.assertEqual(
            ["az1", "internal", "az1", "internal", "az2", "internal"], [i["zone"] for i in listed]
        )

        self.each(HOSTS, lambda name: Reply(200, {"hosts": []}))
        self.asked("GET", HOSTS + "?zone=az1")
        self.assertEqual(
            ["zone=nova", "zone=nova", "zone=az1"], [called.query for called in self.pods.calls[-3:]]
        )

    def test_silent(self) -> None:
        """
        A pod that gives no usable answer is left out, and the answer says so (I8).
        """
        scripts = (Unreachable(), Broken(), Reply(500), Reply(200, None), Reply(200, b"x"), Reply(200, []))
        for script in (*scripts, Reply(200, {}), Reply(200, {"services": {}})):
            self.pods.on("Pod2", "GET", SERVICES, script)
            with self.subTest(script=script):
                self.assertEqual(["Pod1", "Pod3"], self.hosts())
                self.assertEqual((self.pod2,), self.asked("GET", SERVICES).missing)

    def test_side_by_side(self) -> None:
        """
        The pods are asked at once; one that hangs costs its budget.
        """
        self.pods.on("Pod1", "GET", SERVICES, Hang())

        started = self.started("GET", SERVICES)
        self.assertEqual(list(NAMES), self.pods.asked())
        self.clock.advance(LIST_BUDGET)

        self.assertEqual((self.pod1,), self.answered(started).missing)

    def test_disabled(self) -> None:
        """
        A disabled pod is not asked, and not missed.
        """
        self.change_pod(self.pod2, state=PodState.DISABLED)

        self.assertEqual(["Pod1", "Pod3"], self.hosts())
        self.assertEqual((), self.asked("GET", SERVICES).missing)

    def test_one_refuses(self) -> None:
        """
        A pod that refuses the caller is left out, and the answer says so; one that says 404 has nothing to give.
        """
        self.pods.on("Pod2", "GET", SERVICES, Reply(403))
        self.pods.on("Pod3", "GET", SERVICES, Reply(404))

        answer = self.asked("GET", SERVICES)

        self.assertEqual((["Pod1"], (self.pod2,)), (self.hosts(), answer.missing))

    def test_all_refuse(self) -> None:
        """
        When every pod refuses, the first one's words are passed on, whatever other pods are silent.
        """
        fault = {"forbidden": {"code": 403, "message": "no"}}
        self.each(SERVICES, lambda name: Reply(403, fault))
        self.pods.on("Pod1", "GET", SERVICES, Unreachable())

        answer = self.asked("GET", SERVICES)

        self.assertEqual((403, fault, True), (answer.status, self.shown(answer), answer.passed_on))

    def test_nobody_has_it(self) -> None:
        """
        What no pod has is 404, and not known while one is silent.
        """
        path = HYPERVISORS + "/x/search"
        self.each(path, lambda name: Reply(404, {"itemNotFound": {"message": "No hypervisor"}}))
        self.assertEqual(404, self.asked("GET", path).status)

        self.pods.on("Pod3", "GET", path, Unreachable())
        self.refused(Unavailable, "GET", path)

    def test_nobody_answers(self) -> None:
        """
        When no pod answers it is 503, 504 or 502.
        """
        for script, kind in (
            (Unreachable(), Unavailable),
            (Hang(), GatewayTimeout),
            (Broken(), BadGateway),
            (Reply(500), BadGateway),
        ):
            self.pods.on("Pod1", "GET", SERVICES, script)
            self.pods.on("Pod2", "GET", SERVICES, script)
            self.pods.on("Pod3", "GET", SERVICES, script)
            started = self.started("GET", SERVICES)
            self.clock.advance(LIST_BUDGET)
            with self.subTest(script=script):
                self.failureResultOf(started, kind)
        self.has_pods()
        self.refused(Unavailable, "GET", SERVICES)

    def test_query_of_other_letters(self) -> None:
        """
        A query that is no UTF-8 is refused.
        """
        self.refused(BadRequest, "GET", SERVICES + "?a=%ff")


class PageTests(JoinCase):
    """
    Pages by markers, in the order of the pods.
    """

    def setUp(self) -> None:
        super().setUp()
        self.each(HYPERVISORS, lambda name: pages("hypervisors", hypervisors(name, 3)))

    def page(self, query: str = "", version: tuple[int, int] | None = PAGED) -> list[str]:
        """
        The names on one page.
        """
        listed = self.shown(self.asked("GET", HYPERVISORS + query, version=version))["hypervisors"]
        return [item["hypervisor_hostname"] for item in listed]

    def test_before_pages(self) -> None:
        """
        Before the microversion that has pages the parameters are the pods' to ignore.
        """
        self.each(HYPERVISORS, lambda name: Reply(200, {"hypervisors": hypervisors(name, 2)}))

        self.assertEqual(6, len(self.page("?limit=1", version=(2, 32))))
        self.assertEqual("limit=1", self.pods.last.query)

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.integers(0, 4), min_size=3, max_size=3), st.integers(1, 5))
    def test_walk(self, counts: list[int], limit: int) -> None:
        """
        Whatever pods have and however long pages are, a walk along the links gives each item once, in the pods' order.
        """
        items = {name: hypervisors(name, count) for name, count in zip(NAMES, counts, strict=True)}
        self.each(HYPERVISORS, lambda name: pages("hypervisors", items[name]))
        wanted = [item["hypervisor_hostname"] for name in NAMES for item in items[name]]
        walked: list[str] = []
        query = f"?limit={limit}"
        for _ in range(20):
            body = self.shown(self.asked("GET", HYPERVISORS + query, version=PAGED))
            walked += [item["hypervisor_hostname"] for item in body["hypervisors"]]
            if "hypervisors_links" not in body:
                break
            query = body["hypervisors_links"][0]["href"].removeprefix(ROOT.decode() + HYPERVISORS)

        self.assertEqual(wanted, walked)

    def test_marker_of_number(self) -> None:
        """
        A number names its pod: only that one and those behind it are asked, with the pod's own number.
        """
        self.assertEqual(["Pod2-3", "Pod3-1"], self.page(f"?limit=2&marker={FIRST['Pod2'] + 1}"))
        self.assertEqual(
            [("Pod2", "limit=2&marker=2"), ("Pod3", "limit=2")],
            [(called.pod, called.query) for called in self.pods.calls],
        )

    def test_marker_of_uuid(self) -> None:
        """
        A uuid is looked for in every pod; the one that knows it gives what comes after it.
        """
        self.each(
            HYPERVISORS,
            lambda name: pages(
                "hypervisors",
                [{"id": f"{name}-{at}", "hypervisor_hostname": f"{name}-{at}"} for at in range(3)],
            ),
        )

        self.assertEqual(["Pod2-2", "Pod3-0"], self.page("?limit=2&marker=Pod2-1", version=UUIDS))
        self.assertEqual(["Pod2-2"], self.page("?limit=1&marker=Pod2-1", version=UUIDS))
        self.assertEqual([], self.page("?limit=9&marker=Pod3-2", version=UUIDS))

    def test_unknown_marker(self) -> None:
        """
        A marker that nobody knows is refused in Nova's words, with the number that the client sent.
        """
        answer = self.asked("GET", HYPERVISORS + "?marker=x", version=UUIDS)
        self.assertEqual(
            (400, "marker [x] not found"), (answer.status, self.shown(answer)["badRequest"]["message"])
        )
        for marker in ("7", str(FIRST["Pod2"] + 6), "90000000001"):
            refused = self.refused(BadRequest, "GET", HYPERVISORS + f"?marker={marker}", version=PAGED)
            self.assertEqual(f"marker [{marker}] not found", refused.message)

    def test_stranger_with_a_marker(self) -> None:
        """
        Who may not list is told so, whatever the marker.
        """
        self.each(HYPERVISORS, lambda name: Reply(403))

        for marker in ("7", "x", str(FIRST["Pod2"])):
            self.assertEqual(403, self.asked("GET", HYPERVISORS + f"?marker={marker}", version=PAGED).status)

    def test_silent_pod_of_the_marker(self) -> None:
        """
        With a pod silent a marker that the others do not know may be its own.
        """
        self.pods.on("Pod2", "GET", HYPERVISORS, Unreachable())

        self.refused(Unavailable, "GET", HYPERVISORS + "?marker=x", version=UUIDS)
        self.refused(Unavailable, "GET", HYPERVISORS + f"?marker={FIRST['Pod2']}", version=PAGED)
        answer = self.asked("GET", HYPERVISORS + f"?marker={FIRST['Pod1']}", version=PAGED)
        self.assertEqual((self.pod2,), answer.missing)

    def test_limits(self) -> None:
        """
        A limit of nothing gives nothing, without links; one that is no number is the pods' to refuse.
        """
        body = self.shown(self.asked("GET", HYPERVISORS + "?limit=0", version=PAGED))
        self.assertEqual({"hypervisors": []}, body)
        self.assertEqual(["Pod1"], self.pods.asked())

        self.each(HYPERVISORS, lambda name: Reply(400))
        for limit in ("x", "-1", "", "%EF%BC%91"):
            self.assertEqual(400, self.asked("GET", HYPERVISORS + f"?limit={limit}", version=PAGED).status)

    def test_most(self) -> None:
        """
        More than the configured maximum is never given at once.
        """
        self.each(HYPERVISORS, lambda name: pages("hypervisors", hypervisors(name, 600)))

        for query in ("", "?limit=5000", "?limit=" + "9" * 30):
            body = self.shown(self.asked("GET", HYPERVISORS + query, version=PAGED))
            self.assertEqual(LIMIT, len(body["hypervisors"]))
            self.assertIn("hypervisors_links", body)


class NewestFirstTests(JoinCase):
    """
    Pages in the order of time.
    """

    def setUp(self) -> None:
        super().setUp()
        self.items: dict[str, list[dict[str, Any]]] = {
            name: [
                {
                    "id": 9 - at,
                    "uuid": f"{name}-{at}",
                    "created_at": f"2026-01-0{9 - at * 3 - serial}T00:00:00.000000",
                }
                for at in range(3)
            ]
            for serial, name in enumerate(NAMES)
        }
        self.each(MIGRATIONS, lambda name: pages("migrations", self.items[name], "uuid", most=2))

    def test_walk(self) -> None:
        """
        A walk gives each item once, the newest first, with unique numbers.
        """
        wanted = sorted(
            (item for items in self.items.values() for item in items),
            key=lambda item: str(item["created_at"]),
            reverse=True,
        )
        for limit in (1, 2, 3, 4, 9, 10):
            walked: list[Any] = []
            query = f"?limit={limit}"
            for _ in range(12):
                body = self.shown(self.asked("GET", MIGRATIONS + query, version=(2, 59)))
                walked += body["migrations"]
                if "migrations_links" not in body:
                    break
                query = body["migrations_links"][0]["href"].removeprefix(ROOT.decode() + MIGRATIONS)
            with self.subTest(limit=limit):
                self.assertEqual([item["uuid"] for item in wanted], [item["uuid"] for item in walked])
                self.assertEqual(9, len({item["id"] for item in walked}))

    def next_page(self, query: str, **more: Any) -> tuple[list[str], str]:
        """
        A page, and the query of the next.
        """
        body = self.shown(self.asked("GET", MIGRATIONS + query, version=(2, 59), **more))
        (link,) = body["migrations_links"]
        return (
            [item["uuid"] for item in body["migrations"]],
            link["href"].removeprefix(ROOT.decode() + MIGRATIONS),
        )

    def test_cursors(self) -> None:
        """
        Each pod goes on where the page before left it, in this process and in others, without a walk.
        """
        for forgets in (False, True):
            _, following = self.next_page("?limit=2&source_compute=x")
            if forgets:
                self.make()
            self.pods.calls.clear()
            self.next_page(following)
            with self.subTest(forgets=forgets):
                asked = [dict(parse_qsl(called.query or "")) for called in self.pods.calls]
                self.assertEqual(["Pod1", "Pod2", "Pod3"], [called.pod for called in self.pods.calls])
                self.assertEqual({"2"}, {query["limit"] for query in asked})
                self.assertEqual(["Pod1-0", "Pod2-0", None], [query.get("marker") for query in asked])

    def test_other_users_cursors(self) -> None:
        """
        Where another's list ended says nothing of one's own.
        """
        _, following = self.next_page("?limit=2")
        self.pods.calls.clear()

        self.next_page(following, context=a_context(roles="admin"))

        self.assertIsNone(dict(parse_qsl(self.pods.calls[0].query or "")).get("marker"))

    def test_cursor_is_gone(self) -> None:
        """
        When a pod has forgotten where the page before left it, the merge is repeated up to the marker.
        """
        first, following = self.next_page("?limit=2")
        self.assertEqual(["Pod1-0", "Pod2-0"], first)
        del self.items["Pod1"][0]

        answer = self.asked("GET", MIGRATIONS + following.replace("limit=2", "limit=9"), version=(2, 59))

        found = [item["uuid"] for item in self.shown(answer)["migrations"]]
        self.assertEqual((7, (), "Pod3-0"), (len(found), answer.missing, found[0]))

    def test_unknown_marker(self) -> None:
        """
        A marker that no pod lists is refused in Nova's words; a silent pod may have it.
        """
        refused = self.refused(BadRequest, "GET", MIGRATIONS + "?marker=x", version=(2, 59))
        self.assertEqual("Marker x could not be found.", refused.message)

        self.pods.on("Pod2", "GET", MIGRATIONS, Unreachable())
        self.refused(Unavailable, "GET", MIGRATIONS + "?marker=x", version=(2, 59))

    def test_silent(self) -> None:
        """
        A silent pod is left out, and the answer says so; when all refuse or nobody answers, so does the list.
        """
        self.pods.on("Pod2", "GET", MIGRATIONS, Unreachable())
        answer = self.asked("GET", MIGRATIONS, version=(2, 59))
        self.assertEqual((6, (self.pod2,)), (len(self.shown(answer)["migrations"]), answer.missing))

        self.each(MIGRATIONS, lambda name: Reply(403))
        self.assertEqual(403, self.asked("GET", MIGRATIONS, version=(2, 59)).status)
        self.assertEqual(403, self.asked("GET", MIGRATIONS + "?limit=0", version=(2, 59)).status)
        self.assertEqual(403, self.asked("GET", MIGRATIONS + "?marker=x", version=(2, 59)).status)
        self.each(MIGRATIONS, lambda name: Unreachable())
        self.refused(Unavailable, "GET", MIGRATIONS, version=(2, 59))

    def test_before_pages(self) -> None:
        """
        Before there are pages, the list is joined in the order of the pods.
        """
        body = self.shown(self.asked("GET", MIGRATIONS))

        self.assertEqual(["Pod1-0", "Pod1-1", "Pod2-0"], [item["uuid"] for item in body["migrations"]][:3])


class OffsetTests(JoinCase):
    """
    Slices by offset and limit.
    """

    path = "/v2.1/os-server-groups"

    def groups(self, **counts: int) -> None:
        """
        So many groups in each pod.
        """
        self.items = {name: [{"id": f"{name}-{at}"} for at in range(counts.get(name, 0))] for name in NAMES}
        self.each(self.path, lambda name: pages("server_groups", self.items[name], most=LIMIT))

    def listed(self, query: str) -> list[str]:
        """
        The ids that are given.
        """
        body = self.shown(self.asked("GET", self.path + query))
        self.assertEqual(["server_groups"], list(body))
        return [item["id"] for item in body["server_groups"]]

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.integers(0, 5), min_size=3, max_size=3), st.integers(0, 17), st.integers(0, 17))
    def test_slices(self, counts: list[int], offset: int, limit: int) -> None:
        """
        Any slice is that of the joined list; a limit of nothing is none.
        """
        self.groups(**dict(zip(NAMES, counts, strict=True)))
        whole = [item["id"] for name in NAMES for item in self.items[name]]

        wanted = whole[offset : offset + limit] if limit else whole[offset:]
        self.assertEqual(wanted, self.listed(f"?limit={limit}&offset={offset}"))

    def test_more_than_pods_give_at_once(self) -> None:
        """
        A slice far behind is found by counting page by page, and then asked for: no more of it is held than is shown. Pods that
        have ended are not asked for more.
        """
        self.groups(Pod1=2500, Pod2=3, Pod3=1)

        self.assertEqual(["Pod1-2499", "Pod2-0"], self.listed("?limit=2&offset=2499"))
        self.assertEqual(["Pod1", "Pod2", "Pod3", "Pod1", "Pod1", "Pod1", "Pod2"], self.pods.asked())
        self.assertEqual(
            ["limit=1&offset=2499", "limit=1&offset=0"], [called.query for called in self.pods.calls[-2:]]
        )

    def test_far_behind_is_not_held(self) -> None:
        """
        What is counted is given up before more is asked for.
        """
        self.groups(Pod1=2500, Pod2=3, Pod3=1)
        script = pages("server_groups", self.items["Pod1"], most=LIMIT)
        of_others = pages_in_memory()
        held: list[int] = []

        def watched(call: PodCall) -> Reply:
            ours = [page for page in pages_in_memory() if not any(page is other for other in of_others)]
            held.append(sum(len((page.body or {}).get("server_groups", ())) for page in ours))
            return script(call)

        self.pods.on("Pod1", "GET", self.path, watched)
        self.listed("?limit=2&offset=2499")

        self.assertEqual([0] * 4, held)

    def test_silent_far_behind(self) -> None:
        """
        A pod that falls silent while it is counted, or after, is left out and told.
        """
        for failing in (1, 2, 3):
            self.groups(Pod1=1500, Pod2=3, Pod3=1)
            script = pages("server_groups", self.items["Pod1"], most=LIMIT)
            before = [script] * (failing - 1)
            self.pods.calls.clear()
            self.pods.on("Pod1", "GET", self.path, *before, Unreachable())
            with self.subTest(failing=failing):
                answer = self.asked("GET", self.path + "?limit=2&offset=1499")
                self.assertEqual((self.pod1,), answer.missing)

    def test_bounded(self) -> None:
        """
        An offset without end costs no more than pods have.
        """
        self.groups(Pod1=2, Pod2=1)

        self.assertEqual([], self.listed("?offset=" + "9" * 40))
        self.assertEqual(3, len(self.pods.calls))

    def test_malformed(self) -> None:
        """
        What is no number is the pods' to refuse: they get it as it is.
        """
        self.each(self.path, lambda name: Reply(400))

        for query in ("offset=x", "offset=", "offset=-1", "limit=x"):
            self.assertEqual(400, self.asked("GET", f"{self.path}?{query}").status)
            self.assertEqual(query, self.pods.last.query)

    def test_too_far(self) -> None:
        """
        A pod is asked for no more than a hundred pages.
        """
        full = [{"id": "x"}] * LIMIT
        self.each(self.path, lambda name: Reply(200, {"server_groups": full if name == "Pod1" else []}))

        self.refused(Unavailable, "GET", f"{self.path}?offset={101 * LIMIT}")
        self.assertEqual(102, len(self.pods.calls))

    def test_silent(self) -> None:
        """
        A pod that falls silent is told, with what it had given.
        """
        self.groups(Pod1=1, Pod2=1, Pod3=1)
        self.pods.on("Pod2", "GET", self.path, Unreachable())

        answer = self.asked("GET", self.path)

        self.assertEqual((2, (self.pod2,)), (len(self.shown(answer)["server_groups"]), answer.missing))


class ProxyTests(JoinCase):
    """
    Old paths of Nova for what is Cinder's and Neutron's.
    """

    def test_volumes(self) -> None:
        """
        Volumes of all pods with the top's zones, and each found where it is; a 404 of a path that has ended ends no route.
        """
        shown = {"id": an_id(1), "availabilityZone": "nova"}
        self.each("/v2.1/os-volumes", lambda name: Reply(200, {"volumes": [{**shown, "id": name}]}))
        zones = [
            each["availabilityZone"] for each in self.shown(self.asked("GET", "/v2.1/os-volumes"))["volumes"]
        ]
        self.assertEqual(["az1", "az1", "az2"], zones)

        self.has_route(an_id(1), self.pod2, kind=Kind.VOLUME)
        path = f"/v2.1/os-volumes/{an_id(1)}"
        self.pods.on("Pod2", "GET", path, Reply(200, {"volume": shown}), Reply(404, {"itemNotFound": {}}))
        self.assertEqual("az1", self.shown(self.asked("GET", path))["volume"]["availabilityZone"])
        self.assertEqual(404, self.asked("GET", path).status)
        self.assertIsNotNone(self.stored_route(an_id(1), Kind.VOLUME))

    def test_created(self) -> None:
        """
        A volume made by the old path has its route; an assisted snapshot, which is Cinder's own, gets none.
        """
        self.pods.on("*", "POST", "/v2.1/os-volumes", Reply(200, {"volume": {"id": an_id(1)}}))
        self.asked("POST", "/v2.1/os-volumes", {"volume": {"availability_zone": "az2", "size": 1}})
        route = self.stored_route(an_id(1), Kind.VOLUME)
        self.assertEqual(self.pod3.id, route and route.pod_id)

        path = "/v2.1/os-assisted-volume-snapshots"
        self.pods.on("Pod3", "POST", path, Reply(200, {"snapshot": {"id": an_id(2)}}))
        self.asked("POST", path, {"snapshot": {"volume_id": an_id(1), "create_info": {}}})
        self.assertIsNone(self.stored_route(an_id(2), Kind.SNAPSHOT))

    def test_same_twice(self) -> None:
        """
        What all pods have under one name is listed once.
        """
        path = "/v2.1/os-floating-ip-pools"
        self.each(
            path, lambda name: Reply(200, {"floating_ip_pools": [{"name": "public"}, {"name": name}, {}]})
        )

        pools = self.shown(self.asked("GET", path))["floating_ip_pools"]

        self.assertEqual(
            ["public", "Pod1", None, "Pod2", None, "Pod3", None], [pool.get("name") for pool in pools]
        )
