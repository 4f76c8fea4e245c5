"""
Zones of users' own making: those that an aggregate names and no pod is in, made of the hosts that the aggregate has.

Users know them by the names that they have in the pods. What pods themselves have of such zones, users never see.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from trio2o.errors import PodFailure
from trio2o.exchange import Inbound
from trio2o.interfaces import ISharedIds, IState
from trio2o.model import Pod, PodState, RequestContext
from trio2o.model.shared import SharedResource
from trio2o.rewriting.aggregates import ZONE
from trio2o.shared.aggregates import KIND
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.forwarding import Forwarder, told
from trio2o.strategies.pages import object_in

_ZONES = b"/v2.1/os-availability-zone"


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

    async def of_pods(
        self, forwarder: Forwarder, inbound: Inbound, context: RequestContext, budget: float
    ) -> tuple[dict[str, list[Pod]], list[PodFailure]]:
        """
        These zones with the pods that have hosts in them, and what came of asking the other pods.
        """
        names = self.names()
        pods = [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED] if names else []
        answers = await gathered(
            [forwarder.ask(inbound, context, pod, "compute", _ZONES, budget=budget) for pod in pods],
            (PodFailure,),
        )
        zones: dict[str, list[Pod]] = {}
        silent: list[PodFailure] = []
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, PodFailure):
                silent.append(said)
            if isinstance(said, Exception):
                continue
            listed = (object_in(said[1]) or {}).get("availabilityZoneInfo")
            for shown in listed if isinstance(listed, list) else ():
                name = shown.get("zoneName") if isinstance(shown, dict) else None
                if isinstance(name, str) and name in names:
                    zones.setdefault(name, []).append(pod)
        return zones, silent

    async def pods_with(
        self, zone: str, forwarder: Forwarder, inbound: Inbound, context: RequestContext, budget: float
    ) -> frozenset[str]:
        """
        The ids of the pods that have hosts in a zone.

        :raises GatewayError: if none says so, and one does not answer.
        """
        zones, silent = await self.of_pods(forwarder, inbound, context, budget)
        if zone not in zones and silent:
            raise told(silent[0])
        return frozenset(pod.id for pod in zones.get(zone, ()))
