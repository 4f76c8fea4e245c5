"""
Flavors and volume types that pods differ in, on a whole cloud: where creates go.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.functional.cloud import IMAGE, TWO_PODS, Cloud, CloudCase, PodPlan, available, pause, within
from trio2o.service import usage
from trio2o.usage import offers

GPU = PodPlan(name="Gpu", section={"affinity": ["gpu"]})
SPEC = {"extra_specs": {"trio2o:affinity": "gpu"}}

BOUND = (
    "select b.pod_group, p.name from bindings b join pods p on p.id = b.pod_id where b.is_binding order by 1"
)


def a_flavor(flavor_id: str, **more: Any) -> dict[str, Any]:
    """
    The body of a flavor's create.
    """
    return {"flavor": {"id": flavor_id, "name": flavor_id, "ram": 512, "vcpus": 1, "disk": 1, **more}}


class OffersTests(CloudCase):
    """
    Pods that are asked all the time.
    """

    async def prepared(self, plans: Sequence[PodPlan]) -> Cloud:
        """
        The pods, which nobody has asked yet.
        """
        cloud = await self.cloud(plans, daemons=0)
        roles = ["service", "admin"]
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=roles)
        return cloud

    async def asked(self, cloud: Cloud, plans: Sequence[PodPlan], interval: float = 0.2) -> None:
        """
        Add a daemon, and wait until it knows what every pod offers.
        """
        in_order = {"weighers": {"binding": 100.0, "creation_order": 1.0}}
        await cloud.add_daemon(plans, {"usage": {"interval_seconds": interval}, "scheduling": in_order})
        await within(15, self.known(cloud, len(plans)))

    async def known(self, cloud: Cloud, pods: int) -> None:
        """
        Wait until the scheduler knows what so many pods offer.
        """
        while True:
            text = (await cloud.admin.admin.get("/metrics")).body.decode()
            if text.count("trio2o_pod_offers_age_seconds{") == pods:
                return
            await pause(0.02)

    async def add_flavor(self, cloud: Cloud, pod: str, body: dict[str, Any], specs: Any = None) -> None:
        """
        Make a flavor in one pod.
        """
        nova = cloud.admin.at_pod(pod, "compute")
        made = await nova.post("/v2.1/flavors", body)
        self.assertEqual(200, made.status, made.body)
        if specs is not None:
            made = await nova.post(f"/v2.1/flavors/{body['flavor']['id']}/os-extra_specs", specs)
            self.assertEqual(200, made.status, made.body)

    def creates(self, cloud: Cloud) -> dict[str, int]:
        """
        How many creates each pod got.
        """
        return {name: len(pod.nova.creates() + pod.cinder.creates()) for name, pod in cloud.pods.items()}

    async def test_one_pod_has_it(self) -> None:
        """
        A server whose flavor one pod alone has goes there; a flavor that none has is the pod's to refuse.
        """
        cloud = await self.prepared(TWO_PODS)
        await self.add_flavor(cloud, "Pod2", a_flavor("special"))
        await self.asked(cloud, TWO_PODS)

        await cloud.demo.create_server("one", flavorRef="special")
        self.assertEqual({"Pod1": 0, "Pod2": 1}, self.creates(cloud))
        refused = await cloud.demo.compute.post(
            "/v2.1/servers", {"server": {"name": "two", "flavorRef": "none", "imageRef": ""}}
        )
        self.assertEqual(400, refused.status, refused.body)

    async def test_volume_type(self) -> None:
        """
        A volume goes where its type is, by name and by id.
        """
        cloud = await self.prepared(TWO_PODS)
        made = await cloud.admin.at_pod("Pod2", "volume").post(
            "/v3/{project}/types", {"volume_type": {"name": "fast"}}
        )
        self.assertEqual(200, made.status, made.body)
        await self.asked(cloud, TWO_PODS)

        for name in ("fast", made.json["volume_type"]["id"]):
            await cloud.demo.create_volume("one", volume_type=name)
        self.assertEqual({"Pod1": 0, "Pod2": 2}, self.creates(cloud))

    async def test_pod_groups(self) -> None:
        """
        A flavor's extra specs take a server to the pods with these tags, with a binding of their own; others stay away from
        there, but for what names something there (I6).
        """
        plans = (GPU, PodPlan(name="Pod1"))
        cloud = await self.prepared(plans)
        for plan in plans:
            await self.add_flavor(cloud, plan.name, a_flavor("gpu1"), SPEC)
        made = await cloud.admin.at_pod("Gpu", "volume").post(
            "/v3/{project}/types", {"volume_type": {"name": "near", **SPEC}}
        )
        self.assertEqual(200, made.status, made.body)
        await self.asked(cloud, plans)

        for flavor in ("gpu1", "1", "gpu1", "1"):
            await cloud.demo.create_server("one", flavorRef=flavor)
        self.assertEqual([("", "Pod1"), ("gpu", "Gpu")], cloud.sql(BOUND))
        self.assertEqual({"Gpu": 2, "Pod1": 2}, self.creates(cloud))

        near, general = [
            await cloud.demo.create_volume("one", imageRef=IMAGE, **type_)
            for type_ in ({"volume_type": "near"}, {})
        ]
        self.assertEqual({"Gpu": 3, "Pod1": 3}, self.creates(cloud))
        for flavor, volume in (("1", near), ("gpu1", general)):
            await within(15, available(cloud.demo.volume, f"/v3/{{project}}/volumes/{volume}"))
            device = {"uuid": volume, "source_type": "volume", "destination_type": "volume", "boot_index": 0}
            await cloud.demo.create_server("one", flavorRef=flavor, block_device_mapping_v2=[device])
        self.assertEqual({"Gpu": 4, "Pod1": 4}, self.creates(cloud))
        self.assertEqual([("", "Pod1"), ("gpu", "Gpu")], cloud.sql(BOUND))

    async def test_size(self) -> None:
        """
        A server counts as large as its flavor: what has no room in the first pod goes to the next.
        """
        plans = (PodPlan(name="Pod1", section={"overcommit": {"vcpus": 0.01}}), PodPlan(name="Pod2"))
        cloud = await self.prepared(plans)
        for plan in plans:
            await self.add_flavor(cloud, plan.name, a_flavor("large", vcpus=11))
        await self.asked(cloud, plans)

        await cloud.demo.create_server("one", flavorRef="large")
        self.assertEqual({"Pod1": 0, "Pod2": 1}, self.creates(cloud))
        await cloud.admin.create_server("two")
        self.assertEqual({"Pod1": 1, "Pod2": 1}, self.creates(cloud))

    async def test_tolerated_by_hint(self) -> None:
        """
        A hint lets a server into a pod with a taint that hints may name, and no further; the project's binding stays where its
        other servers go. The pod reads the hint.
        """
        taints = {"Spot": ["spot"], "Own": ["own"], "Pod1": []}
        plans = [PodPlan(name=name, section={"taints": words}) for name, words in taints.items()]
        cloud = await self.cloud(plans, daemons=0)
        weighers = {"creation_order": 1.0, "binding": 0.1}
        await cloud.add_daemon(plans, {"scheduling": {"tolerations_by_hint": ["spot"], "weighers": weighers}})

        for words in (None, "own", ["own", "spot"], "spot", None):
            hints = {} if words is None else {"os:scheduler_hints": {"trio2o:tolerates": words}}
            server = {"server": {"name": "one", "imageRef": IMAGE, "flavorRef": "1"}, **hints}
            made = await cloud.demo.compute.post("/v2.1/servers", server)
            self.assertEqual(202, made.status, made.body)
        self.assertEqual({"Spot": 2, "Own": 0, "Pod1": 3}, self.creates(cloud))
        self.assertEqual([("", "Pod1")], cloud.sql(BOUND))
        self.assertIn("trio2o:tolerates", json.dumps(cloud.pod("Spot").nova.creates()))

        volume = {"volume": {"size": 1}, "OS-SCH-HNT:scheduler_hints": {"trio2o:tolerates": "spot"}}
        made = await cloud.demo.volume.post("/v3/{project}/volumes", volume)
        self.assertEqual(202, made.status, made.body)
        self.assertEqual({"Spot": 3, "Own": 0, "Pod1": 3}, self.creates(cloud))

    async def test_dry_run(self) -> None:
        """
        A dry run that names a flavor has its group and size.
        """
        plans = (GPU, PodPlan(name="Pod1"))
        cloud = await self.prepared(plans)
        for plan in plans:
            await self.add_flavor(cloud, plan.name, a_flavor("gpu1", vcpus=100_000), SPEC)
        await self.asked(cloud, plans)

        asked = {"schedule": {"tenant_id": cloud.demo.project_id, "flavor": "gpu1"}}
        shown = (await cloud.admin.admin.post("/v1.0/schedule", asked)).json["schedule"]
        self.assertEqual("gpu", shown["pod_group"])
        self.assertEqual(["Pod1"], [each["pod_name"] for each in shown["dropped"]])
        asked["schedule"]["vcpus"] = 1
        shown = (await cloud.admin.admin.post("/v1.0/schedule", asked)).json["schedule"]
        self.assertEqual(["Gpu"], [each["pod_name"] for each in shown["pods"]])

    async def test_changed_by_a_client(self) -> None:
        """
        What a client makes through the gateway is known soon, not at the pods' next turn.
        """
        self.patch(offers, "_SOON", 0.05)
        self.patch(usage, "_READ", 0.1)
        plans = (GPU, PodPlan(name="Pod1"))
        cloud = await self.prepared(plans)
        await self.asked(cloud, plans, interval=3000.0)
        made = await cloud.admin.compute.post("/v2.1/flavors", a_flavor("gpu1"))
        self.assertEqual(200, made.status, made.body)
        made = await cloud.admin.compute.post("/v2.1/flavors/gpu1/os-extra_specs", SPEC)
        self.assertEqual(200, made.status, made.body)

        async def grouped() -> None:
            asked = {"schedule": {"tenant_id": cloud.demo.project_id, "flavor": "gpu1"}}
            while True:
                shown = (await cloud.admin.admin.post("/v1.0/schedule", asked)).json["schedule"]
                if shown["pod_group"] == "gpu":
                    return
                await pause(0.02)

        await within(15, grouped())
        await cloud.demo.create_server("one", flavorRef="gpu1")
        self.assertEqual({"Gpu": 1, "Pod1": 0}, self.creates(cloud))
