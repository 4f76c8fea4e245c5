"""
What a Nova does with creates.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.nova_contract import FLAVOR, NOWHERE, NovaContract, some_name

_FIELD = "Invalid input for field/attribute"


class NovaCreateContract(NovaContract):
    """
    ``POST /servers``.
    """

    def refused(self, *, minor: int = 100, **fields: Any) -> tuple[int, str]:
        """
        Status and words of a create that is refused.
        """
        return self.fault("POST", "/servers", {"server": self.wanted(**fields)}, minor=minor)

    def none_made(self) -> None:
        """
        Check that the project has no servers.
        """
        self.assertEqual(self.ask("GET", "/servers")[1], {"servers": []})

    def test_answer(self) -> None:
        """
        The answer is a 202 with a Location and only what a new server has.
        """
        reply = self.response("POST", "/servers", {"server": self.wanted(networks=None)})
        self.assertEqual(reply.status, 202)
        body = reply.json["server"]
        self.assertEqual(set(body), {"id", "links", "OS-DCF:diskConfig", "security_groups", "adminPass"})
        href = f"{self.api.url}/servers/{body['id']}"
        self.assertEqual(reply.header("Location"), href)
        bookmark = f"{self.api.above('/v2.1').url}/servers/{body['id']}"
        self.assertEqual(
            body["links"], [{"rel": "self", "href": href}, {"rel": "bookmark", "href": bookmark}]
        )

    def test_builds(self) -> None:
        """
        A new server is BUILD without a host, and ACTIVE on a host when it is built.
        """
        active = self.until(self.create(), "ACTIVE")
        self.assertEqual((active["OS-EXT-STS:vm_state"], len(active["hostId"])), ("active", 56))
        self.assertTrue(active["OS-SRV-USG:launched_at"].endswith(".000000"))
        self.assertTrue(active["updated"].endswith("Z"))

    def test_keeps_everything(self) -> None:
        """
        All that was asked for is kept and shown.
        """
        key = some_name("key")
        self.assertEqual(self.ask("POST", "/os-keypairs", {"keypair": {"name": key}})[0], 200)
        try:
            server_id = self.active(
                metadata={"a": "b"},
                key_name=key,
                user_data="aGk=",
                config_drive=True,
                description="what",
                tags=["one"],
                availability_zone="nova",
                accessIPv4="192.0.2.1",
                hostname="h",
                hints={"anything": ["x"]},
            )
        finally:
            self.ask("DELETE", f"/os-keypairs/{key}")
        server = self.show(server_id, who="admin")
        for name, value in (
            ("metadata", {"a": "b"}),
            ("key_name", key),
            ("OS-EXT-SRV-ATTR:user_data", "aGk="),
            ("config_drive", "True"),
            ("description", "what"),
            ("tags", ["one"]),
            ("OS-EXT-AZ:availability_zone", "nova"),
            ("pinned_availability_zone", "nova"),
            ("accessIPv4", "192.0.2.1"),
            ("OS-EXT-SRV-ATTR:hostname", "h"),
            ("scheduler_hints", {"anything": ["x"]}),
        ):
            self.assertEqual(server[name], value, name)

    def test_several(self) -> None:
        """
        Several servers get numbered names and one reservation, which is all the answer has when asked so.
        """
        wanted = self.wanted(name="m", networks=None, min_count=2, max_count=2, return_reservation_id=True)
        reply = self.response("POST", "/servers", {"server": wanted})
        self.assertEqual(set(reply.json), {"reservation_id"})
        self.assertIsNone(reply.header("Location"))
        query = f"reservation_id={reply.json['reservation_id']}&sort_key=display_name"
        _, listed = self.ask("GET", f"/servers?{query}")
        self.assertEqual([each["name"] for each in listed["servers"]], ["m-2", "m-1"])

    def test_as_many_as_fit(self) -> None:
        """
        Between min_count and max_count the quota decides, and over it a create is a 403 in Nova's words.
        """
        path = f"/os-quota-sets/{self.demo.project}"
        self.assertEqual(self.ask("PUT", path, {"quota_set": {"instances": 2}}, who="admin")[0], 200)
        try:
            self.create(min_count=1, max_count=5)
            made = self.ask("GET", "/servers")[1]["servers"]
            self.assertEqual(len(made), 2)
            # what has not reached its cell yet is not counted
            for each in made:
                self.until(each["id"], "ACTIVE")
            self.assertEqual(
                self.refused(),
                (403, "Quota exceeded for instances: Requested 1, but already used 2 of 2 instances"),
            )
        finally:
            self.ask("DELETE", path, who="admin")

    def test_quota(self) -> None:
        """
        Over two quotas at once the 403 names both.
        """
        self.assertEqual(
            self.refused(min_count=22, max_count=30),
            (
                403,
                "Quota exceeded for cores, instances: Requested 30, 22-30, but already used 0, 0 of 20, 10 "
                "cores, instances",
            ),
        )
        self.none_made()

    def test_refused(self) -> None:
        """
        What Nova refuses is refused in its words, before anything is made.
        """
        mapping = {
            "uuid": NOWHERE,
            "source_type": "volume",
            "destination_type": "volume",
            "boot_index": 0,
        }
        one = "is not valid under any of the given schemas"
        most = "Maximum number of metadata items exceeds 128"
        nets = "[{'uuid': 'x'}]"
        for fields, status, words in (
            ({"availability_zone": "nope"}, 400, "The requested availability zone is not available"),
            ({"availability_zone": ""}, 400, f"{_FIELD} availability_zone. Value: . '' should be non-empty"),
            ({"metadata": {f"m{each}": "" for each in range(129)}}, 403, most),
            (
                {"hostname": "h", "min_count": 2},
                400,
                "Unable to allocate a single hostname to multiple instances",
            ),
            ({"imageRef": NOWHERE}, 400, "Can not find requested image"),
            ({"flavorRef": "zz"}, 400, "Flavor zz could not be found."),
            ({"imageRef": "zz"}, 400, f"{_FIELD} imageRef. Value: zz. 'zz' {one}"),
            ({"imageRef": None}, 400, "Missing imageRef attribute"),
            ({"imageRef": ""}, 400, "Missing imageRef attribute"),
            ({"key_name": "nokey"}, 400, "Invalid key_name provided."),
            ({"name": ""}, 400, f"{_FIELD} name. Value: . '' should be non-empty"),
            ({"name": 5}, 400, f"{_FIELD} name. Value: 5. 5 is not of type 'string'"),
            ({"min_count": 3, "max_count": 2}, 400, "min_count must be <= max_count"),
            ({"metadata": {"a": 5}}, 400, f"{_FIELD} a. Value: 5. 5 is not of type 'string'"),
            ({"accessIPv4": "x"}, 400, f"{_FIELD} accessIPv4. Value: x. 'x' is not a 'ipv4'"),
            ({"networks": [{"uuid": "x"}]}, 400, f"{_FIELD} networks. Value: {nets}. {nets} {one}"),
            ({"networks": [{"uuid": NOWHERE}]}, 400, f"Network {NOWHERE} could not be found."),
            ({"networks": [{"port": NOWHERE}]}, 400, f"Port id {NOWHERE} could not be found."),
            (
                {"security_groups": [{"name": "nosg"}]},
                400,
                "Unable to find security_group with name or id 'nosg'",
            ),
            (
                {"availability_zone": "nova:host"},
                403,
                "Policy doesn't allow os_compute_api:servers:create:forced_host to be performed.",
            ),
            (
                {"block_device_mapping_v2": [{**mapping, "boot_index": 1}]},
                400,
                f"Volume {NOWHERE} could not be found.",
            ),
            (
                {"imageRef": None, "block_device_mapping_v2": [mapping]},
                400,
                f"Block Device Mapping is Invalid: failed to get volume {NOWHERE}.",
            ),
        ):
            self.assertEqual(self.refused(**fields), (status, words), fields)
        self.none_made()

    def test_groups_refused(self) -> None:
        """
        A hint at a server group has the group's id, and the group is there.
        """
        schemas = "is not valid under any of the given schemas"
        for group, words in (
            (NOWHERE, f"Instance group {NOWHERE} could not be found."),
            (5, f"{_FIELD} group. Value: 5. 5 {schemas}"),
            ("zz", f"{_FIELD} group. Value: zz. 'zz' {schemas}"),
            ({}, f"{_FIELD} group. Value: {{}}. {{}} {schemas}"),
            (None, f"{_FIELD} group. Value: None. None {schemas}"),
        ):
            body = {"server": self.wanted(), "os:scheduler_hints": {"group": group}}
            self.assertEqual(self.fault("POST", "/servers", body, minor=37), (400, words))
        self.none_made()

    def test_fields_by_version(self) -> None:
        """
        A field before or after its microversions is a 400, and networks are required from 2.37 on.
        """
        for minor, fields, words in (
            (18, {"networks": None, "description": "d"}, "('description' was unexpected)"),
            (51, {"tags": ["a"]}, "('tags' was unexpected)"),
            (57, {"personality": []}, "('personality' was unexpected)"),
            (37, {"networks": None}, "'networks' is a required property"),
            (36, {"networks": "none"}, "'none' is not of type 'array'"),
            (1, {"networks": None, "a": 1, "b": 2}, "('a', 'b' were unexpected)"),
        ):
            status, message = self.refused(minor=minor, **fields)
            self.assertEqual(status, 400)
            self.assertIn(words, message)

    def test_malformed_bodies(self) -> None:
        """
        A body that is no object with a server in it is a 400.
        """
        for body, words in (
            ([], "[] is not of type 'object'"),
            ({}, "'server' is a required property"),
            ({"server": 5}, f"{_FIELD} server. Value: 5. 5 is not of type 'object'"),
            (b'{"server"', "Malformed request body"),
        ):
            self.assertEqual(self.fault("POST", "/servers", body), (400, words))

    def test_users_port(self) -> None:
        """
        A server has the port that it was given, with its address; the port stays when the server goes.
        """
        wanted = {"port": {"network_id": self.network}}
        port = self.other("network", "POST", "/v2.0/ports", wanted)["port"]
        server_id = self.active(networks=[{"port": port["id"]}])
        (entry,) = self.show(server_id)["addresses"]["shared-net"]
        self.assertEqual(entry["addr"], port["fixed_ips"][0]["ip_address"])
        self.assertEqual(entry["OS-EXT-IPS-MAC:mac_addr"], port["mac_address"])
        self.assertEqual((entry["version"], entry["OS-EXT-IPS:type"]), (4, "fixed"))
        path = f"/v2.0/ports/{port['id']}"
        held = self.other("network", "GET", path)["port"]
        self.assertEqual((held["device_id"], held["device_owner"]), (server_id, "compute:nova"))
        self.assertEqual(
            self.refused(networks=[{"port": port["id"]}]), (409, f"Port {port['id']} is still in use.")
        )
        self.gone(server_id)
        self.assertEqual(self.other("network", "GET", path)["port"]["device_id"], "")

    def test_network(self) -> None:
        """
        ``auto`` takes the network that there is; the port that Nova made goes with the server.
        """
        server_id = self.active(networks="auto")
        server = self.show(server_id)
        self.assertEqual(set(server["addresses"]), {"shared-net"})
        self.assertEqual(server["security_groups"], [{"name": "default"}])
        self.gone(server_id)
        ports = self.other("network", "GET", f"/v2.0/ports?device_id={server_id}")
        self.assertEqual(ports, {"ports": []})

    def test_boot_from_volume(self) -> None:
        """
        A server boots from a bootable volume: it has no image, and the volume is in use until it goes.
        """
        volume_id = self.volume()
        mapping = {
            "uuid": volume_id,
            "source_type": "volume",
            "destination_type": "volume",
            "boot_index": 0,
        }
        self.assertEqual(
            self.refused(imageRef="", block_device_mapping_v2=[mapping]),
            (400, f"Block Device {volume_id} is not bootable."),
        )
        bootable = {"os-set_bootable": {"bootable": True}}
        self.other("volume", "POST", f"/v3/volumes/{volume_id}/action", bootable)
        server_id = self.active(imageRef="", block_device_mapping_v2=[mapping])
        server = self.show(server_id)
        self.assertEqual(server["image"], "")
        attached = [{"id": volume_id, "delete_on_termination": False}]
        self.assertEqual(server["os-extended-volumes:volumes_attached"], attached)
        volume = self.until_volume(volume_id, "in-use")
        self.assertEqual(volume["attachments"][0]["server_id"], server_id)
        self.gone(server_id)
        self.until_volume(volume_id, "available")

    def test_group_member(self) -> None:
        """
        A server with a group hint is a member of the group, and shows it.
        """
        group = {"server_group": {"name": "g", "policies": ["soft-affinity"]}}
        group_id = self.ask("POST", "/os-server-groups", group, minor=15)[1]["server_group"]["id"]
        server_id = self.create(hints={"group": group_id}, flavorRef=FLAVOR)
        self.assertEqual(self.show(server_id)["server_groups"], [group_id])
        path = f"/os-server-groups/{group_id}"
        self.assertEqual(self.ask("GET", path)[1]["server_group"]["members"], [server_id])
