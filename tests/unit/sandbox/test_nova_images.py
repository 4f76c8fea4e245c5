"""
Images of the fake Nova's servers, in the fake Glance.
"""

from __future__ import annotations

from typing import Any

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


class Refusing:
    """
    Nobody listens.
    """

    def request(self, method: str, url: str, **more: Any) -> Any:
        return fail(ConnectionRefusedError())


class ImageTests(NovaTestCase):
    """
    A Nova with a Glance.
    """

    def setUp(self) -> None:
        super().setUp()
        self.glance = StubTreq(make_glance(self.clock, StaticTokens(TOKENS), self.wall).resource())
        self.images = Api(self.glance, f"{GLANCE}/v2")
        self.use(self.glance)

    def use(self, http: Any) -> None:
        """
        Make the Nova anew, with another way to Glance.
        """
        images = GlanceImages(GLANCE, http)
        self.frame = make_nova(
            self.pod, StaticTokens(TOKENS), self.wall, image_endpoint=GLANCE, images=images, action_seconds=1
        )
        self.http = StubTreq(self.frame.resource())

    def test_image(self) -> None:
        """
        An image is the user's, active, and has what was asked for.
        """
        server_id = self.active()
        wanted = {"createImage": {"name": "i", "metadata": {"a": "b"}}}
        status, body = self.act(server_id, wanted, minor=45)
        self.assertEqual(202, status)
        image = now(self.images.ask("GET", f"/images/{body['image_id']}", token="demo")).json
        self.assertEqual(
            ("i", "active", "b", "snapshot"), tuple(image[k] for k in ("name", "status", "a", "image_type"))
        )
        self.assertEqual(404, now(self.images.ask("GET", f"/images/{body['image_id']}", token="other")).status)

    def test_place(self) -> None:
        """
        Below 2.45 the Location names the image that is there.
        """
        server_id = self.active()
        response = self.response("POST", f"/servers/{server_id}/action", {"createImage": {"name": "i"}})
        (location,) = response.headers.getRawHeaders("Location")
        path = location.removeprefix(GLANCE)
        self.assertEqual("i", now(self.images.ask("GET", path, token="demo")).json["name"])

    def test_no_glance(self) -> None:
        """
        Without its Glance no image is made, and the server stays as it was.
        """
        self.use(Refusing())
        server_id = self.active()
        status, _ = self.act(server_id, {"createImage": {"name": "i"}}, minor=45)
        self.assertEqual(500, status)
        self.assertIsNone(self.show(server_id)["OS-EXT-STS:task_state"])
