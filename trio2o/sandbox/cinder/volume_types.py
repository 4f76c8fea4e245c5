"""
``/types``: volume types, their extra specs and who may use them.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, conflict, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.paging import Keys, Page
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DELETED
from trio2o.sandbox.cinder.type_records import VolumeType

_SORT_KEYS: Keys = {
    "id": lambda item: item.id,
    "created_at": lambda item: item.created_at,
    "name": lambda item: item.name,
}
_PUBLIC = "os-volume-type-access:is_public"
_FIELDS = ("name", "description", "extra_specs", _PUBLIC)


@define(eq=False)
class VolumeTypes:
    """
    Types, which admins make and everybody may read.
    """

    store: CinderStore

    @route("GET", "/types")
    def index(self, call: Call) -> Answer:
        page = Page.wanted(call)
        found = [each for each in self.store.types.by_id.values() if self._listed(each, call)]
        chosen = page.of(found, _SORT_KEYS, lambda marker: self._type(marker, call))
        answer: dict[str, Any] = {"volume_types": [views.volume_type(call, each) for each in chosen]}
        links = page.links(call, chosen)
        if links:
            answer["volume_type_links"] = links
        return Answer(body=answer)

    @route("POST", "/types")
    def create(self, call: Call) -> Answer:
        body.require_admin(call, "volume_extension:type_create")
        wanted = body.section(call, "volume_type", required=("name",), allowed=_FIELDS)
        name = body.text("name", wanted["name"]) or ""
        if any(each.name == name for each in self.store.types.by_id.values()):
            raise conflict(f"Volume Type {name} already exists.")
        made = self.store.types.add(
            name,
            description=body.text("description", wanted.get("description")),
            is_public=body.boolean(_PUBLIC, wanted.get(_PUBLIC, True)),
            extra_specs=body.metadata(wanted.get("extra_specs")),
        )
        return Answer(body={"volume_type": self._written(made) | {_PUBLIC: made.is_public}})

    @route("GET", "/types/default")
    def default(self, call: Call) -> Answer:
        shown = views.volume_type(call, self.store.types.default_of(call.project_id), with_access=False)
        return Answer(body={"volume_type": shown})

    @route("GET", "/types/<type_id>")
    def show(self, call: Call, type_id: str) -> Answer:
        return Answer(body={"volume_type": views.volume_type(call, self._type(type_id, call))})

    @route("PUT", "/types/<type_id>")
    def update(self, call: Call, type_id: str) -> Answer:
        body.require_admin(call, "volume_extension:type_update")
        fields = ("name", "description", "is_public")
        wanted = body.section(call, "volume_type", allowed=fields)
        item = self._type(type_id, call)
        if "name" in wanted:
            item.name = body.text("name", wanted["name"]) or item.name
        if "description" in wanted:
            item.description = body.text("description", wanted["description"])
        if "is_public" in wanted:
            item.is_public = body.boolean("is_public", wanted["is_public"])
        self._changed(item)
        return Answer(body={"volume_type": self._written(item)})

    @route("DELETE", "/types/<type_id>")
    def delete(self, call: Call, type_id: str) -> Answer:
        body.require_admin(call, "volume_extension:type_delete")
        item = self._type(type_id, call)
        if item is self.store.types.default or item in self.store.types.of_projects.values():
            raise bad_request(f"The volume type {item.id} is a default volume type and cannot be deleted.")
        if self.store.in_use(item.id):
            raise bad_request("Target volume type is still in use.")
        del self.store.types.by_id[item.id]
        return DELETED

    @route("GET", "/types/<type_id>/extra_specs")
    def specs(self, call: Call, type_id: str) -> Answer:
        shown = views.volume_type(call, self._type(type_id, call))
        return Answer(body={"extra_specs": shown["extra_specs"]})

    @route("POST", "/types/<type_id>/extra_specs")
    def add_specs(self, call: Call, type_id: str) -> Answer:
        body.require_admin(call, "volume_extension:types_extra_specs:create")
        item = self._changed_by(call, type_id)
        wanted = body.metadata(body.section(call, "extra_specs"))
        item.extra_specs |= wanted
        self._changed(item)
        return Answer(body={"extra_specs": wanted})

    @route("GET", "/types/<type_id>/extra_specs/<key>")
    def spec(self, call: Call, type_id: str, key: str) -> Answer:
        item = self._having(call, type_id, key)
        return Answer(body={key: item.extra_specs[key]})

    @route("PUT", "/types/<type_id>/extra_specs/<key>")
    def set_spec(self, call: Call, type_id: str, key: str) -> Answer:
        body.require_admin(call, "volume_extension:types_extra_specs:update")
        item = self._changed_by(call, type_id)
        wanted = body.metadata(call.json())
        if list(wanted) != [key]:
            raise bad_request("Request body and URI mismatch")
        item.extra_specs |= wanted
        self._changed(item)
        return Answer(body=wanted)

    @route("DELETE", "/types/<type_id>/extra_specs/<key>")
    def remove_spec(self, call: Call, type_id: str, key: str) -> Answer:
        body.require_admin(call, "volume_extension:types_extra_specs:delete")
        self._changed_by(call, type_id)
        item = self._having(call, type_id, key)
        del item.extra_specs[key]
        self._changed(item)
        return DELETED

    @route("GET", "/types/<type_id>/os-volume-type-access")
    def access(self, call: Call, type_id: str) -> Answer:
        body.require_admin(call, "volume_extension:volume_type_access:get_all_for_type")
        item = self._type(type_id, call)
        if item.is_public:
            raise not_found("Access list not available for public volume types.")
        shown = [{"volume_type_id": item.id, "project_id": project} for project in sorted(item.access)]
        return Answer(body={"volume_type_access": shown})

    @route("POST", "/types/<type_id>/action")
    def act(self, call: Call, type_id: str) -> Answer:
        wanted = call.json()
        if not isinstance(wanted, dict) or len(wanted) != 1:
            raise bad_request("Malformed request body")
        (name,) = wanted
        if name not in ("addProjectAccess", "removeProjectAccess"):
            raise bad_request(
                f"There is no such action: {name}. Verify the request body and Content-Type header and try "
                "again."
            )
        body.require_admin(call, f"volume_extension:volume_type_access:{name}")
        project = str(body.section(call, name, required=("project",))["project"])
        item = self._type(type_id, call)
        if name == "addProjectAccess":
            if project in item.access:
                raise conflict(f"Volume type access for {item.id} / {project} combination already exists.")
            item.access.add(project)
        else:
            if project not in item.access:
                raise not_found(f"Volume type access not found for {item.id} / {project} combination.")
            item.access.remove(project)
        return DELETED

    def _type(self, type_id: str, call: Call) -> VolumeType:
        return self.store.types.shown(type_id, call.caller)

    def _changed_by(self, call: Call, type_id: str) -> VolumeType:
        """
        The type whose extra specs are to be changed.

        :raises Fault: 400 while volumes have it.
        """
        if self.store.in_use(type_id):
            raise bad_request("Volume Type is currently in use.")
        return self._type(type_id, call)

    def _having(self, call: Call, type_id: str, key: str) -> VolumeType:
        item = self._type(type_id, call)
        if key not in item.extra_specs:
            raise not_found(f"Volume Type {item.id} has no extra specs with key {key}.")
        return item

    def _listed(self, item: VolumeType, call: Call) -> bool:
        """
        Everybody sees public types and those of the own project; an admin chooses by ``is_public``.
        """
        wanted = (call.arg("is_public") or "").lower()
        if not call.caller.is_admin:
            return self.store.types.may_use(item, call.caller)
        if wanted == "none":
            return True
        if wanted in ("false", "0"):
            return not item.is_public
        return item.is_public or (not wanted and call.caller.project_id in item.access)

    def _written(self, item: VolumeType) -> dict[str, Any]:
        return {
            "id": item.id,
            "name": item.name,
            "is_public": item.is_public,
            "extra_specs": item.extra_specs,
            "description": item.description,
        }

    def _changed(self, item: VolumeType) -> None:
        item.updated_at = self.store.now()
        for volume in self.store.volumes.values():
            if volume.volume_type is item:
                volume.revision.bump()
