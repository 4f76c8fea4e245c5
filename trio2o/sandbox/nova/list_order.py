"""
In which order a list has its servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from trio2o.sandbox.answers import Fault, bad_request, forbidden
from trio2o.sandbox.call import Call
from trio2o.sandbox.nova.server import Server

#: In the order in which Nova's error lists them.
SORT_KEYS = (
    "access_ip_v4",
    "access_ip_v6",
    "auto_disk_config",
    "availability_zone",
    "config_drive",
    "created_at",
    "display_description",
    "display_name",
    "host",
    "hostname",
    "image_ref",
    "instance_type_id",
    "kernel_id",
    "key_name",
    "launch_index",
    "launched_at",
    "locked_by",
    "node",
    "power_state",
    "progress",
    "project_id",
    "ramdisk_id",
    "root_device_name",
    "task_state",
    "terminated_at",
    "updated_at",
    "user_id",
    "uuid",
    "vm_state",
    "architecture",
    "cell_name",
    "cleaned",
    "default_ephemeral_device",
    "default_swap_device",
    "deleted",
    "deleted_at",
    "disable_terminate",
    "ephemeral_gb",
    "ephemeral_key_uuid",
    "id",
    "key_data",
    "launched_on",
    "locked",
    "memory_mb",
    "os_type",
    "reservation_id",
    "root_gb",
    "shutdown_terminate",
    "user_data",
    "vcpus",
    "vm_mode",
)
_ADMIN_SORT_KEYS = frozenset({"host", "node"})
_SORT_VALUES: dict[str, Callable[[Server], Any]] = {
    "access_ip_v4": lambda server: server.access_ipv4,
    "access_ip_v6": lambda server: server.access_ipv6,
    "availability_zone": lambda server: server.shown_zone,
    "config_drive": lambda server: server.config_drive,
    "created_at": lambda server: server.created,
    "deleted_at": lambda server: server.terminated,
    "display_description": lambda server: server.description,
    "display_name": lambda server: server.name.lower(),
    "ephemeral_gb": lambda server: server.flavor.ephemeral,
    "host": lambda server: server.host,
    "hostname": lambda server: server.hostname,
    "id": lambda server: server.number,
    "image_ref": lambda server: server.image_id or "",
    "instance_type_id": lambda server: server.flavor.id,
    "key_name": lambda server: server.key_name,
    "launch_index": lambda server: server.launch_index,
    "launched_at": lambda server: server.launched,
    "locked": lambda server: server.locked_by is not None,
    "locked_by": lambda server: server.locked_by,
    "memory_mb": lambda server: server.flavor.ram,
    "node": lambda server: server.host,
    "power_state": lambda server: server.power_state,
    "project_id": lambda server: server.project_id,
    "reservation_id": lambda server: server.reservation_id,
    "root_gb": lambda server: server.flavor.disk,
    "task_state": lambda server: server.task_state,
    "terminated_at": lambda server: server.terminated,
    "updated_at": lambda server: server.updated,
    "user_data": lambda server: server.user_data,
    "user_id": lambda server: server.user_id,
    "uuid": lambda server: server.id,
    "vcpus": lambda server: server.flavor.vcpus,
    "vm_state": lambda server: server.vm_state,
}


def in_order(servers: Sequence[Server], order: Iterable[tuple[str, bool]]) -> list[Server]:
    """
    Sort by several keys, each with its direction (True is descending); no value comes before any value.
    """
    found = list(servers)
    for key, descending in reversed(list(order)):
        value = _SORT_VALUES.get(key, lambda server: None)

        def position(server: Server, _value: Callable[[Server], Any] = value) -> tuple[bool, Any]:
            held = _value(server)
            return (held is not None, held if held is not None else 0)

        found.sort(key=position, reverse=descending)
    return found


def parse_order(call: Call) -> tuple[tuple[str, bool], ...]:
    """
    The order that a list's query asks for, down to what Nova adds.

    :raises Fault: 400 for what Nova refuses, 403 for what only admins may ask.
    """
    keys = call.args("sort_key")
    for key in keys:
        if key not in SORT_KEYS:
            raise bad_query("sort_key", key, f"{key!r} is not one of {list(SORT_KEYS)!r}")
        if key in _ADMIN_SORT_KEYS and not call.caller.is_admin:
            raise forbidden(f"Only administrators can sort servers by {key}")
    directions = call.args("sort_dir")
    for direction in directions:
        if direction not in ("asc", "desc"):
            raise bad_request("Invalid input received: Unknown sort direction, must be 'desc' or 'asc'")
    if len(directions) > max(len(keys), 1):
        raise bad_request("Invalid input received: Sort direction size exceeds sort key size")
    keys, directions = keys or ["created_at"], directions or ["desc"]
    default = directions[0]
    if "uuid" not in keys:
        # as Nova does for lists over its cells: before missing directions are filled up
        keys, directions = [*keys, "uuid"], [*directions, "asc"]
    keys = keys + [key for key in ("created_at", "id") if key not in keys]
    directions = directions + [default] * (len(keys) - len(directions))
    return tuple((key, direction == "desc") for key, direction in zip(keys, directions, strict=True))


def bad_query(name: str, value: str, why: str) -> Fault:
    """
    The 400 of a value in a query that Nova's schema refuses.
    """
    return bad_request(f"Invalid input for query parameters {name}. Value: {value}. {why}")
