"""
Images of the fake Nova's servers, in the fake Glance.
"""

from __future__ import annotations

from typing import Any

from attrs import define
from treq.testing import StubTreq
from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError

from tests.unit.sandbox.asking import Api, now
from tests.unit.sandbox.nova_pod import TOKENS, NovaTestCase
from trio2o.sandbox.frame import StaticTokens
from trio2o.sandbox.glance import make_glance
from trio2o.sandbox.nova.imaging import GlanceImages
from trio2o.sandbox.nova.service import make_nova

GLANCE = "http://glance.test"


@define
class Leaving:
    """
    A Glance at which nobody listens from some moment on.
    """

    http: Any
    gone: bool = False

    def request(self, method: str, url: str, **more: Any) -> Any:
        return fail(ConnectionRefusedError()) if self.gone else self.http.request(method, url, **more)


class ImageTests(NovaTestCase):
    """
    A Nova with a Glance.
    """

    def setUp(self) -> None:
        super().setUp()
        glance = StubTreq(make_glance(self.clock, StaticTokens(TOKENS), self.wall).resource())
        self.images = Api(glance, f"{GLANCE}/v2")
        self.glance = Leaving(glance)
        images = GlanceImages(GLANCE, self.glance)  # type: ignore[arg-type]
        self.frame = make_nova(
            self.pod, StaticTokens(TOKENS), self.wall, image_endpoint=GLANCE, images=images, action_seconds=1
        )
        self.http = StubTreq(self.frame.resource())

    def booted(self) -> str:
        """
        The id of a server from an image that there is.
        """
        image = now(self.images.ask("GET", "/images?name=cirros", token="demo")).json["images"][0]
        server_id: str = self.active(imageRef=image["id"])
        return server_id

    def test_image(self) -> None:
        """
        An image is the user's, active, and has what was asked for.
        """
        server_id = self.booted()
        wanted = {"createImage": {"name": "i", "metadata": {"a": "b"}}}
        status, body = self.act(server_id, wanted, minor=45)
        self.assertEqual(202, status)
        image = now(self.images.ask("GET", f"/images/{body['image_id']}", token="demo")).json
        self.assertEqual(
            ("i", "active", "b", "snapshot"), tuple(image[k] for k in ("name", "status", "a", "image_type"))
        )
        self.assertEqual(
            404, now(self.images.ask("GET", f"/images/{body['image_id']}", token="other")).status
        )

    def test_place(self) -> None:
        """
        Below 2.45 the Location names the image that is there.
        """
        server_id = self.booted()
        response = self.response("POST", f"/servers/{server_id}/action", {"createImage": {"name": "i"}})
        (location,) = response.headers.getRawHeaders("Location")
        path = location.removeprefix(GLANCE)
        self.assertEqual("i", now(self.images.ask("GET", path, token="demo")).json["name"])

    def test_no_glance(self) -> None:
        """
        Without its Glance no image is made, and the server stays as it was.
        """
        server_id = self.booted()
        self.glance.gone = True
        status, _ = self.act(server_id, {"createImage": {"name": "i"}}, minor=45)
        self.assertEqual(500, status)
        self.assertIsNone(self.show(server_id)["OS-EXT-STS:task_state"])
