"""
Asks every pod again and again whether it is there, and what its version documents say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from trio2o.errors import PodFailure
from trio2o.exchange import PodCall
from trio2o.interfaces import IPodFactsBook
from trio2o.model import Pod, PodState
from trio2o.pods.client import TreqPods
from trio2o.pods.versions import PodFacts, ServiceFacts, parse_versions

_log = Logger()

#: Where the version documents are, by service, best first: the list of all versions needs no token anywhere.
DOCUMENTS = {"compute": (b"/", b"/v2.1/"), "volume": (b"/", b"/v3/")}

#: A version document is some kilobytes.
_LIMIT = 262_144


@implementer(IPodFactsBook)
@define(kw_only=True, eq=False)
class PodMonitor(Service):
    """
    Probes each pod once in every interval, at a random moment of its first part, so that pods are not asked in step.

    The probes go through the breakers, open ones too: so a pod that comes back is used within one interval.
    """

    _clock: IReactorTime
    _client: TreqPods
    #: The pods that are registered now, without the top region.
    _pods: Callable[[], Sequence[Pod]]
    _random: Random
    #: Seconds.
    _interval: float = 15.0
    #: The share of an interval over which its probes are spread.
    _spread: float = 0.5
    #: Seconds for one answer.
    _budget: float = 10.0
    _facts: dict[str, PodFacts] = field(factory=dict, init=False)
    _tick: IDelayedCall | None = field(default=None, init=False)
    #: Probes that wait for their moment, by pod id.
    _waiting: dict[str, IDelayedCall] = field(factory=dict, init=False)
    #: Probes under way, by pod id.
    _running: dict[str, Deferred[None]] = field(factory=dict, init=False)

    def startService(self) -> None:
        super().startService()
        self._round(at_once=True)

    def stopService(self) -> Deferred[list[tuple[bool, None]]]:
        super().stopService()
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        for call in self._waiting.values():
            call.cancel()
        self._waiting.clear()
        running = list(self._running.values())
        for probe in running:
            probe.cancel()
        return DeferredList(running)

    def facts(self, pod_id: str) -> PodFacts | None:
        """
        What a pod said last; ``None`` while it has said nothing.
        """
        return self._facts.get(pod_id)

    def link_prefixes(self, pod_id: str, service: str) -> Sequence[bytes]:
        known = self._facts.get(pod_id)
        said = known.services.get(service) if known is not None else None
        if said is not None:
            return said.link_prefixes
        # Until the pod has said it: what it is reached by is the likeliest.
        for pod in self._pods():
            if pod.id == pod_id:
                root = self._client.endpoint(pod, service)
                return () if root is None else (root.encode("ascii", "replace"),)
        return ()

    def microversions(self, service: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
        said = [facts.services[service] for facts in self._facts.values() if service in facts.services]
        if not said:
            return None
        lowest = max(one.microversion_min for one in said)
        highest = min(one.microversion_max for one in said)
        return (lowest, highest) if lowest <= highest else None

    async def probe(self, pod: Pod) -> None:
        """
        Ask a pod for its version documents and take over what it says; a pod that is down keeps what it said before.
        """
        for service, targets in DOCUMENTS.items():
            if self._client.endpoint(pod, service) is None:
                continue
            try:
                said = await self._ask(pod, service, targets)
            except PodFailure as failure:
                _log.info(
                    "{pod} does not answer for {service}: {reason}",
                    pod=pod.name,
                    service=service,
                    reason=failure.reason,
                )
                continue
            self._learn(pod, service, said)

    async def _ask(self, pod: Pod, service: str, targets: Sequence[bytes]) -> ServiceFacts | None:
        for target in targets:
            call = PodCall(
                service=service,
                method=b"GET",
                target=target,
                headers=[(b"Accept", b"application/json"), (b"User-Agent", b"trio2o")],
                budget=self._budget,
            )
            answer = await self._client.probe(pod, call)
            said = parse_versions(service, await answer.read(_LIMIT))
            if said is not None:
                return said
        return None

    def _learn(self, pod: Pod, service: str, said: ServiceFacts | None) -> None:
        now = self._clock.seconds()
        known = self._facts.get(pod.id) or PodFacts(last_seen=now)
        if said is None:
            _log.info("{pod}: no version document of {service} is understood", pod=pod.name, service=service)
            self._facts[pod.id] = evolve(known, last_seen=now)
            return
        if known.services.get(service) != said:
            _log.info(
                "{pod}: {service} speaks {lowest} to {highest}, its links begin with {prefixes}",
                pod=pod.name,
                service=service,
                lowest="{}.{}".format(*said.microversion_min),
                highest="{}.{}".format(*said.microversion_max),
                prefixes=b", ".join(said.link_prefixes).decode("ascii", "replace"),
            )
        self._facts[pod.id] = evolve(known, services={**known.services, service: said}, last_seen=now)

    def _round(self, *, at_once: bool = False) -> None:
        pods = {pod.id: pod for pod in self._pods() if not pod.is_top and pod.state is not PodState.DISABLED}
        self._client.retain(pods)
        for gone in self._facts.keys() - pods.keys():
            del self._facts[gone]
        for pod_id, pod in pods.items():
            if pod_id in self._waiting or pod_id in self._running:
                continue
            delay = 0.0 if at_once else self._random.uniform(0.0, self._spread * self._interval)
            self._waiting[pod_id] = self._clock.callLater(delay, self._begin, pod)
        self._tick = self._clock.callLater(self._interval, self._round)

    def _begin(self, pod: Pod) -> None:
        del self._waiting[pod.id]
        probe = Deferred.fromCoroutine(self.probe(pod))
        self._running[pod.id] = probe
        probe.addBoth(self._ended, pod)

    def _ended(self, result: Failure | None, pod: Pod) -> None:
        del self._running[pod.id]
        if isinstance(result, Failure) and not result.check(CancelledError):
            _log.failure("a probe of {pod} failed", failure=result, pod=pod.name)
