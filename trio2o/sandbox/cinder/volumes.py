"""
``/volumes``: create, list, show, update, delete, summary, encryption.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.filters import filtered
from trio2o.sandbox.cinder.paging import Keys, Page
from trio2o.sandbox.cinder.quota import volumes_exceeded
from trio2o.sandbox.cinder.records import Message, Volume, new_id
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DELETED
from trio2o.sandbox.cinder.type_records import VolumeType

NOT_DELETABLE = (
    "Invalid volume: Volume status must be available or error or error_restoring or error_extending or "
    "error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a "
    "transfer, or be disassociated from snapshots after volume transfer."
)
_DELETABLE = frozenset({"available", "error", "error_restoring", "error_extending", "error_managing"})

_FIELDS = (
    "name",
    "description",
    "display_name",
    "display_description",
    "volume_type",
    "metadata",
    "snapshot_id",
    "source_volid",
    "consistencygroup_id",
    "size",
    "availability_zone",
    "multiattach",
    "image_id",
    "imageRef",
    "group_id",
    "backup_id",
)
_SORT_KEYS: Keys = {
    "id": lambda volume: volume.id,
    "created_at": lambda volume: volume.created_at,
    "updated_at": lambda volume: volume.updated_at,
    "name": lambda volume: volume.name,
    "display_name": lambda volume: volume.name,
    "status": lambda volume: volume.status,
    "size": lambda volume: volume.size,
    "availability_zone": lambda volume: volume.availability_zone,
    "bootable": lambda volume: volume.bootable,
    "project_id": lambda volume: volume.project_id,
    "user_id": lambda volume: volume.user_id,
    "host": lambda volume: volume.host,
    "volume_type_id": lambda volume: volume.volume_type.id,
    "snapshot_id": lambda volume: volume.snapshot_id,
    "source_volid": lambda volume: volume.source_volid,
}


@define(eq=False)
class Volumes:
    """
    The volumes themselves.
    """

    store: CinderStore

    @route("POST", "/volumes")
    def create(self, call: Call) -> Answer:
        store, caller = self.store, call.caller
        wanted = body.section(call, "volume", allowed=_FIELDS if call.minor >= 53 else None)
        body.require_project(call, "volume:create")
        unexpected = sorted(call.json().keys() - {"volume", "OS-SCH-HNT:scheduler_hints"})
        if unexpected:
            raise bad_request(f"Additional properties are not allowed ({unexpected[0]!r} was unexpected)")
        size = wanted.get("size")
        if size is not None:
            size = body.whole("size", size, minimum=1)
        name = body.text("name", wanted.get("name", wanted.get("display_name")))
        description = body.text("description", wanted.get("description", wanted.get("display_description")))
        metadata = body.metadata(wanted.get("metadata"))
        if wanted.get("multiattach"):
            raise bad_request(
                "multiattach parameter has been removed. The default behavior is to use multiattach enabled "
                "volume types. Contact your administrator to create a multiattach enabled volume type and "
                "use it to create multiattach volumes."
            )
        chosen = store.types.named(wanted["volume_type"], caller) if wanted.get("volume_type") else None
        source = self._source(call, wanted, size, chosen)
        size = size or source.size
        if size is None:
            raise bad_request(
                "The server could not comply with the request since it is either malformed or otherwise "
                "incorrect."
            )
        store.check_zone(wanted.get("availability_zone"))
        volume_type = chosen or source.volume_type or store.types.default_of(call.project_id)
        if call.injected("quota"):
            raise volumes_exceeded(max(store.quotas.limit(call.project_id, "volumes"), 0))
        store.quotas.check_volume(call.project_id, size, volume_type)
        outcome: str | None = "error" if call.injected("no_valid_host") else "available"
        if call.injected("stuck"):
            outcome = None
        volume = store.add_volume(
            caller,
            size=size,
            volume_type=volume_type,
            zone=wanted.get("availability_zone"),
            outcome=outcome,
            name=name,
            description=description,
            metadata=metadata,
            snapshot_id=wanted.get("snapshot_id"),
            source_volid=wanted.get("source_volid"),
            group_id=wanted.get("group_id") if call.minor >= 13 else None,
            image_metadata=source.image_metadata,
            bootable=source.bootable,
        )
        if outcome == "error":
            told = Message(
                id=new_id(),
                project_id=call.project_id,
                resource_id=volume.id,
                request_id=call.request_id,
                created_at=store.now(),
            )
            store.messages[told.id] = told
        return Answer(status=202, body={"volume": views.volume_created(call, volume)})

    @route("GET", "/volumes")
    def index(self, call: Call) -> Answer:
        return self._listed(call, views.volume_summary)

    @route("GET", "/volumes/detail")
    def detail(self, call: Call) -> Answer:
        return self._listed(call, views.volume_detail)

    @route("GET", "/volumes/summary")
    def summary(self, call: Call) -> Answer:
        body.since(call, 12)
        volumes = self._visible(call)
        shown: dict[str, Any] = {
            "total_count": len(volumes),
            "total_size": sum(volume.size for volume in volumes),
        }
        if call.minor >= 36:
            metadata: dict[str, list[str]] = {}
            for volume in volumes:
                for key, value in volume.metadata.items():
                    if value not in metadata.setdefault(key, []):
                        metadata[key].append(value)
            shown["metadata"] = metadata
        return Answer(body={"volume-summary": shown})

    @route("GET", "/volumes/<volume_id>")
    def show(self, call: Call, volume_id: str) -> Answer:
        volume = self.store.volume(volume_id, call.caller)
        return Answer(body={"volume": views.volume_detail(call, volume)}, depends_on=volume.revision)

    @route("PUT", "/volumes/<volume_id>")
    def update(self, call: Call, volume_id: str) -> Answer:
        fields = ("name", "description", "display_name", "display_description", "metadata")
        wanted = body.section(call, "volume", allowed=fields)
        if not wanted and call.minor >= 53:
            raise body.invalid("volume", wanted, "{} is not valid under any of the given schemas")
        volume = self.store.volume(volume_id, call.caller)
        changes: dict[str, Any] = {}
        for field_name, old_name in (("name", "display_name"), ("description", "display_description")):
            if field_name in wanted or old_name in wanted:
                value = wanted.get(field_name, wanted.get(old_name))
                changes[field_name] = body.text(field_name, value)
        if "metadata" in wanted:
            changes["metadata"] = body.metadata(wanted["metadata"])
        self.store.change(volume, **changes)
        return Answer(body={"volume": views.volume_created(call, volume)})

    @route("DELETE", "/volumes/<volume_id>")
    def delete(self, call: Call, volume_id: str) -> Answer:
        store = self.store
        volume = store.volume(volume_id, call.caller)
        cascade = (call.arg("cascade") or "").lower() in ("true", "1")
        force = call.minor >= 23 and (call.arg("force") or "").lower() in ("true", "1")
        if force:
            body.require_admin(call, "volume:force_delete")
        snapshots = store.snapshots_of(volume.id)
        free = volume.status in _DELETABLE and not volume.attachments and volume.group_id is None
        if not force and (not free or (snapshots and not cascade)):
            raise bad_request(NOT_DELETABLE)
        for snapshot in snapshots:
            store.begin_delete(snapshot)
        outcome = "error_deleting" if call.injected("error_deleting") else "deleted"
        store.begin_delete(volume, outcome=outcome)
        return DELETED

    @route("GET", "/volumes/<volume_id>/encryption")
    def encryption(self, call: Call, volume_id: str) -> Answer:
        self.store.volume(volume_id, call.caller)
        return Answer(body={"encryption_key_id": None})

    def _source(
        self, call: Call, wanted: Mapping[str, Any], size: int | None, chosen: VolumeType | None
    ) -> _Source:
        """
        What the new volume is made from.
        """
        store, caller = self.store, call.caller
        snapshot_id = body.uuid_or_none("snapshot_id", wanted.get("snapshot_id"))
        source_id = body.uuid_or_none("source_volid", wanted.get("source_volid"))
        backup_id = body.uuid_or_none("backup_id", wanted.get("backup_id")) if call.minor >= 47 else None
        image_id = wanted.get("imageRef") or wanted.get("image_id")
        if snapshot_id is not None:
            store.snapshot(snapshot_id, caller)
        if source_id is not None:
            store.volume(source_id, caller)
        sources = (backup_id, image_id, snapshot_id, source_id)
        if sum(each is not None for each in sources) > 1:
            raise bad_request(
                "Invalid input received: May specify only one of backup, imageRef, snapshot, source volume"
            )
        group_id = wanted.get("group_id") if call.minor >= 13 else None
        if group_id is not None:  # there are no groups
            raise not_found(f"Group {group_id} could not be found.")
        if snapshot_id is not None:
            snapshot = store.snapshot(snapshot_id, caller)
            if snapshot.status != "available":
                raise bad_request(
                    "Invalid snapshot: Originating snapshot status must be one of 'available' values"
                )
            if size is not None and size < snapshot.size:
                raise bad_request(
                    f"Invalid input received: Volume size '{size}'GB cannot be smaller than the snapshot "
                    f"size {snapshot.size}GB. They must be >= original snapshot size."
                )
            _check_type(chosen, snapshot.volume_type)
            parent = store.volumes.get(snapshot.volume_id)
            return _Source(
                snapshot.size,
                snapshot.volume_type,
                bootable=parent is not None and parent.bootable,
                image_metadata=parent.image_metadata if parent is not None else {},
            )
        if source_id is not None:
            origin = store.volume(source_id, caller)
            if origin.status not in ("available", "in-use"):
                raise bad_request("Invalid volume: Source volume status must be available or in-use.")
            if size is not None and size < origin.size:
                raise bad_request(
                    f"Invalid input received: Volume size '{size}'GB cannot be smaller than original volume "
                    f"size  {origin.size}GB. They must be >= original volume size."
                )
            _check_type(chosen, origin.volume_type)
            return _Source(
                origin.size,
                origin.volume_type,
                bootable=origin.bootable,
                image_metadata=origin.image_metadata,
            )
        if backup_id is not None:
            return _Source(store.backup(backup_id, caller).size)
        if image_id is not None:
            if not body.looks_like_uuid(str(image_id)) or call.injected("no_image"):
                raise bad_request("Invalid image identifier or unable to access requested image.")
            return _Source(None, bootable=True, image_metadata={"image_id": str(image_id)})
        return _Source(None)

    def _visible(self, call: Call) -> list[Volume]:
        """
        The volumes that the query's scope and filters leave.
        """
        everything = (call.arg("all_tenants") or "").lower() in ("1", "true", "yes")
        volumes = self.store.owned(self.store.volumes.values(), call.caller, all_projects=everything)
        return filtered(volumes, call)

    def _listed(self, call: Call, shown: Callable[[Call, Volume], dict[str, Any]]) -> Answer:
        body.require_project(call, "volume:get_all")
        page = Page.wanted(call)
        volumes = self._visible(call)
        chosen = page.of(volumes, _SORT_KEYS, lambda marker: self.store.volume(marker, call.caller))
        answer: dict[str, Any] = {"volumes": [shown(call, volume) for volume in chosen]}
        links = page.links(call, chosen)
        if links:
            answer["volumes_links"] = links
        if call.minor >= 45 and (call.arg("with_count") or "").lower() in ("true", "1"):
            answer["count"] = len(volumes)
        return Answer(body=answer)


@define
class _Source:
    """
    What a new volume gets from where it comes from.
    """

    size: int | None
    volume_type: VolumeType | None = None
    bootable: bool = False
    image_metadata: Mapping[str, str] = {}


def _check_type(chosen: VolumeType | None, original: VolumeType) -> None:
    if chosen is not None and chosen is not original:
        raise bad_request(
            f"Invalid input received: Invalid volume_type provided: {chosen.id} (requested type is not "
            "compatible; recommend omitting the type argument)."
        )
