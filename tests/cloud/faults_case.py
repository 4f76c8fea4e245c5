"""
What every test of a fault begins with, a cloud that works and a project in it, and what it ends with: nothing lost.
"""

from __future__ import annotations

import os
import time
from functools import partial

from attrs import evolve
from twisted.python import log
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from cloud.plan import ADMIN_PORT
from tests.cloud.faults_parts import Parts
from tests.cloud.faults_users import Load, Seen, User, eventually
from tests.cloud.places import NoCloud, TestCloud, test_cloud
from tests.cloud.wire import send

#: Seconds beyond a configured time that a busy machine may take.
SLACK = 20.0

#: The zones of the two pods.
AZ1, AZ2 = "az1", "az2"


class FaultCase(SynchronousTestCase):
    """
    Tests that break the cloud. They run only where ``TRIO2O_CLOUD_FAULTS`` is 1: beside others they would break those.
    """

    cloud: TestCloud
    parts: Parts

    def setUp(self) -> None:
        if os.environ.get("TRIO2O_CLOUD_FAULTS") != "1":
            raise SkipTest("TRIO2O_CLOUD_FAULTS is not 1: these tests stop parts of the cloud")
        self.parts = Parts.found()
        try:
            self.parts.mend()
            self.cloud = test_cloud()
        except NoCloud as nothing:
            raise SkipTest(str(nothing)) from nothing
        self.addCleanup(self.parts.unhurry)
        self.account = self.cloud.account()
        self.addCleanup(self.cloud.forget, self.account)
        self.image = next(iter(self.cloud.admin.image.images(name="cirros"))).id
        self.addCleanup(self.delete_all)
        self.addCleanup(self.parts.mend)
        self.parts.hurry()
        self.user = User(place=self.cloud.top, account=self.account, image=self.image)
        log.msg(f"---- {self.id()}")

    @property
    def pods(self) -> tuple[User, ...]:
        """
        The same user at each pod, past the gateway.
        """
        return tuple(
            evolve(
                self.user,
                place=evolve(
                    self.cloud.pod,
                    name=pod.name,
                    roots={
                        "compute": pod.url("nova"),
                        "volume": pod.url("cinder"),
                        "network": pod.url("neutron"),
                    },
                ),
            )
            for pod in self.parts.plan.pods[:2]
        )

    def a_server(self, zone: str, name: str = "kept") -> str:
        """
        A server that is active; its id.
        """
        made = self.user.create(name, zone)
        self.assertEqual(202, made.status, made.reply.body)
        identifier = str(made.json()["server"]["id"])
        eventually(lambda: self.user.state(identifier) == "ACTIVE", f"{name} is active")
        return identifier

    def a_volume(self, zone: str, name: str = "kept") -> str:
        """
        A volume that can be used; its id.
        """
        made = self.user.create_volume(name, zone)
        self.assertEqual(202, made.status, made.reply.body)
        identifier = str(made.json()["volume"]["id"])
        eventually(
            lambda: self.user.show_volume(identifier).json()["volume"]["status"] == "available",
            f"{name} is available",
        )
        return identifier

    def quota(self, number: int, service: str, **quota: int) -> None:
        """
        Set the project's quota at a pod, behind the gateway.
        """
        root = self.parts.plan.pods[number].url({"compute": "nova", "volume": "cinder"}[service])
        self._set_quota(root, service, **quota)

    def no_quota(self) -> None:
        """
        Let the project have as much as it wants, over all pods and in each.
        """
        for service, names in (
            ("compute", ("instances", "cores", "ram")),
            ("volume", ("volumes", "gigabytes")),
        ):
            self._set_quota(self.user.place.roots[service], service, **dict.fromkeys(names, -1))

    def _set_quota(self, root: str, service: str, **quota: int) -> None:
        body = {"quota_set": {**quota, "force": True} if service == "compute" else quota}
        admin = self.cloud.admin.session
        version = {"compute": "v2.1", "volume": f"v3/{admin.get_project_id()}"}[service]
        admin.put(f"{root}/{version}/os-quota-sets/{self.account.project_id}", json=body)

    def unavailable(self, seen: Seen, *, within: float = 0.0) -> None:
        """
        The answer is a 503 that says when to try again and names no pod, and came in the configured time.
        """
        self.assertEqual(503, seen.status, seen.reply.body)
        self.assertTrue(int(seen.field("Retry-After") or "0") > 0, seen.reply.fields)
        self.discreet(seen, within=within)

    def gauges(self, name: str) -> dict[str, float]:
        """
        A metric's values by their labels as the exposition writes them.
        """
        said = send(f"http://127.0.0.1:{ADMIN_PORT}", "GET", "/metrics").body.decode()
        lines = [line.rpartition(" ") for line in said.splitlines() if line.startswith(name)]
        return {labels.removeprefix(name): float(value) for labels, _, value in lines}

    def late(self, seen: Seen, *, within: float) -> None:
        """
        The answer is a 504 that names no pod, and came in the configured time.
        """
        self.assertEqual(504, seen.status, seen.reply.body)
        self.discreet(seen, within=within)

    def discreet(self, seen: Seen, *, within: float) -> None:
        """
        Nothing of the answer names a pod, and it came in the configured time.
        """
        self.assertNotIn(b"pod", seen.reply.body.lower())
        self.assertLess(seen.seconds, within + SLACK)

    def recovers(self, *servers: str, volumes: tuple[str, ...] = ()) -> None:
        """
        Everything is shown again, without anybody's doing.
        """
        for server in servers:
            eventually(partial(self._shown, "compute", f"/servers/{server}"), f"{server} is shown")
        for volume in volumes:
            eventually(partial(self._shown, "volume", f"/volumes/{volume}"), f"{volume} is shown")
        eventually(partial(self._shown, "compute", "/servers/detail"), "the list of servers is whole")
        eventually(partial(self._shown, "volume", "/volumes/detail"), "the list of volumes is whole")

    def _shown(self, service: str, path: str) -> bool:
        seen = self.user.ask(service, "GET", path)
        return seen.status == 200 and seen.field("X-Trio2o-Incomplete-Zones") is None

    def nothing_lost(self, load: Load | None = None) -> None:
        """
        What pods have is what the top region lists, each thing with one route, to its pod; what was accepted is there, and
        nothing was made twice.
        """
        for service, kind in (("compute", "server"), ("volume", "volume")):
            at_pods = {
                identifier: (pod.place.name.capitalize(), name)
                for pod in self.pods
                for identifier, name in pod.names(service).items()
            }
            at_top = self.user.names(service)
            self.assertEqual({each: name for each, (_, name) in at_pods.items()}, at_top)
            wanted = {each: region for each, (region, _) in at_pods.items()}
            eventually(
                partial(self._routed, kind, wanted), f"the routes of {kind}s are the pods': {wanted}", 30.0
            )
            made = [name for name in at_top.values() if name.startswith("load-")]
            self.assertEqual(len(set(made)), len(made), "made twice")
            if load is not None:
                self.assertEqual({}, {k: v for k, v in load.accepted(service).items() if k not in at_top})
        zones = [zone for zone, _ in self.parts.bound(self.account.project_id)]
        self.assertEqual(sorted(set(zones)), zones, "one binding in each zone")
        if load is not None:
            log.msg(f"---- {self.id()}: {load.summary()}")

    def _routed(self, kind: str, wanted: dict[str, str]) -> bool:
        return self.parts.routed(kind, self.account.project_id) == wanted

    def delete_all(self) -> None:
        """
        Delete what the project has, at the pods.
        """
        for pod in self.pods:
            for service, plural in (("compute", "servers"), ("volume", "volumes")):
                deadline = time.monotonic() + 180.0
                while (left := pod.names(service)) and time.monotonic() < deadline:
                    for each in left:
                        pod.ask(service, "DELETE", f"/{plural}/{each}")
                    time.sleep(2.0)
