"""
``/qos-specs``: quality of service specs and the volume types that have them. Cinder takes some of these writes by GET.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, conflict, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.paging import Keys, Page
from trio2o.sandbox.cinder.records import new_id
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DELETED
from trio2o.sandbox.cinder.type_records import QosSpecs, VolumeType

_RULE = "volume_extension:qos_specs_manage:"
_CONSUMERS = ("back-end", "front-end", "both")
_SORT_KEYS: Keys = {
    "id": lambda item: item.id,
    "created_at": lambda item: item.created_at,
    "name": lambda item: item.name,
    "consumer": lambda item: item.consumer,
}


@define(eq=False)
class QosManagement:
    """
    What admins alone see and change.
    """

    store: CinderStore

    @route("GET", "/qos-specs")
    def index(self, call: Call) -> Answer:
        body.require_admin(call, f"{_RULE}get_all")
        found = [
            each
            for each in self.store.types.qos_specs.values()
            if all(call.arg(name) in (None, getattr(each, name)) for name in ("id", "name", "consumer"))
        ]
        page = Page.wanted(call)
        chosen = page.of(found, _SORT_KEYS, self._specs)
        links = page.links(call, chosen)
        listed: dict[str, Any] = {"qos_specs": [_fields(each) for each in chosen]}
        return Answer(body=listed | ({"qos_specs_links": links} if links else {}))

    @route("POST", "/qos-specs")
    def create(self, call: Call) -> Answer:
        body.require_admin(call, f"{_RULE}create")
        wanted = body.section(call, "qos_specs", required=("name",))
        name = body.text("name", wanted["name"]) or ""
        if any(each.name == name for each in self.store.types.qos_specs.values()):
            raise conflict(f"QoS Specs {name} already exists.")
        made = QosSpecs(
            id=new_id(),
            name=name,
            created_at=self.store.now(),
            consumer=_consumer(wanted.get("consumer") or _CONSUMERS[0]),
            specs=_pairs({key: value for key, value in wanted.items() if key not in ("name", "consumer")}),
        )
        self.store.types.qos_specs[made.id] = made
        return _shown(call, made)

    @route("GET", "/qos-specs/<specs_id>")
    def show(self, call: Call, specs_id: str) -> Answer:
        body.require_admin(call, f"{_RULE}get")
        return _shown(call, self._specs(specs_id))

    @route("PUT", "/qos-specs/<specs_id>")
    def update(self, call: Call, specs_id: str) -> Answer:
        body.require_admin(call, f"{_RULE}update")
        wanted = body.section(call, "qos_specs")
        item = self._specs(specs_id)
        if "consumer" in wanted:
            item.consumer = _consumer(wanted["consumer"])
        item.specs |= _pairs({key: value for key, value in wanted.items() if key != "consumer"})
        return Answer(body=call.json())

    @route("DELETE", "/qos-specs/<specs_id>")
    def delete(self, call: Call, specs_id: str) -> Answer:
        body.require_admin(call, f"{_RULE}delete")
        force = body.boolean("force", call.arg("force") or "false")
        item = self._specs(specs_id)
        if self._types(item) and not force:
            raise bad_request("Qos specs still in use.")
        self._release(item)
        del self.store.types.qos_specs[item.id]
        return DELETED

    @route("PUT", "/qos-specs/<specs_id>/delete_keys")
    def delete_keys(self, call: Call, specs_id: str) -> Answer:
        body.require_admin(call, f"{_RULE}delete")
        wanted = call.json()
        keys = wanted.get("keys") if isinstance(wanted, dict) else None
        if not isinstance(keys, list):
            raise bad_request("'keys' is a required property")
        item = self._specs(specs_id)
        for key in keys:
            if key not in item.specs:
                raise not_found(f"QoS spec {specs_id} has no spec with key {key}.")
            del item.specs[key]
        return DELETED

    @route("GET", "/qos-specs/<specs_id>/associations")
    def associations(self, call: Call, specs_id: str) -> Answer:
        body.require_admin(call, f"{_RULE}get_all")
        shown = [
            {"association_type": "volume_type", "name": each.name, "id": each.id}
            for each in self._types(self._specs(specs_id))
        ]
        return Answer(body={"qos_associations": shown})

    @route("GET", "/qos-specs/<specs_id>/associate")
    def associate(self, call: Call, specs_id: str) -> Answer:
        specs, item = self._named(call, specs_id)
        if item is None:
            raise not_found(f"Volume type {call.arg('vol_type_id')} could not be found.")
        if item.qos is not None and item.qos is not specs:
            raise bad_request(
                f"Invalid volume type: Type {item.id} is already associated with another qos specs: "
                f"{item.qos.id}"
            )
        item.qos = specs
        return DELETED

    @route("GET", "/qos-specs/<specs_id>/disassociate")
    def disassociate(self, call: Call, specs_id: str) -> Answer:
        specs, item = self._named(call, specs_id)
        if item is None:
            raise not_found(f"Volume type {call.arg('vol_type_id')} could not be found.")
        if item.qos is specs:
            item.qos = None
        return DELETED

    @route("GET", "/qos-specs/<specs_id>/disassociate_all")
    def disassociate_all(self, call: Call, specs_id: str) -> Answer:
        body.require_admin(call, f"{_RULE}update")
        self._release(self._specs(specs_id))
        return DELETED

    def _named(self, call: Call, specs_id: str) -> tuple[QosSpecs, VolumeType | None]:
        body.require_admin(call, f"{_RULE}update")
        type_id = call.arg("vol_type_id")
        if not type_id:
            raise bad_request("Volume Type id must not be None.")
        return self._specs(specs_id), self.store.types.by_id.get(type_id)

    def _specs(self, specs_id: str) -> QosSpecs:
        found = self.store.types.qos_specs.get(specs_id)
        if found is None:
            raise not_found(f"No such QoS spec {specs_id}.")
        return found

    def _types(self, item: QosSpecs) -> list[VolumeType]:
        return [each for each in self.store.types.by_id.values() if each.qos is item]

    def _release(self, item: QosSpecs) -> None:
        for each in self._types(item):
            each.qos = None


def _consumer(value: object) -> str:
    if value not in _CONSUMERS:
        raise bad_request(
            f"Invalid qos specs: Valid consumer of QoS specs are: {list(_CONSUMERS)}, got {value!r}."
        )
    return str(value)


def _pairs(values: dict[str, Any]) -> dict[str, str]:
    """
    The specs as the database keeps them: text.
    """
    return {key: str(value) for key, value in values.items()}


def _fields(item: QosSpecs) -> dict[str, Any]:
    return {"id": item.id, "name": item.name, "consumer": item.consumer, "specs": item.specs}


def _shown(call: Call, item: QosSpecs) -> Answer:
    return Answer(body={"qos_specs": _fields(item), "links": views.links(call, "qos-specs", item.id)})
