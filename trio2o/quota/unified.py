"""
Keystone's unified limits, as Nova reads them. Pure.

Sources: the Identity API reference (``registered_limits``, ``limits``), and Nova's ``UnifiedLimitsDriver`` with
``nova/limit/local.py``, ``nova/limit/placement.py`` and oslo.limit's flat model, of which the names and rules here are: servers,
VCPUs and memory may have a limit of a project's own, all else has the registered one; what has none is shown as 0, and only
servers are held to that (``[quota] unified_limits_resource_list`` as Nova has it). Cinder has no such driver in any release.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from attrs import evolve, frozen

from trio2o.model import DEFAULT_CLASS, UNLIMITED, QuotaOwner, QuotaScope
from trio2o.quota.resources import COMPUTE, MOST

#: The service whose limits Keystone may have, and under which name they are stored beside those that were set here.
SERVICE = "compute"
KEYSTONE = "keystone"

#: What resources are called in Keystone.
NAMES: Mapping[str, str] = {
    "servers": "instances",
    "class:VCPU": "cores",
    "class:MEMORY_MB": "ram",
    "server_groups": "server_groups",
    "server_group_members": "server_group_members",
    "server_key_pairs": "key_pairs",
    "server_metadata_items": "metadata_items",
    "server_injected_files": "injected_files",
    "server_injected_file_content_bytes": "injected_file_content_bytes",
    "server_injected_file_path_bytes": "injected_file_path_bytes",
}

#: Those that may have a limit of a project's own, as Keystone calls them.
OF_PROJECTS = ("servers", "class:VCPU", "class:MEMORY_MB")

#: What holds where Keystone has no limit, and what is shown then.
REQUIRED: Mapping[str, int] = {"instances": 0}
UNSET: Mapping[str, int] = {**dict.fromkeys(COMPUTE, UNLIMITED), **dict.fromkeys(NAMES.values(), 0)}

#: Whose limits the registered ones are.
REGISTERED = QuotaOwner(service=KEYSTONE, scope=QuotaScope.CLASS, scope_id=DEFAULT_CLASS)


@frozen(kw_only=True)
class KeystoneLimits:
    """
    What Keystone lists of one service, as its API has it.
    """

    registered: Iterable[Mapping[str, Any]]
    limits: Iterable[Mapping[str, Any]]


def kept(owner: QuotaOwner, unified: Collection[str]) -> QuotaOwner:
    """
    Under whom the limits of an owner are stored.

    :param unified: the services whose limits are Keystone's.
    """
    return evolve(owner, service=KEYSTONE) if owner.service in unified else owner


def shown_as(owner: QuotaOwner, unified: Collection[str]) -> QuotaOwner | None:
    """
    Whose limits a stored owner's are; ``None`` where nothing of them holds.
    """
    if owner.service == KEYSTONE:
        return evolve(owner, service=SERVICE) if SERVICE in unified else None
    return None if owner.service in unified and owner.scope is not QuotaScope.POD else owner


def by_owner(said: KeystoneLimits, region: str) -> dict[QuotaOwner, dict[str, int]]:
    """
    The limits of projects, and the registered ones, by their names in Nova.

    A resource that has a registered limit in the region has its limits there; another has those that are of no region. What is
    not understood is left out.
    """
    registered: dict[str, dict[str | None, int]] = {}
    for each in said.registered:
        name, place, limit = each.get("resource_name"), each.get("region_id"), each.get("default_limit")
        if name in NAMES and place in (region, None) and _is_limit(limit):
            registered.setdefault(str(name), {})[place] = int(limit or 0)
    places = {name: region if region in limits else None for name, limits in registered.items()}
    found: dict[QuotaOwner, dict[str, int]] = {}
    for name, place in places.items():
        found.setdefault(REGISTERED, {})[NAMES[name]] = registered[name][place]
    for each in said.limits:
        name, project_id, limit = (each.get(key) for key in ("resource_name", "project_id", "resource_limit"))
        here = name in OF_PROJECTS and name in places and each.get("region_id") == places[str(name)]
        if here and isinstance(project_id, str) and project_id and _is_limit(limit):
            owner = QuotaOwner(service=KEYSTONE, scope=QuotaScope.PROJECT, scope_id=project_id)
            found.setdefault(owner, {})[NAMES[str(name)]] = int(limit or 0)
    return found


def _is_limit(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and UNLIMITED <= value <= MOST
