"""
What one process commits, the others know before they use anything older (I14).
"""

from __future__ import annotations

import os
import signal
from typing import Any

from twisted.internet.defer import Deferred

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, Person, a_server, pause
from tests.functional.daemon_process import DaemonProcess, daemon_process


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
