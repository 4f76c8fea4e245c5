"""
Creates with an ``Idempotency-Key`` at real pods: made once, whatever becomes of the answer.
"""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.cloud.losing import LosingWay
from tests.cloud.making import FLAVOR
from tests.cloud.own_daemon import OwnDaemon, own_daemon
from tests.cloud.places import NoCloud, both_pods, test_cloud
from tests.cloud.wire import Reply, send

#: The path of each service's creates, with the key of what they make.
_CREATES = {"compute": ("/v2.1/servers", "server"), "volume": ("/v3/{project}/volumes", "volume")}


class KeyTests(SynchronousTestCase):
    """
    One project, one pod, and a way to its services that can lose answers.
    """

    daemon: OwnDaemon

    def setUp(self) -> None:
        try:
            cloud, (pod, _) = test_cloud(), both_pods()
        except NoCloud as nothing:
            raise SkipTest(str(nothing)) from nothing
        self.image = next(iter(cloud.admin.image.images(name="cirros"))).id
        self.account = cloud.account()
        self.addCleanup(cloud.forget, self.account)
        self.pod = pod
        self.ways = {service: LosingWay(to=pod.roots[service]) for service in _CREATES}
        for way in self.ways.values():
            self.addCleanup(way.close)
        self.addCleanup(self.delete_all)
        endpoints = {service: way.url for service, way in self.ways.items()}
        self.daemon = own_daemon([{"name": "Pod1", "az": "az", "pod_az": "nova", "endpoints": endpoints}])
        self.addCleanup(self.daemon.stop)
        self.top = self.daemon.place(cloud)

    def test_repeated(self) -> None:
        """
        A repeat has the first answer, and nothing new is made; the item that the pod was given is taken off.
        """
        for service in _CREATES:
            key = str(uuid4())

            first, again = self.create(service, key), self.create(service, key)

            self.assertEqual([202, 202], [first.status, again.status], first.body)
            self.assertEqual("true", again.field("X-Trio2o-Replayed"))
            self.assertEqual(self.identifier(first, service), self.identifier(again, service))
            self.assertNotIn(b"trio2o", first.body)
            self.assertEqual([self.identifier(first, service)], self.made(service))
            self.unmarked(service, self.identifier(first, service))

    def test_lost(self) -> None:
        """
        The answer is lost: a repeat is 409 until the pod was asked, and then names what was made, once.
        """
        for service in _CREATES:
            key = str(uuid4())
            way = self.ways[service]
            way.losing = True

            first = self.create(service, key)
            way.losing = False
            repeats = [self.create(service, key)]
            deadline = time.monotonic() + 120.0
            while repeats[-1].status == 409 and time.monotonic() < deadline:
                time.sleep(1.0)
                repeats.append(self.create(service, key))

            self.assertEqual(1, way.lost)
            self.assertIn(first.status, (502, 503, 504))
            self.assertEqual(202, repeats[-1].status, repeats[-1].body)
            self.assertEqual({409, 202} if len(repeats) > 1 else {202}, {each.status for each in repeats})
            self.assertEqual([self.identifier(repeats[-1], service)], self.made(service))
            self.unmarked(service, self.identifier(repeats[-1], service))

    def create(self, service: str, key: str) -> Reply:
        """
        Create a server or a volume through the daemon.
        """
        bodies: dict[str, Any] = {
            "compute": {
                "server": {
                    "name": "one",
                    "flavorRef": FLAVOR,
                    "imageRef": self.image,
                    "networks": "none",
                    "metadata": {"kept": "yes"},
                }
            },
            "volume": {"volume": {"name": "one", "size": 1, "metadata": {"kept": "yes"}}},
        }
        fields = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "OpenStack-API-Version": "compute 2.37" if service == "compute" else "volume 3.0",
        }
        return self.ask(self.top.roots[service], "POST", self.path(service), fields, bodies[service])

    def ask(
        self, root: str, method: str, path: str, fields: dict[str, str] | None = None, body: Any = None
    ) -> Reply:
        """
        One request as the project's user.
        """
        sent = {"X-Auth-Token": self.account.token, "Accept": "application/json", **(fields or {})}
        return send(root, method, path, sent.items(), None if body is None else json.dumps(body).encode())

    def path(self, service: str) -> str:
        """
        Where a service's resources are.
        """
        return _CREATES[service][0].format(project=self.account.project_id)

    def identifier(self, reply: Reply, service: str) -> str:
        """
        The id of what an answer tells of.
        """
        return str(reply.json()[_CREATES[service][1]]["id"])

    def made(self, service: str) -> list[str]:
        """
        The ids of what the pod has made for the project, by its own word.
        """
        said = self.ask(self.pod.roots[service], "GET", self.path(service))
        return [each["id"] for each in said.json()[f"{_CREATES[service][1]}s"]]

    def unmarked(self, service: str, identifier: str) -> None:
        """
        Wait until what was made has the client's own metadata alone.
        """
        deadline = time.monotonic() + 120.0
        path = f"{self.path(service)}/{identifier}"
        while True:
            said = self.ask(self.pod.roots[service], "GET", path).json()[_CREATES[service][1]]["metadata"]
            if said == {"kept": "yes"}:
                return
            self.assertLess(time.monotonic(), deadline, said)
            time.sleep(1.0)

    def delete_all(self) -> None:
        """
        Delete what the project has, at the pod.
        """
        for service in _CREATES:
            deadline = time.monotonic() + 120.0
            while (left := self.made(service)) and time.monotonic() < deadline:
                for each in left:
                    self.ask(self.pod.roots[service], "DELETE", f"{self.path(service)}/{each}")
                time.sleep(1.0)
