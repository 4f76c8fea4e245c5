"""
How long an answer that several pods make together may take, however slowly they speak.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from tests.unit.strategies.case import LIST_BUDGET, P1, S1, StrategyCase, a_server, an_id
from tests.unit.strategies.doubles import JSON, Hang, MemoryAnswer, Reply, Unreachable
from trio2o.errors import GatewayTimeout, Unavailable
from trio2o.exchange import PodCall
from trio2o.strategies.deadline import MOST_ROUNDS, Deadline

NETWORKS = "/v2.1/os-networks"
HYPERVISORS = "/v2.1/os-hypervisors"
MIGRATIONS = "/v2.1/os-migrations"
SERVERS = "/v2.1/servers/detail"
SUMMARY = f"/v3/{P1}/volumes/summary"
USAGE = "/v2.1/os-simple-tenant-usage"
EVENTS = "/v2.1/os-server-external-events"
ZONES = "/v2.1/os-availability-zone/detail"
MOST = MOST_ROUNDS * LIST_BUDGET


@define(kw_only=True, eq=False)
class DrippingAnswer(MemoryAnswer):
    """
    An answer whose head is there and whose body comes only much later, if its reader waits.
    """

    clock: Clock
    seconds: float = 10 * LIST_BUDGET
    given_up: list[Deferred[bytes]] = field(factory=list)

    def read(self, limit: int) -> Deferred[bytes]:
        """
        See ``IPodAnswer``.
        """
        self.used.append("read")
        reading: Deferred[bytes] = Deferred(self.given_up.append)
        timer = self.clock.callLater(
            self.seconds, lambda: reading.called or reading.callback(self.content or b"")
        )
        reading.addErrback(lambda failure: (timer.cancel(), failure)[1])
        return reading


class OneBudgetTests(StrategyCase):
    """
    What is asked once of each pod takes one budget, heads and bodies together.
    """

    def dripping(self, body: Any, *, head_after: float = 0.0, body_after: float = 10 * LIST_BUDGET) -> Any:
        """
        A pod whose head comes after a while, and whose body a while later.
        """

        def answer(call: PodCall) -> Deferred[Any]:
            head: Deferred[Any] = Deferred()
            given = DrippingAnswer(
                status=200,
                headers=[JSON],
                content=orjson.dumps(body),
                pod_name="Pod1",
                clock=self.clock,
                seconds=body_after,
            )
            self.given = given
            self.clock.callLater(head_after, head.callback, given)
            return head

        return answer

    def test_join_with_a_slow_body(self) -> None:
        """
        A list is given when the budget is over, without the pod whose head was there in time and whose body was not.
        """
        self.pods.on("Pod1", "GET", NETWORKS, self.dripping({"networks": []}, head_after=LIST_BUDGET - 1))
        self.pods.on("Pod2", "GET", NETWORKS, Reply(200, {"networks": [{"id": "n2"}]}))
        self.pods.on("Pod3", "GET", NETWORKS, Reply(404))

        started = self.started("GET", NETWORKS)
        self.clock.advance(LIST_BUDGET - 0.1)
        self.assertNoResult(started)
        self.clock.advance(0.1)

        answer = self.answered(started)
        self.assertEqual(([{"id": "n2"}], (self.pod1,)), (self.shown(answer)["networks"], answer.missing))
        self.assertEqual(1, len(self.given.given_up), "the pod's answer is dropped")

    def test_body_in_time(self) -> None:
        """
        A body that comes late, and before the budget is over, counts.
        """
        slow = self.dripping(
            {"networks": [{"id": "n1"}]}, head_after=LIST_BUDGET / 2, body_after=LIST_BUDGET / 4
        )
        self.pods.on("*", "GET", NETWORKS, Reply(200, {"networks": []}))
        self.pods.on("Pod1", "GET", NETWORKS, slow)

        started = self.started("GET", NETWORKS)
        self.clock.pump([LIST_BUDGET / 2, LIST_BUDGET / 4])

        answer = self.answered(started)
        self.assertEqual(([{"id": "n1"}], ()), (self.shown(answer)["networks"], answer.missing))

    def test_nobody_in_time(self) -> None:
        """
        A pod that says nothing and one that does not come to an end are 504, after one budget.
        """
        self.pods.on("Pod1", "GET", NETWORKS, Hang())
        self.pods.on("Pod2", "GET", NETWORKS, self.dripping({"networks": []}, head_after=LIST_BUDGET - 1))
        self.pods.on("Pod3", "GET", NETWORKS, Unreachable())

        started = self.started("GET", NETWORKS)
        self.clock.pump([LIST_BUDGET - 1, 1])

        failure = self.failureResultOf(started, GatewayTimeout)
        self.assertEqual("Pod1: no answer within 20 s", failure.value.admin_detail)

    def test_every_way_to_ask_once(self) -> None:
        """
        Sums, reports, events and lists: the others' part after one budget.
        """
        usage = {"tenant_usages": [{"tenant_id": P1, "total_hours": 1.0}]}
        asks: list[tuple[str, str, str, Any, Any]] = [
            ("GET", SUMMARY, "volume", {"volume-summary": {"total_count": 1}}, None),
            ("GET", USAGE, "compute", usage, None),
            ("POST", EVENTS, "compute", {"events": [{"code": 200}]}, {"events": [{"server_uuid": S1}]}),
            ("GET", SERVERS, "compute", {"servers": []}, None),
            ("GET", "/v2.1/flavors", "compute", {"flavors": []}, None),
            ("GET", ZONES, "compute", {"availabilityZoneInfo": []}, None),
        ]
        for method, path, surface, said, body in asks:
            with self.subTest(path=path):
                self.pods.on("*", method, path, Reply(200, said))
                self.pods.on("Pod1", method, path, self.dripping(said))
                started = self.started(method, path, surface=surface, body=body)
                self.assertNoResult(started)
                self.clock.advance(LIST_BUDGET)
                answer = self.answered(started)
                self.assertEqual((200, (self.pod1,)), (answer.status, answer.missing))

    def test_what_one_pod_has(self) -> None:
        """
        An answer that has to be read is 504 when it does not come to an end within the budget of its head.
        """
        path = HYPERVISORS + "/x"
        self.pods.on("*", "GET", path, Reply(404))
        self.pods.on("Pod2", "GET", path, self.dripping({"hypervisor": {"id": 1}}, head_after=1))

        started = self.started("GET", path)
        self.clock.pump([1, LIST_BUDGET - 1])

        self.failureResultOf(started, GatewayTimeout)


class RoundsTests(StrategyCase):
    """
    What asks pods for several pages in turn takes a few budgets at most.
    """

    def slowly(self, seconds: float, page: Callable[[PodCall], Reply]) -> Any:
        """
        A pod that takes its time for each page.
        """

        def answer(call: PodCall) -> Deferred[Reply]:
            later: Deferred[Reply] = Deferred()
            self.clock.callLater(seconds, later.callback, page(call))
            return later

        return answer

    def waited(self, path: str, **more: Any) -> tuple[float, Any]:
        """
        How long a request takes, and the error that it ends with.
        """
        begun = self.clock.seconds()
        ended: list[tuple[float, Any]] = []

        def note(said: Any) -> None:
            ended.append((self.clock.seconds() - begun, said))

        self.started("GET", path, **more).addBoth(note)
        while not ended and self.clock.seconds() < begun + 100 * LIST_BUDGET:
            self.clock.advance(LIST_BUDGET / 4)
        return ended[0]

    def test_joined_pages(self) -> None:
        """
        A slice far behind, of pods that each take most of a budget for a page, is given up after a few budgets.
        """
        groups = {"server_groups": [{"id": str(number)} for number in range(1000)]}
        self.pods.on("*", "GET", "/v2.1/os-server-groups", self.slowly(15, lambda call: Reply(200, groups)))

        seconds, failure = self.waited("/v2.1/os-server-groups?offset=50000")

        failure.trap(Unavailable)
        self.assertIn(f"it took {MOST_ROUNDS} times", failure.value.admin_detail)
        self.assertTrue(MOST <= seconds <= MOST + LIST_BUDGET, seconds)

    def test_ordered_pages(self) -> None:
        """
        The same of a list in the order of time, whose marker is nowhere near.
        """
        number = iter(range(10**6))

        def page(call: PodCall) -> Reply:
            at = next(number)
            items = [{"id": at, "uuid": an_id(at), "created_at": f"2026-01-01T00:00:00.{999_999 - at:06}"}]
            return Reply(200, {"migrations": items, "migrations_links": [{"rel": "next", "href": "x"}]})

        self.pods.on("*", "GET", MIGRATIONS, self.slowly(15, page))

        seconds, failure = self.waited(MIGRATIONS + f"?limit=1&marker={an_id(10**7)}", version=(2, 59))

        failure.trap(Unavailable)
        self.assertTrue(MOST <= seconds <= MOST + LIST_BUDGET, seconds)

    def test_merged_pages(self) -> None:
        """
        A walk to a forgotten marker, too.
        """
        number = iter(range(10**6))
        marker = an_id(1)
        self.pods.on("*", "GET", f"/v2.1/servers/{marker}", Reply(404))
        self.pods.on("Pod1", "GET", f"/v2.1/servers/{marker}", Reply(200, {"server": a_server(1)}))

        def page(call: PodCall) -> Reply:
            server = a_server(10**6 - next(number))
            return Reply(200, {"servers": [server], "servers_links": [{"rel": "next", "href": "x"}]})

        self.pods.on("*", "GET", SERVERS, self.slowly(15, page))

        seconds, failure = self.waited(SERVERS + f"?limit=1&sort_key=display_name&marker={marker}")

        failure.trap(Unavailable)
        self.assertTrue(MOST <= seconds <= MOST + LIST_BUDGET, seconds)


class DeadlineTests(StrategyCase):
    """
    The value itself.
    """

    def test_rounds(self) -> None:
        """
        A round has one budget, and less where the whole ends before; nothing is left of either when it is over.
        """
        whole = Deadline.begun(self.clock, 10, rounds=2)
        self.assertEqual((20, 10), (whole.left, whole.round().left))

        self.clock.advance(15)
        last = whole.round()
        self.assertEqual((5, 5), (whole.left, last.left))

        self.clock.advance(6)
        self.assertEqual((0, 0, 0), (whole.left, last.left, whole.round().left))
