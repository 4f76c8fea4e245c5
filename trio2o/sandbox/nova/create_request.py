"""
The body of a server create, checked and parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from trio2o.sandbox.answers import bad_request, forbidden
from trio2o.sandbox.call import Call
from trio2o.sandbox.nova.checks import (
    address,
    body_object,
    boolean,
    invalid,
    is_uuid,
    only,
    required,
    string_map,
    tag_list,
    text,
    whole_number,
)

_ALWAYS = frozenset(
    {
        "name",
        "imageRef",
        "flavorRef",
        "adminPass",
        "metadata",
        "networks",
        "OS-DCF:diskConfig",
        "accessIPv4",
        "accessIPv6",
        "availability_zone",
        "block_device_mapping",
        "block_device_mapping_v2",
        "config_drive",
        "key_name",
        "min_count",
        "max_count",
        "return_reservation_id",
        "security_groups",
        "user_data",
    }
)
_SINCE = {
    "description": 19,
    "tags": 52,
    "trusted_image_certificates": 63,
    "host": 74,
    "hypervisor_hostname": 74,
    "hostname": 90,
}
_HINT_KEYS = ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints")
_MOST_METADATA = 128
_NO_SCHEMA = "is not valid under any of the given schemas"


@frozen(kw_only=True)
class WantedNetwork:
    """
    One entry of ``networks``.
    """

    network_id: str | None = None
    port_id: str | None = None
    fixed_ip: str | None = None
    tag: str | None = None


@frozen(kw_only=True)
class WantedVolume:
    """
    One block device that is or becomes a volume; ``source`` is ``volume``, ``snapshot``, ``image`` or
    ``blank``.
    """

    source: str
    source_id: str | None
    size: int = 1
    boots: bool = False
    delete_on_termination: bool = False
    device: str | None = None
    volume_type: str | None = None
    tag: str | None = None


@frozen(kw_only=True)
class CreateRequest:
    """
    A server create. ``networks`` is ``auto``, ``none`` or what was asked for; ``raw`` the server object as
    it came.
    """

    name: str
    image_id: str | None
    flavor_id: str
    networks: str | tuple[WantedNetwork, ...]
    volumes: tuple[WantedVolume, ...] = ()
    metadata: dict[str, str] = field(factory=dict)
    zone: str | None = None
    forced_host: str | None = None
    key_name: str | None = None
    user_data: str | None = None
    config_drive: bool = False
    minimum: int = 1
    maximum: int = 1
    reservation: bool = False
    description: str | None = None
    tags: set[str] = field(factory=set)
    hints: Mapping[str, Any] = field(factory=dict)
    security_groups: tuple[str, ...] = ()
    hostname: str | None = None
    access_ipv4: str = ""
    access_ipv6: str = ""
    raw: Mapping[str, Any] = field(factory=dict)


def parse_create(call: Call) -> CreateRequest:
    """
    The create that the body asks for.

    :raises Fault: 400 in Nova's words.
    """
    server = body_object(call, "server")
    if call.prefix == "/v2.1":
        _check_properties(server, call)
    required(server, ("name", "flavorRef"), "server")
    name = text(server, "name", empty=False)
    flavor_id = _flavor_ref(server["flavorRef"])
    volumes = _volumes(server)
    minimum = whole_number(server, "min_count", 1, minimum=1)
    maximum = whole_number(server, "max_count", minimum, minimum=1)
    if minimum > maximum:
        raise bad_request("min_count must be <= max_count")
    if maximum > 1 and server.get("hostname"):
        raise bad_request("Unable to allocate a single hostname to multiple instances")
    metadata = string_map(server.get("metadata", {}), "metadata")
    if len(metadata) > _MOST_METADATA:
        raise forbidden(f"Maximum number of metadata items exceeds {_MOST_METADATA}")
    zone, _, host = (text(server, "availability_zone", empty=False) or "").partition(":")
    raw_tags = server.get("tags")
    return CreateRequest(
        name=(name or "").strip(),
        image_id=_image_id(server, boots=any(each.boots for each in volumes)),
        flavor_id=flavor_id,
        networks=_networks(server, call),
        volumes=volumes,
        metadata=metadata,
        zone=zone or None,
        forced_host=host or None,
        key_name=text(server, "key_name"),
        user_data=text(server, "user_data", longest=65535),
        config_drive=boolean(server, "config_drive"),
        minimum=minimum,
        maximum=maximum,
        reservation=boolean(server, "return_reservation_id"),
        description=text(server, "description"),
        tags=set() if raw_tags is None else tag_list(raw_tags),
        hints=_hints(call),
        access_ipv4=address(server, "accessIPv4", 4),
        access_ipv6=address(server, "accessIPv6", 6),
        security_groups=_security_groups(server.get("security_groups", [])),
        hostname=text(server, "hostname"),
        raw=server,
    )


def _check_properties(server: Mapping[str, Any], call: Call) -> None:
    allowed = _ALWAYS | {name for name, minor in _SINCE.items() if call.minor >= minor}
    if call.minor < 57:
        allowed |= {"personality"}
    only(server, allowed, "server")
    if call.minor >= 37:
        required(server, ("networks",), "server")


def _hints(call: Call) -> Mapping[str, Any]:
    body = call.json()
    hints: Mapping[str, Any] = {}
    for key in reversed(_HINT_KEYS):
        hints = body.get(key, hints)
        if not isinstance(hints, dict):
            raise invalid(key, hints, f"{hints!r} is not of type 'object'")
    if "group" not in hints:
        return hints
    group = hints["group"]
    # a list of one counts as what is in it, as everywhere in hints
    only_one = group[0] if isinstance(group, list) and len(group) == 1 else group
    if not isinstance(only_one, str) or not is_uuid(only_one):
        raise invalid("group", group, f"{group!r} {_NO_SCHEMA}")
    return {**hints, "group": only_one}


def _flavor_ref(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise invalid("flavorRef", value, f"{value!r} is not of type 'string', 'integer'")
    return str(value).rstrip("/").rpartition("/")[2]


def _image_id(server: Mapping[str, Any], *, boots: bool) -> str | None:
    value = server.get("imageRef", "")
    if value == "":
        if not boots:
            raise bad_request("Missing imageRef attribute")
        return None
    image_id = str(value).rstrip("/").rpartition("/")[2]
    if not is_uuid(image_id):
        raise invalid("imageRef", value, f"{value!r} {_NO_SCHEMA}")
    return image_id


def _networks(server: Mapping[str, Any], call: Call) -> str | tuple[WantedNetwork, ...]:
    value = server.get("networks", "auto")
    if "networks" not in server:
        return "auto"
    if isinstance(value, str) and call.minor >= 37 and value in ("auto", "none"):
        return value
    if not isinstance(value, list):
        why = "is not of type 'array'" if call.minor < 37 else _NO_SCHEMA
        raise invalid("networks", value, f"{value!r} {why}")
    wanted = []
    for each in value:
        if not isinstance(each, dict):
            raise invalid("networks", each, f"{each!r} is not of type 'object'")
        ids = [each[key] for key in ("uuid", "port") if each.get(key) is not None]
        if each.keys() - {"uuid", "port", "fixed_ip", "tag"} or not all(map(is_uuid, ids)):
            raise invalid("networks", value, f"{value!r} {_NO_SCHEMA}")
        wanted.append(
            WantedNetwork(
                network_id=each.get("uuid"),
                port_id=each.get("port"),
                fixed_ip=each.get("fixed_ip"),
                tag=each.get("tag"),
            )
        )
    return tuple(wanted) if wanted else "auto"


def _volumes(server: Mapping[str, Any]) -> tuple[WantedVolume, ...]:
    old, new = server.get("block_device_mapping"), server.get("block_device_mapping_v2")
    if old and new:
        raise bad_request("Using different block_device_mapping syntaxes is not allowed in the same request.")
    for name, value in (("block_device_mapping", old), ("block_device_mapping_v2", new)):
        if value is not None and not isinstance(value, list):
            raise invalid(name, value, f"{value!r} is not of type 'array'")
        for each in value or ():
            if not isinstance(each, dict):
                raise invalid(name, each, f"{each!r} is not of type 'object'")
    wanted = [_old_volume(each, position) for position, each in enumerate(old or ())]
    wanted += [found for each in new or () if (found := _new_volume(each)) is not None]
    return tuple(wanted)


def _old_volume(mapping: Mapping[str, Any], position: int) -> WantedVolume:
    source = "volume" if mapping.get("volume_id") else "snapshot"
    return WantedVolume(
        source=source,
        source_id=mapping.get("volume_id") or mapping.get("snapshot_id"),
        size=whole_number(mapping, "volume_size", 1),
        boots=position == 0,
        delete_on_termination=boolean(mapping, "delete_on_termination"),
        device=text(mapping, "device_name"),
    )


def _new_volume(mapping: Mapping[str, Any]) -> WantedVolume | None:
    source = mapping.get("source_type", "blank")
    if source not in ("volume", "snapshot", "image", "blank"):
        raise invalid(
            "source_type", source, f"{source!r} is not one of ['volume', 'image', 'snapshot', 'blank']"
        )
    destination = mapping.get("destination_type", "volume" if source in ("volume", "snapshot") else "local")
    if destination == "local":
        return None
    source_id = mapping.get("uuid") or mapping.get(f"{source}_id")
    if source != "blank" and source_id is None:
        raise bad_request("Block Device Mapping is Invalid: Missing device UUID.")
    boot_index = mapping.get("boot_index")
    return WantedVolume(
        source=source,
        source_id=source_id,
        size=whole_number(mapping, "volume_size", 1),
        boots=boot_index is not None and str(boot_index) == "0",
        delete_on_termination=boolean(mapping, "delete_on_termination"),
        device=text(mapping, "device_name"),
        volume_type=text(mapping, "volume_type"),
        tag=text(mapping, "tag"),
    )


def _security_groups(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise invalid("security_groups", value, f"{value!r} is not of type 'array'")
    names = []
    for each in value:
        if not isinstance(each, dict):
            raise invalid("security_groups", each, f"{each!r} is not of type 'object'")
        names.append(text(each, "name", empty=False) or "default")
    return tuple(dict.fromkeys(names))
