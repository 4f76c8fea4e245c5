"""
What is found out for quotas: flavors, sizes and types that bodies only name.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Inbound
from trio2o.model import Kind, OfferedFlavor, Pod, PodState, RequestContext
from trio2o.quota.counting import text, whole
from trio2o.strategies.followed import as_object
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.locating import Locator
from trio2o.strategies.offers import OfferBook
from trio2o.surface.kinds import KINDS, canonical_id

#: Seconds that a project's default volume type is believed, and of how many projects.
_TYPE_SECONDS, _TYPES = 60.0, 10_000
#: How many pods are asked for a flavor that no pod is known to have.
_ASKED = 3
#: The microversion from which on volumes can be listed by their group.
_OF_GROUPS = "volume 3.14"


@define(kw_only=True)
class Facts:
    """
    Asks pods with the caller's own token; what no pod tells is not counted, and is the pod's to refuse.
    """

    _forwarder: Forwarder
    _locator: Locator
    _state: Any
    _offers: OfferBook
    _clock: IReactorTime
    #: Seconds that a pod has to answer one question.
    _budget: float
    #: Project to its default volume type, and when it was told.
    _default_types: dict[str, tuple[float, str | None]] = field(factory=dict, init=False)

    async def shown(
        self,
        kind: Kind,
        resource_id: str | None,
        inbound: Inbound,
        context: RequestContext,
        version: str = "",
    ) -> dict[str, Any]:
        """
        A resource as its pod shows it to the caller; empty where nobody does.
        """
        wanted = None if resource_id is None else canonical_id(resource_id)
        if wanted is None:
            return {}
        facts = KINDS[kind]
        try:
            found = await self._locator.whereabouts(kind, wanted, inbound, context)
            if not found.pods:
                return {}
            path = facts.path.replace("{id}", wanted)
            body = await self.asked(
                found.pods[0], facts.service, path, inbound, context, version or facts.version
            )
        except (PodFailure, GatewayError):
            return {}
        shown = body.get(facts.single)
        return shown if isinstance(shown, dict) else {}

    async def asked(
        self, pod: Pod, service: str, path: str, inbound: Inbound, context: RequestContext, version: str = ""
    ) -> dict[str, Any]:
        """
        What a pod says; empty where that is no 200.

        :raises PodFailure: if there is no whole answer in time.
        """
        project = f"/{context.project_id}" if context.project_id else ""
        target = path.replace("/{project_id}", project).encode("ascii")
        status, raw = await self._forwarder.ask(
            inbound, context, pod, service, target, budget=self._budget, version=version
        )
        return as_object(raw) if status == 200 else {}

    async def flavor(
        self, flavor: str | None, inbound: Inbound, context: RequestContext
    ) -> tuple[int, int] | None:
        """
        A flavor's VCPUs and MiB of memory; ``None`` where no pod has it.
        """
        if flavor is None:
            return None
        known = self._offers.flavor(flavor) or OfferedFlavor(id=flavor)
        if known.vcpus is not None and known.ram_mb is not None:
            return int(known.vcpus), int(known.ram_mb)
        if not flavor.isascii() or not flavor.replace("-", "").replace("_", "").replace(".", "").isalnum():
            return None
        for pod in self._enabled()[:_ASKED]:
            try:
                body = await self.asked(pod, "compute", f"/v2.1/flavors/{flavor}", inbound, context)
            except (PodFailure, GatewayError):
                continue
            told = body.get("flavor")
            if isinstance(told, dict) and whole(told.get("vcpus")) and whole(told.get("ram")):
                return int(told["vcpus"]), int(told["ram"])
        return None

    async def type_name(self, named: str | None, inbound: Inbound, context: RequestContext) -> str | None:
        """
        The name of the volume type that a create names by name or id, or of the caller's default one.
        """
        if named is not None:
            # the pod whose id of it users know may be gone
            name = self._forwarder.type_name(named)
            known = self._offers.volume_type(name)
            return name if known is None else known.name
        now = self._clock.seconds()
        told = self._default_types.get(context.project_id)
        if told is not None and now - told[0] < _TYPE_SECONDS:
            return told[1]
        default: str | None = None
        for pod in self._enabled()[:_ASKED]:
            try:
                body = await self.asked(pod, "volume", "/v3/{project_id}/types/default", inbound, context)
            except (PodFailure, GatewayError):
                continue
            found = body.get("volume_type")
            default = text(found.get("name")) if isinstance(found, dict) else None
            break
        while len(self._default_types) >= _TYPES:
            del self._default_types[next(iter(self._default_types))]
        self._default_types[context.project_id] = (now, default)
        return default

    async def members(
        self, kind: Kind, group_id: str | None, inbound: Inbound, context: RequestContext
    ) -> list[dict[str, Any]]:
        """
        The volumes of a group of the caller's, one page of them.
        """
        wanted = None if group_id is None else canonical_id(group_id)
        if wanted is None:
            return []
        try:
            found = await self._locator.whereabouts(kind, wanted, inbound, context)
            if not found.pods:
                return []
            path = f"/v3/{{project_id}}/volumes/detail?group_id={wanted}"
            body = await self.asked(found.pods[0], "volume", path, inbound, context, _OF_GROUPS)
        except (PodFailure, GatewayError):
            return []
        listed = body.get("volumes")
        return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []

    def _enabled(self) -> list[Pod]:
        return [pod for pod in self._state.pods() if pod.state is not PodState.DISABLED]
