"""
One connection to PostgreSQL that is safe in a daemon.

txpostgres gives the non-blocking psycopg2 connection; its cancellation, interactions and reconnection are
not used, because a cancelled query leaves the connection in the middle of one, and ``PQcancel`` blocks the
reactor.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg2
from psycopg2 import errorcodes
from psycopg2.extensions import TransactionRollbackError
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure
from txpostgres import reconnection, txpostgres

from trio2o.errors import AlreadyExists, DatabaseUnavailable

T = TypeVar("T")

#: A row as psycopg2 gives it.
Row = tuple[Any, ...]

#: Codes after which the server has ended the session, or the session is of no use because the server is a
#: standby.
_FATAL_CODES = frozenset(
    {
        errorcodes.ADMIN_SHUTDOWN,
        errorcodes.CRASH_SHUTDOWN,
        errorcodes.CANNOT_CONNECT_NOW,
        errorcodes.IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        errorcodes.READ_ONLY_SQL_TRANSACTION,
        "57P05",  # idle_session_timeout
    }
)


class LostConnection(DatabaseUnavailable):
    """
    The connection ended under a statement; whether the statement took effect is unknown.
    """


_NO_SESSION = (
    LostConnection,
    ConnectionDone,
    ConnectionLost,
    psycopg2.InterfaceError,
    txpostgres.UnexpectedPollResult,
)

#: What any statement may raise when the connection or the server is at fault.
DATABASE_ERRORS = (psycopg2.Error, *_NO_SESSION)

#: What psycopg2 raises by itself when it is called wrongly.
_MISTAKES = (psycopg2.DataError, psycopg2.ProgrammingError, psycopg2.NotSupportedError)


class RolledBack(DatabaseUnavailable):
    """
    The server undid the transaction because of others (deadlock, serialization); it can be run again.
    """


def is_fatal(error: BaseException) -> bool:
    """
    True when nothing more can be asked over the connection that raised this.
    """
    if isinstance(error, _NO_SESSION):
        return True
    if not isinstance(error, psycopg2.Error):
        return False
    code = error.pgcode
    if code is None:
        return not isinstance(error, _MISTAKES)
    return code in _FATAL_CODES or code.startswith("08")


def translated(error: BaseException) -> BaseException:
    """
    The domain's exception for what psycopg2 raised; a mistake in our SQL stays what it is.
    """
    told = _first_line(error)
    if is_fatal(error):
        return LostConnection(told)
    if isinstance(error, TransactionRollbackError):
        return RolledBack(told)
    if isinstance(error, psycopg2.OperationalError):
        return DatabaseUnavailable(told)
    if isinstance(error, psycopg2.errors.UniqueViolation):
        return AlreadyExists(error.diag.constraint_name or told)
    return error


def _first_line(error: BaseException | None) -> str:
    """
    What happened; libpq's further lines guess why. Of a connection that was refused Twisted says only how it ended.
    """
    if isinstance(error, ConnectionLost | ConnectionDone):
        return "no server answers there, or it hung up"
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def shielded(inner: Deferred[T], left: Callable[[], None]) -> Deferred[T]:
    """
    The same result; when it is cancelled ``left`` is called and ``inner`` is not.
    """
    outer: Deferred[T] = Deferred(lambda _: left())

    def done(result: T | Failure) -> None:
        if not outer.called:
            outer.callback(result)

    inner.addBoth(done)
    return outer


def _readable(connection: Any) -> bool:
    """
    True where something more has arrived.
    """
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    return bool(poller.poll(0))


class _Cursor(txpostgres.Cursor):
    """
    A cursor that reports a statement timeout as what it is, not as a cancellation by the caller.
    """

    def _handleCancellation(self, f: Failure) -> Failure:
        return f


class _DeathNotice(reconnection.DeadConnectionDetector):
    """
    Tells once that the connection is dead; a new connection is made by its keeper, never by this one.
    """

    def __init__(self, reactor: Any, died: Callable[[Failure], None]) -> None:
        super().__init__(deathChecker=lambda f: is_fatal(f.value), reactor=reactor)
        self._died = died

    def startReconnecting(self, f: Failure) -> None:
        self._died(f)


class SafeConnection(txpostgres.Connection):
    """
    A connection that is opened once, used by one caller at a time, and thrown away when anything is wrong
    with it.
    """

    cursorFactory = _Cursor

    def __init__(self, reactor: Any, *, answer_limit: float) -> None:
        """
        :param answer_limit: seconds after which a statement without answer ends the connection; more than the
            server's own ``statement_timeout``, so that it only strikes when the server is silent.
        """
        super().__init__(reactor, detector=_DeathNotice(reactor, self._die))
        self.alive = False
        #: Fires once with the reason when an open connection is gone.
        self.died: Deferred[str] = Deferred()
        #: Called with what notifications say that have arrived; several may be one call.
        self.notified: Callable[[Sequence[str]], None] | None = None
        self._answer_limit = answer_limit
        self._reason = ""

    def open(self, parameters: dict[str, str], *, limit: float) -> Deferred[None]:
        """
        Connect within ``limit`` seconds. libpq's own ``connect_timeout`` has no effect on asynchronous
        connections.

        :raises DatabaseUnavailable: if it cannot be done.
        """
        timer = self.reactor.callLater(limit, self.abandon, f"no connection within {limit:g} s")
        opened: Deferred[None] = Deferred(lambda _: self.abandon("cancelled"))

        def done(result: Any) -> None:
            if timer.active():
                timer.cancel()
            if isinstance(result, Failure):
                self.abandon(_first_line(result.value))
            # It may have been given up in the very moment in which it succeeded.
            self.alive = not self._reason
            if not opened.called:
                opened.callback(None if self.alive else Failure(DatabaseUnavailable(self._reason)))

        self.connect(**parameters).addBoth(done)
        return opened

    async def query(self, sql: str, params: Any = None) -> list[Row]:
        """
        Run one statement and give its rows, if it has any. One at a time; cancelling it ends the connection.

        :raises DATABASE_ERRORS: untranslated.
        """
        rows, _ = await self._statement(sql, params)
        return rows

    async def commit(self) -> None:
        """
        Commit, and make sure that it was one: PostgreSQL answers the COMMIT of a failed transaction with a
        quiet rollback.
        """
        _, status = await self._statement("commit", None)
        if status != "COMMIT":
            raise RuntimeError(f"the transaction was not committed: {status}")

    async def _statement(self, sql: str, params: Any) -> tuple[list[Row], str]:
        limit = self._answer_limit
        timer = self.reactor.callLater(limit, self.abandon, f"no answer within {limit:g} s")
        try:
            cursor = self.cursor()
            # txpostgres would break a cancelled statement off by PQcancel, which blocks the reactor.
            await shielded(cursor.execute(sql, params), lambda: self.abandon("a statement was cancelled"))
            rows: list[Row] = cursor.fetchall() if cursor.description is not None else []
            status = str(cursor.statusmessage)
            cursor.close()
            self._hear()
            return rows, status
        except DATABASE_ERRORS as error:
            self.detector.checkForDeadConnection(Failure())
            if self._reason and is_fatal(error):
                raise LostConnection(self._reason) from error
            raise
        finally:
            if timer.active():
                timer.cancel()

    def abandon(self, reason: str) -> None:
        """
        Close the connection whatever it is doing; a statement under way fails.
        """
        self._reason = self._reason or reason or "closed"
        self.close()
        self._end()

    def close(self) -> None:
        if self._connection is None:
            return
        # On the asyncio reactor a cursor that stays registered breaks the next socket with the same
        # descriptor.
        for cursor in list(self._cursors):
            self.reactor.removeReader(cursor)
            self.reactor.removeWriter(cursor)
        super().close()

    def doRead(self) -> None:
        try:
            super().doRead()
        except DATABASE_ERRORS:
            # An idle connection was ended by the server: an event to react to, not a traceback for the log.
            self.detector.checkForDeadConnection(Failure())

    def _hear(self) -> None:
        """
        Tell of notifications that came with the end of an answer: libpq has them, and nothing would wake the reactor for them.

        What is still to be read the reactor is woken for. It is left to that: at the end of a session libpq closes its socket
        while reading, which the reactor survives from within its own call alone.
        """
        if self.notified is not None and not self._connection.closed and not _readable(self._connection):
            self._connection.poll()
            self.checkForNotifies()

    def checkForNotifies(self) -> None:
        if self._connection.notifies:
            said = [notification.payload for notification in self._connection.notifies]
            del self._connection.notifies[:]
            if self.notified is not None:
                self.notified(said)

    def _die(self, f: Failure) -> None:
        self.abandon(_first_line(f.value))

    def _end(self) -> None:
        if self.alive:
            self.alive = False
            self.died.callback(self._reason)


async def configured(connection: SafeConnection, *, statement_timeout: float) -> None:
    """
    Give a fresh connection its session settings, and make sure that it leads to the primary.

    :raises DatabaseUnavailable: if the server is a standby, where neither writes nor LISTEN work.
    """
    milliseconds = str(round(statement_timeout * 1000))
    try:
        ((*_, standby),) = await connection.query(
            "select set_config('statement_timeout', %s, false),"
            " set_config('idle_in_transaction_session_timeout', %s, false),"
            " set_config('timezone', 'UTC', false), pg_is_in_recovery()",
            (milliseconds, str(round(statement_timeout * 2000))),
        )
    except DATABASE_ERRORS as error:
        connection.abandon("not usable")
        raise translated(error) from error
    if standby:
        connection.abandon("the server is a standby")
        raise DatabaseUnavailable("the server is a standby")
