"""
``…/metadata`` of volumes and snapshots.
"""

from __future__ import annotations

from attrs import define, evolve

from trio2o.sandbox.answers import Answer, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body
from trio2o.sandbox.cinder.records import Snapshot, Volume
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DELETED


@define(eq=False)
class Metadata:
    """
    The same operations for both kinds.
    """

    store: CinderStore

    @route("GET", "/<any(volumes, snapshots):kind>/<item_id>/metadata")
    def index(self, call: Call, kind: str, item_id: str) -> Answer:
        return Answer(body={"metadata": self._item(call, kind, item_id).metadata})

    @route("POST", "/<any(volumes, snapshots):kind>/<item_id>/metadata")
    def add(self, call: Call, kind: str, item_id: str) -> Answer:
        item = self._item(call, kind, item_id)
        self.store.change(item, metadata=item.metadata | body.metadata(body.section(call, "metadata")))
        return Answer(body={"metadata": item.metadata})

    @route("PUT", "/<any(volumes, snapshots):kind>/<item_id>/metadata")
    def replace(self, call: Call, kind: str, item_id: str) -> Answer:
        item = self._item(call, kind, item_id)
        self.store.change(item, metadata=body.metadata(body.section(call, "metadata")))
        return Answer(body={"metadata": item.metadata})

    @route("GET", "/<any(volumes, snapshots):kind>/<item_id>/metadata/<key>")
    def show(self, call: Call, kind: str, item_id: str, key: str) -> Answer:
        item = self._having(call, kind, item_id, key)
        return Answer(body={"meta": {key: item.metadata[key]}})

    @route("PUT", "/<any(volumes, snapshots):kind>/<item_id>/metadata/<key>")
    def set_one(self, call: Call, kind: str, item_id: str, key: str) -> Answer:
        item = self._item(call, kind, item_id)
        wanted = body.metadata(body.section(call, "meta"))
        if list(wanted) != [key]:
            raise bad_request("Request body and URI mismatch")
        self.store.change(item, metadata=item.metadata | wanted)
        return Answer(body={"meta": wanted})

    @route("DELETE", "/<any(volumes, snapshots):kind>/<item_id>/metadata/<key>")
    def remove(self, call: Call, kind: str, item_id: str, key: str) -> Answer:
        item = self._having(call, kind, item_id, key)
        rest = {name: value for name, value in item.metadata.items() if name != key}
        self.store.change(item, metadata=rest)
        return evolve(DELETED, status=200)

    def _item(self, call: Call, kind: str, item_id: str) -> Volume | Snapshot:
        find = self.store.volume if kind == "volumes" else self.store.snapshot
        return find(item_id, call.caller)

    def _having(self, call: Call, kind: str, item_id: str, key: str) -> Volume | Snapshot:
        item = self._item(call, kind, item_id)
        if key not in item.metadata:
            what = "Volume" if kind == "volumes" else "Snapshot"
            raise not_found(f"{what} {item_id} has no metadata with key {key}.")
        return item
