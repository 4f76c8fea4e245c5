"""
Metadata and tags of a server.
"""

from __future__ import annotations

from attrs import define

from trio2o.sandbox.answers import Answer, Fault, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import body_object, check_tag, required, string_map, tag_list
from trio2o.sandbox.nova.lifecycle import check_lock, check_state
from trio2o.sandbox.nova.server import Server
from trio2o.sandbox.nova.server_view import HTML
from trio2o.sandbox.nova.store import NovaStore, since

_CHANGEABLE = frozenset({"active", "paused", "suspended", "stopped"})


@define
class Metadata:
    """
    ``/servers/ID/metadata``.
    """

    store: NovaStore

    @route("GET", "/servers/<server_id>/metadata")
    def index(self, call: Call, server_id: str) -> Answer:
        server = self.store.get(server_id, call)
        return Answer(body={"metadata": dict(server.metadata)}, depends_on=server.revision)

    @route("POST", "/servers/<server_id>/metadata")
    def merge(self, call: Call, server_id: str) -> Answer:
        items = self._items(call)
        server = self._changeable(server_id, "update metadata", call)
        return self._replaced(server, {**server.metadata, **items}, call)

    @route("PUT", "/servers/<server_id>/metadata")
    def replace(self, call: Call, server_id: str) -> Answer:
        items = self._items(call)
        return self._replaced(self._changeable(server_id, "update metadata", call), items, call)

    @route("GET", "/servers/<server_id>/metadata/<key>")
    def show(self, call: Call, server_id: str, key: str) -> Answer:
        server = self.store.get(server_id, call)
        if key not in server.metadata:
            raise not_found("Metadata item was not found")
        return Answer(body={"meta": {key: server.metadata[key]}})

    @route("PUT", "/servers/<server_id>/metadata/<key>")
    def update(self, call: Call, server_id: str, key: str) -> Answer:
        meta = string_map(body_object(call, "meta"), "meta")
        server = self._changeable(server_id, "update metadata", call)
        if list(meta) != [key]:
            raise bad_request("Request body and URI mismatch")
        self._replaced(server, {**server.metadata, **meta}, call)
        return Answer(body={"meta": meta})

    @route("DELETE", "/servers/<server_id>/metadata/<key>")
    def delete(self, call: Call, server_id: str, key: str) -> Answer:
        server = self._changeable(server_id, "delete metadata", call)
        if key not in server.metadata:
            raise not_found("Metadata item was not found")
        del server.metadata[key]
        self.store.changed(server)
        return Answer(status=204)

    def _items(self, call: Call) -> dict[str, str]:
        return string_map(body_object(call, "metadata"), "metadata")

    def _changeable(self, server_id: str, action: str, call: Call) -> Server:
        server = self.store.get(server_id, call)
        check_lock(server, call.caller)
        check_state(server, action, _CHANGEABLE, None)
        return server

    def _replaced(self, server: Server, items: dict[str, str], call: Call) -> Answer:
        allowed = self.store.limits_of(server.project_id)["metadata_items"]
        if 0 <= allowed < len(items):
            raise Fault(403, f"Maximum number of metadata items exceeds {allowed}")
        server.metadata = items
        self.store.changed(server)
        return Answer(body={"metadata": dict(items)})


@define
class Tags:
    """
    ``/servers/ID/tags``, from 2.26 on.
    """

    store: NovaStore

    @route("GET", "/servers/<server_id>/tags")
    def index(self, call: Call, server_id: str) -> Answer:
        return Answer(body={"tags": sorted(self._server(server_id, call).tags)})

    @route("PUT", "/servers/<server_id>/tags")
    def replace(self, call: Call, server_id: str) -> Answer:
        since(call, 26)
        body = call.json()
        if not isinstance(body, dict):
            raise bad_request(f"{body!r} is not of type 'object'")
        required(body, ("tags",), "body")
        tags = tag_list(body["tags"])
        server = self._server(server_id, call)
        server.tags = tags
        self.store.changed(server, touch=False)
        return Answer(body={"tags": sorted(tags)})

    @route("DELETE", "/servers/<server_id>/tags")
    def clear(self, call: Call, server_id: str) -> Answer:
        server = self._server(server_id, call)
        server.tags = set()
        self.store.changed(server, touch=False)
        return Answer(status=204)

    @route("GET", "/servers/<server_id>/tags/<tag>")
    def show(self, call: Call, server_id: str, tag: str) -> Answer:
        if tag not in self._server(server_id, call).tags:
            raise not_found(f"Server {server_id} has no tag '{tag}'")
        return Answer(status=204)

    @route("PUT", "/servers/<server_id>/tags/<tag>")
    def add(self, call: Call, server_id: str, tag: str) -> Answer:
        server = self._server(server_id, call)
        check_tag(tag)
        if tag in server.tags:
            return Answer(status=204, body=b"", content_type=HTML)
        if len(server.tags) >= 50:
            raise bad_request("The number of tags exceeded the per-server limit 50")
        server.tags.add(tag)
        self.store.changed(server, touch=False)
        location = ("Location", f"{call.base}/servers/{server_id}/tags/{tag}")
        return Answer(status=201, body=b"", content_type=HTML, headers=(location,))

    @route("DELETE", "/servers/<server_id>/tags/<tag>")
    def remove(self, call: Call, server_id: str, tag: str) -> Answer:
        server = self._server(server_id, call)
        if tag not in server.tags:
            raise not_found(f"Instance {server_id} has no tag '{tag}'")
        server.tags.remove(tag)
        self.store.changed(server, touch=False)
        return Answer(status=204)

    def _server(self, server_id: str, call: Call) -> Server:
        since(call, 26)
        return self.store.get(server_id, call)
