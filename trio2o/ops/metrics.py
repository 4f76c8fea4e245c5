"""
What Prometheus is told. One registry per service; nothing global.

Counters and histograms are fed as things happen; gauges are read from their owners when Prometheus asks, so
that they cost nothing in between. Labels hold names of surfaces, operations and pods, never ids, tokens or
paths (I17).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from twisted.web.iweb import IRequest
from twisted.web.resource import Resource

#: Seconds; a proxied read takes a few milliseconds, a create at a busy pod a minute.
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

#: The text format that every Prometheus reads.
EXPOSITION_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

#: The gauges that a service may show: what each is, and its labels.
WATCHED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "trio2o_requests_in_progress": ("Client requests under way.", ("surface",)),
    "trio2o_client_connections": ("Open connections of clients, idle ones too.", ("surface",)),
    "trio2o_pod_breaker_state": (
        "The breaker of a pod's service: 0 closed, 1 half open, 2 open.",
        ("pod", "service"),
    ),
    "trio2o_pod_state": ("1 for the state of a pod that counts, 0 for the others.", ("pod", "state")),
    "trio2o_pod_calls_in_progress": ("Calls to a pod under way.", ("pod",)),
    "trio2o_state_ready": ("1 once pods and bindings were read from the database.", ()),
    "trio2o_state_current": ("1 while the database's changes are followed.", ()),
    "trio2o_state_change": ("The number of the last change of pods or bindings that this process knows.", ()),
    "trio2o_database_up": ("1 while the database answers.", ()),
    "trio2o_identity_up": ("1 when Keystone answered the last request to it.", ()),
    "trio2o_database_connections_in_use": ("Database connections that a query holds.", ()),
    "trio2o_outbox_writes": ("Writes that wait for the database to be back.", ()),
    "trio2o_token_cache_entries": ("Tokens in the cache.", ()),
    "trio2o_route_cache_entries": ("Routes in the cache.", ()),
    "trio2o_jobs_leader": ("1 in the process that compares routes with pods and settles keyed creates.", ()),
    "trio2o_route_checks_distrusted": (
        "1 while no route to a pod's service ends, because it says of most that they are not there.",
        ("pod", "service"),
    ),
    "trio2o_pod_room_free": (
        "What is left of a pod's resource, claims counted; below 0 where more is promised than may be.",
        ("pod", "resource"),
    ),
    "trio2o_pod_room_limit": (
        "What may be promised of a pod's resource: overcommitment in, headroom out.",
        ("pod", "resource"),
    ),
    "trio2o_pod_room_claimed": (
        "What was placed in a pod, by all processes, and is not in its usage yet.",
        ("pod", "resource"),
    ),
    "trio2o_pod_offers_age_seconds": (
        "How long ago a pod's flavors and volume types were collected.",
        ("pod",),
    ),
    "trio2o_pod_marks": (
        "How many sorts of creates are kept away from a pod because it has lately refused such.",
        ("pod", "lack"),
    ),
    "trio2o_pod_usage_age_seconds": ("How long ago a pod's usage was collected.", ("pod",)),
    "trio2o_usage_collector": ("1 in the process that asks pods for their usage.", ()),
    "trio2o_access_log_lines_lost": ("Access log lines that could not be written since the start.", ()),
}

#: The methods that OpenStack's clients send. A label with whatever a client calls a method would grow
#: without bound.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_STATUS_CLASSES = ("0xx", "1xx", "2xx", "3xx", "4xx", "5xx")


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
        self._tokens = Counter(
            "trio2o_token_lookups",
            "Look-ups of users' tokens: hit, or miss (Keystone, or the memory of its refusals, was asked).",
            ("result",),
            registry=self._registry,
        )
        self._routes = Counter(
            "trio2o_route_lookups",
            "Look-ups of routes, by where the route was found: memory, database, pods, or nowhere.",
            ("source",),
            registry=self._registry,
        )
        self._missing = Counter(
            "trio2o_merge_missing_pods",
            "How often a pod was left out of a merged answer.",
            ("surface", "pod"),
            registry=self._registry,
        )
        self._route_checks = Counter(
            "trio2o_route_checks",
            "Routes that the cleaner asked pods about, by what was said: present, absent, or unclear.",
            ("pod", "result"),
            registry=self._registry,
        )
        self._routes_ended = Counter(
            "trio2o_routes_ended",
            "Routes that the cleaner ended, because the pod no longer has the resource.",
            ("pod",),
            registry=self._registry,
        )
        self._tombstones_pruned = Counter(
            "trio2o_tombstones_pruned",
            "Places of ended resources that were forgotten because of their age.",
            ("pod",),
            registry=self._registry,
        )
        self._news = Counter(
            "trio2o_news",
            "Pieces of news between the processes, by what became of them: told, heard, or lost.",
            ("result",),
            registry=self._registry,
        )
        self._keyed_creates = Counter(
            "trio2o_keyed_creates",
            "Creates with an Idempotency-Key: first, repeated, unsettled (the first is under way, or nobody knows how it "
            "ended), or other (the key was used for another request).",
            ("result",),
            registry=self._registry,
        )
        self._intents_settled = Counter(
            "trio2o_intents_settled",
            "Keyed creates whose answer was lost, by what the pod was asked and said: found, or freed (never made).",
            ("result",),
            registry=self._registry,
        )
        # labels() checks and joins its arguments on every call; the children are therefore kept.
        self._request_children: dict[tuple[str, str, str, int], tuple[Counter, Histogram]] = {}
        self._call_children: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        self._lookup_children: dict[tuple[str, str], Counter] = {}
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

    def token_lookup(self, result: str) -> None:
        """
        Count one look-up of a user's token: ``hit``, or ``miss``, which a refusal remembered is too.
        """
        self._lookup(self._tokens, "token", result)

    def route_lookup(self, source: str) -> None:
        """
        Count one look-up of a route: found in ``memory``, ``database``, ``pods`` or ``nowhere``.
        """
        self._lookup(self._routes, "route", source)

    def missing_pods(self, surface: str, pods: Iterable[str]) -> None:
        """
        Count the pods that were left out of one merged answer (I8).
        """
        for pod in pods:
            self._missing.labels(surface, pod).inc()

    def route_checked(self, pod: str, result: str) -> None:
        """
        Count one question of the cleaner's: ``present``, ``absent`` or ``unclear``.
        """
        self._route_checks.labels(pod, result).inc()

    def route_ended(self, pod: str) -> None:
        """
        Count one route that the cleaner ended.
        """
        self._routes_ended.labels(pod).inc()

    def tombstones_pruned(self, pod: str, count: int) -> None:
        """
        Count a pod's tombstones that were removed.
        """
        self._tombstones_pruned.labels(pod).inc(count)

    def news(self, result: str) -> None:
        """
        Count what this process told the others or heard of them: ``told``, ``heard`` or ``lost``.
        """
        self._lookup(self._news, "news", result)

    def keyed_create(self, result: str) -> None:
        """
        Count one create with a key: ``first``, ``repeated``, ``unsettled`` or ``other``.
        """
        self._keyed_creates.labels(result).inc()

    def intent_settled(self, result: str) -> None:
        """
        Count one keyed create whose end was asked of its pod: ``found`` or ``freed``.
        """
        self._intents_settled.labels(result).inc()

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

    def _lookup(self, counter: Counter, kind: str, result: str) -> None:
        child = self._lookup_children.get((kind, result))
        if child is None:
            child = self._lookup_children[kind, result] = counter.labels(result)
        child.inc()


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
