"""
``trio2o adopt``: what pods have becomes known beforehand.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, a_volume, pause, reactor
from tests.interface.waiting import until
from trio2o.model import Kind
from trio2o.service.adopting import CannotAdopt, Wishes, adopt
from trio2o.startup import read_config

ROOT = Path(__file__).resolve().parents[2]


class AdoptionCase(CloudCase):
    """
    A cloud whose daemon's user is an administrator.
    """

    async def admins_cloud(self, *, admin: bool = True, **settings: Any) -> Cloud:
        """
        Two pods and one daemon.
        """
        cloud = await self.cloud(TWO_PODS, daemons=0)
        if admin:
            cloud.keystone.add_user(
                "trio2o", "trio2o-password", project="service", roles=["service", "admin"]
            )
        await cloud.add_daemon(TWO_PODS, settings)
        return cloud

    async def adopt(self, cloud: Cloud, **wishes: Any) -> tuple[dict[tuple[str, str], list[str]], bool, str]:
        """
        Sweep, beside the daemon: the table's rows by pod and kind, whether it is whole, and what was told meanwhile.
        """
        told = StringIO()
        config = read_config(cloud.daemons[0].path)
        table, whole = await adopt(reactor, config, cloud.dsn, Wishes(**wishes), told)
        rows = [line.split(maxsplit=6) for line in table.splitlines()[1:-1]]
        return {(row[0], row[1]): row[2:] for row in rows}, whole, told.getvalue()

    async def make_volume(self, cloud: Cloud, pod: str) -> str:
        """
        A volume that is made in a pod directly.
        """
        made = await cloud.demo.at_pod(pod, "volume").post("/v3/{project}/volumes", a_volume())
        self.assertEqual(202, made.status, made.body)
        volume = str(made.json["volume"]["id"])
        status = ""
        while status != "available":
            await pause(0.02)
            shown = await cloud.demo.at_pod(pod, "volume").get(f"/v3/{{project}}/volumes/{volume}")
            status = shown.json["volume"]["status"]
        return volume

    def live(self, cloud: Cloud) -> dict[str, str]:
        """
        Id to pod of the live routes.
        """
        rows = cloud.sql(
            "select r.resource_id, p.name from routes r join pods p on p.id = r.pod_id where deleted_at is null"
        )
        return dict(rows)


class SweepTests(AdoptionCase):
    """
    What is in the pods.
    """

    async def test_adopted(self) -> None:
        """
        What was made in the pods is shown, changed and deleted through the gateway at once, and only its pod is asked.
        """
        cloud = await self.admins_cloud()
        servers = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 3)
        servers += cloud.pod("Pod2").make_servers(cloud.alt_demo.project_id, 2)
        volume = await self.make_volume(cloud, "Pod2")
        made = await cloud.demo.at_pod("Pod2", "volume").post(
            "/v3/{project}/snapshots", {"snapshot": {"volume_id": volume}}
        )
        snapshot = made.json["snapshot"]["id"]

        rows, whole, _ = await self.adopt(cloud)

        self.assertTrue(whole)
        self.assertEqual(["3", "3", "0", "0"], rows["Pod1", "server"])
        self.assertEqual(["2", "2", "0", "0"], rows["Pod2", "server"])
        self.assertEqual(["1", "1", "0", "0"], rows["Pod2", "volume"])
        self.assertEqual(
            {
                **dict.fromkeys(servers[:3], "Pod1"),
                **dict.fromkeys([*servers[3:], volume, snapshot], "Pod2"),
            },
            self.live(cloud),
        )
        projects = dict(cloud.sql("select resource_id, project_id from routes"))
        self.assertEqual(cloud.alt_demo.project_id, projects[servers[3]])
        self.assertEqual(cloud.demo.project_id, projects[volume])
        for pod in cloud.pods.values():
            pod.nova.frame.journal.clear()
            pod.cinder.frame.journal.clear()
        compute, storage = cloud.demo.compute, cloud.demo.volume
        path = f"/v2.1/servers/{servers[0]}"
        changed = await compute.put(path, {"server": {"name": "renamed"}})
        answers = [
            changed,
            await compute.get(path),
            await compute.post(f"{path}/action", {"os-stop": None}),
            await storage.get(f"/v3/{{project}}/volumes/{volume}"),
            await storage.put(f"/v3/{{project}}/volumes/{volume}", {"volume": {"name": "renamed"}}),
            await storage.delete(f"/v3/{{project}}/snapshots/{snapshot}"),
            await compute.delete(path),
        ]
        self.assertEqual([200, 200, 202, 200, 200, 202, 204], [answer.status for answer in answers])
        self.assertEqual("renamed", answers[1].json["server"]["name"])
        self.assertEqual([], cloud.pod("Pod2").nova.requests(path="servers/"))
        self.assertEqual([], cloud.pod("Pod1").cinder.requests(path="volumes/|snapshots/"))
        other = await compute.get(f"/v2.1/servers/{servers[3]}")
        self.assertEqual(404, other.status)

    async def test_twice(self) -> None:
        """
        The second sweep finds everything known, what the gateway made itself too, and changes nothing.
        """
        cloud = await self.admins_cloud()
        cloud.pod("Pod1").make_servers(cloud.demo.project_id, 5)
        own = await cloud.demo.create_server()
        await self.adopt(cloud)
        before = cloud.sql("select *, xmin::text from routes order by resource_id, kind")

        rows, whole, _ = await self.adopt(cloud)

        self.assertTrue(whole)
        self.assertEqual({"0"}, {row[1] for row in rows.values()})
        self.assertEqual(6, sum(int(row[2]) for (_, kind), row in rows.items() if kind == "server"))
        self.assertIn(own, self.live(cloud))
        self.assertEqual(before, cloud.sql("select *, xmin::text from routes order by resource_id, kind"))

    async def test_many(self) -> None:
        """
        More than a page of servers, all of them.
        """
        cloud = await self.admins_cloud()
        made = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 450)
        rows, _, _ = await self.adopt(cloud, kinds=[Kind.SERVER])
        self.assertEqual(["450", "450", "0", "0"], rows["Pod1", "server"])
        self.assertEqual(set(made), set(self.live(cloud)))

    async def test_dry_run(self) -> None:
        """
        A dry run tells the same numbers, and writes nothing.
        """
        cloud = await self.admins_cloud()
        cloud.pod("Pod1").make_servers(cloud.demo.project_id, 3)
        rows, whole, _ = await self.adopt(cloud, dry_run=True)
        self.assertTrue(whole)
        self.assertEqual(["3", "3", "0", "0"], rows["Pod1", "server"])
        self.assertEqual({}, self.live(cloud))

    async def test_chosen(self) -> None:
        """
        Only the pods and kinds that were named are read; an unknown pod is refused.
        """
        cloud = await self.admins_cloud()
        mine = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 1)
        cloud.pod("Pod2").make_servers(cloud.demo.project_id, 1)
        await self.make_volume(cloud, "Pod1")
        await self.adopt(cloud, pods=["Pod1"], kinds=[Kind.SERVER])
        self.assertEqual(set(mine), set(self.live(cloud)))
        refused = await self.assertFailure(
            Deferred.fromCoroutine(self.adopt(cloud, pods=["Pod9"])), CannotAdopt
        )
        self.assertIn("Pod1, Pod2", str(refused))

    async def test_conflict(self) -> None:
        """
        A live route to another pod stands, and both pods are told.
        """
        cloud = await self.admins_cloud()
        (server,) = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 1)
        cloud.sql(
            "insert into routes (kind, resource_id, pod_id, project_id)"
            " select 'server', %s, id, 'p' from pods where name = 'Pod2'",
            server,
        )
        rows, whole, told = await self.adopt(cloud)
        self.assertTrue(whole)
        self.assertEqual(["1", "0", "0", "1"], rows["Pod1", "server"])
        self.assertIn(f"Pod1 has server {server}, whose route leads to Pod2", told)
        self.assertEqual({server: "Pod2"}, self.live(cloud))


class TroubleTests(AdoptionCase):
    """
    What is not well.
    """

    async def test_pod_down(self) -> None:
        """
        A pod that is down, and one whose list is refused, are told; all else is adopted.
        """
        cloud = await self.admins_cloud()
        mine = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 2)
        volume = await self.make_volume(cloud, "Pod1")
        cloud.pod("Pod1").cinder.behave("status", status=403, path="/backups")
        cloud.pod("Pod2").nova.behave("reset")
        cloud.pod("Pod2").cinder.behave("status", status=503, path="os-services")

        rows, whole, _ = await self.adopt(cloud)

        self.assertFalse(whole)
        self.assertEqual({*mine, volume}, set(self.live(cloud)))
        self.assertEqual("it answers 403", rows["Pod1", "backup"][4])
        self.assertIn("Pod2", {pod for (pod, kind), row in rows.items() if kind == "server" and len(row) > 4})
        self.assertIn("503", rows["Pod2", "volume"][4])

    async def test_no_admin(self) -> None:
        """
        Where the daemon's user is no administrator nothing is adopted, and why is told.
        """
        cloud = await self.admins_cloud(admin=False)
        cloud.pod("Pod1").make_servers(cloud.demo.project_id, 2)
        rows, whole, _ = await self.adopt(cloud)
        self.assertFalse(whole)
        self.assertIn("role admin", rows["Pod1", "server"][4])
        self.assertIn("role admin", rows["Pod1", "volume"][4])
        self.assertEqual({}, self.live(cloud))

    async def test_no_keystone(self) -> None:
        """
        Without Keystone it does not begin.
        """
        cloud = await self.admins_cloud()
        await cloud.keystone_down()
        refused = await self.assertFailure(Deferred.fromCoroutine(self.adopt(cloud)), CannotAdopt)
        self.assertIn("Keystone", str(refused))


class _Command(ProcessProtocol):
    """
    What a command writes, and how it ends.
    """

    def __init__(self) -> None:
        self.out = self.err = ""
        self.ended: Deferred[int] = Deferred()

    def outReceived(self, data: bytes) -> None:
        self.out += data.decode()

    def errReceived(self, data: bytes) -> None:
        self.err += data.decode()

    def processEnded(self, reason: Failure) -> None:  # type: ignore[override]
        value: Any = reason.value
        self.ended.callback(-value.signal if value.signal is not None else value.exitCode)


class CommandTests(AdoptionCase):
    """
    The command as operators type it.
    """

    def command(self, cloud: Cloud, options: Sequence[str] = ()) -> tuple[_Command, Any]:
        """
        Start it.
        """
        command = _Command()
        arguments = [
            sys.executable,
            "-m",
            "trio2o",
            "adopt",
            "--config",
            str(cloud.daemons[0].path),
            *options,
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = reactor.spawnProcess(
            command, sys.executable, arguments, env=environment, path=str(cloud.folder)
        )
        return command, process

    async def test_command(self) -> None:
        """
        The table on the standard output, progress on the standard error, status 0; 1 when a pod was not read whole.
        """
        cloud = await self.admins_cloud()
        made = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 3)

        command, _ = self.command(cloud, ["--kind", "server"])
        status = await command.ended

        self.assertEqual(0, status, command.err)
        self.assertEqual(
            "pod   kind    seen  adopted  known  conflicts\n"
            "Pod1  server     3        3      0          0\n"
            "all              3        3      0          0\n",
            command.out,
        )
        self.assertIn("Pod1 server: 3 seen, 3 new, done\n", command.err)
        self.assertEqual(set(made), set(self.live(cloud)))

        cloud.pod("Pod2").nova.behave("status", status=403, path="servers/detail")
        command, _ = self.command(cloud, ["--dry-run", "--kind", "server"])
        self.assertEqual(1, await command.ended)
        self.assertIn("it answers 403", command.out)
        self.assertNotIn("Traceback", command.err)

    async def test_ended_by_hand(self) -> None:
        """
        Ctrl-C ends it at once and in good order: what was recorded stays and is told.
        """
        cloud = await self.admins_cloud()
        made = cloud.pod("Pod1").make_servers(cloud.demo.project_id, 3)
        cloud.pod("Pod2").nova.behave("hang", path="servers/detail")
        command, process = self.command(cloud, ["--kind", "server"])
        await until(lambda: "Pod1 server: 3 seen, 3 new, done" in command.err, limit=30)

        process.signalProcess(signal.SIGINT)
        status = await command.ended

        self.assertEqual(1, status, command.err)
        self.assertIn("Pod1  server     3        3", command.out)
        self.assertIn("stopped", command.out)
        self.assertNotIn("Traceback", command.err)
        self.assertEqual(set(made), set(self.live(cloud)))
