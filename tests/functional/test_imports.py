"""
Pods that had volume types of their own before the daemon first came.
"""

from __future__ import annotations

from typing import Any

from tests.functional.cloud import Cloud, merged, pause, within
from tests.functional.test_shared import PODS, QUICK
from tests.functional.test_shared_types import TYPES, TypesCase

_KINDS = ("same", "alone", "other")


class ImportTests(TypesCase):
    """
    One type is the same in both pods, one is in the first alone, and one has another description in each.
    """

    async def prepared(self, policy: str) -> Cloud:
        """
        The pods, and then the daemon.
        """
        cloud = await self.shared(daemons=0)
        for plan in PODS:
            for name in _KINDS:
                if name == "alone" and plan is not PODS[0]:
                    continue
                fields = {"name": name, "description": plan.name if name == "other" else ""}
                there = cloud.admin.at_pod(plan.name, "volume")
                await self.good(there, "POST", TYPES, {"volume_type": fields})
        settings = {"shared": {"kinds": {"volume_type": policy}, "compare_seconds": 0.3}}
        await cloud.add_daemon(PODS, merged(QUICK, settings))
        return cloud

    async def told(self, cloud: Cloud, *wanted: tuple[str, str, str]) -> list[dict[str, Any]]:
        """
        Wait until the report of types is that, and the metric counts as many.
        """

        async def reported() -> list[dict[str, Any]]:
            while True:
                shown = await cloud.admin.admin.get("/v1.0/drift")
                listed = [one for one in shown.json["drift"] if one["kind"] == "volume_type"]
                found = [
                    (one["name"], one["pod_name"], one["difference"])
                    for one in listed
                    if one["name"] in _KINDS
                ]
                metrics = (await cloud.admin.admin.get("/metrics")).body.decode().splitlines()
                of_types = [line for line in metrics if line.startswith('trio2o_drift{kind="volume_type"')]
                counted = sum(float(line.rpartition(" ")[2]) for line in of_types)
                if found == list(wanted) and counted == len(listed):
                    return listed
                await pause(0.1)

        return await within(20, reported())

    async def at_top(self, cloud: Cloud, name: str) -> list[str]:
        """
        The ids by which a type is listed at the top.
        """
        listed = (await self.good(cloud.admin.volume, "GET", f"{TYPES}?is_public=None"))["volume_types"]
        return [each["id"] for each in listed if each["name"] == name]

    async def test_ignored(self) -> None:
        """
        What both have is one type at the top; what differs is told and left alone.
        """
        cloud = await self.prepared("ignore")
        listed = await self.told(
            cloud, ("alone", "Pod1", "extra"), ("other", "Pod1", "extra"), ("other", "Pod2", "extra")
        )
        self.assertEqual({""}, {one["owner"] for one in listed})
        self.assertEqual(403, (await cloud.demo.admin.get("/v1.0/drift")).status)

        same = (await self.in_pod(cloud, "Pod1", "same"))["id"]
        self.assertEqual([same], await self.at_top(cloud, "same"))
        self.assertEqual({}, await self.in_pod(cloud, "Pod2", "alone"))
        for zone in ("az1", "az2"):
            await self.a_volume(cloud, zone, same)

    async def test_adopted(self) -> None:
        """
        What one pod has alone is made in the other; what is there otherwise stays, is told, and is one type at the top.
        """
        cloud = await self.prepared("adopt")
        await self.told(cloud, ("other", "Pod2", "different"))
        await self.nothing_left(cloud)
        self.assertNotEqual({}, await self.in_pod(cloud, "Pod2", "alone"))
        self.assertEqual("Pod2", (await self.in_pod(cloud, "Pod2", "other"))["description"])

        top = (await self.in_pod(cloud, "Pod1", "other"))["id"]
        self.assertEqual([top], await self.at_top(cloud, "other"))
        await self.a_volume(cloud, "az2", top)

    async def test_overwritten(self) -> None:
        """
        What somebody changes of a type that is wanted is put right; what nothing wants stays, and is told.
        """
        cloud = await self.prepared("overwrite")
        left = (("alone", "Pod1", "extra"), ("other", "Pod1", "extra"), ("other", "Pod2", "extra"))
        await self.told(cloud, *left)
        there = cloud.admin.at_pod("Pod2", "volume")
        own = (await self.in_pod(cloud, "Pod2", "same"))["id"]
        await self.good(there, "PUT", f"{TYPES}/{own}", {"volume_type": {"description": "changed"}})

        async def put_right() -> None:
            while (await self.in_pod(cloud, "Pod2", "same"))["description"]:
                await pause(0.1)

        await within(20, put_right())
        await self.told(cloud, *left)
        self.assertEqual("Pod2", (await self.in_pod(cloud, "Pod2", "other"))["description"])
