"""
What is left of a project's quota, on a whole cloud: which pods are asked, and where creates go.
"""

from __future__ import annotations

from typing import Any

from tests.functional.cloud import IMAGE, TWO_PODS, Cloud, CloudCase, pause, within

TWO_SERVERS = {"quota_set": {"instances": 2}}


class QuotaTests(CloudCase):
    """
    Two pods that let the project have two servers each.
    """

    async def asked(self, **scheduling: Any) -> Cloud:
        """
        The cloud.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=["service", "admin"])
        await cloud.add_daemon(TWO_PODS, {"scheduling": {"quota_seconds": 60.0, **scheduling}})
        for pod in cloud.pods:
            nova = cloud.admin.at_pod(pod, "compute")
            said = await nova.put(f"/v2.1/os-quota-sets/{cloud.demo.project_id}", TWO_SERVERS)
            self.assertEqual(200, said.status, said.body)
        return cloud

    async def told(self, cloud: Cloud) -> None:
        """
        Wait until both pods were asked.
        """
        while not all(pod.nova.requests("GET", "/os-quota-sets/") for pod in cloud.pods.values()):
            await pause(0.02)

    async def create(self, cloud: Cloud) -> int:
        """
        Create a server, and give the status.
        """
        body = {"server": {"name": "one", "flavorRef": "1", "imageRef": IMAGE}}
        return (await cloud.demo.compute.post("/v2.1/servers", body)).status

    def creates(self, cloud: Cloud) -> dict[str, int]:
        """
        How many creates each pod got.
        """
        return {name: len(pod.nova.creates()) for name, pod in cloud.pods.items()}

    async def test_used_up(self) -> None:
        """
        A pod whose quota is known to be used up is not asked in vain; with all of them used up the create is sent for the pods'
        own words; and what is deleted is free at once.
        """
        cloud = await self.asked()
        self.assertEqual(202, await self.create(cloud))
        await within(15, self.told(cloud))
        await pause(0.1)
        self.assertEqual([202] * 3, [await self.create(cloud) for _ in range(3)])
        self.assertEqual({"Pod1": 2, "Pod2": 2}, self.creates(cloud))

        self.assertEqual(403, await self.create(cloud))
        self.assertEqual({"Pod1": 3, "Pod2": 3}, self.creates(cloud))

        for server in cloud.pod("Pod2").servers():
            self.assertEqual(204, (await cloud.demo.compute.delete(f"/v2.1/servers/{server}")).status)
        await within(15, self.gone(cloud))
        self.assertEqual(202, await self.create(cloud))

    async def test_freed_at_another(self) -> None:
        """
        What one process finds to be gone is free at the others too: the project's next server is made where it is bound.
        """
        cloud = await self.asked()
        await cloud.add_daemon(TWO_PODS, {"scheduling": {"quota_seconds": 60.0}})
        other = cloud.demo.at(1)
        first = await other.create_server(flavorRef="1")
        await within(15, self.told(cloud))
        await pause(0.1)
        await other.create_server(flavorRef="1")

        self.assertEqual(204, (await cloud.demo.compute.delete(f"/v2.1/servers/{first}")).status)
        while cloud.sql("select 1 from routes where resource_id = %s and deleted_at is null", first):
            await pause(0.05)
        # told with the next news
        await pause(0.5)
        await other.create_server(flavorRef="1")
        self.assertEqual({"Pod1": 3, "Pod2": 0}, self.creates(cloud))

    async def gone(self, cloud: Cloud) -> None:
        """
        Wait until the gateway knows that the servers of the second pod are gone.
        """
        while cloud.sql(
            "select 1 from routes r join pods p on p.id = r.pod_id where name = 'Pod2' and deleted_at is null"
        ):
            await pause(0.05)
