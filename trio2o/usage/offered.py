"""
What Nova and Cinder say of their flavors and volume types. Pure.

Fields are those of the Compute API v2.1 and the Block Storage API v3. What has no name that could be asked for is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from trio2o.model import OfferedFlavor, OfferedType
from trio2o.scheduling.groups import group_of
from trio2o.usage.hypervisors import number

#: Characters of a name; the services' own limit.
_LONGEST = 255


def flavor_of(told: Mapping[str, Any], specs: Mapping[str, Any], keys: Sequence[str]) -> OfferedFlavor | None:
    """
    One item of ``GET /flavors/detail``.

    What its extra specs say a server takes instead goes before: so are flavors for bare metal written.

    :param specs: its extra specs.
    :param keys: the extra specs that name pod groups.
    """
    flavor_id = _name(told.get("id"))
    if flavor_id is None:
        return None
    # MiB, and without one empty text below 2.75
    swap = _amount(told.get("swap")) or 0.0
    root, other = _amount(told.get("disk")), (_amount(told.get("OS-FLV-EXT-DATA:ephemeral")) or 0.0)
    disk = _amount(specs.get("resources:DISK_GB"))
    vcpus, ram = _amount(specs.get("resources:VCPU")), _amount(specs.get("resources:MEMORY_MB"))
    return OfferedFlavor(
        id=flavor_id,
        vcpus=_amount(told.get("vcpus")) if vcpus is None else vcpus,
        ram_mb=_amount(told.get("ram")) if ram is None else ram,
        root_gb=root if disk is None else 0.0,
        other_gb=other + math.ceil(swap / 1024) if disk is None else disk,
        group=_group(specs, keys),
    )


def type_of(told: Mapping[str, Any], keys: Sequence[str]) -> OfferedType | None:
    """
    One item of ``GET /types``, as :func:`flavor_of`.
    """
    type_id, name, specs = _name(told.get("id")), _name(told.get("name")), told.get("extra_specs")
    if type_id is None or name is None:
        return None
    return OfferedType(id=type_id, name=name, group=_group(specs if isinstance(specs, dict) else {}, keys))


def _group(specs: Mapping[str, Any], keys: Sequence[str]) -> str:
    return _name(group_of(specs, keys)) or ""


def _amount(value: Any) -> float | None:
    amount = number(value)
    return amount if amount is not None and amount >= 0 else None


def _name(value: object) -> str | None:
    """
    What can be asked for and stored.
    """
    if isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable():
        return value
    return None
