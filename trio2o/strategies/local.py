"""
The strategy ``local``: answered from the daemon's own state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson
from attrs import define
from zope.interface import implementer

from trio2o.errors import BadRequest, Forbidden, GatewayError, NotFound, PodFailure
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IPodClient, IState, IStrategy
from trio2o.merging.zones import INTERNAL, hosts_by_zone, in_order
from trio2o.model import Pod, PodState, RequestContext
from trio2o.strategies.aggregate_parts import OF_ALL
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.own_zones import OwnZones, asking, is_open
from trio2o.strategies.pages import object_in

#: From this microversion on Nova takes no parameters here.
_STRICT_FROM = (2, 102)

#: Nova's words for whoever may not see hosts.
_NOT_DETAILED = "Policy doesn't allow os_compute_api:os-availability-zone:detail to be performed."


@implementer(IStrategy)
@define(kw_only=True)
class LocalStrategy:
    """
    Availability zones, plain and with their hosts.

    The zones are those of the configuration, whichever pods answer, and those that aggregates make of hosts. One is available
    while one of its pods takes new resources and answers.
    """

    _forwarder: Forwarder
    _state: IState
    _pods: IPodClient
    _own_zones: OwnZones
    #: Seconds that a pod has to tell its hosts.
    _budget: float

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See :class:`IStrategy`.
        """
        name = inbound.operation.options["name"]
        if context.surface == "compute":
            _check_parameters(inbound)
        if name == "zones":
            return await self._zones(inbound, context)
        if name == "zones_detail":
            return await self._zones_detail(inbound, context)
        raise NotFound("The resource could not be found.")

    def _by_zone(self) -> dict[str, list[Pod]]:
        zones: dict[str, list[Pod]] = {}
        for pod in self._state.pods():
            if pod.state is not PodState.DISABLED:
                zones.setdefault(pod.az_name, []).append(pod)
        return dict(sorted(zones.items()))

    def _available(self, pods: Sequence[Pod], service: str) -> bool:
        return any(pod.state is PodState.ENABLED and self._pods.healthy(pod.id, service) for pod in pods)

    async def _zones(self, inbound: Inbound, context: RequestContext) -> Answer:
        told_zones: list[dict[str, Any]] = []
        for zone, pods in self._by_zone().items():
            shown: dict[str, Any] = {
                "zoneName": zone,
                "zoneState": {"available": self._available(pods, context.surface)},
            }
            if context.surface == "compute":
                shown["hosts"] = None
            told_zones.append(shown)
        if context.surface != "compute":
            # Cinder lists zones as it finds them, whichever are available
            return _answer(told_zones)
        ask = asking(self._forwarder, inbound, context, self._budget)
        found = await self._own_zones.found(ask)
        # a pod that says nothing may have the hosts of any
        own = self._own_zones.names() if found.silent else found.pods
        told_zones += [
            {
                "zoneName": zone,
                "zoneState": {"available": self._available(found.open.get(zone, ()), "compute")},
                "hosts": None,
            }
            for zone in own
        ]
        return _answer(in_order(told_zones))

    async def _zones_detail(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        Each zone with the hosts of its pods, and ``internal`` with what is no compute host; a pod that refuses the caller
        decides for all. A zone of which no pod says anything has no hosts, as Nova shows one that is not available.

        :raises Forbidden: if no pod can say whether the caller may see hosts, and it is no admin.
        """
        zones = self._by_zone()
        pods = [pod for members in zones.values() for pod in members]
        deadline = self._forwarder.deadline(self._budget)
        given: list[tuple[Pod, list[dict[str, Any]]]] = []
        missing: list[Pod] = []
        answers = await gathered(
            [self._forwarder.whole(inbound, context, pod, deadline, body=None) for pod in pods],
            (PodFailure, GatewayError),
        )
        for pod, said in zip(pods, answers, strict=True):
            if isinstance(said, Exception):
                missing.append(pod)
                continue
            if said.status in OF_ALL:
                return said
            listed = _listed(said.body) if said.status == 200 else None
            if listed is None:
                missing.append(pod)
                continue
            given.append((pod, listed))
        if not given and not context.is_admin:
            raise Forbidden(_NOT_DETAILED)
        own = self._own_zones.names()
        hosts = hosts_by_zone(given, own)
        heard = {pod.az_name for pod, _ in given}
        told_zones = [
            {
                "zoneName": zone,
                "zoneState": {"available": self._available(members, context.surface)},
                "hosts": hosts.get(zone, {}) if zone in heard else None,
            }
            for zone, members in zones.items()
        ]
        # a pod that says nothing may have the hosts of any
        shown_besides = {INTERNAL, *own}.intersection(hosts) | (own if missing else frozenset())
        for zone in shown_besides.difference(zones):
            members = [
                pod
                for pod, listed in given
                if any(shown.get("zoneName") == zone and is_open(shown) for shown in listed)
            ]
            available = zone == INTERNAL or self._available(members, context.surface)
            told_zones.append(
                {"zoneName": zone, "zoneState": {"available": available}, "hosts": hosts.get(zone)}
            )
        answer = _answer(in_order(told_zones))
        return Answer(
            status=200,
            headers=answer.headers,
            body=answer.body,
            missing=tuple(missing),
            pods=tuple(pod.name for pod in pods),
        )


def _check_parameters(inbound: Inbound) -> None:
    """
    Refuse what Nova's schema of the query does, in its words.

    :raises BadRequest: then.
    """
    if (inbound.microversion or (0, 0)) < _STRICT_FROM or not inbound.query:
        return
    query = parse_qsl(inbound.query.decode("latin-1"), keep_blank_values=True)
    names = sorted({name for name, _ in query})
    if names:
        told = ", ".join(repr(name) for name in names)
        verb = "was" if len(names) == 1 else "were"
        raise BadRequest(f"Additional properties are not allowed ({told} {verb} unexpected)")


def _listed(body: object) -> list[dict[str, Any]] | None:
    """
    The zones in a pod's answer; ``None`` when it is not what it should be.
    """
    listed = (object_in(body) or {}).get("availabilityZoneInfo") if isinstance(body, bytes) else None
    usable = isinstance(listed, list) and all(
        isinstance(shown, dict) and isinstance(shown.get("hosts"), dict | None) for shown in listed
    )
    return listed if usable else None


def _answer(zones: list[dict[str, Any]]) -> Answer:
    return Answer(
        status=200,
        headers=[(b"Content-Type", b"application/json")],
        body=orjson.dumps({"availabilityZoneInfo": zones}),
    )
