"""
openstacksdk.
"""

from __future__ import annotations

from typing import Any

from openstack import exceptions

from tests.clients.cloud import NOTHING, UserCase, next_second, until


class SdkCase(UserCase):
    """
    The SDK's proxies of a user.
    """

    def setUp(self) -> None:
        super().setUp()
        self.sdk = self.user.sdk
        self.compute: Any = self.sdk.compute
        self.storage: Any = self.sdk.block_storage

    def server(self, name: str = "one", zone: str = "az1", **more: Any) -> Any:
        """
        Create a server and wait until it is there.
        """
        made = self.compute.create_server(
            **{
                "name": name,
                "flavor_id": self.compute.find_flavor("m1.tiny").id,
                "image_id": self.sdk.image.find_image("cirros").id,
                "networks": "none",
                "availability_zone": zone,
                **more,
            }
        )
        return self.compute.wait_for_server(made, interval=0.1, wait=30)

    def volume(self, name: str = "one", zone: str = "az1", **more: Any) -> Any:
        """
        Create a volume and wait until it is there.
        """
        made = self.storage.create_volume(name=name, size=1, availability_zone=zone, **more)
        return self.storage.wait_for_status(made, "available", interval=0.1, wait=30)

    def network(self, pod: str) -> str:
        """
        Make a network in a pod; its id.
        """
        url = f"http://127.0.0.1:{self.cloud.pod(pod).neutron}/v2.0"
        network = self.user.ask(f"{url}/networks", "POST", json={"network": {"name": "n"}}).json()["network"]
        subnet = {"network_id": network["id"], "ip_version": 4, "cidr": "10.1.0.0/24"}
        answer = self.user.ask(f"{url}/subnets", "POST", json={"subnet": subnet})
        self.assertEqual(201, answer.status_code, answer.text)
        return str(network["id"])


class VersionTests(SdkCase):
    """
    Discovery and microversions.
    """

    def test_discovery(self) -> None:
        """
        The endpoints tell their range of microversions, which is what all pods have in common.
        """
        for proxy, low, high in ((self.compute, (2, 1), (2, 104)), (self.storage, (3, 0), (3, 71))):
            found = proxy.get_endpoint_data()
            self.assertEqual((low, high), (found.min_microversion, found.max_microversion))

    def test_negotiation(self) -> None:
        """
        An answer has what its microversion has.
        """
        server = self.server(description="nice")
        path = f"/servers/{server.id}"
        old = self.compute.get(path, microversion="2.1")
        self.assertEqual("2.1", old.headers["X-OpenStack-Nova-API-Version"])
        self.assertNotIn("description", old.json()["server"])
        newer = self.compute.get(path, microversion="2.19")
        self.assertEqual("compute 2.19", newer.headers["OpenStack-API-Version"])
        self.assertEqual("nice", newer.json()["server"]["description"])
        latest = self.compute.get(path, microversion="latest")
        self.assertEqual("compute 2.104", latest.headers["OpenStack-API-Version"])
        self.assertIn("OpenStack-API-Version", latest.headers["Vary"])
        self.assertEqual(406, self.compute.get(path, microversion="2.999").status_code)

    def test_client_side_negotiation(self) -> None:
        """
        The SDK picks the newest microversion that it and the cloud know.
        """
        server = self.server(hostname="web1")
        self.assertEqual("web1", self.compute.get_server(server.id).hostname)


class ComputeTests(SdkCase):
    """
    Servers.
    """

    def test_life(self) -> None:
        """
        A server is created, found, changed and deleted.
        """
        server = self.server(metadata={"role": "web"}, description="nice", tags=["blue"])
        self.assertEqual(("ACTIVE", "az1"), (server.status, server.availability_zone))
        found = self.compute.find_server("one")
        self.assertEqual(server.id, found.id)
        self.assertEqual(({"role": "web"}, "nice"), (server.metadata, server.description))
        self.assertEqual(self.user.project_id, server.project_id)
        changed = self.compute.update_server(server, name="two", description="nicer")
        self.assertEqual(("two", "nicer"), (changed.name, changed.description))
        self.compute.delete_server(server)
        self.compute.wait_for_delete(server, interval=0.1, wait=30)
        self.assertRaises(exceptions.NotFoundException, self.compute.get_server, server.id)

    def test_metadata(self) -> None:
        """
        Metadata is set, merged and removed.
        """
        server = self.server(metadata={"a": "1"})
        self.compute.set_server_metadata(server, b="2")
        self.assertEqual({"a": "1", "b": "2"}, self.compute.get_server_metadata(server).metadata)
        self.compute.delete_server_metadata(server, ["a"])
        self.assertEqual({"b": "2"}, self.compute.get_server_metadata(server).metadata)

    def test_tags(self) -> None:
        """
        Tags are set, and lists are filtered by them.
        """
        server = self.server()
        self.server("two", "az2")
        server.add_tag(self.compute, "blue")
        server.set_tags(self.compute, ["blue", "green"])
        self.assertEqual(
            {"blue", "green"}, set(self.compute.get_server(server.id).fetch_tags(self.compute).tags)
        )
        self.assertEqual([server.id], [each.id for each in self.compute.servers(tags="green")])
        self.assertTrue(server.check_tag(self.compute, "green"))
        server.remove_all_tags(self.compute)
        self.assertEqual([], list(self.compute.servers(tags="green")))

    def test_actions(self) -> None:
        """
        A server is paused and goes on.
        """
        server = self.server()
        self.compute.pause_server(server)
        self.compute.wait_for_server(server, status="PAUSED", interval=0.1, wait=30)
        self.compute.unpause_server(server)
        self.compute.wait_for_server(server, interval=0.1, wait=30)
        self.assertTrue(self.compute.get_server_console_output(server, length=3)["output"])
        names = [action.action for action in self.compute.server_actions(server)]
        self.assertEqual(["unpause", "pause", "create"], names)

    def test_attachments(self) -> None:
        """
        A volume is attached, seen from both sides, and detached.
        """
        server, volume = self.server(), self.volume()
        self.assertEqual(self.cloud.pod_of(server.id), self.cloud.pod_of(volume.id))
        self.compute.create_volume_attachment(server, volume_id=volume.id)
        self.storage.wait_for_status(volume, "in-use", interval=0.1, wait=30)
        (attachment,) = self.compute.volume_attachments(server)
        self.assertEqual(volume.id, attachment.volume_id)
        self.assertEqual(server.id, self.storage.get_volume(volume.id).attachments[0]["server_id"])
        self.compute.delete_volume_attachment(server, volume)
        self.storage.wait_for_status(volume, "available", interval=0.1, wait=30)

    def test_boot_from_volume(self) -> None:
        """
        A server that names a volume is made where the volume is, whatever the project is bound to.
        """
        self.server()
        volume = self.volume("root", "az2", image_id=self.sdk.image.find_image("cirros").id)
        server = self.server(
            "two",
            "az2",
            image_id="",
            block_device_mapping=[
                {
                    "boot_index": 0,
                    "uuid": volume.id,
                    "source_type": "volume",
                    "destination_type": "volume",
                    "delete_on_termination": False,
                }
            ],
        )
        self.assertEqual("Pod3", self.cloud.pod_of(server.id))
        self.assertEqual([volume.id], [each["id"] for each in server.attached_volumes])

    def test_network(self) -> None:
        """
        A server with a network of one pod is made in that pod.
        """
        for pod in self.cloud.layout.pods[:2]:
            network = self.network(pod.name)
            server = self.server(pod.name, "az1", networks=[{"uuid": network}])
            self.assertEqual(pod.name, self.cloud.pod_of(server.id))
            self.assertEqual(1, len(list(self.compute.server_interfaces(server))))

    def test_nothing(self) -> None:
        """
        What is not there is not found.
        """
        self.assertRaises(exceptions.NotFoundException, self.compute.get_server, NOTHING)
        self.assertIsNone(self.compute.find_server("nope"))
        self.assertRaises(exceptions.NotFoundException, self.storage.get_volume, NOTHING)
        self.assertIsNone(self.storage.find_volume("nope"))


class PagingTests(SdkCase):
    """
    The SDK walks pages by the links that answers have.
    """

    def test_servers(self) -> None:
        """
        Each server comes once, in the order of one cloud, whatever the page's length.
        """
        compute, made = self.compute, []
        flavor, image = compute.find_flavor("m1.tiny").id, self.sdk.image.find_image("cirros").id
        for number in range(5):
            zone = f"az{number % 2 + 1}"
            made.append(
                compute.create_server(
                    name=f"s{number}",
                    flavor_id=flavor,
                    image_id=image,
                    networks="none",
                    availability_zone=zone,
                ).id
            )
            next_second()
        for limit in (1, 2, 3, 5, 6):
            for details in (False, True):
                listed = [each.id for each in compute.servers(details=details, limit=limit)]
                self.assertEqual(made[::-1], listed, (limit, details))
        up = [each.id for each in compute.servers(limit=2, sort_key="created_at", sort_dir="asc")]
        self.assertEqual(made, up)
        self.assertEqual(made[1::-1], [each.id for each in compute.servers(limit=2, marker=made[2])])
        self.assertEqual(made[3::-2], [each.id for each in compute.servers(limit=1, availability_zone="az2")])

    def test_volumes(self) -> None:
        """
        Each volume comes once, in the order of one cloud, whatever the page's length.
        """
        made = []
        for number in range(5):
            zone = f"az{number % 2 + 1}"
            made.append(self.storage.create_volume(name=f"v{number}", size=1, availability_zone=zone).id)
            next_second()
        for limit in (1, 2, 5, 6):
            for details in (False, True):
                listed = [each.id for each in self.storage.volumes(details=details, limit=limit)]
                self.assertEqual(made[::-1], listed, (limit, details))


class VolumeTests(SdkCase):
    """
    Volumes and snapshots.
    """

    def test_life(self) -> None:
        """
        A volume is created, found, changed and deleted.
        """
        volume = self.volume(metadata={"a": "1"}, description="nice")
        self.assertEqual(("az1", {"a": "1"}), (volume.availability_zone, volume.metadata))
        self.assertEqual(volume.id, self.storage.find_volume("one").id)
        changed = self.storage.update_volume(volume, name="two")
        self.assertEqual("two", changed.name)
        self.storage.set_volume_metadata(volume, b="2")
        self.assertEqual({"a": "1", "b": "2"}, self.storage.get_volume(volume.id).metadata)
        self.storage.extend_volume(volume, 2)
        until(lambda: self.storage.get_volume(volume.id).size == 2)
        self.storage.delete_volume(volume)
        self.storage.wait_for_delete(volume, interval=0.1, wait=30)

    def test_snapshots(self) -> None:
        """
        Snapshots of several zones are one list.
        """
        made = []
        for zone in ("az1", "az2", "az1"):
            volume = self.volume(zone, zone)
            snapshot = self.storage.create_snapshot(name=f"of-{zone}", volume_id=volume.id)
            made.append(self.storage.wait_for_status(snapshot, "available", interval=0.1, wait=30).id)
            next_second()
        self.assertEqual(made[::-1], [each.id for each in self.storage.snapshots(limit=2)])
        self.storage.delete_snapshot(made[0])
        until(lambda: [each.id for each in self.storage.snapshots()] == made[:0:-1])

    def test_types(self) -> None:
        """
        Volume types are listed once each.
        """
        names = [each.name for each in self.storage.types()]
        self.assertTrue(names)
        self.assertEqual(len(set(names)), len(names))


class CloudLayerTests(SdkCase):
    """
    The SDK's layer above the services, which Ansible uses.
    """

    def test_create_and_delete(self) -> None:
        """
        A server is created, waited for and deleted with single calls.
        """
        server = self.sdk.create_server(
            "one",
            image="cirros",
            flavor="m1.tiny",
            auto_ip=False,
            nics=[{"net-id": self.network("Pod3")}],
            availability_zone="az2",
            wait=True,
            timeout=60,
        )
        self.assertEqual("ACTIVE", server.status)
        self.assertEqual(["one"], [each.name for each in self.sdk.list_servers()])
        self.assertTrue(self.sdk.delete_server("one", wait=True, timeout=60))
        self.assertIsNone(self.sdk.get_server("one"))
