"""
The fake Cinder's state: what there is, who may see it, and how it moves from one status to the next.

Every change of status that takes Cinder time takes ``pod.build_seconds`` on the pod's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from attrs import define, field

from trio2o.sandbox.answers import bad_request, not_found
from trio2o.sandbox.call import Caller
from trio2o.sandbox.cinder.quota import Quotas
from trio2o.sandbox.cinder.records import Attachment, Backup, Snapshot, Transfer, Volume, new_id
from trio2o.sandbox.cinder.type_records import VolumeType
from trio2o.sandbox.cinder.type_store import TypeStore
from trio2o.sandbox.pod_state import PodState

_Owned = TypeVar("_Owned", Volume, Snapshot, Backup, Attachment, Transfer)
_Moving = Volume | Snapshot | Backup


@define(eq=False)
class CinderStore:
    """
    One pod's volumes and all that hangs on them. ``clusters`` are names: none, unless a test adds one.
    """

    pod: PodState
    type_names: Sequence[str]
    volumes: dict[str, Volume] = field(factory=dict, init=False)
    snapshots: dict[str, Snapshot] = field(factory=dict, init=False)
    backups: dict[str, Backup] = field(factory=dict, init=False)
    transfers: dict[str, Transfer] = field(factory=dict, init=False)
    attachments: dict[str, Attachment] = field(factory=dict, init=False)
    types: TypeStore = field(init=False)
    messages: dict[str, Any] = field(factory=dict, init=False)
    clusters: list[str] = field(factory=list, init=False)
    quotas: Quotas = field(init=False)
    service_id: str = field(factory=new_id, init=False)

    def __attrs_post_init__(self) -> None:
        self.types = TypeStore(self.now)
        self.quotas = Quotas(self.volumes, self.snapshots, self.backups, self.types.by_id)
        for name in self.type_names:
            self.types.add(name)

    @property
    def host(self) -> str:
        """
        The storage host with backend and pool, as admins see it.
        """
        return f"{self.pod.name.lower()}-storage@files#files"

    @property
    def zones(self) -> Sequence[str]:
        """
        The availability zones that volumes may ask for, the default one first.
        """
        return self.pod.availability_zones

    def in_use(self, type_id: str) -> bool:
        """
        True for a type that volumes have.
        """
        return any(volume.volume_type.id == type_id for volume in self.volumes.values())

    def now(self) -> datetime:
        """
        The pod's time in whole seconds.
        """
        return self.pod.clock.now().replace(microsecond=0)

    def volume(self, volume_id: str, caller: Caller) -> Volume:
        """
        A volume that the caller may see.

        :raises Fault: 404.
        """
        return _visible(self.volumes.get(volume_id), caller, f"Volume {volume_id} could not be found.")

    def snapshot(self, snapshot_id: str, caller: Caller) -> Snapshot:
        """
        A snapshot that the caller may see.

        :raises Fault: 404.
        """
        return _visible(
            self.snapshots.get(snapshot_id), caller, f"Snapshot {snapshot_id} could not be found."
        )

    def backup(self, backup_id: str, caller: Caller) -> Backup:
        """
        A backup that the caller may see.

        :raises Fault: 404.
        """
        return _visible(self.backups.get(backup_id), caller, f"Backup {backup_id} could not be found.")

    def transfer(self, transfer_id: str, caller: Caller | None) -> Transfer:
        """
        A transfer that the caller may see; without a caller any: who has the key takes it from another
        project.

        :raises Fault: 404.
        """
        found = self.transfers.get(transfer_id)
        return _visible(found, caller, f"Transfer {transfer_id} could not be found.")

    def attachment(self, attachment_id: str, caller: Caller) -> Attachment:
        """
        An attachment that the caller may see.

        :raises Fault: 404.
        """
        message = f"Volume attachment could not be found with filter: attachment_id = {attachment_id}."
        return _visible(self.attachments.get(attachment_id), caller, message)

    def owned(self, items: Iterable[_Owned], caller: Caller, *, all_projects: bool) -> list[_Owned]:
        """
        The items of the caller's project, or of all where an admin asks for that.
        """
        everything = all_projects and caller.is_admin
        return [each for each in items if everything or each.project_id == caller.project_id]

    def add_volume(
        self,
        caller: Caller,
        *,
        size: int,
        volume_type: VolumeType,
        zone: str | None = None,
        outcome: str | None = "available",
        name: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
        snapshot_id: str | None = None,
        source_volid: str | None = None,
        group_id: str | None = None,
        image_metadata: Mapping[str, str] | None = None,
        bootable: bool = False,
    ) -> Volume:
        """
        Begin to make a volume. ``outcome`` is the status that it ends in, None to let it stay ``creating``.
        """
        volume = Volume(
            id=new_id(),
            project_id=caller.project_id or "",
            user_id=caller.user_id,
            size=size,
            born=self.pod.clock.now(),
            created_at=self.now(),
            availability_zone=zone or self.zones[0],
            host=self.host,
            service_id=self.service_id,
            volume_type=volume_type,
            name=name,
            description=description,
            metadata=dict(metadata or {}),
            snapshot_id=snapshot_id,
            source_volid=source_volid,
            group_id=group_id,
        )
        self.volumes[volume.id] = volume
        if outcome is not None:
            done = outcome == "available"
            after = {"image_metadata": dict(image_metadata or {}), "bootable": bootable} if done else {}
            self.later(volume, lambda: self.change(volume, status=outcome, placed=done, **after))
        return volume

    def change(self, record: _Moving, **values: object) -> None:
        """
        Set attributes and the time of the change; a volume's kept answers end.
        """
        for name, value in values.items():
            setattr(record, name, value)
        record.updated_at = self.now()
        if isinstance(record, Volume):
            record.revision.bump()

    def later(self, record: _Moving, finish: Callable[[], object]) -> None:
        """
        Do this when Cinder would be done; what was to come before is called off.
        """
        self.halt(record)

        def run() -> None:
            record.moving = None
            finish()

        record.moving = self.pod.clock.callLater(self.pod.build_seconds, run)

    def halt(self, record: _Moving) -> None:
        """
        Call off the state change that is still to come.
        """
        if record.moving is not None:
            record.moving.cancel()
            record.moving = None

    def pass_through(self, record: _Moving, during: str, then: str) -> None:
        """
        Go through a status into another.
        """
        self.change(record, status=during)
        self.later(record, lambda: self.change(record, status=then))

    def begin_delete(self, record: _Moving, *, outcome: str = "deleted") -> None:
        """
        Begin to delete; ``outcome`` may be ``error_deleting``.
        """
        self.change(record, status="deleting")
        if outcome == "deleted":
            self.later(record, lambda: self.remove(record))
        else:
            self.later(record, lambda: self.change(record, status=outcome))

    def remove(self, record: _Moving) -> None:
        """
        Forget at once: from now on there is no such thing.
        """
        self.halt(record)
        if isinstance(record, Volume):
            record.revision.bump()
            self.volumes.pop(record.id, None)
            for attachment in record.attachments:
                self.attachments.pop(attachment.id, None)
        elif isinstance(record, Snapshot):
            self.snapshots.pop(record.id, None)
        else:
            self.backups.pop(record.id, None)

    def snapshots_of(self, volume_id: str) -> list[Snapshot]:
        """
        A volume's snapshots, oldest first.
        """
        return [each for each in self.snapshots.values() if each.volume_id == volume_id]

    def reserve(
        self, volume: Volume, *, server_id: str | None, attachment_id: str | None = None
    ) -> Attachment:
        """
        Make an attachment that is not complete yet; an available volume becomes ``reserved``.
        """
        attachment = Attachment(
            id=attachment_id or new_id(),
            volume_id=volume.id,
            project_id=volume.project_id,
            server_id=server_id,
            created_at=self.now(),
        )
        self.attachments[attachment.id] = attachment
        volume.attachments.append(attachment)
        self.change(volume, status="in-use" if volume.attached else "reserved")
        return attachment

    def complete(
        self,
        attachment: Attachment,
        *,
        device: str | None = None,
        host_name: str | None = None,
        mode: str = "rw",
    ) -> None:
        """
        Make an attachment complete; its volume is in use from now on.
        """
        attachment.status = "attached"
        attachment.attached_at = self.now()
        attachment.device = device or attachment.device
        attachment.host_name = host_name or attachment.host_name
        attachment.mode = mode
        self.change(self.volumes[attachment.volume_id], status="in-use")

    def drop_attachment(self, attachment: Attachment) -> None:
        """
        Forget an attachment; the volume is available again after its last one.
        """
        self.attachments.pop(attachment.id, None)
        volume = self.volumes.get(attachment.volume_id)
        if volume is None:
            return
        volume.attachments.remove(attachment)
        if volume.attached:
            status = "in-use"
        else:
            status = "reserved" if volume.attachments else "available"
        self.change(volume, status=status)

    def check_zone(self, zone: str | None) -> None:
        """
        Refuse a zone that is not this pod's.

        :raises Fault: 400.
        """
        if zone is not None and zone not in self.zones:
            raise bad_request(f"Availability zone '{zone}' is invalid.")


def _visible(found: _Owned | None, caller: Caller | None, message: str) -> _Owned:
    if found is None:
        raise not_found(message)
    if caller is not None and not caller.is_admin and found.project_id != caller.project_id:
        raise not_found(message)
    return found
