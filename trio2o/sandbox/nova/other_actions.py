"""
``POST /servers/ID/action``: the actions that leave the server's state alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, conflict, not_found
from trio2o.sandbox.call import Call
from trio2o.sandbox.nova.checks import invalid, required, string_map, text, whole_number
from trio2o.sandbox.nova.imaging import Images
from trio2o.sandbox.nova.lifecycle import RUNNING, Lifecycle, check_lock, check_state
from trio2o.sandbox.nova.server import Server
from trio2o.sandbox.nova.server_view import HTML
from trio2o.sandbox.nova.store import NovaStore, admin_only, until

_IMAGEABLE = frozenset({"active", "stopped", "paused", "suspended"})
_NO_TASK = frozenset({None})
_CONSOLES = {
    "os-getVNCConsole": ("vnc_auto.html", ("novnc", "xvpvnc")),
    "os-getSPICEConsole": ("spice_auto.html", ("spice-html5",)),
    "os-getSerialConsole": ("", ("serial",)),
    "os-getRDPConsole": ("rdp.html", ("rdp-html5",)),
}
ActionHandler = Callable[[Server, Any, Call], Answer | Awaitable[Answer]]

CONSOLE_LINES = [f"FAKE CONSOLE OUTPUT LINE {number}" for number in range(1, 13)]


def console_url(page: str, kind: str) -> str:
    """
    The URL of a console: not one of the API, so that nothing may rewrite it.
    """
    token = uuid.uuid4()
    if kind == "serial":
        return f"ws://127.0.0.1:6083/?token={token}"
    return f"http://127.0.0.1:6080/{page}?path=%3Ftoken%3D{token}"


@define
class OtherActions:
    """
    Locking, imaging, consoles, passwords, security groups, addresses, and the admin's reset of a state.

    ``image_endpoint`` stands in the ``Location`` of a new image: the shared Glance, not this pod.
    """

    store: NovaStore
    lifecycle: Lifecycle
    image_endpoint: str
    images: Images

    def handlers(self) -> dict[str, ActionHandler]:
        """
        The handlers by action.
        """
        handlers: dict[str, ActionHandler] = {
            "lock": self._lock,
            "unlock": self._unlock,
            "createImage": self._create_image,
            "createBackup": self._create_backup,
            "os-getConsoleOutput": self._console_output,
            "os-resetState": self._reset_state,
            "changePassword": self._change_password,
            "addSecurityGroup": self._add_security_group,
            "removeSecurityGroup": self._remove_security_group,
            "addFixedIp": self._fixed_ip,
            "removeFixedIp": self._fixed_ip,
            "addFloatingIp": self._floating_ip,
            "removeFloatingIp": self._floating_ip,
        }
        for name in _CONSOLES:
            handlers[name] = self._console(name)
        return handlers

    def _lock(self, server: Server, argument: Any, call: Call) -> Answer:
        reason = None
        if argument is not None:
            if call.minor < 73 or not isinstance(argument, dict):
                raise invalid("lock", argument, f"{argument!r} is not of type 'null'")
            reason = text(argument, "locked_reason")
        if server.locked_by is None:  # what is locked keeps its first reason
            server.locked_reason = reason
        server.locked_by = "admin" if call.caller.is_admin else "owner"
        self.lifecycle.note(server, call, "lock").finish = self.store.now()
        self.store.changed(server, touch=False)
        return Answer(status=202)

    def _unlock(self, server: Server, argument: Any, call: Call) -> Answer:
        if server.locked_by == "admin" and not call.caller.is_admin:
            admin_only(call, "os-lock-server:unlock:unlock_override")
        server.locked_by = server.locked_reason = None
        self.lifecycle.note(server, call, "unlock").finish = self.store.now()
        self.store.changed(server, touch=False)
        return Answer(status=202)

    async def _create_image(self, server: Server, argument: Any, call: Call) -> Answer:
        wanted = _object("createImage", argument)
        required(wanted, ("name",), "createImage")
        name = text(wanted, "name", empty=False)
        properties = string_map(wanted.get("metadata", {}), "metadata")
        check_state(server, "createImage", _IMAGEABLE, _NO_TASK)
        return await self._imaged(server, "createImage", str(name), properties, call)

    async def _create_backup(self, server: Server, argument: Any, call: Call) -> Answer:
        wanted = _object("createBackup", argument)
        required(wanted, ("name", "backup_type", "rotation"), "createBackup")
        rotation = whole_number(wanted, "rotation", 0)
        check_lock(server, call.caller)
        check_state(server, "createBackup", _IMAGEABLE, _NO_TASK)
        if server.image_id is None:
            raise bad_request("Backup is not supported for volume-backed instances.")
        answer = await self._imaged(server, "createBackup", str(wanted["name"]), {}, call)
        return answer if rotation else Answer(status=202)

    async def _imaged(
        self, server: Server, action: str, name: str, properties: Mapping[str, str], call: Call
    ) -> Answer:
        image_id = str(uuid.uuid4())
        await self.images.make(image_id, name, properties, call.header("X-Auth-Token") or "")
        self.lifecycle.begin(server, call, action, "image_snapshot", lambda server: None)
        if call.minor >= 45:
            return Answer(status=202, body={"image_id": image_id})
        location = ("Location", f"{self.image_endpoint}/images/{image_id}")
        return Answer(status=202, body=b"", content_type=HTML, headers=(location,))

    def _console_output(self, server: Server, argument: Any, call: Call) -> Answer:
        wanted = _object("os-getConsoleOutput", argument)
        if server.host is None:
            raise conflict(f"Instance {server.id} is not ready")
        length = wanted.get("length")
        lines = [*CONSOLE_LINES, ""]  # the end of the last line counts as one more
        if length is not None:
            number = whole_number(wanted, "length", 0, minimum=-1, pattern="^-?[0-9]+$")
            lines = lines if number == -1 else lines[max(len(lines) - number, 0) :]
        return Answer(body={"output": "\n".join(lines)})

    def _reset_state(self, server: Server, argument: Any, call: Call) -> Answer:
        admin_only(call, "os-admin-actions:reset_state")
        wanted = _object("os-resetState", argument)
        state = wanted.get("state")
        if state not in ("active", "error"):
            raise invalid("state", state, f"{state!r} is not one of ['active', 'error']")
        server.vm_state = state
        server.task_state = None
        if state == "active":
            server.power_state, server.fault = RUNNING, None
            server.launched = server.launched or self.store.now()
        self.store.changed(server)
        return Answer(status=202)

    def _change_password(self, server: Server, argument: Any, call: Call) -> Answer:
        wanted = _object("changePassword", argument)
        required(wanted, ("adminPass",), "changePassword")
        check_lock(server, call.caller)
        check_state(server, "changePassword", frozenset({"active"}), _NO_TASK)
        password = str(wanted["adminPass"])

        def done(server: Server) -> None:
            server.admin_password = password

        self.lifecycle.begin(server, call, "changePassword", "updating_password", done)
        return Answer(status=202)

    def _add_security_group(self, server: Server, argument: Any, call: Call) -> Answer:
        name = self._security_group("addSecurityGroup", server, argument, call)
        if not server.interfaces:
            raise not_found(f"instance_id {server.id} could not be found as device id on any ports")
        if name not in server.security_groups:
            server.security_groups.append(name)
            self.store.changed(server)
        return Answer(status=202)

    def _remove_security_group(self, server: Server, argument: Any, call: Call) -> Answer:
        name = self._security_group("removeSecurityGroup", server, argument, call)
        if name not in server.security_groups:
            raise not_found(f"Security group {name} not associated with the instance {server.id}")
        server.security_groups.remove(name)
        self.store.changed(server)
        return Answer(status=202)

    def _security_group(self, action: str, server: Server, argument: Any, call: Call) -> str:
        wanted = _object(action, argument)
        required(wanted, ("name",), action)
        name = text(wanted, "name", empty=False) or ""
        network = self.store.pod.network
        if network is None:
            return name
        group = network.find_security_group(name, call.caller)
        if group is None:
            raise not_found(f"Security group {name} is not found for project {call.project_id}")
        return group.name

    def _fixed_ip(self, server: Server, argument: Any, call: Call) -> Answer:
        until(call, 43)
        return Answer(status=202)

    def _floating_ip(self, server: Server, argument: Any, call: Call) -> Answer:
        until(call, 43)
        if not server.interfaces:
            raise bad_request("Instance network is not ready yet")
        raise not_found("floating IP not found")

    def _console(self, name: str) -> Callable[[Server, Any, Call], Answer]:
        page, kinds = _CONSOLES[name]

        def show(server: Server, argument: Any, call: Call) -> Answer:
            until(call, 5)
            wanted = _object(name, argument)
            kind = wanted.get("type")
            if kind not in kinds:
                raise invalid("type", kind, f"{kind!r} is not one of {list(kinds)!r}")
            if server.vm_state == "building":
                raise conflict(f"Instance {server.id} is not ready")
            return Answer(body={"console": {"type": kind, "url": console_url(page, kind)}})

        return show


def _object(name: str, argument: Any) -> dict[str, Any]:
    if not isinstance(argument, dict):
        raise invalid(name, argument, f"{argument!r} is not of type 'object'")
    return argument
