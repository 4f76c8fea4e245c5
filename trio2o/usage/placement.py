"""
Asks the Placement service of a pod how full its hypervisors are, where an operator prefers that to Nova's own count.

Placement knows what may be promised of each host, with its allocation ratio and its reserve. Formats: Placement API reference,
resource providers, their inventories and usages.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define
from twisted.internet.defer import DeferredSemaphore

from trio2o.errors import PodBroken
from trio2o.model import Pod, Stock
from trio2o.strategies.concurrently import gathered
from trio2o.usage.asking import Asks, Said
from trio2o.usage.hypervisors import number

#: Field of :class:`trio2o.model.Usage` to the resource class.
_CLASSES = {"vcpus": "VCPU", "ram_mb": "MEMORY_MB", "disk_gb": "DISK_GB"}

#: Hosts that are switched off take no servers; Placement can leave them out from this version on.
_ENABLED = ("/resource_providers?required=!COMPUTE_STATUS_DISABLED", "placement 1.22")
_ALL = ("/resource_providers", "placement 1.0")

#: How many questions are under way at a pod at once: there are two for each host.
_AT_ONCE = 4


@define(kw_only=True)
class PlacementQuestions:
    """
    Adds up what all resource providers of a pod have.
    """

    _asks: Asks

    async def ask(self, pod: Pod) -> tuple[Said, dict[str, Any]]:
        """
        The answer that decided, and, where that is a 200, fields of :class:`trio2o.model.Usage`.

        :raises PodFailure: if the service does not answer, or fails.
        :raises GatewayError: if there is no token to ask with.
        """
        listed = await self._get(pod, *_ENABLED)
        if listed.status != 200:
            listed = await self._get(pod, *_ALL)
        providers = listed.body.get("resource_providers") if isinstance(listed.body, dict) else None
        if listed.status != 200 or not isinstance(providers, list):
            return listed, {}
        ids = [each["uuid"] for each in providers if isinstance(each, dict) and _is_id(each.get("uuid"))]
        gate = DeferredSemaphore(_AT_ONCE)
        found = await gathered([self._provider(pod, provider, gate) for provider in ids], ())
        return listed, host_usage(each for each in found if not isinstance(each, Exception))

    async def _provider(self, pod: Pod, provider: str, gate: DeferredSemaphore) -> tuple[Any, Any]:
        await gate.acquire()
        try:
            inventories = await self._get(pod, f"/resource_providers/{provider}/inventories", "placement 1.0")
            usages = await self._get(pod, f"/resource_providers/{provider}/usages", "placement 1.0")
        finally:
            gate.release()
        for said in (inventories, usages):
            # it may be gone meanwhile
            if said.status not in (200, 404):
                raise PodBroken(pod.name, f"placement answers {said.status}", sent=True)
        return inventories.body, usages.body

    async def _get(self, pod: Pod, path: str, version: str) -> Said:
        said = await self._asks.get(pod, "placement", path, version=version)
        if said.status >= 500:
            raise PodBroken(pod.name, f"placement answers {said.status}", sent=True)
        return said


def host_usage(providers: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """
    Fields of :class:`trio2o.model.Usage` from each provider's inventories and usages. What none has is unknown.

    The totals are what may be promised, as Placement reckons: allocation ratio in, reserve out.
    """
    totals: dict[str, float] = {}
    used: dict[str, float] = {}
    for inventories, usages in providers:
        stocks, taken = _part(inventories, "inventories"), _part(usages, "usages")
        for name, resource in _CLASSES.items():
            capacity = _capacity(stocks.get(resource))
            if capacity is not None:
                totals[name] = totals.get(name, 0.0) + capacity
                used[name] = used.get(name, 0.0) + max(0.0, number(taken.get(resource)) or 0.0)
    found: dict[str, Any] = {name: Stock(total=totals[name], used=used[name]) for name in totals}
    return {**found, "overcommitted": True} if found else {}


def _capacity(inventory: Any) -> float | None:
    if not isinstance(inventory, dict):
        return None
    total, ratio = number(inventory.get("total")), number(inventory.get("allocation_ratio"))
    if total is None or ratio is None:
        return None
    capacity = (total - (number(inventory.get("reserved")) or 0.0)) * ratio
    return float(math.floor(capacity)) if math.isfinite(capacity) and capacity > 0 else 0.0


def _part(body: Any, key: str) -> Mapping[str, Any]:
    part = body.get(key) if isinstance(body, dict) else None
    return part if isinstance(part, dict) else {}


def _is_id(value: object) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= 64
        and value.replace("-", "").isalnum()
        and value.isascii()
    )
