"""
What is shared by all calls to one pod.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from trio2o.model import Pod
from trio2o.pods.agent import ForwardingClient
from trio2o.pods.answer import PodAnswer
from trio2o.pods.breaker import Breaker
from trio2o.pods.gate import Gate

_log = Logger()


@define(kw_only=True, eq=False)
class Line:
    """
    The way to one pod: its clients and breakers by service, its gate, and the answers whose bodies are under way.

    Each service has a breaker of its own: a Nova that is down says nothing about the Cinder beside it.
    """

    clock: IReactorTime
    pod_id: str
    #: The breakers of all pods that are not closed, by service and pod id.
    troubled: dict[str, dict[str, Breaker]]
    gate: Gate
    #: Makes the breaker of a service that is called for the first time.
    build_breaker: Callable[[], Breaker]
    #: Seconds that a wanted body may stand still; it is dropped before half as long again has passed.
    body_timeout: float
    answer_timeout: float = field(default=0.0, init=False)
    pod: Pod | None = field(default=None, init=False)
    #: By service type: the URL that a client was made for, and the client.
    clients: dict[str, tuple[str, ForwardingClient]] = field(factory=dict, init=False)
    #: By service type.
    breakers: dict[str, Breaker] = field(factory=dict, init=False)
    _bodies: set[PodAnswer] = field(factory=set, init=False)
    _sweeper: IDelayedCall | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """
        The pod's name.
        """
        return self.pod.name if self.pod is not None else ""

    def breaker(self, service: str) -> Breaker:
        """
        The breaker of one service.
        """
        breaker = self.breakers.get(service)
        if breaker is None:
            breaker = self.breakers[service] = self.build_breaker()
        return breaker

    def admits(self, service: str | None, now: float) -> bool:
        """
        True when a call to a service would be let through; to all that were called, where none is named.
        """
        if service is None:
            return all(breaker.admits(now) for breaker in self.breakers.values())
        breaker = self.breakers.get(service)
        return breaker is None or breaker.admits(now)

    def reached(self, service: str, ticket: int) -> None:
        """
        The pod's service answered.
        """
        if self.breakers[service].succeeded(ticket):
            self.troubled.get(service, {}).pop(self.pod_id, None)
            _log.info(
                "{pod} answers for {service} again; the breaker is closed", pod=self.name, service=service
            )

    def missed(self, service: str, ticket: int, reason: str) -> None:
        """
        The pod's service did not answer.
        """
        if self.breakers[service].failed(ticket, self.clock.seconds(), reason):
            if not self._closed:
                self.troubled.setdefault(service, {})[self.pod_id] = self.breakers[service]
            _log.warn(
                "{pod} does not answer for {service}; the breaker is open: {reason}",
                pod=self.name,
                service=service,
                reason=reason,
            )

    def watch(self, answer: PodAnswer) -> None:
        """
        An answer whose body is under way, until :meth:`ended`.
        """
        self._bodies.add(answer)
        if self._sweeper is None:
            self._sweeper = self.clock.callLater(self.body_timeout / 2, self._sweep, frozenset())

    def ended(self, answer: PodAnswer) -> None:
        """
        A body has ended, one way or another; once more is no matter.
        """
        if answer in self._bodies:
            self._bodies.remove(answer)
            self.gate.leave()
            if not self._bodies and self._sweeper is not None:
                self._sweeper.cancel()
                self._sweeper = None

    def close(self) -> None:
        """
        Close idle connections now and the others when they are done. What those tell of the pod counts no more.
        """
        self._closed = True
        for troubled in self.troubled.values():
            troubled.pop(self.pod_id, None)
        for _, client in self.clients.values():
            client.close()
        self.clients.clear()

    def _sweep(self, suspects: frozenset[PodAnswer]) -> None:
        # Half the timeout apart: who stood still at two looks in a row did so for at least the whole of it.
        self._sweeper = None
        still = frozenset(answer for answer in tuple(self._bodies) if answer.stalled())
        for answer in still & suspects:
            _log.info("{pod}: a body stood still for {seconds} s", pod=self.name, seconds=self.body_timeout)
            answer.drop()
        if self._bodies and self._sweeper is None:
            self._sweeper = self.clock.callLater(self.body_timeout / 2, self._sweep, still)
