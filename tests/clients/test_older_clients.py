"""
python-novaclient and python-cinderclient, which scripts and other services still use.
"""

from __future__ import annotations

from typing import Any

import novaclient
from cinderclient import exceptions as cinder_exceptions
from novaclient import api_versions
from novaclient import exceptions as nova_exceptions

from tests.clients.cloud import NOTHING, UserCase, next_second, until


class NovaTests(UserCase):
    """
    python-novaclient.
    """

    def setUp(self) -> None:
        super().setUp()
        self.nova = self.user.nova(novaclient.API_MAX_VERSION.get_string())
        self.flavor = self.nova.flavors.find(name="m1.tiny")
        self.image = self.user.sdk.image.find_image("cirros").id

    def server(self, name: str = "one", zone: str | None = "az1", image: str | None = "", **more: Any) -> Any:
        """
        Create a server and wait until it is there.
        """
        image = self.image if image == "" else image
        made = self.nova.servers.create(name, image, self.flavor, nics="none", availability_zone=zone, **more)
        until(lambda: self.nova.servers.get(made.id).status == "ACTIVE")
        return self.nova.servers.get(made.id)

    def test_versions(self) -> None:
        """
        The newest microversion that client and cloud have in common is used, or the one that is asked for.
        """
        self.assertEqual("2.104", self.nova.versions.get_current().version)
        newest = api_versions.discover_version(self.user.nova("2.1"), api_versions.APIVersion("2.latest"))
        self.assertEqual(novaclient.API_MAX_VERSION, newest)
        server = self.server(description="nice")
        self.assertEqual("nice", server.description)
        old = self.user.nova("2.1").servers.get(server.id)
        self.assertFalse(hasattr(old, "description"))
        self.assertEqual(self.flavor.id, old.flavor["id"])

    def test_list(self) -> None:
        """
        Lists are paged by limit and marker and sorted by several keys.
        """
        made = []
        for number in range(4):
            zone = f"az{number % 2 + 1}"
            made.append(
                self.nova.servers.create(
                    f"s{number // 2}", self.image, self.flavor, nics="none", availability_zone=zone
                ).id
            )
            next_second()

        def listed(**asked: Any) -> list[str]:
            return [server.id for server in self.nova.servers.list(**asked)]

        self.assertEqual(made[::-1], listed())
        self.assertEqual(made[:1:-1], listed(limit=2))
        self.assertEqual(made[1::-1], listed(marker=made[2], limit=2))
        self.assertEqual([], listed(marker=made[0]))
        self.assertEqual(made[::-1], listed(limit=-1))
        self.assertEqual(made, listed(sort_keys=["created_at"], sort_dirs=["asc"]))
        by_name = listed(sort_keys=["display_name", "created_at"], sort_dirs=["desc", "asc"])
        self.assertEqual([made[2], made[3], made[0], made[1]], by_name)
        self.assertEqual(made[1::-1], listed(search_opts={"name": "s0"}))
        self.assertRaises(nova_exceptions.BadRequest, listed, marker=NOTHING)
        self.assertEqual(
            ["s1", "s1"], [each.name for each in self.nova.servers.list(detailed=False, limit=2)]
        )

    def test_boot_from_volume(self) -> None:
        """
        A server whose block devices name a volume is made in the volume's pod, without a zone too.
        """
        self.server()
        volume = self.user.sdk.block_storage.create_volume(
            name="root", size=1, availability_zone="az2", image_id=self.image
        )
        until(lambda: self.user.sdk.block_storage.get_volume(volume.id).status == "available")
        devices = [
            {"boot_index": 0, "uuid": volume.id, "source_type": "volume", "destination_type": "volume"}
        ]
        server = self.server("two", None, None, block_device_mapping_v2=devices)
        self.assertEqual("Pod3", self.cloud.pod_of(server.id))
        (attached,) = self.nova.volumes.get_server_volumes(server.id)
        self.assertEqual(volume.id, attached.volumeId)

    def test_hints(self) -> None:
        """
        A hint that names a server leads to its pod, and reaches it.
        """
        first = self.server("one", "az2")
        second = self.server("two", None, scheduler_hints={"same_host": first.id})
        self.assertEqual("Pod3", self.cloud.pod_of(second.id))
        pod = self.cloud.pod("Pod3")
        listed = self.user.ask(f"http://127.0.0.1:{pod.nova}/_sandbox/servers").json()["servers"]
        (hints,) = [each["scheduler_hints"] for each in listed if each["id"] == second.id]
        self.assertEqual({"same_host": first.id}, hints)

    def test_hints_apart(self) -> None:
        """
        Hints that name servers of two pods cannot both be followed.
        """
        first, second = self.server("one", "az1"), self.server("two", "az2")
        hints = {"same_host": [first.id, second.id]}
        refused = self.assertRaises(
            nova_exceptions.BadRequest, self.server, "three", None, scheduler_hints=hints
        )
        self.assertIn(first.id, str(refused))
        self.assertIn(second.id, str(refused))

    def test_many_at_once(self) -> None:
        """
        Servers that are made by one request are all found.
        """
        self.nova.servers.create("s", self.image, self.flavor, nics="none", min_count=3, max_count=3)
        listed = until(
            lambda: (
                [s for s in self.nova.servers.list() if s.status == "ACTIVE"][2:] and self.nova.servers.list()
            )
        )
        self.assertEqual(["s-1", "s-2", "s-3"], sorted(server.name for server in listed))
        for server in listed:
            self.nova.servers.delete(server)
        until(lambda: self.nova.servers.list() == [])

    def test_actions(self) -> None:
        """
        Actions, metadata and interfaces of a server.
        """
        server = self.server()
        self.nova.servers.set_meta(server, {"a": "1"})
        self.assertEqual({"a": "1"}, self.nova.servers.get(server.id).metadata)
        self.nova.servers.stop(server)
        until(lambda: self.nova.servers.get(server.id).status == "SHUTOFF")
        self.assertRaises(nova_exceptions.Conflict, self.nova.servers.stop, server)
        self.nova.servers.rebuild(server, self.image)
        until(lambda: self.nova.servers.get(server.id).status in ("ACTIVE", "SHUTOFF"))
        self.assertIn("FAKE CONSOLE", self.nova.servers.get_console_output(server))
        self.assertEqual([], self.nova.servers.interface_list(server))
        self.assertEqual({}, self.nova.servers.ips(server))

    def test_zones_and_flavors(self) -> None:
        """
        Zones and flavors, as users and as admins see them.
        """
        self.assertEqual(
            ["az1", "az2"],
            sorted(each.zoneName for each in self.nova.availability_zones.list(detailed=False)),
        )
        detailed = self.cloud.admin.nova("2.1").availability_zones.list(detailed=True)
        self.assertLessEqual({"az1", "az2"}, {each.zoneName for each in detailed})
        self.assertRaises(nova_exceptions.Forbidden, self.nova.availability_zones.list, detailed=True)
        names = [flavor.name for flavor in self.nova.flavors.list(limit=3)]
        self.assertEqual(3, len(names))

    def test_nothing(self) -> None:
        """
        What is not there is not found.
        """
        self.assertRaises(nova_exceptions.NotFound, self.nova.servers.get, NOTHING)
        self.assertRaises(nova_exceptions.NotFound, self.nova.servers.delete, "nope")
        self.assertRaises(nova_exceptions.NotFound, self.nova.flavors.get, "nope")


class CinderTests(UserCase):
    """
    python-cinderclient.
    """

    def setUp(self) -> None:
        super().setUp()
        self.cinder = self.user.cinder("3.71")

    def volume(self, zone: str = "az1", **more: Any) -> Any:
        """
        Create a volume and wait until it is there.
        """
        made = self.cinder.volumes.create(1, availability_zone=zone, **more)
        until(lambda: self.cinder.volumes.get(made.id).status == "available")
        return self.cinder.volumes.get(made.id)

    def test_list(self) -> None:
        """
        Lists are paged by limit and marker, sorted, filtered and counted.
        """
        made = []
        for number in range(4):
            zone = f"az{number % 2 + 1}"
            made.append(self.cinder.volumes.create(1, name=f"v{number // 2}", availability_zone=zone).id)
            next_second()

        def listed(**asked: Any) -> list[str]:
            return [volume.id for volume in self.cinder.volumes.list(**asked)]

        self.assertEqual(made[::-1], listed())
        self.assertEqual(made[:1:-1], listed(limit=2))
        self.assertEqual(made[1::-1], listed(marker=made[2], limit=2))
        self.assertEqual(made, listed(sort="created_at:asc"))
        self.assertEqual([made[2], made[3], made[0], made[1]], listed(sort="name:desc,created_at:asc"))
        self.assertEqual(made[1::-1], listed(search_opts={"name": "v0"}))
        self.assertRaises(cinder_exceptions.NotFound, listed, marker=NOTHING)
        volumes, count = self.cinder.volumes.list(limit=1, search_opts={"with_count": True})
        self.assertEqual((1, 4), (len(volumes), count))

    def test_life(self) -> None:
        """
        A volume is created, changed and deleted.
        """
        volume = self.volume(name="one", metadata={"a": "1"})
        self.assertEqual("Pod", self.cloud.pod_of(volume.id)[:3])
        self.cinder.volumes.update(volume, name="two")
        self.cinder.volumes.set_metadata(volume, {"b": "2"})
        self.cinder.volumes.extend(volume, 2)
        until(lambda: self.cinder.volumes.get(volume.id).size == 2)
        shown = self.cinder.volumes.get(volume.id)
        self.assertEqual(("two", {"a": "1", "b": "2"}), (shown.name, shown.metadata))
        self.cinder.volumes.delete(volume)
        until(lambda: self.cinder.volumes.list() == [])
        self.assertRaises(cinder_exceptions.NotFound, self.cinder.volumes.get, volume.id)

    def test_snapshots(self) -> None:
        """
        A snapshot is made, listed and made a volume of.
        """
        volume = self.volume("az2")
        snapshot = self.cinder.volume_snapshots.create(volume.id, name="snap")
        until(lambda: self.cinder.volume_snapshots.get(snapshot.id).status == "available")
        self.assertEqual([snapshot.id], [each.id for each in self.cinder.volume_snapshots.list()])
        copy = self.cinder.volumes.create(1, snapshot_id=snapshot.id)
        until(lambda: self.cinder.volumes.get(copy.id).status == "available")
        self.assertEqual("Pod3", self.cloud.pod_of(copy.id))
        self.assertEqual("az2", self.cinder.volumes.get(copy.id).availability_zone)

    def test_summary(self) -> None:
        """
        The summary adds up what the pods have.
        """
        self.volume("az1")
        self.volume("az2", metadata={"a": "1"})
        summary = self.cinder.volumes.summary(all_tenants=False)["volume-summary"]
        self.assertEqual((2, 2), (summary["total_count"], summary["total_size"]))

    def test_zones_and_types(self) -> None:
        """
        Zones and volume types.
        """
        self.assertEqual(
            ["az1", "az2"], sorted(each.zoneName for each in self.cinder.availability_zones.list())
        )
        self.assertTrue(self.cinder.volume_types.list())
        self.assertTrue(self.cinder.volume_types.default().name)
