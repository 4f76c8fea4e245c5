"""
Host aggregates over all pods, and the zones that they make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.functional.cloud import THREE_PODS, Cloud, PodPlan, Reply, pause, within
from tests.functional.test_shared import SharedCase
from tests.interface.waiting import until

PATH = "/v2.1/os-aggregates"
HOSTS = {"Pod1": "pod1-compute", "Pod2": "pod2-compute", "Pod3": "pod3-compute"}
MISSING = "X-Trio2o-Incomplete-Zones"


async def made(cloud: Cloud, **fields: Any) -> int:
    """
    A new aggregate's number.
    """
    reply = await cloud.admin.compute.post(PATH, {"aggregate": {"name": "a", **fields}})
    assert reply.status == 200, reply.body
    number: int = reply.json["aggregate"]["id"]
    return number


async def acts(cloud: Cloud, number: int, action: str, **fields: Any) -> Reply:
    """
    Do something with an aggregate.
    """
    return await cloud.admin.compute.post(f"{PATH}/{number}/action", {action: fields})


async def at_pods(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    """
    What pods have.
    """
    there = {}
    for name in cloud.pods:
        reply = await cloud.admin.at_pod(name, "compute").get(PATH)
        there[name] = reply.json["aggregates"]
    return there


class AggregateTests(SharedCase):
    """
    One aggregate of each name, over pods that the daemon's user administers.
    """

    async def cloud(self, plans: Sequence[PodPlan] = THREE_PODS, **more: Any) -> Cloud:
        """
        Start a cloud.
        """
        if "daemons" in more:
            return await super().cloud(plans, **more)
        return await self.shared(plans)

    async def test_its_life(self) -> None:
        """
        Made, renamed, given metadata and deleted in every pod; one number, whatever the pods' own are.
        """
        cloud = await self.cloud()
        await cloud.admin.at_pod("Pod2", "compute").post(PATH, {"aggregate": {"name": "pod2's"}})
        number = await made(cloud, availability_zone="az1")
        path = f"{PATH}/{number}"

        renamed = await cloud.admin.compute.put(path, {"aggregate": {"name": "b"}})
        changed = await acts(cloud, number, "set_metadata", metadata={"ssd": "true"})
        shown = (await cloud.admin.compute.get(path, version="2.41")).json["aggregate"]

        self.assertEqual([200, 200], [renamed.status, changed.status], (renamed.body, changed.body))
        self.assertEqual((number, "b", "az1"), (shown["id"], shown["name"], shown["availability_zone"]))
        self.assertEqual({"availability_zone": "az1", "ssd": "true"}, shown["metadata"])
        mine = {name: items[-1] for name, items in (await at_pods(cloud)).items()}
        self.assertEqual({"b"}, {item["name"] for item in mine.values()})
        self.assertEqual({"Pod1": 1, "Pod2": 2, "Pod3": 1}, {name: item["id"] for name, item in mine.items()})
        self.assertEqual({"true"}, {item["metadata"]["ssd"] for item in mine.values()})
        listed = (await cloud.admin.compute.get(PATH, version="2.41")).json["aggregates"]
        self.assertEqual(1, [item["name"] for item in listed].count("b"))
        self.assertIn(shown, listed)

        self.assertEqual(200, (await cloud.admin.compute.delete(path)).status)
        self.assertEqual(
            {"Pod1": 0, "Pod2": 1, "Pod3": 0}, {k: len(v) for k, v in (await at_pods(cloud)).items()}
        )
        gone = await cloud.admin.compute.get(path)
        self.assertEqual(("itemNotFound", f"Aggregate {number} could not be found."), gone.fault)

    async def test_refusals(self) -> None:
        """
        The words are Nova's, with the top's number.
        """
        cloud = await self.cloud()
        number = await made(cloud, availability_zone="az1")
        admin = cloud.admin.compute

        for reply, status, words in (
            (await admin.post(PATH, {"aggregate": {"name": "a"}}), 409, "Aggregate a already exists."),
            (
                await admin.post(PATH, {"aggregate": {}}),
                400,
                "Invalid input for field/attribute aggregate. Value: {}. 'name' is a required property",
            ),
            (await admin.get(f"{PATH}/a"), 400, "Invalid input received: id must be an integer"),
            (await admin.get(f"{PATH}/1"), 404, "Aggregate 1 could not be found."),
            (
                await admin.put(f"{PATH}/{number}", {"aggregate": {"availability_zone": None}}),
                400,
                f"Cannot update aggregate {number}. Reason: Aggregate a does not support empty named availability zone.",
            ),
            (
                await cloud.demo.compute.get(PATH),
                403,
                "Policy doesn't allow os_compute_api:os-aggregates:index to be performed.",
            ),
            (
                await cloud.demo.compute.delete(f"{PATH}/{number}"),
                403,
                "Policy doesn't allow os_compute_api:os-aggregates:delete to be performed.",
            ),
        ):
            self.assertEqual((status, words), (reply.status, reply.fault[1]))
        self.assertEqual(
            {"Pod1": 1, "Pod2": 1, "Pod3": 1}, {k: len(v) for k, v in (await at_pods(cloud)).items()}
        )

    async def test_hosts(self) -> None:
        """
        A host of any pod is added and removed there, and shown with those of all.
        """
        cloud = await self.cloud()
        number = await made(cloud)

        for name, host in HOSTS.items():
            reply = await acts(cloud, number, "add_host", host=host)
            self.assertEqual(200, reply.status, (name, reply.body))
        shown = (await cloud.admin.compute.get(f"{PATH}/{number}")).json["aggregate"]
        self.assertEqual(list(HOSTS.values()), shown["hosts"])
        self.assertEqual(
            {name: [host] for name, host in HOSTS.items()},
            {k: v[0]["hosts"] for k, v in (await at_pods(cloud)).items()},
        )
        again = await acts(cloud, number, "add_host", host="pod3-compute")
        self.assertEqual(
            (409, f"Aggregate {number} already has host pod3-compute."), (again.status, again.fault[1])
        )
        full = await cloud.admin.compute.delete(f"{PATH}/{number}")
        self.assertEqual(
            (400, f"Cannot remove host from aggregate {number}. Reason: Host aggregate is not empty."),
            (full.status, full.fault[1]),
        )
        left = await acts(cloud, number, "remove_host", host="pod2-compute")
        self.assertEqual(["pod1-compute", "pod3-compute"], left.json["aggregate"]["hosts"])
        unknown = await acts(cloud, number, "add_host", host="nowhere")
        self.assertEqual(
            (404, "Compute host nowhere could not be found."), (unknown.status, unknown.fault[1])
        )

    async def test_own_zone(self) -> None:
        """
        A zone that no pod is in is made of hosts: it is listed, servers get there, and are shown in it.
        """
        cloud = await self.cloud()
        number = await made(cloud, availability_zone="fast")
        zones = "/v2.1/os-availability-zone"
        before = (await cloud.demo.compute.get(zones)).json["availabilityZoneInfo"]
        refused = await cloud.demo.compute.post(
            "/v2.1/servers", {"server": {"name": "s", "flavorRef": "1", "availability_zone": "fast"}}
        )
        self.assertEqual(
            (400, "The requested availability zone is not available"), (refused.status, refused.fault[1])
        )

        self.assertEqual(200, (await acts(cloud, number, "add_host", host="pod2-compute")).status)

        after = (await cloud.demo.compute.get(zones)).json["availabilityZoneInfo"]
        self.assertEqual(["az1", "az2"], [zone["zoneName"] for zone in before])
        self.assertEqual(["az1", "az2", "fast"], [zone["zoneName"] for zone in after])
        detail = (await cloud.admin.compute.get(f"{zones}/detail")).json["availabilityZoneInfo"]
        hosts = {zone["zoneName"]: sorted(zone["hosts"]) for zone in detail}
        self.assertEqual((["pod1-compute"], ["pod2-compute"]), (hosts["az1"], hosts["fast"]))
        server = await cloud.demo.create_server(availability_zone="fast")
        self.assertIn(server, cloud.pod("Pod2").servers())
        shown = (await cloud.demo.compute.get(f"/v2.1/servers/{server}")).json["server"]
        self.assertEqual("fast", shown["OS-EXT-AZ:availability_zone"])
        services = (await cloud.admin.compute.get("/v2.1/os-services?binary=nova-compute")).json["services"]
        self.assertEqual(["az1", "fast", "az2"], [service["zone"] for service in services])
        for zone, pods in (("fast", ["Pod2"]), ("az2", ["Pod3"])):
            wanted = {"tenant_id": cloud.demo.project_id, "availability_zone": zone}
            explained = (await cloud.admin.admin.post("/v1.0/schedule", {"schedule": wanted})).json
            self.assertEqual(pods, [pod["pod_name"] for pod in explained["schedule"]["pods"]])

    async def test_pods_zone(self) -> None:
        """
        A pod's zone takes the hosts of that zone's pods alone.
        """
        cloud = await self.cloud()
        number = await made(cloud, availability_zone="az2")
        refused = await acts(cloud, number, "add_host", host="pod1-compute")
        self.assertEqual(
            (
                409,
                f"Cannot add host to aggregate {number}. Reason: One or more hosts already in availability zone(s) ['az1'].",
            ),
            (refused.status, refused.fault[1]),
        )
        self.assertEqual(200, (await acts(cloud, number, "add_host", host="pod3-compute")).status)

    async def test_zone_of_busy_hosts(self) -> None:
        """
        The zone of hosts with servers stays, whichever pod they are in, and in every pod.
        """
        cloud = await self.cloud()
        number = await made(cloud, availability_zone="fast")
        await acts(cloud, number, "add_host", host="pod3-compute")
        server = await cloud.demo.create_server(availability_zone="fast")
        await until(lambda: cloud.pod("Pod3").servers()[server].host is not None)

        refused = await cloud.admin.compute.put(
            f"{PATH}/{number}", {"aggregate": {"availability_zone": "slow"}}
        )

        self.assertEqual(
            (
                400,
                f"Cannot update aggregate {number}. Reason: One or more hosts contain instances in this zone.",
            ),
            (refused.status, refused.fault[1]),
        )
        there = {item["availability_zone"] for items in (await at_pods(cloud)).values() for item in items}
        self.assertEqual({"fast"}, there)

    async def test_images(self) -> None:
        """
        Images are fetched by the hosts of all pods.
        """
        cloud = await self.cloud()
        number = await made(cloud)
        for host in ("pod1-compute", "pod3-compute"):
            await acts(cloud, number, "add_host", host=host)
        image = "6b9648cf-4927-462f-8ceb-3beb5e34bcd5"
        path = f"{PATH}/{number}/images"

        reply = await cloud.admin.compute.post(path, {"cache": [{"id": image}]}, version="2.81")
        twice = await cloud.admin.compute.post(path, {"cache": [{"id": image}] * 2}, version="2.81")

        self.assertEqual((202, 400), (reply.status, twice.status))
        asked = {name for name in cloud.pods if cloud.pod(name).nova.requests("POST", ".*/images$")}
        self.assertEqual({"Pod1", "Pod3"}, asked)

    async def test_pod_away(self) -> None:
        """
        A pod that is away is left out and told, and gets what was made and changed meanwhile when it is back.
        """
        cloud = await self.cloud()
        number = await made(cloud)
        await acts(cloud, number, "add_host", host="pod3-compute")
        await self.known_away(cloud, "Pod3")

        shown = await cloud.admin.compute.get(f"{PATH}/{number}")
        changed = await acts(cloud, number, "set_metadata", metadata={"ssd": "true"})
        other = await made(cloud, name="b", availability_zone="az2")
        silent = await acts(cloud, other, "add_host", host="pod3-compute")

        self.assertEqual((200, []), (shown.status, shown.json["aggregate"]["hosts"]))
        self.assertEqual(["az2"] * 2, [reply.header(MISSING) for reply in (shown, changed)])
        self.assertEqual((200, 503), (changed.status, silent.status))
        await cloud.pod("Pod3").fake.start()
        await self.nothing_left(cloud)
        there = (await at_pods(cloud))["Pod3"]
        self.assertEqual(
            [("a", ["pod3-compute"], {"ssd": "true"}), ("b", [], {"availability_zone": "az2"})],
            [(item["name"], item["hosts"], item["metadata"]) for item in there],
        )
        back = await acts(cloud, other, "add_host", host="pod3-compute")
        self.assertEqual(["pod3-compute"], back.json["aggregate"]["hosts"])

    async def test_hosts_of_pod_away(self) -> None:
        """
        What an aggregate with hosts cannot be is not decided while a pod that may have some is away: nothing is deleted and no
        zone is changed anywhere.
        """
        cloud = await self.cloud()
        number = await made(cloud, availability_zone="fast")
        await acts(cloud, number, "add_host", host="pod3-compute")
        await self.known_away(cloud, "Pod3")
        path = f"{PATH}/{number}"

        deleted = await cloud.admin.compute.delete(path)
        moved = await cloud.admin.compute.put(path, {"aggregate": {"availability_zone": "slow"}})
        renamed = await cloud.admin.compute.put(path, {"aggregate": {"name": "b"}})

        self.assertEqual([503, 503, 200], [deleted.status, moved.status, renamed.status])
        await cloud.pod("Pod3").fake.start()
        await self.nothing_left(cloud)
        self.assertEqual(
            [("b", "fast", [])] * 2 + [("b", "fast", ["pod3-compute"])],
            [
                (item["name"], item["availability_zone"], item["hosts"])
                for items in (await at_pods(cloud)).values()
                for item in items
            ],
        )
        full = await cloud.admin.compute.delete(path)
        self.assertEqual((400, "Reason: Host aggregate is not empty."), (full.status, full.fault[1][-36:]))
        self.assertEqual([], await self.jobs(cloud, state="dead"))

    async def test_deleted_without_a_pod(self) -> None:
        """
        What is deleted while a pod is disabled that has hosts in it is a dead letter once the pod is back, which says why and
        keeps nothing from the pod; it is finished when the hosts are out.
        """
        cloud = await self.cloud()
        number = await made(cloud)
        await acts(cloud, number, "add_host", host="pod3-compute")
        pods = (await cloud.admin.admin.get("/v1.0/pods")).json["pods"]
        (pod3,) = [pod["pod_id"] for pod in pods if pod["pod_name"] == "Pod3"]
        await self.state_of(cloud, pod3, "disabled")

        async def left_out() -> None:
            while (await cloud.admin.compute.get(f"{PATH}/{number}")).json["aggregate"]["hosts"]:
                await pause(0.02)

        await within(10, left_out())
        self.assertEqual(200, (await cloud.admin.compute.delete(f"{PATH}/{number}")).status)

        await self.state_of(cloud, pod3, "enabled")

        async def dead() -> dict[str, Any]:
            while not (jobs := await self.jobs(cloud, state="dead")):
                await pause(0.05)
            return jobs[0]

        job = await within(20, dead())
        self.assertIn("Host aggregate is not empty", job["error"])
        self.assertIn("Pod3", job["error"])
        other = await made(cloud, name="other")
        self.assertEqual(["a", "other"], [item["name"] for item in (await at_pods(cloud))["Pod3"]])
        server = await cloud.demo.create_server(availability_zone="az2")
        self.assertIn(server, cloud.pod("Pod3").servers())
        listed = (await cloud.admin.compute.get(PATH)).json["aggregates"]
        (left,) = [item for item in listed if item["name"] == "a"]
        self.assertEqual(["pod3-compute"], left["hosts"])
        self.assertEqual(200, (await acts(cloud, left["id"], "remove_host", host="pod3-compute")).status)
        self.assertEqual(200, (await cloud.admin.admin.post(f"/v1.0/jobs/{job['id']}/redo", {})).status)
        await self.nothing_left(cloud)
        self.assertEqual(["other"], [item["name"] for item in (await at_pods(cloud))["Pod3"]])
        listed = (await cloud.admin.compute.get(PATH)).json["aggregates"]
        self.assertEqual([other], [item["id"] for item in listed if not item["name"].startswith("ag_")])

    async def state_of(self, cloud: Cloud, pod_id: str, state: str) -> None:
        """
        Set a pod's state.
        """
        reply = await cloud.admin.admin.ask("PATCH", f"/v1.0/pods/{pod_id}", {"pod": {"state": state}})
        self.assertEqual(200, reply.status, reply.body)

    async def test_two_daemons(self) -> None:
        """
        Another daemon knows the same numbers, and the zone of its own.
        """
        cloud = await self.shared(THREE_PODS)
        await cloud.add_daemon(THREE_PODS, {})
        number = await made(cloud, availability_zone="fast")
        await acts(cloud, number, "add_host", host="pod2-compute")
        second = cloud.admin.at(1).compute

        async def known() -> None:
            while (await second.get(f"{PATH}/{number}")).status != 200:
                await pause(0.02)

        await within(10, known())
        shown = (await second.get(f"{PATH}/{number}")).json["aggregate"]
        self.assertEqual(["pod2-compute"], shown["hosts"])
        reply = await second.post(f"{PATH}/{number}/action", {"remove_host": {"host": "pod2-compute"}})
        self.assertEqual((200, []), (reply.status, reply.json["aggregate"]["hosts"]))

    async def test_of_pods(self) -> None:
        """
        An aggregate stands for each pod in its zone, and nobody changes it.
        """
        cloud = await self.cloud()
        listed = (await cloud.admin.compute.get(PATH)).json["aggregates"]
        self.assertEqual(
            [("ag_Pod1", "az1"), ("ag_Pod2", "az1"), ("ag_Pod3", "az2")],
            [(item["name"], item["availability_zone"]) for item in listed],
        )
        number = listed[0]["id"]
        self.assertEqual(listed[0], (await cloud.admin.compute.get(f"{PATH}/{number}")).json["aggregate"])
        self.assertEqual(400, (await cloud.admin.compute.delete(f"{PATH}/{number}")).status)
        self.assertEqual(409, (await acts(cloud, number, "add_host", host="pod1-compute")).status)
        self.assertEqual(403, (await cloud.demo.compute.get(f"{PATH}/{number}")).status)
