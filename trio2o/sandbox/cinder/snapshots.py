"""
``/snapshots`` and their actions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.paging import PAGE_PARAMETERS, Keys, Page
from trio2o.sandbox.cinder.quota import over_limit
from trio2o.sandbox.cinder.records import Snapshot, new_id
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DELETED, DONE

_SORT_KEYS: Keys = {
    "id": lambda snapshot: snapshot.id,
    "created_at": lambda snapshot: snapshot.created_at,
    "updated_at": lambda snapshot: snapshot.updated_at,
    "name": lambda snapshot: snapshot.name,
    "display_name": lambda snapshot: snapshot.name,
    "status": lambda snapshot: snapshot.status,
    "volume_id": lambda snapshot: snapshot.volume_id,
    "volume_size": lambda snapshot: snapshot.size,
}
_FILTERS = frozenset({"name", "status", "volume_id"})
_STATUSES = ("creating", "available", "deleting", "error", "error_deleting", "unmanaging")
_FIELDS = ("volume_id", "name", "display_name", "description", "display_description", "metadata", "force")


@define(eq=False)
class Snapshots:
    """
    Snapshots of volumes.
    """

    store: CinderStore

    @route("POST", "/snapshots")
    def create(self, call: Call) -> Answer:
        store = self.store
        wanted = body.section(call, "snapshot", required=("volume_id",), allowed=_FIELDS)
        volume = store.volume(str(wanted["volume_id"]), call.caller)
        force = body.boolean("force", wanted.get("force", False)) or call.minor >= 66
        if volume.status != "available" and not (force and volume.status == "in-use"):
            raise bad_request(
                f"Invalid volume: Volume {volume.id} status must be ['available', 'in-use'], but current "
                f"status is: {volume.status}."
            )
        if call.injected("quota"):
            allowed = max(store.quotas.limit(call.project_id, "snapshots"), 0)
            raise over_limit(
                "SnapshotLimitExceeded", f"Maximum number of snapshots allowed ({allowed}) exceeded"
            )
        store.quotas.check_snapshot(volume)
        snapshot = Snapshot(
            id=new_id(),
            volume_id=volume.id,
            project_id=volume.project_id,
            user_id=call.caller.user_id,
            size=volume.size,
            born=store.pod.clock.now(),
            created_at=store.now(),
            volume_type=volume.volume_type,
            name=body.text("name", wanted.get("name", wanted.get("display_name"))),
            description=body.text(
                "description", wanted.get("description", wanted.get("display_description"))
            ),
            metadata=body.metadata(wanted.get("metadata")),
        )
        store.snapshots[snapshot.id] = snapshot
        store.later(snapshot, lambda: store.change(snapshot, status="available"))
        return Answer(status=202, body={"snapshot": views.snapshot_created(call, snapshot)})

    @route("GET", "/snapshots")
    def index(self, call: Call) -> Answer:
        return self._listed(call, views.snapshot_summary)

    @route("GET", "/snapshots/detail")
    def detail(self, call: Call) -> Answer:
        return self._listed(call, views.snapshot_detail)

    @route("GET", "/snapshots/<snapshot_id>")
    def show(self, call: Call, snapshot_id: str) -> Answer:
        snapshot = self.store.snapshot(snapshot_id, call.caller)
        return Answer(body={"snapshot": views.snapshot_detail(call, snapshot)})

    @route("PUT", "/snapshots/<snapshot_id>")
    def update(self, call: Call, snapshot_id: str) -> Answer:
        fields = ("name", "display_name", "description", "display_description")
        wanted = body.section(call, "snapshot", allowed=fields)
        if not wanted:
            raise body.invalid("snapshot", wanted, "{} is not valid under any of the given schemas")
        snapshot = self.store.snapshot(snapshot_id, call.caller)
        changes = {
            name.removeprefix("display_"): body.text(name.removeprefix("display_"), value)
            for name, value in wanted.items()
        }
        self.store.change(snapshot, **changes)
        return Answer(body={"snapshot": views.snapshot_created(call, snapshot)})

    @route("DELETE", "/snapshots/<snapshot_id>")
    def delete(self, call: Call, snapshot_id: str) -> Answer:
        snapshot = self.store.snapshot(snapshot_id, call.caller)
        if snapshot.status not in ("available", "error"):
            raise bad_request(
                "Invalid snapshot: Snapshot status must be available or error, and snapshot must not be part "
                "of a group."
            )
        self.store.begin_delete(snapshot)
        return DELETED

    @route("POST", "/snapshots/<snapshot_id>/action")
    def act(self, call: Call, snapshot_id: str) -> Answer:
        wanted = call.json()
        if not isinstance(wanted, dict) or len(wanted) != 1:
            raise bad_request("Malformed request body")
        ((name, details),) = wanted.items()
        snapshot = self.store.snapshot(snapshot_id, call.caller)
        details = details if isinstance(details, dict) else {}
        if name == "os-reset_status":
            body.require_admin(call, "volume_extension:snapshot_admin_actions:reset_status")
            status = details.get("status")
            if status not in _STATUSES:
                raise body.invalid("status", status, f"{status!r} is not one of {list(_STATUSES)}")
            self.store.halt(snapshot)
            self.store.change(snapshot, status=status)
        elif name == "os-force_delete":
            body.require_admin(call, "volume_extension:snapshot_admin_actions:force_delete")
            self.store.begin_delete(snapshot)
        elif name == "os-update_snapshot_status":
            status = details.get("status")
            if snapshot.status not in ("creating", "deleting"):
                raise bad_request(f"Snapshot status {snapshot.status} not allowed for update_snapshot_status")
            self.store.change(snapshot, status=status)
        else:
            raise bad_request(
                f"There is no such action: {name}. Verify the request body and Content-Type header and try "
                "again."
            )
        return DONE

    def _listed(self, call: Call, shown: Callable[[Call, Snapshot], dict[str, Any]]) -> Answer:
        page = Page.wanted(call)
        everything = (call.arg("all_tenants") or "").lower() in ("1", "true")
        found = self.store.owned(self.store.snapshots.values(), call.caller, all_projects=everything)
        for name, value in call.query:
            if name in _FILTERS:
                found = [each for each in found if getattr(each, name) == value]
            elif name in ("project_id", "tenant_id") and call.caller.is_admin:
                found = [each for each in found if each.project_id == value]
            elif name not in PAGE_PARAMETERS | {"all_tenants", "with_count", "metadata"} and call.minor >= 31:
                raise bad_request(f"Invalid filters {name} are found in query options.")
        chosen = page.of(found, _SORT_KEYS, lambda marker: self.store.snapshot(marker, call.caller))
        answer: dict[str, Any] = {"snapshots": [shown(call, each) for each in chosen]}
        links = page.links(call, chosen)
        if links:
            answer["snapshots_links"] = links
        if call.minor >= 45 and (call.arg("with_count") or "").lower() in ("true", "1"):
            answer["count"] = len(found)
        return Answer(body=answer)
