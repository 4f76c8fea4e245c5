"""
Where the records of requests and the calls to pods go: metrics and the access log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.unit.service.whole import GraphCase
from tests.unit.strategies.doubles import Broken, Hang, Reply, ScriptedPods, Unreachable
from tests.unit.web.front import ClientTransport
from tests.unit.web.gateway import TOKEN, MemoryTokens, an_identity
from trio2o.errors import PodFailure, Unauthorized
from trio2o.exchange import PodCall
from trio2o.interfaces import IPodClient, ITokenValidator
from trio2o.model import Pod
from trio2o.ops.access_log import AccessLog
from trio2o.ops.logfile import LogFile
from trio2o.ops.metrics import Metrics
from trio2o.service.observed import ObservedPods, ObservedTokens
from trio2o.service.observing import Observer
from trio2o.service.surfaces import ServedSurface
from trio2o.web.record import RequestRecord

POD = Pod(id="Pod1-id", name="Pod1", az_name="az1")


class MetricsCase(SynchronousTestCase):
    """
    Metrics that can be read.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics()

    def value(self, name: str, **labels: str) -> float | None:
        """
        The value of a metric; ``None`` where it is not there.
        """
        return self.metrics._registry.get_sample_value(name, labels)


class ObserverTests(MetricsCase):
    """
    Requests that are over.
    """

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp())
        self.access = AccessLog(LogFile(str(self.path)), self.clock)
        self.observer = Observer(metrics=self.metrics, access=self.access)

    def a_record(self, **more: Any) -> RequestRecord:
        """
        A request that was answered.
        """
        known: dict[str, Any] = {
            "surface": "compute",
            "method": b"GET",
            "target": b"/v2.1/servers?name=x",
            "client": "192.0.2.1",
            "request_id": "req-1",
            "global_request_id": "req-0",
            "pod_request_id": "",
            "operation": "/servers",
            "strategy": "merge",
            "project_id": "p1",
            "user_id": "u1",
            "status": 200,
            "sent": 7,
            "pods": ("Pod1", "Pod2"),
            "pod_seconds": 0.25,
            "duration": 0.5,
        }
        return RequestRecord(**{**known, **more})

    def line(self, **more: Any) -> Any:
        """
        The line of a request in the access log.
        """
        self.observer.request_ended(self.a_record(**more))
        self.access.stop()
        return orjson.loads(self.path.read_bytes().splitlines()[-1])

    def test_line(self) -> None:
        """
        The line has what is known of the request.
        """
        line = self.line()

        for name, value in {
            "request_id": "req-1",
            "global_request_id": "req-0",
            "pod_request_id": "",
            "client": "192.0.2.1",
            "project_id": "p1",
            "user_id": "u1",
            "surface": "compute",
            "method": "GET",
            "status": 200,
        }.items():
            self.assertEqual(value, line[name], name)
        self.assertIn("/v2.1/servers?name=x", line.values())
        self.assertIn(["Pod1", "Pod2"], line.values())

    def test_outcomes(self) -> None:
        """
        The outcome is the detail of what went wrong, else whether the answer was cut short or incomplete.
        """
        for more, outcome in (
            ({}, "ok"),
            ({"missing": ("Pod3",)}, "incomplete"),
            ({"whole": False}, "cut short"),
            ({"whole": False, "missing": ("Pod3",)}, "cut short"),
            ({"detail": "Pod1: refused", "whole": False}, "Pod1: refused"),
        ):
            with self.subTest(more=more):
                self.assertIn(outcome, self.line(**more).values())

    def test_metrics(self) -> None:
        """
        Each request is counted by surface, method, row and class of status; pods that were left out are counted too.
        """
        self.observer.request_ended(self.a_record(missing=("Pod3",)))
        self.observer.request_ended(self.a_record(status=404))

        labels = {"surface": "compute", "method": "GET", "operation": "/servers"}
        self.assertEqual(1, self.value("trio2o_requests_total", **labels, status="2xx"))
        self.assertEqual(1, self.value("trio2o_requests_total", **labels, status="4xx"))
        self.assertEqual(2, self.value("trio2o_request_seconds_count", **labels))
        self.assertEqual(1, self.value("trio2o_merge_missing_pods_total", surface="compute", pod="Pod3"))

    def test_no_access_log(self) -> None:
        """
        Without an access log requests are counted all the same.
        """
        Observer(metrics=self.metrics, access=None).request_ended(self.a_record())

        labels = {"surface": "compute", "method": "GET", "operation": "/servers", "status": "2xx"}
        self.assertEqual(1, self.value("trio2o_requests_total", **labels))


class ObservedPodsTests(MetricsCase):
    """
    Calls to pods.
    """

    def setUp(self) -> None:
        super().setUp()
        self.scripted = ScriptedPods(self.clock)
        self.pods = ObservedPods(self.scripted, self.metrics, self.clock)

    def called(self) -> Deferred[Any]:
        """
        Call the pod.
        """
        call = PodCall(service="compute", method=b"GET", target=b"/x", headers=[], budget=5.0)
        return self.pods.call(POD, call)

    def count(self, outcome: str) -> float | None:
        """
        How many calls ended so.
        """
        return self.value("trio2o_pod_calls_total", pod="Pod1", service="compute", outcome=outcome)

    def test_interface(self) -> None:
        """
        It is a pod client as the one beneath it, and asks that one.
        """
        self.assertTrue(verifyObject(IPodClient, self.pods))
        self.scripted.sick.add("Pod1-id")
        self.assertFalse(self.pods.healthy("Pod1-id"))
        self.assertEqual(self.scripted.endpoint(POD, "compute"), self.pods.endpoint(POD, "compute"))

    def test_outcomes(self) -> None:
        """
        Calls are counted by how they end, and end for their caller as they did.
        """
        for script, outcome in (
            (Reply(204), "2xx"),
            (Reply(404), "4xx"),
            (Unreachable(), "unreachable"),
            (Broken(), "broken"),
            (Hang(), "timeout"),
        ):
            self.scripted.on("*", "GET", "/x", script)
            call = self.called()
            self.clock.advance(5)
            with self.subTest(outcome=outcome):
                if isinstance(script, Reply):
                    self.assertEqual(script.status, self.successResultOf(call).status)
                else:
                    self.failureResultOf(call, PodFailure)
                self.assertEqual(1, self.count(outcome))

    def test_cancelled(self) -> None:
        """
        A call that is given up reaches the pod's own, and is counted.
        """
        self.scripted.on("*", "GET", "/x", Hang())
        call = self.called()
        call.cancel()

        self.failureResultOf(call, CancelledError)
        self.assertTrue(self.scripted.last.cancelled)
        self.assertEqual(1, self.count("cancelled"))

    def test_time(self) -> None:
        """
        A call is timed to the answer's head.
        """
        answer: Deferred[Reply] = Deferred()
        self.scripted.on("*", "GET", "/x", lambda _: answer)
        call = self.called()
        self.clock.advance(2.5)
        answer.callback(Reply(200))
        self.successResultOf(call)

        self.assertEqual(2.5, self.value("trio2o_pod_call_seconds_sum", pod="Pod1", service="compute"))


class ObservedTokensTests(MetricsCase):
    """
    Look-ups of tokens.
    """

    def setUp(self) -> None:
        super().setUp()
        self.memory = MemoryTokens()
        self.tokens = ObservedTokens(self.memory, self.metrics.counter("trio2o_token_lookups"))

    def test_counted(self) -> None:
        """
        A token in the cache is a hit; the look that finds none counts nothing, the question to Keystone is a miss.
        """
        self.assertTrue(verifyObject(ITokenValidator, self.tokens))
        self.memory.at_keystone[b"new"] = an_identity(user_id="u2")

        self.assertEqual("u1", getattr(self.tokens.peek(TOKEN), "user_id", None))
        self.assertIsNone(self.tokens.peek(b"new"))
        found = self.successResultOf(Deferred.fromCoroutine(self.tokens.validate(b"new", b"service")))
        self.failureResultOf(Deferred.fromCoroutine(self.tokens.validate(b"unknown")), Unauthorized)

        self.assertEqual(("u2", (b"new", b"service")), (found.user_id, self.memory.asked[0]))
        self.assertEqual(1, self.value("trio2o_token_lookups_total", result="hit"))
        self.assertEqual(2, self.value("trio2o_token_lookups_total", result="miss"))

    def test_service_tokens(self) -> None:
        """
        Whether a service token is good is the validator's to say.
        """
        self.memory.services.add(b"service")
        for token, good in ((b"service", True), (b"other", False)):
            self.assertIs(good, self.successResultOf(Deferred.fromCoroutine(self.tokens.vouches(token))))


class WatchedTests(GraphCase):
    """
    The gauges.
    """

    def test_gauges(self) -> None:
        """
        What the parts say of themselves is shown, from the time they are made.
        """
        (admin,) = (served for served in self.graph.surfaces if served.name == "admin")
        text = self.exposition(admin)

        for line in (
            "trio2o_state_ready 0.0",
            "trio2o_state_current 0.0",
            "trio2o_state_change 0.0",
            "trio2o_database_up 1.0",
            "trio2o_database_connections_in_use 1.0",
            "trio2o_outbox_writes 0.0",
            "trio2o_token_cache_entries 0.0",
            "trio2o_route_cache_entries 0.0",
            'trio2o_requests_in_progress{surface="compute"} 0.0',
            'trio2o_client_connections{surface="admin"} 1.0',
        ):
            with self.subTest(line=line):
                self.assertIn(line, text)

    def exposition(self, admin: ServedSurface) -> list[str]:
        """
        What Prometheus reads.
        """
        channel: Any = admin.site.buildProtocol(None)
        transport = ClientTransport()
        channel.makeConnection(transport)
        channel.dataReceived(b"GET /metrics HTTP/1.0\r\nHost: t\r\n\r\n")
        return transport.value().decode().splitlines()
