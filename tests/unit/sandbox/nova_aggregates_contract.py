"""
What a Nova says of host aggregates.
"""

from __future__ import annotations

import uuid
from typing import Any

from tests.unit.sandbox.nova_contract import NovaContract

_NOBODY = "00000000-0000-4000-8000-000000000000"


class NovaAggregatesContract(NovaContract):
    """
    Aggregates; what is made is deleted again, and no host gets another zone.
    """

    def made(self, minor: int = 1, **fields: Any) -> dict[str, Any]:
        """
        A new aggregate.
        """
        wanted = {"name": f"contract-{uuid.uuid4().hex[:8]}", **fields}
        status, body = self.ask("POST", "/os-aggregates", {"aggregate": wanted}, who="admin", minor=minor)
        self.assertEqual(status, 200, body)
        number = body["aggregate"]["id"]
        self.addCleanup(lambda: self.ask("DELETE", f"/os-aggregates/{number}", who="admin"))
        aggregate: dict[str, Any] = body["aggregate"]
        return aggregate

    def refused(self, method: str, path: str, body: Any = None, minor: int = 1) -> tuple[int, str]:
        """
        Status and words of a refusal.
        """
        return self.fault(method, path, body, who="admin", minor=minor)

    def test_create_and_show(self) -> None:
        """
        A new aggregate is shown without hosts and metadata, later with them; its uuid from 2.41 on.
        """
        made = self.made()
        self.assertEqual(
            {
                *("id", "name", "created_at", "updated_at", "deleted_at", "deleted"),
                "availability_zone",
            },
            set(made),
        )
        self.assertIsNone(made["availability_zone"])
        shown = self.ask("GET", f"/os-aggregates/{made['id']}", who="admin", minor=41)[1]["aggregate"]
        self.assertEqual(([], {}), (shown["hosts"], shown["metadata"]))
        self.assertEqual(36, len(shown["uuid"]))
        listed = self.ask("GET", "/os-aggregates", who="admin", minor=41)[1]["aggregates"]
        self.assertIn(shown, listed)
        zoned = self.made(minor=41, availability_zone="contract-zone")
        self.assertEqual(("contract-zone", True), (zoned["availability_zone"], "uuid" in zoned))

    def test_refusals(self) -> None:
        """
        Names, zones and ids are checked, and nobody but admins may look.
        """
        made = self.made()
        path = f"/os-aggregates/{made['id']}"
        again = {"aggregate": {"name": made["name"]}}
        self.assertEqual(
            (409, f"Aggregate {made['name']} already exists."), self.refused("POST", "/os-aggregates", again)
        )
        for fields, words in (
            ({}, "Invalid input for field/attribute aggregate. Value: {}. 'name' is a required property"),
            (
                {"name": ""},
                "Invalid input for field/attribute name. Value: . '' should be non-empty",
            ),
            (
                {"name": "x", "availability_zone": "a:b"},
                "Invalid input for field/attribute availability_zone. Value: a:b. 'a:b' is not valid under any of the given "
                "schemas",
            ),
        ):
            self.assertEqual((400, words), self.refused("POST", "/os-aggregates", {"aggregate": fields}))
        integer = (400, "Invalid input received: id must be an integer")
        self.assertEqual(integer, self.refused("GET", f"/os-aggregates/{_NOBODY}"))
        for number in ("999999", "-1", "99999999999999999999"):
            gone = (404, f"Aggregate {number} could not be found.")
            self.assertEqual(gone, self.refused("GET", f"/os-aggregates/{number}"))
            self.assertEqual(gone, self.refused("DELETE", f"/os-aggregates/{number}"))
        for method, asked, body, policy in (
            ("GET", "/os-aggregates", None, "index"),
            ("GET", path, None, "show"),
            ("POST", "/os-aggregates", again, "create"),
            ("POST", f"{path}/action", {"add_host": {"host": "x"}}, "add_host"),
        ):
            words = f"Policy doesn't allow os_compute_api:os-aggregates:{policy} to be performed."
            self.assertEqual((403, words), self.fault(method, asked, body))

    def test_update(self) -> None:
        """
        Name and zone can be changed; a zone cannot be taken away.
        """
        made, other = self.made(), self.made()
        path = f"/os-aggregates/{made['id']}"
        name = made["name"] + "-2"
        fields = {"name": name, "availability_zone": "contract-zone"}
        shown = self.ask("PUT", path, {"aggregate": fields}, who="admin")[1]["aggregate"]
        self.assertEqual(
            (name, "contract-zone", {"availability_zone": "contract-zone"}),
            (shown["name"], shown["availability_zone"], shown["metadata"]),
        )
        self.assertIsNotNone(shown["updated_at"])
        taken = {"aggregate": {"name": other["name"]}}
        self.assertEqual(
            (409, f"Aggregate {other['name']} already exists."), self.refused("PUT", path, taken)
        )
        words = (
            f"Cannot update aggregate {made['id']}. Reason: Aggregate {name} does not support empty named "
            "availability zone."
        )
        self.assertEqual((400, words), self.refused("PUT", path, {"aggregate": {"availability_zone": None}}))

    def test_metadata(self) -> None:
        """
        Metadata is added to, and a null takes an item away, but for the zone.
        """
        made = self.made()
        path = f"/os-aggregates/{made['id']}/action"

        def told(**metadata: str | None) -> dict[str, Any]:
            body = self.ask("POST", path, {"set_metadata": {"metadata": metadata}}, who="admin")[1]
            shown: dict[str, Any] = body["aggregate"]["metadata"]
            return shown

        self.assertEqual({"a": "1", "b": "2"}, told(a="1", b="2"))
        self.assertEqual({"b": "2"}, told(a=None))
        self.assertEqual({"b": "2", "availability_zone": "z"}, told(availability_zone="z"))
        words = (
            f"Cannot update metadata of aggregate {made['id']}. Reason: Aggregate {made['name']} does not support empty "
            "named availability zone."
        )
        gone = {"set_metadata": {"metadata": {"availability_zone": None}}}
        self.assertEqual((400, words), self.refused("POST", path, gone))
        for body, said in (
            ({}, "Malformed request body"),
            ({"nosuch": {}}, "There is no such action: nosuch"),
            (
                {"set_metadata": {"metadata": {"k": 5}}},
                "Invalid input for field/attribute k. Value: 5. 5 is not of type 'string', 'null'",
            ),
        ):
            self.assertEqual((400, said), self.refused("POST", path, body))

    def test_hosts(self) -> None:
        """
        A host is added once and removed once, and an aggregate with a host stays.
        """
        made = self.made()
        path = f"/os-aggregates/{made['id']}"
        services = self.ask("GET", "/os-services?binary=nova-compute", who="admin")[1]["services"]
        host = services[0]["host"]
        add, remove = {"add_host": {"host": host}}, {"remove_host": {"host": host}}

        status, body = self.ask("POST", f"{path}/action", add, who="admin")
        self.assertEqual((200, [host]), (status, body["aggregate"]["hosts"]))
        self.assertEqual(
            (409, f"Aggregate {made['id']} already has host {host}."),
            self.refused("POST", f"{path}/action", add),
        )
        self.assertEqual(
            (
                400,
                f"Cannot remove host from aggregate {made['id']}. Reason: Host aggregate is not empty.",
            ),
            self.refused("DELETE", path),
        )
        status, body = self.ask("POST", f"{path}/action", remove, who="admin")
        self.assertEqual((200, []), (status, body["aggregate"]["hosts"]))
        self.assertEqual(
            (404, f"Cannot remove host {host} in aggregate {made['id']}"),
            self.refused("POST", f"{path}/action", remove),
        )
        self.assertEqual(
            (404, "Compute host nowhere could not be found."),
            self.refused("POST", f"{path}/action", {"add_host": {"host": "nowhere"}}),
        )
        self.assertEqual(
            (404, f"Cannot remove host nowhere in aggregate {made['id']}"),
            self.refused("POST", f"{path}/action", {"remove_host": {"host": "nowhere"}}),
        )

    def test_images(self) -> None:
        """
        From 2.81 on images are fetched by an aggregate's hosts.
        """
        made = self.made()
        path = f"/os-aggregates/{made['id']}/images"
        image = {"id": self.image}
        self.assertEqual(404, self.ask("POST", path, {"cache": [image]}, who="admin", minor=80)[0])
        self.assertEqual(202, self.ask("POST", path, {"cache": [image]}, who="admin", minor=81)[0])
        unknown = str(uuid.uuid4())
        self.assertEqual(
            (400, f"Image {unknown} could not be found."),
            self.refused("POST", path, {"cache": [{"id": unknown}]}, minor=81),
        )
        self.assertEqual(
            (400, "Duplicate images in request"),
            self.refused("POST", path, {"cache": [image, image]}, minor=81),
        )
        self.assertEqual(
            (404, "Aggregate 999999 could not be found."),
            self.refused("POST", "/os-aggregates/999999/images", {"cache": [image]}, minor=81),
        )
        self.assertEqual(
            (403, "Policy doesn't allow compute:aggregates:images to be performed."),
            self.fault("POST", path, {"cache": [image]}, minor=81),
        )
