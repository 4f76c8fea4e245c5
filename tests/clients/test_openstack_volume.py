"""
``openstack`` and volumes and snapshots.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.clients.cloud import NOTHING, ClientsCase, UserCase, next_second, until


class VolumeCase(UserCase):
    """
    A user in an empty project.
    """

    def volume(self, name: str, zone: str = "az1", options: str = "") -> str:
        """
        Create a volume and wait until it is there; its id.
        """
        made: str = self.cli_json(f"volume create --size 1 --availability-zone {zone} {options} {name}")["id"]
        self.available(made)
        return made

    def available(self, volume_id: str) -> None:
        """
        Wait until a volume is available.
        """
        until(lambda: self.user.sdk.block_storage.get_volume(volume_id).status == "available")

    def shown(self, volume: str) -> Any:
        """
        What ``volume show`` tells.
        """
        return self.cli_json(f"volume show {volume}")


class LifeTests(VolumeCase):
    """
    A volume from its creation to its end.
    """

    def test_create_and_delete(self) -> None:
        """
        A volume is created in a zone, shown with the top region's words, and deleted.
        """
        made = self.volume("data", "az2", "--property a=b --description nice")
        shown = self.shown("data")
        self.assertEqual((made, "az2", 1), (shown["id"], shown["availability_zone"], shown["size"]))
        self.assertEqual(({"a": "b"}, "nice"), (shown["properties"], shown["description"]))
        self.assertEqual("Pod3", self.cloud.pod_of(made))
        self.cli("volume delete data")
        until(lambda: self.cli_json("volume list") == [])
        self.assertIn("data", self.cli_fails("volume show data"))

    def test_changes(self) -> None:
        """
        A volume is renamed, labelled and extended.
        """
        volume = self.volume("data")
        self.cli("volume set --name other --property a=b --size 2 data")
        until(lambda: self.shown("other")["size"] == 2)
        shown = self.shown("other")
        self.assertEqual((volume, {"a": "b"}), (shown["id"], shown["properties"]))
        self.cli("volume unset --property a other")
        self.assertEqual({}, self.shown("other")["properties"])

    def test_snapshot(self) -> None:
        """
        A snapshot is made, listed, made a volume of in the same pod, and deleted.
        """
        volume = self.volume("data", "az2")
        snapshot = self.cli_json("volume snapshot create --volume data --property a=b snap")["id"]
        until(lambda: self.cli_json("volume snapshot show snap")["status"] == "available")
        (listed,) = self.cli_json("volume snapshot list")
        self.assertEqual((snapshot, "snap"), (listed["ID"], listed["Name"]))
        shown = self.cli_json("volume snapshot show snap")
        self.assertEqual((volume, {"a": "b"}), (shown["volume_id"], shown["properties"]))
        copy = self.cli_json("volume create --snapshot snap copy")["id"]
        self.available(copy)
        self.assertEqual(snapshot, self.shown("copy")["snapshot_id"])
        pods = {self.cloud.pod_of(each) for each in (volume, snapshot, copy)}
        self.assertEqual({"Pod3"}, pods)
        self.cli("volume delete copy")
        self.cli("volume snapshot delete snap")
        until(lambda: self.cli_json("volume snapshot list") == [])

    def test_clone(self) -> None:
        """
        A volume made of another one is in its pod.
        """
        volume = self.volume("data", "az2")
        clone = self.cli_json("volume create --source data clone")["id"]
        self.available(clone)
        self.assertEqual(self.cloud.pod_of(volume), self.cloud.pod_of(clone))

    def test_snapshot_of_another_zone(self) -> None:
        """
        A snapshot cannot become a volume of another zone.
        """
        self.volume("data", "az2")
        self.cli("volume snapshot create --volume data snap")
        until(lambda: self.cli_json("volume snapshot show snap")["status"] == "available")
        self.assertIn("400", self.cli_fails("volume create --snapshot snap --availability-zone az1 copy"))


class ListTests(VolumeCase):
    """
    Volumes of all pods in one list.
    """

    def setUp(self) -> None:
        super().setUp()
        self.volumes = []
        for number in range(4):
            made = self.user.sdk.block_storage.create_volume(
                name=f"v{number}", size=1, availability_zone=f"az{number % 2 + 1}"
            )
            self.volumes.append(made.id)
            next_second()
        for volume in self.volumes:
            self.available(volume)

    def names(self, line: str) -> list[str]:
        """
        The names of a list, in its order.
        """
        return [volume["Name"] for volume in self.cli_json(line)]

    def test_lists(self) -> None:
        """
        Newest first, paged by limit and marker, and filtered as in one cloud.
        """
        newest_first = ["v3", "v2", "v1", "v0"]
        self.assertEqual(newest_first, self.names("volume list"))
        self.assertEqual(newest_first, self.names("volume list --limit 3"))
        self.assertEqual(newest_first[2:], self.names(f"volume list --marker {self.volumes[2]}"))
        self.assertEqual(["v1"], self.names("volume list --name v1"))
        self.assertEqual([], self.names("volume list --status error"))
        self.assertEqual(newest_first[::-1], self.names("volume list --sort-column Name --sort-ascending"))
        self.assertEqual(newest_first, self.names("--os-volume-api-version 3.0 volume list --long"))

    def test_pod_down(self) -> None:
        """
        With a pod down its volumes are left out, which a header tells; the others are as ever.
        """
        with self.cloud.without("Pod3"):
            self.assertEqual(["v2", "v0"], self.names("volume list"))
            answer = self.user.ask(f"{self.cloud.volume}/{self.user.project_id}/volumes")
            self.assertEqual("az2", answer.headers["X-Trio2o-Incomplete-Zones"])
            self.assertIn("503", self.cli_fails(f"volume show {self.volumes[1]}"))
            self.assertEqual("available", self.shown(self.volumes[0])["status"])
        self.assertEqual(["v3", "v2", "v1", "v0"], self.names("volume list"))


class OwnerTests(VolumeCase):
    """
    Whose volumes are listed.
    """

    def test_whose(self) -> None:
        """
        A stranger sees none of a user's volumes, an admin all.
        """
        volumes = [self.volume("one"), self.volume("two", "az2")]
        stranger = self.cloud.new_person()
        self.assertEqual([], self.cli_json("volume list", person=stranger))
        everything = self.cli_json("volume list --all-projects", person=self.cloud.admin)
        self.assertLessEqual(set(volumes), {volume["ID"] for volume in everything})


class RefusalTests(VolumeCase):
    """
    What users read when something cannot be.
    """

    def test_unknown_zone(self) -> None:
        """
        An unknown zone is refused in Cinder's words.
        """
        told = self.cli_fails("volume create --size 1 --availability-zone mars data")
        self.assertIn("Availability zone 'mars' is invalid", told)

    def test_unknown_volume(self) -> None:
        """
        An unknown volume is not found, by name and by id.
        """
        for volume in ("nope", NOTHING):
            for command in ("show", "delete"):
                self.assertIn(volume, self.cli_fails(f"volume {command} {volume}"))

    def test_other_projects_volume(self) -> None:
        """
        Another project's volume is not found, by name and by id, and nothing happens to it.
        """
        volume = self.volume("mine")
        stranger = self.cloud.new_person()
        for found_by in ("mine", volume):
            for command in ("show", "delete"):
                self.assertIn(found_by, self.cli_fails(f"volume {command} {found_by}", person=stranger))
        self.assertEqual("available", self.shown(volume)["status"])


class ScriptTests(ClientsCase):
    """
    The ``openstack`` script itself, without the shortcut that the other tests take.
    """

    def test_script(self) -> None:
        """
        It reaches the cloud by its file of clouds.
        """
        environment = {**os.environ, "OS_CLIENT_CONFIG_FILE": str(self.cloud.layout.clouds_file)}
        done = subprocess.run(
            [
                Path(sys.executable).with_name("openstack"),
                *("--os-cloud", "demo", "availability", "zone", "list", "--compute", "-f", "value"),
            ],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        self.assertEqual(["az1 available", "az2 available"], sorted(done.stdout.splitlines()))
