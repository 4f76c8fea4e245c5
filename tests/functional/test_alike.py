"""
What every pod has alike: flavors and key pairs, written everywhere and listed once.
"""

from __future__ import annotations

from tests.functional.cloud import TWO_PODS, CloudCase, pause

FLAVORS = "/v2.1/flavors"
KEYS = "/v2.1/os-keypairs"
FLAVOR = {"name": "f", "ram": 64, "vcpus": 1, "disk": 1}
MISSING = "X-Trio2o-Incomplete-Zones"


class FlavorTests(CloudCase):
    """
    Flavors.
    """

    async def test_one_id_everywhere(self) -> None:
        """
        A flavor that an admin makes has one id in all pods, so that servers of it are made in each zone.
        """
        cloud = await self.cloud()

        made = await cloud.admin.compute.post(FLAVORS, {"flavor": FLAVOR})

        self.assertEqual(200, made.status, made.body)
        flavor = made.json["flavor"]["id"]
        for zone in ("az1", "az2"):
            server = await cloud.demo.create_server(availability_zone=zone, flavorRef=flavor)
            shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")
            self.assertEqual(flavor, shown.json["server"]["flavor"]["id"], zone)
        listed = (await cloud.demo.compute.get(FLAVORS)).json["flavors"]
        self.assertEqual(1, [each["id"] for each in listed].count(flavor))
        self.assertIsNone(made.header(MISSING))

    async def test_its_life(self) -> None:
        """
        Extra specs, access, description and delete reach every pod.
        """
        cloud = await self.cloud()
        admin, project = cloud.admin, cloud.demo.project_id
        private = {**FLAVOR, "id": "own", "os-flavor-access:is_public": False}
        await admin.compute.post(FLAVORS, {"flavor": private})
        path = f"{FLAVORS}/own"

        specs = await admin.compute.post(f"{path}/os-extra_specs", {"extra_specs": {"k": "v"}})
        action = {"addTenantAccess": {"tenant": project}}
        given = [await admin.compute.post(f"{path}/action", action) for _ in range(2)]
        told = await admin.compute.put(path, {"flavor": {"description": "new"}}, version="2.55")

        self.assertEqual([200, 200, 409, 200], [specs.status, *(each.status for each in given), told.status])
        for name in cloud.pods:
            here = cloud.demo.at_pod(name, "compute")
            shown = (await here.get(path, version="2.61")).json["flavor"]
            self.assertEqual(({"k": "v"}, "new"), (shown["extra_specs"], shown["description"]), name)

        self.assertEqual(202, (await admin.compute.delete(path)).status)
        for name in cloud.pods:
            self.assertEqual(404, (await admin.at_pod(name, "compute").get(path)).status, name)
        self.assertEqual(404, (await admin.compute.delete(path)).status)

    async def test_pod_away(self) -> None:
        """
        Without one of the pods a flavor is made nowhere; when that is back, the same request makes it.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.pod("Pod2").fake.go_down()
        await pause(0.02)

        refused = await cloud.admin.compute.post(FLAVORS, {"flavor": {**FLAVOR, "id": "own"}})

        self.assertEqual(503, refused.status)
        self.assertEqual(404, (await cloud.admin.at_pod("Pod1", "compute").get(f"{FLAVORS}/own")).status)

        await cloud.pod("Pod2").fake.start()
        made = await cloud.admin.compute.post(FLAVORS, {"flavor": {**FLAVOR, "id": "own"}})
        self.assertEqual(200, made.status, made.body)

    async def test_pods_that_differ(self) -> None:
        """
        A flavor that one pod has alone is listed, shown, and taken back to all by making it again.
        """
        cloud = await self.cloud()
        body = {"flavor": {**FLAVOR, "id": "own"}}
        await cloud.admin.at_pod("Pod3", "compute").post(FLAVORS, body)

        listed = (await cloud.demo.compute.get(f"{FLAVORS}/detail")).json["flavors"]
        shown = await cloud.demo.compute.get(f"{FLAVORS}/own")
        self.assertEqual([shown.json["flavor"]], [each for each in listed if each["id"] == "own"])
        walked, marker = [], ""
        while page := (await cloud.demo.compute.get(f"{FLAVORS}?limit=1{marker}")).json["flavors"]:
            walked.append(page[0]["id"])
            marker = f"&marker={page[0]['id']}"
        self.assertEqual([each["id"] for each in listed], walked)

        self.assertEqual(200, (await cloud.admin.compute.post(FLAVORS, body)).status)
        for name in cloud.pods:
            self.assertEqual(200, (await cloud.admin.at_pod(name, "compute").get(f"{FLAVORS}/own")).status)


class KeyPairTests(CloudCase):
    """
    Key pairs.
    """

    async def test_generated(self) -> None:
        """
        A key that is generated serves servers in every zone, is listed once, and goes from everywhere.
        """
        cloud = await self.cloud()

        made = await cloud.demo.compute.post(KEYS, {"keypair": {"name": "k"}}, version="2.2")

        self.assertEqual(201, made.status, made.body)
        self.assertIn("PRIVATE KEY", made.json["keypair"]["private_key"])
        for zone in ("az1", "az2"):
            await cloud.demo.create_server(availability_zone=zone, key_name="k")
        for name in cloud.pods:
            shown = (await cloud.demo.at_pod(name, "compute").get(f"{KEYS}/k")).json["keypair"]
            self.assertEqual(made.json["keypair"]["public_key"], shown["public_key"], name)
        listed = (await cloud.demo.compute.get(KEYS)).json["keypairs"]
        self.assertEqual(["k"], [each["keypair"]["name"] for each in listed])
        again = await cloud.demo.compute.post(KEYS, {"keypair": {"name": "k"}}, version="2.2")
        self.assertEqual(409, again.status)

        self.assertEqual(204, (await cloud.demo.compute.delete(f"{KEYS}/k", version="2.2")).status)
        for name in cloud.pods:
            self.assertEqual(404, (await cloud.demo.at_pod(name, "compute").get(f"{KEYS}/k")).status, name)

    async def test_pod_away(self) -> None:
        """
        A pod that is away is left out, and the answer says so; the same request completes it when it is back.
        """
        cloud = await self.cloud(TWO_PODS)
        generated = (await cloud.demo.compute.post(KEYS, {"keypair": {"name": "k"}})).json["keypair"]
        await cloud.demo.compute.delete(f"{KEYS}/k")
        body = {"keypair": {"name": "k", "public_key": generated["public_key"]}}
        await cloud.pod("Pod2").fake.go_down()
        await pause(0.02)

        made = await cloud.demo.compute.post(KEYS, body)
        self.assertEqual((200, True), (made.status, made.header(MISSING) is not None), made.body)

        await cloud.pod("Pod2").fake.start()
        completed = await cloud.demo.compute.post(KEYS, body)
        self.assertEqual((200, None), (completed.status, completed.header(MISSING)), completed.body)
        self.assertEqual(200, (await cloud.demo.at_pod("Pod2", "compute").get(f"{KEYS}/k")).status)
        self.assertEqual(409, (await cloud.demo.compute.post(KEYS, body)).status)


class TypeTests(CloudCase):
    """
    Volume types.
    """

    async def test_by_name(self) -> None:
        """
        A type that one pod has alone is listed, found by its id, and changed where it is.
        """
        cloud = await self.cloud()
        here = cloud.admin.at_pod("Pod2", "volume")
        made = await here.post("/v3/{project}/types", {"volume_type": {"name": "fast"}})
        path = f"/v3/{{project}}/types/{made.json['volume_type']['id']}"

        listed = (await cloud.demo.volume.get("/v3/{project}/types")).json["volume_types"]
        names = [each["name"] for each in listed]
        self.assertEqual((1, len(names)), (names.count("fast"), len(set(names))))
        self.assertEqual("fast", (await cloud.demo.volume.get(path)).json["volume_type"]["name"])

        self.assertEqual(202, (await cloud.admin.volume.delete(path)).status)
        self.assertEqual(404, (await cloud.demo.volume.get(path)).status)
