"""
Flavors, key pairs, quotas, groups and the operators' part of the fake Nova.
"""

from __future__ import annotations

from tests.unit.sandbox.nova_pod import DEMO, NOWHERE, OTHER, NovaTestCase
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

    def test_keys(self) -> None:
        """
        A flavor's keys follow the microversions.
        """
        old = self.ask("GET", "/flavors/1")[1]["flavor"]
        self.assertEqual(
            list(old),
            [
                "id",
                "name",
                "ram",
                "disk",
                "swap",
                "OS-FLV-EXT-DATA:ephemeral",
                "OS-FLV-DISABLED:disabled",
                "vcpus",
                "os-flavor-access:is_public",
                "rxtx_factor",
                "links",
            ],
        )
        self.assertEqual(old["swap"], "")
        new = self.ask("GET", "/flavors/1", minor=75)[1]["flavor"]
        self.assertEqual(new["swap"], 0)
        self.assertEqual(set(new) - set(old), {"description", "extra_specs"})

    def test_pages(self) -> None:
        """
        Flavors are paged by id; an unknown marker is a 400.
        """
        _, body = self.ask("GET", "/flavors?limit=2")
        self.assertEqual([each["id"] for each in body["flavors"]], ["1", "2"])
        self.assertIn("limit=2&marker=2", body["flavors_links"][0]["href"])
        self.assertEqual(self.fault("GET", "/flavors?marker=zz"), (400, "marker [zz] not found"))
        self.assertEqual(self.fault("GET", "/flavors/zz"), (404, "Flavor zz could not be found."))

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

    def test_extra_specs(self) -> None:
        """
        Extra specs are added, shown and removed.
        """
        self.make()
        path = "/flavors/fz/os-extra_specs"
        specs = {"extra_specs": {"a": "b"}}
        self.assertEqual(self.ask("POST", path, specs)[0], 403)
        self.assertEqual(self.ask("POST", path, specs, who="admin"), (200, specs))
        self.assertEqual(self.ask("GET", f"{path}/a"), (200, {"a": "b"}))
        self.assertEqual(self.ask("PUT", f"{path}/a", {"a": "c"}, who="admin"), (200, {"a": "c"}))
        self.assertEqual(self.ask("DELETE", f"{path}/a", who="admin"), (200, None))
        self.assertEqual(self.fault("GET", f"{path}/a"), (404, "Flavor fz has no extra specs with key a."))

    def test_private(self) -> None:
        """
        A private flavor is there for the projects that have access.
        """
        self.make(**{"os-flavor-access:is_public": False})
        self.assertEqual(self.ask("GET", "/flavors/fz")[0], 404)
        grant = {"addTenantAccess": {"tenant": DEMO}}
        self.assertEqual(self.ask("POST", "/flavors/fz/action", grant, who="admin")[0], 200)
        self.assertEqual(self.ask("GET", "/flavors/fz")[0], 200)
        self.assertEqual(self.ask("GET", "/flavors/fz", who="other")[0], 404)


class KeyPairTests(NovaTestCase):
    """
    ``/os-keypairs``.
    """

    def test_life(self) -> None:
        """
        A key pair is generated, shown without its private half, and removed; the status follows the
        microversion.
        """
        status, body = self.ask("POST", "/os-keypairs", {"keypair": {"name": "k"}})
        self.assertEqual(status, 200)
        self.assertIn("private_key", body["keypair"])
        _, shown = self.ask("GET", "/os-keypairs/k")
        self.assertNotIn("private_key", shown["keypair"])
        self.assertEqual(shown["keypair"]["fingerprint"], body["keypair"]["fingerprint"])
        self.assertEqual(
            self.fault("POST", "/os-keypairs", {"keypair": {"name": "k"}}),
            (409, "Key pair 'k' already exists."),
        )
        self.assertEqual(self.ask("GET", "/os-keypairs", who="other")[1], {"keypairs": []})
        self.assertEqual(self.ask("DELETE", "/os-keypairs/k")[0], 202)
        self.assertEqual(
            self.fault("DELETE", "/os-keypairs/k"), (404, "Keypair k not found for user demo-user")
        )
        public = {"keypair": {"name": "i", "public_key": body["keypair"]["public_key"]}}
        status, imported = self.ask("POST", "/os-keypairs", public, minor=92)
        self.assertEqual((status, imported["keypair"]["type"]), (201, "ssh"))
        self.assertEqual(imported["keypair"]["fingerprint"], body["keypair"]["fingerprint"])
        self.assertEqual(self.ask("DELETE", "/os-keypairs/i", minor=2)[0], 204)

    def test_refused(self) -> None:
        """
        Keys that are none are a 400; from 2.92 on nothing is generated; another's keys are an admin's matter.
        """
        self.assertEqual(
            self.fault("POST", "/os-keypairs", {"keypair": {"name": "k", "public_key": "zz"}}),
            (400, "Keypair data is invalid: failed to generate fingerprint"),
        )
        self.assertEqual(self.ask("POST", "/os-keypairs", {"keypair": {"name": "k"}}, minor=92)[0], 400)
        self.assertEqual(self.ask("GET", "/os-keypairs?user_id=other-user", minor=10)[0], 403)
        self.assertEqual(self.ask("GET", "/os-keypairs?user_id=other-user", minor=10, who="admin")[0], 200)


class QuotaTests(NovaTestCase):
    """
    Limits and quotas.
    """

    def test_limits(self) -> None:
        """
        Limits tell what is used, and lose keys with the microversions.
        """
        self.active(flavorRef="3")
        absolute = self.ask("GET", "/limits")[1]["limits"]["absolute"]
        self.assertEqual(
            (absolute["totalInstancesUsed"], absolute["totalCoresUsed"], absolute["totalRAMUsed"]),
            (1, 2, 4096),
        )
        for minor, gone in ((36, "maxTotalFloatingIps"), (39, "maxImageMeta"), (57, "maxPersonality")):
            self.assertIn(gone, self.ask("GET", "/limits", minor=minor - 1)[1]["limits"]["absolute"])
            self.assertNotIn(gone, self.ask("GET", "/limits", minor=minor)[1]["limits"]["absolute"])
        self.assertEqual(self.ask("GET", f"/limits?tenant_id={OTHER}")[0], 403)

    def test_quota_sets(self) -> None:
        """
        Admins set quotas, not below what is used; a delete brings the defaults back.
        """
        path = f"/os-quota-sets/{DEMO}"
        wanted = {"quota_set": {"instances": 1}}
        self.active()
        self.active()
        self.assertEqual(self.ask("PUT", path, wanted)[0], 403)
        self.assertEqual(
            self.fault("PUT", path, wanted, who="admin"),
            (
                400,
                "Quota limit 1 for instances must be greater than or equal to already used and reserved 2.",
            ),
        )
        forced = {"quota_set": {"instances": 1, "force": True}}
        self.assertEqual(self.ask("PUT", path, forced, who="admin")[0], 200)
        self.assertEqual(self.ask("GET", path)[1]["quota_set"]["instances"], 1)
        detail = self.ask("GET", f"{path}/detail", minor=57)[1]["quota_set"]
        self.assertEqual(detail["instances"], {"limit": 1, "in_use": 2, "reserved": 0})
        self.assertEqual(self.ask("DELETE", path, who="admin"), (202, None))
        self.assertEqual(self.ask("GET", path)[1]["quota_set"]["instances"], 10)
        self.assertEqual(self.ask("GET", f"/os-quota-sets/{OTHER}")[0], 403)
        self.assertEqual(self.ask("PUT", path, {"quota_set": {"instancez": 1}}, who="admin")[0], 400)

    def test_no_limit(self) -> None:
        """
        -1 is no limit.
        """
        used = {"instances": 500, "cores": 0, "ram": 0}
        limits = {"instances": -1, "cores": -1, "ram": 512}
        self.assertEqual(servers_allowed(1, 9, 4, 256, used, limits), 2)
        with self.assertRaises(Fault):
            servers_allowed(3, 9, 4, 256, used, limits)


class GroupTests(NovaTestCase):
    """
    ``/os-server-groups``.
    """

    def test_life(self) -> None:
        """
        A group is made, shown by microversion and removed; strangers do not find it.
        """
        wanted = {"server_group": {"name": "g", "policies": ["affinity"]}}
        status, body = self.ask("POST", "/os-server-groups", wanted)
        path = f"/os-server-groups/{body['server_group']['id']}"
        self.assertEqual(
            (status, list(body["server_group"])), (200, ["id", "name", "policies", "metadata", "members"])
        )
        self.assertEqual(
            list(self.ask("GET", path, minor=64)[1]["server_group"]),
            ["id", "name", "policy", "rules", "members", "project_id", "user_id"],
        )
        self.assertEqual(self.ask("GET", path, who="other")[0], 404)
        self.assertEqual(self.ask("DELETE", path), (204, None))
        group_id = path.rpartition("/")[2]
        self.assertEqual(self.fault("GET", path), (404, f"Instance group {group_id} could not be found."))
        self.assertEqual(self.ask("POST", "/os-server-groups", wanted, minor=64)[0], 400)


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

    def test_services(self) -> None:
        """
        Services have numbers below 2.53 and UUIDs from there on.
        """
        _, body = self.ask("GET", "/os-services?binary=nova-compute", who="admin")
        self.assertEqual([each["id"] for each in body["services"]], [3])
        _, body = self.ask("GET", "/os-services", who="admin", minor=53)
        self.assertEqual({len(each["id"]) for each in body["services"]}, {36})

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

    def test_extensions(self) -> None:
        """
        Extensions are listed and shown.
        """
        _, body = self.ask("GET", "/extensions")
        alias = body["extensions"][0]["alias"]
        self.assertEqual(self.ask("GET", f"/extensions/{alias}")[1]["extension"]["alias"], alias)
        self.assertEqual(self.ask("GET", "/extensions/zz")[0], 404)

    def test_gone(self) -> None:
        """
        What Nova has removed is a 410.
        """
        self.assertEqual(self.ask("GET", "/os-cells")[0], 410)
