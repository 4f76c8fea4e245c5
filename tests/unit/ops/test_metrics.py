"""
What Prometheus is told.
"""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from treq.testing import StubTreq
from twisted.trial.unittest import SynchronousTestCase

from trio2o.ops.metric_table import COUNTED, WATCHED
from trio2o.ops.metrics import Metrics, MetricsResource


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """
    Every sample of the exposition by its name and labels.
    """
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


def labels(**pairs: str) -> frozenset[tuple[str, str]]:
    """
    Labels as :func:`samples` has them.
    """
    return frozenset(pairs.items())


class MetricsTests(SynchronousTestCase):
    """
    Counters, histograms and gauges.
    """

    def test_requests(self) -> None:
        """
        Requests are counted by class of status; their times by operation alone.
        """
        metrics = Metrics()
        for status, seconds in ((200, 0.004), (202, 0.02), (404, 0.5)):
            metrics.request("compute", "GET", "/servers/{id}", status, seconds)
        shown = samples(metrics)
        where = {"surface": "compute", "method": "GET", "operation": "/servers/{id}"}
        self.assertEqual(shown["trio2o_requests_total", labels(status="2xx", **where)], 2)
        self.assertEqual(shown["trio2o_requests_total", labels(status="4xx", **where)], 1)
        self.assertEqual(shown["trio2o_request_seconds_count", labels(**where)], 3)
        self.assertAlmostEqual(shown["trio2o_request_seconds_sum", labels(**where)], 0.524)
        self.assertEqual(shown["trio2o_request_seconds_bucket", labels(le="0.005", **where)], 1)
        self.assertEqual(shown["trio2o_request_seconds_bucket", labels(le="0.025", **where)], 2)

    def test_invented_method(self) -> None:
        """
        Methods that clients invent share one series.
        """
        metrics = Metrics()
        for number in range(50):
            metrics.request("compute", f"X{number}", "unmatched", 405, 0.0)
        where = {"surface": "compute", "method": "other", "operation": "unmatched"}
        self.assertEqual(samples(metrics)["trio2o_requests_total", labels(status="4xx", **where)], 50)

    def test_odd_status(self) -> None:
        """
        A status that is none is counted too.
        """
        metrics = Metrics()
        for status in (999, -1, 0):
            metrics.pod_call("Pod1", "compute", status, 0.0)
        shown = samples(metrics)
        pod = {"pod": "Pod1", "service": "compute"}
        self.assertEqual(shown["trio2o_pod_calls_total", labels(outcome="other", **pod)], 2)
        self.assertEqual(shown["trio2o_pod_calls_total", labels(outcome="0xx", **pod)], 1)

    def test_pod_calls(self) -> None:
        """
        Calls to pods are counted by how they ended.
        """
        metrics = Metrics()
        metrics.pod_call("Pod1", "volume", 503, 0.1)
        metrics.pod_call("Pod1", "volume", "timeout", 30.0)
        shown = samples(metrics)
        pod = {"pod": "Pod1", "service": "volume"}
        self.assertEqual(shown["trio2o_pod_calls_total", labels(outcome="5xx", **pod)], 1)
        self.assertEqual(shown["trio2o_pod_calls_total", labels(outcome="timeout", **pod)], 1)
        self.assertEqual(shown["trio2o_pod_call_seconds_count", labels(**pod)], 2)

    def test_lookups_and_missing_pods(self) -> None:
        """
        Token look-ups, route look-ups and pods left out have their counters.
        """
        metrics = Metrics()
        metrics.counter("trio2o_token_lookups")("hit", count=2)
        metrics.counter("trio2o_token_lookups")("hit")
        metrics.counter("trio2o_route_lookups")("hit")
        metrics.counter("trio2o_merge_missing_pods")("volume", "Pod2")
        shown = samples(metrics)
        self.assertEqual(shown["trio2o_token_lookups_total", labels(result="hit")], 3)
        self.assertEqual(shown["trio2o_route_lookups_total", labels(source="hit")], 1)
        self.assertEqual(shown["trio2o_merge_missing_pods_total", labels(surface="volume", pod="Pod2")], 1)

    def test_watched(self) -> None:
        """
        A gauge is read from its owner at each exposition, and not before.
        """
        metrics = Metrics()
        waiting: list[int] = []
        metrics.watch("trio2o_outbox_writes", lambda: len(waiting))
        states = {("Pod1", "compute"): 2.0}
        metrics.watch_each("trio2o_pod_breaker_state", lambda: states)
        waiting.append(1)
        self.assertEqual(samples(metrics)["trio2o_outbox_writes", labels()], 1)
        states["Pod1", "volume"] = 0.0
        shown = samples(metrics)
        self.assertEqual(shown["trio2o_pod_breaker_state", labels(pod="Pod1", service="compute")], 2)
        self.assertEqual(shown["trio2o_pod_breaker_state", labels(pod="Pod1", service="volume")], 0)

    def test_watched_names(self) -> None:
        """
        A gauge that is not in the table, has the other form, or is watched twice is refused.
        """
        metrics = Metrics()
        self.assertRaises(KeyError, metrics.watch, "trio2o_other", lambda: 0.0)
        self.assertRaises(ValueError, metrics.watch, "trio2o_pod_breaker_state", lambda: 0.0)
        self.assertRaises(ValueError, metrics.watch_each, "trio2o_outbox_writes", dict)
        metrics.watch("trio2o_outbox_writes", lambda: 0.0)
        self.assertRaises(ValueError, metrics.watch, "trio2o_outbox_writes", lambda: 0.0)

    def test_own_registry(self) -> None:
        """
        Two services in one process do not see each other's numbers.
        """
        one, other = Metrics(), Metrics()
        one.counter("trio2o_token_lookups")("miss")
        self.assertNotIn(("trio2o_token_lookups_total", labels(result="miss")), samples(other))

    def test_process(self) -> None:
        """
        The process's memory is shown.
        """
        self.assertGreater(samples(Metrics())["process_resident_memory_bytes", labels()], 0)

    def test_documented(self) -> None:
        """
        The operators' guide names every metric of ours.
        """
        families = text_string_to_metric_families(Metrics().exposition().decode())
        ours = {family.name for family in families if family.name.startswith("trio2o_")}
        guide = (Path(__file__).parents[3] / "docs" / "operate.rst").read_text(encoding="utf-8")
        self.assertGreater(len(ours), 6)
        for name in ours | WATCHED.keys() | COUNTED.keys():
            self.assertTrue(f"``{name}``" in guide or f"``{name}_total``" in guide, name)


class MetricsResourceTests(SynchronousTestCase):
    """
    ``GET /metrics``.
    """

    def test_get(self) -> None:
        """
        The exposition comes in the text format.
        """
        metrics = Metrics()
        metrics.counter("trio2o_token_lookups")("hit")
        client = StubTreq(MetricsResource(metrics))
        response = self.successResultOf(client.get("http://gateway/"))
        self.assertEqual(response.code, 200)
        kind = response.headers.getRawHeaders(b"content-type")
        self.assertEqual(kind, [b"text/plain; version=0.0.4; charset=utf-8"])
        body = self.successResultOf(response.content())
        self.assertIn(b'trio2o_token_lookups_total{result="hit"} 1.0\n', body)

    def test_other_method(self) -> None:
        """
        It is only read.
        """
        response = self.successResultOf(StubTreq(MetricsResource(Metrics())).post("http://gateway/"))
        self.assertEqual(response.code, 405)
