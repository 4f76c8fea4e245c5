"""
Reports of use, added up over pods.

The shapes are those of the Compute API's ``os-simple-tenant-usage``, ``os-instance_usage_audit_log``, ``limits`` and
``os-quota-sets``; Cinder's limits and quotas have the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: What a quota's object counts, beside its limit.
_COUNTED = frozenset({"in_use", "reserved", "allocated"})


def tenant_usages(parts: Sequence[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """
    Each project once, in the order in which pods name them: totals added, servers one pod's after the other's.

    Start and end are the first pod's: where the client names none, pods take their own clock's.
    """
    projects: dict[Any, dict[str, Any]] = {}
    for part in parts:
        for usage in part:
            known = projects.setdefault(usage.get("tenant_id"), {})
            for key, value in usage.items():
                if key == "server_usages" and isinstance(value, list):
                    known[key] = [*known.get(key, ()), *value]
                elif key.startswith("total_") and _is_number(value):
                    known[key] = known.get(key, 0) + value
                else:
                    known.setdefault(key, value)
    return list(projects.values())


def audit_log(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    One log of all hosts, with Nova's summary of it.
    """
    whole: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, list):
                whole[key] = [*whole.get(key, ()), *value]
            elif isinstance(value, dict):
                whole[key] = {**whole.get(key, {}), **value}
            elif _is_number(value):
                whole[key] = whole.get(key, 0) + value
            else:
                whole.setdefault(key, value)
    hosts, done = whole.get("num_hosts"), whole.get("num_hosts_done")
    if "overall_status" in whole:
        told = "ALL" if hosts == done else f"{done} of {hosts}"
        whole["overall_status"] = f"{told} hosts done. {whole.get('total_errors')} errors."
    return whole


def used_limits(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    What is used over all pods (``totalCoresUsed``, …); the maxima are the first pod's.
    """
    first = dict(parts[0])
    absolutes = [part["absolute"] for part in parts if isinstance(part.get("absolute"), dict)]
    if absolutes:
        first["absolute"] = {
            name: _sum(name, absolutes) if name.startswith("total") and name.endswith("Used") else value
            for name, value in absolutes[0].items()
        }
    return first


def used_quotas(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    What is in use and reserved over all pods; the limits are the first pod's.
    """
    whole: dict[str, Any] = {}
    for name, value in parts[0].items():
        if isinstance(value, dict):
            mates = [part[name] for part in parts if isinstance(part.get(name), dict)]
            value = {key: _sum(key, mates) if key in _COUNTED else one for key, one in value.items()}
        whole[name] = value
    return whole


def _sum(name: str, parts: Sequence[Mapping[str, Any]]) -> Any:
    return sum(part[name] for part in parts if _is_number(part.get(name)))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
