"""
Nova's limits that are Keystone's, on a whole cloud.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, a_server, pause, within

_SETTINGS = {
    "quotas": {"source": "keystone", "keystone_seconds": 1.0},
    "usage": {"interval_seconds": 1.0},
    "job_queue": {"longest_pause_seconds": 1.0},
}


class UnifiedLimitTests(CloudCase):
    """
    Two pods whose own Nova knows nothing of unified limits, and two daemons.
    """

    async def made(self) -> Cloud:
        """
        The cloud, with limits at Keystone.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=["service", "admin"])
        limits, catalog = cloud.keystone.limits, cloud.keystone.catalog
        catalog.set_endpoint("RegionOne", "compute", "http://127.0.0.1:1/v2.1")
        for name, limit in (("servers", 3), ("class:VCPU", 50), ("server_metadata_items", 9)):
            limits.register(catalog, name, limit)
        limits.give(catalog, cloud.demo.project_id, "servers", 1)
        for _ in range(2):
            await cloud.add_daemon(TWO_PODS, _SETTINGS)
        self.path = f"/v2.1/os-quota-sets/{cloud.demo.project_id}"
        await self.soon(lambda: self.shown_servers(cloud, 1))
        return cloud

    async def soon(self, fact: Callable[[], Awaitable[bool]]) -> None:
        """
        Wait until it is so.
        """

        async def waiting() -> None:
            while not await fact():
                await pause(0.1)

        await within(30, waiting())

    async def shown(self, cloud: Cloud, daemon: int = 0, path: str | None = None) -> Mapping[str, Any]:
        """
        What the project is shown.
        """
        said = await cloud.demo.at(daemon).compute.get(path or self.path, version="2.57")
        self.assertEqual(200, said.status, said.body)
        (shown,) = said.json.values()
        return dict(shown)

    async def shown_servers(self, cloud: Cloud, limit: int) -> bool:
        """
        Whether both daemons show this limit of servers.
        """
        return {(await self.shown(cloud, daemon))["instances"] for daemon in (0, 1)} == {limit}

    async def test_limits(self) -> None:
        """
        Keystone's limits are shown as Nova shows them, hold over all pods, follow what is changed there, and hold on while
        Keystone is away.
        """
        cloud = await self.made()
        shown = await self.shown(cloud)
        self.assertEqual((50, 9, 0), tuple(shown[name] for name in ("cores", "metadata_items", "ram")))
        defaults = await self.shown(cloud, path=f"{self.path}/defaults")
        self.assertEqual((3, 50), (defaults["instances"], defaults["cores"]))
        absolute = (await self.shown(cloud, path="/v2.1/limits"))["absolute"]
        self.assertEqual((1, 9), (absolute["maxTotalInstances"], absolute["maxServerMeta"]))

        self.assertEqual(202, (await cloud.demo.compute.post("/v2.1/servers", a_server())).status)
        said = await cloud.demo.at(1).compute.post("/v2.1/servers", a_server())
        self.refused(
            said, 403, "forbidden", "Quota exceeded for instances: Requested 1, but already used 1 of 1"
        )

        limits, catalog = cloud.keystone.limits, cloud.keystone.catalog
        limits.give(catalog, cloud.demo.project_id, "servers", 2)
        await self.soon(lambda: self.shown_servers(cloud, 2))
        await cloud.keystone_down()
        await pause(1.5)
        self.assertTrue(await self.shown_servers(cloud, 2))
        self.assertEqual(202, (await cloud.demo.at(1).compute.post("/v2.1/servers", a_server())).status)
        await cloud.keystone_up()
        limits.withdraw(cloud.demo.project_id)
        await self.soon(lambda: self.shown_servers(cloud, 3))

    async def test_pods(self) -> None:
        """
        Pods whose Nova keeps limits of its own are given Keystone's, so that they stop nobody below.
        """
        cloud = await self.made()
        limits, catalog = cloud.keystone.limits, cloud.keystone.catalog
        limits.register(catalog, "class:VCPU", 70)
        limits.give(catalog, cloud.demo.project_id, "servers", 60)

        async def given() -> bool:
            found = [
                (await cloud.admin.at_pod(pod, "compute").get(self.path)).json["quota_set"]
                for pod in ("Pod1", "Pod2")
            ]
            return {(each["instances"], each["cores"]) for each in found} == {(60, 70)}

        await self.soon(given)

    async def test_writes(self) -> None:
        """
        Nothing is set through Nova: what is right is answered with what holds, what is wrong is refused, and no pod keeps it.
        """
        cloud = await self.made()
        for target, key in (
            (self.path, "quota_set"),
            ("/v2.1/os-quota-class-sets/default", "quota_class_set"),
        ):
            said = await cloud.admin.compute.put(target, {key: {"instances": 77}}, version="2.57")
            self.assertEqual(200, said.status, said.body)
            self.assertIn(said.json[key]["instances"], (1, 3))
            said = await cloud.admin.compute.put(target, {key: {"instances": -2}})
            self.refused(said, 400, "badRequest")
            said = await cloud.demo.compute.put(target, {key: {"instances": 2}})
            self.refused(said, 403, "forbidden")
        self.assertEqual(202, (await cloud.admin.compute.delete(self.path)).status)
        self.assertTrue(await self.shown_servers(cloud, 1))

        async def as_before() -> bool:
            found = [
                (await cloud.admin.at_pod(pod, "compute").get(self.path)).json["quota_set"]["instances"]
                for pod in ("Pod1", "Pod2")
            ]
            return found == [1, 1]

        await self.soon(as_before)
        # Cinder's are set here in any case
        volumes = f"/v3/{cloud.admin.project_id}/os-quota-sets/{cloud.demo.project_id}"
        said = await cloud.admin.volume.put(volumes, {"quota_set": {"volumes": 4}})
        self.assertEqual(4, said.json["quota_set"]["volumes"])
