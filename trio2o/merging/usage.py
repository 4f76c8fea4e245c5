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
#: How many key pairs a user may have; those are no project's.
_KEYPAIRS = "maxTotalKeypairs"


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
    What is used over all pods (``totalCoresUsed``, …), and of the pods' maxima the one that surely holds.

    Of what may be made in all (``maxTotalCores``, …) that is the largest: the pods together take no less, and where they are
    alike it is the quota that was set. Of what holds for each single thing (``maxServerMeta``, …) it is the smallest: every
    pod takes that. So are key pairs, which are a user's. -1 is no limit. Rates are the first pod's.
    """
    first = dict(parts[0])
    absolutes = [part["absolute"] for part in parts if isinstance(part.get("absolute"), dict)]
    if absolutes:
        first["absolute"] = {name: _limit(name, values) for name, values in _by_name(absolutes).items()}
    return first


def used_quotas(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """
    What is in use and reserved over all pods; the limits are those of the first pod that has one of the name.

    A quota is read as it was written: to every pod alike. The names of volume types may be some pods' only.
    """
    whole: dict[str, Any] = {}
    for name, values in _by_name(parts).items():
        mates = [value for value in values if isinstance(value, dict)]
        whole[name] = values[0]
        if isinstance(values[0], dict):
            whole[name] = {
                key: sum(filter(_is_number, of_pods)) if key in _COUNTED else of_pods[0]
                for key, of_pods in _by_name(mates).items()
            }
    return whole


def _by_name(parts: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """
    The values of each name, in the order of the pods that have it.
    """
    named: dict[str, list[Any]] = {}
    for part in parts:
        for name, value in part.items():
            named.setdefault(name, []).append(value)
    return named


def _limit(name: str, values: Sequence[Any]) -> Any:
    numbers = [value for value in values if _is_number(value)]
    if len(numbers) < len(values):
        return values[0]
    if name.startswith("total"):
        return sum(numbers)
    if name.startswith("maxTotal") and name != _KEYPAIRS:
        return -1 if -1 in numbers else max(numbers)
    return min((number for number in numbers if number != -1), default=-1)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
