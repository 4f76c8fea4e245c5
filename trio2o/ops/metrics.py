"""
What Prometheus is told. One registry per service; nothing global.

Counters and histograms are fed as things happen; gauges are read from their owners when Prometheus asks, so
that they cost nothing in between. Labels hold names of surfaces, operations and pods, never ids, tokens or
paths (I17).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource

from trio2o.ops.metric_table import COUNTED, WATCHED

#: Seconds; a proxied read takes a few milliseconds, a create at a busy pod a minute.
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

#: The text format that every Prometheus reads.
EXPOSITION_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

#: The methods that OpenStack's clients send. A label with whatever a client calls a method would grow
#: without bound.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_STATUS_CLASSES = ("0xx", "1xx", "2xx", "3xx", "4xx", "5xx")


class Counts:
    """
    One counter, told of what happened.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._children: dict[tuple[str, ...], Counter] = {}

    def __call__(self, *labels: str, count: int = 1) -> None:
        """
        Count so many more of these labels: a bounded number of values.
        """
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._counter.labels(*labels)
        child.inc(count)


class Metrics:
    """
    The numbers of one service.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "trio2o_requests",
            "Client requests that were answered, by class of status.",
            ("surface", "method", "operation", "status"),
            registry=self._registry,
        )
        self._request_seconds = Histogram(
            "trio2o_request_seconds",
            "From the head of a client's request to the end of its answer.",
            ("surface", "method", "operation"),
            buckets=LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._pod_calls = Counter(
            "trio2o_pod_calls",
            "Calls to pods, by how they ended: a class of status, unreachable, timeout, broken, cancelled.",
            ("pod", "service", "outcome"),
            registry=self._registry,
        )
        self._pod_call_seconds = Histogram(
            "trio2o_pod_call_seconds",
            "From the sending of a call to the head of the pod's answer, or to its failure.",
            ("pod", "service"),
            buckets=LATENCY_BUCKETS,
            registry=self._registry,
        )
        self._counts = {
            name: Counts(Counter(name, documentation, labels, registry=self._registry))
            for name, (documentation, labels) in COUNTED.items()
        }
        # labels() checks and joins its arguments on every call; the children are therefore kept.
        self._request_children: dict[tuple[str, str, str, int], tuple[Counter, Histogram]] = {}
        self._call_children: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def request(self, surface: str, method: str, operation: str, status: int, seconds: float) -> None:
        """
        Count one answered request.

        :param operation: the operation's path with its parameters' names, or ``unmatched``: a bounded
            number of values.
        """
        if method not in _METHODS:
            method = "other"
        key = (surface, method, operation, status // 100)
        children = self._request_children.get(key)
        if children is None:
            children = self._request_children[key] = (
                self._requests.labels(surface, method, operation, _status_class(status)),
                self._request_seconds.labels(surface, method, operation),
            )
        children[0].inc()
        children[1].observe(seconds)

    def pod_call(self, pod: str, service: str, outcome: int | str, seconds: float) -> None:
        """
        Count one call to a pod.

        :param outcome: the status of its answer, or one word for the failure.
        """
        ended = _status_class(outcome) if isinstance(outcome, int) else outcome
        key = (pod, service, ended)
        children = self._call_children.get(key)
        if children is None:
            children = self._call_children[key] = (
                self._pod_calls.labels(pod, service, ended),
                self._pod_call_seconds.labels(pod, service),
            )
        children[0].inc()
        children[1].observe(seconds)

    def counter(self, name: str) -> Counts:
        """
        What counts one of :data:`COUNTED`: called with the values of its labels, and with how many at once where that is not one.
        """
        return self._counts[name]

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """
        Show one number of :data:`WATCHED`, read from its owner when Prometheus asks.
        """
        documentation, labels = WATCHED[name]
        if labels:
            raise ValueError(f"{name} has the labels {', '.join(labels)}")
        self._registry.register(_Watched(name, documentation, (), lambda: {(): read()}))

    def watch_each(self, name: str, read: Callable[[], Mapping[tuple[str, ...], float]]) -> None:
        """
        Show numbers of :data:`WATCHED` by their labels' values, read from their owner when Prometheus asks.
        """
        documentation, labels = WATCHED[name]
        if not labels:
            raise ValueError(f"{name} has no label")
        self._registry.register(_Watched(name, documentation, labels, read))

    def exposition(self) -> bytes:
        """
        Everything in Prometheus's text format.
        """
        return generate_latest(self._registry)


class _Watched(Collector):
    """
    A gauge whose value is somebody else's.
    """

    def __init__(
        self,
        name: str,
        documentation: str,
        labels: tuple[str, ...],
        read: Callable[[], Mapping[tuple[str, ...], float]],
    ) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = labels
        self._read = read

    def describe(self) -> Iterator[Metric]:
        """
        The name alone, so that two gauges of one name are refused without reading either.
        """
        yield GaugeMetricFamily(self._name, self._documentation)

    def collect(self) -> Iterator[Metric]:
        """
        The values of this moment.
        """
        family = GaugeMetricFamily(self._name, self._documentation, labels=self._labels)
        for values, number in self._read().items():
            family.add_metric(values, number)
        yield family


class MetricsResource(Resource):
    """
    ``GET /metrics``.

    Not prometheus_client's own resource: that one renders in the global reactor's thread pool.
    """

    isLeaf = True

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._metrics = metrics

    def render_GET(self, request: IRequest) -> bytes:
        """
        The exposition; ``HEAD`` gets its head.
        """
        body = self._metrics.exposition()
        request.setHeader(b"content-type", EXPOSITION_TYPE)
        return body


def _status_class(status: int) -> str:
    return _STATUS_CLASSES[status // 100] if 0 <= status < 600 else "other"
