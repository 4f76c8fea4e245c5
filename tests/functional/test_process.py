"""
The daemon as a process: starting, signals, draining, dying.
"""

from __future__ import annotations

import os
import signal
import socket
import time

from twisted.internet.defer import Deferred

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, PodPlan, a_server, hang_up, pause, settled
from tests.functional.daemon_process import DaemonProcess, daemon_process, refused_connections
from tests.interface.waiting import until

#: twistd puts everything down and then dies of the signal that it got, which systemd takes for a clean end.
ENDED_BY_SIGTERM = (0, -signal.SIGTERM)

UNLIMITED = {"options": {"nova": {"quota": {"instances": -1, "cores": -1, "ram": -1}}}}


class ServingTests(CloudCase):
    """
    ``twistd trio2o``.
    """

    async def test_serves_and_ends(self) -> None:
        """
        It serves all three surfaces, tells of itself, logs no token, and ends in good order by SIGTERM.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await daemon_process(self, cloud, TWO_PODS)
        compute, admin = daemon.client(cloud.demo, "compute"), daemon.client(cloud.admin, "admin")

        made = await compute.post("/v2.1/servers", a_server())
        shown = await compute.get(f"/v2.1/servers/{made.json['server']['id']}")
        volumes = await daemon.client(cloud.demo, "volume").get("/v3/volumes/detail")
        pods = await admin.get("/v1.0/pods")
        health = await admin.with_token(None).get("/healthcheck")
        metrics = await admin.with_token(None).get("/metrics")
        await compute.with_token("gAAAAAB" + "x" * 60).get("/v2.1/servers")
        daemon.signal(signal.SIGTERM)
        status = await daemon.ended()

        self.assertEqual(
            [202, 200, 200, 200, 200, 200],
            [each.status for each in (made, shown, volumes, pods, health, metrics)],
        )
        self.assertIn(status, ENDED_BY_SIGTERM, daemon.text)
        self.assertIn("trio2o_requests_total", metrics.body.decode())
        lines = cloud.access_lines()
        self.assertIn("POST /v2.1/servers 202", lines)
        for person in (cloud.demo, cloud.admin):
            self.assertNotIn(person.token, daemon.text + lines + metrics.body.decode())
        self.assertNotIn("trio2o-password", daemon.text)
        self.assertNotIn("Traceback", daemon.text)

    async def test_bad_configuration(self) -> None:
        """
        A bad file gives all its mistakes with their paths and status 1, and nothing is started.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await daemon_process(self, cloud, TWO_PODS, start=False)
        daemon.write(pods=[{"name": "Pod1", "az": "az1", "regoin": "x"}, {"az": "az1"}], drain_seconds="long")

        daemon.spawn()
        status = await daemon.ended()

        self.assertEqual(1, status)
        self.assertIn("process.yaml: pods[0].regoin: unknown key", daemon.text)
        self.assertIn("pods[1]", daemon.text)
        self.assertIn("drain_seconds", daemon.text)
        self.assertEqual([(0,)], cloud.sql("select count(*) from pods"))
        self.assertNotIn("serving", daemon.text)

    async def test_port_in_use(self) -> None:
        """
        A port that is taken ends the daemon with a failing status and the reason.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        listen = {"volume": {"endpoints": [f"tcp:{port}:interface=127.0.0.1"]}}
        daemon = await daemon_process(self, cloud, TWO_PODS, settings={"listen": listen}, start=False)

        daemon.spawn()
        status = await daemon.ended()

        self.assertEqual(1, status, daemon.text)
        self.assertIn(str(port), daemon.text)
        self.assertNotIn("Traceback", daemon.text)

    async def test_unusable_directory(self) -> None:
        """
        A state directory that cannot be made ends the daemon with status 1 and a word about it.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        file = cloud.folder / "a file"
        file.write_text("")
        daemon = await daemon_process(self, cloud, TWO_PODS, start=False)
        daemon.write(database={"state_directory": str(file)})

        daemon.spawn()
        status = await daemon.ended()

        self.assertEqual(1, status, daemon.text)
        self.assertIn("a file", daemon.text)
        self.assertIn("database.state_directory", daemon.text)
        self.assertNotIn("Traceback", daemon.text)

    async def test_systemd_is_told(self) -> None:
        """
        systemd is told when the daemon is ready, reloads and stops.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        address = str(cloud.folder / "notify")
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(told.close)
        told.bind(address)
        told.setblocking(False)
        daemon = await daemon_process(self, cloud, TWO_PODS, environment={"NOTIFY_SOCKET": address})
        states: list[str] = []

        def heard(state: str) -> bool:
            try:
                while True:
                    states.extend(told.recv(4096).decode().splitlines())
            except BlockingIOError:
                return states.count(state) > 0

        await until(lambda: heard("READY=1"))
        daemon.signal(signal.SIGHUP)
        await until(lambda: heard("RELOADING=1"))
        await until(lambda: heard("READY=1") and states.count("READY=1") == 2)
        daemon.signal(signal.SIGTERM)
        await daemon.ended()

        self.assertTrue(heard("STOPPING=1"), states)

    async def test_in_the_background(self) -> None:
        """
        As a background process it writes its pid file and its log, and ends by the pid.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        log, pid_file = cloud.folder / "events.log", cloud.folder / "twistd.pid"
        daemon = await daemon_process(
            self, cloud, TWO_PODS, settings={"logging": {"file": str(log)}}, start=False
        )
        daemon.spawn(f"--pidfile={pid_file}")
        await daemon.ended()
        await until(lambda: log.exists() and "serving " in log.read_text(), limit=30)
        pid = int(pid_file.read_text())
        daemon.found_in(log.read_text())

        listed = await daemon.client(cloud.demo, "compute").get("/v2.1/servers")
        os.kill(pid, signal.SIGTERM)

        await until(lambda: not pid_file.exists())
        self.assertEqual(200, listed.status)
        self.assertEqual(0, daemon.status)


class DrainTests(CloudCase):
    """
    SIGTERM (the issue's "drain").
    """

    async def test_what_runs_is_finished(self) -> None:
        """
        A request under way gets its answer, nobody new is let in, and the process ends then.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await daemon_process(self, cloud, TWO_PODS)
        compute = daemon.client(cloud.demo, "compute")
        cloud.pod("Pod1").nova.behave("latency", path="/flavors", seconds=0.8)
        asking = Deferred.fromCoroutine(compute.get("/v2.1/flavors"))
        await until(lambda: cloud.pod("Pod1").nova.requests(path="/flavors"))

        daemon.signal(signal.SIGTERM)
        refused = await refused_connections(compute)
        still_running = daemon.status is None
        answer = await asking
        status = await daemon.ended()

        self.assertTrue(refused)
        self.assertTrue(still_running)
        self.assertEqual(200, answer.status)
        self.assertIn(status, ENDED_BY_SIGTERM)

    async def test_create_without_client_is_finished(self) -> None:
        """
        A create whose client has left is recorded before the process ends.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await daemon_process(self, cloud, TWO_PODS)
        compute = daemon.client(cloud.demo, "compute")
        cloud.pod("Pod1").nova.behave("latency_after", method="POST", path="/servers$", seconds=0.5)
        creating = Deferred.fromCoroutine(compute.post("/v2.1/servers", a_server()))
        await until(lambda: cloud.pod("Pod1").servers())
        hang_up(creating)
        await pause(0.05)

        daemon.signal(signal.SIGTERM)
        await daemon.ended()

        (server,) = cloud.pod("Pod1").servers()
        self.assertEqual([(server,)], cloud.sql("select resource_id::text from routes"))

    async def test_bounded(self) -> None:
        """
        What does not end in its time is cut off.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await daemon_process(self, cloud, TWO_PODS, settings={"drain_seconds": 0.5})
        compute = daemon.client(cloud.demo, "compute")
        cloud.pod("Pod1").nova.behave("hang", path="/flavors")
        asking = Deferred.fromCoroutine(compute.get("/v2.1/flavors"))
        asking.addErrback(lambda _: None)
        await until(lambda: cloud.pod("Pod1").nova.requests(path="/flavors"))
        began = time.monotonic()

        daemon.signal(signal.SIGTERM)
        await daemon.ended()

        self.assertLess(time.monotonic() - began, 5)
        await asking


class ReloadTests(CloudCase):
    """
    SIGHUP.
    """

    async def test_good_file(self) -> None:
        """
        New pods and states are used without a restart.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await daemon_process(self, cloud, TWO_PODS[:1])
        compute = daemon.client(cloud.demo, "compute")
        daemon.write(pods=[{"name": "Pod1", "az": "az1", "state": "draining"}, {"name": "Pod2", "az": "az9"}])

        daemon.signal(signal.SIGHUP)
        await until(lambda: "The configuration was reloaded" in daemon.text)
        await until(lambda: cloud.sql("select 1 from pods where name = 'Pod2'"))
        zones: list[str] = []
        for _ in range(50):
            listed = (await compute.get("/v2.1/os-availability-zone")).json["availabilityZoneInfo"]
            zones = [zone["zoneName"] for zone in listed]
            if "az9" in zones:
                break
            await pause(0.05)
        made = await compute.post("/v2.1/servers", a_server())

        # the one that takes something first, as Nova has it
        self.assertEqual(["az9", "az1"], zones)
        self.assertEqual("Pod2", cloud.pod_of(made.json["server"]["id"]))

    async def test_bad_file(self) -> None:
        """
        A bad file changes nothing and the log says why, with the path; the daemon serves on.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        daemon = await daemon_process(self, cloud, TWO_PODS)
        compute = daemon.client(cloud.demo, "compute")
        daemon.write(pods=[{"name": "Pod3", "az": "az3"}, {"name": "Pod3", "az": "az3", "colour": "red"}])

        daemon.signal(signal.SIGHUP)
        await until(lambda: "The new configuration is refused" in daemon.text)
        zones = (await compute.get("/v2.1/os-availability-zone")).json["availabilityZoneInfo"]

        self.assertIn("process.yaml: pods[1].colour: unknown key", daemon.text)
        self.assertEqual(["az1"], [zone["zoneName"] for zone in zones])
        self.assertEqual([("Pod1",), ("Pod2",)], cloud.sql("select name from pods order by name"))


class KilledTests(CloudCase):
    """
    kill -9 (I7).
    """

    async def test_under_creates(self) -> None:
        """
        Killed while sixteen creates are under way, a new daemon finds every server that a pod has made, and lists them.
        """
        plans = [PodPlan(name=plan.name, fake=UNLIMITED) for plan in TWO_PODS]
        cloud = await self.cloud(plans, daemons=0)
        daemon = await daemon_process(self, cloud, plans)
        compute = daemon.client(cloud.demo, "compute")
        cloud.pod("Pod1").nova.behave("latency_after", method="POST", path="/servers$", seconds=0.3, times=8)
        asked = [
            Deferred.fromCoroutine(compute.post("/v2.1/servers", a_server(f"s{at}"))) for at in range(16)
        ]
        for each in asked:
            each.addErrback(lambda _: None)
        await until(lambda: len(cloud.pod("Pod1").servers()) >= 12)
        daemon.signal(signal.SIGKILL)
        await daemon.ended()
        for each in asked:
            await each
        made = set(cloud.pod("Pod1").servers()) | set(cloud.pod("Pod2").servers())
        recorded = {row[0] for row in cloud.sql("select resource_id::text from routes")}
        cloud.pod("Pod1").nova.behave_well()

        await daemon.start()
        compute = daemon.client(cloud.demo, "compute")
        shown = await settled(*(compute.get(f"/v2.1/servers/{server}") for server in made))
        listed = (await compute.get("/v2.1/servers")).json["servers"]

        self.assertGreaterEqual(len(made), 12)
        self.assertLess(len(recorded), len(made), "the kill came too late to show anything")
        self.assertEqual({200}, {answer.status for answer in shown})
        self.assertEqual(made, {each["id"] for each in listed})
        self.assertEqual([(1,)], cloud.sql("select count(*) from bindings where is_binding"))


class EmbeddedTests(CloudCase):
    """
    Without a DSN the daemon has a PostgreSQL of its own.
    """

    timeout = 120

    async def embedded(self) -> tuple[Cloud, DaemonProcess]:
        """
        A cloud and a daemon that has started its own database.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0, database=False)
        cloud.folder.chmod(0o711)
        daemon = await daemon_process(self, cloud, TWO_PODS, start=False)
        daemon.write(database={"state_directory": str(cloud.folder / "state")})
        await daemon.start(limit=60)
        return cloud, daemon

    def servers(self, cloud: Cloud) -> int:
        """
        How many database servers say that they run.
        """
        return len(list((cloud.folder / "state").rglob("postmaster.pid")))

    async def test_restart(self) -> None:
        """
        It is started and stopped with the daemon, and what it knew is there at the next start.
        """
        cloud, daemon = await self.embedded()
        compute = daemon.client(cloud.demo, "compute")
        made = await compute.post("/v2.1/servers", a_server())
        before = self.servers(cloud)
        daemon.signal(signal.SIGTERM)
        status = await daemon.ended(30)
        after = self.servers(cloud)
        await daemon.start(limit=60)
        admin = daemon.client(cloud.admin, "admin")

        route = await admin.get(f"/v1.0/routes/{made.json['server']['id']}")
        bindings = await admin.get("/v1.0/bindings")

        self.assertIn(status, ENDED_BY_SIGTERM)
        self.assertEqual((1, 0), (before, after))
        self.assertEqual(200, route.status, route.body)
        self.assertEqual(1, len(bindings.json["pod_bindings"]))

    async def test_killed(self) -> None:
        """
        After kill -9 of the daemon the next one starts over the same data, whatever became of the database's server.
        """
        cloud, daemon = await self.embedded()
        compute = daemon.client(cloud.demo, "compute")
        made = await compute.post("/v2.1/servers", a_server())
        daemon.signal(signal.SIGKILL)
        await daemon.ended()

        await daemon.start(limit=60)
        compute = daemon.client(cloud.demo, "compute")
        shown = await compute.get(f"/v2.1/servers/{made.json['server']['id']}")
        daemon.signal(signal.SIGTERM)
        await daemon.ended(30)

        self.assertEqual(200, shown.status)
        self.assertEqual(0, self.servers(cloud))
