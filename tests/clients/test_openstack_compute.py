"""
``openstack`` and servers, flavors, images and zones.
"""

from __future__ import annotations

from typing import Any

from tests.clients.cloud import NOTHING, UserCase, a_name, next_second, until

_CREATE = "server create --flavor m1.tiny --image cirros --nic none"


class ComputeCase(UserCase):
    """
    A user in an empty project.
    """

    def server(self, name: str, zone: str = "az1", options: str = "") -> str:
        """
        Create a server and wait until it is there; its id.
        """
        made: str = self.cli_json(f"{_CREATE} --availability-zone {zone} {options} {name}")["id"]
        self.status(made, "ACTIVE")
        return made

    def status(self, server_id: str, wanted: str) -> None:
        """
        Wait until a server has a status.
        """
        until(lambda: self.user.sdk.compute.get_server(server_id).status == wanted)

    def shown(self, server: str) -> Any:
        """
        What ``server show`` tells.
        """
        return self.cli_json(f"server show {server}")


class ReadTests(ComputeCase):
    """
    What there is before anything is created.
    """

    def test_zones(self) -> None:
        """
        The zones are the top region's, for compute and for volumes.
        """
        for which in ("--compute", "--volume"):
            zones = self.cli_json(f"availability zone list {which}")
            self.assertEqual(["az1", "az2"], sorted(zone["Zone Name"] for zone in zones))
            self.assertEqual({"available"}, {zone["Zone Status"] for zone in zones})

    def test_flavors(self) -> None:
        """
        Flavors are listed once and shown by name.
        """
        names = [flavor["Name"] for flavor in self.cli_json("flavor list")]
        self.assertEqual(len(set(names)), len(names))
        self.assertIn("m1.tiny", names)
        self.assertEqual("m1.tiny", self.cli_json("flavor show m1.tiny")["name"])

    def test_images(self) -> None:
        """
        Images come from the region's Glance.
        """
        self.assertIn("cirros", [image["Name"] for image in self.cli_json("image list")])

    def test_catalog(self) -> None:
        """
        The client reaches the daemon by the catalog's endpoints of the region.
        """
        endpoint = self.user.session.get_endpoint(
            service_type="compute", region_name=self.cloud.layout.region
        )
        self.assertEqual(self.cloud.compute, endpoint)


class LifeTests(ComputeCase):
    """
    A server from its creation to its end.
    """

    def test_create_and_delete(self) -> None:
        """
        A server is created with all that was asked for, waited for, and deleted.
        """
        data = self.cloud.layout.folder / "user-data"
        data.write_text("#!/bin/sh\necho hello\n")
        made = self.cli_json(
            f"{_CREATE} --availability-zone az2 --property role=web --user-data {data} --wait one"
        )
        self.assertEqual("ACTIVE", made["status"])
        self.assertEqual("az2", made["OS-EXT-AZ:availability_zone"])
        self.assertEqual("Pod3", self.cloud.pod_of(made["id"]))
        shown = self.shown("one")
        self.assertEqual(made["id"], shown["id"])
        self.assertEqual({"role": "web"}, shown["properties"])
        self.assertIn("m1.tiny", str(shown["flavor"]))
        self.assertIn("cirros", str(shown["image"]))
        self.cli("server delete --wait one")
        self.assertIn("one", self.cli_fails("server show one"))

    def test_user_data_arrives(self) -> None:
        """
        What the gateway has no word for reaches the pod as it was sent.
        """
        data = self.cloud.layout.folder / "user-data"
        data.write_text("#!/bin/sh\necho hello\n")
        server = self.server(
            "one", options=f"--user-data {data} --hostname web1 --tag blue --description nice"
        )
        pod = self.cloud.pod(self.cloud.pod_of(server))
        listed = self.user.ask(f"http://127.0.0.1:{pod.nova}/_sandbox/servers").json()["servers"]
        (sent,) = [each["created_from"] for each in listed if each["id"] == server]
        self.assertEqual("IyEvYmluL3NoCmVjaG8gaGVsbG8K", sent["user_data"])
        self.assertEqual(("web1", ["blue"], "nice"), (sent["hostname"], sent["tags"], sent["description"]))
        shown = self.shown(server)
        self.assertEqual(("web1", "nice"), (shown["OS-EXT-SRV-ATTR:hostname"], shown["description"]))

    def test_actions(self) -> None:
        """
        A server is stopped, started, rebooted, renamed and labelled.
        """
        server = self.server("one")
        self.cli("server stop one")
        self.status(server, "SHUTOFF")
        self.cli("server start one")
        self.status(server, "ACTIVE")
        self.cli("server reboot --hard one")
        self.status(server, "ACTIVE")
        self.cli("server set --name two --property a=b one")
        shown = self.shown("two")
        self.assertEqual((server, {"a": "b"}), (shown["id"], shown["properties"]))
        self.cli("server unset --property a two")
        self.assertEqual({}, self.shown("two")["properties"])
        self.cli("server lock two")
        self.assertIn("locked", self.cli_fails("server stop two").lower())
        self.cli("server unlock two")

    def test_resize(self) -> None:
        """
        A server gets another flavor.
        """
        server = self.server("one")
        self.cli("server resize --flavor m1.small one")
        self.status(server, "VERIFY_RESIZE")
        self.cli("server resize confirm one")
        self.status(server, "ACTIVE")
        self.assertIn("m1.small", str(self.shown("one")["flavor"]))

    def test_console_log(self) -> None:
        """
        The console log is the server's own text.
        """
        server = self.server("one")
        self.assertTrue(self.cli(f"console log show --lines 5 {server}").strip())

    def test_console_url(self) -> None:
        """
        A console's URL is the pod's own, untouched.
        """
        server = self.server("one")
        url = self.cli_json(f"console url show --novnc {server}")["url"]
        self.assertTrue(url.startswith("http"), url)
        self.assertNotIn(f":{self.cloud.layout.compute_port}/", url)

    def test_image(self) -> None:
        """
        An image made of a server is in the region's Glance.
        """
        server, name = self.server("one"), a_name("image")
        made = self.cli_json(f"server image create --name {name} {server}")
        self.assertEqual(name, made["name"])
        self.assertEqual("active", self.cli_json(f"image show {name}")["status"])

    def test_volume(self) -> None:
        """
        A volume of the same pod is attached, listed and detached.
        """
        server = self.server("one", "az2")
        volume = self.cli_json("volume create --size 1 --availability-zone az2 data")["id"]
        until(lambda: self.user.sdk.block_storage.get_volume(volume).status == "available")
        attached = self.cli_json("server add volume one data")
        self.assertEqual((server, volume), (attached["Server ID"], attached["Volume ID"]))
        until(lambda: self.user.sdk.block_storage.get_volume(volume).status == "in-use")
        (listed,) = self.cli_json("server volume list one")
        self.assertEqual(volume, listed["Volume ID"])
        self.assertEqual(
            [server], [each["server_id"] for each in self.cli_json("volume show data")["attachments"]]
        )
        self.cli("server remove volume one data")
        until(lambda: self.user.sdk.block_storage.get_volume(volume).status == "available")

    def test_volume_of_another_pod(self) -> None:
        """
        A volume of another pod cannot be attached; the client is told which two are apart, and of no pod.
        """
        server = self.server("one", "az1")
        volume = self.cli_json("volume create --size 1 --availability-zone az2 data")["id"]
        until(lambda: self.user.sdk.block_storage.get_volume(volume).status == "available")
        told = self.cli_fails("server add volume one data")
        for word in ("400", server, volume):
            self.assertIn(word, told)
        self.assertNotIn("Pod", told)


class NetworkTests(ComputeCase):
    """
    Networks of a pod, by name and by id: the client's configuration says whose Neutron it asks.
    """

    def setUp(self) -> None:
        super().setUp()
        self.network = self.cli_json("network create net")["id"]
        self.cli("subnet create --network net --subnet-range 10.3.0.0/24 sub")

    def test_pod_of_the_network(self) -> None:
        """
        A server is made in its network's pod, by whichever option the network is named.
        """
        for option in ("--network net", f"--nic net-id={self.network}"):
            name = a_name("server")
            create = "server create --flavor m1.tiny --image cirros --availability-zone az1"
            made = self.cli_json(f"{create} {option} {name}")["id"]
            self.assertEqual("Pod1", self.cloud.pod_of(made))
            self.status(made, "ACTIVE")
            self.assertEqual(["net"], list(self.shown(name)["addresses"]))

    def test_another_zone(self) -> None:
        """
        A network of another zone is refused with its id and no pod's name.
        """
        create = "server create --flavor m1.tiny --image cirros --availability-zone az2"
        told = self.cli_fails(f"{create} --network net one")
        for word in ("400", self.network, "az2"):
            self.assertIn(word, told)
        self.assertNotIn("Pod", told)

    def test_interfaces(self) -> None:
        """
        A port is attached to a server of its pod and detached, and never to a server of another pod.
        """
        create = "server create --flavor m1.tiny --image cirros --availability-zone az1 --network net near"
        near = self.cli_json(create)["id"]
        self.status(near, "ACTIVE")
        far = self.server("far", "az2")
        port = self.cli_json("port create --network net port")["id"]
        told = self.cli_fails("server add port far port")
        for word in (port, far):
            self.assertIn(word, told)
        self.assertNotIn("Pod", told)
        self.cli("server add port near port")
        until(lambda: self.cli_json("port show port")["device_id"] == near)
        self.assertEqual(2, len(self.shown("near")["addresses"]["net"]))
        self.cli("server remove port near port")
        until(lambda: len(self.shown("near")["addresses"]["net"]) == 1)


class ListTests(ComputeCase):
    """
    Servers of all pods in one list.
    """

    def setUp(self) -> None:
        super().setUp()
        compute, self.servers = self.user.sdk.compute, []
        flavor, image = compute.find_flavor("m1.tiny").id, self.user.sdk.image.find_image("cirros").id
        for number in range(4):
            made = compute.create_server(
                name=f"s{number}",
                flavor_id=flavor,
                image_id=image,
                networks="none",
                availability_zone=f"az{number % 2 + 1}",
            )
            self.servers.append(made.id)
            next_second()
        for server in self.servers:
            self.status(server, "ACTIVE")

    def names(self, line: str) -> list[str]:
        """
        The names of a list, in its order.
        """
        return [server["Name"] for server in self.cli_json(line)]

    def test_lists(self) -> None:
        """
        Newest first, paged by limit and marker, sorted and filtered as in one cloud.
        """
        newest_first = ["s3", "s2", "s1", "s0"]
        self.assertEqual(newest_first, self.names("server list"))
        self.assertEqual(newest_first[:3], self.names("server list --limit 3 --max-items 3"))
        self.assertEqual(newest_first[:2], self.names("server list --limit 2"))
        self.assertEqual(newest_first[2:], self.names("server list --marker s2"))
        self.assertEqual(newest_first[1:2], self.names("server list --marker s3 --limit 1 --max-items 1"))
        self.assertEqual(newest_first[::-1], self.names("server list --sort-column Name --sort-ascending"))
        self.assertEqual(["s1"], self.names("server list --name s1"))
        self.assertEqual(["s3", "s1"], self.names("server list --availability-zone az2"))
        self.assertEqual([], self.names("server list --status ERROR"))
        self.assertEqual(newest_first, self.names("--os-compute-api-version 2.1 server list"))
        long = self.cli_json("server list --long -c Name", "-c", "Availability Zone")
        zones = {server["Name"]: server["Availability Zone"] for server in long}
        self.assertEqual({"s0": "az1", "s1": "az2", "s2": "az1", "s3": "az2"}, zones)

    def test_pod_down(self) -> None:
        """
        With a pod down its servers are unknown from 2.69 on and left out before; the others are as ever. One that was deleted
        stays so.
        """
        newest_first = [("s3", "UNKNOWN"), ("s2", "ACTIVE"), ("s1", "UNKNOWN"), ("s0", "ACTIVE")]
        unknown = {self.servers[1], self.servers[3]}
        deleted = self.server("deleted", "az2")
        self.cli("server delete deleted")
        with self.cloud.without("Pod3"):
            self.assertIn(deleted, self.cli_fails(f"--os-compute-api-version 2.69 server show {deleted}"))
            for version in ("2.69", "2.104"):
                listed = self.cli_json(f"--os-compute-api-version {version} server list")
                self.assertEqual({None, "s2", "s0"}, {server["Name"] or None for server in listed})
                self.assertEqual(unknown, {each["ID"] for each in listed if each["Status"] == "UNKNOWN"})
                self.assertEqual(4, len(listed))
            self.assertEqual(["s2", "s0"], self.names("--os-compute-api-version 2.68 server list"))
            self.assertEqual(["s2", "s0"], self.names("--os-compute-api-version 2.69 server list --limit 10"))
            shown = self.cli_json(f"--os-compute-api-version 2.69 server show {self.servers[1]}")
            self.assertEqual(("UNKNOWN", "az2"), (shown["status"], shown["OS-EXT-AZ:availability_zone"]))
            self.assertIn(
                "503", self.cli_fails(f"--os-compute-api-version 2.68 server show {self.servers[1]}")
            )
            self.assertEqual("ACTIVE", self.shown(self.servers[0])["status"])
            refused = self.cli_fails(f"{_CREATE} --availability-zone az2 late")
            self.assertIn("503", refused)
            self.assertNotIn("Pod3", refused)
            answer = self.user.ask(f"{self.cloud.compute}/servers")
            self.assertEqual("az2", answer.headers["X-Trio2o-Incomplete-Zones"])
        until(lambda: self.names("server list") == [name for name, _ in newest_first])


class OwnerTests(ComputeCase):
    """
    Whose servers are listed.
    """

    def test_whose(self) -> None:
        """
        A stranger sees none of a user's servers, an admin all, and only an admin may ask for all.
        """
        servers = [self.server("one"), self.server("two", "az2")]
        stranger = self.cloud.new_person()
        self.assertEqual([], self.cli_json("server list", person=stranger))
        everything = self.cli_json("server list --all-projects", person=self.cloud.admin)
        self.assertLessEqual(set(servers), {server["ID"] for server in everything})
        mine = self.cli_json(f"server list --project {self.user.project_id}", person=self.cloud.admin)
        self.assertEqual(set(servers), {server["ID"] for server in mine})
        self.assertEqual([], self.cli_json("server list", person=self.cloud.admin))
        self.assertIn("403", self.cli_fails("server list --all-projects"))


class RefusalTests(ComputeCase):
    """
    What users read when something cannot be.
    """

    def test_unknown_zone(self) -> None:
        """
        An unknown zone is refused in Nova's words.
        """
        told = self.cli_fails(f"{_CREATE} --availability-zone mars one")
        self.assertIn("400", told)
        self.assertIn("The requested availability zone is not available", told)

    def test_unknown_flavor_and_image(self) -> None:
        """
        What is in no catalogue cannot be used.
        """
        self.assertIn("nope", self.cli_fails("server create --flavor nope --image cirros --nic none one"))
        self.assertIn("nope", self.cli_fails("server create --flavor m1.tiny --image nope --nic none one"))

    def test_unknown_server(self) -> None:
        """
        An unknown server is not found, by name and by id.
        """
        for server in ("nope", NOTHING):
            for command in ("show", "delete", "stop"):
                self.assertIn(server, self.cli_fails(f"server {command} {server}"))

    def test_other_projects_server(self) -> None:
        """
        Another project's server is not found, by name and by id, and nothing happens to it.
        """
        server = self.server("mine")
        stranger = self.cloud.new_person()
        for found_by in ("mine", server):
            for command in ("show", "delete", "stop"):
                self.assertIn(found_by, self.cli_fails(f"server {command} {found_by}", person=stranger))
        self.assertEqual("ACTIVE", self.shown(server)["status"])

    def test_microversions(self) -> None:
        """
        A microversion beyond what all pods have is refused.
        """
        self.assertIn("2.999", self.cli_fails("--os-compute-api-version 2.999 server list"))
