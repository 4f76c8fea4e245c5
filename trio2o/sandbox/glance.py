"""
A fake Glance v2, shared by all pods: enough to list, show, make and delete images, and to boot from them by
name.

Two public images are there, ``cirros`` and ``cirros-alt``. By itself::

    python -m trio2o.sandbox.glance --port 9292 --keystone http://127.0.0.1:5000/v3

Answers are those of Glance 33. Image data is kept in memory, 8 MiB an image at most.
"""

from __future__ import annotations

import argparse
from typing import Any

from attrs import define, field
from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IListeningPort, IReactorTime
from twisted.internet.task import react
from twisted.web.client import Agent

from trio2o.sandbox.answers import Answer, Fault
from trio2o.sandbox.auth import TokenVerifier as KeystoneVerifier
from trio2o.sandbox.call import Call, Caller, route
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import ServiceFrame, TokenVerifier
from trio2o.sandbox.glance_state import CREATED_FIELDS, ImageStore, Refused, image_from
from trio2o.sandbox.glance_style import GlanceStyle

_FILTERS = ("name", "status", "visibility", "owner", "disk_format", "container_format", "id")


def make_glance(
    clock: PodClock,
    verifier: TokenVerifier,
    wall: IReactorTime,
    *,
    auth_uri: str = "http://127.0.0.1:5000/v3",
) -> ServiceFrame:
    """
    The shared image service; it belongs to no pod.
    """
    frame = ServiceFrame(style=GlanceStyle(), verifier=verifier, clock=clock, wall=wall, auth_uri=auth_uri)
    frame.mount(Images(ImageStore(clock)))
    return frame


@define(eq=False)
class Images:
    """
    ``/v2/images`` and what clients ask beside it.
    """

    store: ImageStore
    _schema: dict[str, Any] = field(factory=lambda: _image_schema(), init=False)

    @route("GET", "/images")
    def index(self, call: Call) -> Answer:
        found = self.store.listed(call.caller, visibility=call.arg("visibility"))
        marker = call.arg("marker")
        if marker is not None:
            ids = [each.id for each in found]
            if marker not in ids:
                raise Fault(400, f"No image found with ID {marker}")
            found = found[ids.index(marker) + 1 :]
        for name in _FILTERS:
            wanted = call.arg(name)
            if wanted is not None:
                allowed = wanted[3:].split(",") if wanted.startswith("in:") else [wanted]
                found = [each for each in found if str(each.shown()[name]) in allowed]
        limit = self._limit(call)
        page = found[:limit]
        query = call.request.uri.partition(b"?")[2].decode("latin-1")
        answer: dict[str, Any] = {
            "images": [each.shown() for each in page],
            "first": "/v2/images" + (f"?{query}" if query else ""),
            "schema": "/v2/schemas/images",
        }
        if page and len(page) == limit:
            rest = "".join(f"{part}&" for part in query.split("&") if part and not part.startswith("marker="))
            answer["next"] = f"/v2/images?{rest}marker={page[-1].id}"
        return Answer(body=answer)

    @route("POST", "/images")
    def create(self, call: Call) -> Answer:
        wanted = self._json(call)
        if not isinstance(wanted, dict):
            raise Fault(400, "Provided object does not match schema 'image'")
        try:
            image = image_from(wanted, self._owner(call.caller), self.store.now())
        except Refused as error:
            raise Fault(error.status, str(error)) from error
        if image.id in self.store.images:
            raise Fault(409, f"Image ID {image.id} already exists!")
        self.store.images[image.id] = image
        location = ("Location", f"{call.origin}/v2/images/{image.id}")
        return Answer(status=201, body=image.shown(), headers=(location,))

    @route("GET", "/images/<image_id>")
    def show(self, call: Call, image_id: str) -> Answer:
        return Answer(body=self.store.visible(image_id, call.caller).shown())

    @route("PATCH", "/images/<image_id>")
    def update(self, call: Call, image_id: str) -> Answer:
        image = self.store.owned(image_id, call.caller, "modify_image")
        changes = self._json(call)
        if not isinstance(changes, list):
            raise Fault(400, "Request body must be a JSON array of operation objects.")
        for change in changes:
            name = str(change.get("path", "")).removeprefix("/")
            if change.get("op") not in ("add", "replace", "remove") or not name:
                raise Fault(400, f"Operations must be one of add, replace, remove: {change}")
            try:
                image.set(name, None if change["op"] == "remove" else change.get("value"))
            except Refused as error:
                raise Fault(error.status, str(error)) from error
        image.updated_at = self.store.now()
        return Answer(body=image.shown())

    @route("DELETE", "/images/<image_id>")
    def delete(self, call: Call, image_id: str) -> Answer:
        if image_id not in self.store.images:
            raise Fault(404, f"Failed to find image {image_id} to delete")
        image = self.store.owned(image_id, call.caller, "delete_image")
        if image.protected:
            raise Fault(403, f"Image {image_id} is protected and cannot be deleted.")
        del self.store.images[image.id]
        return Answer(status=204)

    @route("PUT", "/images/<image_id>/file")
    def upload(self, call: Call, image_id: str) -> Answer:
        image = self.store.owned(image_id, call.caller, "upload_image")
        if image.status != "queued":
            raise Fault(409, f"Image status transition from {image.status} to saving is not allowed")
        image.take(call.body)
        image.updated_at = self.store.now()
        return Answer(status=204)

    @route("GET", "/images/<image_id>/file")
    def download(self, call: Call, image_id: str) -> Answer:
        image = self.store.visible(image_id, call.caller)
        if image.status != "active":
            return Answer(status=204)
        headers = (("Content-MD5", str(image.checksum)),)
        return Answer(body=image.data, headers=headers, content_type="application/octet-stream")

    @route("GET", "/images/<image_id>/members")
    def members(self, call: Call, image_id: str) -> Answer:
        image = self.store.visible(image_id, call.caller)
        if image.visibility != "shared":
            message = f"Not allowed to list members for image {image_id}: Only shared images have members."
            raise Fault(403, message)
        return Answer(body={"members": [], "schema": "/v2/schemas/members"})

    @route("GET", "/schemas/image")
    def schema(self, call: Call) -> Answer:
        return Answer(body=self._schema)

    @route("GET", "/schemas/images")
    def list_schema(self, call: Call) -> Answer:
        properties = {"images": {"type": "array", "items": self._schema}, "first": {"type": "string"}}
        return Answer(body={"name": "images", "properties": properties})

    @route("GET", "/info/import")
    def import_methods(self, call: Call) -> Answer:
        methods = {"description": "Import methods available.", "type": "array", "value": []}
        return Answer(body={"import-methods": methods})

    @route("GET", "/info/stores")
    def stores(self, call: Call) -> Answer:
        return Answer(body={"stores": [{"id": "memory", "default": "true"}]})

    def _owner(self, caller: Caller) -> str:
        return caller.project_id or ""

    def _limit(self, call: Call) -> int:
        text = call.arg("limit") or "25"
        if not text.isdigit():
            raise Fault(400, "limit param must be an integer")
        return min(int(text), 1000)

    def _json(self, call: Call) -> Any:
        try:
            return call.json()
        except Fault:
            raise Fault(400, "Malformed JSON in request body.") from None


def _image_schema() -> dict[str, Any]:
    """
    The JSON schema of an image, which the clients use to tell its own fields from users'.
    """
    text = {"type": ["null", "string"]}
    whole = {"type": ["null", "integer"]}
    properties: dict[str, Any] = dict.fromkeys(CREATED_FIELDS, text)
    properties |= {
        name: {**text, "readOnly": True} for name in ("status", "checksum", "os_hash_algo", "os_hash_value")
    }
    properties |= {
        name: {**text, "readOnly": True} for name in ("created_at", "updated_at", "self", "file", "schema")
    }
    properties |= {name: {**whole, "readOnly": True} for name in ("size", "virtual_size")}
    properties |= {name: {"type": "integer"} for name in ("min_ram", "min_disk")}
    properties |= {name: {"type": "boolean"} for name in ("protected", "os_hidden")}
    properties["tags"] = {"type": "array", "items": {"type": "string"}}
    return {"name": "image", "properties": properties, "additionalProperties": {"type": "string"}}


@define(eq=False)
class FakeGlance:
    """
    The image service on a port of its own: ``await start()``, then ``url``.
    """

    reactor: Any
    keystone_url: str
    _port: IListeningPort | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """
        The image endpoint, as a catalog has it.

        :raises RuntimeError: if the service is not started.
        """
        if self._port is None:
            raise RuntimeError("The fake Glance is not started.")
        host: Any = self._port.getHost()
        return f"http://{host.host}:{host.port}"

    async def start(self, port: int = 0, interface: str = "127.0.0.1") -> None:
        """
        Listen, with the two images and nothing else.
        """
        client: Any = HTTPClient(Agent(self.reactor, connectTimeout=10))
        verifier = KeystoneVerifier(self.keystone_url, client)
        clock = PodClock(self.reactor)
        frame = make_glance(clock, verifier, self.reactor, auth_uri=self.keystone_url)
        endpoint = TCP4ServerEndpoint(self.reactor, port, interface=interface)
        self._port = await endpoint.listen(frame.site())

    async def stop(self) -> None:
        """
        Stop listening.
        """
        if self._port is not None:
            stopped, self._port = self._port.stopListening(), None
            if stopped is not None:
                await stopped


def main() -> None:
    """
    Serve until interrupted.
    """
    parser = argparse.ArgumentParser(prog="python -m trio2o.sandbox.glance", description="A fake Glance v2.")
    parser.add_argument("--port", type=int, default=9292, help="TCP port on 127.0.0.1 (default 9292; 0: any)")
    parser.add_argument("--keystone", required=True, metavar="URL", help="Keystone's URL with /v3")
    options = parser.parse_args()

    async def serve(reactor: Any) -> None:
        glance = FakeGlance(reactor, options.keystone)
        await glance.start(options.port)
        print(f"fake Glance: {glance.url}", flush=True)
        await Deferred()

    react(lambda reactor: Deferred.fromCoroutine(serve(reactor)))


if __name__ == "__main__":
    main()
