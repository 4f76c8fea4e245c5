"""
The strategy ``usage``: what projects have used, over all pods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.strategies.case import LIST_BUDGET, ROOT, StrategyCase
from tests.unit.strategies.doubles import Hang, Reply, Unreachable
from trio2o.errors import BadRequest, GatewayTimeout, Unavailable
from trio2o.exchange import PodCall
from trio2o.model import PodState

USAGE = "/v2.1/os-simple-tenant-usage"
NAMES = ("Pod1", "Pod2", "Pod3")
PAGED = (2, 40)


def report(
    servers: list[tuple[str, str]], *, single: bool = False, most: int = 1000, paged: bool = True
) -> Callable[[PodCall], Reply]:
    """
    A pod that tells of its servers (project and id), each of which ran one hour, as Nova does.
    """

    def answer(call: PodCall) -> Reply:
        query = dict(parse_qsl(call.target.partition(b"?")[2].decode()))
        rest, limit = servers, most
        if paged:
            limit = min(int(query.get("limit", most)), most)
            ids = [server for _, server in servers]
            if "marker" in query:
                if query["marker"] not in ids:
                    return Reply(400, {"badRequest": {"code": 400, "message": "no marker"}})
                rest = servers[ids.index(query["marker"]) + 1 :]
        page = rest[:limit]
        projects: dict[str, dict[str, Any]] = {}
        for project, server in page:
            usage = projects.setdefault(project, {"tenant_id": project, "total_hours": 0.0})
            usage["total_hours"] += 1
            if single or query.get("detailed") == "1":
                usage.setdefault("server_usages", []).append({"instance_id": server, "hours": 1.0})
        told = list(projects.values())
        body: dict[str, Any] = {"tenant_usages": told}
        key = "tenant_usages"
        if single:
            key = "tenant_usage"
            body = {key: told[0] if told else {}}
        if paged and page and len(page) == limit:
            href = f"http://pod.example/x?marker={page[-1][1]}&limit={limit}"
            body[f"{key}_links"] = [{"rel": "next", "href": href}]
        return Reply(200, body)

    return answer


class UsageCase(StrategyCase):
    """
    Three pods with servers of two projects.
    """

    servers = {
        "Pod1": [("a", "s1"), ("a", "s2"), ("b", "s3")],
        "Pod2": [],
        "Pod3": [("b", "s4"), ("c", "s5")],
    }

    def each(self, script: Callable[[str], Any], path: str = USAGE) -> None:
        """
        Every pod answers as the script says for its name.
        """
        for name in NAMES:
            self.pods.on(name, "GET", path, script(name))

    def hours(self, query: str = "", version: tuple[int, int] | None = PAGED) -> dict[str, float]:
        """
        Project to hours.
        """
        body = self.shown(self.asked("GET", USAGE + query, version=version))
        return {usage["tenant_id"]: usage["total_hours"] for usage in body["tenant_usages"]}


class UnpagedTests(UsageCase):
    """
    Before there are pages.
    """

    def setUp(self) -> None:
        super().setUp()
        self.each(lambda name: report(self.servers[name], paged=False))

    def test_added(self) -> None:
        """
        Totals of all pods, with the client's own query.
        """
        self.assertEqual({"a": 2, "b": 2, "c": 1}, self.hours("?start=x&limit=1", None))
        self.assertEqual({"start=x&limit=1"}, {called.query for called in self.pods.calls})

    def test_detailed(self) -> None:
        """
        The servers of all pods where the client asks for them.
        """
        body = self.shown(self.asked("GET", USAGE + "?detailed=1"))
        (b,) = [usage for usage in body["tenant_usages"] if usage["tenant_id"] == "b"]

        self.assertEqual(["s3", "s4"], [server["instance_id"] for server in b["server_usages"]])

    def test_one_project(self) -> None:
        """
        Of one project its sum; of one that has used nothing, nothing.
        """
        path = f"{USAGE}/b"
        self.each(
            lambda name: report([pair for pair in self.servers[name] if pair[0] == "b"], single=True), path
        )
        told = self.shown(self.asked("GET", path))["tenant_usage"]
        self.assertEqual((2, "b"), (told["total_hours"], told["tenant_id"]))

        self.each(lambda name: report([], single=True), path)
        self.assertEqual({"tenant_usage": {}}, self.shown(self.asked("GET", path)))

    def test_silent(self) -> None:
        """
        A silent pod is left out, and the answer says so; a disabled one is not asked.
        """
        for script in (Unreachable(), Reply(500), Reply(200, b"x"), Reply(200, {"tenant_usages": [1]})):
            self.pods.on("Pod1", "GET", USAGE, script)
            answer = self.asked("GET", USAGE)
            with self.subTest(script=script):
                self.assertEqual((self.pod1,), answer.missing)
                self.assertEqual(2, len(self.shown(answer)["tenant_usages"]))
        self.change_pod(self.pod1, state=PodState.DISABLED)
        self.assertEqual((), self.asked("GET", USAGE).missing)

    def test_refused(self) -> None:
        """
        A pod that refuses the caller decides for all.
        """
        self.pods.on("Pod2", "GET", USAGE, Reply(403))

        self.assertEqual(403, self.asked("GET", USAGE).status)

    def test_nobody(self) -> None:
        """
        When no pod answers it is 503 or 504, and without pods too.
        """
        self.each(lambda name: Unreachable())
        self.refused(Unavailable, "GET", USAGE)
        self.each(lambda name: Hang())
        started = self.started("GET", USAGE)
        self.clock.advance(LIST_BUDGET)
        self.failureResultOf(started, GatewayTimeout)
        self.has_pods()
        self.refused(Unavailable, "GET", USAGE)


class PagedTests(UsageCase):
    """
    Pages, counted in servers.
    """

    def setUp(self) -> None:
        super().setUp()
        self.each(lambda name: report(self.servers[name]))

    def test_whole(self) -> None:
        """
        Without a limit all of it, and no servers for whom did not ask for them.
        """
        answer = self.asked("GET", USAGE, version=PAGED)

        self.assertEqual({"a": 2, "b": 2, "c": 1}, self.hours())
        self.assertNotIn(b"server_usages", answer.body)
        self.assertEqual({"detailed=1"}, {called.query for called in self.pods.calls})

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.integers(0, 4), min_size=3, max_size=3), st.integers(1, 5), st.booleans())
    def test_walk(self, counts: list[int], limit: int, single: bool) -> None:
        """
        Whatever pods have and however long pages are, a walk along the links counts each server once.
        """
        path, key = (f"{USAGE}/a", "tenant_usage") if single else (USAGE, "tenant_usages")
        servers = {
            name: [("a" if single or at % 2 else "b", f"{name}-{at}") for at in range(count)]
            for name, count in zip(NAMES, counts, strict=True)
        }
        self.each(lambda name: report(servers[name], single=single), path)
        walked: list[str] = []
        query = f"?detailed=1&limit={limit}"
        for _ in range(20):
            body = self.shown(self.asked("GET", path + query, version=PAGED))
            usages = body[key] if not single else [body[key]] if body[key] else []
            page = [server["instance_id"] for usage in usages for server in usage["server_usages"]]
            self.assertEqual(sum(usage["total_hours"] for usage in usages), len(page))
            self.assertLessEqual(len(page), limit)
            walked += page
            if f"{key}_links" not in body:
                break
            query = body[f"{key}_links"][0]["href"].removeprefix(ROOT.decode() + path)
            self.assertEqual(limit, len(page))

        self.assertEqual(sorted(server for name in NAMES for _, server in servers[name]), sorted(walked))

    def test_most(self) -> None:
        """
        More servers than the configured maximum are given by pages though the client has not asked for them.
        """
        self.each(lambda name: report([("a", f"{name}-{at}") for at in range(600)]))

        body = self.shown(self.asked("GET", USAGE, version=PAGED))

        self.assertEqual(1000, body["tenant_usages"][0]["total_hours"])
        self.assertIn("marker=Pod2-399", body["tenant_usages_links"][0]["href"])

    def test_unknown_marker(self) -> None:
        """
        A marker that no pod knows is refused in a pod's words; a silent pod may know it.
        """
        self.assertEqual(400, self.asked("GET", USAGE + "?marker=x", version=PAGED).status)

        self.pods.on("Pod3", "GET", USAGE, Unreachable())
        self.refused(Unavailable, "GET", USAGE + "?marker=x", version=PAGED)
        self.assertEqual((self.pod3,), self.asked("GET", USAGE + "?marker=s1", version=PAGED).missing)
        self.each(lambda name: Reply(403))
        self.assertEqual(403, self.asked("GET", USAGE + "?marker=x", version=PAGED).status)

    def test_silent_where_the_page_ends(self) -> None:
        """
        The page goes on in the next pod where the one in which it would end falls silent, or has less by then: the walk goes on.
        """
        self.each(lambda name: report([("a", f"{name}-{at}") for at in range(2 if name == "Pod2" else 1)]))
        for late, missing in ((Unreachable(), (self.pod2,)), (report([]), ())):
            self.pods.on("Pod2", "GET", USAGE, report([("a", "Pod2-0"), ("a", "Pod2-1")]), late)
            with self.subTest(missing=missing):
                answer = self.asked("GET", USAGE + "?detailed=1&limit=2", version=PAGED)
                body = self.shown(answer)
                (usage,) = body["tenant_usages"]
                self.assertEqual(
                    ["Pod1-0", "Pod3-0"], [server["instance_id"] for server in usage["server_usages"]]
                )
                self.assertIn("marker=Pod3-0", body["tenant_usages_links"][0]["href"])
                self.assertEqual(missing, answer.missing)

    def test_limits(self) -> None:
        """
        A limit of nothing gives nothing; one that is no number is refused.
        """
        body = self.shown(self.asked("GET", USAGE + "?limit=0", version=PAGED))
        self.assertEqual({"tenant_usages": []}, body)

        self.refused(BadRequest, "GET", USAGE + "?limit=x", version=PAGED)
