"""
The subject of contract tests in the unit tier: one fake pod and a fake Glance, on a clock that the test moves.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from treq.testing import StubTreq
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.sandbox.asking import Api, Who, now
from trio2o.sandbox.call import Caller
from trio2o.sandbox.cinder import make_cinder
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import ServiceFrame, StaticTokens
from trio2o.sandbox.glance import make_glance
from trio2o.sandbox.neutron import make_neutron
from trio2o.sandbox.nova.imaging import GlanceImages
from trio2o.sandbox.nova.service import make_nova
from trio2o.sandbox.pod_state import PodState

DEMO, ALT, ADMIN = "d" * 32, "a" * 32, "0" * 32
MEMBER = frozenset({"member", "reader"})
CALLERS = {
    "demo-token": Caller(user_id="demo-user", project_id=DEMO, roles=MEMBER),
    "alt-token": Caller(user_id="alt-user", project_id=ALT, roles=MEMBER),
    "admin-token": Caller(user_id="admin-user", project_id=ADMIN, roles=MEMBER | {"admin"}),
}
#: Seconds between two looks at something that changes.
INTERVAL = 0.5


class FakePodCase(SynchronousTestCase):
    """
    A case whose pod is a fake one.
    """

    def setUp(self) -> None:
        self.wall = Clock()
        self.pod = PodState(name="Pod1", clock=PodClock(self.wall, manual=True))
        tokens = StaticTokens(CALLERS)
        glance = make_glance(self.pod.clock, tokens, self.wall)
        images = GlanceImages("http://image.test", StubTreq(glance.resource()))
        self.frames: dict[str, ServiceFrame] = {
            "image": glance,
            "network": make_neutron(self.pod, tokens, self.wall),
            "volume": make_cinder(self.pod, tokens, self.wall),
            "compute": make_nova(
                self.pod, tokens, self.wall, image_endpoint="http://image.test", images=images
            ),
        }
        self.demo = Who("demo-token", DEMO, "demo-user")
        self.alt = Who("alt-token", ALT, "alt-user")
        self.admin = Who("admin-token", ADMIN, "admin-user")

    def service(self, name: str, path: str) -> Api:
        """
        A service of the pod, at a path.
        """
        return Api(StubTreq(self.frames[name].resource()), f"http://{name}.test{path}")

    def finish(self, check: Coroutine[Any, Any, None]) -> None:
        now(check)

    async def wait(self) -> None:
        self.pod.clock.advance(INTERVAL)
