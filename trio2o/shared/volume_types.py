"""
Volume types, with extra specs, access and encryption.

Which quality of service specs a type has is those specs' to say (:mod:`trio2o.shared.qos_specs`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zope.interface import implementer

from trio2o.interfaces import IPodAsk, IPodIds, ISharedKind
from trio2o.model.shared import Observed, SharedKey, SharedResource, SharedWrite, Step, UseQuestion
from trio2o.shared.mapped import GONE, THERE, MappedKind, renamed
from trio2o.shared.reading import quoted, read_list, unreadable
from trio2o.surface.mapped_ids import TYPES, VOLUME_TYPE

_ENCRYPTION = ("provider", "cipher", "key_size", "control_location")
#: What Cinder does not change of a type that a volume has.
_FIXED_WHILE_USED = ("/extra_specs", "/encryption")
_PUBLIC = "os-volume-type-access:is_public"


@implementer(ISharedKind)
class VolumeTypes(MappedKind):
    """
    The adapter.
    """

    kind = VOLUME_TYPE
    single = "volume_type"
    path = "/types/{id}"
    places = TYPES

    async def listed(self, ask: IPodAsk) -> Sequence[dict[str, Any]]:
        return await read_list(ask, "/v3/{project_id}/types?is_public=None", "volume_types")

    async def observed(
        self, ask: IPodAsk, ids: IPodIds, items: Sequence[Mapping[str, Any]]
    ) -> list[Observed]:
        found = []
        for item in items:
            whole = await self._whole(ask, item)
            if whole is not None:
                found.append(whole)
        return found

    async def _whole(self, ask: IPodAsk, item: Mapping[str, Any]) -> Observed | None:
        ref = str(item.get("id"))
        path = f"/v3/{{project_id}}/types/{quoted(ref)}"
        status, encryption = await ask.get(f"{path}/encryption")
        if status == 404:
            return None
        if status != 200 or not isinstance(encryption, dict) or not isinstance(item.get("extra_specs"), dict):
            raise unreadable(ask, f"{path}/encryption", status)
        projects: list[str] = []
        public = item.get("is_public") is not False
        if not public:
            status, body = await ask.get(f"{path}/os-volume-type-access")
            listed = body.get("volume_type_access") if status == 200 and isinstance(body, dict) else None
            if status == 404:
                return None
            if not isinstance(listed, list):
                raise unreadable(ask, f"{path}/os-volume-type-access", status)
            projects = sorted(str(each.get("project_id")) for each in listed if isinstance(each, dict))
        return Observed(
            key=SharedKey(self.kind, str(item.get("name"))),
            ref=ref,
            document={
                # a PUT does not take nothing for a description
                "description": item.get("description") or "",
                "is_public": public,
                "extra_specs": dict(item["extra_specs"]),
                "projects": projects,
                "encryption": {name: encryption.get(name) for name in _ENCRYPTION} if encryption else None,
            },
            facts={"encryption_id": str(encryption.get("encryption_id") or "provider")},
        )

    def in_use(self, write: SharedWrite, ref: str) -> UseQuestion | None:
        below = self.below(write)
        if (write.method == "DELETE" and not below) or below.startswith(_FIXED_WHILE_USED):
            path = f"/v3/{{project_id}}/volumes?all_tenants=1&limit=1&volume_type_id={quoted(ref)}"
            return UseQuestion(path=path, key="volumes")
        return None

    def steps(self, desired: SharedResource, observed: Observed | None, ids: IPodIds) -> Sequence[Step]:
        if desired.deleted:
            return [self.delete()] if observed is not None else []
        wanted = desired.document
        if observed is None:
            fields = {
                "name": desired.key.name,
                "extra_specs": dict(wanted.get("extra_specs", {})),
                _PUBLIC: wanted.get("is_public", True),
                **({"description": wanted["description"]} if wanted.get("description") else {}),
            }
            return [self.creation(fields), *self._access(wanted, {}), *self._encryption(wanted, None, "")]
        has = observed.document
        changes = renamed(desired.key.name, wanted, observed)
        steps = [self.step("PUT", "", {self.single: changes})] if changes else []
        steps += self.specs("extra_specs", wanted.get("extra_specs", {}), has.get("extra_specs", {}))
        steps += self._access(wanted, has)
        return steps + self._encryption(
            wanted, has.get("encryption"), str(observed.facts.get("encryption_id", ""))
        )

    def _access(self, wanted: Mapping[str, Any], has: Mapping[str, Any]) -> list[Step]:
        want, had = set(wanted.get("projects", ())), set(has.get("projects", ()))
        changes = [("addProjectAccess", project, THERE) for project in sorted(want - had)]
        changes += [("removeProjectAccess", project, GONE) for project in sorted(had - want)]
        return [
            self.step("POST", "/action", {name: {"project": project}}, done=done)
            for name, project, done in changes
            if wanted.get("is_public") is False
        ]

    def _encryption(self, wanted: Mapping[str, Any], has: Any, encryption_id: str) -> list[Step]:
        want = wanted.get("encryption")
        if want == has:
            return []
        if want is None:
            return [self.step("DELETE", f"/encryption/{quoted(encryption_id)}", done=GONE)]
        if has is None:
            return [self.step("POST", "/encryption", {"encryption": dict(want)})]
        return [self.step("PUT", f"/encryption/{quoted(encryption_id)}", {"encryption": dict(want)})]
