"""
One connection of a client to the front end.

``twisted.web`` reads a whole body before it lets a request be answered. The channel here changes that by overriding
private names of Twisted's; ``tests/unit/web/test_streaming.py`` pins each of them and says what rests on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from twisted.web.http import RESPONSES, HTTPChannel
from twisted.web.server import Request

from trio2o.web.body import RequestBody

if TYPE_CHECKING:
    from trio2o.web.streaming import GatewayRequest

#: Seconds for which what a client still sends is read and dropped after an early answer, so that it gets to read it.
LINGER = 2.0


class GatewayChannel(HTTPChannel):
    """
    One client connection. Requests are answered one after another, in their order; what is pipelined waits.

    A request is begun after the bytes that brought its head were read to their end, so that a short body is there
    already. When it is answered before its body is through, the connection is closed, not without reading on for a
    moment: else the client's kernel would throw the answer away.
    """

    totalHeadersSize = 65_536
    MAX_LENGTH = 32_768
    maxHeaders = 200

    transport: Any
    site: Any
    callLater: Any
    requests: list[Any]
    timeOut: Any
    _networkProducer: Any

    #: The request whose head is there and that was not begun yet, and its request line.
    _beginning: tuple[GatewayRequest, bytes, bytes, bytes] | None = None
    #: The body that is being received.
    _incoming: RequestBody | None = None
    _body_paused = False
    #: The timeout that waits while a body is paused.
    _resting: float | None = None
    _in_head = False
    _in_data = False
    _lingering: IDelayedCall | None = None
    _peer: IAddress
    _host: IAddress

    def __init__(self) -> None:
        super().__init__()
        self._later: list[bytes] = []

    def connectionMade(self) -> None:
        super().connectionMade()
        # Each request asks for both; asking the kernel each time costs more than the rest of its beginning.
        self._peer, self._host = self.transport.getPeer(), self.transport.getHost()

    def getPeer(self) -> IAddress:
        return self._peer

    def getHost(self) -> IAddress:
        return self._host

    def dataReceived(self, data: bytes) -> None:
        if self._in_data:
            # What was pipelined comes back when a request is done: a loop, so that many are no deep recursion.
            self._later.append(data)
            return
        self._in_data = True
        try:
            while self._lingering is None:
                self._received(data)
                if not self._later:
                    break
                data = b"".join(self._later)
                self._later.clear()
        finally:
            self._in_data = False

    def _received(self, data: bytes) -> None:
        if self._incoming is not None:
            self.resetTimeout()
        elif not self._in_head and not self._handlingRequest:
            # Once for each head: it has to come within the timeout, however slowly its bytes drip.
            self._in_head = True
            self.resetTimeout()
        LineReceiver.dataReceived(self, data)
        if self._beginning is not None:
            (request, *line), self._beginning = self._beginning, None
            request.head_came(*line)
        if self._incoming is not None:
            self._incoming.settle()

    def allHeadersReceived(self) -> None:
        request: GatewayRequest = self.requests[-1]
        self._in_head = False
        self.persistent = self.checkPersistence(request, self._version)
        if self.length == 0:
            return
        expected = request.requestHeaders.getRawHeaders(b"Expect", [b""])[-1].lower()
        continues = expected == b"100-continue" and self._version == b"HTTP/1.1"
        body = RequestBody(self, self.length, continues=continues)
        request.body_begins(body)
        self._incoming = body
        self._beginning = (request, self._command, self._path, self._version)

    def allContentReceived(self) -> None:
        self._incoming = None
        if self._body_paused:
            self._body_paused = False
            self.timeOut = self._resting
        super().allContentReceived()

    def checkPersistence(self, request: Request, version: bytes) -> bool:
        if version != b"HTTP/1.1":
            return False
        values = request.requestHeaders.getRawHeaders(b"Connection", ())
        return not any(token.strip().lower() == b"close" for value in values for token in value.split(b","))

    def answer_closes(self) -> bool:
        """
        Settle, as the head of an answer is written, whether the connection ends with it.
        """
        if self._incoming is not None:
            self.persistent = False
        return not self.persistent

    def requestDone(self, request: Request) -> None:
        if self._incoming is None:
            super().requestDone(request)
            return
        self.requests.remove(request)
        self._linger()

    def pause_body(self) -> None:
        """
        Stop reading a body; the client is not to blame for the time that passes.
        """
        self._body_paused = True
        self._resting = self.setTimeout(None)
        self._networkProducer.pauseProducing()

    def resume_body(self) -> None:
        """
        Read a body on.
        """
        self._body_paused = False
        self.setTimeout(self._resting)
        if not self._waitingForTransport:
            self._networkProducer.resumeProducing()

    def send_continue(self) -> None:
        """
        Ask a client that waits for it to send the body.
        """
        if not self.requests[-1].startedWriting:
            self._send100Continue()

    def resumeProducing(self) -> None:
        super().resumeProducing()
        if self._body_paused:
            self._networkProducer.pauseProducing()

    def lineLengthExceeded(self, line: bytes) -> None:
        self._refuse(431 if self.requests else 414)

    def timeoutConnection(self) -> None:
        if self._in_head or self._incoming is not None:
            self._refuse(408)
        else:
            self._networkProducer.unregisterProducer()
            self._give_up()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None
        super().connectionLost(reason)

    def _respondToBadRequestAndDisconnect(self) -> None:
        large = (
            self._receivedHeaderSize > self.totalHeadersSize or self._receivedHeaderCount > self.maxHeaders
        )
        self._refuse(431 if large else 400)

    def _refuse(self, status: int) -> None:
        """
        Answer what is no request, and close; where an answer is under way already, only close.
        """
        begun: GatewayRequest | None = self.requests[-1] if self._incoming is not None else None
        if begun is not None and begun.startedWriting:
            self.transport.abortConnection()
            return
        if begun is not None:
            self.requests.remove(begun)
            begun.connectionLost(Failure(ConnectionAborted()))
        self._beginning = None
        self.clearLineBuffer()
        self.transport.write(
            b"HTTP/1.1 %d %b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            % (status, RESPONSES.get(status, b"Refused"))
        )
        self._linger()

    def _linger(self) -> None:
        self.persistent = False
        body, self._incoming = self._incoming, None
        if body is not None:
            body.drop()
        self._body_paused = False
        self.setTimeout(None)
        self._networkProducer.unregisterProducer()
        if not self.isSecure():
            self.transport.loseWriteConnection()
        self.transport.resumeProducing()
        self._lingering = self.callLater(LINGER, self._lingered)

    def _lingered(self) -> None:
        self._lingering = None
        self._give_up()

    def _give_up(self) -> None:
        """
        Close when everything is written, or when that takes too long.
        """
        self.persistent = False
        self._abortingCall = self.callLater(self.abortTimeout, self.forceAbortClient)
        self.transport.loseConnection()
