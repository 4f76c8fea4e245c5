"""
``/backups``, their restore and their records.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.paging import PAGE_PARAMETERS, Keys, Page
from trio2o.sandbox.cinder.quota import over_limit
from trio2o.sandbox.cinder.records import Backup, Volume, new_id
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DELETED, DONE

_SORT_KEYS: Keys = {
    "id": lambda backup: backup.id,
    "created_at": lambda backup: backup.created_at,
    "updated_at": lambda backup: backup.updated_at,
    "name": lambda backup: backup.name,
    "status": lambda backup: backup.status,
    "size": lambda backup: backup.size,
    "volume_id": lambda backup: backup.volume_id,
}
_FILTERS = frozenset({"name", "status", "volume_id"})
_FIELDS = (
    "volume_id",
    "name",
    "description",
    "container",
    "incremental",
    "force",
    "snapshot_id",
    "metadata",
    "availability_zone",
)


@define(eq=False)
class Backups:
    """
    Backups of volumes.
    """

    store: CinderStore

    @route("POST", "/backups")
    def create(self, call: Call) -> Answer:
        store = self.store
        wanted = body.section(call, "backup", required=("volume_id",), allowed=_FIELDS)
        volume = store.volume(str(wanted["volume_id"]), call.caller)
        force = body.boolean("force", wanted.get("force", False))
        snapshot_id = body.uuid_or_none("snapshot_id", wanted.get("snapshot_id"))
        if snapshot_id is not None:
            store.snapshot(snapshot_id, call.caller)
        elif volume.status != "available" and not (force and volume.status == "in-use"):
            raise bad_request(
                "Invalid volume: Volume to be backed up must be available or in-use, but the current status "
                f'is "{volume.status}".'
            )
        parent_id = None
        if body.boolean("incremental", wanted.get("incremental", False)):
            parents = [
                each
                for each in store.backups.values()
                if each.volume_id == volume.id and each.status == "available"
            ]
            if not parents:
                raise bad_request("Invalid backup: No backups available to do an incremental backup.")
            parent_id = parents[-1].id
        if call.injected("quota"):
            allowed = max(store.quotas.limit(call.project_id, "backups"), 0)
            raise over_limit("BackupLimitExceeded", f"Maximum number of backups allowed ({allowed}) exceeded")
        store.quotas.check_backup(call.project_id, volume.size)
        backup_id = new_id()
        backup = Backup(
            id=backup_id,
            volume_id=volume.id,
            project_id=call.project_id,
            user_id=call.caller.user_id,
            size=volume.size,
            created_at=store.now(),
            availability_zone=wanted.get("availability_zone") or volume.availability_zone,
            name=body.text("name", wanted.get("name")),
            description=body.text("description", wanted.get("description")),
            container=wanted.get("container") or f"{backup_id[:2]}/{backup_id[2:4]}/{backup_id}",
            snapshot_id=snapshot_id,
            parent_id=parent_id,
            metadata=body.metadata(wanted.get("metadata")),
        )
        store.backups[backup.id] = backup
        if snapshot_id is None:
            store.pass_through(volume, "backing-up", volume.status)
        store.later(backup, lambda: store.change(backup, status="available"))
        return Answer(status=202, body={"backup": views.backup_summary(call, backup)})

    @route("GET", "/backups")
    def index(self, call: Call) -> Answer:
        return self._listed(call, views.backup_summary)

    @route("GET", "/backups/detail")
    def detail(self, call: Call) -> Answer:
        return self._listed(call, self._detail)

    @route("GET", "/backups/<backup_id>")
    def show(self, call: Call, backup_id: str) -> Answer:
        return Answer(body={"backup": self._detail(call, self.store.backup(backup_id, call.caller))})

    @route("PUT", "/backups/<backup_id>")
    def update(self, call: Call, backup_id: str) -> Answer:
        body.since(call, 9)
        wanted = body.section(call, "backup", allowed=("name", "description", "metadata"))
        backup = self.store.backup(backup_id, call.caller)
        changes: dict[str, Any] = {
            name: body.text(name, wanted[name]) for name in ("name", "description") if name in wanted
        }
        if "metadata" in wanted:
            changes["metadata"] = body.metadata(wanted["metadata"])
        self.store.change(backup, **changes)
        return Answer(body={"backup": views.backup_summary(call, backup)})

    @route("DELETE", "/backups/<backup_id>")
    def delete(self, call: Call, backup_id: str) -> Answer:
        backup = self.store.backup(backup_id, call.caller)
        if backup.status not in ("available", "error"):
            raise bad_request("Invalid backup: Backup status must be available or error")
        if self._has_dependents(backup):
            raise bad_request("Invalid backup: Incremental backups exist for this backup.")
        self.store.begin_delete(backup)
        return DELETED

    @route("POST", "/backups/<backup_id>/restore")
    def restore(self, call: Call, backup_id: str) -> Answer:
        store = self.store
        wanted = body.section(call, "restore", allowed=("name", "volume_id"))
        backup = store.backup(backup_id, call.caller)
        if backup.status != "available":
            raise bad_request("Invalid backup: Backup status must be available")
        volume = self._target(call, backup, wanted)
        store.pass_through(backup, "restoring", "available")
        shown = {"backup_id": backup.id, "volume_id": volume.id, "volume_name": volume.name}
        return Answer(status=202, body={"restore": shown})

    @route("GET", "/backups/<backup_id>/export_record")
    def export_record(self, call: Call, backup_id: str) -> Answer:
        body.require_admin(call, "backup:export-import")
        backup = self.store.backup(backup_id, call.caller)
        if backup.status != "available":
            raise bad_request("Invalid backup: Backup status must be available and not creating.")
        record = {"id": backup.id, "volume_id": backup.volume_id, "size": backup.size, "name": backup.name}
        url = base64.b64encode(json.dumps(record).encode()).decode()
        service = "cinder.backup.drivers.posix.PosixBackupDriver"
        return Answer(body={"backup-record": {"backup_service": service, "backup_url": url}})

    @route("POST", "/backups/import_record")
    def import_record(self, call: Call) -> Answer:
        body.require_admin(call, "backup:export-import")
        wanted = body.section(call, "backup-record", required=("backup_service", "backup_url"))
        try:
            record = json.loads(base64.b64decode(wanted["backup_url"]))
            backup = Backup(
                id=record["id"],
                volume_id=record["volume_id"],
                project_id=call.project_id,
                user_id=call.caller.user_id,
                size=record["size"],
                created_at=self.store.now(),
                availability_zone=self.store.zones[0],
                name=record["name"],
            )
        except (ValueError, KeyError, TypeError):
            raise bad_request("Invalid input received: Can't parse backup record.") from None
        if backup.id in self.store.backups:
            raise bad_request("Invalid backup: Backup already exists in database.")
        self.store.backups[backup.id] = backup
        self.store.later(backup, lambda: self.store.change(backup, status="available"))
        return Answer(status=201, body={"backup": views.backup_summary(call, backup)})

    @route("POST", "/backups/<backup_id>/action")
    def act(self, call: Call, backup_id: str) -> Answer:
        wanted = call.json()
        if not isinstance(wanted, dict) or len(wanted) != 1:
            raise bad_request("Malformed request body")
        backup = self.store.backup(backup_id, call.caller)
        if "os-reset_status" in wanted:
            body.require_admin(call, "volume_extension:backup_admin_actions:reset_status")
            self.store.halt(backup)
            self.store.change(
                backup, status=body.section(call, "os-reset_status", required=("status",))["status"]
            )
        elif "os-force_delete" in wanted:
            body.require_admin(call, "volume_extension:backup_admin_actions:force_delete")
            self.store.begin_delete(backup)
        else:
            raise bad_request(
                f"There is no such action: {next(iter(wanted))}. Verify the request body and Content-Type "
                "header and try again."
            )
        return DONE

    def _target(self, call: Call, backup: Backup, wanted: dict[str, Any]) -> Volume:
        """
        The volume to restore to: the one that is named, or a new one.
        """
        store = self.store
        volume_id = body.uuid_or_none("volume_id", wanted.get("volume_id"))
        if volume_id is None:
            store.quotas.check_volume(call.project_id, backup.size, store.types.default)
            name = wanted.get("name") or f"restore_backup_{backup.id}"
            volume = store.add_volume(
                call.caller, size=backup.size, volume_type=store.types.default, name=name
            )
            store.change(volume, placed=True)
        else:
            volume = store.volume(volume_id, call.caller)
            if volume.status != "available":
                raise bad_request("Invalid volume: Volume to be restored to must be available")
            if volume.size < backup.size:
                raise bad_request(
                    f"Invalid volume: volume size {volume.size} is too small to restore backup of size "
                    f"{backup.size}."
                )
        store.pass_through(volume, "restoring-backup", "available")
        return volume

    def _has_dependents(self, backup: Backup) -> bool:
        return any(each.parent_id == backup.id for each in self.store.backups.values())

    def _detail(self, call: Call, backup: Backup) -> dict[str, Any]:
        return views.backup_detail(call, backup, has_dependents=self._has_dependents(backup))

    def _listed(self, call: Call, shown: Callable[[Call, Backup], dict[str, Any]]) -> Answer:
        page = Page.wanted(call)
        everything = (call.arg("all_tenants") or "").lower() in ("1", "true")
        found = self.store.owned(self.store.backups.values(), call.caller, all_projects=everything)
        for name, value in call.query:
            if name in _FILTERS:
                found = [each for each in found if getattr(each, name) == value]
            elif name == "project_id" and call.caller.is_admin:
                found = [each for each in found if each.project_id == value]
            elif name not in PAGE_PARAMETERS | {"all_tenants", "with_count"} and call.minor >= 31:
                raise bad_request(f"Invalid filters {name} are found in query options.")
        chosen = page.of(found, _SORT_KEYS, lambda marker: self.store.backup(marker, call.caller))
        answer: dict[str, Any] = {"backups": [shown(call, each) for each in chosen]}
        links = page.links(call, chosen)
        if links:
            answer["backups_links"] = links
        if call.minor >= 45 and (call.arg("with_count") or "").lower() in ("true", "1"):
            answer["count"] = len(found)
        return Answer(body=answer)
