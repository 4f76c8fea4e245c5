"""
``/groups`` and ``/group_snapshots``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, Fault, bad_request
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body
from trio2o.sandbox.cinder.group_store import Group, GroupSnapshot, GroupStore, dated, plain
from trio2o.sandbox.cinder.style import DONE, ERRED

_GROUPS, _GROUP_SNAPSHOTS = 13, 14


@define(eq=False)
class Groups:
    """
    Groups and their snapshots.
    """

    kept: GroupStore

    @route("GET", "/groups")
    def index(self, call: Call) -> Answer:
        return self._groups(call, lambda each, call: plain(each))

    @route("GET", "/groups/detail")
    def detail(self, call: Call) -> Answer:
        return self._groups(call, self._shown)

    @route("GET", "/groups/<group_id>")
    def show(self, call: Call, group_id: str) -> Answer:
        return Answer(body={"group": self._shown(self._group(call, group_id), call)})

    @route("POST", "/groups")
    def create(self, call: Call) -> Answer:
        body.since(call, _GROUPS)
        wanted = body.section(call, "group", required=("group_type", "volume_types"))
        return Answer(status=202, body={"group": plain(self.kept.add(call, wanted, wanted["group_type"]))})

    @route("POST", "/groups/action")
    def copy(self, call: Call) -> Answer:
        body.since(call, _GROUP_SNAPSHOTS)
        wanted = body.section(call, "create-from-src")
        made = self.kept.copy(call, wanted, ("group_snapshot_id", "source_group_id"), consistent=False)
        return Answer(status=202, body={"group": plain(made)})

    @route("PUT", "/groups/<group_id>")
    def update(self, call: Call, group_id: str) -> Answer:
        wanted = body.section(call, "group")
        self.kept.change(call, self._group(call, group_id), wanted)
        return DONE

    @route("DELETE", "/groups/<group_id>")
    def no_method(self, call: Call, group_id: str) -> Answer:
        raise Fault(500, ERRED)

    @route("POST", "/groups/<group_id>/action")
    def act(self, call: Call, group_id: str) -> Answer:
        wanted = call.json()
        group = self._group(call, group_id)
        if isinstance(wanted, dict) and "delete" in wanted:
            self.kept.delete(group, with_volumes=bool(wanted["delete"].get("delete-volumes")))
        elif isinstance(wanted, dict) and "reset_status" in wanted:
            body.require_admin(call, "group:reset_status")
            group.status = str(wanted["reset_status"]["status"])
        else:
            raise bad_request("There is no such action.")
        return DONE

    @route("GET", "/group_snapshots")
    def snapshots(self, call: Call) -> Answer:
        return self._snapshots(call, lambda each: plain(each) | {"group_type_id": each.group.group_type})

    @route("GET", "/group_snapshots/detail")
    def snapshot_details(self, call: Call) -> Answer:
        return self._snapshots(call, self._snapshot_shown)

    @route("POST", "/group_snapshots")
    def create_snapshot(self, call: Call) -> Answer:
        body.since(call, _GROUP_SNAPSHOTS)
        wanted = body.section(call, "group_snapshot", required=("group_id",))
        made = self.kept.add_snapshot(call, wanted, self._group(call, str(wanted["group_id"])))
        shown = plain(made) | {"group_type_id": made.group.group_type}
        return Answer(status=202, body={"group_snapshot": shown})

    @route("GET", "/group_snapshots/<snapshot_id>")
    def snapshot(self, call: Call, snapshot_id: str) -> Answer:
        return Answer(body={"group_snapshot": self._snapshot_shown(self._snapshot(call, snapshot_id))})

    @route("DELETE", "/group_snapshots/<snapshot_id>")
    def delete_snapshot(self, call: Call, snapshot_id: str) -> Answer:
        self.kept.drop_snapshot(self._snapshot(call, snapshot_id))
        return DONE

    @route("POST", "/group_snapshots/<snapshot_id>/action")
    def reset_snapshot(self, call: Call, snapshot_id: str) -> Answer:
        body.since(call, 19)
        body.require_admin(call, "group:reset_group_snapshot_status")
        wanted = body.section(call, "reset_status", required=("status",))
        self._snapshot(call, snapshot_id).status = str(wanted["status"])
        return DONE

    def _groups(self, call: Call, view: Callable[[Group, Call], dict[str, Any]]) -> Answer:
        body.since(call, _GROUPS)
        kept = self.kept
        typed = call.arg("group_type_id")
        items = [each for each in kept.groups.values() if typed in (None, each.group_type)]
        page, found = kept.listed(items, call, lambda marker: self._group(call, marker), consistent=False)
        links = page.links(call, found)
        listed = {"groups": [view(each, call) for each in found]}
        return Answer(body=listed | ({"group_links": links} if links else {}))

    def _snapshots(self, call: Call, view: Callable[[GroupSnapshot], dict[str, Any]]) -> Answer:
        body.since(call, _GROUP_SNAPSHOTS)
        kept = self.kept
        page, found = kept.listed(
            kept.snapshots.values(), call, lambda marker: self._snapshot(call, marker), consistent=False
        )
        links = page.links(call, found)
        listed = {"group_snapshots": [view(each) for each in found]}
        return Answer(body=listed | ({"group_snapshot_links": links} if links else {}))

    def _group(self, call: Call, group_id: str) -> Group:
        body.since(call, _GROUPS)
        return self.kept.group(group_id, call, consistent=False)

    def _snapshot(self, call: Call, snapshot_id: str) -> GroupSnapshot:
        body.since(call, _GROUP_SNAPSHOTS)
        return self.kept.snapshot(snapshot_id, call, consistent=False)

    def _shown(self, each: Group, call: Call) -> dict[str, Any]:
        shown = dated(each) | {
            "availability_zone": each.availability_zone,
            "group_type": each.group_type,
            "volume_types": list(each.volume_types),
        }
        if call.minor >= _GROUP_SNAPSHOTS:
            shown |= {"group_snapshot_id": each.group_snapshot_id, "source_group_id": each.source_group_id}
        if call.minor >= 25 and (call.arg("list_volume") or "").lower() in ("1", "true"):
            shown["volumes"] = [volume.id for volume in self.kept.volumes(each)]
        if call.minor >= 38:
            shown["replication_status"] = "disabled"
        if call.minor >= 58 and call.caller.is_admin:
            shown["project_id"] = each.project_id
        return shown

    @staticmethod
    def _snapshot_shown(each: GroupSnapshot) -> dict[str, Any]:
        return dated(each) | {"group_id": each.group.id, "group_type_id": each.group.group_type}
