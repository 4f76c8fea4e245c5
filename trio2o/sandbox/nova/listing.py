"""
Which servers a list has, and in which order: pure functions of servers and the query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import field, frozen

from trio2o.sandbox.answers import Fault, bad_request, forbidden
from trio2o.sandbox.call import Call
from trio2o.sandbox.nova.server import STATUSES, Server

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

_PAGING = frozenset({"limit", "marker", "sort_key", "sort_dir", "all_tenants"})
#: What users may filter by, with the microversion that brought it.
_USER_FILTERS = {
    "reservation_id": 1,
    "name": 1,
    "status": 1,
    "image": 1,
    "flavor": 1,
    "ip": 1,
    "changes-since": 1,
    "ip6": 5,
    "tags": 26,
    "tags-any": 26,
    "not-tags": 26,
    "not-tags-any": 26,
    "changes-before": 66,
    "locked": 73,
    "availability_zone": 83,
    "config_drive": 83,
    "key_name": 83,
    "created_at": 83,
    "launched_at": 83,
    "terminated_at": 83,
    "power_state": 83,
    "task_state": 83,
    "vm_state": 83,
    "progress": 83,
    "user_id": 83,
    "hostname": 90,
}
_ADMIN_FILTERS = frozenset(
    {"host", "node", "project_id", "tenant_id", "deleted", "uuid", "hostname", "display_name", "soft_deleted"}
)
_KNOWN = (
    frozenset(_USER_FILTERS) | _ADMIN_FILTERS | _PAGING | {"launch_index", "description", "root_device_name"}
)

_TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})
_FALSE = frozenset({"0", "f", "false", "off", "n", "no"})

Test = Callable[[Server], bool]


@frozen(kw_only=True)
class ServerQuery:
    """
    A list's query: the tests that a server must pass, whether deleted servers count, and the order.
    """

    tests: tuple[Test, ...]
    deleted: bool | None = False
    all_projects: bool = False
    order: tuple[tuple[str, bool], ...] = field(default=(("created_at", True), ("uuid", False)))

    def chosen(self, servers: Iterable[Server]) -> list[Server]:
        """
        The servers of the list, in its order. ``deleted`` None takes both kinds.
        """
        found = [
            server
            for server in servers
            if (self.deleted is None or server.deleted == self.deleted)
            and all(test(server) for test in self.tests)
        ]
        return in_order(found, self.order)


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


def parse_query(call: Call, operation: str) -> ServerQuery:
    """
    The query of ``GET /servers`` (operation ``index``) or ``/servers/detail`` (``detail``).

    :raises Fault: 400 for what Nova refuses, 403 for what only admins may ask.
    """
    _check_names(call)
    order = _order(call)
    all_projects = _all_projects(call, operation)
    tests: list[Test] = []
    deleted: bool | None = False
    admin = call.caller.is_admin
    for name in dict.fromkeys(key for key, _ in call.query):
        if name in _PAGING or (not admin and call.minor < _USER_FILTERS.get(name, 1000)):
            continue
        if name == "deleted":
            deleted = _flag(str(call.arg(name)))
        elif name == "changes-since":
            deleted = None
        test = _test(name, call)
        if test is not None:
            tests.append(test)
    if not all_projects:
        project = call.caller.project_id
        tests.append(lambda server: server.project_id == project)
    return ServerQuery(tests=tuple(tests), deleted=deleted, all_projects=all_projects, order=order)


def _check_names(call: Call) -> None:
    if call.minor >= 75:
        for name, _ in call.query:
            if name not in _KNOWN and not name.startswith("_"):
                raise bad_request(f"{name!r} does not match any of the regexes: '^_'")


def _order(call: Call) -> tuple[tuple[str, bool], ...]:
    keys = call.args("sort_key")
    for key in keys:
        if key not in SORT_KEYS:
            raise _bad_query("sort_key", key, f"{key!r} is not one of {list(SORT_KEYS)!r}")
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


def _all_projects(call: Call, operation: str) -> bool:
    asked = call.arg("all_tenants")
    if asked is None:
        return False
    if asked and not _flag(asked):
        return False
    if not call.caller.is_admin:
        raise forbidden(
            f"Policy doesn't allow os_compute_api:servers:{operation}:get_all_tenants to be performed."
        )
    return True


def _flag(value: str) -> bool:
    word = value.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    listed = ", ".join(repr(each) for each in sorted(_TRUE | _FALSE))
    raise bad_request(f"Unrecognized value '{value}', acceptable values are: {listed}")


def _test(name: str, call: Call) -> Test | None:
    values = call.args(name)
    last = values[-1]
    if name == "status":
        known = {value.upper() for value in values} & STATUSES
        if not known and call.minor >= 38:
            raise bad_request("Invalid status value")
        return lambda server: server.status in known
    if name in ("name", "display_name"):
        pattern = _pattern(name, last)
        return lambda server: pattern.search(server.name) is not None
    if name in ("ip", "ip6"):
        pattern = _pattern(name, last)
        return lambda server: any(
            pattern.search(address) for each in server.interfaces for _, address in each.fixed_ips
        )
    if name == "changes-since":
        start = _moment(name, last)
        return lambda server: server.updated >= start
    if name == "changes-before":
        end = _moment(name, last)
        return lambda server: server.updated <= end
    if name in ("tags", "tags-any", "not-tags", "not-tags-any"):
        return _tag_test(name, set(last.split(",")))
    if name in ("locked", "config_drive"):
        wanted = _flag(last)
        if name == "locked":
            return lambda server: (server.locked_by is not None) == wanted
        return lambda server: server.config_drive == wanted
    simple = _SIMPLE.get(name)
    if simple is None:
        return None
    return lambda server: str(simple(server)) in values


_SIMPLE: dict[str, Callable[[Server], Any]] = {
    "availability_zone": lambda server: server.shown_zone,
    "flavor": lambda server: server.flavor.id,
    "host": lambda server: server.host,
    "hostname": lambda server: server.hostname,
    "image": lambda server: server.image_id,
    "key_name": lambda server: server.key_name,
    "launch_index": lambda server: server.launch_index,
    "node": lambda server: server.host,
    "power_state": lambda server: server.power_state,
    "project_id": lambda server: server.project_id,
    "reservation_id": lambda server: server.reservation_id,
    "task_state": lambda server: server.task_state,
    "tenant_id": lambda server: server.project_id,
    "user_id": lambda server: server.user_id,
    "uuid": lambda server: server.id,
    "vm_state": lambda server: server.vm_state,
}


def _tag_test(name: str, wanted: set[str]) -> Test:
    if name == "tags":
        return lambda server: wanted <= server.tags
    if name == "tags-any":
        return lambda server: bool(wanted & server.tags)
    if name == "not-tags":
        return lambda server: not wanted <= server.tags
    return lambda server: not wanted & server.tags


def _pattern(name: str, value: str) -> re.Pattern[str]:
    try:
        return re.compile(value, re.IGNORECASE)
    except re.error as error:
        raise _bad_query(name, value, f"{value!r} is not a 'regex'") from error


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError as error:
        raise _bad_query(name, value, f"{value!r} is not a 'date-time'") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _bad_query(name: str, value: str, why: str) -> Fault:
    return bad_request(f"Invalid input for query parameters {name}. Value: {value}. {why}")
