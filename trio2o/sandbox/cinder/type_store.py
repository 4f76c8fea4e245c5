"""
The fake Cinder's volume types and QoS specs: which there are, and who may use them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from attrs import define, field

from trio2o.sandbox.answers import not_found
from trio2o.sandbox.call import Caller
from trio2o.sandbox.cinder.body import looks_like_uuid
from trio2o.sandbox.cinder.records import new_id
from trio2o.sandbox.cinder.type_records import QosSpecs, VolumeType


@define(eq=False)
class TypeStore:
    """
    One pod's types.
    """

    _now: Callable[[], datetime]
    by_id: dict[str, VolumeType] = field(factory=dict, init=False)
    qos_specs: dict[str, QosSpecs] = field(factory=dict, init=False)
    #: The types that projects' volumes have where their create names none.
    of_projects: dict[str, VolumeType] = field(factory=dict, init=False)

    @property
    def default(self) -> VolumeType:
        """
        The type of volumes whose create names none: the first.
        """
        return next(iter(self.by_id.values()))

    def default_of(self, project_id: str | None) -> VolumeType:
        """
        The type of a project's volumes whose create names none.
        """
        return self.of_projects.get(project_id or "", self.default)

    def named(self, reference: str, caller: Caller) -> VolumeType:
        """
        A volume type by id or name that the caller may use.

        :raises Fault: 404.
        """
        found = self.by_id.get(reference) or next(
            (each for each in self.by_id.values() if each.name == reference), None
        )
        if found is None or not self.may_use(found, caller):
            with_name = "" if looks_like_uuid(reference) else "with name "
            raise not_found(f"Volume type {with_name}{reference} could not be found.")
        return found

    def shown(self, type_id: str, caller: Caller) -> VolumeType:
        """
        A volume type by its id that the caller may use.

        :raises Fault: 404.
        """
        found = self.by_id.get(type_id)
        if found is None or not self.may_use(found, caller):
            raise not_found(f"Volume type {type_id} could not be found.")
        return found

    def may_use(self, volume_type: VolumeType, caller: Caller) -> bool:
        """
        True for public types, private ones that the project has access to, and for admins.
        """
        return volume_type.is_public or caller.is_admin or caller.project_id in volume_type.access

    def add(
        self,
        name: str,
        *,
        description: str | None = None,
        is_public: bool = True,
        extra_specs: Mapping[str, str] | None = None,
    ) -> VolumeType:
        """
        Make a volume type.
        """
        volume_type = VolumeType(
            id=new_id(),
            name=name,
            description=description,
            is_public=is_public,
            extra_specs=dict(extra_specs or {}),
            created_at=self._now(),
        )
        self.by_id[volume_type.id] = volume_type
        return volume_type
