"""
Sort keys and the fields of items that show their values.

A sort key of the Compute and Block Storage APIs names a column of the service's database. Those that are absent here have
no field that shows them as they are: ``instance_type_id``, ``locked_by``, ``progress``, ``availability_zone`` of a server
(the list shows the host's, not the one asked for), ``volume_type_id`` and others keep each pod's own order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen


@frozen(kw_only=True)
class SortField:
    """
    How a sort key's value is read from an item.

    ``read`` raises KeyError, TypeError or AttributeError where the item does not show it.
    """

    read: Callable[[Mapping[str, Any]], Any]
    #: Text that databases compare by their collation.
    text: bool = False
    #: False where the field shows two values of the column as one: Nova's ``updated`` is ``created`` where there is none.
    faithful: bool = True
    #: True where no two items have the same value.
    unique: bool = False
    #: True where the plain list shows it too.
    in_plain: bool = False
    #: True for the time at which the item was made.
    age: bool = False


def _as_is(name: str, *, text: bool = False, faithful: bool = True, in_plain: bool = False) -> SortField:
    return SortField(read=lambda item: item[name], text=text, faithful=faithful, in_plain=in_plain)


def _maybe(read: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    """
    Reads what is written as an empty text where there is none.
    """
    return lambda item: read(item) or None


def _time(name: str, *, faithful: bool = True, age: bool = False) -> SortField:
    """
    A time, written with or without ``Z`` and a fraction of zeros. ISO 8601 in UTC compares as text.
    """

    def read(item: Mapping[str, Any]) -> str | None:
        value = item[name]
        return (
            None if value is None else value.removesuffix("Z").removesuffix("+00:00").removesuffix(".000000")
        )

    return SortField(read=read, faithful=faithful, age=age)


def _truth(name: str, no: object, yes: object) -> SortField:
    """
    A column that holds false or true, which the API writes as words.
    """
    numbers = {no: 0, yes: 1, None: None}
    return SortField(read=lambda item: numbers[item[name]], faithful=False)


def _server_image(item: Mapping[str, Any]) -> str:
    image = item["image"]
    return str(image["id"]) if image else ""


_ID = SortField(read=lambda item: item["id"], unique=True, in_plain=True)
_NAME = _as_is("name", text=True, in_plain=True)

SERVERS: Mapping[str, SortField] = {
    "access_ip_v4": _as_is("accessIPv4", text=True),
    "access_ip_v6": _as_is("accessIPv6", text=True),
    "auto_disk_config": _truth("OS-DCF:diskConfig", "MANUAL", "AUTO"),
    "config_drive": _as_is("config_drive", text=True),
    "created_at": _time("created", age=True),
    "display_description": _as_is("description", text=True),
    "display_name": _NAME,
    "host": _as_is("OS-EXT-SRV-ATTR:host", text=True),
    "hostname": _as_is("OS-EXT-SRV-ATTR:hostname", text=True),
    "image_ref": SortField(read=_server_image, faithful=False),
    "kernel_id": _as_is("OS-EXT-SRV-ATTR:kernel_id", text=True),
    "key_name": _as_is("key_name", text=True),
    "launch_index": _as_is("OS-EXT-SRV-ATTR:launch_index"),
    "launched_at": _time("OS-SRV-USG:launched_at"),
    "locked": _as_is("locked", faithful=False),
    "node": _as_is("OS-EXT-SRV-ATTR:hypervisor_hostname", text=True),
    "power_state": _as_is("OS-EXT-STS:power_state", faithful=False),
    "project_id": _as_is("tenant_id"),
    "ramdisk_id": _as_is("OS-EXT-SRV-ATTR:ramdisk_id", text=True),
    "root_device_name": _as_is("OS-EXT-SRV-ATTR:root_device_name", text=True),
    "task_state": _as_is("OS-EXT-STS:task_state", text=True),
    "terminated_at": _time("OS-SRV-USG:terminated_at"),
    "updated_at": _time("updated", faithful=False),
    "user_id": _as_is("user_id"),
    "uuid": _ID,
    "vm_state": _as_is("OS-EXT-STS:vm_state", text=True),
}

_CINDER: Mapping[str, SortField] = {
    "created_at": _time("created_at", age=True),
    "display_description": _as_is("description", text=True),
    "display_name": _NAME,
    "id": _ID,
    "name": _NAME,
    "status": _as_is("status", text=True),
    "updated_at": _time("updated_at"),
}

VOLUMES: Mapping[str, SortField] = {
    **_CINDER,
    "availability_zone": _as_is("availability_zone", text=True),
    "bootable": _truth("bootable", "false", "true"),
    "consistencygroup_id": _as_is("consistencygroup_id"),
    "group_id": _as_is("group_id"),
    "host": _as_is("os-vol-host-attr:host", text=True),
    "migration_status": _as_is("migration_status", text=True),
    "multiattach": _as_is("multiattach"),
    "project_id": _as_is("os-vol-tenant-attr:tenant_id"),
    "replication_status": _as_is("replication_status", text=True),
    "size": _as_is("size"),
    "snapshot_id": _as_is("snapshot_id"),
    "source_volid": _as_is("source_volid"),
    "user_id": _as_is("user_id"),
}

SNAPSHOTS: Mapping[str, SortField] = {
    **_CINDER,
    "project_id": _as_is("os-extended-snapshot-attributes:project_id"),
    "user_id": _as_is("user_id"),
    "volume_id": _as_is("volume_id"),
    "volume_size": _as_is("size"),
}

BACKUPS: Mapping[str, SortField] = {
    **_CINDER,
    "availability_zone": _as_is("availability_zone", text=True),
    "container": _as_is("container", text=True),
    "data_timestamp": _time("data_timestamp"),
    "object_count": _as_is("object_count"),
    "project_id": _as_is("os-backup-project-attr:project_id"),
    "size": _as_is("size"),
    "snapshot_id": _as_is("snapshot_id"),
    "volume_id": _as_is("volume_id"),
}

#: Cinder's groups and their snapshots, also as consistency groups and cgsnapshots, have columns ``name`` and ``description``.
_GROUPED: Mapping[str, SortField] = {
    **{name: field for name, field in _CINDER.items() if not name.startswith("display_")},
    "description": _as_is("description", text=True),
    "group_type_id": _as_is("group_type"),
    "project_id": _as_is("project_id"),
}

GROUPS: Mapping[str, SortField] = {
    **_GROUPED,
    "availability_zone": _as_is("availability_zone", text=True),
    "group_snapshot_id": _as_is("group_snapshot_id"),
    "replication_status": _as_is("replication_status", text=True),
    "source_group_id": _as_is("source_group_id"),
}

GROUP_SNAPSHOTS: Mapping[str, SortField] = {
    **_GROUPED,
    "group_id": _as_is("group_id"),
    "group_type_id": _as_is("group_type_id"),
}

TRANSFERS: Mapping[str, SortField] = {
    "accepted": _as_is("accepted"),
    "created_at": _time("created_at", age=True),
    "destination_project_id": _as_is("destination_project_id"),
    "display_name": _NAME,
    "id": _ID,
    "no_snapshots": _as_is("no_snapshots"),
    "source_project_id": _as_is("source_project_id"),
    "volume_id": _as_is("volume_id", in_plain=True),
}

#: Nothing shows when an attachment was made, so the default order is each pod's own.
ATTACHMENTS: Mapping[str, SortField] = {
    "attach_mode": _as_is("attach_mode", text=True),
    "attach_status": _as_is("status", text=True, in_plain=True),
    "attach_time": SortField(read=_maybe(_time("attached_at").read)),
    "detach_time": SortField(read=_maybe(_time("detached_at").read)),
    "id": _ID,
    "instance_uuid": _as_is("instance", in_plain=True),
    "volume_id": _as_is("volume_id", in_plain=True),
}

MESSAGES: Mapping[str, SortField] = {
    "created_at": _time("created_at", age=True),
    "event_id": _as_is("event_id", text=True),
    "expires_at": _time("guaranteed_until"),
    "id": _ID,
    "message_level": _as_is("message_level", text=True),
    "request_id": _as_is("request_id"),
    "resource_type": _as_is("resource_type", text=True),
    "resource_uuid": _as_is("resource_uuid"),
}
