"""
``POST /servers/ID/action``: the actions that change a server's state.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import define, field, frozen

from trio2o.sandbox.answers import Answer, Fault, bad_request, forbidden
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import invalid, is_uuid, required, string_map, text
from trio2o.sandbox.nova.lifecycle import (
    PAUSED,
    RUNNING,
    SHUTDOWN,
    SUSPENDED,
    Lifecycle,
    check_lock,
    check_state,
)
from trio2o.sandbox.nova.other_actions import OtherActions
from trio2o.sandbox.nova.server import Server
from trio2o.sandbox.nova.server_view import shown
from trio2o.sandbox.nova.store import NovaStore, admin_only, since

_NO_TASK = frozenset({None})


@frozen(kw_only=True)
class Change:
    """
    An action that moves a server from some states to one. ``word`` stands in errors, ``event`` in the
    instance actions; ``policy`` is for actions of admins; ``tasks`` None means during any task.
    """

    word: str
    event: str
    states: frozenset[str] | None
    task: str | None
    vm_state: str | None
    power: int | None
    policy: str | None = None
    tasks: frozenset[str | None] | None = field(default=_NO_TASK)
    minor: int = 1
    status: int = 202


def _change(word: str, states: str | None, task: str | None, vm_state: str | None, **more: Any) -> Change:
    return Change(
        word=word,
        event=more.pop("event", word),
        states=None if states is None else frozenset(states.split()),
        task=task,
        vm_state=vm_state,
        power=more.pop("power", None),
        **more,
    )


CHANGES: Mapping[str, Change] = {
    "os-start": _change("start", "stopped", "powering-on", "active", power=RUNNING),
    "os-stop": _change("stop", "active error", "powering-off", "stopped", power=SHUTDOWN),
    "pause": _change("pause", "active", "pausing", "paused", power=PAUSED),
    "unpause": _change("unpause", "paused", "unpausing", "active", power=RUNNING),
    "suspend": _change("suspend", "active", "suspending", "suspended", power=SUSPENDED),
    "resume": _change("resume", "suspended", "resuming", "active", power=RUNNING),
    "unrescue": _change("unrescue", "rescued", "unrescuing", "active", power=RUNNING),
    "shelve": _change(
        "shelve", "active stopped paused suspended", "shelving", "shelved_offloaded", power=SHUTDOWN
    ),
    "shelveOffload": _change(
        "shelveOffload",
        "shelved",
        "shelving_offloading",
        "shelved_offloaded",
        power=SHUTDOWN,
        policy="os-shelve:shelve_offload",
    ),
    "migrate": _change(
        "migrate", "active stopped", "resize_prep", "resized", policy="os-migrate-server:migrate"
    ),
    "os-migrateLive": _change(
        "os-migrateLive",
        "active paused",
        "migrating",
        None,
        policy="os-migrate-server:migrate_live",
        event="live-migration",
    ),
    "evacuate": _change(
        "evacuate", "active stopped error", "rebuilding", "active", policy="os-evacuate", tasks=None
    ),
    "restore": _change("restore", "soft-delete", "restoring", "active", power=RUNNING),
    "trigger_crash_dump": _change("trigger_crash_dump", "active paused rescued error", None, None, minor=17),
    "injectNetworkInfo": _change(
        "injectNetworkInfo",
        None,
        None,
        None,
        policy="os-admin-actions:inject_network_info",
        event="inject_network_info",
        tasks=None,
    ),
}


@define
class Actions:
    """
    One route for all actions. What changes the state by a rule of `CHANGES` is done here, and what needs
    more than that; the rest is in `OtherActions`.
    """

    store: NovaStore
    lifecycle: Lifecycle
    others: OtherActions

    @route("POST", "/servers/<server_id>/action")
    @route("POST", "/os-volumes_boot/<server_id>/action")
    def act(self, call: Call, server_id: str) -> Answer | Awaitable[Answer]:
        body = call.json()
        if not isinstance(body, dict) or len(body) != 1:
            raise bad_request("Malformed request body")
        ((name, argument),) = body.items()
        change = CHANGES.get(name)
        special = self._specials().get(name) or self.others.handlers().get(name)
        if name == "resetNetwork":
            raise Fault(410, "This resource is no longer available. No forwarding address is given.")
        if change is None and special is None:
            raise bad_request(f"There is no such action: {name}")
        if change is not None:
            since(call, change.minor)
            if change.policy is not None:
                admin_only(call, change.policy)
            _check_argument(name, argument)
        server = self.store.get(server_id, call, by_cell=name in ("os-start", "os-stop"))
        if special is not None:
            return special(server, argument, call)
        assert change is not None
        check_lock(server, call.caller)
        check_state(server, change.word, change.states, change.tasks)
        return self._begin(server, change, call)

    def _begin(self, server: Server, change: Change, call: Call) -> Answer:
        def done(server: Server) -> None:
            if change.vm_state is not None:
                server.vm_state = change.vm_state
            if change.power is not None:
                server.power_state = change.power
            if change.vm_state == "shelved_offloaded":
                server.host = None
            elif change.vm_state == "resized":
                server.old_flavor = server.flavor

        self.lifecycle.begin(server, call, change.event, change.task, done)
        return Answer(status=change.status)

    def _specials(self) -> dict[str, Callable[[Server, Any, Call], Answer | Awaitable[Answer]]]:
        return {
            "reboot": self._reboot,
            "rebuild": self._rebuild,
            "resize": self._resize,
            "confirmResize": self._confirm,
            "revertResize": self._revert,
            "rescue": self._rescue,
            "unshelve": self._unshelve,
            "forceDelete": self._force_delete,
        }

    def _reboot(self, server: Server, argument: Any, call: Call) -> Answer:
        wanted = _object("reboot", argument)
        required(wanted, ("type",), "reboot")
        kind = wanted["type"]
        kinds = ["HARD", "Hard", "hard", "SOFT", "Soft", "soft"]
        if kind not in kinds:
            raise invalid("type", kind, f"{kind!r} is not one of {kinds!r}")
        check_lock(server, call.caller)
        states, task = {"active"}, "rebooting"
        tasks: frozenset[str | None] = _NO_TASK
        if kind.upper() == "HARD":
            states, task = {"active", "stopped", "paused", "suspended", "error"}, "rebooting_hard"
            tasks = frozenset({None, "rebooting", "rebooting_hard", "resuming", "unpausing", "suspending"})
        check_state(server, "reboot", frozenset(states), tasks)

        def done(server: Server) -> None:
            server.vm_state, server.power_state, server.fault = "active", RUNNING, None

        self.lifecycle.begin(server, call, "reboot", task, done)
        return Answer(status=202)

    async def _rebuild(self, server: Server, argument: Any, call: Call) -> Answer:
        wanted = _object("rebuild", argument)
        required(wanted, ("imageRef",), "rebuild")
        image_id = str(wanted["imageRef"]).rstrip("/").rpartition("/")[2]
        if not is_uuid(image_id):
            raise invalid("imageRef", wanted["imageRef"], f"{wanted['imageRef']!r} is not a 'uuid'")
        metadata = string_map(wanted.get("metadata", server.metadata), "metadata")
        name = text(wanted, "name", empty=False)
        check_lock(server, call.caller)
        check_state(server, "rebuild", frozenset({"active", "stopped", "error"}), _NO_TASK)
        if not await self.others.images.has(image_id, call):
            raise bad_request("Cannot find image for rebuild")
        server.name = name or server.name
        server.metadata = metadata
        server.image_id = image_id if server.image_id is not None else None
        server.admin_password = str(wanted.get("adminPass") or secrets.token_urlsafe(9)[:12])
        if call.minor >= 19 and "description" in wanted:
            server.description = text(wanted, "description")
        stopped = server.vm_state == "stopped"

        def done(server: Server) -> None:
            server.vm_state = "stopped" if stopped else "active"
            server.power_state = SHUTDOWN if stopped else RUNNING
            server.fault = None

        self.lifecycle.begin(server, call, "rebuild", "rebuilding", done)
        body = shown(server, call, extended=False, groups=self.store.groups_of(server))
        body["adminPass"] = server.admin_password
        location = ("Location", f"{call.base}/servers/{server.id}")
        return Answer(status=202, body={"server": body}, headers=(location,))

    def _resize(self, server: Server, argument: Any, call: Call) -> Answer:
        wanted = _object("resize", argument)
        required(wanted, ("flavorRef",), "resize")
        check_lock(server, call.caller)
        try:
            flavor = self.store.flavor(str(wanted["flavorRef"]).rstrip("/").rpartition("/")[2], call)
        except Fault as fault:
            raise bad_request(fault.message) from fault
        check_state(server, "resize", frozenset({"active", "stopped"}), _NO_TASK)
        if flavor.id == server.flavor.id:
            raise bad_request("When resizing, instances must change flavor!")
        if call.injected("quota"):
            cores = self.store.limits_of(server.project_id)["cores"]
            raise forbidden(
                f"Quota exceeded for cores: Requested {flavor.vcpus}, but already used {cores} of {cores} cores"
            )

        def done(server: Server) -> None:
            server.old_flavor, server.flavor = server.flavor, flavor
            server.vm_state = "resized"

        self.lifecycle.begin(server, call, "resize", "resize_prep", done)
        return Answer(status=202)

    def _confirm(self, server: Server, argument: Any, call: Call) -> Answer:
        check_lock(server, call.caller)
        check_state(server, "confirmResize", frozenset({"resized"}), _NO_TASK)

        def done(server: Server) -> None:
            server.old_flavor = None
            server.vm_state = "active" if server.power_state == RUNNING else "stopped"

        self.lifecycle.begin(server, call, "confirmResize", None, done)
        return Answer(status=204)

    def _revert(self, server: Server, argument: Any, call: Call) -> Answer:
        check_lock(server, call.caller)
        check_state(server, "revertResize", frozenset({"resized"}), _NO_TASK)

        def done(server: Server) -> None:
            if server.old_flavor is not None:
                server.flavor, server.old_flavor = server.old_flavor, None
            server.vm_state = "active" if server.power_state == RUNNING else "stopped"

        self.lifecycle.begin(server, call, "revertResize", "resize_reverting", done)
        return Answer(status=202)

    def _rescue(self, server: Server, argument: Any, call: Call) -> Answer:
        wanted = {} if argument is None else _object("rescue", argument)
        check_lock(server, call.caller)
        check_state(server, "rescue", frozenset({"active", "stopped", "error"}), _NO_TASK)
        password = str(wanted.get("adminPass") or secrets.token_urlsafe(9)[:12])

        def done(server: Server) -> None:
            server.vm_state, server.power_state = "rescued", RUNNING

        self.lifecycle.begin(server, call, "rescue", "rescuing", done)
        return Answer(body={"adminPass": password})

    def _unshelve(self, server: Server, argument: Any, call: Call) -> Answer:
        wanted = {} if argument is None else _object("unshelve", argument)
        zone = text(wanted, "availability_zone")
        check_lock(server, call.caller)
        check_state(server, "unshelve", frozenset({"shelved", "shelved_offloaded"}), _NO_TASK)
        if zone is not None:
            if call.minor < 77:
                raise bad_request(f"Invalid input for field/attribute unshelve. Value: {wanted}.")
            if zone not in self.store.zones:
                raise bad_request("The requested availability zone is not available")
            server.requested_zone = zone

        def done(server: Server) -> None:
            server.vm_state, server.power_state = "active", RUNNING
            server.host = self.store.host
            server.zone = server.requested_zone or self.store.zones[0]

        self.lifecycle.begin(server, call, "unshelve", "unshelving", done)
        return Answer(status=202)

    def _force_delete(self, server: Server, argument: Any, call: Call) -> Answer:
        check_lock(server, call.caller)
        self.lifecycle.delete(server, call)
        return Answer(status=202)


def _object(name: str, argument: Any) -> dict[str, Any]:
    if not isinstance(argument, dict):
        raise invalid(name, argument, f"{argument!r} is not of type 'object'")
    return argument


def _check_argument(name: str, argument: Any) -> None:
    if name == "evacuate":
        _object(name, argument)
