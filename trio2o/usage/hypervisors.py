"""
Nova's numbers. Pure.
"""

from __future__ import annotations

import math
from typing import Any

from trio2o.model import Stock

#: Field of :class:`trio2o.model.Usage` to the names of its total and its used part.
_STOCKS = {
    "vcpus": ("vcpus", "vcpus_used"),
    "ram_mb": ("memory_mb", "memory_mb_used"),
    "disk_gb": ("local_gb", "local_gb_used"),
}


def compute_usage(body: Any) -> dict[str, Any]:
    """
    Fields of :class:`trio2o.model.Usage` from ``GET /os-hypervisors/statistics`` (Nova API reference, up to 2.87).

    The numbers are physical; what overcommitment makes of them is not Nova's to say there. A total of 0 is unknown: bare metal
    has hosts without virtual CPUs.
    """
    told = body.get("hypervisor_statistics") if isinstance(body, dict) else None
    if not isinstance(told, dict):
        return {}
    found: dict[str, Any] = {}
    for name, (total_key, used_key) in _STOCKS.items():
        total, used = number(told.get(total_key)), number(told.get(used_key))
        if total is not None and used is not None and total > 0:
            found[name] = Stock(total=total, used=max(0.0, used))
    servers = number(told.get("running_vms"))
    if servers is not None:
        found["servers"] = int(servers)
    return found


def number(value: Any) -> float | None:
    """
    A finite number, which may be written as text; ``None`` for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        given = float(value)
    except (ValueError, OverflowError):
        return None
    return given if math.isfinite(given) else None
