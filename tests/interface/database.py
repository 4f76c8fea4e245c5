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

#: Nothing of a test's database has to survive a crash.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "64MB"}


@define(eq=False)
class _Shared:
    directory: Path
    server: EmbeddedPostgres
    dsn: str = ""
    names: itertools.count[int] = field(factory=itertools.count)

    def run(self, sql: str) -> None:
        """
        Run one statement that may not stand in a transaction.
        """
        connection = psycopg2.connect(self.dsn)
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
    return await _created(test, "template1")


async def migrated_database(test: TestCase) -> str:
    """
    The DSN of a database with this release's schema, which is dropped after the test.
    """
    return await _created(test, _TEMPLATE)


async def _created(test: TestCase, template: str) -> str:
    shared = await _server()
    name = f"test_{next(shared.names)}"
    shared.run(f"create database {name} template {template}")
    test.addCleanup(shared.run, f"drop database {name} with (force)")
    return _named(shared.dsn, name)
