"""
The pool of connections to PostgreSQL, over txpostgres' connections.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from trio2o.errors import DatabaseUnavailable
from trio2o.storage.connection import (
    DATABASE_ERRORS,
    LostConnection,
    RolledBack,
    Row,
    SafeConnection,
    shielded,
    translated,
)
from trio2o.storage.dsn import described
from trio2o.storage.keeper import Keeper

T = TypeVar("T")

_log = Logger()

#: How often a transaction is run when the server undoes it because of others.
_ATTEMPTS = 4


@define(eq=False)
class Transaction:
    """
    What a function given to :meth:`Pool.run_interaction` works with.
    """

    _connection: SafeConnection

    async def query(self, sql: str, params: Any = None) -> list[Row]:
        """
        Run one statement and give its rows, if it has any. One at a time.
        """
        return await self._connection.query(sql, params)


@define(eq=False)
class _Waiter:
    turn: Deferred[SafeConnection]
    timer: IDelayedCall


@define(eq=False)
class Pool:
    """
    A fixed number of connections, each of which comes back by itself, lent to one caller at a time.

    Every request for one is bounded in time: it waits for a connection at most ``wait`` seconds, and not at
    all once the database has been away for that long. A caller that is cancelled gets its ``CancelledError``
    at once; what it had begun goes on to its end, since a query that is broken off spoils its connection.
    """

    _reactor: Any
    _dsn: str
    size: int = field(default=4, kw_only=True)
    #: What it is for, as the log tells it.
    purpose: str = field(default="queries", kw_only=True)
    #: Seconds that the server gives one statement.
    statement_timeout: float = field(default=5.0, kw_only=True)
    connect_timeout: float = field(default=5.0, kw_only=True)
    #: Seconds that a caller waits for a connection.
    wait: float = field(default=2.0, kw_only=True)
    #: How many callers may wait at once.
    queue: int = field(default=1000, kw_only=True)
    _keepers: list[Keeper] = field(factory=list, init=False)
    _alive: set[SafeConnection] = field(factory=set, init=False)
    _free: list[SafeConnection] = field(factory=list, init=False)
    _waiters: deque[_Waiter] = field(factory=deque, init=False)
    _down_since: float | None = field(default=None, init=False)
    _first: Deferred[None] = field(factory=Deferred, init=False)
    _idle: Deferred[None] | None = field(default=None, init=False)
    _stopping: bool = field(default=False, init=False)

    @property
    def alive(self) -> int:
        """
        How many connections are open.
        """
        return len(self._alive)

    @property
    def busy(self) -> int:
        """
        How many connections are lent.
        """
        return len(self._alive) - len(self._free)

    @property
    def waiting(self) -> int:
        """
        How many callers wait for a connection.
        """
        return len(self._waiters)

    async def start(self) -> None:
        """
        Begin to connect, and return when the first connection is there or its time is over. Never fails:
        what is down comes when it can.
        """
        self._down_since = self._reactor.seconds()
        for number in range(self.size):
            keeper = Keeper(
                self._reactor,
                self._dsn,
                purpose=f"{self.purpose} ({number + 1} of {self.size})",
                up=self._up,
                down=self._down,
                connect_timeout=self.connect_timeout,
                statement_timeout=self.statement_timeout,
            )
            self._keepers.append(keeper)
            keeper.start()
        timer = self._reactor.callLater(self.connect_timeout, self._started)
        await self._first
        if timer.active():
            timer.cancel()

    async def stop(self) -> None:
        """
        Refuse new work, give what runs as long as a statement may take, and close everything.
        """
        self._stopping = True
        self._started()
        for waiter in list(self._waiters):
            self._refuse(waiter.turn, "the database pool is closing")
        if self.busy:
            idle = self._idle = Deferred()
            timer = self._reactor.callLater(self.statement_timeout, self._now_idle)
            await idle
            if timer.active():
                timer.cancel()
        for keeper in self._keepers:
            keeper.stop()

    async def run_query(
        self, sql: str, params: Any = None, *, read_only: bool = False, patience: float | None = None
    ) -> list[Row]:
        """
        Run one statement in a transaction of its own and give its rows, if it has any.

        :param read_only: says that it changes nothing, so that it is sent once more when the connection was
            lost under it.
        :param patience: seconds to wait for a database that is away, for callers who have another way; ``None`` for as long as
            anybody waits.
        :raises DatabaseUnavailable: if no connection could be had in time, it was lost, or the statement
            took too long.
        :raises AlreadyExists: if a unique index forbids it.
        """
        return await self._run(lambda connection: connection.query(sql, params), read_only, patience)

    async def run_interaction(
        self, interaction: Callable[[Transaction], Awaitable[T]], *, read_only: bool = False
    ) -> T:
        """
        Run an asynchronous function in a transaction; what it raises rolls back and comes out.

        It runs again when the server undid it because of a deadlock or a serialization failure, so it must
        have no effect but those in the database.

        :param read_only: as for :meth:`run_query`; the function then sees one unchanging state of the
            database.
        :raises DatabaseUnavailable: as :meth:`run_query`; whether a lost COMMIT took effect is unknown.
        :raises AlreadyExists: if a unique index forbids it.
        """
        begin = "begin isolation level repeatable read read only" if read_only else "begin"

        async def work(connection: SafeConnection) -> T:
            await connection.query(begin)
            try:
                result = await interaction(Transaction(connection))
                await connection.commit()
            except BaseException:
                await _roll_back(connection)
                raise
            return result

        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._run(work, read_only)
            except RolledBack as error:
                _log.debug("a transaction is run again: {error}", error=str(error))
        return await self._run(work, read_only)

    async def _run(
        self, work: Callable[[SafeConnection], Awaitable[T]], read_only: bool, patience: float | None = None
    ) -> T:
        try:
            return await self._once(work, patience)
        except LostConnection:
            if not read_only:
                raise
        return await self._once(work, patience)

    async def _once(self, work: Callable[[SafeConnection], Awaitable[T]], patience: float | None) -> T:
        connection = await self._lend(patience)

        async def carried_out() -> T:
            try:
                return await work(connection)
            except DATABASE_ERRORS as error:
                raise translated(error) from error
            finally:
                self._give_back(connection)

        return await shielded(Deferred.fromCoroutine(carried_out()), lambda: None)

    def _lend(self, patience: float | None) -> Deferred[SafeConnection]:
        turn: Deferred[SafeConnection] = Deferred(self._leave)
        wait = self.wait if patience is None or self._down_since is None else min(patience, self.wait)
        if self._stopping:
            turn.errback(DatabaseUnavailable("the database pool is closing"))
        elif self._free:
            turn.callback(self._free.pop())
        elif self._down_since is not None and self._reactor.seconds() - self._down_since > wait:
            turn.errback(DatabaseUnavailable("the database is away"))
        elif len(self._waiters) >= self.queue:
            turn.errback(DatabaseUnavailable(f"{self.queue} callers wait for the database already"))
        else:
            why = f"no database connection within {wait:g} s"
            self._waiters.append(_Waiter(turn, self._reactor.callLater(wait, self._refuse, turn, why)))
        return turn

    def _refuse(self, turn: Deferred[SafeConnection], why: str) -> None:
        self._leave(turn)
        turn.errback(DatabaseUnavailable(why))

    def _leave(self, turn: Deferred[SafeConnection]) -> None:
        for waiter in self._waiters:
            if waiter.turn is turn:
                self._waiters.remove(waiter)
                if waiter.timer.active():
                    waiter.timer.cancel()
                return

    def _give_back(self, connection: SafeConnection) -> None:
        if connection in self._alive:
            if self._waiters and not self._stopping:
                waiter = self._waiters.popleft()
                waiter.timer.cancel()
                waiter.turn.callback(connection)
                return
            self._free.append(connection)
        if not self.busy:
            self._now_idle()

    async def _up(self, connection: SafeConnection) -> None:
        if self._down_since is not None:
            _log.info(
                "database connected for {purpose}: {database}",
                purpose=self.purpose,
                database=described(self._dsn),
            )
        self._down_since = None
        self._alive.add(connection)
        self._give_back(connection)
        self._started()

    def _down(self, connection: SafeConnection) -> None:
        self._alive.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        if not self._alive and self._down_since is None and not self._stopping:
            self._down_since = self._reactor.seconds()
            _log.warn(
                "database away for {purpose}: {database}",
                purpose=self.purpose,
                database=described(self._dsn),
            )

    def _started(self) -> None:
        if not self._first.called:
            self._first.callback(None)

    def _now_idle(self) -> None:
        if self._idle is not None and not self._idle.called:
            self._idle.callback(None)


async def _roll_back(connection: SafeConnection) -> None:
    if not connection.alive:
        return
    try:
        await connection.query("rollback")
    except DATABASE_ERRORS:
        connection.abandon("a transaction could not be rolled back")
