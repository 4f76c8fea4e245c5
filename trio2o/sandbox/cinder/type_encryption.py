"""
``/types/{id}/encryption``: how volumes of a type are encrypted.

Volumes themselves stay as they are: the fake encrypts nothing.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.records import new_id
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DELETED
from trio2o.sandbox.cinder.type_records import Encryption, VolumeType

_RULE = "volume_extension:volume_type_encryption:"
_PLACES = ("front-end", "back-end")


@define(eq=False)
class TypeEncryption:
    """
    One for each type, at most. Nothing of it changes while volumes have the type.
    """

    store: CinderStore

    @route("GET", "/types/<type_id>/encryption")
    def index(self, call: Call, type_id: str) -> Answer:
        body.require_admin(call, f"{_RULE}get")
        return Answer(body=_shown(self.store.types.shown(type_id, call.caller)))

    @route("GET", "/types/<type_id>/encryption/<key>")
    def show(self, call: Call, type_id: str, key: str) -> Answer:
        body.require_admin(call, f"{_RULE}get")
        shown = _shown(self.store.types.shown(type_id, call.caller))
        if key not in shown:
            raise not_found(f"Volume type encryption for type {type_id} does not exist.")
        return Answer(body={key: shown[key]})

    @route("POST", "/types/<type_id>/encryption")
    def create(self, call: Call, type_id: str) -> Answer:
        body.require_admin(call, f"{_RULE}create")
        wanted = self._wanted(call, required=("provider", "control_location"))
        self._check_unused(type_id, "create")
        item = self.store.types.shown(type_id, call.caller)
        if item.encryption is not None:
            raise bad_request(f"Volume type encryption for type {type_id} already exists.")
        item.encryption = made = Encryption(id=new_id(), created_at=self.store.now(), **wanted)
        shown = {**call.json()["encryption"], **wanted, "volume_type_id": item.id, "encryption_id": made.id}
        return Answer(body={"encryption": shown})

    @route("PUT", "/types/<type_id>/encryption/<key>")
    def update(self, call: Call, type_id: str, key: str) -> Answer:
        body.require_admin(call, f"{_RULE}update")
        wanted = self._wanted(call)
        item = self.store.types.shown(type_id, call.caller)
        self._check_unused(type_id, "update")
        if item.encryption is None:
            raise not_found(f"Volume type encryption for type {type_id} does not exist.")
        for name, value in wanted.items():
            setattr(item.encryption, name, value)
        item.encryption.updated_at = self.store.now()
        return Answer(body={"encryption": {**call.json()["encryption"], **wanted}})

    @route("DELETE", "/types/<type_id>/encryption/<key>")
    def delete(self, call: Call, type_id: str, key: str) -> Answer:
        body.require_admin(call, f"{_RULE}delete")
        self._check_unused(type_id, "delete")
        item = self.store.types.by_id.get(type_id)
        if item is None or item.encryption is None:
            raise not_found(f"Volume type encryption for type {type_id} does not exist.")
        item.encryption = None
        return DELETED

    def _check_unused(self, type_id: str, doing: str) -> None:
        if self.store.in_use(type_id):
            raise bad_request(f"Cannot {doing} encryption specs. Volume type in use.")

    @staticmethod
    def _wanted(call: Call, required: tuple[str, ...] = ()) -> dict[str, Any]:
        wanted = body.section(call, "encryption", required=required)
        place = wanted.get("control_location", _PLACES[0])
        if place not in _PLACES:
            raise body.invalid("control_location", place, f"{place!r} is not one of {list(_PLACES)}")
        read: dict[str, Any] = {
            name: wanted[name] for name in ("provider", "control_location", "cipher") if name in wanted
        }
        if "key_size" in wanted:
            size = wanted["key_size"]
            read["key_size"] = None if size is None else body.whole("key_size", size, minimum=0)
        return read


def _shown(item: VolumeType) -> dict[str, Any]:
    found = item.encryption
    if found is None:
        return {}
    return {
        "volume_type_id": item.id,
        "encryption_id": found.id,
        "provider": found.provider,
        "cipher": found.cipher,
        "key_size": found.key_size,
        "control_location": found.control_location,
        "created_at": views.moment(found.created_at),
        "updated_at": views.moment(found.updated_at),
        "deleted": False,
        "deleted_at": None,
    }
