"""
Servers and what hangs on them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import define, field

from trio2o.sandbox.answers import Revision
from trio2o.sandbox.nova.flavor import Flavor

#: What a task makes of a state, and a state without such a task, as in Nova's list of server statuses.
_STATUSES: dict[str, tuple[str, dict[str, str]]] = {
    "active": (
        "ACTIVE",
        {
            "rebooting": "REBOOT",
            "rebooting_hard": "HARD_REBOOT",
            "updating_password": "PASSWORD",
            "rebuilding": "REBUILD",
            "migrating": "MIGRATING",
            "resize_prep": "RESIZE",
        },
    ),
    "building": ("BUILD", {}),
    "stopped": ("SHUTOFF", {"resize_prep": "RESIZE", "rebuilding": "REBUILD"}),
    "resized": ("VERIFY_RESIZE", {"resize_reverting": "REVERT_RESIZE"}),
    "paused": ("PAUSED", {"migrating": "MIGRATING"}),
    "suspended": ("SUSPENDED", {}),
    "rescued": ("RESCUE", {}),
    "error": ("ERROR", {"rebuilding": "REBUILD"}),
    "deleted": ("DELETED", {}),
    "soft-delete": ("SOFT_DELETED", {}),
    "shelved": ("SHELVED", {}),
    "shelved_offloaded": ("SHELVED_OFFLOADED", {}),
}

STATUSES = frozenset(
    {plain for plain, _ in _STATUSES.values()}
    | {status for _, by_task in _STATUSES.values() for status in by_task.values()}
)


@define(kw_only=True)
class Attachment:
    """
    A volume on a server. ``id`` is Cinder's attachment id.
    """

    id: str
    bdm_id: str
    volume_id: str
    device: str
    delete_on_termination: bool = False
    tag: str | None = None


@define(kw_only=True)
class Interface:
    """
    A port on a server, as Nova's network cache has it; ``own`` ports were made by Nova and go with the
    server.
    """

    port_id: str
    network_id: str
    network_name: str
    mac_address: str
    fixed_ips: list[tuple[str, str]]
    own: bool
    tag: str | None = None


@define(kw_only=True)
class Event:
    """
    One entry of the instance actions.
    """

    action: str
    request_id: str
    user_id: str
    project_id: str
    start: datetime
    finish: datetime | None = None
    message: str | None = None


@define(kw_only=True, eq=False)
class Server:
    """
    One server. ``number`` counts creations. Times have whole seconds,
    as in Nova's database. ``awaited_volumes`` are made for it and are attached, with these options, once it
    is built.
    """

    number: int
    id: str
    name: str
    project_id: str
    user_id: str
    flavor: Flavor
    image_id: str | None
    created: datetime
    updated: datetime
    hostname: str
    reservation_id: str
    launch_index: int = 0
    metadata: dict[str, str] = field(factory=dict)
    description: str | None = None
    tags: set[str] = field(factory=set)
    key_name: str | None = None
    user_data: str | None = None
    config_drive: bool = False
    disk_config: str = "MANUAL"
    access_ipv4: str = ""
    access_ipv6: str = ""
    admin_password: str = ""
    personality: list[Any] = field(factory=list)
    trusted_certificates: list[str] | None = None
    hints: Mapping[str, Any] = field(factory=dict)
    security_groups: list[str] = field(factory=list)
    requested_zone: str | None = None
    zone: str | None = None
    host: str | None = None
    vm_state: str = "building"
    task_state: str | None = "scheduling"
    power_state: int = 0
    launched: datetime | None = None
    terminated: datetime | None = None
    deleted: bool = False
    fault: tuple[str, datetime] | None = None
    locked_by: str | None = None
    locked_reason: str | None = None
    old_flavor: Flavor | None = None
    attachments: list[Attachment] = field(factory=list)
    awaited_volumes: list[tuple[str, dict[str, Any]]] = field(factory=list)
    interfaces: list[Interface] = field(factory=list)
    events: list[Event] = field(factory=list)
    created_from: Mapping[str, Any] = field(factory=dict)
    revision: Revision = field(factory=Revision)

    @property
    def status(self) -> str:
        """
        The status that users see.
        """
        plain, by_task = _STATUSES[self.vm_state]
        return by_task.get(self.task_state or "", plain)

    @property
    def instance_name(self) -> str:
        """
        The hypervisor's name for it.
        """
        return f"instance-{self.number:08x}" if self.host is not None else ""

    @property
    def host_id(self) -> str:
        """
        The host, hidden from users: the same for servers of one project on one host.
        """
        if self.host is None:
            return ""
        return hashlib.sha224((self.project_id + self.host).encode()).hexdigest()

    @property
    def shown_zone(self) -> str:
        """
        Its host's zone; before it has a host the requested one, and nothing when it is off its host again.
        """
        if self.vm_state == "shelved_offloaded":
            return ""
        if self.host is not None and self.zone is not None:
            return self.zone
        return self.requested_zone or ""

    def attachment(self, volume_id: str) -> Attachment | None:
        """
        The attachment of a volume, if it is attached.
        """
        return next((each for each in self.attachments if each.volume_id == volume_id), None)

    def next_device(self) -> str:
        """
        A free device name.
        """
        used = {each.device for each in self.attachments}
        first = "b" if self.image_id is not None else "a"
        letters = [chr(code) for code in range(ord(first), ord("z") + 1)]
        return next((f"/dev/sd{x}" for x in letters if f"/dev/sd{x}" not in used), "/dev/sdz")
