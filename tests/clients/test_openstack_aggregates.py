"""
The real ``openstack`` at host aggregates and availability zones, as an administrator.
"""

from __future__ import annotations

import uuid
from typing import Any

from tests.clients.cloud import ClientsCase


class AggregateTests(ClientsCase):
    """
    An aggregate of each test's own name; what is made is deleted again.
    """

    def setUp(self) -> None:
        super().setUp()
        self.name = f"agg-{uuid.uuid4().hex[:8]}"

    def admin(self, line: str) -> Any:
        """
        What a command of the administrator's tells.
        """
        return self.cli_json(line, person=self.cloud.admin)

    def gone(self) -> None:
        """
        Delete the aggregate.
        """
        self.cli(f"aggregate delete {self.name}", person=self.cloud.admin)

    def test_life(self) -> None:
        """
        Made with zone and property, shown by its name, given hosts of all pods, emptied and deleted.
        """
        made = self.admin(f"aggregate create --zone {self.name}-zone --property ssd=true {self.name}")
        self.assertEqual(f"{self.name}-zone", made["availability_zone"])
        shown = self.admin(f"aggregate show {self.name}")
        self.assertEqual(({"ssd": "true"}, []), (shown["properties"], shown["hosts"]))
        self.assertEqual(made["id"], shown["id"])
        self.cli(f"aggregate set --property ssd=false --property rack=7 {self.name}", person=self.cloud.admin)
        shown = self.admin(f"aggregate show {self.name}")
        self.assertEqual({"ssd": "false", "rack": "7"}, shown["properties"])
        self.cli(f"aggregate unset --property rack {self.name}", person=self.cloud.admin)
        listed = {item["Name"]: item for item in self.admin("aggregate list --long")}
        self.assertEqual({"ssd": "false"}, _without_zone(listed[self.name]["Properties"]))
        self.assertIn("ag_Pod1", listed)
        self.gone()
        self.assertIn(self.name, self.cli_fails(f"aggregate show {self.name}", person=self.cloud.admin))

    def test_hosts(self) -> None:
        """
        Hosts of every pod are added and removed by their names, and an unknown one is not found.
        """
        hosts = [service["Host"] for service in self.admin("compute service list --service nova-compute")]
        self.assertGreater(len(hosts), 1)
        self.cli(f"aggregate create {self.name}", person=self.cloud.admin)
        self.addCleanup(self.gone)
        for host in hosts:
            told = self.admin(f"aggregate add host {self.name} {host}")
            self.assertIn(host, told["hosts"])
        self.assertEqual(sorted(hosts), sorted(self.admin(f"aggregate show {self.name}")["hosts"]))
        refused = self.cli_fails(f"aggregate add host {self.name} {hosts[-1]}", person=self.cloud.admin)
        self.assertIn("already has host", refused)
        full = self.cli_fails(f"aggregate delete {self.name}", person=self.cloud.admin)
        self.assertIn("not empty", full)
        unknown = self.cli_fails(f"aggregate add host {self.name} nowhere", person=self.cloud.admin)
        self.assertIn("Compute host nowhere could not be found", unknown)
        for host in hosts:
            told = self.admin(f"aggregate remove host {self.name} {host}")
        self.assertEqual([], told["hosts"])

    def test_user(self) -> None:
        """
        Others than administrators see no aggregates, and zones without hosts.
        """
        somebody = self.cloud.new_person()
        self.assertIn("403", self.cli_fails("aggregate list", person=somebody))
        zones = self.cli_json("availability zone list --compute --long", person=somebody)
        self.assertEqual({""}, {zone["Host Name"] for zone in zones})

    def test_zones(self) -> None:
        """
        An administrator sees the hosts of all zones, and what is no compute host.
        """
        rows = self.admin("availability zone list --compute --long")
        zones: dict[str, set[str]] = {}
        for row in rows:
            zones.setdefault(row["Zone Name"], set()).add(row["Service Name"])
        self.assertLessEqual({"az1", "az2", "internal"}, set(zones))
        self.assertIn("nova-compute", zones["az1"])
        self.assertIn("nova-conductor", zones["internal"])


def _without_zone(properties: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in properties.items() if key != "availability_zone"}
