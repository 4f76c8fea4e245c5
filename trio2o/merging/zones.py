"""
Availability zones with their hosts: what the pods show, put together as one cloud would show it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from trio2o.model import Pod

#: Where Nova puts what is no compute host; no zone of users, and shown in the details alone.
INTERNAL = "internal"

#: Host to service to its state.
Hosts = dict[str, dict[str, Any]]


def is_pods_zone(zone: str, pod: Pod, own: Collection[str] = ()) -> bool:
    """
    True for the zone in which the pod's hosts are for users; Nova's ``internal`` is none.

    :param own: the zones that aggregates make of hosts, which users know by the same names.
    """
    return zone == pod.pod_az_name if pod.pod_az_name else zone != INTERNAL and zone not in own


def hosts_by_zone(
    said: Iterable[tuple[Pod, Iterable[Mapping[str, Any]]]], own: Collection[str] = ()
) -> dict[str, Hosts]:
    """
    The hosts of all pods by the zones that users see, and those of ``internal``. Zones of a pod that no user can choose are
    left out.

    :param own: the zones that aggregates make of hosts.
    """
    zones: dict[str, Hosts] = {}
    for pod, listed in said:
        for shown in listed:
            name = shown.get("zoneName")
            if not isinstance(name, str):
                continue
            if is_pods_zone(name, pod, own):
                _add(zones.setdefault(pod.az_name, {}), shown.get("hosts") or {})
            elif name == INTERNAL or name in own:
                _add(zones.setdefault(name, {}), shown.get("hosts") or {})
    return zones


def in_order(zones: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Zones as Nova orders them: what is available by name, and then the rest.
    """
    return sorted(zones, key=lambda shown: (not shown["zoneState"]["available"], shown["zoneName"]))


def _add(known: Hosts, more: Mapping[str, Any]) -> None:
    """
    Add a pod's hosts. Of two services that have the host's and their own name in common, the one that is away is shown.
    """
    for host, services in more.items():
        if not isinstance(services, dict):
            continue
        there = known.setdefault(host, {})
        for binary, state in services.items():
            if binary not in there or _is_away(state):
                there[binary] = state


def _is_away(state: object) -> bool:
    return isinstance(state, dict) and state.get("available") is False
