"""
``/attachments`` (from 3.27) and volume transfers, under both of their names.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.paging import Keys, Page
from trio2o.sandbox.cinder.records import Transfer, new_id
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DELETED

_SORT_KEYS: Keys = {
    "id": lambda item: item.id,
    "created_at": lambda item: item.created_at,
    "name": lambda item: item.name,
    "volume_id": lambda item: item.volume_id,
}


@define(eq=False)
class Attachments:
    """
    The attachments that Nova makes.
    """

    store: CinderStore

    @route("POST", "/attachments")
    def create(self, call: Call) -> Answer:
        body.since(call, 27)
        store = self.store
        wanted = body.section(call, "attachment", required=("volume_uuid",))
        volume = store.volume(str(wanted["volume_uuid"]), call.caller)
        server_id = body.uuid_or_none("instance_uuid", wanted.get("instance_uuid"))
        again = any(each.server_id == server_id for each in volume.attachments) and volume.status == "in-use"
        if (
            volume.status not in ("available", "downloading")
            and not again
            and not (volume.multiattach and volume.status in ("in-use", "reserved", "attaching"))
        ):
            raise bad_request(
                f"Invalid volume: Volume {volume.id} status must be available or downloading to reserve, but "
                f"the current status is {volume.status}."
            )
        attachment = store.reserve(volume, server_id=server_id)
        if call.minor >= 54:
            attachment.mode = wanted.get("mode")
        if wanted.get("connector"):
            attachment.connector = dict(wanted["connector"])
            attachment.status = "attaching"
        return Answer(body={"attachment": views.attachment_detail(attachment)})

    @route("GET", "/attachments")
    def index(self, call: Call) -> Answer:
        found = self._found(call)
        return Answer(body={"attachments": [views.attachment_summary(each) for each in found]})

    @route("GET", "/attachments/detail")
    def detail(self, call: Call) -> Answer:
        found = self._found(call)
        return Answer(body={"attachments": [views.attachment_detail(each) for each in found]})

    @route("GET", "/attachments/<attachment_id>")
    def show(self, call: Call, attachment_id: str) -> Answer:
        body.since(call, 27)
        attachment = self.store.attachment(attachment_id, call.caller)
        return Answer(body={"attachment": views.attachment_detail(attachment)})

    @route("PUT", "/attachments/<attachment_id>")
    def update(self, call: Call, attachment_id: str) -> Answer:
        body.since(call, 27)
        wanted = body.section(call, "attachment", required=("connector",))
        attachment = self.store.attachment(attachment_id, call.caller)
        attachment.connector = dict(wanted["connector"])
        attachment.device = attachment.connector.get("mountpoint")
        attachment.host_name = attachment.connector.get("host")
        if call.minor < 44:
            self.store.complete(attachment)
        return Answer(body={"attachment": views.attachment_detail(attachment)})

    @route("POST", "/attachments/<attachment_id>/action")
    def complete(self, call: Call, attachment_id: str) -> Answer:
        body.since(call, 44)
        wanted = call.json()
        if not isinstance(wanted, dict) or list(wanted) != ["os-complete"]:
            raise bad_request("Malformed request body")
        self.store.complete(self.store.attachment(attachment_id, call.caller))
        return Answer(status=204)

    @route("DELETE", "/attachments/<attachment_id>")
    def delete(self, call: Call, attachment_id: str) -> Answer:
        body.since(call, 27)
        attachment = self.store.attachment(attachment_id, call.caller)
        volume = self.store.volumes[attachment.volume_id]
        self.store.drop_attachment(attachment)
        return Answer(body={"attachments": [views.attachment_summary(each) for each in volume.attachments]})

    def _found(self, call: Call) -> list[Any]:
        body.since(call, 27)
        everything = (call.arg("all_tenants") or "").lower() in ("1", "true")
        found = self.store.owned(self.store.attachments.values(), call.caller, all_projects=everything)
        names = {"volume_id": "volume_id", "instance_id": "server_id", "status": "status"}
        for name, attribute in names.items():
            if call.arg(name) is not None:
                found = [each for each in found if getattr(each, attribute) == call.arg(name)]
        page = Page.wanted(call)
        return page.of(found, _SORT_KEYS, lambda marker: self.store.attachment(marker, call.caller))


@define(eq=False)
class Transfers:
    """
    Volumes on their way from one project to another.
    """

    store: CinderStore

    @route("POST", "/<any('os-volume-transfer', 'volume-transfers'):name>")
    def create(self, call: Call, name: str) -> Answer:
        self._since(call, name)
        wanted = body.section(call, "transfer", required=("volume_id",))
        volume = self.store.volume(str(wanted["volume_id"]), call.caller)
        if volume.status != "available":
            raise bad_request("Invalid volume: status must be available")
        no_snapshots = body.boolean("no_snapshots", wanted.get("no_snapshots", False))
        title = body.text("name", wanted.get("name"))
        transfer = Transfer(
            id=new_id(),
            volume_id=volume.id,
            project_id=volume.project_id,
            born=self.store.pod.clock.now(),
            created_at=self.store.now(),
            auth_key=secrets.token_hex(8),
            name=title,
            no_snapshots=no_snapshots,
        )
        self.store.transfers[transfer.id] = transfer
        self.store.change(volume, status="awaiting-transfer")
        return Answer(status=202, body={"transfer": views.transfer_detail(call, transfer, created=True)})

    @route("GET", "/<any('os-volume-transfer', 'volume-transfers'):name>")
    def index(self, call: Call, name: str) -> Answer:
        found = self._found(call, name)
        return Answer(body={"transfers": [views.transfer_summary(call, each) for each in found]})

    @route("GET", "/<any('os-volume-transfer', 'volume-transfers'):name>/detail")
    def detail(self, call: Call, name: str) -> Answer:
        found = self._found(call, name)
        return Answer(body={"transfers": [views.transfer_detail(call, each) for each in found]})

    @route("GET", "/<any('os-volume-transfer', 'volume-transfers'):name>/<transfer_id>")
    def show(self, call: Call, name: str, transfer_id: str) -> Answer:
        self._since(call, name)
        transfer = self.store.transfer(transfer_id, call.caller)
        return Answer(body={"transfer": views.transfer_detail(call, transfer)})

    @route("DELETE", "/<any('os-volume-transfer', 'volume-transfers'):name>/<transfer_id>")
    def delete(self, call: Call, name: str, transfer_id: str) -> Answer:
        self._since(call, name)
        transfer = self.store.transfer(transfer_id, call.caller)
        del self.store.transfers[transfer.id]
        volume = self.store.volumes.get(transfer.volume_id)
        if volume is not None:
            self.store.change(volume, status="available")
        return DELETED

    @route("POST", "/<any('os-volume-transfer', 'volume-transfers'):name>/<transfer_id>/accept")
    def accept(self, call: Call, name: str, transfer_id: str) -> Answer:
        self._since(call, name)
        store = self.store
        wanted = body.section(call, "accept", required=("auth_key",))
        transfer = store.transfer(transfer_id, None)
        if not hmac.compare_digest(str(wanted["auth_key"]).encode(), transfer.auth_key.encode()):
            raise bad_request(f"Invalid auth key: Attempt to transfer {transfer.id} with invalid auth key.")
        volume = store.volumes[transfer.volume_id]
        store.quotas.check_volume(call.project_id, volume.size, volume.volume_type)
        owner = {"project_id": call.project_id, "user_id": call.caller.user_id}
        if not transfer.no_snapshots:
            for snapshot in store.snapshots_of(volume.id):
                store.change(snapshot, **owner)
        store.change(volume, status="available", **owner)
        del store.transfers[transfer.id]
        return Answer(status=202, body={"transfer": views.transfer_summary(call, transfer)})

    def _since(self, call: Call, name: str) -> None:
        if name == "volume-transfers":
            body.since(call, 55)

    def _found(self, call: Call, name: str) -> list[Transfer]:
        self._since(call, name)
        everything = (call.arg("all_tenants") or "").lower() in ("1", "true")
        found = self.store.owned(self.store.transfers.values(), call.caller, all_projects=everything)
        page = Page.wanted(call)
        return page.of(found, _SORT_KEYS, lambda marker: self.store.transfer(marker, call.caller))
