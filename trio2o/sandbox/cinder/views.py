"""
What Cinder 29 shows of things, by microversion.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trio2o.sandbox.call import Call
from trio2o.sandbox.cinder.records import Attachment, Backup, Snapshot, Transfer, Volume
from trio2o.sandbox.cinder.type_records import VolumeType


def moment(value: datetime | None) -> str | None:
    """
    A time as Cinder writes it, in UTC without a zone.
    """
    return None if value is None else f"{value:%Y-%m-%dT%H:%M:%S.%f}"


def links(call: Call, collection: str, item_id: str) -> list[dict[str, str]]:
    """
    The two links of a resource.
    """
    project = f"/{call.url_project}" if call.url_project else ""
    return [
        {"rel": "self", "href": f"{call.base}/{collection}/{item_id}"},
        {"rel": "bookmark", "href": f"{call.origin}{project}/{collection}/{item_id}"},
    ]


def volume_summary(call: Call, volume: Volume) -> dict[str, Any]:
    """
    A volume in a short list.
    """
    return {"id": volume.id, "name": volume.name, "links": links(call, "volumes", volume.id)}


def volume_created(call: Call, volume: Volume) -> dict[str, Any]:
    """
    A volume in the answer to its create or update: without the attributes that extensions add.
    """
    shown = {
        "id": volume.id,
        "status": volume.status,
        "size": volume.size,
        "availability_zone": volume.availability_zone,
        "created_at": moment(volume.created_at if volume.updated_at else volume.born),
        "updated_at": moment(volume.updated_at),
        "name": volume.name,
        "description": volume.description,
        "volume_type": volume.volume_type.name,
        "snapshot_id": volume.snapshot_id,
        "source_volid": volume.source_volid,
        "metadata": volume.metadata,
        "links": links(call, "volumes", volume.id),
        "user_id": volume.user_id,
        "bootable": "true" if volume.bootable else "false",
        "encrypted": False,
        "replication_status": None,
        "consistencygroup_id": None,
        "multiattach": volume.multiattach,
        "attachments": [_attached(call, each) for each in volume.attached],
    }
    admin = call.caller.is_admin
    added: list[tuple[bool, str, Any]] = [
        (admin, "migration_status", volume.migration_status),
        (call.minor >= 13, "group_id", volume.group_id),
        (admin and call.minor >= 21, "provider_id", None),
        (call.minor >= 48, "shared_targets", not volume.placed),
        (call.minor >= 48, "service_uuid", volume.service_id if volume.placed else None),
        (admin and call.minor >= 61, "cluster_name", None),
        (call.minor >= 63, "volume_type_id", volume.volume_type.id),
        (call.minor >= 65, "consumes_quota", True),
    ]
    shown |= {name: value for wanted, name, value in added if wanted}
    return shown


def volume_detail(call: Call, volume: Volume) -> dict[str, Any]:
    """
    A volume in a show or a long list.
    """
    shown = volume_created(call, volume)
    shown["created_at"] = moment(volume.created_at)
    shown["os-vol-tenant-attr:tenant_id"] = volume.project_id
    if call.caller.is_admin:
        shown["os-vol-mig-status-attr:migstat"] = volume.migration_status
        shown["os-vol-mig-status-attr:name_id"] = None
        shown["os-vol-host-attr:host"] = volume.host if volume.placed else None
    if volume.image_metadata:
        shown["volume_image_metadata"] = volume.image_metadata
    return shown


def _attached(call: Call, attachment: Attachment) -> dict[str, Any]:
    return {
        "id": attachment.volume_id,
        "attachment_id": attachment.id,
        "volume_id": attachment.volume_id,
        "server_id": attachment.server_id,
        "host_name": attachment.host_name if call.caller.is_admin else None,
        "device": attachment.device,
        "attached_at": moment(attachment.attached_at),
    }


def snapshot_summary(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    """
    A snapshot in a short list.
    """
    return {
        "id": snapshot.id,
        "created_at": moment(snapshot.created_at if snapshot.updated_at else snapshot.born),
        "updated_at": moment(snapshot.updated_at),
        "name": snapshot.name,
        "description": snapshot.description,
        "volume_id": snapshot.volume_id,
        "status": snapshot.status,
        "size": snapshot.size,
        "metadata": snapshot.metadata,
    }


def snapshot_created(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    """
    A snapshot in the answer to its create or update.
    """
    shown = snapshot_summary(call, snapshot)
    if call.minor >= 14:
        shown["group_snapshot_id"] = snapshot.group_snapshot_id
    if call.minor >= 41:
        shown["user_id"] = snapshot.user_id
    if call.minor >= 65:
        shown["consumes_quota"] = True
    return shown


def snapshot_detail(call: Call, snapshot: Snapshot) -> dict[str, Any]:
    """
    A snapshot in a show or a long list.
    """
    return snapshot_created(call, snapshot) | {
        "os-extended-snapshot-attributes:project_id": snapshot.project_id,
        "os-extended-snapshot-attributes:progress": "100%" if snapshot.status == "available" else "0%",
    }


def backup_summary(call: Call, backup: Backup) -> dict[str, Any]:
    """
    A backup in a short list, and in the answer to its create.
    """
    return {"id": backup.id, "name": backup.name, "links": links(call, "backups", backup.id)}


def backup_detail(call: Call, backup: Backup, *, has_dependents: bool) -> dict[str, Any]:
    """
    A backup in a show or a long list.
    """
    shown: dict[str, Any] = {
        "id": backup.id,
        "status": backup.status,
        "size": backup.size,
        "object_count": 0,
        "availability_zone": backup.availability_zone,
        "container": backup.container,
        "created_at": moment(backup.created_at),
        "updated_at": moment(backup.updated_at),
        "name": backup.name,
        "description": backup.description,
        "fail_reason": None,
        "volume_id": backup.volume_id,
        "links": links(call, "backups", backup.id),
        "is_incremental": backup.parent_id is not None,
        "has_dependent_backups": has_dependents,
        "snapshot_id": backup.snapshot_id,
        "data_timestamp": moment(backup.created_at),
    }
    if call.minor >= 43:
        shown["metadata"] = backup.metadata
    if call.caller.is_admin and call.minor >= 18:
        shown["os-backup-project-attr:project_id"] = backup.project_id
    if call.caller.is_admin and call.minor >= 56:
        shown["user_id"] = backup.user_id
    return shown


def attachment_summary(attachment: Attachment) -> dict[str, Any]:
    """
    An attachment in a short list.
    """
    return {
        "id": attachment.id,
        "status": attachment.status,
        "instance": attachment.server_id,
        "volume_id": attachment.volume_id,
    }


def attachment_detail(attachment: Attachment) -> dict[str, Any]:
    """
    An attachment; what is not known yet is an empty string, as Cinder writes it.
    """
    return attachment_summary(attachment) | {
        "attached_at": moment(attachment.attached_at) or "",
        "detached_at": "",
        "attach_mode": attachment.mode or "null",
        "connection_info": connection(attachment) if attachment.connector else {},
    }


def connection(attachment: Attachment) -> Mapping[str, Any]:
    """
    How a server would reach the volume: a local file, as a storage without a network has it.
    """
    return {
        "device_path": f"/dev/trio2o/volume-{attachment.volume_id}",
        "qos_specs": None,
        "access_mode": "rw",
        "encrypted": False,
        "cacheable": False,
        "driver_volume_type": "local",
        "attachment_id": attachment.id,
        "enforce_multipath": False,
    }


def transfer_summary(call: Call, transfer: Transfer) -> dict[str, Any]:
    """
    A transfer in a short list. Its links have the old collection's name at every microversion.
    """
    return {
        "id": transfer.id,
        "volume_id": transfer.volume_id,
        "name": transfer.name,
        "links": links(call, "os-volume-transfer", transfer.id),
    }


def transfer_detail(call: Call, transfer: Transfer, *, created: bool = False) -> dict[str, Any]:
    """
    A transfer; only the answer to its create has the key.
    """
    shown: dict[str, Any] = {
        "id": transfer.id,
        "created_at": moment(transfer.born if created else transfer.created_at),
        "name": transfer.name,
        "volume_id": transfer.volume_id,
    }
    if created:
        shown["auth_key"] = transfer.auth_key
    shown["links"] = links(call, "os-volume-transfer", transfer.id)
    if call.minor >= 55:
        shown["no_snapshots"] = transfer.no_snapshots
    if call.minor >= 57:
        shown["destination_project_id"] = None
        shown["source_project_id"] = transfer.project_id
        shown["accepted"] = False
    return shown


def volume_type(call: Call, item: VolumeType, *, with_access: bool = True) -> dict[str, Any]:
    """
    A volume type; specs that name backends are for admins.
    """
    admin = call.caller.is_admin
    visible = ("RESKEY:availability_zones", "multiattach", "replication_enabled")
    specs = {name: value for name, value in item.extra_specs.items() if admin or name in visible}
    shown: dict[str, Any] = {
        "id": item.id,
        "name": item.name,
        "is_public": item.is_public,
        "description": item.description,
        "extra_specs": specs,
    }
    if admin:
        shown["qos_specs_id"] = None if item.qos is None else item.qos.id
    if with_access:
        shown["os-volume-type-access:is_public"] = item.is_public
    return shown
