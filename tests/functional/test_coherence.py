"""
What one process commits, the others know before they use anything older (I14).
"""

from __future__ import annotations

import os
import signal
from typing import Any

from twisted.internet.defer import Deferred

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, Events, Person, a_server, pause
from tests.functional.daemon_process import DaemonProcess, daemon_process
from tests.interface.waiting import until


async def pod_id(admin: Person, name: str) -> str:
    """
    A pod's id.
    """
    pods = (await admin.admin.get("/v1.0/pods")).json["pods"]
    (found,) = [pod["pod_id"] for pod in pods if pod["pod_name"] == name]
    return str(found)


class PausedTests(CloudCase):
    """
    A process that stands still for a while, as on SIGSTOP or in a frozen container, beside one that goes on.
    """

    timeout = 120

    async def setting(self) -> tuple[Cloud, DaemonProcess]:
        """
        A daemon in this process, and one in a process of its own, which has made a server in Pod1 and so knows the project.
        """
        cloud = await self.cloud(TWO_PODS)
        paused = await daemon_process(self, cloud, TWO_PODS)
        made = await paused.client(cloud.demo, "compute").post("/v2.1/servers", a_server())
        self.assertEqual("Pod1", cloud.pod_of(made.json["server"]["id"]))
        return cloud, paused

    async def first_create(self, cloud: Cloud, paused: DaemonProcess, meanwhile: Any) -> str:
        """
        Stop the process, let something happen, send it a create, let it go on; the name of the pod that got the create.

        The create lies beside the announcement of the change when the process looks again: its connection is known already.
        """
        compute = paused.client(cloud.demo, "compute")
        await compute.get("/v2.1/servers")
        os.kill(paused.pid, signal.SIGSTOP)
        try:
            await meanwhile()
            creating = Deferred.fromCoroutine(compute.post("/v2.1/servers", a_server("two")))
            # longer than a process may stand still and be believed, and shorter than its last reading is good for
            await pause(1.5)
        finally:
            os.kill(paused.pid, signal.SIGCONT)
        made = await creating
        self.assertEqual(202, made.status, made.body)
        return cloud.pod_of(made.json["server"]["id"])

    async def test_pod_drained_meanwhile(self) -> None:
        """
        Its first create goes to no pod that began to drain meanwhile (I11).
        """
        cloud, paused = await self.setting()
        pod = await pod_id(cloud.admin, "Pod1")

        async def drain() -> None:
            changed = await cloud.admin.admin.ask(
                "PATCH", f"/v1.0/pods/{pod}", {"pod": {"state": "draining"}}
            )
            self.assertEqual(200, changed.status, changed.body)

        self.assertEqual("Pod2", await self.first_create(cloud, paused, drain))

    async def test_binding_moved_meanwhile(self) -> None:
        """
        Its first create follows a binding that was moved meanwhile.
        """
        cloud, paused = await self.setting()
        pod = await pod_id(cloud.admin, "Pod2")

        async def move() -> None:
            body = {"pod_binding": {"tenant_id": cloud.demo.project_id, "pod_id": pod}}
            self.assertEqual(200, (await cloud.admin.admin.post("/v1.0/bindings", body)).status)

        self.assertEqual("Pod2", await self.first_create(cloud, paused, move))


class LostListenerTests(CloudCase):
    """
    The session over which a daemon is told of changes ends, again and again.
    """

    async def test_binding_moves(self) -> None:
        """
        Each create through the daemon that lost its session follows the binding that the other has just moved.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        server = await cloud.demo.at(1).create_server()
        pods = {name: await pod_id(cloud.admin, name) for name in cloud.pods}
        at = cloud.pod_of(server)

        for number in range(6):
            at = "Pod2" if at == "Pod1" else "Pod1"
            await self.lose_listeners(cloud)
            body = {"pod_binding": {"tenant_id": cloud.demo.project_id, "pod_id": pods[at]}}
            self.assertEqual(200, (await cloud.admin.at(0).admin.post("/v1.0/bindings", body)).status)
            await self.knows(cloud, 1)

            made = await cloud.demo.at(1).create_server(f"s{number}")

            self.assertEqual(at, cloud.pod_of(made))

    async def test_nothing_missed(self) -> None:
        """
        What was changed while no daemon listened is known to all once they do, without reading everything anew.
        """
        cloud = await self.cloud(TWO_PODS, daemons=2)
        pods = [await pod_id(cloud.admin, name) for name in cloud.pods]
        events = Events(self)
        for number in range(12):
            if number % 3 == 0:
                await self.lose_listeners(cloud)
            body = {"pod_binding": {"tenant_id": cloud.demo.project_id, "pod_id": pods[number % 2]}}
            moved = await cloud.admin.at(number // 2 % 2).admin.post("/v1.0/bindings", body)
            self.assertEqual(200, moved.status, moved.body)

        for daemon in range(2):
            await until(lambda daemon=daemon: self.health(cloud, daemon) == (newest(cloud), True))  # type: ignore[misc]
            (binding,) = cloud.daemons[daemon].gateway._graph.state.bindings_of(cloud.demo.project_id)
            self.assertEqual(pods[1], binding.pod_id)
        self.assertNotIn("state loaded", events.text())

    async def lose_listeners(self, cloud: Cloud) -> None:
        """
        End the sessions of all daemons that listen for changes, once there is one of each.
        """
        listening = (
            "from pg_stat_activity where datname = current_database() and query = 'listen \"trio2o_changes\"'"
        )
        await until(lambda: cloud.sql(f"select count(*) {listening}") == [(len(cloud.daemons),)])
        cloud.sql(f"select pg_terminate_backend(pid) {listening}")

    async def knows(self, cloud: Cloud, daemon: int) -> None:
        """
        Wait until a daemon knows the last change, or knows that it may not.
        """

        def reached() -> bool:
            change, current = self.health(cloud, daemon)
            return change == newest(cloud) or not current

        await until(reached)

    def health(self, cloud: Cloud, daemon: int) -> tuple[int, bool]:
        """
        The last change that a daemon knows, and whether it believes to know all.
        """
        state = cloud.daemons[daemon].gateway._graph.state
        return state.change, state.current


def newest(cloud: Cloud) -> int:
    """
    The number of the last change.
    """
    ((number,),) = cloud.sql("select last from change_counter")
    return int(number)
