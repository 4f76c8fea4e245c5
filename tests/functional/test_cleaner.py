"""
Routes of what is no more, on whole clouds.
"""

from __future__ import annotations

from typing import Any

from tests.functional.cloud import TWO_PODS, Cloud, pause
from tests.functional.test_adoption import AdoptionCase
from tests.interface.waiting import until

#: Quick, and so that what is a second old is old.
JOBS = {"jobs": {"route_checks_per_second": 100, "route_missing_seconds": 0.3, "tombstone_days": 90}}


class CleanerTests(AdoptionCase):
    """
    The cleaner.
    """

    def deleted_in(self, cloud: Cloud, pod: str, *servers: str) -> None:
        """
        Delete servers in a pod directly.
        """
        store: Any = cloud.pod(pod).fake.state.servers
        for server in servers:
            store.servers[server].deleted = True

    async def metric(self, cloud: Cloud, name: str, daemon: int = 0) -> str:
        """
        A metric's lines.
        """
        text = (await cloud.admin.at(daemon).admin.with_token(None).get("/metrics")).body.decode()
        return "\n".join(line for line in text.splitlines() if line.startswith(name))

    async def test_ends(self) -> None:
        """
        What was deleted in its pod loses its route, and is 404 to its owner; all else keeps its own.
        """
        cloud = await self.admins_cloud(**JOBS)
        servers = [await cloud.demo.create_server(f"s{number}") for number in range(4)]
        volume = await cloud.demo.create_volume()
        lost = servers[1]
        self.deleted_in(cloud, cloud.pod_of(lost), lost)

        await until(lambda: lost not in self.live(cloud))

        self.assertEqual({*servers, volume} - {lost}, set(self.live(cloud)))
        self.assertEqual(404, (await cloud.demo.compute.get(f"/v2.1/servers/{lost}")).status)
        self.assertIn(" 1.0", await self.metric(cloud, "trio2o_routes_ended_total"))
        self.assertIn(" 1.0", await self.metric(cloud, "trio2o_jobs_leader"))

    async def test_keeps(self) -> None:
        """
        Refusals, faults, silence and strangers' 404s end no route, though the pod has lost the resources.
        """
        cloud = await self.admins_cloud(**JOBS)
        answers: list[dict[str, Any]] = [
            {"kind": "status", "status": 403},
            {"kind": "status", "status": 500},
            {"kind": "status", "status": 404, "body": "<html>Not Found</html>"},
            {"kind": "wrong_json"},
            {"kind": "reset"},
            {"kind": "truncate"},
        ]
        servers = []
        for answer in answers:
            (server,) = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 1)
            cloud.pod("Pod1").nova.behave(method="GET", path=f"servers/{server}$", **answer)
            servers.append(server)
        (lost,) = cloud.pod("Pod2").make_servers(cloud.demo.project_id, 1)
        await self.adopt(cloud)
        self.deleted_in(cloud, "Pod1", *servers)
        self.deleted_in(cloud, "Pod2", lost)

        await until(lambda: lost not in self.live(cloud))
        await pause(1.0)

        self.assertEqual(set(servers), set(self.live(cloud)))
        self.assertTrue(cloud.pod("Pod1").nova.requests("GET", f"servers/({'|'.join(servers)})$"))

    async def test_no_admin(self) -> None:
        """
        A daemon whose user is no administrator is told 404 of what is there, and ends nothing.
        """
        cloud = await self.admins_cloud(admin=False, **JOBS)
        server, volume = await cloud.demo.create_server(), await cloud.demo.create_volume()
        asked = [cloud.pod(name).nova for name in ("Pod1", "Pod2")]
        await until(lambda: any(nova.requests("GET", "os-services") for nova in asked))
        await pause(1.0)
        self.assertEqual({server, volume}, set(self.live(cloud)))
        self.assertIn("unclear", await self.metric(cloud, "trio2o_route_checks_total"))

    async def test_wiped_pod(self) -> None:
        """
        A pod that has lost nearly everything ends nothing, and a metric tells.
        """
        cloud = await self.admins_cloud(**JOBS)
        servers = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 30)
        await self.adopt(cloud)
        self.deleted_in(cloud, "Pod1", *servers[1:])
        told = ""
        while "Pod1" not in told:
            await pause(0.05)
            told = await self.metric(cloud, "trio2o_route_checks_distrusted{")
        await pause(1.0)
        self.assertTrue(len(self.live(cloud)) > 20)
        self.assertIn('service="compute"', told)

    async def test_next_one_takes_over(self) -> None:
        """
        One daemon alone does it; when that one ends, another goes on.
        """
        cloud = await self.admins_cloud(**JOBS)
        await cloud.add_daemon(TWO_PODS, JOBS)
        first, second = [await cloud.demo.create_server(name) for name in ("first", "second")]
        self.assertIn(" 1.0", await self.metric(cloud, "trio2o_jobs_leader", 0))
        self.assertIn(" 0.0", await self.metric(cloud, "trio2o_jobs_leader", 1))
        self.deleted_in(cloud, cloud.pod_of(first), first)
        await until(lambda: first not in self.live(cloud))

        await cloud.daemons[0].stop()
        self.deleted_in(cloud, cloud.pod_of(second), second)
        await until(lambda: second not in self.live(cloud))

        self.assertIn(" 1.0", await self.metric(cloud, "trio2o_jobs_leader", 1))
        self.assertIn(" 1.0", await self.metric(cloud, "trio2o_routes_ended_total", 1))

    async def test_old_tombstones(self) -> None:
        """
        Old tombstones are removed, younger ones stay.
        """
        cloud = await self.admins_cloud(jobs={"tombstone_days": 0, "route_checks_per_second": 0})
        pods = dict(cloud.sql("select name, id from pods"))
        for name, days in (("old", 91), ("young", 89)):
            cloud.sql(
                "insert into routes (kind, resource_id, pod_id, project_id, deleted_at)"
                " values ('server', %s, %s, 'p', now() - make_interval(days => %s))",
                name,
                pods["Pod1"],
                days,
            )
        # of two daemons the first one would go on doing the jobs
        await cloud.daemons[0].stop()
        await cloud.add_daemon(TWO_PODS, JOBS)
        await until(lambda: not cloud.sql("select 1 from routes where resource_id = 'old'"))
        self.assertEqual([(1,)], cloud.sql("select 1 from routes where resource_id = 'young'"))
