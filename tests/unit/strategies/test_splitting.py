"""
The strategy ``split``: events for servers of several pods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.strategies.case import LIST_BUDGET, S1, S2, X1, StrategyCase
from tests.unit.strategies.doubles import Hang, MemoryBody, Reply, Unreachable
from trio2o.errors import BodyTooLarge, GatewayTimeout, Unavailable
from trio2o.exchange import PodCall
from trio2o.model import PodState
from trio2o.strategies.splitting import joined

EVENTS = "/v2.1/os-server-external-events"
NAMES = ("Pod1", "Pod2", "Pod3")


def event(server: str, **more: Any) -> dict[str, Any]:
    """
    An event as Neutron sends it.
    """
    return {"name": "network-changed", "server_uuid": server, **more}


def nova(*servers: str, code: int = 200) -> Callable[[PodCall], Reply]:
    """
    A pod that has these servers.
    """

    def answer(call: PodCall) -> Reply:
        body = call.body if isinstance(call.body, bytes) else b""
        events = orjson.loads(body)["events"]
        for each in events:
            known = each["server_uuid"] in servers
            each["code"] = code if known else 404
            each["status"] = "completed" if each["code"] == 200 else "failed"
        return Reply(200 if all(each["code"] == 200 for each in events) else 207, {"events": events})

    return answer


class SplitTests(StrategyCase):
    """
    Events of servers in two pods.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pods.on("Pod1", "POST", EVENTS, nova(S1))
        self.pods.on("Pod2", "POST", EVENTS, nova(S2))
        self.pods.on("Pod3", "POST", EVENTS, nova())

    def codes(self, *events: dict[str, Any]) -> tuple[int, list[int]]:
        """
        The answer's status, and each event's code.
        """
        answer = self.asked("POST", EVENTS, {"events": list(events)})
        return answer.status, [each["code"] for each in self.shown(answer)["events"]]

    def test_all_accepted(self) -> None:
        """
        200 when each event was accepted by the pod of its server.
        """
        self.assertEqual((200, [200, 200, 200]), self.codes(event(S1), event(S2), event(S1)))
        self.assertEqual(list(NAMES), self.pods.asked())

    def test_known_pods(self) -> None:
        """
        Where the servers' pods are known, no other one is asked, and all get the same body.
        """
        self.has_route(S1, self.pod1)
        self.assertEqual((200, [200]), self.codes(event(S1)))
        self.assertEqual(["Pod1"], self.pods.asked())

        self.has_route(S2, self.pod2)
        self.assertEqual((200, [200, 200]), self.codes(event(S1), event(S2)))
        self.assertEqual(["Pod1", "Pod2"], self.pods.asked()[1:])
        self.assertEqual(1, len({called.body for called in self.pods.calls[1:]}))

    def test_some_unknown(self) -> None:
        """
        207 with each event's own code when one is of nobody's server, or refused by its pod.
        """
        self.assertEqual((207, [200, 404]), self.codes(event(S1), event(X1)))
        self.assertEqual((207, [404]), self.codes(event(X1)))
        self.pods.on("Pod2", "POST", EVENTS, nova(S2, code=422))
        self.assertEqual((207, [422, 200]), self.codes(event(S2), event(S1)))

    def test_fields(self) -> None:
        """
        What an event has beside stays.
        """
        answer = self.asked("POST", EVENTS, {"events": [event(S2, tag="t", x=1)]})

        self.assertEqual(
            [event(S2, tag="t", x=1, code=200, status="completed")], self.shown(answer)["events"]
        )

    def test_older_pods(self) -> None:
        """
        A pod that says 404 of the whole knows none of the servers; when all say so, it is passed on.
        """
        none = Reply(404, {"itemNotFound": {"code": 404, "message": "No instances found for any event"}})
        self.pods.on("Pod1", "POST", EVENTS, none)
        self.pods.on("Pod3", "POST", EVENTS, none)
        self.assertEqual((200, [200]), self.codes(event(S2)))

        self.pods.on("Pod2", "POST", EVENTS, none)
        self.assertEqual(404, self.asked("POST", EVENTS, {"events": [event(S2)]}).status)

    def test_malformed(self) -> None:
        """
        What Nova refuses is refused in its words.
        """
        fault = {"badRequest": {"code": 400, "message": "'events' is a required property"}}
        for name in NAMES:
            self.pods.on(name, "POST", EVENTS, Reply(400, fault))
        for body in (b"", b"{", b"[]", b"{}", b'{"events": []}', b'{"events": 1}', b'{"events": [{}]}'):
            answer = self.asked("POST", EVENTS, body)
            with self.subTest(body=body):
                self.assertEqual((400, fault), (answer.status, self.shown(answer)))
        self.refused(BodyTooLarge, "POST", EVENTS, memory_body=MemoryBody(b"x" * 2000))

    def test_silent(self) -> None:
        """
        An event that nobody knows gets 503 while a pod is silent, and the answer says so; others are not touched by it.
        """
        self.pods.on("Pod2", "POST", EVENTS, Unreachable())
        answer = self.asked("POST", EVENTS, {"events": [event(S1), event(S2)]})

        self.assertEqual((207, (self.pod2,)), (answer.status, answer.missing))
        self.assertEqual([200, 503], [each["code"] for each in self.shown(answer)["events"]])
        self.assertEqual((200, [200]), self.codes(event(S1)))

    def test_one_in_trouble(self) -> None:
        """
        A pod that is in trouble, or refuses the caller, is as one that is silent.
        """
        for script in (Reply(500), Reply(403), Reply(200, b"x"), Reply(200, {"events": 1})):
            self.pods.on("Pod2", "POST", EVENTS, script)
            with self.subTest(script=script):
                self.assertEqual((207, [503, 200]), self.codes(event(S2), event(S1)))

    def test_nobody_answers(self) -> None:
        """
        When no pod answers it is 503 or 504; side by side, and without pods too.
        """
        for name in NAMES:
            self.pods.on(name, "POST", EVENTS, Hang())
        started = self.started("POST", EVENTS, {"events": [event(S1)]})
        self.assertEqual(list(NAMES), self.pods.asked())
        self.clock.advance(LIST_BUDGET)
        self.failureResultOf(started, GatewayTimeout)

        self.has_route(S1, self.change_pod(self.pod1, state=PodState.DISABLED))
        self.refused(Unavailable, "POST", EVENTS, {"events": [event(S1)]})

    def test_client_gone(self) -> None:
        """
        What was begun goes on though the client has gone.
        """
        held: Deferred[Reply] = Deferred()
        self.pods.on("Pod1", "POST", EVENTS, lambda call: held)
        started = self.started("POST", EVENTS, {"events": [event(S1)]})
        started.addErrback(lambda failure: None)
        started.cancel()

        self.assertEqual([1], self.running)
        held.callback(Reply(207, {"events": [event(S1)]}))
        self.assertEqual([], self.running)


class JoinedTests(SynchronousTestCase):
    """
    One event and what pods say of it.
    """

    def test_joined(self) -> None:
        """
        Who knows the server decides.
        """
        known, unknown = {"code": 422}, {"code": 404}

        self.assertEqual(known, joined([unknown, known], silent=True))
        self.assertEqual(unknown, joined([unknown, unknown], silent=False))
        self.assertEqual({"code": 503}, joined([unknown], silent=True))
