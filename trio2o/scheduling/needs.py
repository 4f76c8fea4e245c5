"""
How much room a create's body asks for, as far as it says. Pure.

A volume's size stands in the body. A server's stands in its flavor, which the body only names: where no pod has told of it, a
typical one is assumed. One is counted for each server that is asked for, and without a root disk where it boots from a volume.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trio2o.model import NOTHING, Amounts, Kind, OfferedFlavor

#: More than any quota lets one request make; what is beyond it is for the pod to refuse.
_MOST_SERVERS = 10_000

#: The largest number that the services take. Sums of such numbers are exact in a float.
_LARGEST = 2**31 - 1


def needs_of(
    kind: Kind, resource: Mapping[str, Any], typical: Amounts, flavor: OfferedFlavor | None = None
) -> Amounts:
    """
    What a create takes.

    :param resource: what stands under the resource's key in the body; nothing of it was checked yet.
    :param typical: what is assumed where the body does not say.
    :param flavor: the one that a server's body names, where it is known.
    """
    if kind is Kind.VOLUME:
        size = _number(resource.get("size"))
        return Amounts(volume_gb=typical.volume_gb if size is None else float(size))
    if kind is Kind.SERVER:
        one = needs_of_server(flavor, typical, root=not boots_from_volume(resource))
        count = _number(resource.get("max_count")) or _number(resource.get("min_count")) or 1
        return NOTHING.plus(one, float(min(count, _MOST_SERVERS)))
    return NOTHING


def needs_of_server(flavor: OfferedFlavor | None, typical: Amounts, *, root: bool = True) -> Amounts:
    """
    What one server takes.

    :param root: whether its root disk is the hypervisor's.
    """
    known = flavor or OfferedFlavor(id="")
    root_gb = typical.disk_gb if known.root_gb is None else known.root_gb
    return Amounts(
        vcpus=typical.vcpus if known.vcpus is None else known.vcpus,
        ram_mb=typical.ram_mb if known.ram_mb is None else known.ram_mb,
        disk_gb=known.other_gb + (root_gb if root else 0.0),
    )


def boots_from_volume(server: Mapping[str, Any]) -> bool:
    """
    True for the body of a server whose root disk is a volume: Nova then takes no room for it from the hypervisors.
    """
    if not server.get("imageRef"):
        return True
    devices = server.get("block_device_mapping_v2")
    return isinstance(devices, list) and any(
        isinstance(device, dict)
        and str(device.get("boot_index")) == "0"
        and "volume" in (device.get("destination_type"), device.get("source_type"))
        for device in devices
    )


def makes_volumes(server: Mapping[str, Any]) -> bool:
    """
    True for the body of a server whose create has Nova make volumes at Cinder.
    """
    devices, older = server.get("block_device_mapping_v2"), server.get("block_device_mapping")
    if isinstance(devices, list) and any(
        isinstance(device, dict)
        and device.get("destination_type") == "volume"
        and device.get("source_type") != "volume"
        for device in devices
    ):
        return True
    return isinstance(older, list) and any(
        isinstance(device, dict) and bool(device.get("snapshot_id")) and not device.get("volume_id")
        for device in older
    )


def _number(value: Any) -> int | None:
    """
    A whole number as the services take it, in digits or as text; ``None`` for everything else.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 20:
        value = int(value)
    return value if isinstance(value, int) and 0 <= value <= _LARGEST else None
