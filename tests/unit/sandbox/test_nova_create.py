"""
Creating servers at the fake Nova.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.nova_pod import IMAGE, NOWHERE, ORIGIN, NovaTestCase


class CreateTests(NovaTestCase):
    """
    ``POST /servers``.
    """

    def refused(self, *, minor: int = 100, who: str = "demo", **fields: Any) -> tuple[int, str]:
        """
        Status and words of a create that is refused and makes nothing.
        """
        server = {"name": "s", "imageRef": IMAGE, "flavorRef": "1", "networks": "none", **fields}
        server = {name: value for name, value in server.items() if value is not None}
        fault = self.fault("POST", "/servers", {"server": server}, minor=minor, who=who)
        self.assertEqual(self.ask("GET", "/servers", who=who)[1], {"servers": []})
        return fault

    def test_answer(self) -> None:
        """
        The answer is a 202 with a Location and only what a new server has.
        """
        server = {"name": "s", "imageRef": IMAGE, "flavorRef": "1"}
        response = self.response("POST", "/servers", {"server": server})
        body = self.successResultOf(response.json())["server"]

        self.assertEqual(response.code, 202)
        self.assertEqual(list(body), ["id", "links", "OS-DCF:diskConfig", "security_groups", "adminPass"])
        href = f"{ORIGIN}/v2.1/servers/{body['id']}"
        self.assertEqual(response.headers.getRawHeaders("Location"), [href])
        self.assertEqual(
            body["links"],
            [
                {"rel": "self", "href": href},
                {"rel": "bookmark", "href": f"{ORIGIN}/servers/{body['id']}"},
            ],
        )

    def test_builds(self) -> None:
        """
        A server is BUILD until the pod's build time has passed, then ACTIVE.
        """
        server_id = self.create()
        self.clock.advance(4.9)
        building = self.show(server_id)
        self.clock.advance(0.1)
        active = self.show(server_id)

        self.assertEqual(
            (building["status"], building["OS-EXT-STS:task_state"], building["hostId"]),
            ("BUILD", "scheduling", ""),
        )
        self.assertEqual((active["status"], active["OS-EXT-STS:task_state"]), ("ACTIVE", None))
        self.assertEqual(len(active["hostId"]), 56)
        self.assertEqual(active["created"], "2026-01-01T00:00:00Z")
        self.assertEqual(active["updated"], "2026-01-01T00:00:05Z")
        self.assertEqual(active["OS-SRV-USG:launched_at"], "2026-01-01T00:00:05.000000")

    def test_keeps_everything(self) -> None:
        """
        All that was asked for is kept and shown.
        """
        self.ask("POST", "/os-keypairs", {"keypair": {"name": "k"}})
        server_id = self.active(
            metadata={"a": "b"},
            key_name="k",
            user_data="aGk=",
            config_drive=True,
            description="what",
            tags=["one"],
            availability_zone="second",
            accessIPv4="192.0.2.1",
            hostname="h",
            hints={"same_host": ["x"]},
        )
        server = self.show(server_id, who="admin")

        self.assertEqual(server["metadata"], {"a": "b"})
        self.assertEqual(server["key_name"], "k")
        self.assertEqual(server["OS-EXT-SRV-ATTR:user_data"], "aGk=")
        self.assertEqual(server["config_drive"], "True")
        self.assertEqual(server["description"], "what")
        self.assertEqual(server["tags"], ["one"])
        self.assertEqual(server["OS-EXT-AZ:availability_zone"], "second")
        self.assertEqual(server["pinned_availability_zone"], "second")
        self.assertEqual(server["accessIPv4"], "192.0.2.1")
        self.assertEqual(server["OS-EXT-SRV-ATTR:hostname"], "h")
        self.assertEqual(server["scheduler_hints"], {"same_host": ["x"]})

    def test_raw_body_is_kept(self) -> None:
        """
        The sandbox shows the body that a server was created from.
        """
        self.create(metadata={"deep": "value"})
        _, body = self.ask("GET", "/_sandbox/servers")
        self.assertEqual(body["servers"][0]["created_from"]["metadata"], {"deep": "value"})

    def test_several(self) -> None:
        """
        Several servers get numbered names and one reservation, which is all the answer has when asked so.
        """
        server = {"name": "m", "imageRef": IMAGE, "flavorRef": "1", "min_count": 2, "max_count": 3}
        response = self.response("POST", "/servers", {"server": {**server, "return_reservation_id": True}})
        body = self.successResultOf(response.json())

        self.assertEqual(list(body), ["reservation_id"])
        self.assertFalse(response.headers.hasHeader("Location"))
        _, listed = self.ask("GET", f"/servers?reservation_id={body['reservation_id']}&sort_key=display_name")
        self.assertEqual([each["name"] for each in listed["servers"]], ["m-3", "m-2", "m-1"])

    def test_as_many_as_fit(self) -> None:
        """
        Between min_count and max_count the quota decides.
        """
        self.ask("PUT", f"/os-quota-sets/{'d' * 32}", {"quota_set": {"instances": 2}}, who="admin")
        self.create(min_count=1, max_count=5)
        self.assertEqual(len(self.ask("GET", "/servers")[1]["servers"]), 2)

    def test_quota(self) -> None:
        """
        Over the quota is a 403 in Nova's words, for one resource and for several.
        """
        self.assertEqual(
            self.refused(min_count=12, max_count=30),
            (
                403,
                "Quota exceeded for cores, instances: Requested 30, 12-30, but already used 0, 0 of 20, 10 "
                "cores, instances",
            ),
        )
        self.create(min_count=10)
        self.assertEqual(
            self.fault("POST", "/servers", {"server": {"name": "s", "imageRef": IMAGE, "flavorRef": "1"}}),
            (403, "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"),
        )

    def test_injected_quota(self) -> None:
        """
        The behaviour ``quota`` answers as if the quota were used up.
        """
        self.behave(kind="quota", times=1)
        self.assertEqual(
            self.refused(),
            (403, "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"),
        )
        self.create()

    def test_no_valid_host(self) -> None:
        """
        The behaviour ``no_valid_host`` lets a server end in ERROR with a fault, after the 202.
        """
        self.behave(kind="no_valid_host", times=1)
        server = self.show(self.active())

        self.assertEqual((server["status"], server["hostId"]), ("ERROR", ""))
        self.assertEqual(server["fault"]["code"], 500)
        self.assertIn("No valid host was found", server["fault"]["message"])
        self.assertNotIn("details", server["fault"])

    def test_failing_builds(self) -> None:
        """
        ``build_error`` ends in ERROR on a host, ``stuck_build`` stays in BUILD.
        """
        self.behave(kind="build_error", times=1)
        failed = self.active()
        self.behave(kind="stuck_build", times=1)
        stuck = self.active()
        self.clock.advance(1000)

        self.assertEqual(self.show(failed)["status"], "ERROR")
        self.assertNotEqual(self.show(failed)["hostId"], "")
        self.assertEqual(self.show(stuck)["status"], "BUILD")

    def test_refused(self) -> None:
        """
        What Nova refuses is refused in its words, before anything is made.
        """
        for fields, status, words in (
            ({"availability_zone": "nope"}, 400, "The requested availability zone is not available"),
            ({"flavorRef": "zz"}, 400, "Flavor zz could not be found."),
            (
                {"imageRef": "zz"},
                400,
                "Invalid input for field/attribute imageRef. Value: zz. 'zz' is not valid under any of the "
                "given schemas",
            ),
            ({"imageRef": None}, 400, "Missing imageRef attribute"),
            ({"imageRef": ""}, 400, "Missing imageRef attribute"),
            ({"key_name": "nokey"}, 400, "Invalid key_name provided."),
            ({"name": ""}, 400, "Invalid input for field/attribute name. Value: . '' should be non-empty"),
            ({"name": 5}, 400, "Invalid input for field/attribute name. Value: 5. 5 is not of type 'string'"),
            ({"min_count": 3, "max_count": 2}, 400, "min_count must be <= max_count"),
            (
                {"metadata": {"a": 5}},
                400,
                "Invalid input for field/attribute a. Value: 5. 5 is not of type 'string'",
            ),
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
                {
                    "imageRef": None,
                    "block_device_mapping_v2": [
                        {
                            "uuid": NOWHERE,
                            "source_type": "volume",
                            "destination_type": "volume",
                            "boot_index": 0,
                        }
                    ],
                },
                400,
                f"Block Device Mapping is Invalid: failed to get volume {NOWHERE}.",
            ),
        ):
            self.assertEqual(self.refused(**fields), (status, words))

    def test_unknown_group(self) -> None:
        """
        A hint at a server group that is not there is a 400.
        """
        body = {
            "server": {"name": "s", "imageRef": IMAGE, "flavorRef": "1"},
            "os:scheduler_hints": {"group": NOWHERE},
        }
        self.assertEqual(
            self.fault("POST", "/servers", body),
            (400, f"Instance group {NOWHERE} could not be found."),
        )

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
            (
                {"server": 5},
                "Invalid input for field/attribute server. Value: 5. 5 is not of type 'object'",
            ),
        ):
            self.assertEqual(self.fault("POST", "/servers", body), (400, words))

    def test_network(self) -> None:
        """
        A server gets a port on the network it names, with address and default security group, and gives it
        back.
        """
        server_id = self.active(networks=[{"uuid": self.network.networks[0].id}])
        server = self.show(server_id)

        (entry,) = server["addresses"]["shared-net"]
        self.assertEqual((entry["addr"], entry["version"]), ("10.1.0.2", 4))
        self.assertEqual(server["security_groups"], [{"name": "default"}])

        self.ask("DELETE", f"/servers/{server_id}")
        self.clock.advance(1)
        self.assertEqual(self.network.ports, {})

    def test_automatic_network(self) -> None:
        """
        ``auto`` takes the only network; with two of them it is a 409.
        """
        self.assertIn("shared-net", self.show(self.active(networks="auto"))["addresses"])

        self.network.networks.append(self.network.networks[0])
        status, _ = self.fault(
            "POST",
            "/servers",
            {"server": {"name": "s", "imageRef": IMAGE, "flavorRef": "1", "networks": "auto"}},
            minor=37,
        )
        self.assertEqual(status, 409)

    def test_users_port(self) -> None:
        """
        A port that the user made stays when the server goes.
        """
        port = self.network.create_port(self.frame.verifier.peek("demo"), network_id="n")  # type: ignore[union-attr,arg-type]
        server_id = self.active(networks=[{"port": port.id}])
        self.assertEqual(port.device_id, server_id)

        self.ask("DELETE", f"/servers/{server_id}")
        self.clock.advance(1)
        self.assertEqual((self.network.ports[port.id].device_id, len(self.network.ports)), ("", 1))

    def test_boot_from_volume(self) -> None:
        """
        A server boots from a volume, old style and new: it has no image, and the volume is in use.
        """
        for key, mapping in (
            ("block_device_mapping", {"volume_id": "{}", "device_name": "/dev/vda"}),
            (
                "block_device_mapping_v2",
                {
                    "uuid": "{}",
                    "source_type": "volume",
                    "destination_type": "volume",
                    "boot_index": 0,
                    "delete_on_termination": True,
                },
            ),
        ):
            volume = self.volumes.add()
            filled = {name: volume.id if value == "{}" else value for name, value in mapping.items()}
            server_id = self.active(imageRef="", **{key: [filled]})
            server = self.show(server_id)

            self.assertEqual((server["image"], volume.status), ("", "in-use"))
            self.assertEqual(
                server["os-extended-volumes:volumes_attached"],
                [{"id": volume.id, "delete_on_termination": "delete_on_termination" in mapping}],
            )
            self.ask("DELETE", f"/servers/{server_id}")
            self.clock.advance(1)
        self.assertEqual([each.status for each in self.volumes.volumes.values()], ["available"])

    def test_volume_from_image(self) -> None:
        """
        A block device from an image makes a volume in the pod's Cinder, at ``/os-volumes_boot`` too.
        """
        mapping = {
            "uuid": IMAGE,
            "source_type": "image",
            "destination_type": "volume",
            "boot_index": 0,
            "volume_size": 3,
        }
        server = {"name": "s", "imageRef": "", "flavorRef": "1", "block_device_mapping_v2": [mapping]}
        status, _ = self.ask("POST", "/os-volumes_boot", {"server": server})

        self.assertEqual(status, 202)
        self.assertEqual([each.size for each in self.volumes.volumes.values()], [3])

    def test_volume_gone_meanwhile(self) -> None:
        """
        A server whose new volume is deleted while it is built ends in ERROR.
        """
        mapping = {"uuid": IMAGE, "source_type": "image", "destination_type": "volume", "boot_index": 0}
        server_id = self.create(imageRef="", block_device_mapping_v2=[mapping])
        self.volumes.volumes.clear()
        self.clock.advance(5)
        self.assertEqual(self.show(server_id)["status"], "ERROR")

    def test_deleted_meanwhile(self) -> None:
        """
        A server deleted while it is built takes the new volume with it that was to go with it.
        """
        mapping = {"uuid": IMAGE, "source_type": "image", "destination_type": "volume", "boot_index": 0}
        for going in (True, False):
            wanted = {**mapping, "delete_on_termination": going}
            server_id = self.create(imageRef="", block_device_mapping_v2=[wanted])
            self.ask("DELETE", f"/servers/{server_id}")
            self.clock.advance(10)
            self.assertEqual(len(self.volumes.volumes), 0 if going else 1)

    def test_anothers_volume(self) -> None:
        """
        Another project's volume is not found.
        """
        volume = self.volumes.add(project_id="someone")
        mapping = {"uuid": volume.id, "source_type": "volume", "boot_index": 0}
        status, message = self.refused(imageRef=None, block_device_mapping_v2=[mapping])
        self.assertEqual(
            (status, message),
            (400, f"Block Device Mapping is Invalid: failed to get volume {volume.id}."),
        )

    def test_group_member(self) -> None:
        """
        A server with a group hint is a member of the group, and shows it.
        """
        group = {"server_group": {"name": "g", "policies": ["affinity"]}}
        group_id = self.ask("POST", "/os-server-groups", group)[1]["server_group"]["id"]
        server_id = self.create(hints={"group": group_id})

        self.assertEqual(self.show(server_id)["server_groups"], [group_id])
        self.assertEqual(
            self.ask("GET", f"/os-server-groups/{group_id}")[1]["server_group"]["members"], [server_id]
        )
