"""
The client that every request to a pod goes through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import define, field, frozen
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from trio2o.errors import PodUnreachable
from trio2o.exchange import PodCall
from trio2o.interfaces import ICatalog, IPodAnswer, IPodClient
from trio2o.model import Pod
from trio2o.pods.addresses import parse_root
from trio2o.pods.agent import ForwardingClient, PodAgent
from trio2o.pods.breaker import Breaker, BreakerState
from trio2o.pods.call import Call
from trio2o.pods.connection import PodConnection
from trio2o.pods.endpoint import endpoint_for
from trio2o.pods.gate import Gate
from trio2o.pods.line import Line
from trio2o.pods.pool import ConnectionPool
from trio2o.surface.roots import root_url

_log = Logger()


@frozen(kw_only=True)
class PodDefaults:
    """
    What holds for a pod whose settings say nothing else. Durations are seconds.
    """

    #: Name look-up, TCP and TLS together.
    connect_timeout: float = 5.0
    #: From the request's last byte to the answer's head.
    answer_timeout: float = 60.0
    #: How long a body that is wanted may stand still.
    body_timeout: float = 60.0
    #: Requests under way at one pod at once.
    concurrency: int = 128
    #: Requests that may wait for one of those places.
    queue: int = 256
    #: How long an unused connection is kept; below the pod's own (Apache: 5 s).
    idle_timeout: float = 4.0
    #: Transport failures in a row that open the breaker.
    breaker_threshold: int = 5
    #: How long the breaker stays open before a probe.
    breaker_cool_down: float = 5.0


@implementer(IPodClient)
@define(kw_only=True, eq=False)
class TreqPods:
    """
    Pods over treq: persistent connections, breakers by service, a gate and time budgets for each.
    """

    _reactor: IReactorTime
    _catalog: ICatalog
    _defaults: PodDefaults = field(factory=PodDefaults)
    #: Makes the protocol of a connection: :class:`PodConnection`, or the lean one.
    _connection: Callable[..., Any] = PodConnection
    _lines: dict[str, Line] = field(factory=dict, init=False)
    #: The breakers that are not closed, by service and pod id.
    _troubled: dict[str, dict[str, Breaker]] = field(factory=dict, init=False)

    def call(self, pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        return self._call(pod, call, forced=False)

    def probe(self, pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        """
        As :meth:`call`, also while the breaker is open: the monitor's question whether the pod is back.
        """
        return self._call(pod, call, forced=True)

    def healthy(self, pod_id: str, service: str | None = None) -> bool:
        """
        See :class:`IPodClient`; a breaker whose probe is due counts as healthy, so that someone makes it.
        """
        line = self._lines.get(pod_id)
        return line is None or line.admits(service, self._reactor.seconds())

    def unhealthy(self, service: str) -> frozenset[str]:
        """
        The ids of the pods for which :meth:`healthy` is false; it looks at no others than those whose breaker is not closed.
        """
        troubled = self._troubled.get(service)
        if not troubled:
            return frozenset()
        now = self._reactor.seconds()
        return frozenset([pod_id for pod_id, breaker in troubled.items() if not breaker.admits(now)])

    def endpoint(self, pod: Pod, service: str) -> str | None:
        own = pod.settings.endpoints.get(service)
        return root_url(own) if own is not None else self._catalog.endpoint(pod.name, service)

    def breakers(self) -> dict[tuple[str, str], BreakerState]:
        """
        The states of the breakers by names of pods and services, for metrics.
        """
        return {
            (line.name, service): breaker.state
            for line in self._lines.values()
            if line.pod is not None
            for service, breaker in line.breakers.items()
        }

    def under_way(self) -> dict[str, int]:
        """
        Pod name to how many calls are under way, for metrics.
        """
        return {line.name: line.gate.inside for line in self._lines.values() if line.pod is not None}

    def retain(self, pod_ids: Iterable[str]) -> None:
        """
        Forget all pods but these, and close their idle connections.
        """
        for pod_id in self._lines.keys() - set(pod_ids):
            self._lines.pop(pod_id).close()

    def close(self) -> None:
        """
        Close every idle connection; those under way are closed when they are done.
        """
        self.retain(())

    def _call(self, pod: Pod, call: PodCall, *, forced: bool) -> Deferred[IPodAnswer]:
        line, service = self._line(pod), call.service
        breaker = line.breaker(service)
        ticket = breaker.admit(self._reactor.seconds(), forced=forced)
        if ticket is None:
            reason = f"its breaker is open: {breaker.reason}"
            return fail(PodUnreachable(pod.name, reason, sent=False))
        own = pod.settings.endpoints.get(service)
        url = own if own is not None else self._catalog.endpoint(pod.name, service)
        known = line.clients.get(service)
        if known is not None and known[0] == url:
            client = known[1]
        else:
            try:
                client = self._client(line, service, url)
            except ValueError as error:
                breaker.abandoned(ticket)
                return fail(PodUnreachable(pod.name, str(error), sent=False))
        return Call(line, client, call, ticket).start()

    def _line(self, pod: Pod) -> Line:
        line = self._lines.get(pod.id)
        if line is None:
            line = self._lines[pod.id] = Line(
                clock=self._reactor,
                pod_id=pod.id,
                troubled=self._troubled,
                gate=Gate(limit=1, queue=self._defaults.queue),
                build_breaker=lambda: Breaker(
                    threshold=self._defaults.breaker_threshold, cool_down=self._defaults.breaker_cool_down
                ),
                body_timeout=self._defaults.body_timeout,
            )
        if line.pod is not pod:
            self._adapt(line, pod)
        return line

    def _adapt(self, line: Line, pod: Pod) -> None:
        """
        Take over a pod's settings; connections stay where the settings are the same.
        """
        before, line.pod = line.pod, pod
        if before is not None and (before.name, before.settings) == (pod.name, pod.settings):
            return
        settings, defaults = pod.settings, self._defaults
        line.answer_timeout = _given(settings.answer_timeout, defaults.answer_timeout)
        line.gate.widen(int(_given(settings.concurrency, defaults.concurrency)))
        for service in tuple(line.clients):
            line.clients.pop(service)[1].close()

    def _client(self, line: Line, service: str, url: str | None) -> ForwardingClient:
        """
        The client for one service of a pod at this URL, in place of one for another URL.

        :raises ValueError: if the URL or the CA file is unusable.
        """
        pod, defaults = line.pod, self._defaults
        assert pod is not None
        replaced = line.clients.pop(service, None)
        if replaced is not None:
            replaced[1].close()
        if url is None:
            raise ValueError(f"neither its settings nor the catalog have an endpoint for {service}")
        address = parse_root(root_url(url))
        timeout = _given(pod.settings.connect_timeout, defaults.connect_timeout)
        make, secure = self._connection, address.secure
        client = ForwardingClient(
            PodAgent(
                address=address,
                pool=ConnectionPool(
                    clock=self._reactor,
                    endpoint=endpoint_for(self._reactor, address, pod.settings.ca_file, timeout),
                    build=lambda idle: make(idle, secure=secure),
                    size=line.gate.limit,
                    idle_timeout=defaults.idle_timeout,
                    connect_timeout=timeout,
                ),
            )
        )
        line.clients[service] = (url, client)
        _log.info("{pod}: {service} is at {url}", pod=pod.name, service=service, url=url)
        return client


def _given(own: float | None, default: float) -> float:
    return default if own is None else own
