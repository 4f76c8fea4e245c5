"""
Daemons that come and go over one database.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.functional.cloud import THREE_PODS, TWO_PODS, Cloud, CloudCase, Daemon, a_server, pause, settled
from tests.interface.waiting import until


async def restarted(cloud: Cloud) -> Daemon:
    """
    Stop the first daemon and start another in its place; people ask that one from now on.
    """
    await cloud.daemons[0].stop()
    return await cloud.add_daemon(THREE_PODS, {})


class RestartTests(CloudCase):
    """
    What a daemon knew is there after a restart.
    """

    async def test_binding(self) -> None:
        """
        A project stays bound: its next server is made where the first was.
        """
        cloud = await self.cloud()
        first = await cloud.demo.create_server(availability_zone="az2")
        await restarted(cloud)

        second = await cloud.demo.at(1).create_server()

        self.assertEqual(
            (cloud.pod_of(first), [(1,)]), (cloud.pod_of(second), cloud.sql("select count(*) from bindings"))
        )

    async def test_route(self) -> None:
        """
        A server is found without asking the pods for it.
        """
        cloud = await self.cloud()
        server = await cloud.demo.create_server(availability_zone="az2")
        await restarted(cloud)
        for pod in cloud.pods.values():
            pod.nova.frame.journal.clear()

        shown = await cloud.demo.at(1).compute.get(f"/v2.1/servers/{server}")

        self.assertEqual(200, shown.status)
        asked = {name: len(pod.nova.requests(path=server)) for name, pod in cloud.pods.items()}
        self.assertEqual({"Pod1": 0, "Pod2": 0, "Pod3": 1}, asked)

    async def test_unknown_server(self) -> None:
        """
        What is known of a server whose pod is down is known after a restart too.
        """
        cloud = await self.cloud()
        server = await cloud.demo.create_server(availability_zone="az2")
        await cloud.pod("Pod3").fake.go_down()
        await restarted(cloud)

        shown = await cloud.demo.at(1).compute.get(f"/v2.1/servers/{server}", version="2.69")

        self.assertEqual((200, "UNKNOWN"), (shown.status, shown.json["server"]["status"]))
        self.assertEqual("1", shown.json["server"]["flavor"]["id"])

    async def test_same_daemon_twice(self) -> None:
        """
        The pods of the configuration keep their ids over restarts.
        """
        cloud = await self.cloud()
        before = cloud.sql("select id, name, serial from pods order by serial")
        await restarted(cloud)

        self.assertEqual(before, cloud.sql("select id, name, serial from pods order by serial"))

    async def test_stop_ends_all(self) -> None:
        """
        A daemon that was stopped has no connection to the database left.
        """
        cloud = await self.cloud(TWO_PODS)
        await cloud.demo.create_server()
        await cloud.daemons[0].stop()

        others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        await until(lambda: cloud.sql(others) == [(0,)])


class SeveralTests(CloudCase):
    """
    Several daemons at once.
    """

    async def test_one_stops(self) -> None:
        """
        While one daemon drains, another goes on: no server is lost, and nobody is bound twice.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        cloud.pod("Pod1").nova.behave("latency_after", method="POST", path="/servers$", seconds=0.2, times=3)
        creating = [
            Deferred.fromCoroutine(cloud.demo.at(0).create_server(f"a{number}")) for number in range(3)
        ]
        await until(lambda: len(cloud.pod("Pod1").servers()) == 3)

        stopping = Deferred.fromCoroutine(cloud.daemons[0].stop())
        others = await settled(*(cloud.demo.at(1).create_server(f"b{number}") for number in range(3)))
        servers = [await each for each in creating]
        await stopping
        listed = (await cloud.demo.at(1).compute.get("/v2.1/servers")).json["servers"]

        self.assertEqual({*servers, *others}, {each["id"] for each in listed})
        self.assertEqual([(1,)], cloud.sql("select count(*) from bindings where is_binding"))
        self.assertEqual([(6,)], cloud.sql("select count(*) from routes"))

    async def test_deleted_through_another(self) -> None:
        """
        A server that was deleted through one daemon is gone for another, which still has its route in memory.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        server = await cloud.demo.at(0).create_server()
        await cloud.demo.at(1).compute.get(f"/v2.1/servers/{server}")
        await until(lambda: cloud.pod("Pod1").servers()[server].vm_state == "active")
        await cloud.demo.at(0).compute.delete(f"/v2.1/servers/{server}")
        await until(lambda: server not in cloud.pod("Pod1").servers())

        shown = await cloud.demo.at(1).compute.get(f"/v2.1/servers/{server}")

        self.refused(shown, 404, "itemNotFound", server)

    async def test_binding_moved_by_another(self) -> None:
        """
        A binding that moved through one daemon is followed by another.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        await cloud.demo.at(0).create_server()
        await cloud.demo.at(1).create_server()
        pods = {
            pod["pod_name"]: pod["pod_id"] for pod in (await cloud.admin.admin.get("/v1.0/pods")).json["pods"]
        }
        body = {"pod_binding": {"tenant_id": cloud.demo.project_id, "pod_id": pods["Pod2"]}}
        await cloud.admin.at(0).admin.post("/v1.0/bindings", body)
        await pause(0.2)

        server = await cloud.demo.at(1).create_server()

        self.assertEqual("Pod2", cloud.pod_of(server))

    async def test_many_projects_at_once(self) -> None:
        """
        Twelve new projects through three daemons at once: each has one binding, and its servers are in one pod.
        """
        cloud = await self.cloud(TWO_PODS, daemons=3)
        people = cloud.projects(12)

        async def create(number: int) -> str:
            made = (
                await people[number // 2].at(number % 3).compute.post("/v2.1/servers", a_server(f"s{number}"))
            )
            self.assertEqual(202, made.status, made.body)
            return str(made.json["server"]["id"])

        servers = await settled(*(create(number) for number in range(24)))

        for first, second in zip(servers[::2], servers[1::2], strict=True):
            self.assertEqual(cloud.pod_of(first), cloud.pod_of(second))
        self.assertEqual(
            [(12, 12)], cloud.sql("select count(*), count(distinct tenant_id) from bindings where is_binding")
        )
