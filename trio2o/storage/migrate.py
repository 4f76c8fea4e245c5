"""
Brings the database's schema to the form that this release needs (I16).

A migration is one file ``migrations/NNNN_name.sql``, numbered from 1 without gaps, applied in one
transaction and never changed once it was released: its checksum is kept beside its number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

from attrs import frozen
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable
from trio2o.storage.connection import DATABASE_ERRORS, SafeConnection, translated
from trio2o.storage.keeper import open_any

_log = Logger()

#: The key of the advisory lock: two processes never migrate at once.
_LOCK = 7_309_453_771

#: Seconds that another process's migration is waited for.
_PATIENCE = 300

_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


class SchemaError(Exception):
    """
    The database's schema and this release do not fit; the message says what to do.
    """


@frozen(kw_only=True)
class Migration:
    """
    One step of the schema.
    """

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """
        SHA-256 of the text.
        """
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> Sequence[Migration]:
    """
    The steps that this release knows, in order.
    """
    found = []
    for entry in (resources.files("trio2o.storage") / "migrations").iterdir():
        named = _NAME.fullmatch(entry.name)
        if named:
            found.append(Migration(number=int(named[1]), name=named[2], sql=entry.read_text("utf-8")))
    return sorted(found, key=lambda migration: migration.number)


def latest() -> int:
    """
    The version that this release needs.
    """
    return migrations()[-1].number


async def upgrade(reactor: Any, dsn: str, *, steps: Sequence[Migration] | None = None) -> list[int]:
    """
    Apply what is missing and give the numbers applied; safe to run from several processes at once.

    :param steps: the migrations to know; those of this release unless a test says otherwise.
    :raises SchemaError: if the database is newer than this release, or was migrated by other files.
    :raises DatabaseUnavailable: if it cannot be reached.
    """
    known = migrations() if steps is None else steps
    connection = await _connected(reactor, dsn, statement_timeout=0)
    try:
        await connection.query(f"set statement_timeout = '{_PATIENCE}s'")
        await connection.query("select pg_advisory_lock(%s)", (_LOCK,))
        await connection.query("set statement_timeout = 0")
        await connection.query(
            "create table if not exists schema_migrations (number integer primary key, name text not null,"
            " checksum text not null, applied_at timestamptz not null default now())"
        )
        applied = await _applied(connection)
        _check(applied, known)
        missing = [step for step in known if step.number not in applied]
        for step in missing:
            await _apply(connection, step)
            _log.info("schema migrated to version {number} ({name})", number=step.number, name=step.name)
        return [step.number for step in missing]
    except DATABASE_ERRORS as error:
        raise translated(error) from error
    finally:
        connection.abandon("done")


async def version(reactor: Any, dsn: str) -> int:
    """
    The number of the last migration applied; 0 for an empty database.

    :raises DatabaseUnavailable: if it cannot be reached.
    """
    connection = await _connected(reactor, dsn, statement_timeout=10.0)
    try:
        return max(await _applied(connection), default=0)
    except DATABASE_ERRORS as error:
        raise translated(error) from error
    finally:
        connection.abandon("done")


async def require_latest(reactor: Any, dsn: str) -> None:
    """
    Make sure that the schema is what this release needs, and change nothing.

    :raises SchemaError: if it is older or newer.
    :raises DatabaseUnavailable: if the database cannot be reached.
    """
    found, needed = await version(reactor, dsn), latest()
    if found < needed:
        raise SchemaError(
            f"the database's schema is at version {found} and this release needs {needed}:"
            " run 'trio2o db upgrade'"
        )
    if found > needed:
        raise SchemaError(_newer(found, needed))


async def _connected(reactor: Any, dsn: str, *, statement_timeout: float) -> SafeConnection:
    return await open_any(reactor, dsn, connect_timeout=5.0, statement_timeout=statement_timeout)


async def _applied(connection: SafeConnection) -> dict[int, str]:
    """
    Number to checksum of what was applied.
    """
    ((table,),) = await connection.query("select to_regclass('schema_migrations')")
    if table is None:
        return {}
    rows = await connection.query("select number, checksum from schema_migrations")
    return dict(rows)


def _newer(found: int, needed: int) -> str:
    return (
        f"the database's schema is at version {found}, newer than this release's {needed}:"
        " install the newer release"
    )


def _check(applied: dict[int, str], known: Sequence[Migration]) -> None:
    newest, needed = max(applied, default=0), known[-1].number
    if newest > needed:
        raise SchemaError(_newer(newest, needed))
    for step in known:
        if applied.get(step.number, step.checksum) != step.checksum:
            raise SchemaError(f"migration {step.number} ({step.name}) was applied from another text")


async def _apply(connection: SafeConnection, step: Migration) -> None:
    await connection.query("begin")
    try:
        await connection.query(step.sql)
        await connection.query(
            "insert into schema_migrations (number, name, checksum) values (%s, %s, %s)",
            (step.number, step.name, step.checksum),
        )
        await connection.commit()
    except DATABASE_ERRORS as error:
        if connection.alive:
            await connection.query("rollback")
        if isinstance(translated(error), DatabaseUnavailable):
            raise
        told = " ".join(str(error).split())
        raise SchemaError(f"migration {step.number} ({step.name}) failed: {told}") from error
