"""
Flavors, quotas and the operators' part of the fake Nova: what depends on its clock and its insides.
"""

from __future__ import annotations

from tests.unit.sandbox.nova_pod import DEMO, NOWHERE, NovaTestCase
from trio2o.sandbox.answers import Fault
from trio2o.sandbox.nova.quotas import servers_allowed


class FlavorTests(NovaTestCase):
    """
    ``/flavors``.
    """

    def make(self, **fields: object) -> tuple[int, object]:
        """
        Status and body of a create.
        """
        flavor = {"name": "f", "ram": 64, "vcpus": 1, "disk": 1, "id": "fz", **fields}
        return self.ask("POST", "/flavors", {"flavor": flavor}, who="admin")

    def test_create_and_delete(self) -> None:
        """
        Admins make and remove flavors; id and name are unique; lists follow at once.
        """
        self.ask("GET", "/flavors")
        self.assertEqual(self.make()[0], 200)
        self.assertIn("fz", [each["id"] for each in self.ask("GET", "/flavors")[1]["flavors"]])
        for fields, words in (
            ({"id": "other"}, "Flavor with name f already exists."),
            ({"name": "g"}, "Flavor with ID fz already exists."),
        ):
            status, body = self.make(**fields)
            self.assertEqual((status, body["conflictingRequest"]["message"]), (409, words))  # type: ignore[index]
        self.assertEqual(self.ask("DELETE", "/flavors/fz")[0], 403)
        self.assertEqual(self.ask("DELETE", "/flavors/fz", who="admin"), (202, None))
        self.assertEqual(self.ask("GET", "/flavors/fz")[0], 404)


class QuotaTests(NovaTestCase):
    """
    Limits and quotas.
    """

    def test_no_limit(self) -> None:
        """
        -1 is no limit.
        """
        used = {"instances": 500, "cores": 0, "ram": 0}
        limits = {"instances": -1, "cores": -1, "ram": 512}
        self.assertEqual(servers_allowed(1, 9, 4, 256, used, limits), 2)
        with self.assertRaises(Fault):
            servers_allowed(3, 9, 4, 256, used, limits)


class OperatorTests(NovaTestCase):
    """
    Zones, services, hypervisors, usage.
    """

    def test_zones(self) -> None:
        """
        Everybody sees the zones, admins their hosts too.
        """
        _, body = self.ask("GET", "/os-availability-zone")
        self.assertEqual([each["zoneName"] for each in body["availabilityZoneInfo"]], ["nova", "second"])
        self.assertEqual(self.ask("GET", "/os-availability-zone/detail")[0], 403)
        _, body = self.ask("GET", "/os-availability-zone/detail", who="admin")
        self.assertIn("pod1-compute", body["availabilityZoneInfo"][1]["hosts"])

    def test_zone_of_an_aggregate(self) -> None:
        """
        An aggregate with a zone takes its hosts into that; not those that have servers, nor those of another such zone.
        """

        def acts(number: int, action: str) -> tuple[int, str]:
            body = {action: {"host": "pod1-compute"}}
            status, said = self.ask("POST", f"/os-aggregates/{number}/action", body, who="admin")
            return status, "" if status == 200 else next(iter(said.values()))["message"]

        def zones() -> list[str]:
            _, body = self.ask("GET", "/os-availability-zone")
            return [each["zoneName"] for each in body["availabilityZoneInfo"]]

        for zone in ("a", "b", None):
            wanted = {"name": f"of {zone}", "availability_zone": zone}
            self.ask("POST", "/os-aggregates", {"aggregate": wanted}, who="admin")

        self.assertEqual((200, ""), acts(1, "add_host"))
        self.assertEqual((200, ""), acts(3, "add_host"))
        self.assertEqual(["a", "second"], zones())
        (service,) = self.ask("GET", "/os-services?binary=nova-compute", who="admin")[1]["services"]
        self.assertEqual("a", service["zone"])
        self.assertEqual(
            (
                409,
                "Cannot add host to aggregate 2. Reason: One or more hosts already in availability zone(s) ['a'].",
            ),
            acts(2, "add_host"),
        )
        self.active()
        self.assertEqual(409, acts(1, "remove_host")[0])
        self.assertIn(
            "would change from 'a' to 'None' but the host already has 1 instance(s).",
            acts(1, "remove_host")[1],
        )
        self.assertEqual(
            (
                400,
                "Cannot update aggregate 1. Reason: One or more hosts contain instances in this zone.",
            ),
            self.fault("PUT", "/os-aggregates/1", {"aggregate": {"availability_zone": "c"}}, who="admin"),
        )
        self.assertEqual((200, ""), acts(3, "remove_host"))

    def test_hypervisors(self) -> None:
        """
        The hypervisor counts what runs on it; its id is a number below 2.53; statistics end at 2.87.
        """
        self.active(flavorRef="3")
        path = "/os-hypervisors"
        self.assertEqual(self.ask("GET", path)[0], 403)
        _, body = self.ask("GET", f"{path}/statistics", who="admin")
        counted = body["hypervisor_statistics"]
        self.assertEqual((counted["running_vms"], counted["vcpus_used"]), (1, 2))
        self.assertEqual(self.ask("GET", f"{path}/statistics", who="admin", minor=88)[0], 404)
        _, body = self.ask("GET", path, who="admin")
        self.assertEqual(body["hypervisors"][0]["id"], 1)
        self.assertEqual(self.ask("GET", f"{path}/1", who="admin")[0], 200)
        self.assertEqual(self.fault("GET", f"{path}/1", who="admin", minor=53), (400, "Invalid uuid 1"))
        self.assertEqual(self.ask("GET", f"{path}/{NOWHERE}", who="admin", minor=53)[0], 404)

    def test_usage(self) -> None:
        """
        Usage is hours times size within the period.
        """
        self.active(flavorRef="3")
        self.clock.advance(7200)
        period = "start=2026-01-01T00:00:00&end=2026-01-01T01:00:05"
        _, body = self.ask("GET", f"/os-simple-tenant-usage/{DEMO}?{period}")
        usage = body["tenant_usage"]
        self.assertEqual((usage["total_hours"], usage["total_vcpus_usage"]), (1.0, 2.0))
        self.assertEqual(usage["server_usages"][0]["uptime"], 7200)
        _, body = self.ask("GET", f"/os-simple-tenant-usage?{period}", who="admin")
        self.assertEqual([each["tenant_id"] for each in body["tenant_usages"]], [DEMO])
        self.assertEqual(self.ask("GET", "/os-simple-tenant-usage")[0], 403)
