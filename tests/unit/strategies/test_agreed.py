"""
The strategy ``agreed``: lists of what every pod should have the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from attrs import evolve
from twisted.logger import globalLogPublisher

from tests.unit.strategies.case import LIST_BUDGET, P1, ROOT, StrategyCase, a_context
from tests.unit.strategies.doubles import JSON, Hang, Reply, Unreachable
from trio2o.errors import BadRequest, GatewayTimeout, Unavailable
from trio2o.exchange import PodCall

FLAVORS = "/v2.1/flavors"
DETAIL = "/v2.1/flavors/detail"
KEYS = "/v2.1/os-keypairs"
TYPES = f"/v3/{P1}/types"
NAMES = ("Pod1", "Pod2", "Pod3")


def flavor(number: int, **fields: Any) -> dict[str, Any]:
    """
    A flavor in detail, smaller ids with more memory.
    """
    return {"id": str(number), "name": f"f{number}", "ram": 1000 - number, "links": [], **fields}


def served(
    key: str, items: Sequence[dict[str, Any]], name: Callable[[dict[str, Any]], str], *, most: int = 1000
) -> Callable[[PodCall], Reply]:
    """
    A pod that gives its list by pages.
    """

    def answer(call: PodCall) -> Reply:
        path, _, query = call.target.decode().partition("?")
        asked = dict(parse_qsl(query))
        listed = list(items)
        if asked.get("sort_key") == "memory_mb":
            listed.sort(key=lambda item: item["ram"])
        names = [name(item) for item in listed]
        if "marker" in asked:
            if asked["marker"] not in names:
                return Reply(400, {"badRequest": {"message": f"marker [{asked['marker']}] not found"}})
            listed = listed[names.index(asked["marker"]) + 1 :]
        limit = min(int(asked.get("limit", most)), most)
        listed = listed[:limit]
        body: dict[str, Any] = {key: listed}
        if key == "flavors" and not path.endswith("/detail"):
            body[key] = [{name: item[name] for name in ("id", "name", "links")} for item in listed]
        if len(listed) == limit:
            body[f"{key}_links"] = [{"rel": "next", "href": "http://pod.example/next"}]
        return Reply(200, body)

    return answer


class AgreedCase(StrategyCase):
    """
    Three pods with flavors, and what is logged of them.
    """

    def setUp(self) -> None:
        super().setUp()
        self.warned: list[str] = []

        def observe(event: dict[str, Any]) -> None:
            if str(event.get("log_format")).startswith("pods differ"):
                self.warned.append(f"{event['key']}: {event['what']}")

        globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
        self.addCleanup(globalLogPublisher.removeObserver, observe)

    def have(self, *numbers: Sequence[int], most: int = 1000) -> None:
        """
        Each pod has the flavors of these numbers.
        """
        for name, own in zip(NAMES, numbers, strict=True):
            script = served("flavors", [flavor(number) for number in own], lambda item: item["id"], most=most)
            self.pods.on(name, "GET", FLAVORS, script)
            self.pods.on(name, "GET", DETAIL, script)

    def ids(self, target: str, **more: Any) -> list[str]:
        """
        The flavors that are listed.
        """
        return [item["id"] for item in self.shown(self.asked("GET", target, **more))["flavors"]]


class AgreeTests(AgreedCase):
    """
    Pods that have the same.
    """

    def test_one_speaks_for_all(self) -> None:
        """
        The answer is the bound pod's, byte for byte, links aside; the others are asked side by side, once.
        """
        self.is_bound(self.pod2)
        raw = b'{ "flavors": [{"id": "1", "links": [{"rel": "self", "href": "http://pod2.example:8774/v2.1/x"}]}]}'
        self.pods.on("*", "GET", FLAVORS, Reply(200, {"flavors": [{"id": "1", "links": []}]}))
        self.pods.on("Pod2", "GET", FLAVORS, Reply(200, raw, [JSON, (b"x-pod", b"Pod2")]))

        answer = self.asked("GET", f"{FLAVORS}?is_public=None&a")

        self.assertEqual(raw.replace(b"http://pod2.example:8774", ROOT), answer.body)
        self.assertIn((b"x-pod", b"Pod2"), answer.headers)
        self.assertEqual((True, (), "Pod2"), (answer.passed_on, answer.missing, answer.pods[0]))
        self.assertEqual(["Pod2", "Pod1", "Pod3"], self.pods.asked())
        self.assertEqual({"is_public=None&a"}, {called.query for called in self.pods.calls})
        self.assertEqual([], self.warned)

    def test_pages(self) -> None:
        """
        A page that all pods give alike needs no other round.
        """
        self.have([1, 2, 3], [1, 2, 3], [1, 2, 3])

        body = self.shown(self.asked("GET", f"{DETAIL}?limit=1&marker=1"))

        self.assertEqual(["2"], [item["id"] for item in body["flavors"]])
        self.assertEqual((3, []), (len(self.pods.calls), self.warned))

    def test_other_order(self) -> None:
        """
        Things in another order, as databases compare text differently, are the same things.
        """
        self.have([1, 2], [2, 1], [1, 2])

        self.assertEqual((["1", "2"], []), (self.ids(FLAVORS), self.warned))
        self.assertEqual(3, len(self.pods.calls))

    def test_silent(self) -> None:
        """
        A pod that does not answer, or refuses, is left out after one budget, and the answer says so (I8).
        """
        self.have([1], [1], [1])
        for script in (Hang(), Unreachable(), Reply(500), Reply(403), Reply(200, b"x"), Reply(200, {})):
            self.pods.on("Pod1", "GET", FLAVORS, script)
            with self.subTest(script=script):
                started = self.started("GET", FLAVORS)
                self.clock.advance(LIST_BUDGET)
                answer = self.answered(started)
                self.assertEqual((self.pod1,), answer.missing)
                self.assertEqual(["1"], [item["id"] for item in self.shown(answer)["flavors"]])

    def test_refused(self) -> None:
        """
        What every pod refuses is the bound pod's word; without any pod it is 503.
        """
        for name in NAMES:
            self.pods.on(name, "GET", FLAVORS, Reply(400, {"badRequest": {"message": f"of {name}"}}))
        self.is_bound(self.pod3)
        answer = self.asked("GET", f"{FLAVORS}?limit=x")
        self.assertEqual((400, "of Pod3"), (answer.status, self.shown(answer)["badRequest"]["message"]))

        self.has_pods()
        self.refused(Unavailable, "GET", FLAVORS)

    def test_other_contents(self) -> None:
        """
        Of flavors with one id and different sizes the bound pod's is shown, and the log tells.
        """
        self.have([1], [1], [1])
        self.pods.on("Pod3", "GET", DETAIL, Reply(200, {"flavors": [flavor(1, ram=7)]}))

        self.assertEqual(999, self.shown(self.asked("GET", DETAIL))["flavors"][0]["ram"])
        self.assertEqual(["flavors: the same things are not the same everywhere"], self.warned)


class DifferTests(AgreedCase):
    """
    Pods that do not have the same.
    """

    def test_united(self) -> None:
        """
        Each flavor is shown once, by id; the plain list has what a plain list has.
        """
        self.have([1, 3], [1, 2], [3])

        body = self.shown(self.asked("GET", FLAVORS))

        self.assertEqual(
            [{"id": str(number), "name": f"f{number}", "links": []} for number in (1, 2, 3)], body["flavors"]
        )
        self.assertEqual({"flavors"}, set(body))

    def test_sorted(self) -> None:
        """
        They stand in the order that was asked for, also where only the detailed list shows it.
        """
        self.have([1, 3], [2], [4])

        self.assertEqual(["4", "3", "2", "1"], self.ids(f"{FLAVORS}?sort_key=memory_mb"))
        self.assertEqual(["1", "2", "3", "4"], self.ids(f"{FLAVORS}?sort_key=memory_mb&sort_dir=desc"))
        self.assertEqual(["4", "3", "2", "1"], self.ids(f"{FLAVORS}?sort_dir=desc"))
        # what nobody shows keeps each pod's own order
        self.assertEqual(["1", "3", "2", "4"], self.ids(f"{FLAVORS}?sort_key=created_at"))

    def test_filters(self) -> None:
        """
        What filters the list goes with every question; where pods differ, the client's page goes with none.
        """
        self.have([1, 3], [1, 2], [3], most=1)

        self.asked("GET", f"{FLAVORS}?is_public=None&limit=5&name=a%26b")

        queries = [dict(parse_qsl(called.query)) for called in self.pods.calls]
        filters = {"is_public": "None", "name": "a&b"}
        self.assertEqual([{**filters, "limit": "5"}] * 3, queries[:3])
        self.assertEqual([filters] * 3, queries[3:6])
        self.assertEqual([{**filters, "marker": "1"}] * 2, queries[6:8])

    def test_access_rules(self) -> None:
        """
        Who may read the plain list alone is asked about no other path.
        """
        self.have([1], [2], [3])
        context = a_context()
        limited = evolve(context.identity, access_rules=())
        self.assertEqual(["1", "2", "3"], self.ids(FLAVORS, context=evolve(context, identity=limited)))
        self.assertEqual({FLAVORS}, {called.path for called in self.pods.calls})

    def test_walk(self) -> None:
        """
        A walk along the links gives each flavor once, whatever each pod lacks and however short its pages are.
        """
        for own in ([[1, 4, 5], [2, 5], [1, 3]], [[], [1, 2, 3, 4, 5], []], [[1, 2, 3], [1, 2, 3], [4, 5]]):
            for limit in (1, 2, 3, 10):
                self.have(*own, most=2)
                walked: list[str] = []
                target = f"{DETAIL}?limit={limit}"
                for _ in range(10):
                    body = self.shown(self.asked("GET", target))
                    walked += [item["id"] for item in body["flavors"]]
                    if "flavors_links" not in body:
                        break
                    target = body["flavors_links"][0]["href"].removeprefix(ROOT.decode())
                with self.subTest(own=own, limit=limit):
                    self.assertEqual(["1", "2", "3", "4", "5"], walked)

    def test_unknown_marker(self) -> None:
        """
        A marker that no pod has is refused in a pod's own words.
        """
        self.have([1], [2], [3])

        self.assertEqual(400, self.asked("GET", f"{FLAVORS}?marker=9").status)

    def test_marker_that_leaves(self) -> None:
        """
        One that goes while pods are asked is refused in Nova's words.
        """
        self.have([1], [2], [3])
        self.pods.on("Pod1", "GET", FLAVORS, Reply(200, {"flavors": [{"id": "8"}]}))

        error = self.refused(BadRequest, "GET", f"{FLAVORS}?marker=7")
        self.assertEqual("marker [7] not found", error.message)

    def test_silent(self) -> None:
        """
        A silent pod is waited for once.
        """
        self.have([1], [2], [3])
        self.pods.on("Pod2", "GET", FLAVORS, Hang())

        started = self.started("GET", FLAVORS)
        self.clock.advance(LIST_BUDGET)

        answer = self.answered(started)
        self.assertEqual((self.pod2,), answer.missing)
        self.assertEqual(["1", "3"], [item["id"] for item in self.shown(answer)["flavors"]])

    def test_told(self) -> None:
        """
        The log says which pod lacks what, and not with each list.
        """
        self.have([1, 2], [1], [2])
        for _ in range(3):
            self.asked("GET", FLAVORS)
        self.assertEqual(["flavors: Pod2 lacks 2; Pod3 lacks 1"], self.warned)

        self.clock.advance(600)
        self.asked("GET", FLAVORS)
        self.assertEqual(2, len(self.warned))


class KeyTests(AgreedCase):
    """
    Key pairs: named by what stands inside of an item.
    """

    def keys(self, *names: str) -> Callable[[PodCall], Reply]:
        """
        A pod with these.
        """
        items = [{"keypair": {"name": name, "public_key": f"ssh {name}"}} for name in names]
        return served("keypairs", items, lambda item: item["keypair"]["name"])

    def test_united(self) -> None:
        """
        Each name once, in the order of names; pages begin with 2.35.
        """
        for pod, names in (("Pod1", "ac"), ("Pod2", "abc"), ("Pod3", "d")):
            self.pods.on(pod, "GET", KEYS, self.keys(*names))

        listed = self.shown(self.asked("GET", KEYS))["keypairs"]
        self.assertEqual(["a", "b", "c", "d"], [item["keypair"]["name"] for item in listed])

        body = self.shown(self.asked("GET", f"{KEYS}?limit=1&marker=b", version=(2, 35)))
        self.assertEqual("c", body["keypairs"][0]["keypair"]["name"])
        self.assertEqual(f"{ROOT.decode()}{KEYS}?limit=1&marker=c", body["keypairs_links"][0]["href"])


class TypeTests(AgreedCase):
    """
    Volume types: ids are each pod's own, names are not.
    """

    def types(self, pod: str, *names: str) -> Reply:
        """
        A pod with these.
        """
        return Reply(200, {"volume_types": [{"id": f"{pod}-{name}", "name": name} for name in names]})

    def ids_of(self, target: str = TYPES) -> list[str]:
        """
        The types that are listed.
        """
        listed = self.shown(self.asked("GET", target, surface="volume"))["volume_types"]
        return [item["id"] for item in listed]

    def test_same_names(self) -> None:
        """
        Types of the same names are the bound pod's: a create with such an id goes where it is.
        """
        for pod in NAMES:
            self.pods.on(pod, "GET", TYPES, self.types(pod, "fast", "slow"))
        self.is_bound(self.pod2)

        self.assertEqual((["Pod2-fast", "Pod2-slow"], []), (self.ids_of(), self.warned))

    def test_united(self) -> None:
        """
        A type that other pods have alone is shown with an id that they know.
        """
        self.pods.on("Pod1", "GET", TYPES, self.types("Pod1", "fast"))
        self.pods.on("Pod2", "GET", TYPES, self.types("Pod2", "fast", "slow"))
        self.pods.on("Pod3", "GET", TYPES, self.types("Pod3", "old"))

        self.assertEqual(["Pod1-fast", "Pod2-slow", "Pod3-old"], self.ids_of())
        self.assertEqual(["Pod1-fast", "Pod3-old", "Pod2-slow"], self.ids_of(f"{TYPES}?sort=name:asc"))

    def test_unknown_marker(self) -> None:
        """
        An id that no Cinder has is no marker, and one that a single pod has is one.
        """
        for pod, names in (("Pod1", ["fast"]), ("Pod2", ["fast", "slow"]), ("Pod3", ["old"])):
            self.pods.on(pod, "GET", TYPES, self.types(pod, *names))

        self.assertEqual(["Pod1-fast", "Pod2-slow", "Pod3-old"], self.ids_of(f"{TYPES}?marker=unknown"))
        self.assertEqual(["Pod1-fast", "Pod2-slow"], self.ids_of(f"{TYPES}?marker=unknown&limit=2"))
        self.assertEqual(["Pod3-old"], self.ids_of(f"{TYPES}?marker=Pod2-slow"))

    def test_refused_marker(self) -> None:
        """
        Where a Cinder refuses it and no other one has it, it is refused.
        """
        self.pods.on("Pod1", "GET", TYPES, self.types("Pod1", "fast"))
        self.pods.on("Pod2", "GET", TYPES, self.types("Pod2", "slow"))
        self.pods.on("Pod3", "GET", TYPES, Reply(404))

        self.refused(BadRequest, "GET", f"{TYPES}?marker=unknown", surface="volume")


class ShowTests(StrategyCase):
    """
    One of such things: in the bound pod, else wherever it is.
    """

    PATH = f"{FLAVORS}/x"

    def test_bound_pod(self) -> None:
        """
        Only the bound pod is asked where it has it.
        """
        self.is_bound(self.pod2)
        self.pods.on("Pod2", "GET", self.PATH, Reply(200, {"flavor": {}}))

        self.assertEqual(("Pod2",), self.asked("GET", self.PATH).pods)
        self.assertEqual(["Pod2"], self.pods.asked())

    def test_elsewhere(self) -> None:
        """
        Where it says 404, the others are asked at once, and the first that has it answers.
        """
        self.pods.on("Pod1", "GET", self.PATH, Reply(404))
        self.pods.on("Pod2", "GET", self.PATH, Reply(500))
        self.pods.on("Pod3", "GET", self.PATH, Reply(200, {"flavor": {}}))

        answer = self.asked("GET", self.PATH)

        self.assertEqual((200, ("Pod3",), ()), (answer.status, answer.pods, answer.missing))

    def test_first_pod_silent(self) -> None:
        """
        Where the bound pod does not answer the others are asked, all at once: two budgets in all.
        """
        self.pods.on("*", "GET", self.PATH, Hang())
        self.pods.on("Pod3", "GET", self.PATH, Reply(200, {"flavor": {}}))

        started = self.started("GET", self.PATH)
        self.clock.pump([LIST_BUDGET, LIST_BUDGET])

        answer = self.answered(started)
        self.assertEqual((200, ("Pod3",), ()), (answer.status, answer.pods, answer.missing))

    def test_nobody_answers(self) -> None:
        """
        When no pod answers the client is told what became of the first; a refusal of the first is the answer.
        """
        for script, kind in ((Unreachable(), Unavailable), (Hang(), GatewayTimeout)):
            self.pods.on("*", "GET", self.PATH, script)
            started = self.started("GET", self.PATH)
            self.clock.pump([LIST_BUDGET, LIST_BUDGET])
            self.assertIn("Pod1", self.failureResultOf(started, kind).value.admin_detail)

        self.pods.calls.clear()
        self.pods.on("Pod1", "GET", self.PATH, Reply(403))
        self.assertEqual((403, ["Pod1"]), (self.asked("GET", self.PATH).status, self.pods.asked()))
        self.has_pods()
        self.refused(Unavailable, "GET", self.PATH)

    def test_nowhere(self) -> None:
        """
        What no pod has is 404, also with a pod silent: a name is looked up so before it is looked for in a list.
        """
        self.pods.on("*", "GET", self.PATH, Reply(404, {"itemNotFound": {}}))
        self.pods.on("Pod2", "GET", self.PATH, Hang())

        started = self.started("GET", self.PATH)
        self.clock.advance(LIST_BUDGET)

        answer = self.answered(started)
        self.assertEqual((404, ("Pod1",), (self.pod2,)), (answer.status, answer.pods, answer.missing))
