"""
The pool over a real server, which these tests restart, silence and cut off.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg2
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from tests.interface.database import QUICK, empty_database
from tests.interface.stores import a_pod, postgres_stores
from tests.interface.waiting import until
from trio2o.errors import AlreadyExists, DatabaseUnavailable
from trio2o.state.cache import MemoryState
from trio2o.state.feed import StateFeed
from trio2o.storage.embedded import EmbeddedPostgres
from trio2o.storage.keeper import open_any
from trio2o.storage.listen import Listener
from trio2o.storage.migrate import upgrade
from trio2o.storage.pool import Pool, Transaction


async def a_pool(test: TestCase, dsn: str, **settings: Any) -> Pool:
    """
    A started pool, stopped after the test.
    """
    pool = Pool(reactor, dsn, **settings)
    test.addCleanup(pool.stop)
    await pool.start()
    await until(lambda: pool.alive == pool.size)
    return pool


async def refused(test: TestCase, waited: Any) -> DatabaseUnavailable:
    """
    The reason why a call had no connection or no answer.
    """
    try:
        await waited
    except DatabaseUnavailable as error:
        return error
    return test.fail("the database was available")  # type: ignore[no-any-return]


class PoolTests(TestCase):
    """
    One server that stays up.
    """

    async def test_query(self) -> None:
        """
        A query gives rows; a statement without rows gives none.
        """
        pool = await a_pool(self, await empty_database(self))
        self.assertEqual([], await pool.run_query("create table things (name text unique)"))
        self.assertEqual([], await pool.run_query("insert into things values (%s)", ("a",)))
        self.assertEqual([("a", 100)], await pool.run_query("select name, %s from things", (100,)))
        self.assertEqual((4, 0, 0), (pool.alive, pool.busy, pool.waiting))

    async def test_interaction(self) -> None:
        """
        A transaction is committed as a whole, or leaves nothing.
        """
        pool = await a_pool(self, await empty_database(self), size=1)
        await pool.run_query("create table things (name text unique)")

        async def good(transaction: Transaction) -> int:
            await transaction.query("insert into things values ('a')")
            await deferLater(reactor, 0.01)
            await transaction.query("insert into things values ('b')")
            return 2

        async def bad(transaction: Transaction) -> None:
            await transaction.query("insert into things values ('c')")
            raise KeyError("c")

        self.assertEqual(2, await pool.run_interaction(good))
        with self.assertRaises(KeyError):
            await pool.run_interaction(bad)
        with self.assertRaisesRegex(AlreadyExists, "things_name_key"):
            await pool.run_interaction(good)
        self.assertEqual([(2,)], await pool.run_query("select count(*) from things"))

    async def test_swallowed_error(self) -> None:
        """
        A transaction whose failed statement was overlooked is not taken for a committed one.
        """
        pool = await a_pool(self, await empty_database(self), size=1)

        async def careless(transaction: Transaction) -> None:
            try:
                await transaction.query("select 1 / 0")
            except Exception:  # noqa: BLE001 - careless
                pass

        with self.assertRaisesRegex(RuntimeError, "not committed"):
            await pool.run_interaction(careless)

    async def test_read_only(self) -> None:
        """
        A reading transaction sees one state, and cannot write.
        """
        pool = await a_pool(self, await empty_database(self), size=2)
        await pool.run_query("create table things (name text)")

        async def read(transaction: Transaction) -> list[Any]:
            before = await transaction.query("select count(*) from things")
            await pool.run_query("insert into things values ('a')")
            return [before, await transaction.query("select count(*) from things")]

        self.assertEqual([[(0,)], [(0,)]], await pool.run_interaction(read, read_only=True))

    async def test_statement_timeout(self) -> None:
        """
        A statement that takes too long makes the database unavailable for its caller, and spoils no connection.
        """
        pool = await a_pool(self, await empty_database(self), size=1, statement_timeout=0.1)
        ((before,),) = await pool.run_query("select pg_backend_pid()")
        error = await refused(self, pool.run_query("select pg_sleep(10)"))
        self.assertIn("timeout", str(error))
        self.assertEqual([(before,)], await pool.run_query("select pg_backend_pid()"))

    async def test_cancelled(self) -> None:
        """
        A caller that is cancelled hears so at once; what it began goes on, and the connection stays good.
        """
        pool = await a_pool(self, await empty_database(self), size=1)
        await pool.run_query("create table things (name text)")

        async def slow(transaction: Transaction) -> None:
            await transaction.query("select pg_sleep(0.2)")
            await transaction.query("insert into things values ('a')")

        running = Deferred.fromCoroutine(pool.run_interaction(slow))
        waiting = Deferred.fromCoroutine(pool.run_query("insert into things values ('never')"))
        await deferLater(reactor, 0.05)
        for call in (running, waiting):
            call.cancel()
            self.failureResultOf(call, CancelledError)
        self.assertEqual(0, pool.waiting)
        self.assertEqual([("a",)], await pool.run_query("select name from things"))

    async def test_bounded_wait(self) -> None:
        """
        A caller waits for a connection as long as it may, and when too many wait not at all.
        """
        pool = await a_pool(self, await empty_database(self), size=1, wait=0.1, queue=1)
        busy = Deferred.fromCoroutine(pool.run_query("select pg_sleep(0.4)"))
        waiting = Deferred.fromCoroutine(pool.run_query("select 1"))
        error = await refused(self, pool.run_query("select 2"))
        self.assertIn("wait for the database already", str(error))
        error = await refused(self, waiting)
        self.assertIn("within 0.1 s", str(error))
        await busy
        self.assertEqual([(1,)], await pool.run_query("select 1"))

    async def test_waiting_in_turn(self) -> None:
        """
        Many callers share few connections, and each is served.
        """
        pool = await a_pool(self, await empty_database(self), size=2)
        calls = [Deferred.fromCoroutine(pool.run_query("select %s", (number,))) for number in range(50)]
        self.assertEqual([[(number,)] for number in range(50)], await gatherResults(calls))

    async def test_lost_idle(self) -> None:
        """
        Idle connections that the server ends come back, without a traceback in the log.
        """
        dsn = await empty_database(self)
        pool = await a_pool(self, dsn, size=3)
        other = await a_pool(self, dsn, size=1)
        await other.run_query(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await until(lambda: pool.alive == 0)
        self.assertEqual([(1,)], await pool.run_query("select 1"))
        await until(lambda: pool.alive == 3)

    async def test_lost_under_a_statement(self) -> None:
        """
        A read whose connection is lost is made once more; a write is not, since it may have taken effect.
        """
        dsn = await empty_database(self)
        pool = await a_pool(self, dsn, size=1)
        other = await a_pool(self, dsn, size=1)
        for read_only in (True, False):
            call = Deferred.fromCoroutine(pool.run_query("select pg_sleep(0.3), 7", read_only=read_only))
            await deferLater(reactor, 0.1)
            await other.run_query(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'"
            )
            if read_only:
                self.assertEqual([("", 7)], await call)
            else:
                await refused(self, call)

    async def test_deadlock(self) -> None:
        """
        Two transactions that lock each other out both succeed: the one that the server undid runs again.
        """
        dsn = await empty_database(self)
        pool = await a_pool(self, dsn, size=2)
        await pool.run_query("create table things (name text, number int)")
        await pool.run_query("insert into things values ('a', 0), ('b', 0)")

        def crossing(first: str, second: str) -> Any:
            async def cross(transaction: Transaction) -> None:
                await transaction.query("set local deadlock_timeout = '50ms'")
                await transaction.query("update things set number = number + 1 where name = %s", (first,))
                await deferLater(reactor, 0.1)
                await transaction.query("update things set number = number + 1 where name = %s", (second,))

            return Deferred.fromCoroutine(pool.run_interaction(cross))

        await gatherResults([crossing("a", "b"), crossing("b", "a")])
        self.assertEqual([(2,), (2,)], await pool.run_query("select number from things"))

    async def test_stop(self) -> None:
        """
        Stopping waits for what runs, and refuses what comes.
        """
        pool = await a_pool(self, await empty_database(self), size=1)
        running = Deferred.fromCoroutine(pool.run_query("select pg_sleep(0.2), 1"))
        waiting = Deferred.fromCoroutine(pool.run_query("select 2"))
        stopping = Deferred.fromCoroutine(pool.stop())
        await refused(self, waiting)
        await refused(self, pool.run_query("select 3"))
        self.assertEqual([("", 1)], await running)
        await stopping
        self.assertEqual(0, pool.alive)

    async def test_silent_backend(self) -> None:
        """
        A server that stops answering is given up: the caller is told, and another connection is made.
        """
        pool = await a_pool(self, await empty_database(self), size=1, statement_timeout=0.1)
        ((backend,),) = await pool.run_query("select pg_backend_pid()")
        os.kill(backend, signal.SIGSTOP)
        self.addCleanup(os.kill, backend, signal.SIGCONT)
        error = await refused(self, pool.run_query("select 1"))
        self.assertIn("no answer", str(error))
        self.assertEqual([(1,)], await pool.run_query("select 1"))

    async def test_silent_listener(self) -> None:
        """
        A listening connection whose server stops answering is given up within its pulse and silence.
        """
        dsn = await empty_database(self)
        told: list[str] = []
        listener = Listener(
            reactor,
            dsn,
            "channel",
            heard=lambda said: told.append("changed"),
            connected=lambda: told.append("connected"),
            lost=lambda: told.append("lost"),
            pulse=0.1,
            silence=0.1,
        )
        self.addCleanup(listener.stop)
        listener.start()
        await until(lambda: told == ["connected"])
        pool = await a_pool(self, dsn, size=1)
        ((backend,),) = await pool.run_query(
            "select pid from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()"
        )
        os.kill(backend, signal.SIGSTOP)
        self.addCleanup(os.kill, backend, signal.SIGCONT)
        await until(lambda: told == ["connected", "lost", "connected"])
        await pool.run_query("notify channel")
        await until(lambda: told[-1] == "changed")

    async def test_told_beside_an_answer(self) -> None:
        """
        A notification that arrives together with an answer is heard then, not when anything else arrives.

        Both are in the socket when the reactor looks, as in a process that has much to do.
        """
        dsn = await empty_database(self)
        connection = await open_any(reactor, dsn, connect_timeout=5.0, statement_timeout=5.0)
        self.addCleanup(connection.abandon, "the test is over")
        heard: list[str] = []
        connection.notified = heard.extend
        await connection.query("listen channel")

        other = psycopg2.connect(dsn)
        self.addCleanup(other.close)
        other.autocommit = True
        answer = Deferred.fromCoroutine(connection.query("select 1"))
        # the backend has answered when it shows itself idle, and is told of the notification after that
        idle = "select count(*) from pg_stat_activity where query = 'select 1' and state = 'idle'"
        cursor = other.cursor()
        while True:
            cursor.execute(idle)
            if cursor.fetchall() == [(1,)]:
                break
        cursor.execute("notify channel, 'one'")
        time.sleep(0.3)

        self.assertEqual([(1,)], await answer)
        await deferLater(reactor, 0.3)
        self.assertEqual(["one"], heard)

    async def test_nobody_answers(self) -> None:
        """
        A host that takes the connection and says nothing costs the connect timeout, not for ever.
        """
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        pool = Pool(
            reactor, f"host=127.0.0.1 port={silent.getsockname()[1]}", size=1, connect_timeout=0.2, wait=0.1
        )
        self.addCleanup(pool.stop)
        await pool.start()
        self.assertEqual(0, pool.alive)
        await deferLater(reactor, 0.1)
        error = await refused(self, pool.run_query("select 1"))
        self.assertIn("away", str(error))

    async def test_second_host(self) -> None:
        """
        Of several hosts in the DSN the first that answers is taken; names are looked up beforehand.
        """
        dsn = await empty_database(self)
        parts = dict(part.split("=", 1) for part in dsn.split())
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        parts.update(host=f"localhost,{parts['host']}", port=f"{port},{parts['port']}")
        pool = await a_pool(self, " ".join(f"{key}={value}" for key, value in parts.items()), size=1)
        self.assertEqual([(1,)], await pool.run_query("select 1"))


class RestartTests(TestCase):
    """
    A server of the test's own, stopped and started.
    """

    timeout = 60.0

    async def a_server(self) -> tuple[EmbeddedPostgres, str]:
        """
        A running one, and its DSN.
        """
        directory = Path(tempfile.mkdtemp(prefix="trio2o-tests-"))
        directory.chmod(0o711)
        self.addCleanup(shutil.rmtree, directory)
        server = EmbeddedPostgres(reactor, directory / "postgres", settings=QUICK)
        self.addCleanup(server.stop)
        return server, await server.start()

    async def test_restart(self) -> None:
        """
        Over a restart the pool refuses in time, the state doubts itself, and both come back with nothing missed.
        """
        server, dsn = await self.a_server()
        await upgrade(reactor, dsn)
        stores = await postgres_stores(self, dsn)
        pool = stores.pods._pool  # type: ignore[attr-defined]
        pool.wait = 0.5
        state = MemoryState(reactor)  # type: ignore[arg-type]
        feed = StateFeed(
            reactor,  # type: ignore[arg-type]
            stores.changes,
            stores.pods,
            stores.bindings,
            state,
            check_interval=60.0,
        )
        self.addCleanup(feed.stopService)
        feed.startService()
        await feed.started()
        await until(lambda: state.current)
        first = await stores.pods.create_pod(a_pod("Pod1"))
        await until(lambda: state.pods() == (first,))

        await server.stop()
        await until(lambda: not state.current and pool.alive == 0)
        began = reactor.seconds()  # type: ignore[attr-defined]
        await refused(self, stores.pods.list_pods())
        await refused(self, stores.pods.list_pods())
        self.assertLess(reactor.seconds() - began, 3.0)  # type: ignore[attr-defined]
        self.assertEqual((first,), state.pods())

        self.assertEqual(dsn, await server.start())
        await until(lambda: pool.alive == pool.size)
        second = await stores.pods.create_pod(a_pod("Pod2"))
        await until(lambda: state.pods() == (first, second) and state.current)
        self.assertEqual(1, feed.loads)

    async def test_starts_before_the_server(self) -> None:
        """
        A pool that starts with the server down works once it is up, also when libpq's socket is not there yet.
        """
        server, dsn = await self.a_server()
        await server.stop()
        pool = Pool(reactor, dsn, size=2, connect_timeout=0.3, wait=0.2)
        self.addCleanup(pool.stop)
        await pool.start()
        await refused(self, pool.run_query("select 1"))
        await server.start()
        await until(lambda: pool.alive == 2)
        self.assertEqual([(1,)], await pool.run_query("select 1"))
