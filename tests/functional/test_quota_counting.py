"""
What projects may have over all pods, on a whole cloud: two daemons, two pods, one limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from tests.functional.cloud import IMAGE, TWO_PODS, Cloud, CloudCase, Person, pause, within

QUICK = {"grace_seconds": 1.0, "projects_seconds": 5.0}


class QuotaCase(CloudCase):
    """
    Two pods that would take anything, and daemons whose user is an admin in them.
    """

    async def limited(self, limits: Mapping[str, Any], *, daemons: int = 2, **settings: Any) -> Cloud:
        """
        A cloud with limits by configuration.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=["service", "admin"])
        for pod in cloud.pods:
            await self.raised(cloud, cloud.demo, pod)
            await self.raised(cloud, cloud.alt_demo, pod)
        for _ in range(daemons):
            await cloud.add_daemon(TWO_PODS, {"quotas": {**QUICK, **limits}, **settings})
        return cloud

    async def raised(self, cloud: Cloud, person: Person, pod: str) -> None:
        """
        Let a project have anything in a pod.
        """
        nova, cinder = cloud.admin.at_pod(pod, "compute"), cloud.admin.at_pod(pod, "volume")
        wanted = {"instances": -1, "cores": -1, "ram": -1, "server_groups": -1}
        said = await nova.put(f"/v2.1/os-quota-sets/{person.project_id}", {"quota_set": wanted})
        self.assertEqual(200, said.status, said.body)
        names = ("volumes", "gigabytes", "snapshots", "backups", "backup_gigabytes", "groups")
        path = f"/v3/{{project}}/os-quota-sets/{person.project_id}"
        said = await cinder.put(path, {"quota_set": dict.fromkeys(names, -1)})
        self.assertEqual(200, said.status, said.body)

    async def uses(
        self, cloud: Cloud, service: str, resource: str, project: str | None = None
    ) -> tuple[int, int]:
        """
        What demo, or another project, uses of a resource, and what is reserved of it.
        """
        rows = cloud.sql(
            "select coalesce((used ->> %s)::int, 0), coalesce((reserved ->> %s)::int, 0) from quota_usages"
            " where service = %s and project_id = %s",
            resource,
            resource,
            service,
            project or cloud.demo.project_id,
        )
        return rows[0] if rows else (-1, -1)

    async def becomes(
        self,
        cloud: Cloud,
        service: str,
        resource: str,
        used: int,
        reserved: int = 0,
        project: str | None = None,
    ) -> None:
        """
        Wait until so much is used and reserved.
        """

        async def waited() -> None:
            while await self.uses(cloud, service, resource, project) != (used, reserved):
                await pause(0.05)

        try:
            await within(25, waited())
        except BaseException as error:
            raise AssertionError(
                f"{resource} is {await self.uses(cloud, service, resource, project)}, not {(used, reserved)}"
            ) from error

    async def active(self, cloud: Cloud, server: str) -> None:
        """
        Wait until a server is built.
        """

        async def built() -> None:
            while True:
                shown = await cloud.demo.compute.get(f"/v2.1/servers/{server}")
                if shown.json["server"]["status"] == "ACTIVE":
                    return
                await pause(0.05)

        await within(10, built())


class ServerTests(QuotaCase):
    """
    Nova's quota.
    """

    async def test_many_at_once(self) -> None:
        """
        Of thirty creates at once through two daemons exactly as many are made as there may be, and the others are told in Nova's
        words.
        """
        cloud = await self.limited({"compute": {"instances": 7}})
        body = {"server": {"name": "one", "flavorRef": "1", "imageRef": IMAGE}}
        asked = [
            Deferred.fromCoroutine(cloud.demo.at(number % 2).compute.post("/v2.1/servers", body))
            for number in range(30)
        ]

        replies = await gatherResults(asked)

        self.assertEqual(7, sum(len(pod.servers()) for pod in cloud.pods.values()))
        self.assertEqual([202] * 7 + [403] * 23, sorted(reply.status for reply in replies))
        refused = next(reply for reply in replies if reply.status == 403)
        self.assertEqual(
            ("forbidden", "Quota exceeded for instances: Requested 1, but already used 7 of 7 instances"),
            refused.fault,
        )
        self.assertEqual("application/json; charset=UTF-8", refused.header("Content-Type"))
        await self.becomes(cloud, "compute", "instances", 7)
        self.assertEqual((7, 0), await self.uses(cloud, "compute", "cores"))

    async def test_before_the_gateway(self) -> None:
        """
        What pods have already counts, what was made behind the gateway later is found, and what is refused leaves nothing.
        """
        cloud = await self.limited({"compute": {"instances": 4}}, daemons=1)
        cloud.pod("Pod1").make_servers(cloud.demo.project_id, 2)
        await cloud.demo.create_server(flavorRef="1")
        await self.becomes(cloud, "compute", "instances", 3)
        cloud.pod("Pod2").make_servers(cloud.demo.project_id, 1)
        await self.becomes(cloud, "compute", "instances", 4)
        body = {"server": {"name": "one", "flavorRef": "1", "imageRef": IMAGE}}
        self.assertEqual(403, (await cloud.demo.compute.post("/v2.1/servers", body)).status)
        self.assertEqual([], cloud.sql("select id from quota_reservations"))

    async def test_deleted(self) -> None:
        """
        What is deleted is free again, at once for who is told that there is no more.
        """
        cloud = await self.limited({"compute": {"instances": 2}})
        first = await cloud.demo.create_server(flavorRef="1")
        await cloud.demo.at(1).create_server(flavorRef="1")
        body = {"server": {"name": "one", "flavorRef": "1", "imageRef": IMAGE}}
        self.assertEqual(403, (await cloud.demo.compute.post("/v2.1/servers", body)).status)

        self.assertEqual(204, (await cloud.demo.compute.delete(f"/v2.1/servers/{first}")).status)

        await self.becomes(cloud, "compute", "instances", 1)
        self.assertEqual(202, (await cloud.demo.at(1).compute.post("/v2.1/servers", body)).status)
        self.assertEqual((2, 0), await self.uses(cloud, "compute", "instances"))

    async def test_several(self) -> None:
        """
        As many servers as fit are made, with at least the least; and with fewer none.
        """
        cloud = await self.limited({"compute": {"cores": 3}}, daemons=1)
        server = {"name": "one", "flavorRef": "1", "imageRef": IMAGE, "min_count": 2, "max_count": 5}
        made = await cloud.demo.compute.post("/v2.1/servers", {"server": server})
        self.assertEqual(202, made.status, made.body)
        self.assertEqual(3, sum(len(pod.servers()) for pod in cloud.pods.values()))
        self.assertEqual((3, 0), await self.uses(cloud, "compute", "cores"))
        refused = await cloud.demo.compute.post("/v2.1/servers", {"server": {**server, "min_count": 1}})
        self.assertEqual(
            "Quota exceeded for cores: Requested 5, but already used 3 of 3 cores", refused.fault[1]
        )

    async def test_refused_by_pod(self) -> None:
        """
        What the pod refuses takes nothing, whether its quota or the body is the reason.
        """
        cloud = await self.limited({"compute": {"instances": 5}}, daemons=1)
        body = {"server": {"name": "one", "flavorRef": "1", "imageRef": "no id"}}
        self.assertEqual(400, (await cloud.demo.compute.post("/v2.1/servers", body)).status)
        self.assertEqual((0, 0), await self.uses(cloud, "compute", "instances"))
        for pod in cloud.pods.values():
            pod.nova.behave("quota")
        body = {"server": {"name": "one", "flavorRef": "1", "imageRef": IMAGE}}
        self.assertEqual(403, (await cloud.demo.compute.post("/v2.1/servers", body)).status)
        self.assertEqual((0, 0), await self.uses(cloud, "compute", "instances"))

    async def test_key(self) -> None:
        """
        A create with an idempotency key counts once, however often it is repeated.
        """
        cloud = await self.limited({"compute": {"instances": 5}})
        body = {"server": {"name": "one", "flavorRef": "1", "imageRef": IMAGE}}
        for number in range(3):
            made = await cloud.demo.at(number % 2).compute.post(
                "/v2.1/servers", body, headers={"Idempotency-Key": '"k"'}
            )
            self.assertEqual(202, made.status, made.body)
        self.assertEqual((1, 0), await self.uses(cloud, "compute", "instances"))

    async def test_groups(self) -> None:
        """
        Server groups count, in Nova's words for them, and are free again once their delete is answered.
        """
        cloud = await self.limited({"compute": {"server_groups": 1}}, daemons=1)
        body = {"server_group": {"name": "g", "policies": ["affinity"]}}
        made = await cloud.demo.compute.post("/v2.1/os-server-groups", body)
        self.assertEqual(200, made.status, made.body)
        refused = await cloud.demo.compute.post("/v2.1/os-server-groups", body)
        self.assertEqual(("forbidden", "Quota exceeded, too many server groups."), refused.fault)
        group = made.json["server_group"]["id"]
        self.assertEqual(204, (await cloud.demo.compute.delete(f"/v2.1/os-server-groups/{group}")).status)
        self.assertEqual(200, (await cloud.demo.compute.post("/v2.1/os-server-groups", body)).status)

    async def test_resized(self) -> None:
        """
        A resize counts what the new flavor has more, until it is taken back.
        """
        cloud = await self.limited({"compute": {"cores": 2, "ram": 4000}}, daemons=1)
        server = await cloud.demo.create_server(flavorRef="1")
        await self.active(cloud, server)
        action = f"/v2.1/servers/{server}/action"
        refused = await cloud.demo.compute.post(action, {"resize": {"flavorRef": "3"}})
        self.assertEqual(403, refused.status, refused.body)
        self.assertEqual(
            "Quota exceeded for ram: Requested 3584, but already used 512 of 4000 ram", refused.fault[1]
        )
        accepted = await cloud.demo.compute.post(action, {"resize": {"flavorRef": "2"}})
        self.assertEqual(202, accepted.status, accepted.body)
        used, reserved = await self.uses(cloud, "compute", "ram")
        self.assertEqual(2048, used + reserved)
        await self.becomes(cloud, "compute", "ram", 2048)
        self.assertEqual(202, (await cloud.demo.compute.post(action, {"revertResize": None})).status)
        await self.becomes(cloud, "compute", "ram", 512)


class VolumeTests(QuotaCase):
    """
    Cinder's quota.
    """

    async def test_volumes(self) -> None:
        """
        Volumes and their room count over all pods, and Cinder's 413 tells so with its fields.
        """
        cloud = await self.limited({"volume": {"volumes": 2, "gigabytes": 10}})
        first = await cloud.demo.create_volume(size=4)
        await cloud.demo.at(1).create_volume(size=4)

        over = await cloud.demo.volume.post("/v3/{project}/volumes", {"volume": {"size": 4}})

        self.assertEqual(
            {
                "overLimit": {
                    "code": 413,
                    "message": "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. "
                    "Requested 4G, quota is 10G and 8G has been consumed.",
                    "retryAfter": "0",
                }
            },
            over.json,
        )
        self.assertEqual((413, "0"), (over.status, over.header("Retry-After")))
        many = await cloud.demo.volume.post("/v3/{project}/volumes", {"volume": {"size": 1}})
        self.assertEqual(
            "VolumeLimitExceeded: Maximum number of volumes allowed (2) exceeded for quota 'volumes'.",
            many.json["overLimit"]["message"],
        )
        gone = await cloud.demo.volume.delete(f"/v3/{{project}}/volumes/{first}")
        self.assertEqual(202, gone.status)
        await self.becomes(cloud, "volume", "gigabytes", 4)

    async def test_types(self) -> None:
        """
        Volumes of one type are bound by its own limits, too, named or by default.
        """
        cloud = await self.limited({"volume": {"gigabytes_lvm": 3}}, daemons=1)
        types = (await cloud.demo.volume.get("/v3/{project}/types")).json["volume_types"]
        default = (await cloud.demo.volume.get("/v3/{project}/types/default")).json["volume_type"]["name"]
        self.assertIn(default, [each["name"] for each in types])
        cloud = await self.limited({"volume": {f"volumes_{default}": 1}}, daemons=1)
        await cloud.demo.create_volume(size=1)
        refused = await cloud.demo.volume.post("/v3/{project}/volumes", {"volume": {"size": 1}})
        self.assertEqual(
            f"VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes_{default}'.",
            refused.json["overLimit"]["message"],
        )

    async def test_snapshots_and_backups(self) -> None:
        """
        Snapshots take room as volumes do, and backups their own.
        """
        cloud = await self.limited(
            {"volume": {"snapshots": 1, "gigabytes": 6, "backups": 1, "backup_gigabytes": 5}}, daemons=1
        )
        volume = await cloud.demo.create_volume(size=3)
        await self.available(cloud, volume)
        snapshot = {"snapshot": {"volume_id": volume}}
        made = await cloud.demo.volume.post("/v3/{project}/snapshots", snapshot)
        self.assertEqual(202, made.status, made.body)
        self.assertEqual((6, 0), await self.uses(cloud, "volume", "gigabytes"))
        refused = await cloud.demo.volume.post("/v3/{project}/snapshots", snapshot)
        self.assertEqual(413, refused.status)
        self.assertIn("Requested 3G, quota is 6G and 6G", refused.json["overLimit"]["message"])
        backup = {"backup": {"volume_id": volume, "name": "b"}}
        made = await cloud.demo.volume.post("/v3/{project}/backups", backup)
        self.assertEqual(202, made.status, made.body)
        self.assertEqual((3, 0), await self.uses(cloud, "volume", "backup_gigabytes"))
        await self.available(cloud, volume)
        refused = await cloud.demo.volume.post("/v3/{project}/backups", backup)
        self.assertIn("quota is 5G and 3G has been consumed", refused.json["overLimit"]["message"])

    async def test_extended(self) -> None:
        """
        An extension counts by what it adds.
        """
        cloud = await self.limited({"volume": {"gigabytes": 5}}, daemons=1)
        volume = await cloud.demo.create_volume(size=2)
        await self.available(cloud, volume)
        path = f"/v3/{{project}}/volumes/{volume}/action"
        refused = await cloud.demo.volume.post(path, {"os-extend": {"new_size": 6}})
        self.assertIn("Requested 4G, quota is 5G and 2G", refused.json["overLimit"]["message"])
        extended = await cloud.demo.volume.post(path, {"os-extend": {"new_size": 5}})
        self.assertEqual(202, extended.status, extended.body)
        await self.becomes(cloud, "volume", "gigabytes", 5)
        await self.available(cloud, volume)
        self.assertEqual(202, (await cloud.demo.volume.delete(f"/v3/{{project}}/volumes/{volume}")).status)
        await self.becomes(cloud, "volume", "gigabytes", 0)

    async def test_of_servers(self) -> None:
        """
        A volume that a server is to boot from counts before it is made.
        """
        cloud = await self.limited({"volume": {"volumes": 1}}, daemons=1)
        device = {
            "boot_index": 0,
            "uuid": IMAGE,
            "source_type": "image",
            "destination_type": "volume",
            "volume_size": 2,
        }
        server = {"name": "one", "flavorRef": "1", "block_device_mapping_v2": [device]}
        made = await cloud.demo.compute.post("/v2.1/servers", {"server": server})
        self.assertEqual(202, made.status, made.body)
        self.assertEqual((1, 0), await self.uses(cloud, "volume", "volumes"))
        self.assertEqual((2, 0), await self.uses(cloud, "volume", "gigabytes"))
        refused = await cloud.demo.compute.post("/v2.1/servers", {"server": server})
        self.assertEqual(
            (403, "Maximum number of volumes allowed (1) exceeded for quota 'volumes'."),
            (refused.status, refused.fault[1]),
        )
        self.assertEqual((1, 0), await self.uses(cloud, "compute", "instances"))
        await pause(2.5)
        await self.becomes(cloud, "volume", "volumes", 1)

    async def test_transferred(self) -> None:
        """
        A volume that another project accepts, and its snapshots, count there and not here any more.
        """
        cloud = await self.limited({"volume": {"volumes": 5}}, daemons=1)
        await cloud.alt_demo.create_volume(size=1)
        volume = await cloud.demo.create_volume(size=3)
        await self.available(cloud, volume)
        made = await cloud.demo.volume.post("/v3/{project}/snapshots", {"snapshot": {"volume_id": volume}})
        self.assertEqual(202, made.status, made.body)
        await self.available(cloud, volume)
        self.assertEqual((6, 0), await self.uses(cloud, "volume", "gigabytes"))
        path = "/v3/{project}/os-volume-transfer"
        offered = await cloud.demo.volume.post(path, {"transfer": {"volume_id": volume}})
        self.assertEqual(202, offered.status, offered.body)
        transfer = offered.json["transfer"]
        accepted = await cloud.alt_demo.volume.post(
            f"{path}/{transfer['id']}/accept", {"accept": {"auth_key": transfer["auth_key"]}}
        )
        self.assertEqual(202, accepted.status, accepted.body)
        await self.becomes(cloud, "volume", "gigabytes", 0)
        await self.becomes(cloud, "volume", "gigabytes", 7, project=cloud.alt_demo.project_id)

    async def available(self, cloud: Cloud, volume: str) -> None:
        """
        Wait until a volume can be used.
        """

        async def there() -> None:
            while True:
                shown = await cloud.demo.volume.get(f"/v3/{{project}}/volumes/{volume}")
                if shown.json["volume"]["status"] == "available":
                    return
                await pause(0.05)

        await within(10, there())


class BadDayTests(QuotaCase):
    """
    What goes wrong between a reservation and its end.
    """

    BODY = {"server": {"name": "one", "flavorRef": "1", "imageRef": IMAGE}}
    SOON = {"idempotency": {"settle_seconds": 1.0}, "pod_defaults": {"create_timeout_seconds": 1.0}}

    async def test_unknown_end(self) -> None:
        """
        A create whose pod breaks off stays reserved until the pod was asked, and counts if the pod has made it.
        """
        cloud = await self.limited({"compute": {"instances": 2}}, daemons=1, **self.SOON)
        for behaviour, used in (("reset_after", 1), ("reset", 1)):
            for pod in cloud.pods.values():
                pod.nova.behave(behaviour, method="POST", path="/servers$", times=1)
            self.assertEqual(502, (await cloud.demo.compute.post("/v2.1/servers", self.BODY)).status)
            self.assertEqual(1, (await self.uses(cloud, "compute", "instances"))[1])
            for pod in cloud.pods.values():
                pod.nova.behave_well()
            await self.becomes(cloud, "compute", "instances", used)

    async def test_hanging_pod(self) -> None:
        """
        A pod that hangs keeps what was reserved; what the others have is counted meanwhile, and with it again all is settled.
        """
        cloud = await self.limited({"compute": {"instances": 2}}, daemons=1, **self.SOON)
        await cloud.demo.create_server(flavorRef="1")
        (name,) = [name for name, pod in cloud.pods.items() if pod.servers()]
        nova = cloud.pod(name).nova
        nova.behave("hang")
        self.assertEqual(504, (await cloud.demo.compute.post("/v2.1/servers", self.BODY)).status)
        refused = await cloud.demo.compute.post("/v2.1/servers", self.BODY)
        self.assertEqual(
            "Quota exceeded for instances: Requested 1, but already used 2 of 2 instances", refused.fault[1]
        )
        await pause(3.0)
        self.assertEqual((1, 1), await self.uses(cloud, "compute", "instances"))
        nova.behave_well()
        await self.becomes(cloud, "compute", "instances", 1)

    async def test_down(self) -> None:
        """
        A pod that is down counts with what it had.
        """
        cloud = await self.limited({"compute": {"instances": 2}}, daemons=1)
        await cloud.demo.create_server(flavorRef="1")
        (name,) = [name for name, pod in cloud.pods.items() if pod.servers()]
        await cloud.pod(name).fake.stop()
        await cloud.demo.create_server(flavorRef="1")
        refused = await cloud.demo.compute.post("/v2.1/servers", self.BODY)
        self.assertEqual(403, refused.status, refused.body)

    async def test_client_leaves(self) -> None:
        """
        A create goes on without its client, and counts.
        """
        cloud = await self.limited({"compute": {"instances": 2}}, daemons=1)
        for pod in cloud.pods.values():
            pod.nova.behave("latency", method="POST", path="/servers$", seconds=0.5)
        asked = Deferred.fromCoroutine(cloud.demo.compute.post("/v2.1/servers", self.BODY))
        await pause(0.25)
        asked.addErrback(lambda failure: None)
        asked.cancel()
        await self.becomes(cloud, "compute", "instances", 1)

    async def test_database_away(self) -> None:
        """
        Without the database what takes of a limit is 503 with Retry-After, and everything else goes on; a server that is made
        while the database goes is told of, and counted when it is back.
        """
        cloud = await self.limited({"compute": {"instances": 2}}, daemons=1, **self.SOON)
        server = await cloud.demo.create_server(flavorRef="1")
        for pod in cloud.pods.values():
            pod.nova.behave("latency_after", method="POST", path="/servers$", seconds=0.6)
        asked = Deferred.fromCoroutine(cloud.demo.compute.post("/v2.1/servers", self.BODY))
        await pause(0.3)
        cloud.database_down()
        made = await asked
        self.assertEqual(202, made.status, made.body)
        refused = await cloud.demo.compute.post("/v2.1/servers", self.BODY)
        self.assertEqual(503, refused.status, refused.body)
        self.assertIsNotNone(refused.header("Retry-After"))
        self.assertEqual(200, (await cloud.demo.compute.get(f"/v2.1/servers/{server}")).status)
        self.assertEqual(204, (await cloud.demo.compute.delete(f"/v2.1/servers/{server}")).status)
        cloud.database_up()
        await self.becomes(cloud, "compute", "instances", 1)
