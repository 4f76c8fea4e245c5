"""
``openstack`` and volume types, QoS specs and group types, which every pod has by ids of its own.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.clients.cloud import UserCase, until


class TypeCase(UserCase):
    """
    An admin's types; what a test makes is gone after it.
    """

    def as_admin(self, words: str) -> Any:
        """
        What an admin's command shows.
        """
        return self.cli_json(words, person=self.cloud.admin)

    def by_admin(self, words: str) -> None:
        """
        Run an admin's command.
        """
        self.cli(words, person=self.cloud.admin)

    def a_type(self, options: str = "") -> tuple[str, str]:
        """
        Create a volume type; its name and id.
        """
        name = f"type-{uuid4().hex[:8]}"
        made = self.as_admin(f"volume type create {options} {name}")["id"]
        self.addCleanup(self.by_admin, f"volume type delete {made}")
        return name, made


class VolumeTypeTests(TypeCase):
    """
    ``volume type``.
    """

    def test_life(self) -> None:
        """
        A type is created with properties and encryption, changed, shown by name and id, listed and deleted.
        """
        name, made = self.a_type(
            "--property color=blue --encryption-provider luks --encryption-cipher aes --encryption-key-size 256"
            " --encryption-control-location front-end"
        )
        self.by_admin(f"volume type set --property size=large --description nice {name}")
        self.by_admin(f"volume type unset --property color {made}")
        for reference in (name, made):
            shown = self.as_admin(f"volume type show --encryption-type {reference}")
            self.assertEqual((made, name, "nice"), (shown["id"], shown["name"], shown["description"]))
            self.assertEqual({"size": "large"}, shown["properties"])
            self.assertIn("luks", str(shown["encryption"]))
        listed = self.as_admin("volume type list --encryption-type")
        self.assertIn((made, name), {(each["ID"], each["Name"]) for each in listed})
        self.by_admin(f"volume type unset --encryption-type {name}")
        self.assertNotIn("luks", str(self.as_admin(f"volume type show --encryption-type {name}")))

    def test_volumes(self) -> None:
        """
        Volumes of both zones are made by the type's id, and show its name.
        """
        name, made = self.a_type()
        for zone in ("az1", "az2"):
            volume = self.cli_json(
                f"volume create --size 1 --type {made} --availability-zone {zone} of-{zone}"
            )["id"]
            until(lambda: self.cli_json(f"volume show {volume}")["status"] == "available")  # noqa: B023
            self.assertEqual(name, self.cli_json(f"volume show {volume}")["type"])
            self.cli(f"volume delete {volume}")
        until(lambda: self.cli_json("volume list") == [])

    def test_private(self) -> None:
        """
        A private type is there for the projects that were given access, and for nobody else.
        """
        name, made = self.a_type("--private")
        self.assertIn(made, self.cli_fails(f"volume type show {made}"))
        self.by_admin(f"volume type set --project {self.user.project_id} {name}")
        self.assertEqual(name, self.cli_json(f"volume type show {made}")["name"])
        shown = self.as_admin(f"volume type show {name}")
        self.assertEqual([self.user.project_id], shown["access_project_ids"])
        self.by_admin(f"volume type unset --project {self.user.project_id} {name}")
        self.assertIn(made, self.cli_fails(f"volume type show {made}"))


class QosTests(TypeCase):
    """
    ``volume qos``.
    """

    def test_life(self) -> None:
        """
        QoS specs are created, changed, associated with a type and taken from it, and deleted.
        """
        type_name, of_type = self.a_type()
        name = f"qos-{uuid4().hex[:8]}"
        made = self.as_admin(f"volume qos create --consumer front-end --property read_iops_sec=9 {name}")[
            "id"
        ]
        self.by_admin(f"volume qos set --property write_iops_sec=7 {made}")
        self.by_admin(f"volume qos unset --property read_iops_sec {name}")
        self.by_admin(f"volume qos associate {name} {of_type}")
        shown = self.as_admin(f"volume qos show {name}")
        self.assertEqual((made, {"write_iops_sec": "7"}), (shown["id"], shown["properties"]))
        self.assertEqual([type_name], shown["associations"])
        self.by_admin(f"volume qos disassociate --volume-type {of_type} {made}")
        self.by_admin(f"volume qos delete {made}")
        self.assertNotIn(made, {each["ID"] for each in self.as_admin("volume qos list")})


class GroupTypeTests(TypeCase):
    """
    ``volume group type``.
    """

    def test_life(self) -> None:
        """
        A group type is created, changed and deleted.
        """
        version = "--os-volume-api-version 3.38"
        name = f"group-type-{uuid4().hex[:8]}"
        made = self.as_admin(f"{version} volume group type create {name}")["ID"]
        self.by_admin(f"{version} volume group type set --property a=b {name}")
        shown = self.as_admin(f"{version} volume group type show {made}")
        self.assertEqual((name, {"a": "b"}), (shown["Name"], shown["Properties"]))
        self.by_admin(f"{version} volume group type delete {made}")
        self.assertIn(
            made, self.cli_fails(f"{version} volume group type show {made}", person=self.cloud.admin)
        )
