"""
``/group_types``: types of groups and their specs.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, conflict, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body
from trio2o.sandbox.cinder.group_store import GroupStore
from trio2o.sandbox.cinder.paging import Keys, Page
from trio2o.sandbox.cinder.records import new_id
from trio2o.sandbox.cinder.style import DELETED
from trio2o.sandbox.cinder.type_records import GroupType

_SINCE = 11
_MANAGE, _SPECS = "group:group_types:", "group:group_types_specs:"
_SORT_KEYS: Keys = {
    "id": lambda item: item.id,
    "created_at": lambda item: item.created_at,
    "name": lambda item: item.name,
}


@define(eq=False)
class GroupTypes:
    """
    Types, which admins make and everybody may read if they are public.
    """

    kept: GroupStore

    @route("GET", "/group_types")
    def index(self, call: Call) -> Answer:
        body.since(call, _SINCE)
        page = Page.wanted(call)
        found = [each for each in self.kept.types.values() if self._listed(each, call)]
        chosen = page.of(found, _SORT_KEYS, lambda marker: self._type(marker, call))
        links = page.links(call, chosen)
        listed: dict[str, Any] = {"group_types": [_shown(call, each) for each in chosen]}
        return Answer(body=listed | ({"group_type_links": links} if links else {}))

    @route("POST", "/group_types")
    def create(self, call: Call) -> Answer:
        body.since(call, _SINCE)
        body.require_admin(call, f"{_MANAGE}create")
        fields = ("name", "description", "is_public", "group_specs")
        wanted = body.section(call, "group_type", required=("name",), allowed=fields)
        name = body.text("name", wanted["name"]) or ""
        self._check_free(name)
        made = GroupType(
            id=new_id(),
            name=name,
            created_at=self.kept.store.now(),
            description=body.text("description", wanted.get("description")),
            is_public=body.boolean("is_public", wanted.get("is_public", True)),
            group_specs=body.metadata(wanted.get("group_specs")),
        )
        self.kept.types[made.id] = made
        return Answer(status=202, body={"group_type": _shown(call, made)})

    @route("GET", "/group_types/default")
    def default(self, call: Call) -> Answer:
        body.since(call, _SINCE)
        raise not_found("Default group type can not be found.")

    @route("GET", "/group_types/<type_id>")
    def show(self, call: Call, type_id: str) -> Answer:
        return Answer(body={"group_type": _shown(call, self._type(type_id, call))})

    @route("PUT", "/group_types/<type_id>")
    def update(self, call: Call, type_id: str) -> Answer:
        body.since(call, _SINCE)
        body.require_admin(call, f"{_MANAGE}update")
        fields = ("name", "description", "is_public")
        wanted = body.section(call, "group_type", allowed=fields)
        if all(wanted.get(name) is None for name in fields):
            raise bad_request("Specify group type name, description or a combination thereof.")
        item = self._type(type_id, call)
        if wanted.get("name") not in (None, item.name):
            self._check_free(str(wanted["name"]))
            item.name = str(wanted["name"])
        if wanted.get("description") is not None:
            item.description = body.text("description", wanted["description"])
        if wanted.get("is_public") is not None:
            item.is_public = body.boolean("is_public", wanted["is_public"])
        return Answer(body={"group_type": _shown(call, item)})

    @route("DELETE", "/group_types/<type_id>")
    def delete(self, call: Call, type_id: str) -> Answer:
        body.since(call, _SINCE)
        body.require_admin(call, f"{_MANAGE}delete")
        item = self._type(type_id, call)
        if any(group.group_type == item.id for group in self.kept.groups.values()):
            raise bad_request(
                f"Target group type is still in use. Group Type {item.id} deletion is not allowed with groups "
                "present with the type."
            )
        del self.kept.types[item.id]
        return DELETED

    @route("GET", "/group_types/<type_id>/group_specs")
    def specs(self, call: Call, type_id: str) -> Answer:
        return Answer(body={"group_specs": self._having_specs(call, type_id, "get_all").group_specs})

    @route("POST", "/group_types/<type_id>/group_specs")
    def add_specs(self, call: Call, type_id: str) -> Answer:
        item = self._having_specs(call, type_id, "create")
        wanted = body.metadata(body.section(call, "group_specs"))
        item.group_specs |= wanted
        return Answer(status=202, body={"group_specs": wanted})

    @route("GET", "/group_types/<type_id>/group_specs/<key>")
    def spec(self, call: Call, type_id: str, key: str) -> Answer:
        item = self._having_specs(call, type_id, "get")
        if key not in item.group_specs:
            raise not_found(f"Group Type {type_id} has no extra spec with key {key}.")
        return Answer(body={key: item.group_specs[key]})

    @route("PUT", "/group_types/<type_id>/group_specs/<key>")
    def set_spec(self, call: Call, type_id: str, key: str) -> Answer:
        item = self._having_specs(call, type_id, "update")
        wanted = body.metadata(call.json())
        if list(wanted) != [key]:
            raise bad_request("Request body and URI mismatch")
        item.group_specs |= wanted
        return Answer(body=wanted)

    @route("DELETE", "/group_types/<type_id>/group_specs/<key>")
    def remove_spec(self, call: Call, type_id: str, key: str) -> Answer:
        item = self._having_specs(call, type_id, "delete")
        if key not in item.group_specs:
            raise not_found(f"Group Type {type_id} has no specs with key {key}.")
        del item.group_specs[key]
        return DELETED

    def _type(self, type_id: str, call: Call) -> GroupType:
        body.since(call, _SINCE)
        found = self.kept.types.get(type_id)
        if found is None or not (found.is_public or call.caller.is_admin):
            raise not_found(f"Group type {type_id} could not be found.")
        return found

    def _having_specs(self, call: Call, type_id: str, doing: str) -> GroupType:
        body.since(call, _SINCE)
        body.require_admin(call, f"{_SPECS}{doing}")
        return self._type(type_id, call)

    def _check_free(self, name: str) -> None:
        if any(each.name == name for each in self.kept.types.values()):
            raise conflict(f"Group Type {name} already exists.")

    @staticmethod
    def _listed(item: GroupType, call: Call) -> bool:
        wanted = (call.arg("is_public") or "").lower()
        if not call.caller.is_admin or not wanted:
            return item.is_public
        return wanted == "none" or item.is_public is (wanted in ("true", "1"))


def _shown(call: Call, item: GroupType) -> dict[str, Any]:
    shown = {
        "id": item.id,
        "name": item.name,
        "description": item.description,
        "is_public": item.is_public,
    }
    return shown | ({"group_specs": item.group_specs} if call.caller.is_admin else {})
