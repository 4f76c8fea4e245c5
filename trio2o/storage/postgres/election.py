"""
One process of all that share a database, chosen by an advisory lock.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from trio2o.interfaces import IElection
from trio2o.storage.connection import DATABASE_ERRORS, SafeConnection
from trio2o.storage.keeper import Keeper


@implementer(IElection)
class PostgresElection:
    """
    Whose session has the lock does the work. The lock ends with its session, so the next one takes over when a process dies, and
    when it does not hear from the database any more it gives up by itself.
    """

    def __init__(
        self, reactor: Any, dsn: str, name: str, *, pulse: float = 5.0, silence: float = 3.0
    ) -> None:
        """
        :param name: what it is about; elections of different names have different winners.
        :param pulse: seconds from one try, or one sign of life, to the next.
        :param silence: seconds that the server may take for one.
        """
        self._reactor = reactor
        self._key = int.from_bytes(sha256(f"trio2o {name}".encode()).digest()[:8], "big", signed=True)
        self._pulse = pulse
        self._won: Callable[[], None] = lambda: None
        self._lost: Callable[[], None] = lambda: None
        self._leads = False
        self._next: IDelayedCall | None = None
        self._keeper = Keeper(
            reactor, dsn, purpose=name, up=self._up, down=self._down, statement_timeout=silence
        )

    @property
    def leads(self) -> bool:
        return self._leads

    def start(self, won: Callable[[], None], lost: Callable[[], None]) -> None:
        self._won, self._lost = won, lost
        self._keeper.start()

    def stop(self) -> None:
        self._keeper.stop()

    async def _up(self, connection: SafeConnection) -> None:
        await self._try(connection)

    async def _try(self, connection: SafeConnection) -> None:
        """
        Take the lock if it is free; with it in hand, see that the session is alive.
        """
        if self._leads:
            await connection.query("select 1")
        else:
            ((taken,),) = await connection.query("select pg_try_advisory_lock(%s)", (self._key,))
            if taken:
                self._leads = True
                self._won()
        if connection.alive:
            self._next = self._reactor.callLater(self._pulse, self._again, connection)

    def _again(self, connection: SafeConnection) -> None:
        trying = Deferred.fromCoroutine(self._try(connection))
        trying.addErrback(self._failed, connection)

    def _failed(self, failure: Any, connection: SafeConnection) -> None:
        connection.abandon("no sign of life")
        failure.trap(*DATABASE_ERRORS)

    def _down(self, connection: SafeConnection) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        if self._leads:
            self._leads = False
            self._lost()
