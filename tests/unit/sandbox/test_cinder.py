"""
The fake Cinder: what a real one does too, and what only a fake one does.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from treq.testing import StubTreq
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.sandbox.asking import Api, Who, now
from tests.unit.sandbox.cinder_change_contract import CinderChangeContract
from tests.unit.sandbox.cinder_contract import NOBODY
from tests.unit.sandbox.cinder_rest_contract import CinderRestContract
from tests.unit.sandbox.cinder_surface_contract import CinderSurfaceContract
from tests.unit.sandbox.cinder_types_contract import CinderTypesContract
from tests.unit.sandbox.cinder_volume_contract import CinderVolumeContract
from trio2o.sandbox.call import Caller
from trio2o.sandbox.cinder import make_cinder
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import ServiceFrame, StaticTokens
from trio2o.sandbox.pod_state import PodState, VolumeShelf

ORIGIN = "http://pod1.test"
DEMO, ALT, ADMIN = "d" * 32, "a" * 32, "0" * 32
CALLERS = {
    "demo-token": Caller(user_id="demo-user", project_id=DEMO, roles=frozenset({"member", "reader"})),
    "alt-token": Caller(user_id="alt-user", project_id=ALT, roles=frozenset({"member", "reader"})),
    "admin-token": Caller(
        user_id="admin-user", project_id=ADMIN, roles=frozenset({"admin", "member", "reader"})
    ),
}


class FakeCinderCase(SynchronousTestCase):
    """
    A fake Cinder on a clock that the test moves; building takes half a second.
    """

    def setUp(self) -> None:
        self.wall = Clock()
        self.pod = PodState(name="Pod1", clock=PodClock(self.wall, manual=True))
        self.frame: ServiceFrame = make_cinder(self.pod, StaticTokens(CALLERS), self.wall)
        self.api = Api(StubTreq(self.frame.resource()), f"{ORIGIN}/v3")
        self.demo = Who("demo-token", DEMO)
        self.alt = Who("alt-token", ALT)
        self.admin = Who("admin-token", ADMIN)

    def finish(self, check: Coroutine[Any, Any, None]) -> None:
        now(check)

    async def wait(self) -> None:
        self.pod.clock.advance(0.5)

    def created(self, **fields: Any) -> Any:
        """
        The volume in the answer to a create.
        """
        body = {"volume": {"size": 1, **fields}}
        reply = now(self.api.ask("POST", "/volumes", token="demo-token", body=body))
        self.assertEqual(202, reply.status, reply.content)
        return reply.json["volume"]

    def shown(self, volume_id: str) -> Any:
        """
        A volume as its owner sees it.
        """
        return now(self.api.ask("GET", f"/volumes/{volume_id}", token="demo-token")).json["volume"]

    def behave(self, kind: str, **more: Any) -> None:
        """
        Inject a behaviour for one request.
        """
        self.frame.behaviours.add({"kind": kind, "times": 1, **more})

    @property
    def shelf(self) -> VolumeShelf:
        """
        The volumes as Nova sees them.
        """
        assert self.pod.volumes is not None
        return self.pod.volumes


class SurfaceContractTests(FakeCinderCase, CinderSurfaceContract):
    """
    The fake does what the real one does.
    """


class RestContractTests(FakeCinderCase, CinderRestContract):
    """
    The fake does what the real one does.
    """


class TypesContractTests(FakeCinderCase, CinderTypesContract):
    """
    Types.
    """


class VolumeContractTests(FakeCinderCase, CinderVolumeContract):
    """
    The fake does what the real one does.
    """


class ChangeContractTests(FakeCinderCase, CinderChangeContract):
    """
    The fake does what the real one does.
    """


class TimeTests(FakeCinderCase):
    """
    When things happen.
    """

    def test_building(self) -> None:
        """
        A volume is available after the pod's building time and no sooner.
        """
        volume = self.created()
        self.pod.clock.advance(0.49)
        self.assertEqual("creating", self.shown(volume["id"])["status"])
        self.pod.clock.advance(0.01)
        self.assertEqual("available", self.shown(volume["id"])["status"])

    def test_kept_answer(self) -> None:
        """
        The second of two equal questions is answered from what was kept, and a change ends that.
        """
        volume = self.created()
        self.pod.clock.advance(1)
        first, second = self.shown(volume["id"]), self.shown(volume["id"])
        self.assertEqual(first, second)
        body = {"volume": {"name": "new"}}
        now(self.api.ask("PUT", f"/volumes/{volume['id']}", token="demo-token", body=body))
        self.assertEqual("new", self.shown(volume["id"])["name"])

    def test_one_second(self) -> None:
        """
        Volumes made within one second are ordered by id, as by a database that keeps whole seconds.
        """
        made = []
        for _ in range(4):
            made.append(self.created()["id"])
            self.pod.clock.advance(0.1)
        reply = now(self.api.ask("GET", "/volumes", token="demo-token"))
        self.assertEqual(sorted(made, reverse=True), [each["id"] for each in reply.json["volumes"]])

    def test_deleted_while_creating(self) -> None:
        """
        A volume that is deleted by force while it is made does not come back.
        """
        volume = self.created()
        path = f"/volumes/{volume['id']}/action"
        now(self.api.ask("POST", path, token="admin-token", body={"os-force_delete": {}}))
        self.pod.clock.advance(5)
        self.assertEqual(404, now(self.api.ask("GET", f"/volumes/{volume['id']}", token="demo-token")).status)


class BehaviourTests(FakeCinderCase):
    """
    What goes wrong on command.
    """

    def test_quota(self) -> None:
        """
        An injected quota refuses one create in Cinder's words.
        """
        self.behave("quota")
        body = {"volume": {"size": 1}}
        reply = now(self.api.ask("POST", "/volumes", token="demo-token", body=body))
        self.assertEqual(413, reply.status)
        self.assertIn(
            "VolumeLimitExceeded: Maximum number of volumes allowed (10)", reply.json["overLimit"]["message"]
        )
        self.created()

    def test_no_valid_host(self) -> None:
        """
        A volume without a host ends in error, after it was accepted.
        """
        self.behave("no_valid_host")
        volume = self.created()
        self.assertEqual("creating", volume["status"])
        self.pod.clock.advance(1)
        self.assertEqual("error", self.shown(volume["id"])["status"])

    def test_stuck(self) -> None:
        """
        A stuck volume stays creating.
        """
        self.behave("stuck")
        volume = self.created()
        self.pod.clock.advance(3600)
        self.assertEqual("creating", self.shown(volume["id"])["status"])

    def test_error_deleting(self) -> None:
        """
        A delete that fails leaves the volume in error_deleting.
        """
        volume = self.created()
        self.pod.clock.advance(1)
        self.behave("error_deleting")
        now(self.api.ask("DELETE", f"/volumes/{volume['id']}", token="demo-token"))
        self.pod.clock.advance(1)
        self.assertEqual("error_deleting", self.shown(volume["id"])["status"])

    def test_image_refused(self) -> None:
        """
        An image that Cinder cannot have is 400; one that it can makes a bootable volume.
        """
        volume = self.created(imageRef=NOBODY)
        self.pod.clock.advance(1)
        shown = self.shown(volume["id"])
        self.assertEqual(("true", NOBODY), (shown["bootable"], shown["volume_image_metadata"]["image_id"]))
        self.behave("no_image")
        body = {"volume": {"size": 1, "imageRef": NOBODY}}
        reply = now(self.api.ask("POST", "/volumes", token="demo-token", body=body))
        message = "Invalid image identifier or unable to access requested image."
        self.assertEqual({"badRequest": {"code": 400, "message": message}}, reply.json)


class OptionTests(SynchronousTestCase):
    """
    How a fake Cinder can be made.
    """

    def test_range(self) -> None:
        """
        An older Cinder announces and accepts less.
        """
        wall = Clock()
        pod = PodState(name="Pod1", clock=PodClock(wall), availability_zones=("az-a", "az-b"))
        frame = make_cinder(pod, StaticTokens(CALLERS), wall, versions=("3.0", "3.60"), quota={"volumes": 1})
        api = Api(StubTreq(frame.resource()), ORIGIN)
        (version,) = now(api.ask("GET", "/")).json["versions"]
        self.assertEqual("3.60", version["version"])
        headers = {"OpenStack-API-Version": "volume 3.61"}
        self.assertEqual(406, now(api.ask("GET", "/v3/volumes", token="demo-token", headers=headers)).status)
        for zone in ("az-b", "az-a"):
            body = {"volume": {"size": 1, "availability_zone": zone}}
            reply = now(api.ask("POST", "/v3/volumes", token="demo-token", body=body))
            self.assertEqual(202 if zone == "az-b" else 413, reply.status)


class ShelfTests(FakeCinderCase):
    """
    What the pod's Nova does with volumes.
    """

    def test_attached(self) -> None:
        """
        A volume that a server has is in use and names the server; it is available when it is taken off.
        """
        volume = self.created()
        self.pod.clock.advance(1)
        self.shelf.attach(
            volume["id"], server_id=NOBODY, attachment_id="a1", device="/dev/vdb", host_name="h"
        )
        shown = self.shown(volume["id"])
        self.assertEqual("in-use", shown["status"])
        self.assertEqual(
            (NOBODY, "a1"), (shown["attachments"][0]["server_id"], shown["attachments"][0]["attachment_id"])
        )
        self.shelf.detach(volume["id"], "a1")
        self.shelf.detach(volume["id"], "a1")
        self.assertEqual("available", self.shown(volume["id"])["status"])

    def test_boot_from_volume(self) -> None:
        """
        Nova makes a volume for a user, attaches it at once, and deletes it.
        """
        caller = CALLERS["demo-token"]
        volume_id = self.shelf.create_volume(caller, size=3, image_id=NOBODY)
        self.shelf.attach(volume_id, server_id=NOBODY, attachment_id="a1", device="/dev/vda")
        self.pod.clock.advance(1)
        view = self.shelf.find_volume(volume_id, caller)
        assert view is not None
        self.assertEqual((3, "in-use", DEMO), (view.size, view.status, view.project_id))
        self.shelf.detach(volume_id, "a1")
        self.shelf.delete_volume(volume_id)
        self.pod.clock.advance(1)
        self.assertIsNone(self.shelf.find_volume(volume_id, caller))
        self.shelf.delete_volume(volume_id)

    def test_strangers(self) -> None:
        """
        Nova finds what the caller may see.
        """
        volume = self.created()
        self.assertIsNone(self.shelf.find_volume(volume["id"], CALLERS["alt-token"]))
        self.assertIsNotNone(self.shelf.find_volume(volume["id"], CALLERS["admin-token"]))
        self.assertFalse(self.shelf.has_snapshot(NOBODY, CALLERS["demo-token"]))
