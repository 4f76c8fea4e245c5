"""
What is free again counts no longer than at one cloud, however lately it was made: daemons that believe that pods count late.
"""

from __future__ import annotations

from tests.functional.cloud import IMAGE, Cloud, pause, within
from tests.functional.test_quota_counting import QuotaCase

#: As many seconds as no test takes.
LATE = {"grace_seconds": 600.0}
BODY = {"server": {"name": "one", "flavorRef": "1", "imageRef": IMAGE}}


class RecountTests(QuotaCase):
    """
    Two daemons, two pods.
    """

    async def deleted(self, cloud: Cloud, server: str) -> None:
        """
        Delete a server at its pod's own door, so that nobody tells the gateway, and wait until it is gone.
        """
        (pod,) = [name for name, pod in cloud.pods.items() if server in pod.servers()]
        nova = cloud.demo.at_pod(pod, "compute")
        self.assertEqual(204, (await nova.delete(f"/v2.1/servers/{server}")).status)

        async def gone() -> None:
            while (await nova.get(f"/v2.1/servers/{server}")).status != 404:
                await pause(0.05)

        await within(10, gone())

    async def totals(self, cloud: Cloud, daemon: int = 0) -> int:
        """
        How many servers the project is told that it has.
        """
        shown = await cloud.demo.at(daemon).compute.get("/v2.1/limits")
        used: int = shown.json["limits"]["absolute"]["totalInstancesUsed"]
        return used

    async def servers(self, cloud: Cloud) -> list[str]:
        """
        The ids of the project's servers.
        """
        listed = await cloud.demo.compute.get("/v2.1/servers")
        return [each["id"] for each in listed.json["servers"]]

    async def test_several(self) -> None:
        """
        Of servers that were made by one create each counts as long as it is there, whichever it is.
        """
        cloud = await self.limited({"compute": {"instances": 4}, **LATE})
        for extra, left in (({}, 1), ({"return_reservation_id": True}, 2)):
            before = set(await self.servers(cloud))
            server = {**BODY["server"], "min_count": 3, "max_count": 3, **extra}
            made = await cloud.demo.compute.post("/v2.1/servers", {"server": server})
            self.assertEqual(202, made.status, made.body)
            first = made.json["server"]["id"] if "server" in made.json else None
            new = sorted(set(await self.servers(cloud)) - before, key=lambda each: each == first)
            self.assertEqual((3, 3 + len(before)), (len(new), await self.totals(cloud)))
            for server_id in new[:2]:
                await self.deleted(cloud, server_id)
            self.assertEqual(left, await self.totals(cloud))
        await self.becomes(cloud, "compute", "instances", 2)

    async def test_named(self) -> None:
        """
        What is deleted through the gateway of several is given back by itself, not the next time that somebody looks.
        """
        cloud = await self.limited({"compute": {"instances": 4}, **LATE}, daemons=1)
        server = {**BODY["server"], "min_count": 3, "max_count": 3}
        made = await cloud.demo.compute.post("/v2.1/servers", {"server": server})
        self.assertEqual(202, made.status, made.body)

        async def named() -> None:
            while cloud.sql("select count(*) from quota_holdings where kind = 'server'")[0][0] != 3:
                await pause(0.05)

        await within(10, named())
        # a delete that was sent so soon after a reading may be in it
        await pause(1.2)
        (rest,) = [each for each in await self.servers(cloud) if each != made.json["server"]["id"]][:1]
        cloud.pod("Pod1").nova.behave("status", path="/os-quota-sets", status=500)
        cloud.pod("Pod2").nova.behave("status", path="/os-quota-sets", status=500)
        self.assertEqual(204, (await cloud.demo.compute.delete(f"/v2.1/servers/{rest}")).status)
        await self.becomes(cloud, "compute", "instances", 2)

    async def test_refusal(self) -> None:
        """
        Who is refused is refused for what there is then, though all of it was made a moment ago, and through another daemon.
        """
        cloud = await self.limited({"compute": {"instances": 2}, **LATE})
        servers = [await cloud.demo.create_server(flavorRef="1") for _ in range(2)]
        for _ in range(2):
            refused = await cloud.demo.at(1).compute.post("/v2.1/servers", BODY)
            self.assertEqual(403, refused.status, refused.body)
        await self.deleted(cloud, servers[0])
        self.assertEqual(202, (await cloud.demo.at(1).compute.post("/v2.1/servers", BODY)).status)
        self.assertEqual(403, (await cloud.demo.compute.post("/v2.1/servers", BODY)).status)
        self.assertEqual(2, sum(len(pod.servers()) for pod in cloud.pods.values()))

    async def test_hanging_pod(self) -> None:
        """
        A pod that hangs keeps nobody from being refused.
        """
        cloud = await self.limited({"compute": {"instances": 1}, **LATE}, daemons=1)
        await cloud.demo.create_server(flavorRef="1")
        for pod in cloud.pods.values():
            pod.nova.behave("hang", path="/os-quota-sets")
        refused = await within(15, cloud.demo.compute.post("/v2.1/servers", BODY))
        self.assertEqual(403, refused.status, refused.body)
