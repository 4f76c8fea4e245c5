"""
What a Nova does with flavors, key pairs, quotas and groups, and what it tells operators.
"""

from __future__ import annotations

from typing import Any

from tests.unit.sandbox.nova_contract import NOWHERE, NovaContract, some_name


class NovaRestContract(NovaContract):
    """
    What is no server.
    """

    def flavor(self, **fields: Any) -> dict[str, Any]:
        """
        A new flavor, taken away after the test.
        """
        wanted = {"name": some_name("flavor"), "ram": 64, "vcpus": 1, "disk": 1, **fields}
        status, body = self.ask("POST", "/flavors", {"flavor": wanted}, who="admin")
        self.assertEqual(status, 200, body)
        made: dict[str, Any] = body["flavor"]
        self.addCleanup(self.ask, "DELETE", f"/flavors/{made['id']}", who="admin")
        return made

    def test_flavor_keys(self) -> None:
        """
        A flavor's keys follow the microversions.
        """
        old = self.ask("GET", "/flavors/1")[1]["flavor"]
        own = {"id", "name", "ram", "disk", "swap", "vcpus", "rxtx_factor", "links"}
        extended = {"OS-FLV-EXT-DATA:ephemeral", "OS-FLV-DISABLED:disabled", "os-flavor-access:is_public"}
        self.assertEqual(set(old), own | extended)
        self.assertEqual(old["swap"], "")
        new = self.ask("GET", "/flavors/1", minor=75)[1]["flavor"]
        self.assertEqual(new["swap"], 0)
        self.assertEqual(set(new) - set(old), {"description", "extra_specs"})

    def test_flavor_pages(self) -> None:
        """
        Flavors are paged by id; an unknown marker is a 400.
        """
        _, body = self.ask("GET", "/flavors?limit=2")
        self.assertEqual([each["id"] for each in body["flavors"]], ["1", "2"])
        self.assertIn("limit=2&marker=2", body["flavors_links"][0]["href"])
        self.assertEqual(self.fault("GET", "/flavors?marker=zz"), (400, "marker [zz] not found"))
        self.assertEqual(self.fault("GET", "/flavors/zz"), (404, "Flavor zz could not be found."))

    def test_flavor_life(self) -> None:
        """
        Admins make, describe and remove flavors, private ones for projects that get access; id and name are unique.
        """
        made = self.flavor(**{"os-flavor-access:is_public": False})
        path = f"/flavors/{made['id']}"
        self.assertEqual(self.ask("GET", path)[0], 404)
        nobody: dict[str, object] = {"flavor_access": []}
        self.assertEqual(self.ask("GET", f"{path}/os-flavor-access", who="admin"), (200, nobody))
        grant = {"addTenantAccess": {"tenant": self.demo.project}}
        self.assertEqual(self.ask("POST", f"{path}/action", grant, who="admin")[0], 200)
        self.assertEqual(self.ask("GET", path)[0], 200)
        self.assertEqual(self.ask("GET", path, who="alt")[0], 404)
        for fields, words in (
            ({"name": made["name"]}, f"Flavor with name {made['name']} already exists."),
            ({"name": "g", "id": made["id"]}, f"Flavor with ID {made['id']} already exists."),
        ):
            wanted = {"flavor": {"ram": 64, "vcpus": 1, "disk": 1, **fields}}
            self.assertEqual(self.fault("POST", "/flavors", wanted, who="admin"), (409, words))
        specs = {"extra_specs": {"a": "b"}}
        below = f"{path}/os-extra_specs"
        self.assertEqual(self.ask("POST", below, specs)[0], 403)
        odd = {"a!": "b"}
        words = "Invalid input for field/attribute extra_specs. Value: {'a!': 'b'}. 'a!' does not match any of the regexes: "
        words += "'^[a-zA-Z0-9-_:. ]{1,255}$'"
        self.assertEqual(self.fault("POST", below, {"extra_specs": odd}, who="admin"), (400, words))
        self.assertEqual(self.ask("POST", below, specs, who="admin"), (200, specs))
        self.assertEqual(self.ask("GET", f"{below}/a"), (200, {"a": "b"}))
        self.assertEqual(self.ask("PUT", f"{below}/a", {"a": "c"}, who="admin"), (200, {"a": "c"}))
        self.assertEqual(self.ask("DELETE", f"{below}/a", who="admin"), (200, None))
        words = f"Flavor {made['id']} has no extra specs with key a."
        self.assertEqual(self.fault("GET", f"{below}/a"), (404, words))
        self.assertEqual(self.ask("DELETE", path)[0], 403)
        self.assertEqual(self.ask("DELETE", path, who="admin"), (202, None))
        self.assertEqual(self.ask("GET", path, who="admin")[0], 404)

    def test_key_pairs(self) -> None:
        """
        A key pair is generated, shown without its private half, and removed; the status follows the
        microversion.
        """
        name, imported = some_name("key"), some_name("key")
        for each in (name, imported):
            self.addCleanup(self.ask, "DELETE", f"/os-keypairs/{each}")
        wanted = {"keypair": {"name": name}}
        status, body = self.ask("POST", "/os-keypairs", wanted)
        made = body["keypair"]
        self.assertEqual(status, 200)
        self.assertIn("private_key", made)
        _, shown = self.ask("GET", f"/os-keypairs/{name}")
        self.assertNotIn("private_key", shown["keypair"])
        self.assertEqual(shown["keypair"]["fingerprint"], made["fingerprint"])
        exists = (409, f"Key pair '{name}' already exists.")
        self.assertEqual(self.fault("POST", "/os-keypairs", wanted), exists)
        self.assertEqual(self.ask("GET", "/os-keypairs", who="alt")[1], {"keypairs": []})
        self.assertEqual(self.ask("DELETE", f"/os-keypairs/{name}")[0], 202)
        missing = f"Keypair {name} not found for user {self.demo.user}"
        self.assertEqual(self.fault("DELETE", f"/os-keypairs/{name}"), (404, missing))
        public = {"keypair": {"name": imported, "public_key": made["public_key"]}}
        status, body = self.ask("POST", "/os-keypairs", public, minor=92)
        self.assertEqual((status, body["keypair"]["type"]), (201, "ssh"))
        self.assertEqual(body["keypair"]["fingerprint"], made["fingerprint"])
        self.assertEqual(self.ask("DELETE", f"/os-keypairs/{imported}", minor=2)[0], 204)

    def test_key_pairs_refused(self) -> None:
        """
        Keys that are none are a 400, and so are names that a path could not have; from 2.92 on nothing is generated; another's
        keys are an admin's matter.
        """
        words = (
            "Invalid input for field/attribute name. Value: a/b. 'a/b' does not match '^[_\\\\- a-zA-Z0-9]+$'"
        )
        self.assertEqual(self.fault("POST", "/os-keypairs", {"keypair": {"name": "a/b"}}), (400, words))
        name = some_name("key")
        wrong = {"keypair": {"name": name, "public_key": "zz"}}
        words = "Keypair data is invalid: failed to generate fingerprint"
        self.assertEqual(self.fault("POST", "/os-keypairs", wrong), (400, words))
        self.assertEqual(self.ask("POST", "/os-keypairs", {"keypair": {"name": name}}, minor=92)[0], 400)
        query = f"/os-keypairs?user_id={self.alt.user}"
        self.assertEqual(self.ask("GET", query, minor=10)[0], 403)
        self.assertEqual(self.ask("GET", query, minor=10, who="admin")[0], 200)

    def test_limits(self) -> None:
        """
        Limits tell what is used, and lose keys with the microversions.
        """
        self.active(flavorRef="1")
        absolute = self.ask("GET", "/limits")[1]["limits"]["absolute"]
        used = ("totalInstancesUsed", "totalCoresUsed", "totalRAMUsed")
        self.assertEqual([absolute[name] for name in used], [1, 1, 512])
        for minor, gone in ((36, "maxTotalFloatingIps"), (39, "maxImageMeta"), (57, "maxPersonality")):
            before, after = (
                self.ask("GET", "/limits", minor=each)[1]["limits"] for each in (minor - 1, minor)
            )
            self.assertIn(gone, before["absolute"])
            self.assertNotIn(gone, after["absolute"])
        self.assertEqual(self.ask("GET", f"/limits?tenant_id={self.alt.project}")[0], 403)

    def test_quota_sets(self) -> None:
        """
        Admins set quotas, not below what is used; a delete brings the defaults back.
        """
        path = f"/os-quota-sets/{self.demo.project}"
        wanted = {"quota_set": {"instances": 1}}
        self.addCleanup(self.ask, "DELETE", path, who="admin")
        self.create(min_count=2)
        for each in self.ask("GET", "/servers")[1]["servers"]:
            self.until(each["id"], "ACTIVE")
        self.assertEqual(self.ask("PUT", path, wanted)[0], 403)
        words = "Quota limit 1 for instances must be greater than or equal to already used and reserved 2."
        self.assertEqual(self.fault("PUT", path, wanted, who="admin"), (400, words))
        forced = {"quota_set": {"instances": 1, "force": True}}
        self.assertEqual(self.ask("PUT", path, forced, who="admin")[0], 200)
        self.assertEqual(self.ask("GET", path)[1]["quota_set"]["instances"], 1)
        detail = self.ask("GET", f"{path}/detail", minor=57)[1]["quota_set"]
        self.assertEqual(detail["instances"], {"limit": 1, "in_use": 2, "reserved": 0})
        self.assertEqual(self.ask("DELETE", path, who="admin"), (202, None))
        self.assertEqual(self.ask("GET", path)[1]["quota_set"]["instances"], 10)
        self.assertEqual(self.ask("GET", f"/os-quota-sets/{self.alt.project}")[0], 403)
        unknown = {"quota_set": {"instancez": 1}}
        self.assertEqual(self.ask("PUT", path, unknown, who="admin")[0], 400)

    def test_user_quotas(self) -> None:
        """
        A user's quota is a part of the project's, which holds those of all its users; a delete of the project's takes them along.
        """
        path = f"/os-quota-sets/{self.demo.project}"
        mine, other = f"{path}?user_id=one", f"{path}?user_id=somebody"
        self.addCleanup(self.ask, "DELETE", path, who="admin")

        def put(target: str, limit: int) -> Any:
            return self.ask("PUT", target, {"quota_set": {"cores": limit}}, who="admin")

        self.assertEqual(200, put(path, 10)[0])
        self.assertEqual(6, put(mine, 6)[1]["quota_set"]["cores"])
        shown = [self.ask("GET", each, who="admin")[1]["quota_set"]["cores"] for each in (path, mine, other)]
        self.assertEqual([10, 6, 10], shown)
        for target, limit, words in (
            (other, 5, "must be less than or equal to 4."),
            (other, -1, "must be less than or equal to 4."),
            (path, 5, "must be greater than or equal to already used and reserved 6."),
        ):
            wanted = {"quota_set": {"cores": limit}}
            self.assertEqual(
                (400, f"Quota limit {limit} for cores {words}"),
                self.fault("PUT", target, wanted, who="admin"),
            )
        self.assertEqual(202, self.ask("DELETE", mine, who="admin")[0])
        self.assertEqual(10, self.ask("GET", mine, who="admin")[1]["quota_set"]["cores"])
        put(mine, 3)
        self.ask("DELETE", path, who="admin")
        self.assertEqual(20, self.ask("GET", mine, who="admin")[1]["quota_set"]["cores"])

    def test_groups(self) -> None:
        """
        A group is made, shown by microversion and removed; strangers do not find it.
        """
        wanted = {"server_group": {"name": "g", "policies": ["affinity"]}}
        status, body = self.ask("POST", "/os-server-groups", wanted)
        group = body["server_group"]
        path = f"/os-server-groups/{group['id']}"
        self.assertEqual(status, 200)
        self.assertEqual(set(group), {"id", "name", "policies", "metadata", "members"})
        newer = {"id", "name", "policy", "rules", "members", "project_id", "user_id"}
        self.assertEqual(set(self.ask("GET", path, minor=64)[1]["server_group"]), newer)
        self.assertEqual(self.ask("GET", path, who="alt")[0], 404)
        self.assertEqual(self.ask("DELETE", path), (204, None))
        missing = f"Instance group {group['id']} could not be found."
        self.assertEqual(self.fault("GET", path), (404, missing))
        self.assertEqual(self.ask("POST", "/os-server-groups", wanted, minor=64)[0], 400)

    def test_operators(self) -> None:
        """
        Everybody sees the zones, admins their hosts, services and hypervisors too; ids are numbers below 2.53 and UUIDs
        from there on.
        """
        _, body = self.ask("GET", "/os-availability-zone")
        self.assertEqual([each["zoneName"] for each in body["availabilityZoneInfo"]], ["nova"])
        for path in (
            "/os-availability-zone/detail",
            "/os-services",
            "/os-hypervisors",
            "/os-simple-tenant-usage",
        ):
            self.assertEqual(self.ask("GET", path)[0], 403, path)
            self.assertEqual(self.ask("GET", path, who="admin")[0], 200, path)
        _, body = self.ask("GET", "/os-availability-zone/detail", who="admin")
        zones = {each["zoneName"]: set(each["hosts"]) for each in body["availabilityZoneInfo"]}
        self.assertEqual(zones, {"internal": {"pod1-compute"}, "nova": {"pod1-compute"}})
        _, body = self.ask("GET", "/os-services?binary=nova-compute", who="admin")
        self.assertEqual([type(each["id"]) for each in body["services"]], [int])
        _, body = self.ask("GET", "/os-services", who="admin", minor=53)
        self.assertEqual({len(each["id"]) for each in body["services"]}, {36})
        path = "/os-hypervisors"
        _, body = self.ask("GET", path, who="admin")
        self.assertEqual(body["hypervisors"][0]["id"], 1)
        self.assertEqual(self.ask("GET", f"{path}/1", who="admin")[0], 200)
        self.assertEqual(self.fault("GET", f"{path}/1", who="admin", minor=53), (400, "Invalid uuid 1"))
        self.assertEqual(self.ask("GET", f"{path}/{NOWHERE}", who="admin", minor=53)[0], 404)
        self.assertEqual(self.ask("GET", f"{path}/statistics", who="admin", minor=87)[0], 200)
        self.assertEqual(self.ask("GET", f"{path}/statistics", who="admin", minor=88)[0], 404)

    def test_extensions(self) -> None:
        """
        Extensions are listed and shown; what Nova has removed is a 410.
        """
        _, body = self.ask("GET", "/extensions")
        alias = body["extensions"][0]["alias"]
        self.assertEqual(self.ask("GET", f"/extensions/{alias}")[1]["extension"]["alias"], alias)
        self.assertEqual(self.ask("GET", "/extensions/zz")[0], 404)
        self.assertEqual(self.ask("GET", "/os-cells")[0], 410)
