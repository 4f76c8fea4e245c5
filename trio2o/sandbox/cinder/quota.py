"""
The fake Cinder's quotas: limits per project, what is used of them, and Cinder's words where they are reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from attrs import define, field

from trio2o.sandbox.answers import Fault
from trio2o.sandbox.cinder.records import Backup, Snapshot, Volume
from trio2o.sandbox.cinder.type_records import VolumeType

_Owned = TypeVar("_Owned", Volume, Snapshot, Backup)

#: Cinder's defaults; -1 is no limit.
DEFAULTS: Mapping[str, int] = {
    "volumes": 10,
    "per_volume_gigabytes": -1,
    "snapshots": 10,
    "gigabytes": 1000,
    "backups": 10,
    "backup_gigabytes": 1000,
    "groups": 10,
}


def over_limit(name: str, message: str) -> Fault:
    """
    Cinder's 413; ``name`` is the exception that stands before the message.
    """
    return Fault(413, f"{name}: {message}", headers=(("Retry-After", "0"),))


def volumes_exceeded(allowed: int, name: str = "volumes") -> Fault:
    """
    The 413 for one volume too many.
    """
    return over_limit(
        "VolumeLimitExceeded",
        f"Maximum number of volumes allowed ({allowed}) exceeded for quota '{name}'.",
    )


@define(eq=False)
class Quotas:
    """
    Limits and usage, counted anew at each question.
    """

    volumes: Mapping[str, Volume]
    snapshots: Mapping[str, Snapshot]
    backups: Mapping[str, Backup]
    types: Mapping[str, VolumeType]
    defaults: dict[str, int] = field(factory=lambda: dict(DEFAULTS))
    #: How many groups a project has.
    groups_of: Callable[[str], int] = lambda project_id: 0
    _of_project: dict[str, dict[str, int]] = field(factory=dict, init=False)

    def names(self) -> list[str]:
        """
        All resources, in the order in which Cinder shows them.
        """
        fixed = list(DEFAULTS)
        per_type = [
            f"{resource}_{volume_type.name}"
            for volume_type in self.types.values()
            for resource in ("volumes", "gigabytes", "snapshots")
        ]
        return [*fixed[:-1], *per_type, fixed[-1]]

    def limit(self, project_id: str, name: str) -> int:
        """
        A project's limit; -1 for none.
        """
        return self._of_project.get(project_id, {}).get(name, self.defaults.get(name, -1))

    def has_own(self, project_id: str, name: str) -> bool:
        """
        Whether a project was given a limit of its own.
        """
        return name in self._of_project.get(project_id, {})

    def limits(self, project_id: str) -> dict[str, int]:
        """
        All limits of a project.
        """
        return {name: self.limit(project_id, name) for name in self.names()}

    def set_limits(self, project_id: str, limits: Mapping[str, int]) -> None:
        """
        Change some limits of a project.
        """
        self._of_project.setdefault(project_id, {}).update(limits)

    def reset(self, project_id: str) -> None:
        """
        Go back to the defaults.
        """
        self._of_project.pop(project_id, None)

    def used(self, project_id: str) -> dict[str, int]:
        """
        What a project uses of each resource.
        """
        volumes = _own(project_id, self.volumes.values())
        snapshots = _own(project_id, self.snapshots.values())
        backups = _own(project_id, self.backups.values())
        used = dict.fromkeys(self.names(), 0)
        used["volumes"], used["snapshots"], used["backups"] = len(volumes), len(snapshots), len(backups)
        used["gigabytes"] = sum(each.size for each in volumes) + sum(each.size for each in snapshots)
        used["backup_gigabytes"] = sum(each.size for each in backups)
        for volume in volumes:
            used[f"volumes_{volume.volume_type.name}"] += 1
            used[f"gigabytes_{volume.volume_type.name}"] += volume.size + volume.growing
            used["gigabytes"] += volume.growing
            if volume.retyping is not None:
                used[f"volumes_{volume.retyping.name}"] += 1
                used[f"gigabytes_{volume.retyping.name}"] += volume.size
        used["groups"] = self.groups_of(project_id)
        for snapshot in snapshots:
            used[f"snapshots_{snapshot.volume_type.name}"] += 1
            used[f"gigabytes_{snapshot.volume_type.name}"] += snapshot.size
        return used

    def check_volume(self, project_id: str, size: int, volume_type: VolumeType) -> None:
        """
        Refuse a new volume that is too much.

        :raises Fault: 413.
        """
        largest = self.limit(project_id, "per_volume_gigabytes")
        if 0 <= largest < size:
            raise over_limit(
                "VolumeSizeExceedsLimit",
                f"Requested volume size {size}G is larger than maximum allowed limit {largest}G.",
            )
        used = self.used(project_id)
        self._check_gigabytes(project_id, used, size, volume_type)
        for name in ("volumes", f"volumes_{volume_type.name}"):
            allowed = self.limit(project_id, name)
            if 0 <= allowed < used[name] + 1:
                raise volumes_exceeded(allowed, name)

    def check_growth(self, volume: Volume, new_size: int) -> None:
        """
        Refuse an extension that is too much.

        :raises Fault: 413.
        """
        used = self.used(volume.project_id)
        self._check_gigabytes(volume.project_id, used, new_size - volume.size, volume.volume_type)

    def check_retype(self, volume: Volume, new_type: VolumeType) -> None:
        """
        Refuse a retype that is too much for the limits of the new type.

        :raises Fault: 413.
        """
        used = self.used(volume.project_id)
        name = f"gigabytes_{new_type.name}"
        allowed = self.limit(volume.project_id, name)
        if 0 <= allowed < used[name] + volume.size:
            raise _gigabytes_exceeded(name, volume.size, allowed, used[name])
        name = f"volumes_{new_type.name}"
        allowed = self.limit(volume.project_id, name)
        if 0 <= allowed < used[name] + 1:
            raise volumes_exceeded(allowed, name)

    def check_group(self, project_id: str) -> None:
        """
        Refuse a group that is one too many.

        :raises Fault: 413.
        """
        allowed = self.limit(project_id, "groups")
        if 0 <= allowed < self.groups_of(project_id) + 1:
            raise over_limit("GroupLimitExceeded", f"Maximum number of groups allowed ({allowed}) exceeded")

    def check_snapshot(self, volume: Volume) -> None:
        """
        Refuse a snapshot that is too much.

        :raises Fault: 413.
        """
        project_id = volume.project_id
        used = self.used(project_id)
        self._check_gigabytes(project_id, used, volume.size, volume.volume_type)
        for name in ("snapshots", f"snapshots_{volume.volume_type.name}"):
            allowed = self.limit(project_id, name)
            if 0 <= allowed < used[name] + 1:
                raise over_limit(
                    "SnapshotLimitExceeded", f"Maximum number of snapshots allowed ({allowed}) exceeded"
                )

    def check_backup(self, project_id: str, size: int) -> None:
        """
        Refuse a backup that is too much.

        :raises Fault: 413.
        """
        used = self.used(project_id)
        allowed, consumed = self.limit(project_id, "backup_gigabytes"), used["backup_gigabytes"]
        if 0 <= allowed < consumed + size:
            raise over_limit(
                "VolumeBackupSizeExceedsAvailableQuota",
                f"Requested backup exceeds allowed Backup gigabytes quota. Requested {size}G, "
                f"quota is {allowed}G and {consumed}G has been consumed.",
            )
        allowed = self.limit(project_id, "backups")
        if 0 <= allowed < used["backups"] + 1:
            raise over_limit("BackupLimitExceeded", f"Maximum number of backups allowed ({allowed}) exceeded")

    def _check_gigabytes(
        self, project_id: str, used: Mapping[str, int], wanted: int, volume_type: VolumeType
    ) -> None:
        for name in ("gigabytes", f"gigabytes_{volume_type.name}"):
            allowed = self.limit(project_id, name)
            if 0 <= allowed < used[name] + wanted:
                raise _gigabytes_exceeded(name, wanted, allowed, used[name])


def _gigabytes_exceeded(name: str, wanted: int, allowed: int, used: int) -> Fault:
    return over_limit(
        "VolumeSizeExceedsAvailableQuota",
        f"Requested volume or snapshot exceeds allowed {name} quota. Requested {wanted}G, "
        f"quota is {allowed}G and {used}G has been consumed.",
    )


def _own(project_id: str, items: Iterable[_Owned]) -> list[_Owned]:
    return [each for each in items if each.project_id == project_id]
