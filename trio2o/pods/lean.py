"""
One persistent connection to a pod by a protocol of our own: half the work of Twisted's for the same behaviour.

The same tests run over both, see ``tests/unit/pods/test_connection.py`` and ``tests/functional/test_forwarding.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener, IProtocol, IPushProducer
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.web._newclient import (
    ParseError,
    RequestGenerationFailed,
    RequestNotSent,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http import PotentialDataLoss, _ChunkedTransferDecoder, _MalformedChunkedDataError
from zope.interface import implementer

from trio2o.pods.heads import MAX_HEAD, Head, Malformed, parse_head
from trio2o.pods.request import PodRequest
from trio2o.pods.response import PodResponse

_HEAD_ENDS = b"\r\n\r\n"
_BEGINS = b"HTTP/1."
_DONE = Failure(ResponseDone("the body came whole"))


@implementer(IHandshakeListener)
class LeanConnection(Protocol):
    """
    Sends one request at a time; see :class:`trio2o.pods.connection.PodConnection` for what it keeps to.
    """

    transport: Any

    def __init__(self, idle: Callable[[LeanConnection], None], *, secure: bool) -> None:
        self._idle = idle
        self._secure = secure
        #: Fires when a request may be sent; fails when the connection ends before.
        self.established: Deferred[LeanConnection] = Deferred(lambda _: self.transport.abortConnection())
        self.usable = False
        self._request: PodRequest | None = None
        #: What there is of a head.
        self._buffer = b""
        #: Bytes of this answer's head and of interim answers that were dealt with.
        self._skipped = 0
        self._answered: Deferred[PodResponse] | None = None
        #: The upload under way.
        self._sending: Deferred[None] | None = None
        #: The body that is coming.
        self._body: _Body | None = None
        self._left: int | None = None
        self._chunks: _ChunkedTransferDecoder | None = None
        self._persists = True

    def request(self, request: PodRequest) -> Deferred[PodResponse]:
        """
        Send a request; the response's head comes as soon as it is there. Cancelling drops the connection.
        """
        if not self.usable:
            return fail(RequestNotSent())
        self.usable = False
        self._request = request
        self._skipped = 0
        answered: Deferred[PodResponse] = Deferred(self._cancelled)
        self._answered = answered
        if request.bodyProducer is None:
            self.transport.write(request.head + request.whole)
        else:
            self._sending = sending = request.writeTo(self.transport)
            sending.addCallbacks(self._sent, self._not_sent)
        return answered

    def close(self) -> None:
        """
        End the connection; for one that is idle.
        """
        self.usable = False
        self.transport.loseConnection()

    def connectionMade(self) -> None:
        if hasattr(self.transport, "setTcpNoDelay"):
            self.transport.setTcpNoDelay(True)
        if not self._secure:
            self.usable = True
            self.established.callback(self)

    def handshakeCompleted(self) -> None:
        self.usable = True
        self.established.callback(self)

    def dataReceived(self, data: bytes) -> None:
        if self._body is not None:
            self._body_came(data)
        elif self._answered is not None:
            self._head_came(self._buffer + data if self._buffer else data)
        else:
            self._break_off()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self.usable = False
        if not self.established.called:
            self.established.errback(reason)
        sending, self._sending = self._sending, None
        began = bool(self._buffer or self._skipped)
        if self._answered is not None:
            kind = (
                ResponseFailed if began else RequestTransmissionFailed if sending else ResponseNeverReceived
            )
            self._fail(Failure(kind([reason])))
        elif self._body is not None:
            until_close = self._left is None and self._chunks is None and reason.check(ConnectionDone)
            self._end(Failure(PotentialDataLoss()) if until_close else Failure(ResponseFailed([reason])))
        if sending is not None and self._request is not None:
            self._request.stopWriting()

    def _head_came(self, data: bytes) -> None:
        assert self._request is not None
        while True:
            if not data.startswith(_BEGINS[: len(data)]):
                self._fail(Failure(ParseError("no HTTP", data[:80])))
                self._break_off()
                return
            at = data.find(_HEAD_ENDS)
            if (at if at >= 0 else len(data)) + self._skipped > MAX_HEAD:
                self._fail(Failure(ParseError("the head of the answer is too long", b"")))
                self._break_off()
                return
            if at < 0:
                self._buffer = data
                return
            try:
                head = parse_head(data[:at], of_head=self._request.method == b"HEAD")
                if head.code < 200 and head.code in (100, 102, 103, 104):
                    self._skipped += at + 4
                    data = data[at + 4 :]
                    if not data:
                        self._buffer = b""
                        return
                    continue
                if head.code < 200:
                    raise Malformed("no status of a final answer")
            except Malformed as problem:
                self._fail(Failure(ParseError(str(problem), data[:80])))
                self._break_off()
                return
            self._buffer = b""
            self._respond(head, data[at + 4 :])
            return

    def _respond(self, head: Head, rest: bytes) -> None:
        """
        Take in what came with the head, and give the response.
        """
        answered, self._answered = self._answered, None
        assert answered is not None
        body = self._body = _Body(self)
        self._persists = head.persists
        self._left = head.length
        self._chunks = _ChunkedTransferDecoder(body.feed, self._chunks_end) if head.chunked else None
        if head.length == 0:
            self._over(rest)
        elif rest:
            self._body_came(rest)
        answered.callback(
            PodResponse(
                version=(b"HTTP", 1, head.minor),
                code=head.code,
                phrase=head.phrase,
                fields=head.fields,
                length=head.length,
                complete=body.connection is None,
                deliver=body.deliver,
                drop=body.stopProducing,
                request=self._request,
            )
        )
        body.settle()

    def _body_came(self, data: bytes) -> None:
        body = self._body
        assert body is not None
        if self._chunks is not None:
            try:
                self._chunks.dataReceived(data)
            except _MalformedChunkedDataError as problem:
                self._break_off()
                self._end(Failure(ResponseFailed([Failure(problem)])))
        elif self._left is None:
            body.feed(data)
        elif len(data) < self._left:
            self._left -= len(data)
            body.feed(data)
        else:
            length = self._left
            self._left = 0
            body.feed(data[:length] if len(data) > length else data)
            self._over(data[length:])

    def _chunks_end(self, rest: bytes) -> None:
        self._over(rest)

    def _over(self, rest: bytes) -> None:
        """
        The response is whole: the connection is idle, or of no use any more.
        """
        if self._body is None:
            # Its reader has dropped it meanwhile.
            return
        if self._sending is not None:
            assert self._request is not None
            self._sending = None
            self._request.stopWriting()
            self.transport.unregisterProducer()
            self._break_off()
        elif rest:
            self._break_off()
        elif not self._persists:
            self.transport.loseConnection()
        else:
            if self._body.paused:
                self.transport.resumeProducing()
            self.usable = True
        body, self._body = self._body, None
        body.connection = None
        self._chunks = None
        if self.usable:
            self._idle(self)
        body.end(_DONE)

    def _end(self, reason: Failure) -> None:
        body, self._body = self._body, None
        if body is not None:
            body.connection = None
            body.end(reason)

    def _fail(self, failure: Failure) -> None:
        answered, self._answered = self._answered, None
        if answered is not None and not answered.called:
            answered.errback(failure)

    def _cancelled(self, answered: Deferred[PodResponse]) -> None:
        self._answered = None
        self._break_off()

    def _break_off(self) -> None:
        self.usable = False
        self.transport.abortConnection()

    def _sent(self, _: None) -> None:
        self._sending = None

    def _not_sent(self, failure: Failure) -> None:
        if self._sending is not None or self._answered is not None:
            self._sending = None
            self._break_off()
            self._fail(Failure(RequestGenerationFailed([failure])))


@implementer(IPushProducer)
class _Body:
    """
    The body of one response, also after the connection has gone on to the next.
    """

    __slots__ = ("_parts", "_reason", "_receiver", "connection", "paused")

    #: What Twisted's line receivers look for in a transport.
    disconnecting = False

    def __init__(self, connection: LeanConnection) -> None:
        #: The connection, while it is busy with this body.
        self.connection: LeanConnection | None = connection
        self.paused = False
        self._parts: list[bytes] = []
        self._receiver: Any = None
        self._reason: Failure | None = None

    def feed(self, data: bytes) -> None:
        """
        The next bytes.
        """
        if self._receiver is None:
            self._parts.append(data)
        else:
            self._receiver.dataReceived(data)

    def end(self, reason: Failure) -> None:
        """
        That was all, or it was cut short.
        """
        # what is read knows its reader, and the reader what it reads: such a ring would keep the body for long
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            self._reason = reason
        else:
            receiver.connectionLost(reason)

    def deliver(self, receiver: IProtocol) -> None:
        """
        Hand what there is and what comes to a receiver.
        """
        receiver.makeConnection(self)  # type: ignore[arg-type]  # a producer, as IPodAnswer says
        parts, self._parts = self._parts, []
        for data in parts:
            receiver.dataReceived(data)
        if self._reason is not None:
            receiver.connectionLost(self._reason)
        else:
            self._receiver = receiver
            self.resumeProducing()

    def settle(self) -> None:
        """
        Read no more while nobody has asked for it.
        """
        if self._receiver is None:
            self.pauseProducing()

    def pauseProducing(self) -> None:
        if self.connection is not None and not self.paused:
            self.paused = True
            self.connection.transport.pauseProducing()

    def resumeProducing(self) -> None:
        if self.connection is not None and self.paused:
            self.paused = False
            self.connection.transport.resumeProducing()

    def stopProducing(self) -> None:
        if self.connection is not None:
            self.connection._break_off()
