"""
The fake Glance: what a real one does too.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from treq.testing import StubTreq
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.sandbox.asking import Api, Who, now
from tests.unit.sandbox.glance_contract import GlanceContract
from trio2o.sandbox.call import Caller
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import StaticTokens
from trio2o.sandbox.glance import make_glance

DEMO, ALT = "d" * 32, "a" * 32
CALLERS = {
    "demo-token": Caller(user_id="demo-user", project_id=DEMO, roles=frozenset({"member"})),
    "alt-token": Caller(user_id="alt-user", project_id=ALT, roles=frozenset({"member"})),
    "admin-token": Caller(user_id="admin-user", project_id="0" * 32, roles=frozenset({"admin"})),
}


class FakeGlanceCase(SynchronousTestCase):
    """
    A fake Glance on a clock that stands still.
    """

    def setUp(self) -> None:
        wall = Clock()
        frame = make_glance(PodClock(wall, manual=True), StaticTokens(CALLERS), wall)
        self.api = Api(StubTreq(frame.resource()), "http://glance.test/v2")
        self.demo = Who("demo-token", DEMO)
        self.alt = Who("alt-token", ALT)

    def finish(self, check: Coroutine[Any, Any, None]) -> None:
        now(check)


class ContractTests(FakeGlanceCase, GlanceContract):
    """
    The fake does what the real one does.
    """


class ImageTests(FakeGlanceCase):
    """
    Who may do what with an image.
    """

    def test_protected(self) -> None:
        """
        A protected image is deleted by nobody until the protection is lifted.
        """
        fields = {"name": "kept", "protected": True}
        path = f"/images/{now(self.api.ask('POST', '/images', token='demo-token', body=fields)).json['id']}"
        self.assertEqual(403, now(self.api.ask("DELETE", path, token="admin-token")).status)
        lift = [{"op": "replace", "path": "/protected", "value": False}]
        self.assertEqual(200, now(self.api.ask("PATCH", path, token="demo-token", body=lift)).status)
        self.assertEqual(204, now(self.api.ask("DELETE", path, token="admin-token")).status)

    def test_read_only(self) -> None:
        """
        What Glance sets is not the user's to set.
        """
        reply = now(self.api.ask("POST", "/images", token="demo-token", body={"status": "active"}))
        self.assertEqual(403, reply.status)
        self.assertIn(b"Attribute 'status' is read-only.", reply.content)

    def test_all_pages(self) -> None:
        """
        Walking by marker gives every image once, and no link after a page that is not full.
        """
        seen = []
        path = "/images?limit=1"
        for _ in range(2):
            page = now(self.api.ask("GET", path, token="demo-token")).json
            seen += [each["name"] for each in page["images"]]
            path = page["next"].removeprefix("/v2")
        last = now(self.api.ask("GET", path, token="demo-token")).json
        self.assertEqual(["cirros", "cirros-alt"], sorted(seen))
        self.assertEqual([], last["images"])
        self.assertNotIn("next", last)
