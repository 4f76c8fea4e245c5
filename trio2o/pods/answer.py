"""
The answer of a pod as the strategies and the web layer see it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import UNKNOWN_LENGTH
from zope.interface import implementer

from trio2o.errors import PodBroken
from trio2o.exchange import HeaderList
from trio2o.interfaces import IPodAnswer
from trio2o.pods.response import PodResponse

#: How much of an unwanted body is read so that the connection can be used again, bytes.
SMALL_REST = 16_384


@implementer(IPodAnswer)
class PodAnswer:
    """
    Reads a :class:`PodResponse` out, and tells when the body has ended so that the pod has room for another call.
    """

    __slots__ = ("_ended", "_moved", "_paused", "_response", "headers", "length", "pod_name", "status")

    def __init__(self, response: PodResponse, pod_name: str, ended: Callable[[PodAnswer], None]) -> None:
        self.status = response.code
        self.headers: HeaderList = response.fields
        self.length: int | None = None if response.length is UNKNOWN_LENGTH else cast(int, response.length)
        self.pod_name = pod_name
        self._response = response
        self._ended = ended
        #: True when something came, or nothing was wanted, since the last look.
        self._moved = True
        self._paused = False

    def header(self, name: bytes) -> bytes | None:
        for key, value in reversed(self.headers):
            if key == name:
                return value
        return None

    def read(self, limit: int) -> Deferred[bytes]:
        reader = _Reader(self, limit)
        if self.length is not None and self.length > limit:
            reader.too_large()
        else:
            self.stream(reader)
        return reader.body

    def stream(self, receiver: IProtocol) -> None:
        if self._response.complete:
            self._response.deliverBody(receiver)
        else:
            self._response.deliverBody(_Delivery(self, receiver))

    def discard(self) -> None:
        if self._response.complete or (self.length is not None and self.length > SMALL_REST):
            self.drop()
        else:
            self.stream(_Sink(self))

    def drop(self) -> None:
        """
        Abort the connection, if it is still busy with this answer.
        """
        self._response.drop()
        self._ended(self)

    def stalled(self) -> bool:
        """
        True when nothing has come since this was asked last, though it was wanted.
        """
        moved = self._moved or self._paused
        self._moved = False
        return not moved


@implementer(IPushProducer)
class _Delivery(Protocol):
    """
    Hands a body that is still coming to its receiver, and watches it.
    """

    #: What Twisted's line receivers look for in a transport.
    disconnecting = False

    def __init__(self, answer: PodAnswer, receiver: IProtocol) -> None:
        self._answer = answer
        self._receiver = receiver

    def connectionMade(self) -> None:
        self._receiver.makeConnection(self)  # type: ignore[arg-type]  # a producer, as IPodAnswer says

    def dataReceived(self, data: bytes) -> None:
        self._answer._moved = True
        self._receiver.dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._answer._ended(self._answer)
        receiver = self._receiver
        # whoever reads knows this as its transport
        del self._receiver
        receiver.connectionLost(reason)

    def pauseProducing(self) -> None:
        self._answer._paused = True
        self.transport.pauseProducing()  # type: ignore[union-attr]

    def resumeProducing(self) -> None:
        self._answer._paused = False
        self._answer._moved = True
        self.transport.resumeProducing()  # type: ignore[union-attr]

    def stopProducing(self) -> None:
        self._answer.drop()

    def loseConnection(self) -> None:
        """
        Twisted's other name for it.
        """
        self._answer.drop()


class _Reader(Protocol):
    """
    Collects a body up to a limit.
    """

    def __init__(self, answer: PodAnswer, limit: int) -> None:
        self._answer = answer
        self._room = limit
        self._limit = limit
        self._parts: list[bytes] = []
        self._done = False
        self.body: Deferred[bytes] = Deferred(self._cancelled)

    def dataReceived(self, data: bytes) -> None:
        if self._done:
            return
        self._room -= len(data)
        if self._room < 0:
            self.too_large()
        else:
            self._parts.append(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        if self._done:
            return
        self._done = True
        parts, self._parts = self._parts, []
        if came_whole(reason):
            self.body.callback(b"".join(parts))
        else:
            self.body.errback(
                PodBroken(self._answer.pod_name, f"the body was cut short: {told(reason)}", sent=True)
            )

    def too_large(self) -> None:
        """
        Give up: the body does not fit.
        """
        self._done = True
        self._parts.clear()
        self._answer.drop()
        self.body.errback(
            PodBroken(self._answer.pod_name, f"the body has more than {self._limit} bytes", sent=True)
        )

    def _cancelled(self, body: Deferred[bytes]) -> None:
        self._done = True
        self._parts.clear()
        self._answer.drop()


class _Sink(Protocol):
    """
    Reads the rest of an unwanted body, as long as it is short.
    """

    def __init__(self, answer: PodAnswer) -> None:
        self._answer = answer
        self._room = SMALL_REST

    def dataReceived(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            self._answer.drop()


def came_whole(reason: Failure) -> bool:
    """
    True when a body's end was its end: told by its framing, or by the connection's end where there is no other sign.
    """
    return reason.check(ResponseDone, PotentialDataLoss) is not None


def told(failure: Failure) -> str:
    """
    A failure of a connection in one line, for the log: the causes of a chain without its wrappers.
    """
    reasons = getattr(failure.value, "reasons", None)
    if reasons:
        return "; ".join(dict.fromkeys(told(reason) for reason in reasons))
    text = failure.getErrorMessage()
    name = type(failure.value).__name__
    return f"{name}: {text}" if text else name
