"""
Cinder's numbers. Pure.

How much a pool still takes is reckoned as Cinder's own scheduler does it (cinder-specs, "Provisioning improvements").
"""

from __future__ import annotations

import math
from typing import Any

from attrs import frozen

from trio2o.model import Stock
from trio2o.usage.hypervisors import number

#: What a pool may promise for each GiB that it has, where it does not say: the default of Cinder's drivers.
_OVER_SUBSCRIPTION = 20.0


@frozen(kw_only=True)
class Pool:
    """
    One pool, in GiB: what it may promise, and how much of that it still takes.
    """

    whole: float
    free: float


def volume_usage(body: Any) -> dict[str, Any]:
    """
    Fields of :class:`trio2o.model.Usage` from ``GET /scheduler-stats/get_pools?detail=true`` (Block Storage API v3).

    One pool that does not say what it has, or has no end, is plenty for the whole pod. So is a list without pools: the
    scheduler has heard of none yet.
    """
    told = body.get("pools") if isinstance(body, dict) else None
    if not isinstance(told, list) or not told:
        return {}
    pools = [_pool(each.get("capabilities")) if isinstance(each, dict) else None for each in told]
    known = [pool for pool in pools if pool is not None]
    if len(known) < len(pools):
        return {}
    whole, free = math.fsum(pool.whole for pool in known), math.fsum(pool.free for pool in known)
    return {
        "volume_gb": Stock(total=whole, used=whole - free),
        "largest_volume_gb": max(pool.free for pool in known),
    }


def _pool(told: Any) -> Pool | None:
    """
    One pool's capabilities; ``None`` for plenty.
    """
    if not isinstance(told, dict):
        return None
    total, free = number(told.get("total_capacity_gb")), number(told.get("free_capacity_gb"))
    if total is None or free is None:
        # "infinite" and "unknown": Cinder accepts both
        return None
    if total <= 0:
        return Pool(whole=0.0, free=0.0)
    reserved = math.floor(total * max(0.0, number(told.get("reserved_percentage")) or 0.0) / 100)
    promised = number(told.get("provisioned_capacity_gb", told.get("allocated_capacity_gb"))) or 0.0
    provisioned = max(0.0, promised)
    whole = max(0.0, total - reserved)
    if told.get("thin_provisioning_support") is True:
        whole *= _ratio(told.get("max_over_subscription_ratio"), total, free, provisioned)
        return Pool(whole=whole, free=max(0.0, whole - provisioned))
    return Pool(whole=whole, free=max(0.0, min(free, whole - provisioned)))


def _ratio(told: Any, total: float, free: float, provisioned: float) -> float:
    """
    How much may be promised of each GiB; with ``auto`` as much as has proved to be safe.
    """
    if told == "auto":
        return 1.0 + provisioned / (max(0.0, total - free) + 1.0) if provisioned else _OVER_SUBSCRIPTION
    given = number(told)
    return given if given is not None and given >= 1.0 else _OVER_SUBSCRIPTION
