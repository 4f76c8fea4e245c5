"""
Keeps one connection to the database open: connects, notices its end, waits a little longer each time,
connects again.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable
from trio2o.storage.connection import DATABASE_ERRORS, SafeConnection, configured, translated
from trio2o.storage.dsn import servers_of

_log = Logger()

#: How long a statement may go unanswered beyond the server's own limit, seconds.
_GRACE = 2.0


def back_off(first: float = 0.2, longest: float = 5.0, factor: float = 1.7) -> Iterator[float]:
    """
    Waiting times in seconds, growing, each shortened at random by up to a fifth so that processes do not
    come at once.
    """
    delay = first
    while True:
        yield delay * random.uniform(0.8, 1.0)
        delay = min(delay * factor, longest)


async def open_connection(
    reactor: Any, parameters: dict[str, str], *, connect_timeout: float, statement_timeout: float
) -> SafeConnection:
    """
    One connection to one server, with its session settings.

    :param statement_timeout: seconds; 0 for no limit of the server's, and then none of ours worth the name.
    :raises DatabaseUnavailable: if it cannot be had.
    """
    answer_limit = statement_timeout + _GRACE if statement_timeout else 86400.0
    connection = SafeConnection(reactor, answer_limit=answer_limit)
    await connection.open(parameters, limit=connect_timeout)
    await configured(connection, statement_timeout=statement_timeout)
    return connection


async def open_any(
    reactor: Any, dsn: str, *, connect_timeout: float, statement_timeout: float
) -> SafeConnection:
    """
    A connection to the first server of a DSN that can be used.

    :raises DatabaseUnavailable: if none can; the message is the last server's.
    """
    failure = DatabaseUnavailable("no server")
    for parameters in await servers_of(reactor, dsn):
        try:
            return await open_connection(
                reactor, parameters, connect_timeout=connect_timeout, statement_timeout=statement_timeout
            )
        except DatabaseUnavailable as error:
            failure = error
    raise failure


class Keeper:
    """
    The owner of one connection at a time, for as long as it runs.
    """

    def __init__(
        self,
        reactor: Any,
        dsn: str,
        *,
        purpose: str,
        up: Callable[[SafeConnection], Awaitable[None]],
        down: Callable[[SafeConnection], None],
        connect_timeout: float = 5.0,
        statement_timeout: float = 5.0,
    ) -> None:
        """
        :param purpose: names the connection in the log.
        :param up: awaited with each new connection; a database error in it counts as the connection's end.
        :param down: called when a connection that ``up`` was given is gone.
        """
        self._reactor = reactor
        self._dsn = dsn
        self._purpose = purpose
        self._up = up
        self._down = down
        self._connect_timeout = connect_timeout
        self._statement_timeout = statement_timeout
        self._connection: SafeConnection | None = None
        self._loop: Deferred[None] | None = None
        self._running = False

    def start(self) -> None:
        """
        Begin to connect; what is down is tried again until :meth:`stop`.
        """
        self._running = True
        self._loop = Deferred.fromCoroutine(self._keep())
        self._loop.addErrback(lambda f: f.trap(CancelledError) and None)
        self._loop.addErrback(lambda f: _log.failure("keeping a database connection ended", failure=f))

    def stop(self) -> None:
        """
        Close the connection and make no other.
        """
        self._running = False
        if self._connection is not None:
            self._connection.abandon("closed by us")
        if self._loop is not None:
            self._loop.cancel()

    async def _keep(self) -> None:
        delays = back_off()
        told = ""
        while True:
            try:
                connection = await self._connect()
                reason = await self._serve(connection)
                delays = back_off()
                told = ""
            except DatabaseUnavailable as error:
                reason = str(error)
            if not self._running:
                return
            if reason != told:
                told = reason
                _log.info(
                    "database connection for {purpose} down: {reason}", purpose=self._purpose, reason=reason
                )
            await deferLater(self._reactor, next(delays))

    async def _connect(self) -> SafeConnection:
        return await open_any(
            self._reactor,
            self._dsn,
            connect_timeout=self._connect_timeout,
            statement_timeout=self._statement_timeout,
        )

    async def _serve(self, connection: SafeConnection) -> str:
        """
        Hand the connection out and wait for its end; gives the reason.
        """
        if not self._running:
            connection.abandon("closed by us")
            return "closed by us"
        self._connection = connection
        try:
            await self._up(connection)
            return await connection.died
        except DATABASE_ERRORS as error:
            connection.abandon(str(error))
            raise translated(error) from error
        finally:
            self._connection = None
            self._down(connection)
