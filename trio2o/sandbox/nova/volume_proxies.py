"""
What Nova handed on to Cinder up to microversion 2.35.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import body_object, required
from trio2o.sandbox.nova.server_view import long_timestamp
from trio2o.sandbox.nova.store import NovaStore, until

_LAST = 35


@define
class VolumeProxies:
    """
    ``/os-volumes`` and ``/os-snapshots``.
    """

    store: NovaStore

    @route("GET", "/os-volumes")
    @route("GET", "/os-volumes/detail")
    def volumes(self, call: Call) -> Answer:
        until(call, _LAST)
        return Answer(body={"volumes": [_volume(each) for each in self._cinder.volumes_of(call.caller)]})

    @route("POST", "/os-volumes")
    def create_volume(self, call: Call) -> Answer:
        until(call, _LAST)
        wanted = body_object(call, "volume")
        zone = wanted.get("availability_zone")
        if zone is not None and zone not in self.store.pod.availability_zones:
            raise bad_request(f"Invalid input received: Availability zone '{zone}' is invalid.")
        made = self._cinder.create_volume(
            call.caller,
            size=int(wanted.get("size") or 0),
            name=wanted.get("display_name") or "",
            snapshot_id=wanted.get("snapshot_id"),
            volume_type=wanted.get("volume_type"),
        )
        return Answer(body={"volume": _volume(self._volume(made, call))})

    @route("GET", "/os-volumes/<volume_id>")
    def volume(self, call: Call, volume_id: str) -> Answer:
        until(call, _LAST)
        return Answer(body={"volume": _volume(self._volume(volume_id, call))})

    @route("DELETE", "/os-volumes/<volume_id>")
    def delete_volume(self, call: Call, volume_id: str) -> Answer:
        until(call, _LAST)
        self._cinder.delete_volume(self._volume(volume_id, call).id)
        return Answer(status=202)

    @route("GET", "/os-snapshots")
    @route("GET", "/os-snapshots/detail")
    def snapshots(self, call: Call) -> Answer:
        until(call, _LAST)
        return Answer(
            body={"snapshots": [_snapshot(each) for each in self._cinder.snapshots_of(call.caller)]}
        )

    @route("POST", "/os-snapshots")
    def create_snapshot(self, call: Call) -> Answer:
        until(call, _LAST)
        wanted = body_object(call, "snapshot")
        required(wanted, ("volume_id",), "snapshot")
        volume = self._volume(str(wanted["volume_id"]), call)
        made = self._cinder.create_snapshot(call.caller, volume.id, name=wanted.get("display_name") or "")
        return Answer(body={"snapshot": _snapshot(made)})

    @route("GET", "/os-snapshots/<snapshot_id>")
    def snapshot(self, call: Call, snapshot_id: str) -> Answer:
        until(call, _LAST)
        return Answer(body={"snapshot": _snapshot(self._snapshot(snapshot_id, call))})

    @route("DELETE", "/os-snapshots/<snapshot_id>")
    def delete_snapshot(self, call: Call, snapshot_id: str) -> Answer:
        until(call, _LAST)
        self._cinder.delete_snapshot(self._snapshot(snapshot_id, call).id)
        return Answer(status=202)

    @property
    def _cinder(self) -> Any:
        return self.store.pod.volumes

    def _volume(self, volume_id: str, call: Call) -> Any:
        volume = self._cinder.find_volume(volume_id, call.caller)
        if volume is None:
            raise not_found(f"Volume {volume_id} could not be found.")
        return volume

    def _snapshot(self, snapshot_id: str, call: Call) -> Any:
        snapshot = self._cinder.find_snapshot(snapshot_id, call.caller)
        if snapshot is None:
            raise not_found(f"Snapshot {snapshot_id} could not be found.")
        return snapshot


def _volume(each: Any) -> dict[str, Any]:
    attached = [
        {"id": each.id, "volumeId": each.id, "serverId": one.server_id, "device": one.device}
        for one in each.attached
    ]
    return {
        "id": each.id,
        "status": each.status,
        "size": each.size,
        "availabilityZone": each.availability_zone,
        "createdAt": long_timestamp(each.created_at),
        "attachments": attached or [{}],
        "displayName": each.name,
        "displayDescription": each.description,
        "volumeType": each.volume_type.name,
        "snapshotId": each.snapshot_id,
        "metadata": dict(each.metadata),
    }


def _snapshot(each: Any) -> dict[str, Any]:
    return {
        "id": each.id,
        "volumeId": each.volume_id,
        "status": each.status,
        "size": each.size,
        "createdAt": long_timestamp(each.created_at),
        "displayName": each.name,
        "displayDescription": each.description,
    }
