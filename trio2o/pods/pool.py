"""
The connections to one service of one pod.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field
from twisted.internet import defer, error
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from trio2o.pods.request import PodRequest
from trio2o.pods.response import PodResponse


class IsConnection(Protocol):
    """
    What the pool needs of a connection, whichever protocol it is.
    """

    @property
    def usable(self) -> bool:
        """
        True when a request may be sent now.
        """

    @property
    def established(self) -> Deferred[IsConnection]:
        """
        Fires when a request may be sent for the first time.
        """

    def request(self, request: PodRequest) -> Deferred[PodResponse]:
        """
        Send a request; the head of its response. Cancelling drops the connection.
        """

    def close(self) -> None:
        """
        End the connection; for one that is idle.
        """


C = TypeVar("C", bound=IsConnection)


class NotConnected(Exception):
    """
    There is no connection, so that nothing was sent.

    :ivar sent: True where something had been sent on another connection before.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.sent = False


class _ConnectionFactory(Factory):
    """
    Makes one connection's protocol, without a line in the log.
    """

    noisy = False

    def __init__(self, build: Callable[[], object]) -> None:
        self._build = build

    def buildProtocol(self, addr: object) -> object:  # type: ignore[override]
        return self._build()


@define(kw_only=True, eq=False)
class ConnectionPool(Generic[C]):
    """
    Keeps idle connections, hands out the one that was used last, and closes what has been idle for too long.
    """

    _clock: IReactorTime
    _endpoint: IStreamClientEndpoint
    #: Makes a connection's protocol, given what to call when it is idle.
    _build: Callable[[Callable[[C], None]], C]
    #: How many idle connections are kept.
    _size: int
    #: Seconds after which an idle connection is not used any more; less than the pod keeps it.
    _idle_timeout: float
    #: Seconds for name look-up, TCP and TLS together.
    _connect_timeout: float
    #: Idle connections and since when, the longest idle first.
    _idle: deque[tuple[float, C]] = field(factory=deque, init=False)
    _reaper: IDelayedCall | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)

    def take(self, idle_less_than: float | None = None) -> C | None:
        """
        An idle connection, or ``None``. With a limit only one that has been idle for less than so many seconds.
        """
        idle = self._idle
        limit = self._idle_timeout if idle_less_than is None else idle_less_than
        while idle:
            since, connection = idle[-1]
            if self._clock.seconds() - since >= limit:
                return None
            idle.pop()
            if connection.usable:
                return connection
        return None

    def connect(self) -> Deferred[C]:
        """
        A new connection.

        :raises NotConnected: if there is none within the connect timeout.
        """
        try:
            dialled: Any = self._endpoint.connect(_ConnectionFactory(self._protocol))
        except Exception as problem:  # noqa: BLE001 - an endpoint that raises instead of failing; nothing waits here
            return fail(NotConnected(f"{type(problem).__name__}: {problem}"))
        connecting: Deferred[C] = dialled.addCallback(lambda connection: connection.established)
        connecting.addTimeout(self._connect_timeout, self._clock)
        connecting.addErrback(self._not_connected)
        return connecting

    def put(self, connection: C) -> None:
        """
        Take back a connection that is idle.
        """
        if self._closed:
            connection.close()
            return
        if len(self._idle) >= self._size:
            self._idle.popleft()[1].close()
        self._idle.append((self._clock.seconds(), connection))
        if self._reaper is None:
            self._reaper = self._clock.callLater(self._idle_timeout, self._reap)

    def close(self) -> None:
        """
        Close what is idle, and whatever becomes idle later.
        """
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        while self._idle:
            self._idle.pop()[1].close()

    def _protocol(self) -> C:
        return self._build(self.put)

    def _not_connected(self, failure: Failure) -> Failure:
        if failure.check(CancelledError):
            return failure
        if failure.check(defer.TimeoutError, error.TimeoutError):
            return Failure(NotConnected(f"no connection within {self._connect_timeout:g} s"))
        if failure.check(error.ConnectError):
            return Failure(NotConnected(f"no connection: {failure.getErrorMessage()}"))
        return Failure(
            NotConnected(f"no connection: {type(failure.value).__name__}: {failure.getErrorMessage()}")
        )

    def _reap(self) -> None:
        self._reaper = None
        now = self._clock.seconds()
        while self._idle and (now - self._idle[0][0] >= self._idle_timeout or not self._idle[0][1].usable):
            self._idle.popleft()[1].close()
        if self._idle:
            self._reaper = self._clock.callLater(self._idle[0][0] + self._idle_timeout - now, self._reap)
