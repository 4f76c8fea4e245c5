"""
One persistent connection to a pod: Twisted's HTTP/1.1 client protocol, made fit for a proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener
from twisted.python.failure import Failure
from twisted.web._newclient import HTTP11ClientProtocol, ParseError, RequestTransmissionFailed, Response
from twisted.web.http import _IdentityTransferDecoder
from twisted.web.iweb import UNKNOWN_LENGTH
from zope.interface import implementer

from trio2o.pods.heads import MAX_HEAD
from trio2o.pods.request import PodRequest
from trio2o.pods.response import PodResponse


@implementer(IHandshakeListener)
class PodConnection(HTTP11ClientProtocol):
    """
    Differs from its base in what a proxy needs:

    - an answer that comes before the request's body is through is given at once;
    - a short answer is given with its body, so that its reader needs no producer;
    - the connection is not used again after HTTP/1.0, any spelling of ``Connection: close``, or bytes that nobody asked
      for; the head of an answer is bounded;
    - a connection counts as made only when TLS is up, so that what fails before was surely not sent (I13).

    Overrides private names of :mod:`twisted.web._newclient`; ``tests/unit/pods/test_connection.py`` pins them.
    """

    transport: Any
    _responseDeferred: Any

    def __init__(self, idle: Callable[[PodConnection], None], *, secure: bool) -> None:
        super().__init__(idle)
        self._secure = secure
        #: Fires when a request may be sent; fails when the connection ends before.
        self.established: Deferred[PodConnection] = Deferred(lambda _: self.transport.abortConnection())
        #: Grows with each response that was received whole.
        self._turn = 0
        self._turn_of_answer = 0
        self._spoiled = False
        self._receiving = False
        self._head_size = 0
        self._sending: PodRequest | None = None
        self._answered: Deferred[PodResponse] | None = None
        self._head_seen = False
        self._held: PodResponse | None = None

    @property
    def usable(self) -> bool:
        """
        True when a request may be sent now.
        """
        return self._state == "QUIESCENT" and not self._spoiled

    def request(self, request: PodRequest) -> Deferred[PodResponse]:  # type: ignore[override]  # what pools ask for
        """
        Send a request; the response's head comes as soon as it is there. Cancelling drops the connection.
        """
        answered: Deferred[PodResponse] = Deferred(lambda _: self.transport.abortConnection())
        self._answered = answered
        self._sending = request
        self._head_seen = False
        self._head_size = 0
        self._turn_of_answer = self._turn
        finished = super().request(request)
        finished.addCallbacks(self._head_came, self._fail)
        if self._state == "TRANSMITTING":
            self._responseDeferred.addCallbacks(self._head_came_early, self._failed_early)
        return answered

    def close(self) -> None:
        """
        End the connection; for one that is idle.
        """
        self._spoiled = True
        self.transport.loseConnection()

    def connectionMade(self) -> None:
        super().connectionMade()
        if not self._secure:
            self.established.callback(self)

    def handshakeCompleted(self) -> None:
        self.established.callback(self)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        if not self.established.called:
            self.established.errback(reason)
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        if self._parser is None:
            self._spoiled = True
            self.transport.abortConnection()
            return
        self._receiving = True
        super().dataReceived(data)
        self._receiving = False
        if self._held is not None:
            self._give_head()
        elif not self._head_seen:
            self._head_size += len(data)
            if self._head_size > MAX_HEAD:
                self._giveUp(Failure(ParseError("the head of the answer is too long", b"")))

    def _head_came(self, response: Response | None) -> None:
        if response is None or self._head_seen:
            return
        self._head_seen = True
        assert self._answered is not None
        if not 200 <= response.code <= 999:
            self._fail(Failure(ParseError("no status of a final answer", b"%d" % response.code)))
            self.transport.abortConnection()
            return
        length: Any = response.length
        self._held = PodResponse(
            version=response.version,
            code=response.code,
            phrase=response.phrase,
            fields=[
                (name.lower(), value)
                for name, values in response.headers.getAllRawHeaders()
                for value in values
            ],
            length=None if length is UNKNOWN_LENGTH else length,
            complete=False,
            deliver=response.deliverBody,
            drop=partial(self._drop, self._turn_of_answer),
            request=response.request,
        )
        if not self._receiving:
            self._give_head()

    def _head_came_early(self, response: Response) -> Response:
        self._head_came(response)
        return response

    def _failed_early(self, failure: Failure) -> None:
        self._fail(failure)

    def _give_head(self) -> None:
        response, answered = self._held, self._answered
        self._held = None
        assert response is not None
        assert answered is not None
        response.complete = self._turn != self._turn_of_answer
        if answered.called:
            response.drop()
        else:
            answered.callback(response)

    def _fail(self, failure: Failure) -> None:
        self._head_seen = True
        if self._answered is not None and not self._answered.called:
            self._answered.errback(failure)

    def _drop(self, turn: int) -> None:
        if turn == self._turn:
            self.transport.abortConnection()

    def _finishResponse(self, rest: bytes) -> None:
        if self._state == "CONNECTION_LOST":
            # A body that ends with the connection, which ended before the request's body was through.
            self._turn += 1
            return
        uploading = self._state == "TRANSMITTING"
        if self._currentRequest is not None and (rest or not self._persists()):
            self._currentRequest.persistent = False
        self._turn += 1
        super()._finishResponse(rest)
        if uploading:
            assert self._sending is not None
            self._sending.stopWriting()
            self.transport.unregisterProducer()
            self.transport.abortConnection()

    def _persists(self) -> bool:
        """
        True when the pod keeps the connection open after this response (RFC 9112 section 9.3).
        """
        parser: Any = self._parser
        if parser is None or parser.response.version != (b"HTTP", 1, 1):
            return False
        for value in parser.connHeaders.getRawHeaders(b"connection", ()):
            if b"close" in (token.strip().lower() for token in value.split(b",")):
                return False
        return True

    def _disconnectParser(self, reason: Failure) -> None:
        decoder: Any = None if self._parser is None else self._parser.bodyDecoder
        endless = isinstance(decoder, _IdentityTransferDecoder) and decoder.contentLength is None
        if endless and not reason.check(ConnectionDone):
            # A body without length that a reset ends is not whole; an open length makes Twisted see it so.
            decoder.contentLength = 1
        super()._disconnectParser(reason)

    def _connectionLost_TRANSMITTING(self, reason: Failure) -> None:
        # The base would leave a body that began early without an end.
        self._state = "CONNECTION_LOST"
        self._fail(Failure(RequestTransmissionFailed([reason])))
        self._disconnectParser(reason)
        if self._sending is not None:
            self._sending.stopWriting()
