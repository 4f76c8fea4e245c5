"""
What a Glance v2 does, as far as the sandbox needs it: the same tests run on the fake and on a real Glance 33.

The Glance has the public images ``cirros`` and ``cirros-alt`` of somebody else; ``demo`` and ``alt`` are
members of two projects.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from tests.unit.sandbox.asking import Api, Reply, Who
from tests.unit.sandbox.cinder_contract import NOBODY


class GlanceContract:
    """
    A mixin; the test case gives the API (its URL ends in ``/v2``), the callers and ``finish``.
    """

    api: Api
    demo: Who
    alt: Who

    def finish(self, check: Coroutine[Any, Any, None]) -> Any:
        """
        Run a check to its end, or give its Deferred.
        """
        raise NotImplementedError

    async def ask(
        self, method: str, path: str, body: Any = None, *, who: Who | None = None, kind: str = ""
    ) -> Reply:
        """
        Ask as ``demo``, or as another.
        """
        headers = {"Accept": "*/*"} | ({"Content-Type": kind} if kind else {})
        return await self.api.ask(method, path, token=(who or self.demo).token, body=body, headers=headers)

    async def refused(self, status: int, words: str, *request: Any, **more: Any) -> None:
        """
        Check an error's status and the words in its page.
        """
        reply = await self.ask(*request, **more)
        assert reply.status == status, (reply.status, reply.content)
        assert words in reply.content.decode(), reply.content

    def test_versions(self) -> Any:
        """
        The root gives all versions with 300, the newest marked as current; the API wants a token.
        """

        async def check() -> None:
            root = self.api.above("/v2")
            choices = await root.ask("GET", "/")
            assert choices.status == 300
            (current,) = [each for each in choices.json["versions"] if each["status"] == "CURRENT"]
            assert current == {
                "id": "v2.17",
                "status": "CURRENT",
                "links": [{"rel": "self", "href": f"{self.api.url}/"}],
            }
            refused = await self.api.ask("GET", "/images")
            assert refused.status == 401
            assert (refused.header("WWW-Authenticate") or "").startswith("Keystone uri=")

        return self.finish(check())

    def test_public_images(self) -> Any:
        """
        Everybody finds the public images by name and by id.
        """

        async def check() -> None:
            for name in ("cirros", "cirros-alt"):
                listed = (await self.ask("GET", f"/images?name={name}&limit=1")).json
                (image,) = listed["images"]
                assert (image["name"], image["visibility"], image["status"]) == (name, "public", "active")
                assert listed["first"] == f"/v2/images?name={name}&limit=1"
                assert listed["next"] == f"/v2/images?name={name}&limit=1&marker={image['id']}"
                assert listed["schema"] == "/v2/schemas/images"
                shown = (await self.ask("GET", f"/images/{image['id']}")).json
                assert shown == image
                path = f"/v2/images/{image['id']}"
                assert (image["self"], image["file"]) == (path, f"{path}/file")
            after = (await self.ask("GET", f"/images?name=cirros&marker={image['id']}")).json
            assert image["id"] not in [each["id"] for each in after["images"]]

        return self.finish(check())

    def test_missing(self) -> Any:
        """
        What is not there, and what may not be deleted.
        """

        async def check() -> None:
            await self.refused(404, f"No image found with ID {NOBODY}", "GET", f"/images/{NOBODY}")
            await self.refused(404, f"Failed to find image {NOBODY} to delete", "DELETE", f"/images/{NOBODY}")
            await self.refused(400, f"No image found with ID {NOBODY}", "GET", f"/images?marker={NOBODY}")
            await self.refused(404, "The resource could not be found.", "GET", "/nonsense")
            await self.refused(405, "The method PATCH is not allowed for this resource.", "PATCH", "/images")
            listed = (await self.ask("GET", "/images?name=cirros")).json["images"]
            path = f"/images/{listed[0]['id']}"
            await self.refused(403, "You are not authorized to complete delete_image action.", "DELETE", path)

        return self.finish(check())

    def test_own_image(self) -> Any:
        """
        An image is queued, uploaded, active, changed, hidden from others, and deleted.
        """

        async def check() -> None:
            fields = {"name": "contract", "disk_format": "raw", "container_format": "bare"}
            made = await self.ask("POST", "/images", fields)
            assert made.status == 201
            image = made.json
            path = f"/images/{image['id']}"
            assert made.header("Location") == self.api.url + path
            assert (image["status"], image["size"], image["visibility"]) == ("queued", None, "shared")
            assert image["owner"] == self.demo.project
            assert (await self.ask("GET", f"{path}/file")).status == 204
            binary = "application/octet-stream"
            assert (await self.ask("PUT", f"{path}/file", b"abcdef", kind=binary)).status == 204
            shown = (await self.ask("GET", path)).json
            assert (shown["status"], shown["size"]) == ("active", 6)
            assert shown["checksum"] == "e80b5017098950fc58aad83c8c14978e"
            assert shown["os_hash_value"].startswith("e32ef19623e8ed9d")
            await self.refused(
                409,
                "Image status transition from active to saving is not allowed",
                *("PUT", f"{path}/file", b"x"),
                kind=binary,
            )
            data = await self.ask("GET", f"{path}/file")
            assert (data.content, data.header("Content-MD5")) == (b"abcdef", shown["checksum"])
            changes = [
                {"op": "replace", "path": "/name", "value": "renamed"},
                {"op": "add", "path": "/foo", "value": "bar"},
            ]
            patch = "application/openstack-images-v2.1-json-patch"
            changed = (await self.ask("PATCH", path, changes, kind=patch)).json
            assert (changed["name"], changed["foo"]) == ("renamed", "bar")
            message = f"No image found with ID {image['id']}"
            await self.refused(404, message, "GET", path, who=self.alt)
            gone = await self.ask("DELETE", path)
            assert (gone.status, gone.content) == (204, b"")
            assert (await self.ask("GET", path)).status == 404

        return self.finish(check())

    def test_bad_bodies(self) -> Any:
        """
        What a create may not say.
        """

        async def check() -> None:
            await self.refused(400, "Malformed JSON in request body.", "POST", "/images", b'{"name"')
            await self.refused(400, "Provided object does not match schema", "POST", "/images", {"name": 1})
            await self.refused(400, "Provided object does not match schema", "POST", "/images", {"foo": 1})

        return self.finish(check())

    def test_schema(self) -> Any:
        """
        The schema tells an image's own fields from properties.
        """

        async def check() -> None:
            schema = (await self.ask("GET", "/schemas/image")).json
            assert schema["name"] == "image"
            known = {"id", "name", "status", "visibility", "checksum", "size", "tags", "min_ram", "protected"}
            assert known <= set(schema["properties"])
            assert "foo" not in schema["properties"]

        return self.finish(check())
