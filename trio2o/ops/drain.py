"""
Stopping without cutting anything off: no new connections, what runs is finished, idle connections are
closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from attrs import define, field
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.server import Site

_log = Logger()

#: Seconds between the end of the last request and the closing of its connection: its answer's last bytes go
#: out, and its channel learns that it is idle.
SETTLE_SECONDS = 0.05


class TrackedConnection(HTTPChannel):
    """
    A connection that its site knows of. Mix it into the channel of a site that has ``connections``, a set.
    """

    site: Any
    transport: Any

    def connectionMade(self) -> None:
        """
        Be known.
        """
        self.site.connections.add(self)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        Be forgotten.
        """
        self.site.connections.discard(self)
        super().connectionLost(reason)


class TrackingSite(Site):
    """
    A site that knows its connections. It speaks HTTP/1 alone, which spares each connection a layer.
    """

    # Twisted's own is a function that puts a layer for HTTP/2 around the channel.
    protocol = TrackedConnection  # type: ignore[assignment]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.connections: set[TrackedConnection] = set()

    def acceptableProtocols(self) -> list[bytes]:
        """
        What TLS offers: never HTTP/2, whatever is installed.
        """
        return [b"http/1.1"]


class Connected(Protocol):
    """
    What has connections: a site whose channels are :class:`TrackedConnection`.
    """

    connections: set[TrackedConnection]


@define(eq=False)
class Drain:
    """
    The requests under way at one site, and its end.

    The web layer calls :meth:`enter` when it takes a request and :meth:`leave` when nothing of it runs any
    more. That may be after its client has gone: a create that a pod has begun is waited for (I7).
    """

    site: Connected
    clock: IReactorTime
    #: Requests under way.
    count: int = field(default=0, init=False)
    #: True from the beginning of :meth:`stop` on; the health check tells it to balancers.
    draining: bool = field(default=False, init=False)
    _finished: Deferred[None] | None = field(default=None, init=False)
    _deadline: IDelayedCall | None = field(default=None, init=False)
    #: When patience ends, in the clock's seconds.
    _until: float = field(default=0.0, init=False)

    def enter(self) -> None:
        """
        Count one request. One that comes while the last one's connection settles is waited for too.
        """
        self.count += 1
        if self.count == 1 and self._finished is not None:
            self._end_in(max(0.0, self._until - self.clock.seconds()))

    def leave(self) -> None:
        """
        A request is over.
        """
        self.count -= 1
        if not self.count and self._finished is not None:
            self._end_in(SETTLE_SECONDS)

    async def stop(self, ports: Iterable[IListeningPort], timeout: float) -> int:
        """
        Stop accepting, wait for what runs, close the connections. Gives how many requests were cut off.

        :param timeout: seconds to wait; 0 cuts off at once.
        """
        self.draining = True
        for port in ports:
            await maybeDeferred(port.stopListening)
        self._close_idle()
        if self.count and timeout > 0:
            self._finished = Deferred()
            self._until = self.clock.seconds() + timeout
            self._end_in(timeout)
            await self._finished
        cut = self.count
        if cut:
            _log.warn(
                "{cut} requests did not end within {timeout} s; they are cut off.", cut=cut, timeout=timeout
            )
        for channel in list(self.site.connections):
            if channel.requests:
                channel.transport.abortConnection()
            else:
                channel.loseConnection()
        return cut

    def _end_in(self, seconds: float) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = self.clock.callLater(seconds, self._end)

    def _end(self) -> None:
        finished, self._finished = self._finished, None
        if finished is not None:
            finished.callback(None)

    def _close_idle(self) -> None:
        """
        Close the connections that wait for a next request, and have the others closed after their answer.
        """
        for channel in list(self.site.connections):
            if not channel.requests:
                channel.loseConnection()
                continue
            channel.persistent = False
            for request in channel.requests:
                if not request.startedWriting:
                    # So that its client does not send the next request into the closing connection.
                    request.setHeader(b"connection", b"close")
