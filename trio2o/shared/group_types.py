"""
Group types, with their specs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zope.interface import implementer

from trio2o.interfaces import IPodAsk, IPodIds, ISharedKind
from trio2o.model.shared import Observed, SharedKey, SharedResource, SharedWrite, Step, UseQuestion
from trio2o.shared.mapped import MappedKind, renamed
from trio2o.shared.reading import quoted, read_list, unreadable
from trio2o.surface.mapped_ids import GROUP_TYPE, GROUP_TYPES

#: The microversion that has groups.
_GROUPS = "volume 3.13"


@implementer(ISharedKind)
class GroupTypes(MappedKind):
    """
    The adapter.
    """

    kind = GROUP_TYPE
    single = "group_type"
    path = "/group_types/{id}"
    places = GROUP_TYPES
    version = "volume 3.11"

    async def listed(self, ask: IPodAsk) -> Sequence[dict[str, Any]]:
        path = "/v3/{project_id}/group_types?is_public=None"
        return await read_list(ask, path, "group_types", version=self.version)

    async def observed(
        self, ask: IPodAsk, ids: IPodIds, items: Sequence[Mapping[str, Any]]
    ) -> list[Observed]:
        if not all(isinstance(item.get("group_specs"), dict) for item in items):
            raise unreadable(ask, "/group_types", 200)
        return [
            Observed(
                key=SharedKey(self.kind, str(item.get("name"))),
                ref=str(item.get("id")),
                document={
                    "description": item.get("description") or "",
                    "is_public": item.get("is_public") is not False,
                    "group_specs": dict(item["group_specs"]),
                },
            )
            for item in items
        ]

    def in_use(self, write: SharedWrite, ref: str) -> UseQuestion | None:
        if write.method != "DELETE" or self.below(write):
            return None
        path = f"/v3/{{project_id}}/groups?all_tenants=1&limit=1&group_type_id={quoted(ref)}"
        return UseQuestion(path=path, key="groups", version=_GROUPS)

    def steps(self, desired: SharedResource, observed: Observed | None, ids: IPodIds) -> Sequence[Step]:
        if desired.deleted:
            return [self.delete()] if observed is not None else []
        wanted = desired.document
        if observed is None:
            fields = {
                "name": desired.key.name,
                "is_public": wanted.get("is_public", True),
                "group_specs": dict(wanted.get("group_specs", {})),
                **({"description": wanted["description"]} if wanted.get("description") else {}),
            }
            return [self.creation(fields)]
        changes = renamed(desired.key.name, wanted, observed)
        steps = [self.step("PUT", "", {self.single: changes})] if changes else []
        return steps + self.specs(
            "group_specs", wanted.get("group_specs", {}), observed.document.get("group_specs", {})
        )
