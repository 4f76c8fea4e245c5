"""
The connection that waits for notifications.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from trio2o.storage.connection import DATABASE_ERRORS, SafeConnection
from trio2o.storage.keeper import Keeper


class Listener:
    """
    Listens on one channel over a connection of its own, which comes back by itself.

    The connection is asked for a sign of life every ``pulse`` seconds, so that one whose peer is gone
    without a word is given up after at most ``pulse`` and the statement's own limit.
    """

    def __init__(
        self,
        reactor: Any,
        dsn: str,
        channel: str,
        *,
        heard: Callable[[Sequence[str]], None],
        connected: Callable[[], None],
        lost: Callable[[], None],
        pulse: float = 5.0,
        silence: float = 3.0,
    ) -> None:
        """
        :param channel: a plain identifier.
        :param heard: called with what notifications say; several may be one call.
        :param silence: seconds that the server may take for a sign of life.
        """
        self._reactor = reactor
        self._channel = channel
        self._heard = heard
        self._connected = connected
        self._lost = lost
        self._pulse = pulse
        self._next: IDelayedCall | None = None
        self._listening = False
        self._keeper = Keeper(
            reactor,
            dsn,
            purpose=f"notifications on {channel}",
            up=self._up,
            down=self._down,
            statement_timeout=silence,
        )

    def start(self) -> None:
        """
        Begin to connect.
        """
        self._keeper.start()

    def stop(self) -> None:
        """
        Close the connection and make no other.
        """
        self._keeper.stop()

    async def _up(self, connection: SafeConnection) -> None:
        connection.notified = self._heard
        await connection.query(f'listen "{self._channel}"')
        self._listening = True
        self._next = self._reactor.callLater(self._pulse, self._ask, connection)
        self._connected()

    def _down(self, connection: SafeConnection) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        if self._listening:
            self._listening = False
            self._lost()

    def _ask(self, connection: SafeConnection) -> None:
        def asked(_: object) -> None:
            if connection.alive:
                self._next = self._reactor.callLater(self._pulse, self._ask, connection)

        answer = Deferred.fromCoroutine(connection.query("select 1"))
        answer.addCallback(asked)
        answer.addErrback(self._failed, connection)

    def _failed(self, failure: Any, connection: SafeConnection) -> None:
        failure.trap(*DATABASE_ERRORS)
        connection.abandon("no sign of life")
