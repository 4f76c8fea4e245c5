"""
What services show of limits and use, with the numbers that hold over all pods.

What a pod shows is the template: which names there are, and in which order, depends on its release and on the microversion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trio2o.model import UNLIMITED, QuotaUse
from trio2o.quota.resources import MOST, RESOURCES, is_counted

#: What Nova shows of a limit by a second name.
_TWINS = {"maxImageMeta": "metadata_items"}


def quota_set(
    service: str,
    template: Mapping[str, Any],
    limits: Mapping[str, int],
    uses: Mapping[str, QuotaUse] | None,
) -> dict[str, Any]:
    """
    A quota set or quota class set: for each resource a limit, or an object of limit and use.

    :param limits: what is not named stays the template's.
    :param uses: of what is counted, nothing where it is not named; ``None`` for the template's.
    """
    shown = dict(template)
    for name, value in template.items():
        if isinstance(value, dict):
            shown[name] = value | ({"limit": limits[name]} if name in limits else {})
            if uses is not None and is_counted(service, name):
                shown[name] |= _used(service, uses.get(name, QuotaUse()))
        elif name in limits and _is_number(value):
            shown[name] = limits[name]
    return shown


def absolute_limits(
    service: str,
    template: Mapping[str, Any],
    limits: Mapping[str, int],
    uses: Mapping[str, QuotaUse] | None,
) -> dict[str, Any]:
    """
    The absolute limits of ``limits``, whose names are others; see :func:`quota_set`.
    """
    shown = dict(template)
    for resource in RESOURCES[service].values():
        if resource.limit_name in template and resource.name in limits:
            shown[resource.limit_name] = limits[resource.name]
        if uses is not None and resource.counted and resource.used_name in template:
            used = _used(service, uses.get(resource.name, QuotaUse()))
            shown[resource.used_name] = used["in_use"]
    for name, resource_name in _TWINS.items():
        if name in template and resource_name in limits:
            shown[name] = limits[resource_name]
    return shown


def limits_in(quota: Mapping[str, Any]) -> dict[str, int]:
    """
    The limits that a quota set tells, in either form, as far as one can be stored: what is below none is none.
    """
    found: dict[str, int] = {}
    for name, value in quota.items():
        limit: Any = value.get("limit") if isinstance(value, dict) else value
        if _is_number(limit):
            found[name] = min(max(UNLIMITED, limit), MOST)
    return found


def uses_in(quota: Mapping[str, Any]) -> dict[str, QuotaUse]:
    """
    What a quota set with use tells to be used.
    """
    found: dict[str, QuotaUse] = {}
    for name, value in quota.items():
        if isinstance(value, dict) and _is_number(value.get("in_use")):
            reserved: Any = value.get("reserved")
            found[name] = QuotaUse(used=value["in_use"], reserved=reserved if _is_number(reserved) else 0)
    return found


def _used(service: str, use: QuotaUse) -> dict[str, int]:
    """
    How a service shows a use: Nova counts what is being made with the rest and says 0 of what is reserved.
    """
    if service == "compute":
        return {"in_use": use.taken, "reserved": 0}
    return {"in_use": use.used, "reserved": use.reserved}


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
