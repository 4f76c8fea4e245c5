"""
Projects move from pod to pod: both real pods in one zone, and what users see when one is full, and when one is drained.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.cloud.caller import Caller
from tests.cloud.clients import command
from tests.cloud.making import FLAVOR
from tests.cloud.normal import Normaliser
from tests.cloud.own_daemon import OwnDaemon, own_daemon
from tests.cloud.places import NoCloud, TestCloud, both_pods, test_cloud

#: The zone that both pods are in, of the daemon that these tests start.
ZONE = "az"

#: How many times what the hypervisors have may be promised there.
OVERCOMMIT = 16.0

#: Seconds within which what was learnt is known everywhere.
PATIENCE = 60.0


class BindingTests(SynchronousTestCase):
    """
    The project's binding follows room and the operator's orders; what is there goes on. All by ``openstack``.
    """

    cloud: TestCloud
    daemon: OwnDaemon
    user: Caller

    def setUp(self) -> None:
        try:
            self.cloud = test_cloud()
            self.roots = [place.roots for place in both_pods()]
        except NoCloud as nothing:
            raise SkipTest(str(nothing)) from nothing
        self.account = self.cloud.account()
        self.addCleanup(self.cloud.forget, self.account)
        self.addCleanup(self.delete_all)

    def start(self, **first: Any) -> None:
        """
        Start the daemon.

        :param first: options of Pod1.
        """
        pods: list[dict[str, Any]] = [
            {"name": name, "az": ZONE, "pod_az": "nova", "overcommit": {"vcpus": OVERCOMMIT}}
            for name in ("Pod1", "Pod2")
        ]
        pods[0] |= first
        # by default it would be the emptier pod that comes first
        weighers = {"binding": 100, "recent_failures": 150, "creation_order": 1}
        self.daemon = own_daemon(pods, usage={"interval_seconds": 5}, scheduling={"weighers": weighers})
        self.addCleanup(self.daemon.stop)
        place = self.daemon.place(self.cloud)
        self.user = Caller(
            place=place, account=self.account, stranger=self.account, normal=Normaliser(roots={}, values={})
        )
        self.names = {pod["pod_id"]: pod["pod_name"] for pod in self.admin("GET", "/pods")["pods"]}

    def test_full_quota(self) -> None:
        """
        A project whose quota of servers in Pod1 is used up gets the next one in Pod2, with a volume beside it; its first
        server goes on.
        """
        self.start()
        self.quota(0, instances=1)

        first, _ = self.server("first"), self.server("second")
        third, data = self.server("third"), self.volume("data")
        self.openstack(f"server add volume {third} {data}")

        self.assertEqual({"Pod1": ["first"], "Pod2": ["second", "third"]}, self.places("compute"))
        self.assertEqual({"Pod1": [], "Pod2": ["data"]}, self.places("volume"))
        self.until(lambda: self.shown("volume", data)["status"] == "in-use", "the volume is attached")
        self.assertEqual("ACTIVE", self.shown("server", first)["status"])
        self.assertEqual(3, len(self.openstack("server list")))
        self.assertEqual(["Pod1", "Pod2"], [pod for pod, _ in self.history()])

    def test_full_hypervisor(self) -> None:
        """
        A pod that has no room left by its own count gets no more: the next server and its volume are in the other one.
        """
        self.start(headroom={"vcpus": self.room_for_one(0)})
        self.until(lambda: self.knows_room("Pod1"), "Pod1's room is known")
        first = self.server("first")

        second, data = self.server("second"), self.volume("data")
        self.openstack(f"server add volume {second} {data}")

        self.assertEqual({"Pod1": ["first"], "Pod2": ["second"]}, self.places("compute"))
        self.assertEqual({"Pod1": [], "Pod2": ["data"]}, self.places("volume"))
        self.assertEqual("ACTIVE", self.shown("server", first)["status"])

    def test_drain(self) -> None:
        """
        While Pod1 is drained new servers and volumes are made in Pod2, and old ones answer and can be changed.
        """
        self.start()
        first, data = self.server("first"), self.volume("data")
        pod = next(identifier for identifier, name in self.names.items() if name == "Pod1")
        self.admin("PATCH", f"/pods/{pod}", {"pod": {"state": "draining"}})

        self.server("second"), self.volume("more")

        self.assertEqual({"Pod1": ["first"], "Pod2": ["second"]}, self.places("compute"))
        self.assertEqual({"Pod1": ["data"], "Pod2": ["more"]}, self.places("volume"))
        self.openstack(f"server add volume {first} {data}")
        self.openstack(f"server stop {first}")
        self.until(lambda: self.shown("server", first)["status"] == "SHUTOFF", "it is stopped")
        self.assertEqual(["Pod1", "Pod2"], [name for name, _ in self.history()])

    def openstack(self, line: str) -> Any:
        """
        Run a command as the user, which must succeed; what it shows.
        """
        shown = command(self.user, line)
        said = self.user.steps[-1].answer["said"]
        self.assertEqual(0, said["status"], f"{line}: {said}")
        return shown

    def server(self, name: str) -> str:
        """
        Make a server and wait for it; its id.
        """
        line = f"server create --flavor {FLAVOR} --image cirros --nic none --wait {name}"
        made = self.openstack(f"--os-compute-api-version 2.37 {line}")
        self.assertEqual("ACTIVE", made["status"])
        return str(made["id"])

    def volume(self, name: str) -> str:
        """
        Make a volume and wait for it; its id.
        """
        made = str(self.openstack(f"volume create --size 1 {name}")["id"])
        self.until(lambda: self.shown("volume", made)["status"] == "available", f"{name} is available")
        return made

    def shown(self, kind: str, identifier: str) -> Any:
        """
        What ``openstack`` shows of one.
        """
        return self.openstack(f"{kind} show {identifier}")

    def until(self, happened: Callable[[], bool], what: str) -> None:
        """
        Wait for it.
        """
        deadline = time.monotonic() + PATIENCE
        while not happened():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(1.0)

    def places(self, service: str) -> dict[str, list[str]]:
        """
        Pod to the names of what the project has there, as the pods themselves say.
        """
        plural = {"compute": "servers", "volume": "volumes"}[service]
        return {
            f"Pod{number}": sorted(each["name"] for each in self.at_pod(roots, service, f"/{plural}")[plural])
            for number, roots in enumerate(self.roots, 1)
        }

    def at_pod(self, roots: Any, service: str, path: str, method: str = "GET", *, admin: bool = False) -> Any:
        """
        Ask a pod itself, as the project's user, or as the administrator.
        """
        below = {"compute": "/v2.1", "volume": f"/v3/{self.account.project_id}"}[service]
        said = self.cloud.admin.session.request(
            f"{roots[service]}{below}{path}",
            method,
            authenticated=admin,
            headers={} if admin else {"X-Auth-Token": self.account.token},
            raise_exc=False,
        )
        return said.json() if said.content else None

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """
        Ask the daemon's Admin API.
        """
        said = self.cloud.admin.session.request(f"{self.daemon.admin_url}{path}", method, json=body)
        return said.json() if said.content else None

    def knows_room(self, name: str) -> bool:
        """
        True once the daemon reckons with what a pod said of its room.
        """
        said = self.cloud.admin.session.get(
            self.daemon.admin_url.replace("/v1.0", "/metrics"), authenticated=False
        )
        return f'trio2o_pod_room_free{{pod="{name}",resource="vcpus"}}' in said.text

    def history(self) -> list[tuple[str, str]]:
        """
        The pods that the project was bound to, the oldest first, with why.
        """
        found = self.admin("GET", f"/bindings?tenant_id={self.account.project_id}")["pod_bindings"]
        return [(self.names[each["pod_id"]], each["reason"]) for each in reversed(found)]

    def quota(self, number: int, **limits: int) -> None:
        """
        Set the project's quota of Nova at a pod.
        """
        path = f"/v2.1/os-quota-sets/{self.account.project_id}"
        self.cloud.admin.session.put(
            f"{self.roots[number]['compute']}{path}", json={"quota_set": {**limits, "force": True}}
        )

    def room_for_one(self, number: int) -> float:
        """
        The share of a pod's virtual CPUs that must stay free so that it takes one server more and no second one.
        """
        said = self.at_pod(self.roots[number], "compute", "/os-hypervisors/statistics", admin=True)
        counted = said["hypervisor_statistics"]
        return 1.0 - (counted["vcpus_used"] + 1.5) / (counted["vcpus"] * OVERCOMMIT)

    def delete_all(self) -> None:
        """
        Delete what the project has, at the pods.
        """
        for service, plural in (("compute", "servers"), ("volume", "volumes")):
            for roots in self.roots:
                deadline = time.monotonic() + PATIENCE
                while (
                    left := self.at_pod(roots, service, f"/{plural}")[plural]
                ) and time.monotonic() < deadline:
                    for each in left:
                        self.at_pod(roots, service, f"/{plural}/{each['id']}", "DELETE")
                    time.sleep(1.0)
