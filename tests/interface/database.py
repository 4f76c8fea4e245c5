"""
A real PostgreSQL for tests: started once per process, one database per test.
"""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from pathlib import Path

import psycopg2
from attrs import define, field
from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from trio2o.storage.embedded import EmbeddedPostgres
from trio2o.storage.migrate import upgrade

_TEMPLATE = "migrated"

_EMPTY = (
    "truncate pods, bindings, routes, cursors, pod_usage, pod_offers, intents, jobs, shared_resources, shared_copies,"
    " shared_writes, shared_drift, quota_limits, quota_usages,"
    " quota_reservations, quota_holdings, changes restart identity;"
    " update change_counter set last = 0, pruned = 0;"
    " update meta set value = gen_random_uuid() where key = 'history'"
)

#: Nothing of a test's database has to survive a crash.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


@define(eq=False)
class _Shared:
    directory: Path
    server: EmbeddedPostgres
    dsn: str = ""
    names: itertools.count[int] = field(factory=itertools.count)
    #: Migrated databases that a test is done with: emptying one is much quicker than making one.
    spare: list[str] = field(factory=list)

    def recycle(self, name: str) -> None:
        """
        Empty a migrated database for the next test.
        """
        self.run(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()",
            name,
        )
        self.run(_EMPTY, name)
        self.spare.append(name)

    def run(self, sql: str, database: str = "trio2o") -> None:
        """
        Run one statement that may not stand in a transaction.
        """
        connection = psycopg2.connect(_named(self.dsn, database))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()

    def remove(self) -> None:
        """
        Stop the server and delete its files.
        """
        self.server._stop()
        shutil.rmtree(self.directory, ignore_errors=True)


_shared: list[_Shared] = []


def _named(dsn: str, database: str) -> str:
    return " ".join(f"dbname={database}" if part.startswith("dbname=") else part for part in dsn.split())


async def _server() -> _Shared:
    if not _shared:
        directory = Path(tempfile.mkdtemp(prefix="trio2o-tests-"))
        shared = _Shared(directory, EmbeddedPostgres(reactor, directory / "postgres", settings=QUICK))
        # The server's user has to get through.
        directory.chmod(0o711)
        shared.dsn = await shared.server.start()
        atexit.register(shared.remove)
        shared.run(f"create database {_TEMPLATE}")
        await upgrade(reactor, _named(shared.dsn, _TEMPLATE))
        _shared.append(shared)
    return _shared[0]


async def empty_database(test: TestCase) -> str:
    """
    The DSN of a database without any table, which is dropped after the test.
    """
    shared = await _server()
    name = f"empty_{next(shared.names)}"
    shared.run(f"create database {name}")
    test.addCleanup(shared.run, f"drop database {name} with (force)")
    return _named(shared.dsn, name)


async def migrated_database(test: TestCase) -> str:
    """
    The DSN of a database with this release's schema and no rows, which is emptied after the test.
    """
    shared = await _server()
    if shared.spare:
        name = shared.spare.pop()
    else:
        name = f"migrated_{next(shared.names)}"
        shared.run(f"create database {name} template {_TEMPLATE}")
    test.addCleanup(shared.recycle, name)
    return _named(shared.dsn, name)
