"""
Which servers a list has: pure functions of servers and the query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from attrs import field, frozen

from trio2o.sandbox.answers import bad_request, forbidden
from trio2o.sandbox.call import Call
from trio2o.sandbox.nova.list_order import bad_query, in_order, parse_order
from trio2o.sandbox.nova.server import STATUSES, Server

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


def parse_query(call: Call, operation: str) -> ServerQuery:
    """
    The query of ``GET /servers`` (operation ``index``) or ``/servers/detail`` (``detail``).

    :raises Fault: 400 for what Nova refuses, 403 for what only admins may ask.
    """
    _check_names(call)
    order = parse_order(call)
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
        raise bad_query(name, value, f"{value!r} is not a 'regex'") from error


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError as error:
        raise bad_query(name, value, f"{value!r} is not a 'date-time'") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
