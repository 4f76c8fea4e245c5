"""
Tokens without a project at the fake Nova and Cinder; words and statuses are those of Nova 34 and Cinder 29.
"""

from __future__ import annotations

from typing import Any

from treq.testing import StubTreq
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.sandbox.asking import Api, now
from trio2o.sandbox.call import Caller
from trio2o.sandbox.cinder import make_cinder
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import ServiceFrame, StaticTokens
from trio2o.sandbox.nova.service import make_nova
from trio2o.sandbox.pod_state import PodState

PROJECT = "d" * 32
IMAGE = "6b9648cf-4927-462f-8ceb-3beb5e34bcd5"


class UnscopedTests(SynchronousTestCase):
    """
    Who has no project has no roles.
    """

    def setUp(self) -> None:
        self.wall = Clock()
        self.pod = PodState(name="Pod1", clock=PodClock(self.wall, manual=True))
        self.tokens = StaticTokens({"unscoped": Caller(user_id="demo-user")})

    def ask(self, frame: ServiceFrame, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """
        Status and message of a fault.
        """
        api = Api(StubTreq(frame.resource()), "http://pod1.test")
        reply = now(api.ask(method, path, token="unscoped", body=body))
        return reply.status, next(iter(reply.json.values())).get("message", "")

    def test_nova(self) -> None:
        """
        There are no servers to list or create, and none is found; flavors are everybody's.
        """
        nova = make_nova(self.pod, self.tokens, self.wall)
        refused = (403, "Policy doesn't allow os_compute_api:servers:{} to be performed.")
        server = {"name": "s", "imageRef": IMAGE, "flavorRef": "1"}
        for method, path, body, rule in (
            ("GET", "/v2.1/servers", None, "index"),
            ("GET", "/v2.1/servers/detail", None, "detail"),
            ("POST", "/v2.1/servers", {"server": server}, "create"),
        ):
            self.assertEqual((403, refused[1].format(rule)), self.ask(nova, method, path, body))
        self.assertEqual(404, self.ask(nova, "GET", f"/v2.1/servers/{IMAGE}")[0])
        self.assertEqual(200, self.ask(nova, "GET", "/v2.1/flavors/1")[0])
        self.assertEqual(400, self.ask(nova, "GET", f"/v2.1/{PROJECT}/servers")[0])

    def test_cinder(self) -> None:
        """
        There are no volumes to list or create, and no project in a URL is the token's.
        """
        cinder = make_cinder(self.pod, self.tokens, self.wall)
        refused = "Policy doesn't allow volume:{} to be performed."
        for method, path, body, rule in (
            ("GET", "/v3/volumes", None, "get_all"),
            ("GET", "/v3/volumes/detail", None, "get_all"),
            ("POST", "/v3/volumes", {"volume": {"size": 1}}, "create"),
        ):
            self.assertEqual((403, refused.format(rule)), self.ask(cinder, method, path, body))
        self.assertEqual((400, "Malformed request url"), self.ask(cinder, "GET", f"/v3/{PROJECT}/volumes"))
