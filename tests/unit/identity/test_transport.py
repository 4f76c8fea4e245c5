"""
Answers of bounded size.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone, ResponseFailed
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import UNKNOWN_LENGTH

from trio2o.identity.transport import AnswerTooLarge, read_body


class Response:
    """
    An answer whose body a test delivers.
    """

    def __init__(self, length: Any = UNKNOWN_LENGTH) -> None:
        self.length = length
        self.transport = StringTransport()
        self.receiver = Protocol()

    def deliverBody(self, receiver: Protocol) -> None:
        """
        Connect the receiver.
        """
        self.receiver = receiver
        receiver.makeConnection(self.transport)


class ReadBodyTests(SynchronousTestCase):
    """
    Reading a body up to a limit.
    """

    def test_whole(self) -> None:
        """
        A body as long as the limit is read, in however many pieces.
        """
        response = Response()
        body = read_body(response, 6)
        for piece in (b"ab", b"cd", b"ef"):
            response.receiver.dataReceived(piece)
        self.assertNoResult(body)
        response.receiver.connectionLost(Failure(ResponseDone()))
        self.assertEqual(self.successResultOf(body), b"abcdef")
        self.assertFalse(response.transport.disconnecting)

    def test_until_close(self) -> None:
        """
        A body without a length that ends with the connection is whole.
        """
        response = Response()
        body = read_body(response, 6)
        response.receiver.dataReceived(b"ab")
        response.receiver.connectionLost(Failure(PotentialDataLoss()))
        self.assertEqual(self.successResultOf(body), b"ab")

    def test_too_large(self) -> None:
        """
        With the first byte beyond the limit the connection is dropped and what still comes is nothing.
        """
        response = Response()
        body = read_body(response, 3)
        response.receiver.dataReceived(b"abcd")
        self.failureResultOf(body, AnswerTooLarge)
        self.assertTrue(response.transport.disconnecting)
        response.receiver.dataReceived(b"efgh")
        response.receiver.connectionLost(Failure(ResponseDone()))

    def test_announced_too_large(self) -> None:
        """
        A length beyond the limit is enough.
        """
        response = Response(length=4)
        self.failureResultOf(read_body(response, 3), AnswerTooLarge)
        self.assertTrue(response.transport.disconnecting)

    def test_cut_short(self) -> None:
        """
        A body that breaks off is none.
        """
        response = Response()
        body = read_body(response, 9)
        response.receiver.dataReceived(b"ab")
        response.receiver.connectionLost(Failure(ResponseFailed([Failure(ConnectionLost())])))
        self.failureResultOf(body, ResponseFailed)

    def test_cancelled(self) -> None:
        """
        Who gives up drops the connection.
        """
        response = Response()
        body = read_body(response, 9)
        body.cancel()
        self.failureResultOf(body, CancelledError)
        self.assertTrue(response.transport.disconnecting)
        response.receiver.connectionLost(Failure(ResponseDone()))
