"""
``workers: 2``: one command, one set of ports, several processes.
"""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Sequence
from typing import Any

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, PodPlan, a_server, pause
from tests.functional.daemon_process import (
    DaemonProcess,
    children,
    daemon_process,
    lives,
    refused_connections,
)
from tests.functional.test_process import ENDED_BY_SIGTERM
from tests.interface.waiting import until


class WorkersCase(CloudCase):
    """
    A daemon of two workers.
    """

    async def workers(
        self, cloud: Cloud, plans: Sequence[PodPlan] = TWO_PODS, *, start: bool = True, **settings: Any
    ) -> DaemonProcess:
        """
        Started, unless that is asked otherwise.
        """
        daemon = await daemon_process(self, cloud, plans, settings={"workers": 2, **settings}, start=start)
        if start:
            # each says that it serves; the supervisor, when all do
            await until(lambda: "2 workers are serving" in daemon.text, limit=30)
        return daemon


class ServingTests(WorkersCase):
    """
    Serving and ending.
    """

    async def test_serves_and_ends(self) -> None:
        """
        Both workers serve all surfaces at the same ports over one database; SIGTERM ends them and the supervisor.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await self.workers(cloud)
        processes = children(daemon.pid)
        compute = daemon.client(cloud.demo, "compute")
        admin = daemon.client(cloud.admin, "admin").with_token(None)

        made = await compute.post("/v2.1/servers", a_server())
        shown = [await compute.get(f"/v2.1/servers/{made.json['server']['id']}") for _ in range(20)]
        volumes = await daemon.client(cloud.demo, "volume").get("/v3/volumes/detail")
        metrics = (await admin.get("/metrics")).body.decode()
        daemon.signal(signal.SIGTERM)
        status = await daemon.ended()

        self.assertEqual(2, len(processes))
        self.assertEqual(202, made.status)
        self.assertEqual({200}, {each.status for each in [*shown, volumes]})
        for worker in ("1", "2"):
            self.assertRegex(metrics, rf'trio2o_state_ready{{worker="{worker}"}} 1\.0')
        # every request is counted once, whichever worker it came to
        counted = re.findall(
            r'trio2o_requests_total{method="GET",operation="/servers/{id}".*} (\S+)', metrics
        )
        self.assertEqual(20, sum(map(float, counted)))
        self.assertIn(status, ENDED_BY_SIGTERM, daemon.text)
        self.assertEqual([], [each for each in processes if lives(each)])
        self.assertNotIn("Traceback", daemon.text)

    async def test_port_in_use(self) -> None:
        """
        A port that is taken ends the daemon with a failing status and the reason, and no worker was started.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        listen = {"volume": {"endpoints": [f"tcp:{port}:interface=127.0.0.1"]}}
        daemon = await self.workers(cloud, start=False, listen=listen)

        daemon.spawn()
        status = await daemon.ended()

        self.assertEqual(1, status, daemon.text)
        self.assertIn(str(port), daemon.text)
        self.assertNotIn("Traceback", daemon.text)
        self.assertEqual([(0,)], cloud.sql("select count(*) from pods"))

    async def test_shared_unix_socket(self) -> None:
        """
        A UNIX socket, which processes cannot share, is refused in plain words.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        listen = {"volume": {"endpoints": [f"unix:{cloud.folder}/volume"]}}
        daemon = await self.workers(cloud, start=False, listen=listen)

        daemon.spawn()
        status = await daemon.ended()

        self.assertEqual(1, status, daemon.text)
        self.assertIn("set workers: 1", daemon.text)
        self.assertNotIn("Traceback", daemon.text)

    async def test_worker_that_cannot_start(self) -> None:
        """
        What keeps the workers from their first start ends the daemon with status 1, said once for each and once in all.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        file = cloud.folder / "a file"
        file.write_text("")
        daemon = await self.workers(cloud, start=False)
        daemon.write(database={"state_directory": str(file)})

        daemon.spawn()
        status = await daemon.ended()

        self.assertEqual(1, status, daemon.text)
        self.assertIn("database.state_directory", daemon.text)
        self.assertIn("ended in its first start: status 1", daemon.text)
        self.assertNotIn("Traceback", daemon.text)


class FailingTests(WorkersCase):
    """
    Processes that end.
    """

    async def test_worker_dies(self) -> None:
        """
        A worker that is killed is started again; meanwhile the other serves whoever connects, and what it had made is known.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await self.workers(cloud)
        compute = daemon.client(cloud.demo, "compute")
        made = await compute.post("/v2.1/servers", a_server())
        before = children(daemon.pid)

        for victim in sorted(before):
            os.kill(victim, signal.SIGKILL)
            await until(lambda gone=victim: not lives(gone))  # type: ignore[misc]
            statuses = set()
            for _ in range(10):
                # a connection that the victim held may be found broken once
                try:
                    shown = await compute.get(f"/v2.1/servers/{made.json['server']['id']}")
                except Exception:  # noqa: BLE001 - reset: the next one is new
                    continue
                statuses.add(shown.status)
            self.assertEqual({200}, statuses)
            await until(lambda: daemon.text.count("ended: signal 9") == len(before - children(daemon.pid)))
            await until(lambda: len(children(daemon.pid)) == 2, limit=20)
            await self.all_serve(daemon, cloud)

        self.assertEqual(set(), before & children(daemon.pid))
        self.assertEqual(2, daemon.text.count("ended: signal 9"))

    async def test_supervisor_dies(self) -> None:
        """
        Workers whose supervisor is killed end by themselves, so that a new one finds the ports free.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await self.workers(cloud)
        processes = children(daemon.pid)

        daemon.signal(signal.SIGKILL)
        await daemon.ended()

        await until(lambda: not any(lives(each) for each in processes), limit=15)
        self.assertTrue(await refused_connections(daemon.client(cloud.demo, "compute")))

    async def all_serve(self, daemon: DaemonProcess, cloud: Cloud) -> None:
        """
        Wait until both workers give metrics, which they do when they serve.
        """
        admin = daemon.client(cloud.admin, "admin").with_token(None)

        for _ in range(200):
            try:
                told = (await admin.get("/metrics")).body.decode()
            except Exception:  # noqa: BLE001 - a connection of the killed one
                told = ""
            if all(f'trio2o_state_ready{{worker="{number}"}} 1.0' in told for number in (1, 2)):
                return
            await pause(0.1)
        self.fail(f"not all workers serve: {daemon.text}")


class ReloadingTests(WorkersCase):
    """
    SIGHUP.
    """

    async def test_reload(self) -> None:
        """
        A new pod list reaches all workers; a bad file changes nothing, and a worker that is started again then has the good
        one still.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await self.workers(cloud)
        pods = daemon.settings["pods"]
        admin = daemon.client(cloud.admin, "admin")

        daemon.write(pods=[{**each, "weight": 7} for each in pods])
        daemon.signal(signal.SIGHUP)
        await until(lambda: daemon.text.count("The configuration was reloaded") == 2)
        weights = {pod["weight"] for pod in (await admin.get("/v1.0/pods")).json["pods"] if pod["az_name"]}
        daemon.path.write_text("pods: [")
        daemon.signal(signal.SIGHUP)
        await until(lambda: "The new configuration is refused" in daemon.text)
        victim = min(children(daemon.pid))
        os.kill(victim, signal.SIGKILL)
        await until(lambda: "ended: signal 9" in daemon.text)
        await until(lambda: len(children(daemon.pid) - {victim}) == 2, limit=20)
        listed = await admin.get("/v1.0/pods")

        self.assertEqual({7}, weights)
        self.assertEqual(200, listed.status)
        self.assertEqual(2, len([pod for pod in listed.json["pods"] if pod["az_name"]]))
        self.assertEqual(1, daemon.text.count(": The new configuration is refused"))
