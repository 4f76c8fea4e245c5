"""
What else takes of Cinder's quota over all pods than creates of volumes, snapshots and backups, on a whole cloud.
"""

from __future__ import annotations

from typing import Any

from tests.functional.cloud import IMAGE, Cloud, Person, Reply, pause, within
from tests.functional.test_quota_counting import QuotaCase

PATH = "/v3/{project}"
VERSION = {"OpenStack-API-Version": "volume 3.60"}


class VolumeCase(QuotaCase):
    """
    Requests to Cinder.
    """

    async def post(self, cloud: Cloud, path: str, body: Any, person: Person | None = None) -> Reply:
        """
        Ask as demo, or as somebody else.
        """
        return await (person or cloud.demo).volume.post(PATH + path, body, headers=VERSION)

    async def made(self, cloud: Cloud, path: str, body: Any) -> Any:
        """
        What is in the answer's only field.
        """
        reply = await self.post(cloud, path, body)
        self.assertEqual(202, reply.status, reply.body)
        (shown,) = reply.json.values()
        return shown

    def over(self, reply: Reply) -> str:
        """
        Cinder's words.
        """
        self.assertEqual((413, "0"), (reply.status, reply.header("Retry-After")), reply.body)
        message: str = reply.json["overLimit"]["message"]
        return message

    async def usable(self, cloud: Cloud, what: str, resource_id: str) -> None:
        """
        Wait until a volume, snapshot, backup, … can be used.
        """

        async def there() -> None:
            while True:
                shown = await cloud.demo.volume.get(f"{PATH}/{what}s/{resource_id}", headers=VERSION)
                if shown.json[what]["status"] == "available":
                    return
                await pause(0.05)

        await within(10, there())

    async def volume(self, cloud: Cloud, size: int, **more: Any) -> str:
        """
        A volume that can be used.
        """
        volume = await cloud.demo.create_volume(size=size, **more)
        await self.usable(cloud, "volume", volume)
        return volume


class TransferTests(VolumeCase):
    """
    Volumes that one project gives to another.
    """

    async def offered(self, cloud: Cloud, volume: str, **more: Any) -> dict[str, Any]:
        """
        A transfer.
        """
        transfer: dict[str, Any] = await self.made(
            cloud, "/volume-transfers", {"transfer": {"volume_id": volume, **more}}
        )
        return transfer

    async def accept(self, cloud: Cloud, transfer: dict[str, Any], key: str | None = None) -> Reply:
        """
        Accept as alt_demo.
        """
        body = {"accept": {"auth_key": key or transfer["auth_key"]}}
        return await self.post(cloud, f"/volume-transfers/{transfer['id']}/accept", body, cloud.alt_demo)

    async def test_limit(self) -> None:
        """
        Who accepts is held to the limits of its own project over all pods, the volume's first and then its snapshots', in
        Cinder's words; and what is refused takes nothing and stays offered.
        """
        cloud = await self.limited({"volume": {"volumes": 2, "gigabytes": 7}})
        await cloud.alt_demo.create_volume(size=2)
        volume = await self.volume(cloud, 3)
        snapshot = await self.made(cloud, "/snapshots", {"snapshot": {"volume_id": volume}})
        await self.usable(cloud, "snapshot", snapshot["id"])
        transfer = await self.offered(cloud, volume)
        alt = cloud.alt_demo.project_id

        refused = await self.accept(cloud, transfer)

        self.assertEqual(
            "Requested volume or snapshot exceeds allowed gigabytes quota. Requested 3G, quota is 7G and 5G has been consumed.",
            self.over(refused),
        )
        self.assertEqual((2, 0), await self.uses(cloud, "volume", "gigabytes", alt))
        self.assertEqual((6, 0), await self.uses(cloud, "volume", "gigabytes"))
        self.assertEqual(202, (await cloud.demo.volume.delete(f"{PATH}/snapshots/{snapshot['id']}")).status)
        await self.becomes(cloud, "volume", "gigabytes", 3)
        self.assertEqual(202, (await self.accept(cloud, transfer)).status)
        self.assertEqual((5, 0), await self.uses(cloud, "volume", "gigabytes", alt))
        await self.becomes(cloud, "volume", "gigabytes", 0)
        many = await self.accept(cloud, await self.offered(cloud, await self.volume(cloud, 1)))
        self.assertEqual(
            "VolumeLimitExceeded: Maximum number of volumes allowed (2) exceeded for quota 'volumes'.",
            self.over(many),
        )

    async def test_without_snapshots(self) -> None:
        """
        Snapshots that do not go along take nothing.
        """
        cloud = await self.limited({"volume": {"gigabytes": 6}}, daemons=1)
        await cloud.alt_demo.create_volume(size=3)
        volume = await self.volume(cloud, 3)
        snapshot = await self.made(cloud, "/snapshots", {"snapshot": {"volume_id": volume}})
        await self.usable(cloud, "snapshot", snapshot["id"])
        transfer = await self.offered(cloud, volume, no_snapshots=True)
        self.assertEqual(202, (await self.accept(cloud, transfer)).status)
        await self.becomes(cloud, "volume", "gigabytes", 6, project=cloud.alt_demo.project_id)

    async def test_wrong_key(self) -> None:
        """
        A wrong key and an unknown transfer are the pod's to refuse, and take nothing.
        """
        cloud = await self.limited({"volume": {"volumes": 1}}, daemons=1)
        volume = await self.volume(cloud, 1)
        transfer = await self.offered(cloud, volume)
        refused = await self.accept(cloud, transfer, "no key")
        self.assertEqual(400, refused.status, refused.body)
        unknown = await self.accept(cloud, {**transfer, "id": volume})
        self.assertEqual(404, unknown.status, unknown.body)
        self.assertEqual([], cloud.sql("select id from quota_reservations"))
        self.assertEqual(202, (await self.accept(cloud, transfer)).status)
        await self.becomes(cloud, "volume", "volumes", 1, project=cloud.alt_demo.project_id)


class TypeTests(VolumeCase):
    """
    Volumes of one type.
    """

    async def test_retyped(self) -> None:
        """
        A retype takes of the limits of its new type and of no other, at once, and gives back what the old one had.
        """
        cloud = await self.limited({"volume": {"volumes": 2}}, daemons=1)
        types = (await cloud.demo.volume.get(f"{PATH}/types")).json["volume_types"]
        old, new = (each["name"] for each in types[:2])
        cloud = await self.limited({"volume": {"volumes": 2, f"gigabytes_{new}": 3}}, daemons=1)
        small, large = (
            await self.volume(cloud, 2, volume_type=old),
            await self.volume(cloud, 3, volume_type=old),
        )
        retype = {"os-retype": {"new_type": new, "migration_policy": "never"}}
        done = await self.post(cloud, f"/volumes/{small}/action", retype)
        self.assertEqual(202, done.status, done.body)
        self.assertEqual((2, 0), await self.uses(cloud, "volume", f"gigabytes_{new}"))
        refused = await self.post(cloud, f"/volumes/{large}/action", retype)
        self.assertEqual(
            f"VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes_{new} quota. "
            "Requested 3G, quota is 3G and 2G has been consumed.",
            self.over(refused),
        )
        await self.becomes(cloud, "volume", f"gigabytes_{new}", 2)
        await self.usable(cloud, "volume", small)
        await self.becomes(cloud, "volume", f"gigabytes_{old}", 3)
        self.assertEqual((5, 0), await self.uses(cloud, "volume", "gigabytes"))


class RestoreTests(VolumeCase):
    """
    Backups.
    """

    async def test_restored(self) -> None:
        """
        A backup that is restored to a new volume takes what that takes, in Cinder's words for it; to one that is there, nothing.
        """
        cloud = await self.limited({"volume": {"gigabytes": 5}}, daemons=1)
        volume = await self.volume(cloud, 2)
        backup = (await self.made(cloud, "/backups", {"backup": {"volume_id": volume, "name": "b"}}))["id"]
        await self.usable(cloud, "backup", backup)
        await self.usable(cloud, "volume", volume)
        restored = await self.made(cloud, f"/backups/{backup}/restore", {"restore": {}})
        self.assertEqual((4, 0), await self.uses(cloud, "volume", "gigabytes"))
        await self.usable(cloud, "backup", backup)
        refused = await self.post(cloud, f"/backups/{backup}/restore", {"restore": {}})
        self.assertEqual(
            "Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 5G and 4G has been consumed.",
            self.over(refused),
        )
        await self.usable(cloud, "volume", restored["volume_id"])
        await self.made(cloud, f"/backups/{backup}/restore", {"restore": {"volume_id": volume}})
        self.assertEqual((4, 0), await self.uses(cloud, "volume", "gigabytes"))
        gone = await cloud.demo.volume.delete(f"{PATH}/volumes/{restored['volume_id']}")
        self.assertEqual(202, gone.status, gone.body)
        await self.becomes(cloud, "volume", "gigabytes", 2)


class GroupTests(VolumeCase):
    """
    Groups, what is made of them, and their snapshots.
    """

    async def group(self, cloud: Cloud, sizes: list[int]) -> str:
        """
        A group with volumes of these sizes.
        """
        admin = cloud.admin.volume
        kept = (await admin.post(f"{PATH}/group_types", {"group_type": {"name": "g"}}, headers=VERSION)).json
        types = (await cloud.demo.volume.get(f"{PATH}/types")).json["volume_types"]
        wanted = {"group_type": kept["group_type"]["id"], "volume_types": [types[0]["id"]]}
        group = (await self.made(cloud, "/groups", {"group": wanted}))["id"]
        volumes = [await self.volume(cloud, size, volume_type=types[0]["id"]) for size in sizes]
        joined = {"group": {"add_volumes": ",".join(volumes)}}
        added = await cloud.demo.volume.put(f"{PATH}/groups/{group}", joined, headers=VERSION)
        self.assertEqual(202, added.status, added.body)
        return str(group)

    async def test_groups(self) -> None:
        """
        Groups have a limit of their own, and a group that is made of another takes its volumes' room; where that is short it is
        the 400 that Cinder makes of it.
        """
        cloud = await self.limited({"volume": {"groups": 2, "gigabytes": 9}}, daemons=1)
        group = await self.group(cloud, [1, 2])
        self.assertEqual((1, 0), await self.uses(cloud, "volume", "groups"))
        of_group = {"create-from-src": {"name": "copy", "source_group_id": group}}
        await self.made(cloud, "/groups/action", of_group)
        self.assertEqual((6, 0), await self.uses(cloud, "volume", "gigabytes"))
        self.assertEqual((4, 0), await self.uses(cloud, "volume", "volumes"))
        refused = await self.post(cloud, "/groups/action", of_group)
        self.assertEqual(
            (400, "Maximum number of groups allowed (2) exceeded"),
            (refused.status, refused.json["badRequest"]["message"]),
        )
        await self.becomes(cloud, "volume", "gigabytes", 6)
        await self.becomes(cloud, "volume", "groups", 2)

    async def test_snapshots(self) -> None:
        """
        A snapshot of a group takes a snapshot and the room of each of its volumes.
        """
        cloud = await self.limited({"volume": {"snapshots": 3, "gigabytes": 9}}, daemons=1)
        group = await self.group(cloud, [1, 2])
        body = {"group_snapshot": {"group_id": group, "name": "s"}}
        await self.made(cloud, "/group_snapshots", body)
        self.assertEqual((2, 0), await self.uses(cloud, "volume", "snapshots"))
        self.assertEqual((6, 0), await self.uses(cloud, "volume", "gigabytes"))
        refused = await self.post(cloud, "/group_snapshots", body)
        self.assertEqual(
            "SnapshotLimitExceeded: Maximum number of snapshots allowed (3) exceeded", self.over(refused)
        )
        await self.becomes(cloud, "volume", "snapshots", 2)


class ImageTests(VolumeCase):
    """
    Images of servers.
    """

    async def test_image(self) -> None:
        """
        An image of a server that boots from a volume takes a snapshot of it, and is Nova's 403 where there is no room; one of a
        server with a disk of its own takes nothing.
        """
        cloud = await self.limited({"volume": {"snapshots": 1}}, daemons=1)
        device = {
            "boot_index": 0,
            "source_type": "image",
            "destination_type": "volume",
            "uuid": IMAGE,
            "volume_size": 2,
        }
        server = await cloud.demo.create_server(imageRef="", block_device_mapping_v2=[device], flavorRef="1")
        plain = await cloud.demo.create_server(flavorRef="1")
        for each in (server, plain):
            await self.active(cloud, each)
        action = {"createImage": {"name": "i"}}
        done = await cloud.demo.compute.post(f"/v2.1/servers/{plain}/action", action)
        self.assertEqual(202, done.status, done.body)
        self.assertEqual(
            202, (await cloud.demo.compute.post(f"/v2.1/servers/{server}/action", action)).status
        )
        self.assertEqual((1, 0), await self.uses(cloud, "volume", "snapshots"))
        self.assertEqual((4, 0), await self.uses(cloud, "volume", "gigabytes"))
