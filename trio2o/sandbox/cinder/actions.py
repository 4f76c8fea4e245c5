"""
``/volumes/{id}/action``: what is done with a volume.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, evolve, field

from trio2o.sandbox.answers import Answer, Fault, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.records import Volume, new_id
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DELETED, DONE

_STATUSES = (
    "creating",
    "available",
    "deleting",
    "error",
    "error_deleting",
    "error_managing",
    "managing",
    "attaching",
    "in-use",
    "detaching",
    "maintenance",
    "restoring-backup",
    "error_restoring",
    "reserved",
    "awaiting-transfer",
    "backing-up",
    "error_backing-up",
    "error_extending",
    "downloading",
    "uploading",
    "retyping",
    "extending",
)
_ADMIN = "volume_extension:volume_admin_actions:"
_Action = Callable[[Call, Volume, Any], Answer]


@define(eq=False)
class VolumeActions:
    """
    One method for each action.
    """

    store: CinderStore
    _actions: Mapping[str, _Action] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._actions = {
            "os-reserve": self._reserve,
            "os-unreserve": self._unreserve,
            "os-attach": self._attach,
            "os-begin_detaching": self._begin_detaching,
            "os-roll_detaching": self._roll_detaching,
            "os-detach": self._detach,
            "os-force_detach": self._force_detach,
            "os-initialize_connection": self._initialize_connection,
            "os-terminate_connection": self._terminate_connection,
            "os-extend": self._extend,
            "os-retype": self._retype,
            "os-reset_status": self._reset_status,
            "os-force_delete": self._force_delete,
            "os-set_bootable": self._set_bootable,
            "os-update_readonly_flag": self._update_readonly_flag,
            "os-volume_upload_image": self._upload_image,
            "os-set_image_metadata": self._set_image_metadata,
            "os-unset_image_metadata": self._unset_image_metadata,
            "os-show_image_metadata": self._show_image_metadata,
            "os-unmanage": self._unmanage,
            "os-migrate_volume": self._migrate,
            "revert": self._revert,
        }

    @route("POST", "/volumes/<volume_id>/action")
    def act(self, call: Call, volume_id: str) -> Answer:
        wanted = call.json()
        if not isinstance(wanted, dict) or len(wanted) != 1:
            raise bad_request("Malformed request body")
        ((name, details),) = wanted.items()
        action = self._actions.get(name)
        if action is None:
            raise bad_request(
                f"There is no such action: {name}. Verify the request body and Content-Type header and try "
                "again."
            )
        if name == "revert":
            body.since(call, 40)
        return action(call, self.store.volume(volume_id, call.caller), details)

    def _reserve(self, call: Call, volume: Volume, details: Any) -> Answer:
        if volume.status != "available" and not (volume.multiattach and volume.status == "in-use"):
            raise bad_request(
                "Invalid volume: Volume status must be available to reserve, but the status is "
                f"{volume.status}."
            )
        self.store.change(volume, status="attaching")
        return DONE

    def _unreserve(self, call: Call, volume: Volume, details: Any) -> Answer:
        if volume.status == "attaching":
            self.store.change(volume, status="in-use" if volume.attached else "available")
        return DONE

    def _attach(self, call: Call, volume: Volume, details: Any) -> Answer:
        wanted = body.section(call, "os-attach", required=("mountpoint",))
        mode = wanted.get("mode", "rw")
        if mode == "rw" and volume.metadata.get("readonly") == "True":
            raise bad_request(f"Invalid attaching mode 'rw' for volume {volume.id}.")
        if volume.status not in ("available", "attaching", "reserved") and not volume.multiattach:
            raise bad_request(
                f"Invalid volume: Volume {volume.id} status must be available or downloading to reserve, but "
                f"the current status is {volume.status}."
            )
        server_id = body.uuid_or_none("instance_uuid", wanted.get("instance_uuid"))
        attachment = self.store.reserve(volume, server_id=server_id)
        self.store.complete(
            attachment, device=wanted["mountpoint"], host_name=wanted.get("host_name"), mode=mode
        )
        return DONE

    def _begin_detaching(self, call: Call, volume: Volume, details: Any) -> Answer:
        if volume.status != "in-use" or not volume.attached:
            raise bad_request(
                "Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status "
                "must be 'attached' to detach."
            )
        self.store.change(volume, status="detaching")
        return DONE

    def _roll_detaching(self, call: Call, volume: Volume, details: Any) -> Answer:
        if volume.status == "detaching":
            self.store.change(volume, status="in-use")
        return DONE

    def _detach(self, call: Call, volume: Volume, details: Any) -> Answer:
        """
        Without a service token Cinder refuses to detach what a server has.
        """
        attachment_id = (details or {}).get("attachment_id")
        chosen = [each for each in volume.attachments if attachment_id in (None, each.id)]
        servers = self.store.pod.servers
        for attachment in chosen:
            server_id = attachment.server_id
            if servers is not None and server_id is not None and servers.has_server(server_id, call.caller):
                raise Fault(
                    409, "ConflictNovaUsingAttachment: Detach volume from instance  using the Compute API"
                )
        for attachment in chosen:
            self.store.drop_attachment(attachment)
        if not volume.attachments and volume.status == "detaching":
            self.store.change(volume, status="available")
        return DONE

    def _force_detach(self, call: Call, volume: Volume, details: Any) -> Answer:
        body.require_admin(call, _ADMIN + "force_detach")
        for attachment in list(volume.attachments):
            self.store.drop_attachment(attachment)
        return DONE

    def _initialize_connection(self, call: Call, volume: Volume, details: Any) -> Answer:
        body.section(call, "os-initialize_connection", required=("connector",))
        data = {
            "device_path": f"/dev/trio2o/volume-{volume.id}",
            "qos_specs": None,
            "access_mode": "rw",
            "encrypted": False,
            "cacheable": False,
            "enforce_multipath": False,
        }
        info = {"driver_volume_type": "local", "data": data, "enforce_multipath": False}
        return Answer(body={"connection_info": info})

    def _terminate_connection(self, call: Call, volume: Volume, details: Any) -> Answer:
        body.section(call, "os-terminate_connection", required=("connector",))
        return DONE

    def _extend(self, call: Call, volume: Volume, details: Any) -> Answer:
        wanted = body.section(call, "os-extend", required=("new_size",))
        new_size = body.whole("new_size", wanted["new_size"], minimum=1)
        allowed = ("available", "in-use") if call.minor >= 42 else ("available",)
        if volume.status not in allowed:
            state = {"status": "available" if len(allowed) == 1 else list(allowed)}
            raise bad_request(
                f"Invalid volume: Volume {volume.id} status must be '{state}' to extend, currently "
                f"{volume.status}."
            )
        if new_size <= volume.size:
            raise bad_request(
                "Invalid input received: New size for extend must be greater than current size. "
                f"(current: {volume.size}, extended: {new_size})."
            )
        self.store.quotas.check_growth(volume, new_size)
        before = volume.status
        self.store.change(volume, status="extending", growing=new_size - volume.size)
        self.store.later(volume, lambda: self.store.change(volume, status=before, size=new_size, growing=0))
        return DONE

    def _retype(self, call: Call, volume: Volume, details: Any) -> Answer:
        wanted = body.section(call, "os-retype", required=("new_type",))
        new_type = self.store.types.named(str(wanted["new_type"]), call.caller)
        if new_type is volume.volume_type or volume.status not in ("available", "in-use"):
            raise bad_request(
                "Invalid volume: Retype needs volume to be in available or in-use state, not be part of an "
                "active migration or a consistency group, requested type has to be different that the one "
                "from the volume, and for in-use volumes front-end qos specs cannot change."
            )
        self.store.quotas.check_retype(volume, new_type)
        done = {"status": volume.status, "volume_type": new_type, "retyping": None}
        self.store.change(volume, status="retyping", retyping=new_type)
        self.store.later(volume, lambda: self.store.change(volume, **done))
        return DONE

    def _reset_status(self, call: Call, volume: Volume, details: Any) -> Answer:
        body.require_admin(call, _ADMIN + "reset_status")
        wanted = body.section(call, "os-reset_status")
        changes = {}
        if "status" in wanted:
            if wanted["status"] not in _STATUSES:
                raise bad_request(
                    f"Volume status: {wanted['status']} is invalid, valid statuses are: {_STATUSES}."
                )
            changes["status"] = wanted["status"]
        if wanted.get("migration_status") == "none":
            changes["migration_status"] = None
        self.store.halt(volume)
        self.store.change(volume, **changes)
        return DONE

    def _force_delete(self, call: Call, volume: Volume, details: Any) -> Answer:
        body.require_admin(call, _ADMIN + "force_delete")
        for snapshot in self.store.snapshots_of(volume.id):
            self.store.begin_delete(snapshot)
        self.store.begin_delete(volume)
        return DONE

    def _set_bootable(self, call: Call, volume: Volume, details: Any) -> Answer:
        wanted = body.section(call, "os-set_bootable", required=("bootable",))
        self.store.change(volume, bootable=body.boolean("bootable", wanted["bootable"]))
        return evolve(DONE, status=200)

    def _update_readonly_flag(self, call: Call, volume: Volume, details: Any) -> Answer:
        wanted = body.section(call, "os-update_readonly_flag", required=("readonly",))
        flag = str(body.boolean("readonly", wanted["readonly"]))
        self.store.change(volume, metadata=volume.metadata | {"readonly": flag})
        return DONE

    def _upload_image(self, call: Call, volume: Volume, details: Any) -> Answer:
        wanted = body.section(call, "os-volume_upload_image", required=("image_name",))
        force = body.boolean("force", wanted.get("force", False))
        if volume.status != "available" and not (force and volume.status == "in-use"):
            raise bad_request(
                f"Invalid volume: Volume {volume.id} status must be 'available' or 'in-use' to copy, "
                f"currently {volume.status}."
            )
        self.store.pass_through(volume, "uploading", volume.status)
        item = volume.volume_type
        shown: dict[str, Any] = {
            "id": volume.id,
            "updated_at": views.moment(volume.updated_at),
            "status": "uploading",
            "display_description": volume.description,
            "size": volume.size,
            "volume_type": {
                "id": item.id,
                "name": item.name,
                "description": item.description,
                "is_public": item.is_public,
                "extra_specs": dict(item.extra_specs),
                "qos_specs_id": None,
                "created_at": views.moment(item.created_at),
                "updated_at": views.moment(item.updated_at),
                "deleted": False,
                "deleted_at": None,
            },
            "image_id": new_id(),
            "container_format": wanted.get("container_format", "bare"),
            "disk_format": wanted.get("disk_format", "raw"),
            "image_name": wanted["image_name"],
        }
        shown["protected"] = call.minor >= 1 and body.boolean("protected", wanted.get("protected", False))
        # Glance's own default where Cinder does not say one yet
        shown["visibility"] = wanted.get("visibility", "private") if call.minor >= 1 else "shared"
        return Answer(status=202, body={"os-volume_upload_image": shown})

    def _set_image_metadata(self, call: Call, volume: Volume, details: Any) -> Answer:
        wanted = body.section(call, "os-set_image_metadata", required=("metadata",))
        merged = volume.image_metadata | body.metadata(wanted["metadata"])
        self.store.change(volume, image_metadata=merged)
        return Answer(body={"metadata": merged})

    def _unset_image_metadata(self, call: Call, volume: Volume, details: Any) -> Answer:
        wanted = body.section(call, "os-unset_image_metadata", required=("key",))
        if wanted["key"] not in volume.image_metadata:
            raise not_found(f"Glance metadata for volume/snapshot {volume.id} cannot be found.")
        rest = {name: value for name, value in volume.image_metadata.items() if name != wanted["key"]}
        self.store.change(volume, image_metadata=rest)
        return evolve(DELETED, status=200)

    def _show_image_metadata(self, call: Call, volume: Volume, details: Any) -> Answer:
        return Answer(body={"metadata": volume.image_metadata})

    def _unmanage(self, call: Call, volume: Volume, details: Any) -> Answer:
        body.require_admin(call, "volume_extension:volume_unmanage")
        self.store.begin_delete(volume)
        return DONE

    def _migrate(self, call: Call, volume: Volume, details: Any) -> Answer:
        body.require_admin(call, _ADMIN + "migrate_volume")
        wanted = body.section(call, "os-migrate_volume")
        host = wanted.get("host", volume.host)
        self.store.change(volume, migration_status="migrating")
        self.store.later(volume, lambda: self.store.change(volume, host=host, migration_status="success"))
        return DONE

    def _revert(self, call: Call, volume: Volume, details: Any) -> Answer:
        wanted = body.section(call, "revert", required=("snapshot_id",))
        snapshots = self.store.snapshots_of(volume.id)
        if not snapshots:
            raise bad_request(f"Volume {volume.id} doesn't have any snapshots.")
        latest = snapshots[-1]
        if latest.id != wanted["snapshot_id"]:
            raise bad_request(
                f"Specified snapshot {wanted['snapshot_id']} is None or not the latest one of volume "
                f"{volume.id}."
            )
        self.store.change(volume, status="reverting")
        size = latest.size
        self.store.later(volume, lambda: self.store.change(volume, status="available", size=size))
        return DONE
