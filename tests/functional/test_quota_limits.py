"""
Quotas of projects on a whole cloud: set at the top, given to every pod, shown as they hold over all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, Reply, pause, within
from tests.interface.waiting import until

_LONGEST = {"job_queue": {"longest_pause_seconds": 1.0}}
_ASKS = {"usage": {"interval_seconds": 1.0}}


class QuotaLimitTests(CloudCase):
    """
    Two pods.
    """

    async def made(self, *, daemons: int = 1, **settings: Any) -> Cloud:
        """
        The cloud, whose daemons' own user is an admin in the pods.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        cloud.keystone.add_user("trio2o", "trio2o-password", project="service", roles=["service", "admin"])
        for _ in range(daemons):
            await cloud.add_daemon(TWO_PODS, {**_LONGEST, **settings})
        self.nova = f"/v2.1/os-quota-sets/{cloud.demo.project_id}"
        self.cinder = f"/v3/{cloud.admin.project_id}/os-quota-sets/{cloud.demo.project_id}"
        self.own = f"/v3/{cloud.demo.project_id}/os-quota-sets/{cloud.demo.project_id}"
        return cloud

    async def put(self, cloud: Cloud, path: str | None = None, **limits: Any) -> Reply:
        """
        Set limits of the project demo as an administrator.
        """
        path = path or self.nova
        client = cloud.admin.compute if path.startswith("/v2.1") else cloud.admin.volume
        return await client.put(path, {"quota_set": limits})

    async def at_pod(
        self, cloud: Cloud, pod: str, service: str = "compute", query: str = ""
    ) -> Mapping[str, Any]:
        """
        What a pod itself says of the project's quota.
        """
        path = self.nova if service == "compute" else self.cinder
        shown = (await cloud.admin.at_pod(pod, service).get(path + query)).json
        return dict(shown["quota_set"])

    async def shown(self, cloud: Cloud, path: str | None = None, daemon: int = 0) -> Mapping[str, Any]:
        """
        What the project is shown of its own quota.
        """
        person = cloud.demo.at(daemon)
        path = path or self.nova
        said = await (person.compute if path.startswith("/v2.1") else person.volume).get(path)
        self.assertEqual(200, said.status, said.body)
        (shown,) = said.json.values()
        return dict(shown)

    async def test_nova(self) -> None:
        """
        What an administrator sets is shown at once, by every daemon, at every microversion, in detail and in the limits, and is
        every pod's; a delete brings the defaults back everywhere.
        """
        cloud = await self.made(daemons=2)
        await cloud.demo.create_server()
        await cloud.demo.create_server()

        said = await self.put(cloud, instances=25, metadata_items=7)

        self.assertEqual(
            (25, 7), (said.json["quota_set"]["instances"], said.json["quota_set"]["metadata_items"])
        )
        self.assertNotIn("id", said.json["quota_set"])
        for daemon in (0, 1):
            self.assertEqual(25, (await self.shown(cloud, daemon=daemon))["instances"])
            absolute = (await self.shown(cloud, "/v2.1/limits", daemon))["absolute"]
            self.assertEqual(
                (25, 2, 7),
                tuple(absolute[name] for name in ("maxTotalInstances", "totalInstancesUsed", "maxImageMeta")),
            )
        detail = await self.shown(cloud, f"{self.nova}/detail")
        self.assertEqual({"limit": 25, "in_use": 2, "reserved": 0}, detail["instances"])
        for pod in ("Pod1", "Pod2"):
            self.assertEqual(25, (await self.at_pod(cloud, pod))["instances"])
        for version, gone in (("2.36", "floating_ips"), ("2.57", "injected_files")):
            said = await cloud.demo.compute.get(self.nova, version=version)
            self.assertNotIn(gone, said.json["quota_set"])
            self.assertEqual(25, said.json["quota_set"]["instances"])

        self.assertEqual(202, (await cloud.admin.compute.delete(self.nova)).status)
        self.assertEqual(10, (await self.shown(cloud))["instances"])
        self.assertEqual(10, (await self.at_pod(cloud, "Pod2"))["instances"])
        self.assertEqual([], cloud.sql("select 1 from quota_limits where scope = 'project'"))

    async def test_cinder(self) -> None:
        """
        The same of Cinder's, of volume types too.
        """
        cloud = await self.made()
        await cloud.demo.create_volume()
        volume_type = next(
            name for name in await self.at_pod(cloud, "Pod1", "volume") if name.startswith("gigabytes_")
        )
        said = await self.put(cloud, self.cinder, volumes=4, **{volume_type: 9})
        self.assertEqual(200, said.status, said.body)
        shown = await self.shown(cloud, f"{self.own}?usage=true")
        self.assertEqual({"limit": 4, "in_use": 1, "reserved": 0}, shown["volumes"])
        self.assertEqual((9, 1), (shown[volume_type]["limit"], shown[volume_type]["in_use"]))
        absolute = (await self.shown(cloud, f"/v3/{cloud.demo.project_id}/limits"))["absolute"]
        self.assertEqual((4, 1), (absolute["maxTotalVolumes"], absolute["totalVolumesUsed"]))
        for pod in ("Pod1", "Pod2"):
            found = await self.at_pod(cloud, pod, "volume")
            self.assertEqual((4, 9), (found["volumes"], found[volume_type]))
        self.assertEqual(200, (await cloud.admin.volume.delete(self.cinder)).status)
        shown = await self.shown(cloud, self.own)
        self.assertEqual((10, -1), (shown["volumes"], shown[volume_type]))

    async def test_below_use(self) -> None:
        """
        A limit below what is used over all pods is refused, though no single pod would refuse it; by force it is set.
        """
        cloud = await self.made()
        for _ in range(2):
            await cloud.demo.create_server()
            cloud.sql("update pods set state = 'draining' where name = 'Pod1'")
            await within(10, self.drained(cloud))
        self.assertEqual([1, 1], [len(pod.nova.creates()) for pod in cloud.pods.values()])

        self.refused(
            await self.put(cloud, instances=1),
            400,
            "badRequest",
            "Quota limit 1 for instances must be greater than or equal to already used and reserved 2.",
        )
        self.assertEqual(10, (await self.shown(cloud))["instances"])
        self.assertEqual(10, (await self.at_pod(cloud, "Pod1"))["instances"])
        self.assertEqual(200, (await self.put(cloud, instances=1, force=True)).status)
        self.assertEqual(1, (await self.at_pod(cloud, "Pod2"))["instances"])

    async def drained(self, cloud: Cloud) -> None:
        """
        Wait until the daemon knows.
        """
        await pause(0.3)

    async def test_not_told(self) -> None:
        """
        Where the daemon's own user is no administrator in the pods, what is used is what the pods tell the client.
        """
        cloud = await self.cloud(TWO_PODS)
        server = await cloud.demo.create_server()
        path = f"/v2.1/os-quota-sets/{cloud.demo.project_id}/detail"
        self.assertEqual(1, (await cloud.demo.compute.get(path)).json["quota_set"]["instances"]["in_use"])
        self.assertEqual(204, (await cloud.demo.compute.delete(f"/v2.1/servers/{server}")).status)
        await until(lambda: not cloud.pod("Pod1").servers() and not cloud.pod("Pod2").servers())
        self.assertEqual(0, (await cloud.demo.compute.get(path)).json["quota_set"]["instances"]["in_use"])

    async def test_users(self) -> None:
        """
        Of a user in a project.
        """
        cloud = await self.made()
        await self.put(cloud, cores=10)
        self.assertEqual(200, (await self.put(cloud, f"{self.nova}?user_id=u1", cores=6)).status)
        self.refused(
            await self.put(cloud, f"{self.nova}?user_id=u2", cores=5),
            400,
            "badRequest",
            "Quota limit 5 for cores must be less than or equal to 4.",
        )
        shown = [
            (await self.shown(cloud, self.nova + query))["cores"]
            for query in ("", "?user_id=u1", "?user_id=u2")
        ]
        self.assertEqual([10, 6, 10], shown)
        self.assertEqual(6, (await self.at_pod(cloud, "Pod2", query="?user_id=u1"))["cores"])
        self.assertEqual(202, (await cloud.admin.compute.delete(f"{self.nova}?user_id=u1")).status)
        self.assertEqual(10, (await self.shown(cloud, f"{self.nova}?user_id=u1"))["cores"])

    async def test_classes(self) -> None:
        """
        The default class is every project's that has no quota of its own; other classes are kept, and are nobody's.
        """
        cloud = await self.made()
        for name, limit in (("default", 31), ("gold", 77)):
            path = f"/v2.1/os-quota-class-sets/{name}"
            said = await cloud.admin.compute.put(path, {"quota_class_set": {"instances": limit}})
            self.assertEqual(limit, said.json["quota_class_set"]["instances"])
            said = await cloud.admin.compute.get(path)
            self.assertEqual(
                (name, limit), (said.json["quota_class_set"]["id"], said.json["quota_class_set"]["instances"])
            )
        self.assertEqual(31, (await self.shown(cloud))["instances"])
        self.assertEqual(31, (await self.shown(cloud, f"{self.nova}/defaults"))["instances"])
        self.assertEqual(31, (await self.at_pod(cloud, "Pod2"))["instances"])

    async def test_class_of_a_type(self) -> None:
        """
        A class takes a limit of a volume type that was just made, and shows it, in every pod.
        """
        cloud = await self.made()
        types = f"/v3/{cloud.admin.project_id}/types"
        made = await cloud.admin.volume.post(types, {"volume_type": {"name": "new"}})
        self.assertEqual(200, made.status, made.body)
        path = f"/v3/{cloud.admin.project_id}/os-quota-class-sets/default"
        said = await cloud.admin.volume.put(path, {"quota_class_set": {"volumes_new": 3, "volumes": 11}})
        self.assertEqual(200, said.status, said.body)
        for shown in (said, await cloud.admin.volume.get(path)):
            found = shown.json["quota_class_set"]
            self.assertEqual((3, 11, -1), (found["volumes_new"], found["volumes"], found["gigabytes_new"]))
        for pod in ("Pod1", "Pod2"):
            found = (await cloud.admin.at_pod(pod, "volume").get(path)).json["quota_class_set"]
            self.assertEqual((3, 11), (found["volumes_new"], found["volumes"]))

    async def test_type_renamed(self) -> None:
        """
        The limits of a volume type are those of its new name when it gets one.
        """
        cloud = await self.made()
        types = f"/v3/{cloud.admin.project_id}/types"
        made = await cloud.admin.volume.post(types, {"volume_type": {"name": "new"}})
        said = await self.put(cloud, self.cinder, volumes_new=3)
        self.assertEqual(3, said.json["quota_set"]["volumes_new"])
        said = await cloud.admin.volume.put(
            f"{types}/{made.json['volume_type']['id']}", {"volume_type": {"name": "newer"}}
        )
        self.assertEqual(200, said.status, said.body)
        shown = await self.shown(cloud, self.own)
        self.assertEqual((3, None), (shown["volumes_newer"], shown.get("volumes_new")))

    async def test_not_allowed(self) -> None:
        """
        Who is no administrator sets nothing, and sees nobody else's; the words are the pods', also where the limit would not
        hold.
        """
        cloud = await self.made()
        await cloud.demo.create_server()
        other = f"/v2.1/os-quota-sets/{cloud.alt_demo.project_id}"
        for said, rule in (
            (await cloud.demo.compute.put(self.nova, {"quota_set": {"instances": 0}}), "update"),
            (await cloud.demo.compute.delete(self.nova), "delete"),
            (await cloud.demo.compute.get(other), "show"),
            (await cloud.demo.compute.get(f"{other}/detail"), "detail"),
        ):
            self.refused(said, 403, "forbidden", f"Policy doesn't allow os_compute_api:os-quota-sets:{rule}")
        said = await cloud.demo.compute.get(f"/v2.1/limits?tenant_id={cloud.alt_demo.project_id}")
        self.refused(said, 403, "forbidden", "os_compute_api:limits:other_project")
        self.refused(await cloud.demo.volume.put(self.own, {"quota_set": {"volumes": 0}}), 403, "forbidden")
        self.assertEqual([], cloud.sql("select 1 from quota_limits where scope <> 'pod'"))
        self.assertEqual(
            [], cloud.sql("select 1 from jobs where kind = 'pod_quota' and state = 'waiting' and pod_id = ''")
        )

    async def test_malformed(self) -> None:
        """
        What is wrong with a body, or a project, is said in a pod's words, and changes nothing.
        """
        cloud = await self.made()
        for body in (
            {},
            {"quota_set": []},
            {"quota_set": {"instances": "x"}},
            {"quota_set": {"instances": -2}},
            {"quota_set": {"instances": 1 << 31}},
            {"quota_set": {"instances": 3, "nosuch": 1}},
        ):
            said = await cloud.admin.compute.put(self.nova, body)
            self.refused(said, 400, "badRequest")
        said = await cloud.admin.volume.put(self.cinder, {"quota_set": {"volumes_nosuch": 1}})
        self.refused(said, 400, "badRequest", "Bad key(s) in quota set: volumes_nosuch")
        said = await cloud.admin.compute.put("/v2.1/os-quota-sets/a%0Ab", {"quota_set": {"cores": 1}})
        self.refused(said, 400, "badRequest", "is not a valid project")
        self.assertEqual([], cloud.sql("select 1 from quota_limits where scope = 'project'"))
        self.assertEqual(10, (await self.at_pod(cloud, "Pod1"))["instances"])

    async def test_pod_down(self) -> None:
        """
        A pod that is down has the quota soon after it is back; meanwhile it holds at the top.
        """
        cloud = await self.made()
        cloud.pod("Pod2").nova.behave("reset")
        self.assertEqual(200, (await self.put(cloud, instances=25)).status)
        self.assertEqual(25, (await self.shown(cloud))["instances"])
        self.assertEqual(
            1, len(cloud.sql("select 1 from jobs where kind = 'pod_quota' and project_id <> ''"))
        )

        cloud.pod("Pod2").nova.behave_well()

        async def given() -> None:
            while (await self.at_pod(cloud, "Pod2"))["instances"] != 25:
                await pause(0.1)

        await within(30, given())

    async def test_judge_down(self) -> None:
        """
        Where the pod that judges breaks off the client hears that, nothing is stored, and the pod does not keep it either.
        """
        cloud = await self.made()
        cloud.pod("Pod1").nova.behave("reset_after", method="PUT", path="/os-quota-sets/", times=1)
        said = await self.put(cloud, instances=25)
        self.assertGreaterEqual(said.status, 500)
        self.assertEqual(25, (await self.at_pod(cloud, "Pod1"))["instances"])

        async def taken_back() -> None:
            while (await self.at_pod(cloud, "Pod1"))["instances"] != 10:
                await pause(0.1)

        await within(30, taken_back())

    async def test_two_at_once(self) -> None:
        """
        What two administrators set at the same time through two daemons ends with one of the two, in all pods as at the top.
        """
        cloud = await self.made(daemons=2)
        for limits in ((11, 12), (13, 14), (15, 16)):
            said = await gatherResults(
                [
                    Deferred.fromCoroutine(
                        cloud.admin.at(daemon).compute.put(
                            self.nova, {"quota_set": {"instances": limit, "cores": limit}}
                        )
                    )
                    for daemon, limit in enumerate(limits)
                ]
            )
            self.assertEqual([200, 200], [each.status for each in said])

            async def agreed() -> None:
                while True:
                    found = [await self.shown(cloud, daemon=daemon) for daemon in (0, 1)]
                    found += [await self.at_pod(cloud, pod) for pod in ("Pod1", "Pod2")]
                    if len({(each["instances"], each["cores"]) for each in found}) == 1:
                        return
                    await pause(0.1)

            await within(30, agreed())
            shown = await self.shown(cloud)
            self.assertEqual(shown["instances"], shown["cores"])
            self.assertIn(shown["instances"], limits)

    async def test_database_down(self) -> None:
        """
        With the database away quotas are shown from memory, and none are set anywhere (I15).
        """
        cloud = await self.made()
        await self.put(cloud, instances=25)
        cloud.database_down()
        await pause(0.1)
        for path in (self.nova, f"{self.nova}/detail", "/v2.1/limits", self.own):
            await self.shown(cloud, path)
        self.assertEqual(25, (await self.shown(cloud))["instances"])
        for said in (await self.put(cloud, instances=30), await cloud.admin.compute.delete(self.nova)):
            self.refused(said, 503, "serviceUnavailable")
            self.assertIsNotNone(said.header("Retry-After"))
        self.assertEqual(25, (await self.at_pod(cloud, "Pod1"))["instances"])

    async def test_configured(self) -> None:
        """
        What is configured holds for projects without a quota, and pods that allow less are raised.
        """
        cloud = await self.made(quotas={"compute": {"instances": 40, "cores": 5}}, **_ASKS)
        shown = await self.shown(cloud)
        self.assertEqual((40, 5), (shown["instances"], shown["cores"]))

        async def raised() -> None:
            while {(await self.at_pod(cloud, pod))["instances"] for pod in ("Pod1", "Pod2")} != {40}:
                await pause(0.1)

        await within(30, raised())
        # what a pod allows beyond it stays: the top counts
        self.assertEqual(20, (await self.at_pod(cloud, "Pod1"))["cores"])

    async def test_largest_default(self) -> None:
        """
        What nobody has said anything of is the largest that a pod has by itself, as soon as the pods were asked.
        """
        cloud = await self.made(**_ASKS)
        store: Any = cloud.pod("Pod2").fake.state.servers
        store.quota_class["ram"] = 99_999
        await until(
            lambda: cloud.sql("select 1 from quota_limits where scope = 'pod' and hard_limit = 99999")
        )

        async def known() -> None:
            while (await self.shown(cloud))["ram"] != 99_999:
                await pause(0.1)

        await within(10, known())
