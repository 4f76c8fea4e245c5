"""
The database of the daemon: a server elsewhere, or the embedded one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from attrs import define, field, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from trio2o.config.schema import DatabaseSection
from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IElection
from trio2o.storage.embedded import EmbeddedPostgres
from trio2o.storage.installation import EmbeddedError
from trio2o.storage.migrate import require_latest, upgrade
from trio2o.storage.pool import Pool
from trio2o.storage.postgres.bindings import PostgresBindings
from trio2o.storage.postgres.changes import PostgresChanges
from trio2o.storage.postgres.cursors import PostgresCursors
from trio2o.storage.postgres.election import PostgresElection
from trio2o.storage.postgres.intents import PostgresIntents
from trio2o.storage.postgres.jobs import PostgresJobs
from trio2o.storage.postgres.news import PostgresNews
from trio2o.storage.postgres.offers import PostgresOffers
from trio2o.storage.postgres.pods import PostgresPods
from trio2o.storage.postgres.quota_usages import PostgresQuotaUsages
from trio2o.storage.postgres.quotas import PostgresQuotaLimits
from trio2o.storage.postgres.routes import PostgresRoutes
from trio2o.storage.postgres.shared import PostgresShared
from trio2o.storage.postgres.usage import PostgresUsage

_log = Logger()
_RETRY_SECONDS = 1.0
#: How often it is looked whether the embedded server is still there, while no connection is.
_WATCH_SECONDS = 2.0


def _pool(reactor: Any, section: DatabaseSection, dsn: str, size: int, *, purpose: str = "queries") -> Pool:
    return Pool(
        reactor,
        dsn,
        size=size,
        purpose=purpose,
        statement_timeout=section.statement_timeout_seconds,
        connect_timeout=section.connect_timeout_seconds,
    )


@asynccontextmanager
async def opened_pool(reactor: Any, section: DatabaseSection, dsn: str, size: int) -> AsyncIterator[Pool]:
    """
    The connections of a command, closed when it is done.

    :raises DatabaseUnavailable: if the database is away.
    :raises trio2o.storage.migrate.SchemaError: if the schema is not this release's.
    """
    await require_latest(reactor, dsn)
    pool = _pool(reactor, section, dsn, size)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


@frozen(kw_only=True)
class Followed:
    """
    What the state of the process is fed from, over a connection of its own: creates that wait for one would keep the state from
    being current, and a state that is not current makes every create ask the database.
    """

    changes: PostgresChanges
    pods: PostgresPods
    bindings: PostgresBindings
    shared: PostgresShared
    quota_limits: PostgresQuotaLimits


@define(kw_only=True)
class Database:
    """
    The pool and the stores on it.
    """

    _reactor: Any
    _section: DatabaseSection
    _embedded: EmbeddedPostgres | None = field(default=None, init=False)
    #: True once there are connections to close.
    _begun: bool = field(default=False, init=False)
    _watching: Deferred[None] | None = field(default=None, init=False)
    _following: Pool = field(init=False)
    _dsn: str = field(default="", init=False, repr=False)
    pool: Pool = field(init=False)
    pods: PostgresPods = field(init=False)
    bindings: PostgresBindings = field(init=False)
    routes: PostgresRoutes = field(init=False)
    cursors: PostgresCursors = field(init=False)
    followed: Followed = field(init=False)
    usage: PostgresUsage = field(init=False)
    intents: PostgresIntents = field(init=False)
    jobs: PostgresJobs = field(init=False)
    shared: PostgresShared = field(init=False)
    news: PostgresNews = field(init=False)
    offers: PostgresOffers = field(init=False)
    quota_limits: PostgresQuotaLimits = field(init=False)
    quota_usages: PostgresQuotaUsages = field(init=False)

    async def start(self) -> None:
        """
        Start the embedded server where there is no DSN, bring its schema up to date, and connect.

        A database of the operator's own is never upgraded by the daemon: ``trio2o db upgrade`` does it (I16).

        :raises trio2o.storage.migrate.SchemaError: if the schema is not this release's.

        A database that is away is waited for: after a power cut everything starts at once.
        """
        section = self._section
        if section.dsn is None:
            self._embedded = EmbeddedPostgres(
                self._reactor, section.embedded_directory, section.embedded_user
            )
            dsn = await self._embedded.start()
            applied = await upgrade(self._reactor, dsn)
            if applied:
                _log.info("the embedded database's schema is now {version}", version=applied[-1])
        else:
            dsn = section.dsn.value
            await self._schema_is_current(dsn)
        self._dsn = dsn
        self.pool = _pool(self._reactor, section, dsn, section.pool_size)
        self.pods = PostgresPods(self.pool)
        self.bindings = PostgresBindings(self.pool)
        self.routes = PostgresRoutes(self.pool)
        self.cursors = PostgresCursors(self.pool)
        self._following = _pool(self._reactor, section, dsn, 1, purpose="changes")
        self.followed = Followed(
            changes=PostgresChanges(self._reactor, dsn, self._following),
            pods=PostgresPods(self._following),
            bindings=PostgresBindings(self._following),
            shared=PostgresShared(self._following),
            quota_limits=PostgresQuotaLimits(self._following),
        )
        self.usage = PostgresUsage(self.pool)
        self.intents = PostgresIntents(self.pool)
        self.jobs = PostgresJobs(self.pool)
        self.shared = PostgresShared(self.pool)
        self.news = PostgresNews(self._reactor, dsn, self.pool)
        self.offers = PostgresOffers(self.pool)
        self.quota_limits = PostgresQuotaLimits(self.pool)
        self.quota_usages = PostgresQuotaUsages(self.pool)
        self._begun = True
        await self.pool.start()
        await self._following.start()
        if self._embedded is not None:
            self._watching = Deferred.fromCoroutine(
                watch_over(self._reactor, lambda: self.pool.alive > 0, self._embedded.revive)
            )
            self._watching.addErrback(lambda failure: failure.trap(CancelledError) and None)
            self._watching.addErrback(
                lambda failure: _log.failure("watching the embedded database ended", failure=failure)
            )

    def election(self, name: str) -> IElection:
        """
        An election among all who share the database.
        """
        return PostgresElection(self._reactor, self._dsn, name)

    async def _schema_is_current(self, dsn: str) -> None:
        told = False
        while True:
            try:
                await require_latest(self._reactor, dsn)
                return
            except DatabaseUnavailable as error:
                if not told:
                    _log.warn("the database is away and is waited for: {error}", error=str(error))
                    told = True
                await deferLater(self._reactor, _RETRY_SECONDS)

    async def stop(self) -> None:
        """
        Close the connections, and the embedded server if it is ours; what was not started yet needs no stopping.
        """
        if self._watching is not None:
            self._watching.cancel()
        if self._begun:
            self.followed.changes.stop()
            self.news.stop()
            await self._following.stop()
            await self.pool.stop()
        if self._embedded is not None:
            await self._embedded.stop()


async def watch_over(
    clock: IReactorTime, connected: Callable[[], bool], revive: Callable[[], Awaitable[bool]]
) -> NoReturn:
    """
    Start the embedded server again whenever it has ended: nobody else would. Until cancelled.
    """
    told = ""
    while True:
        await deferLater(clock, _WATCH_SECONDS)
        if connected():
            told = ""
            continue
        try:
            await revive()
        except EmbeddedError as error:
            if str(error) != told:
                told = str(error)
                _log.error("the embedded database does not start: {reason}", reason=told)
