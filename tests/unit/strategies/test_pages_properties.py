"""
Pages of joined lists: any pods, sizes and pages, against one list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.strategies.case import ROOT, StrategyCase
from tests.unit.strategies.doubles import Unreachable
from tests.unit.strategies.test_joining import pages
from tests.unit.strategies.test_splitting import EVENTS, event, nova

NAMES = ("Pod1", "Pod2", "Pod3")
MIGRATIONS = "/v2.1/os-migrations"
HYPERVISORS = "/v2.1/os-hypervisors"

sizes = st.lists(st.integers(0, 6), min_size=3, max_size=3)


class JoinedPagesTests(StrategyCase):
    """
    A walk along the links of a joined list.
    """

    def walked(self, path: str, key: str, version: tuple[int, int], limit: int) -> list[Any]:
        """
        All items.
        """
        found: list[Any] = []
        query = f"?limit={limit}"
        for _ in range(40):
            body = self.shown(self.asked("GET", path + query, version=version))
            found += body[key]
            self.assertLessEqual(len(body[key]), limit)
            if f"{key}_links" not in body:
                return found
            query = body[f"{key}_links"][0]["href"].removeprefix(ROOT.decode() + path)
        raise AssertionError("the walk does not end")

    @settings(max_examples=40, derandomize=True)
    @given(
        st.lists(st.lists(st.integers(0, 4), max_size=6), min_size=3, max_size=3),
        st.integers(1, 7),
        st.integers(1, 5),
    )
    def test_by_order(self, times: list[list[int]], limit: int, most: int) -> None:
        """
        Migrations come the newest first, each once, those of one time in the order of the pods, however many pods give.
        """
        for name, mine in zip(NAMES, times, strict=True):
            newest = sorted(mine, reverse=True)
            items = [
                {"id": at, "uuid": f"{name}-{at}", "created_at": f"2026-01-01T00:00:0{second}.000000"}
                for at, second in enumerate(newest, 1)
            ]
            self.pods.on(name, "GET", MIGRATIONS, pages("migrations", items, "uuid", most))
        whole = sorted(
            (
                (-second, rank, at)
                for rank, mine in enumerate(times)
                for at, second in enumerate(sorted(mine, reverse=True), 1)
            )
        )

        found = self.walked(MIGRATIONS, "migrations", (2, 59), limit)

        self.assertEqual([f"{NAMES[rank]}-{at}" for _, rank, at in whole], [item["uuid"] for item in found])
        self.assertEqual(len(whole), len({item["id"] for item in found}))

    @settings(max_examples=40, derandomize=True)
    @given(sizes, st.integers(1, 7), st.booleans())
    def test_by_marker(self, counts: list[int], limit: int, uuids: bool) -> None:
        """
        Hypervisors come in the order of the pods, each once, whether numbers or uuids tell them apart.
        """
        wanted = []
        for name, count in zip(NAMES, counts, strict=True):
            items = [
                {"id": f"{name}-{at}" if uuids else at, "hypervisor_hostname": f"{name}-{at}"}
                for at in range(1, count + 1)
            ]
            wanted += [item["hypervisor_hostname"] for item in items]
            self.pods.on(name, "GET", HYPERVISORS, pages("hypervisors", items))

        found = self.walked(HYPERVISORS, "hypervisors", (2, 53) if uuids else (2, 33), limit)

        self.assertEqual(wanted, [item["hypervisor_hostname"] for item in found])
        self.assertEqual(len(wanted), len({item["id"] for item in found}))


class SplitTests(StrategyCase):
    """
    Events, each for a server that one pod has or none.
    """

    @settings(max_examples=50, derandomize=True)
    @given(
        st.lists(
            st.tuples(st.sampled_from(["s1", "s2", "s3", "s4"]), st.sampled_from("ab")),
            min_size=1,
            max_size=6,
        ),
        st.fixed_dictionaries({server: st.sampled_from([*NAMES, ""]) for server in ("s1", "s2", "s3", "s4")}),
        st.fixed_dictionaries({name: st.sampled_from([200, 200, 422]) for name in NAMES}),
        st.sets(st.sampled_from(NAMES), max_size=2),
        st.sets(st.sampled_from(["s1", "s2", "s3", "s4"])),
    )
    def test_each_event(
        self,
        asked: list[tuple[str, str]],
        homes: dict[str, str],
        codes: dict[str, int],
        silent: set[str],
        routed: set[str],
    ) -> None:
        """
        Each event gets what the pod of its server says, in the order in which they were sent: 404 where no pod has it, and
        503 where a silent pod may have it.
        """
        self.setUp()
        pods = {pod.name: pod for pod in (self.pod1, self.pod2, self.pod3)}
        for name in NAMES:
            mine = [server for server, home in homes.items() if home == name]
            script: Callable[..., Any] | Unreachable = nova(*mine, code=codes[name])
            self.pods.on(name, "POST", EVENTS, Unreachable() if name in silent else script)
        for server in routed:
            if homes[server]:
                self.has_route(server, pods[homes[server]])
        everybody = not all(server in routed and homes[server] for server, _ in asked)
        concerned = set(NAMES) if everybody else {homes[server] for server, _ in asked}
        if concerned <= silent:
            return
        body = {"events": [event(server, tag=tag) for server, tag in asked]}

        answer = self.asked("POST", EVENTS, body)

        told = self.shown(answer)["events"]
        self.assertEqual(asked, [(each["server_uuid"], each["tag"]) for each in told])
        missing = concerned & silent
        self.assertEqual(missing, {pod.name for pod in answer.missing})
        wanted = []
        for server, _ in asked:
            home = homes[server]
            known = home in concerned and home not in silent
            wanted.append(codes[home] if known else 503 if missing else 404)
        self.assertEqual(wanted, [each["code"] for each in told])
        self.assertEqual(200 if set(wanted) == {200} else 207, answer.status)
