"""
A PostgreSQL primary that dies, a standby that takes over, and daemons whose DSN names both.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

import psycopg2
from attrs import define
from twisted.trial.unittest import TestCase

from tests.functional.cloud import TWO_PODS, Cloud, CloudCase, a_server, pause, reactor, run_sql
from tests.functional.test_coherence import newest, pod_id
from tests.interface.database import QUICK
from tests.interface.waiting import until
from trio2o.storage.embedded import EmbeddedPostgres
from trio2o.storage.embedded_server import Server, running
from trio2o.storage.installation import find_installation, find_server_user
from trio2o.storage.migrate import upgrade


@define
class Pair:
    """
    A primary, and a standby that confirms each commit before it is reported (synchronous replication).
    """

    folder: Path
    primary: str
    standby: str

    @classmethod
    async def start(cls, test: TestCase) -> Pair:
        """
        Start both; the test's cleanup ends them.
        """
        folder = Path(tempfile.mkdtemp(prefix="trio2o-pair-"))
        folder.chmod(0o711)
        test.addCleanup(shutil.rmtree, folder, True)
        # with synchronous_commit off nobody would wait for the standby
        settings = {**QUICK, "synchronous_commit": "on", "wal_sender_timeout": "5s"}
        first = EmbeddedPostgres(reactor, folder / "one", settings=settings)
        primary = await first.start()
        test.addCleanup(first.stop)
        await upgrade(reactor, primary)
        _copied(primary, folder / "two")
        second = EmbeddedPostgres(reactor, folder / "two", settings=settings)
        standby = await second.start()
        test.addCleanup(second.stop)
        run_sql(primary, "alter system set synchronous_standby_names = '*'")
        run_sql(primary, "select pg_reload_conf()")
        await until(lambda: run_sql(primary, "select sync_state from pg_stat_replication") == [("sync",)])
        return cls(folder, primary, standby)

    @property
    def dsn(self) -> str:
        """
        Both servers, of which the one that takes writes is meant.
        """
        one, two = (psycopg2.extensions.parse_dsn(dsn) for dsn in (self.primary, self.standby))
        hosts = f"{one['host']},{two['host']}"
        return f"host={hosts} port=5432 user={one['user']} dbname={one['dbname']} target_session_attrs=read-write"

    def kill_primary(self) -> None:
        """
        End the primary at once, as a power cut does.
        """
        lines = running(self.folder / "one" / "data")
        assert lines is not None
        os.kill(int(lines[0]), signal.SIGQUIT)

    def promote(self) -> None:
        """
        Make the standby the primary.
        """
        run_sql(self.standby, "select pg_promote()")


def _copied(primary: str, home: Path) -> None:
    """
    Copy a running primary as its standby.
    """
    user = find_server_user(None)
    home.mkdir(mode=0o700)
    if user is not None:
        os.chown(home, user.uid, user.gid)
    copy = Server(home=home, installation=find_installation().usable_by(user, home), user=user)
    source = psycopg2.extensions.parse_dsn(primary)
    copy._tool(
        "pg_basebackup", "--pgdata", str(home / "data"), "--host", source["host"], "--port", source["port"],
        "--username", source["user"], "--checkpoint", "fast", "--wal-method", "stream", "--write-recovery-conf",
        "--no-sync",
    )  # fmt: skip


class FailoverTests(CloudCase):
    """
    Two daemons over a pair.
    """

    timeout = 180

    async def test_goes_on(self) -> None:
        """
        What was committed before the primary died holds for every create after it; nothing older is used meanwhile, and changes
        go on being seen.
        """
        pair = await Pair.start(self)
        cloud = await Cloud.start(self, TWO_PODS, daemons=0, database=False)
        cloud.dsn = pair.dsn
        for _ in range(2):
            await cloud.add_daemon(TWO_PODS, {})
        first = await cloud.demo.at(1).create_server("before")
        self.assertEqual("Pod1", cloud.pod_of(first))
        pods = {name: await pod_id(cloud.admin, name) for name in cloud.pods}

        body = {"pod_binding": {"tenant_id": cloud.demo.project_id, "pod_id": pods["Pod2"]}}
        moved = await cloud.admin.at(0).admin.post("/v1.0/bindings", body)
        self.assertEqual(200, moved.status, moved.body)
        number = newest(cloud)
        pair.kill_primary()
        state = cloud.daemons[1].gateway._graph.state
        # what has reached no process yet none can go by
        await until(lambda: state.change >= number or not state.current)
        meanwhile = await cloud.demo.at(1).compute.post("/v2.1/servers", a_server("meanwhile"))
        shown = await cloud.demo.at(1).compute.get(f"/v2.1/servers/{first}")
        await until(lambda: running(pair.folder / "one" / "data") is None)
        pair.promote()
        made = await self.until_made(cloud, 1, "after")

        self.assertEqual(200, shown.status)
        self.assertIn(meanwhile.status, (202, 503))
        if meanwhile.status == 202:
            self.assertEqual("Pod2", cloud.pod_of(meanwhile.json["server"]["id"]))
        self.assertEqual("Pod2", cloud.pod_of(made))
        self.assertEqual(
            [(pods["Pod2"],)],
            cloud.sql(
                "select pod_id from bindings where is_binding and tenant_id = %s", cloud.demo.project_id
            ),
        )
        await self.changes_are_seen(cloud, pods["Pod2"])
        listed = (await cloud.demo.at(0).compute.get("/v2.1/servers")).json["servers"]
        there = {server for pod in cloud.pods.values() for server in pod.servers()}
        self.assertEqual(there, {server["id"] for server in listed})

    async def until_made(self, cloud: Cloud, daemon: int, name: str) -> str:
        """
        Create a server as soon as that is possible again.
        """
        while True:
            made = await cloud.demo.at(daemon).compute.post("/v2.1/servers", a_server(name))
            if made.status == 202:
                return str(made.json["server"]["id"])
            self.assertEqual(503, made.status, made.body)
            self.assertIsNotNone(made.header("Retry-After"))
            await pause(0.2)

    async def changes_are_seen(self, cloud: Cloud, pod: str) -> None:
        """
        What one daemon changes in the new primary the other one knows, and follows.
        """
        draining = {"pod": {"state": "draining"}}
        # each daemon finds the new primary by itself: the other one's create says nothing of this one
        admin = cloud.admin.at(0).admin
        while (changed := await admin.ask("PATCH", f"/v1.0/pods/{pod}", draining)).status == 503:
            await pause(0.2)
        self.assertEqual(200, changed.status, changed.body)
        for daemon in cloud.daemons:
            state = daemon.gateway._graph.state
            await until(lambda state=state: state.current and state.change == newest(cloud))  # type: ignore[misc]
        self.assertEqual("Pod1", cloud.pod_of(await self.until_made(cloud, 1, "drained")))
