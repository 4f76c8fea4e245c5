"""
What the fake Cinder keeps of groups of volumes and their snapshots.

Cinder keeps both kinds in one place. Each is listed and shown by its own path alone: a consistency group that is asked for as
a group is 400, a group asked for as a consistency group 404.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from attrs import define, field

from trio2o.sandbox.answers import bad_request, not_found
from trio2o.sandbox.call import Call
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.paging import Keys, Page
from trio2o.sandbox.cinder.records import Snapshot, new_id
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.type_records import GroupType

_SORT_KEYS: Keys = {
    "id": lambda each: each.id,
    "created_at": lambda each: each.created_at,
    "name": lambda each: each.name,
    "status": lambda each: each.status,
}


@define(kw_only=True, eq=False)
class Group:
    """
    A group; ``group_type`` is the reserved one for a consistency group.
    """

    id: str
    project_id: str
    name: str | None
    description: str | None
    created_at: datetime
    group_type: str
    volume_types: list[str]
    availability_zone: str
    source_group_id: str | None = None
    group_snapshot_id: str | None = None
    status: str = "available"


@define(kw_only=True, eq=False)
class GroupSnapshot:
    """
    A snapshot of all volumes of a group.
    """

    id: str
    project_id: str
    group: Group
    name: str | None
    description: str | None
    created_at: datetime
    status: str = "available"


_Owned = TypeVar("_Owned", Group, GroupSnapshot)


@define(eq=False)
class GroupStore:
    """
    The groups of one pod. ``reserved`` is the group type of consistency groups.
    """

    store: CinderStore
    reserved: str = field(factory=new_id)
    types: dict[str, GroupType] = field(init=False)
    groups: dict[str, Group] = field(factory=dict, init=False)
    snapshots: dict[str, GroupSnapshot] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        reserved = GroupType(
            id=self.reserved,
            name="default_cgsnapshot_type",
            created_at=self.store.now(),
            description="Default group type for migrating cgsnapshot",
        )
        self.types = {reserved.id: reserved}
        self.store.quotas.groups_of = lambda project_id: sum(
            each.project_id == project_id for each in self.groups.values()
        )

    def type(self, reference: str) -> GroupType:
        """
        A group type by id or name.

        :raises Fault: 404.
        """
        found = self.types.get(reference) or next(
            (each for each in self.types.values() if each.name == reference), None
        )
        if found is None:
            with_name = "" if body.looks_like_uuid(reference) else "with name "
            raise not_found(f"Group type {with_name}{reference} could not be found.")
        return found

    def consistent(self, each: Group | GroupSnapshot) -> bool:
        """
        True for consistency groups and their snapshots.
        """
        group = each if isinstance(each, Group) else each.group
        return group.group_type == self.reserved

    def group(self, group_id: str, call: Call, *, consistent: bool) -> Group:
        """
        A group of the kind that the path is for, which the caller may see.

        :raises Fault: 404, or 400 for one of the other kind.
        """
        return self._visible(self.groups, group_id, call, "Group", consistent=consistent)

    def snapshot(self, snapshot_id: str, call: Call, *, consistent: bool) -> GroupSnapshot:
        """
        The same for a snapshot.

        :raises Fault: 404, or 400 for one of the other kind.
        """
        return self._visible(self.snapshots, snapshot_id, call, "GroupSnapshot", consistent=consistent)

    def _visible(
        self, shelf: dict[str, _Owned], item_id: str, call: Call, noun: str, *, consistent: bool
    ) -> _Owned:
        found = shelf.get(item_id)
        if found is None or (found.project_id != call.project_id and not call.caller.is_admin):
            raise not_found(f"{noun} {item_id} could not be found.")
        if self.consistent(found) and not consistent:
            raise bad_request(f"Group_type {self.reserved} is reserved for migrating CGs to groups.")
        if consistent and not self.consistent(found):
            raise not_found(f"{noun} {item_id} could not be found.")
        return found

    def listed(
        self, items: Iterable[_Owned], call: Call, find: Callable[[str], _Owned], *, consistent: bool
    ) -> tuple[Page, list[_Owned]]:
        """
        A page of those of one kind that the caller may see.
        """
        everything = call.caller.is_admin and (call.arg("all_tenants") or "").lower() in ("1", "true")
        own = [
            each
            for each in items
            if self.consistent(each) is consistent and (everything or each.project_id == call.project_id)
        ]
        page = Page.wanted(call)
        return page, page.of(own, _SORT_KEYS, find)

    def add(self, call: Call, wanted: dict[str, Any], group_type: str, **source: str | None) -> Group:
        """
        Make a group.

        :raises Fault: 400 for a zone that is not this pod's, 404 for types that are not there.
        """
        zone = wanted.get("availability_zone")
        if zone is not None and zone not in self.store.zones:
            raise bad_request(f"Invalid input received: Availability zone '{zone}' is invalid.")
        self.store.quotas.check_group(call.project_id)
        types = wanted.get("volume_types") or [self.store.types.default.id]
        group = Group(
            id=new_id(),
            project_id=call.project_id,
            name=body.text("name", wanted.get("name")),
            description=body.text("description", wanted.get("description")),
            created_at=self.store.now(),
            group_type=self.type(group_type).id,
            volume_types=[self.store.types.named(named, call.caller).id for named in types],
            availability_zone=zone or self.store.zones[0],
            **source,  # type: ignore[arg-type]
        )
        self.groups[group.id] = group
        return group

    def copy(self, call: Call, wanted: dict[str, Any], keys: tuple[str, str], *, consistent: bool) -> Group:
        """
        Make a group of another one or of its snapshot, with a volume for each of its volumes.

        :param keys: where the body names the snapshot, and the group.
        :raises Fault: if it names none or both, or what may not be seen.
        """
        snapshot_id, group_id = (wanted.get(key) for key in keys)
        if bool(snapshot_id) == bool(group_id):
            raise bad_request(f"Either '{keys[0]}' or '{keys[1]}' must be provided.")
        if snapshot_id:
            source = self.snapshot(str(snapshot_id), call, consistent=consistent).group
        else:
            source = self.group(str(group_id), call, consistent=consistent)
        group = self.add(
            call, wanted, source.group_type, source_group_id=group_id, group_snapshot_id=snapshot_id
        )
        for volume in self.volumes(source):
            self.store.add_volume(
                call.caller,
                size=volume.size,
                volume_type=volume.volume_type,
                source_volid=volume.id,
                group_id=group.id,
            )
        return group

    def change(self, call: Call, group: Group, wanted: dict[str, Any]) -> None:
        """
        Rename a group, and put volumes in or take them out.

        :raises Fault: 400 for volumes that are not there.
        """
        moves = {"add_volumes": group.id, "remove_volumes": None}
        for name, into in moves.items():
            for volume_id in filter(None, (wanted.get(name) or "").split(",")):
                volume = self.store.volumes.get(volume_id)
                if volume is None or volume.project_id != call.project_id:
                    raise bad_request(
                        f"Invalid volume: Cannot add volume {volume_id} to group {group.id} because volume "
                        "cannot be found."
                    )
                self.store.change(volume, group_id=into)
        group.name = body.text("name", wanted.get("name", group.name))
        group.description = body.text("description", wanted.get("description", group.description))

    def delete(self, group: Group, *, with_volumes: bool) -> None:
        """
        Forget a group.

        :raises Fault: 400 if it has volumes that may not go, or snapshots.
        """
        volumes = self.volumes(group)
        if volumes and not with_volumes:
            raise bad_request(
                f"Invalid group: Group {group.id} is not empty. Please use delete-volumes flag to delete it."
            )
        if any(each.group is group for each in self.snapshots.values()):
            raise bad_request(f"Invalid group: Cannot delete group {group.id}: it has snapshots.")
        for volume in volumes:
            self.store.begin_delete(volume)
        del self.groups[group.id]

    def volumes(self, group: Group) -> list[Any]:
        """
        The volumes of a group.
        """
        return [each for each in self.store.volumes.values() if each.group_id == group.id]

    def add_snapshot(self, call: Call, wanted: dict[str, Any], group: Group) -> GroupSnapshot:
        """
        Make a snapshot of a group.

        :raises Fault: 400 if the group is empty.
        """
        volumes = self.volumes(group)
        if not volumes:
            raise bad_request(
                "Invalid group: The source group must have at least one volume: it has none of them."
            )
        made = GroupSnapshot(
            id=new_id(),
            project_id=group.project_id,
            group=group,
            name=body.text("name", wanted.get("name")),
            description=body.text("description", wanted.get("description")),
            created_at=self.store.now(),
        )
        for volume in volumes:
            self.store.quotas.check_snapshot(volume)
        self.snapshots[made.id] = made
        for volume in volumes:
            snapshot = Snapshot(
                id=new_id(),
                volume_id=volume.id,
                project_id=volume.project_id,
                user_id=call.caller.user_id,
                size=volume.size,
                born=self.store.pod.clock.now(),
                created_at=self.store.now(),
                volume_type=volume.volume_type,
                status="available",
                name=made.name,
                description=made.description,
                group_snapshot_id=made.id,
            )
            self.store.snapshots[snapshot.id] = snapshot
        return made

    def drop_snapshot(self, gone: GroupSnapshot) -> None:
        """
        Delete a group's snapshot with those of its volumes.
        """
        del self.snapshots[gone.id]
        for each in list(self.store.snapshots.values()):
            if each.group_snapshot_id == gone.id:
                del self.store.snapshots[each.id]


def plain(each: Group | GroupSnapshot) -> dict[str, Any]:
    """
    What lists without details show.
    """
    return {"id": each.id, "name": each.name}


def dated(each: Group | GroupSnapshot) -> dict[str, Any]:
    """
    What all shows have.
    """
    return plain(each) | {
        "status": each.status,
        "created_at": views.moment(each.created_at),
        "description": each.description,
    }
