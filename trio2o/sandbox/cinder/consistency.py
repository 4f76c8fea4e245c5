"""
``/consistencygroups`` and ``/cgsnapshots``: groups of one type by the paths of an older time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, Fault
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body
from trio2o.sandbox.cinder.group_store import Group, GroupSnapshot, GroupStore, dated, plain
from trio2o.sandbox.cinder.style import DONE, ERRED


@define(eq=False)
class ConsistencyGroups:
    """
    Consistency groups and their snapshots.
    """

    kept: GroupStore

    @route("GET", "/consistencygroups")
    def index(self, call: Call) -> Answer:
        return self._groups(call, plain)

    @route("GET", "/consistencygroups/detail")
    def detail(self, call: Call) -> Answer:
        return self._groups(call, self._shown)

    @route("GET", "/consistencygroups/<group_id>")
    def show(self, call: Call, group_id: str) -> Answer:
        return Answer(body={"consistencygroup": self._shown(self._group(call, group_id))})

    @route("POST", "/consistencygroups")
    def create(self, call: Call) -> Answer:
        wanted = body.section(call, "consistencygroup", required=("volume_types",))
        types = [each for each in str(wanted["volume_types"]).split(",") if each]
        made = self.kept.add(call, {**wanted, "volume_types": types}, self.kept.reserved)
        return Answer(status=202, body={"consistencygroup": plain(made)})

    @route("POST", "/consistencygroups/create_from_src")
    def copy(self, call: Call) -> Answer:
        wanted = body.section(call, "consistencygroup-from-src")
        made = self.kept.copy(call, wanted, ("cgsnapshot_id", "source_cgid"), consistent=True)
        return Answer(status=202, body={"consistencygroup": plain(made)})

    @route("PUT", "/consistencygroups/<group_id>")
    @route("PUT", "/consistencygroups/<group_id>/update")
    def update(self, call: Call, group_id: str) -> Answer:
        wanted = body.section(call, "consistencygroup")
        self.kept.change(call, self._group(call, group_id), wanted)
        return DONE

    @route("DELETE", "/consistencygroups/<group_id>")
    def no_method(self, call: Call, group_id: str) -> Answer:
        raise Fault(500, ERRED)

    @route("POST", "/consistencygroups/<group_id>/delete")
    def delete(self, call: Call, group_id: str) -> Answer:
        wanted = call.json() or {}
        force = bool((wanted.get("consistencygroup") or {}).get("force"))
        self.kept.delete(self._group(call, group_id), with_volumes=force)
        return DONE

    @route("GET", "/cgsnapshots")
    def snapshots(self, call: Call) -> Answer:
        return self._snapshots(call, plain)

    @route("GET", "/cgsnapshots/detail")
    def snapshot_details(self, call: Call) -> Answer:
        return self._snapshots(call, self._snapshot_shown)

    @route("POST", "/cgsnapshots")
    def create_snapshot(self, call: Call) -> Answer:
        wanted = body.section(call, "cgsnapshot", required=("consistencygroup_id",))
        group = self._group(call, str(wanted["consistencygroup_id"]))
        return Answer(status=202, body={"cgsnapshot": plain(self.kept.add_snapshot(call, wanted, group))})

    @route("GET", "/cgsnapshots/<snapshot_id>")
    def snapshot(self, call: Call, snapshot_id: str) -> Answer:
        found = self.kept.snapshot(snapshot_id, call, consistent=True)
        return Answer(body={"cgsnapshot": self._snapshot_shown(found)})

    @route("DELETE", "/cgsnapshots/<snapshot_id>")
    def delete_snapshot(self, call: Call, snapshot_id: str) -> Answer:
        self.kept.drop_snapshot(self.kept.snapshot(snapshot_id, call, consistent=True))
        return DONE

    def _groups(self, call: Call, view: Callable[[Group], dict[str, Any]]) -> Answer:
        kept = self.kept
        page, found = kept.listed(
            kept.groups.values(), call, lambda marker: self._group(call, marker), consistent=True
        )
        links = page.links(call, found)
        listed = {"consistencygroups": [view(each) for each in found]}
        return Answer(body=listed | ({"consistencygroup_links": links} if links else {}))

    def _snapshots(self, call: Call, view: Callable[[GroupSnapshot], dict[str, Any]]) -> Answer:
        kept = self.kept
        _, found = kept.listed(
            kept.snapshots.values(),
            call,
            lambda marker: kept.snapshot(marker, call, consistent=True),
            consistent=True,
        )
        return Answer(body={"cgsnapshots": [view(each) for each in found]})

    def _group(self, call: Call, group_id: str) -> Group:
        return self.kept.group(group_id, call, consistent=True)

    @staticmethod
    def _shown(each: Group) -> dict[str, Any]:
        return dated(each) | {
            "availability_zone": each.availability_zone,
            "volume_types": list(each.volume_types),
        }

    @staticmethod
    def _snapshot_shown(each: GroupSnapshot) -> dict[str, Any]:
        return dated(each) | {"consistencygroup_id": each.group.id}
