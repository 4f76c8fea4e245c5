"""
Zones of users' own making: those that an aggregate names and no pod is in, made of the hosts that the aggregate has.

Users know them by the names that they have in the pods. What pods themselves have of such zones, users never see.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen
from twisted.internet.defer import Deferred

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Inbound
from trio2o.interfaces import ISharedIds, IState
from trio2o.model import Pod, PodState, RequestContext
from trio2o.model.shared import SharedResource
from trio2o.rewriting.aggregates import ZONE
from trio2o.shared.aggregates import KIND
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.pages import object_in

#: Where a pod lists its zones, which every user may read.
ZONES = "/v2.1/os-availability-zone"

#: Asks a pod for :data:`ZONES`: the JSON object that it answers, ``None`` for anything else.
AskZones = Callable[[Pod], Coroutine[Deferred[Any], Any, Mapping[str, Any] | None]]


@frozen(kw_only=True)
class FoundZones:
    """
    What pods say of these zones.
    """

    #: By name, the pods that have hosts there.
    pods: Mapping[str, Sequence[Pod]]
    #: By name, those of them that say that it is available.
    open: Mapping[str, Sequence[Pod]]
    #: What came of asking the pods that do not tell: each may have hosts in any of them.
    silent: Sequence[PodFailure | GatewayError] = ()


@define(kw_only=True)
class OwnZones:
    """
    Knows their names, and asks pods which of them they have. A zone without a host is none, as in one cloud.
    """

    _ids: ISharedIds
    _state: IState
    #: What the names were read from last, and they.
    _known: tuple[Sequence[SharedResource], Sequence[Pod], frozenset[str]] = field(
        default=((), (), frozenset()), init=False
    )

    def names(self) -> frozenset[str]:
        """
        What aggregates that all pods have name beside the pods' zones; hosts or not.
        """
        wanted, pods = self._ids.resources(KIND), self._state.pods()
        if wanted is not self._known[0] or pods is not self._known[1]:
            zones = {resource.document.get("metadata", {}).get(ZONE) for resource in wanted}
            of_pods = {name for pod in pods for name in (pod.az_name, pod.pod_az_name)}
            names = frozenset(zone for zone in zones if isinstance(zone, str) and zone not in of_pods)
            self._known = (wanted, pods, names)
        return self._known[2]

    async def found(self, ask: AskZones) -> FoundZones:
        """
        Ask all pods, if there are such zones at all.
        """
        names = self.names()
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED] if names else []
        answers = await gathered([ask(pod) for pod in pods], (PodFailure, GatewayError))
        zones: dict[str, list[Pod]] = {}
        open_zones: dict[str, list[Pod]] = {}
        silent: list[PodFailure | GatewayError] = []
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, PodFailure | GatewayError):
                silent.append(said)
                continue
            listed = None if said is None or isinstance(said, Exception) else said.get("availabilityZoneInfo")
            if not isinstance(listed, list):
                silent.append(PodFailure(pod.name, "it does not list its zones", sent=True))
                continue
            for shown in listed:
                name = shown.get("zoneName") if isinstance(shown, dict) else None
                if isinstance(name, str) and name in names:
                    zones.setdefault(name, []).append(pod)
                    if is_open(shown):
                        open_zones.setdefault(name, []).append(pod)
        return FoundZones(pods=zones, open=open_zones, silent=silent)

    async def pods_with(self, zone: str, ask: AskZones) -> frozenset[str]:
        """
        The ids of the pods that have hosts in a zone.

        :raises GatewayError: if none says so, and one does not answer.
        """
        found = await self.found(ask)
        if zone not in found.pods and found.silent:
            why = found.silent[0]
            raise told(why) if isinstance(why, PodFailure) else why
        return frozenset(pod.id for pod in found.pods.get(zone, ()))


def is_open(shown: Mapping[str, Any]) -> bool:
    """
    Whether a pod that lists a zone says that it is available: one of its hosts is enabled and there.
    """
    state = shown.get("zoneState")
    return isinstance(state, dict) and state.get("available") is True


def asking(forwarder: Forwarder, inbound: Inbound, context: RequestContext, budget: float) -> AskZones:
    """
    Asks with the token of whoever asks us.

    :param budget: seconds that a pod has.
    """

    async def ask(pod: Pod) -> Mapping[str, Any] | None:
        status, raw = await forwarder.ask(
            inbound, context, pod, "compute", ZONES.encode("ascii"), budget=budget
        )
        return object_in(raw) if status == 200 else None

    return ask
