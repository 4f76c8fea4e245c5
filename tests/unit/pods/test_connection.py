"""
The connection, and what it rests on in Twisted.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web import _newclient
from twisted.web.iweb import UNKNOWN_LENGTH

from tests.unit.pods.memory import MemoryTransport, Network
from tests.unit.pods.test_client import Body, Receiver
from trio2o.pods.connection import PodConnection
from trio2o.pods.lean import LeanConnection
from trio2o.pods.request import PodRequest
from trio2o.pods.response import PodResponse

_HEAD = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\n"

#: Answers, their bodies, and whether the connection can be used again.
ANSWERS = {
    "length": (_HEAD + b"Content-Length: 11\r\n\r\nhello world", b"hello world", True),
    "empty": (_HEAD + b"Content-Length: 0\r\n\r\n", b"", True),
    "chunked": (
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n",
        b"hello world",
        True,
    ),
    "interim": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n"
        + _HEAD
        + b"Content-Length: 2\r\n\r\nok",
        b"ok",
        True,
    ),
    "close": (_HEAD + b"Connection: Close\r\nContent-Length: 2\r\n\r\nok", b"ok", False),
    "until close": (_HEAD + b"\r\nhello world", b"hello world", False),
}


class TwistedTests(SynchronousTestCase):
    """
    Private names of ``twisted.web._newclient`` that are overridden or read. When one of these fails after an update of
    Twisted, look at ``trio2o/pods/connection.py`` and ``request.py`` before anything else.
    """

    def test_protocol(self) -> None:
        """
        The states, and the methods that are called in them.
        """
        protocol = _newclient.HTTP11ClientProtocol()

        self.assertEqual(protocol._state, "QUIESCENT")
        for name in (
            "_finishResponse",
            "_finishResponse_WAITING",
            "_finishResponse_TRANSMITTING",
            "_connectionLost_TRANSMITTING",
            "_disconnectParser",
            "_giveUp",
        ):
            self.assertTrue(callable(getattr(protocol, name)), name)
        for name in ("_parser", "_responseDeferred", "_currentRequest"):
            self.assertTrue(hasattr(protocol, name), name)

    def test_request(self) -> None:
        """
        The hook by which a request's head is written.
        """
        self.assertTrue(callable(_newclient.Request._writeHeaders))
        self.assertTrue(callable(_newclient.Request.stopWriting))

    def test_parser(self) -> None:
        """
        Where the fields that concern the connection are kept.
        """
        parser = _newclient.HTTPClientParser(PodRequest(b"GET", b"/", b"h", [], None), lambda rest: None)
        parser.makeConnection(MemoryTransport(Network()))
        parser.dataReceived(b"HTTP/1.1 200 OK\r\nConnection: x\r\n")
        parser.dataReceived(b"X: y\r\n")

        self.assertEqual(parser.connHeaders.getRawHeaders(b"connection"), [b"x"])
        self.assertEqual(parser.response.version, (b"HTTP", 1, 1))


class ConnectionCase(SynchronousTestCase):
    """
    One connection.
    """

    protocol: Any = PodConnection

    def setUp(self) -> None:
        self.network = Network()
        self.idle: list[Any] = []
        self.connection = self.protocol(self.idle.append, secure=False)
        self.transport = MemoryTransport(self.network)
        self.transport.protocol = self.connection
        self.connection.makeConnection(self.transport)

    def request(self, method: bytes = b"GET", body: bytes | Body | None = None) -> Deferred[PodResponse]:
        """
        Send a request.
        """
        return self.connection.request(PodRequest(method, b"/", b"h", [], body))

    def comes(self, data: bytes) -> None:
        """
        The pod sends.
        """
        self.connection.dataReceived(data)


class ResponseTests(ConnectionCase):
    """
    Responses.
    """

    def test_short(self) -> None:
        """
        A response that comes in one piece is given whole, and the connection is idle before it is given.
        """
        answered = self.request()
        self.comes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        response = self.successResultOf(answered)
        self.assertTrue(response.complete)
        self.assertEqual(self.idle, [self.connection])
        self.assertTrue(self.connection.usable)
        receiver = Receiver()
        response.deliverBody(receiver)
        self.assertEqual(receiver.data, b"ok")

    def test_long(self) -> None:
        """
        One that does not is given when its head is there.
        """
        answered = self.request()
        self.comes(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok")

        self.assertFalse(self.successResultOf(answered).complete)
        self.assertEqual(self.idle, [])

    def test_several_turns(self) -> None:
        """
        Dropping a response touches the connection only while it is that response's.
        """
        first = self.request()
        self.comes(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        second = self.request()
        self.comes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")

        self.successResultOf(first).drop()
        self.assertFalse(self.transport.ended)
        self.successResultOf(second).drop()
        self.assertTrue(self.transport.ended)

    def test_unread(self) -> None:
        """
        While nobody asks for a body, no more of it is read.
        """
        answered = self.request()
        self.comes(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok")
        self.assertEqual(self.transport.producerState, "paused")

        self.successResultOf(answered).deliverBody(Receiver())

        self.assertEqual(self.transport.producerState, "producing")

    def test_chunked_length(self) -> None:
        """
        The length of a chunked response is not known.
        """
        answered = self.request()
        self.comes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

        self.assertIs(self.successResultOf(answered).length, UNKNOWN_LENGTH)


class PieceTests(ConnectionCase):
    """
    Answers that come in pieces, over both protocols.
    """

    @given(
        st.sampled_from([PodConnection, LeanConnection]),
        st.sampled_from(sorted(ANSWERS)),
        st.lists(st.integers(0, 120), max_size=12),
    )
    def test_pieces(self, protocol: Any, name: str, cuts: list[int]) -> None:
        """
        However an answer is cut into pieces, it is the same answer, and the connection is used again or not alike.
        """
        self.protocol = protocol
        self.setUp()
        data, body, again = ANSWERS[name]
        answered = self.request()
        receiver = Receiver()
        answered.addCallback(lambda response: (response.deliverBody(receiver), response)[1])
        places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})

        for start, end in pairwise(places):
            self.comes(data[start:end])
        if not again:
            self.transport.break_off()
        self.network.advance(0)

        response = self.successResultOf(answered)
        self.assertEqual((response.code, receiver.data), (200, body))
        self.assertEqual([value for key, value in response.fields if key == b"x-a"], [b"1", b"2"])
        assert receiver.reason is not None
        receiver.reason.trap(_newclient.ResponseDone, _newclient.PotentialDataLoss)
        self.assertEqual(self.connection.usable, again)


class EarlyTests(ConnectionCase):
    """
    Responses that come before the request is through.
    """

    def setUp(self) -> None:
        super().setUp()
        self.body = Body()
        self.answered = self.request(b"PUT", self.body)
        self.body.write(b"x")

    def test_head(self) -> None:
        """
        The head is given at once; the upload goes on, and so does the response when it is through.
        """
        self.comes(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok")
        response = self.successResultOf(self.answered)
        receiver = Receiver()
        response.deliverBody(receiver)

        self.body.write(b"y")
        self.body.done.callback(None)
        self.comes(b"ok")

        self.assertTrue(self.transport.value().endswith(b"1\r\nx\r\n1\r\ny\r\n0\r\n\r\n"))
        self.assertEqual(receiver.data, b"okok")
        self.assertEqual(self.idle, [self.connection])

    def test_whole(self) -> None:
        """
        When the response is through first, the upload is stopped and the connection ended.
        """
        self.comes(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")

        self.assertTrue(self.successResultOf(self.answered).complete)
        self.assertTrue(self.body.stopped)
        self.assertTrue(self.transport.ended)
        self.network.advance(0)
        self.assertEqual(self.idle, [])

    def test_without_body(self) -> None:
        """
        So it is with a response that has no body.
        """
        self.comes(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")

        self.successResultOf(self.answered)
        self.assertTrue(self.transport.ended)

    def test_cut(self) -> None:
        """
        A connection that ends in such a response's body ends the body, and the upload.
        """
        self.comes(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nno")
        receiver = Receiver()
        self.successResultOf(self.answered).deliverBody(receiver)

        self.transport.break_off()
        self.network.advance(0)

        assert receiver.reason is not None
        receiver.reason.trap(_newclient.ResponseFailed)
        self.assertTrue(self.body.stopped)

    def test_until_close(self) -> None:
        """
        One that the connection's end ends came whole.
        """
        self.comes(b"HTTP/1.1 413 Too Large\r\n\r\nno")
        receiver = Receiver()
        self.successResultOf(self.answered).deliverBody(receiver)

        self.transport.break_off()
        self.network.advance(0)

        self.assertEqual(receiver.data, b"no")
        assert receiver.reason is not None
        receiver.reason.trap(_newclient.PotentialDataLoss)

    def test_malformed(self) -> None:
        """
        One that is no HTTP fails the request and ends the connection.
        """
        self.comes(b"nonsense\r\n\r\n")

        self.failureResultOf(self.answered)
        self.network.advance(0)
        self.assertTrue(self.transport.ended)
        self.assertFalse(self.connection.usable)


class SecureTests(SynchronousTestCase):
    """
    Connections with TLS.
    """

    protocol: Any = PodConnection

    def setUp(self) -> None:
        self.connection = self.protocol(lambda _: None, secure=True)
        self.network = Network()
        self.transport = MemoryTransport(self.network)
        self.transport.protocol = self.connection
        self.connection.makeConnection(self.transport)

    def test_handshake(self) -> None:
        """
        The connection counts as made when the handshake is done.
        """
        self.assertNoResult(self.connection.established)

        self.connection.handshakeCompleted()

        self.assertIs(self.successResultOf(self.connection.established), self.connection)

    def test_no_handshake(self) -> None:
        """
        One that ends before never was made.
        """
        self.transport.break_off()
        self.network.advance(0)

        self.failureResultOf(self.connection.established)


class LeanResponseTests(ResponseTests):
    """
    The same of the lean connection.
    """

    protocol = LeanConnection


class LeanEarlyTests(EarlyTests):
    """
    The same of the lean connection.
    """

    protocol = LeanConnection


class LeanSecureTests(SecureTests):
    """
    The same of the lean connection.
    """

    protocol = LeanConnection
