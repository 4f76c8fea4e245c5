"""
What users keep: resources that were there before, and resources that outlive the daemon.
"""

from __future__ import annotations

from typing import Any

import openstack

from tests.clients.cloud import UserCase, until


class ContinuityCase(UserCase):
    """
    A user who also knows the pods.
    """

    def at_pod(self, name: str) -> Any:
        """
        The user's SDK at a pod itself.
        """
        return openstack.connection.Connection(session=self.user.session, region_name=name)

    def server(self, sdk: Any, name: str, **more: Any) -> str:
        """
        Create a server and wait until it is there; its id.
        """
        made = sdk.compute.create_server(
            name=name,
            flavor_id=sdk.compute.find_flavor("m1.tiny").id,
            image_id=self.user.sdk.image.find_image("cirros").id,
            networks="none",
            **more,
        )
        sdk.compute.wait_for_server(made, interval=0.1, wait=30)
        return str(made.id)


class AdoptionTests(ContinuityCase):
    """
    Resources that were made in a pod, past the gateway.
    """

    def test_found(self) -> None:
        """
        They are listed and shown at the top with the top's words, and get routes.
        """
        pod = self.at_pod("Pod3")
        server = self.server(pod, "old")
        volume = pod.block_storage.create_volume(name="old", size=1).id
        self.assertEqual("az2", self.cli_json(f"server show {server}")["OS-EXT-AZ:availability_zone"])
        self.assertEqual([server], [each["ID"] for each in self.cli_json("server list")])
        self.assertEqual("az2", self.cli_json("volume show old")["availability_zone"])
        for resource in (server, volume):
            self.assertEqual("Pod3", until(lambda found=resource: self.cloud.pod_of(found)))
        self.cli("server delete old")
        until(lambda: list(pod.compute.servers()) == [])

    def test_gone(self) -> None:
        """
        What was deleted in its pod is not found at the top, either.
        """
        server = self.server(self.user.sdk, "one", availability_zone="az2")
        self.at_pod("Pod3").compute.delete_server(server)
        until(lambda: self.cli_json("server list") == [])
        self.assertIn(server, self.cli_fails(f"server show {server}"))


class KilledTests(ContinuityCase):
    """
    The daemon dies without a word.
    """

    def test_started_again(self) -> None:
        """
        It finds its database, its bindings and every route.
        """
        first = self.server(self.user.sdk, "one", availability_zone="az1")
        second = self.server(self.user.sdk, "two", availability_zone="az2")
        pods = [self.cloud.pod_of(each) for each in (first, second)]
        bindings = f"/bindings?tenant_id={self.user.project_id}"
        before = self.cloud.sandbox.admin_get(bindings)
        self.cloud.sandbox.daemon.kill()
        self.assertIn("Unable to establish connection", self.cli_fails("server list"))
        self.cloud.sandbox.up()
        self.assertEqual({"one", "two"}, {each["Name"] for each in self.cli_json("server list")})
        self.assertEqual("ACTIVE", self.cli_json(f"server show {first}")["status"])
        self.assertEqual(pods, [self.cloud.pod_of(each) for each in (first, second)])
        self.assertEqual(before, self.cloud.sandbox.admin_get(bindings))

    def test_stopped(self) -> None:
        """
        It ends within its time when it is asked to, and takes its PostgreSQL with it.
        """
        sandbox = self.cloud.sandbox
        server = self.server(self.user.sdk, "one", availability_zone="az2")
        self.assertTrue(sandbox.daemon.stop(patience=30))
        running = sandbox.layout.folder / "state" / "postgresql" / "data" / "postmaster.pid"
        self.assertFalse(running.exists())
        sandbox.up()
        self.assertEqual("Pod3", self.cloud.pod_of(server))
