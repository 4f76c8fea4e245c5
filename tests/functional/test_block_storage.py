"""
What hangs on volumes, over pods: made where its volume is, listed as one, and followed where it makes or takes along more.
"""

from __future__ import annotations

from tests.functional.cloud import THREE_PODS, Client, Cloud, CloudCase, a_volume, pause
from tests.interface.waiting import until

#: One in each zone.
PODS = THREE_PODS[1:]


class BlockStorageTests(CloudCase):
    """
    A volume in each of two pods.
    """

    async def volumes(self) -> tuple[Cloud, list[str]]:
        """
        One volume in each zone; each pod has its own.
        """
        cloud = await self.cloud(PODS)
        made = []
        for zone in ("az1", "az2"):
            reply = await cloud.demo.volume.post(
                "/v3/{project}/volumes", a_volume("one", availability_zone=zone)
            )
            self.assertEqual(202, reply.status, reply.body)
            made.append(reply.json["volume"]["id"])
            await self.becomes(cloud.demo.volume, f"/volumes/{made[-1]}", "volume", "available")
        return cloud, made

    async def becomes(self, client: Client, path: str, single: str, status: str) -> None:
        """
        Wait until something has a status.
        """
        for _ in range(200):
            reply = await client.get("/v3/{project}" + path)
            if reply.status == 200 and reply.json[single]["status"] == status:
                return
            await pause(0.05)
        self.fail(f"{path} did not become {status}: {reply.body!r}")

    async def backup(self, cloud: Cloud, volume: str) -> str:
        """
        A backup of a volume.
        """
        body = {"backup": {"volume_id": volume, "name": "b"}}
        reply = await cloud.demo.volume.post("/v3/{project}/backups", body)
        self.assertEqual(202, reply.status, reply.body)
        identifier: str = reply.json["backup"]["id"]
        await self.becomes(cloud.demo.volume, f"/backups/{identifier}", "backup", "available")
        return identifier

    async def test_backups(self) -> None:
        """
        Each backup is in its volume's pod and zone; the list has all of them, and nobody else sees them.
        """
        cloud, volumes = await self.volumes()
        backups = [await self.backup(cloud, volume) for volume in volumes]

        listed = (await cloud.demo.volume.get("/v3/{project}/backups/detail?sort=id:asc")).json["backups"]

        self.assertEqual(sorted(backups), [each["id"] for each in listed])
        self.assertEqual({"az1", "az2"}, {each["availability_zone"] for each in listed})
        for name, backup in zip(("Pod2", "Pod3"), backups, strict=True):
            at_pod = await cloud.demo.at_pod(name, "volume").get("/v3/{project}/backups")
            self.assertEqual([backup], [each["id"] for each in at_pod.json["backups"]])
            stranger = await cloud.alt_demo.volume.get(f"/v3/{{project}}/backups/{backup}")
            self.assertEqual(404, stranger.status)

    async def test_restore(self) -> None:
        """
        A backup of the second pod makes a volume there, which is shown at once and has its route.
        """
        cloud, volumes = await self.volumes()
        backup = await self.backup(cloud, volumes[1])

        made = await cloud.demo.volume.post(
            f"/v3/{{project}}/backups/{backup}/restore", {"restore": {"name": "r"}}
        )

        self.assertEqual(202, made.status, made.body)
        fresh = made.json["restore"]["volume_id"]
        shown = await cloud.demo.volume.get(f"/v3/{{project}}/volumes/{fresh}")
        self.assertEqual("az2", shown.json["volume"]["availability_zone"])
        question = f"select project_id from routes where resource_id = '{fresh}' and kind = 'volume'"
        await until(lambda: cloud.sql(question))
        self.assertEqual([(cloud.demo.project_id,)], cloud.sql(question))

    async def test_restore_elsewhere(self) -> None:
        """
        A volume of the other pod cannot get the backup: 400 with both ids.
        """
        cloud, volumes = await self.volumes()
        backup = await self.backup(cloud, volumes[1])

        refused = await cloud.demo.volume.post(
            f"/v3/{{project}}/backups/{backup}/restore", {"restore": {"volume_id": volumes[0]}}
        )

        self.assertEqual(400, refused.status)
        self.assertIn(volumes[0], refused.json["badRequest"]["message"])

    async def test_attachments(self) -> None:
        """
        An attachment is made in its volume's pod; a walk by pages gives those of all pods.
        """
        cloud, volumes = await self.volumes()
        made = []
        for volume in volumes:
            body = {"attachment": {"volume_uuid": volume, "instance_uuid": None}}
            reply = await cloud.demo.volume.post("/v3/{project}/attachments", body, version="3.27")
            self.assertEqual(200, reply.status, reply.body)
            made.append(reply.json["attachment"]["id"])

        found: list[str] = []
        for _ in range(3):
            marker = f"&marker={found[-1]}" if found else ""
            page = await cloud.demo.volume.get(f"/v3/{{project}}/attachments?limit=1{marker}", version="3.27")
            found += [each["id"] for each in page.json["attachments"]]

        self.assertEqual(made, found)

    async def test_delete_is_followed(self) -> None:
        """
        The route of a deleted volume ends though nobody asks for it again.
        """
        cloud, volumes = await self.volumes()

        deleted = await cloud.demo.volume.delete(f"/v3/{{project}}/volumes/{volumes[1]}")

        self.assertEqual(202, deleted.status)
        question = f"select 1 from routes where resource_id = '{volumes[1]}' and deleted_at is not null"
        await until(lambda: cloud.sql(question))
