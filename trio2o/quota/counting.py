"""
What creates take of a project's quota, as far as their bodies and what is known beside them say. Pure.

The fields are those of the Compute API v2.1 and the Block Storage API v3; nothing of a body was checked yet, and what is
malformed is the pod's to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from trio2o.model import Counts
from trio2o.quota.resources import of_type

#: The largest number that the services take.
_LARGEST = 2**31 - 1


@frozen(kw_only=True)
class Count:
    """
    How many servers one create may make: as many as fit, from the least to the most.
    """

    least: int
    most: int

    @property
    def words(self) -> str:
        """
        As Nova says it.
        """
        return str(self.most) if self.least == self.most else f"{self.least}-{self.most}"


@frozen(kw_only=True)
class NewVolume:
    """
    A volume that a server's create makes.
    """

    #: GiB; ``None`` where its source tells.
    size: int | None
    #: The kind of its source, ``image``, ``snapshot`` or ``blank``, and the source's id.
    source: str
    source_id: str | None
    volume_type: str | None


def server_count(server: Mapping[str, Any]) -> Count | None:
    """
    How many servers are asked for; ``None`` where Nova will say that it is malformed.
    """
    given = {key: server.get(key) for key in ("min_count", "max_count")}
    if any(value is not None and not whole(value) for value in given.values()):
        return None
    least = whole(given["min_count"]) or 1
    most = whole(given["max_count"]) or least
    return None if least > most else Count(least=least, most=most)


def of_servers(count: int, vcpus: int, ram: int) -> dict[str, int]:
    """
    What so many servers of one flavor take.
    """
    return {"instances": count, "cores": count * vcpus, "ram": count * ram}


def of_volumes(count: int, gigabytes: int, volume_type: str | None) -> dict[str, int]:
    """
    What so many volumes of one type take, all together of this size.
    """
    amounts = {"volumes": count, "gigabytes": gigabytes}
    if volume_type:
        amounts.update(zip(of_type(volume_type, amounts), list(amounts.values()), strict=True))
    return amounts


def of_snapshots(count: int, gigabytes: int, volume_type: str | None) -> dict[str, int]:
    """
    What so many snapshots of volumes of one type take, all together of this size.
    """
    amounts = {"snapshots": count, "gigabytes": gigabytes}
    if volume_type:
        amounts.update(zip(of_type(volume_type, amounts), list(amounts.values()), strict=True))
    return amounts


def fitting(count: Count, each: Counts, room: Mapping[str, int | None]) -> int:
    """
    How many servers fit, each of which takes this: at most as many as are asked for.
    """
    found = count.most
    for name, amount in each.items():
        left = room.get(name)
        if amount > 0 and left is not None:
            found = min(found, left // amount)
    return found


def siblings_in(
    listed: Iterable[Mapping[str, Any]],
    server: Mapping[str, Any],
    each: Counts,
    flavor: str | None,
    *,
    sure: bool,
) -> list[str]:
    """
    The ids of the servers in a list that one create has made, by the name that Nova gives to each of several and by their flavor:
    who takes one of another create of the same name and flavor for its own counts the same.

    :param flavor: the id of the flavor that was asked for.
    :param sure: whether the list has nothing but these.
    """
    name = re.compile(re.escape(str(server.get("name"))) + "-[0-9]+")
    found = []
    for one in listed:
        if not isinstance(one.get("id"), str):
            continue
        if sure or (name.fullmatch(str(one.get("name"))) and _of_flavor(one.get("flavor"), flavor, each)):
            found.append(one["id"].lower())
    return found


def _of_flavor(shown: Any, flavor: str | None, each: Counts) -> bool:
    """
    Whether a server shows a flavor: its id, or from the microversion 2.47 on what it has.
    """
    if not isinstance(shown, dict):
        return False
    if "id" in shown:
        return bool(shown["id"] == flavor)
    told = of_servers(1, whole(shown.get("vcpus")) or 0, whole(shown.get("ram")) or 0)
    return all(told[name] == each.get(name, 0) for name in told)


def new_volumes(server: Mapping[str, Any]) -> Iterator[NewVolume]:
    """
    The volumes that the create of one server makes at Cinder.
    """
    devices = server.get("block_device_mapping_v2")
    for device in devices if isinstance(devices, list) else ():
        if not isinstance(device, dict) or device.get("destination_type") != "volume":
            continue
        source = device.get("source_type")
        if source in ("image", "snapshot", "blank"):
            yield NewVolume(
                size=whole(device.get("volume_size")),
                source=source,
                source_id=text(device.get("uuid")),
                volume_type=text(device.get("volume_type")),
            )
    older = server.get("block_device_mapping")
    for device in older if isinstance(older, list) else ():
        if isinstance(device, dict) and text(device.get("snapshot_id")) and not device.get("volume_id"):
            yield NewVolume(
                size=whole(device.get("volume_size")),
                source="snapshot",
                source_id=text(device["snapshot_id"]),
                volume_type=None,
            )


def whole(value: Any) -> int | None:
    """
    A whole number above zero as the services take it, in digits or as text; ``None`` for everything else.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 20:
        value = int(value)
    return value if isinstance(value, int) and 0 < value <= _LARGEST else None


def text(value: Any) -> str | None:
    """
    A text that says something.
    """
    return value if isinstance(value, str) and value else None
