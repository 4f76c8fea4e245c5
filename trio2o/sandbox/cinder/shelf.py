"""
The fake Cinder as the fake Nova of its pod sees it (`trio2o.sandbox.pod_state.VolumeShelf`).
"""

from __future__ import annotations

from attrs import define

from trio2o.sandbox.answers import Fault
from trio2o.sandbox.call import Caller
from trio2o.sandbox.cinder.records import Snapshot, Volume, new_id
from trio2o.sandbox.cinder.store import CinderStore


@define(eq=False)
class Shelf:
    """
    A pod's volumes without HTTP.
    """

    store: CinderStore

    def find_volume(self, volume_id: str, caller: Caller) -> Volume | None:
        """
        A volume that the caller may see.
        """
        try:
            return self.store.volume(volume_id, caller)
        except Fault:
            return None

    def has_snapshot(self, snapshot_id: str, caller: Caller) -> bool:
        """
        True for a snapshot that the caller may see.
        """
        try:
            self.store.snapshot(snapshot_id, caller)
        except Fault:
            return False
        return True

    def volumes_of(self, caller: Caller) -> list[Volume]:
        """
        The caller's volumes.
        """
        return self.store.owned(self.store.volumes.values(), caller, all_projects=False)

    def snapshots_of(self, caller: Caller) -> list[Snapshot]:
        """
        The caller's snapshots.
        """
        return self.store.owned(self.store.snapshots.values(), caller, all_projects=False)

    def find_snapshot(self, snapshot_id: str, caller: Caller) -> Snapshot | None:
        """
        A snapshot that the caller may see.
        """
        return self.store.snapshots[snapshot_id] if self.has_snapshot(snapshot_id, caller) else None

    def create_snapshot(self, caller: Caller, volume_id: str, *, name: str) -> Snapshot:
        """
        Begin to make a snapshot.
        """
        store = self.store
        volume = store.volume(volume_id, caller)
        snapshot = Snapshot(
            id=new_id(),
            volume_id=volume.id,
            project_id=volume.project_id,
            user_id=caller.user_id,
            size=volume.size,
            born=store.pod.clock.now(),
            created_at=store.now(),
            volume_type=volume.volume_type,
            name=name,
        )
        store.snapshots[snapshot.id] = snapshot
        store.later(snapshot, lambda: store.change(snapshot, status="available"))
        return snapshot

    def delete_snapshot(self, snapshot_id: str) -> None:
        """
        Delete a snapshot. An unknown id is ignored.
        """
        snapshot = self.store.snapshots.get(snapshot_id)
        if snapshot is not None:
            self.store.begin_delete(snapshot)

    def create_volume(
        self,
        caller: Caller,
        *,
        size: int,
        name: str = "",
        image_id: str | None = None,
        snapshot_id: str | None = None,
        source_volume_id: str | None = None,
        volume_type: str | None = None,
    ) -> str:
        """
        Make a volume as a boot from volume does; its id.

        :raises Fault: 404 or 413, as Cinder would answer.
        """
        store = self.store
        chosen = (
            store.types.default_of(caller.project_id)
            if volume_type is None
            else store.types.named(volume_type, caller)
        )
        if snapshot_id is not None:
            size = size or store.snapshot(snapshot_id, caller).size
        if source_volume_id is not None:
            size = size or store.volume(source_volume_id, caller).size
        store.quotas.check_volume(caller.project_id or "", size, chosen)
        return store.add_volume(
            caller,
            size=size,
            volume_type=chosen,
            name=name,
            snapshot_id=snapshot_id,
            source_volid=source_volume_id,
            image_metadata={"image_id": image_id} if image_id else None,
            bootable=image_id is not None,
        ).id

    def attach(
        self,
        volume_id: str,
        *,
        server_id: str,
        attachment_id: str,
        device: str,
        host_name: str | None = None,
    ) -> None:
        """
        Make a volume in-use by this server; one that is still being made is done at once.
        """
        volume = self.store.volumes[volume_id]
        self.store.halt(volume)
        volume.placed = True
        attachment = self.store.reserve(volume, server_id=server_id, attachment_id=attachment_id)
        attachment.connector = {"host": host_name, "mountpoint": device}
        self.store.complete(attachment, device=device, host_name=host_name)

    def detach(self, volume_id: str, attachment_id: str) -> None:
        """
        Undo an attachment. Unknown ids are ignored.
        """
        attachment = self.store.attachments.get(attachment_id)
        if attachment is not None and attachment.volume_id == volume_id:
            self.store.drop_attachment(attachment)

    def delete_volume(self, volume_id: str) -> None:
        """
        Delete a volume. An unknown id is ignored.
        """
        volume = self.store.volumes.get(volume_id)
        if volume is not None:
            self.store.begin_delete(volume)
