"""
Creating servers at the fake Nova: what depends on its clock, its behaviours and its insides.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.nova_pod import IMAGE, NovaTestCase


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

    def test_raw_body_is_kept(self) -> None:
        """
        The sandbox shows the body that a server was created from.
        """
        self.create(metadata={"deep": "value"})
        _, body = self.ask("GET", "/_sandbox/servers")
        self.assertEqual(body["servers"][0]["created_from"]["metadata"], {"deep": "value"})

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
