"""
A front end in memory: a site, one client connection, and what the resource behind it was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from trio2o.web.streaming import GatewayRequest, GatewaySite


class ClientTransport(StringTransport):
    """
    The server's end of a client's connection.
    """

    def __init__(self) -> None:
        super().__init__()
        self.half_closed = False
        self.aborted = False

    def loseWriteConnection(self) -> None:
        """
        Half-close.
        """
        self.half_closed = True

    def abortConnection(self) -> None:
        self.aborted = True

    @property
    def reading(self) -> bool:
        """
        Whether the server reads.
        """
        return self.producerState == "producing"


class Collecting(Resource):
    """
    Keeps what it is asked, or answers with a function.
    """

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[GatewayRequest] = []
        self.answer: Callable[[GatewayRequest], Any] | None = None

    def render(self, request: GatewayRequest) -> Any:  # type: ignore[override]
        self.requests.append(request)
        if self.answer is None:
            return NOT_DONE_YET
        result = self.answer(request)
        return NOT_DONE_YET if result is None else result


class FrontCase(SynchronousTestCase):
    """
    One connection of a client to a site.
    """

    def setUp(self) -> None:
        self.clock = Clock()
        self.resource = Collecting()
        self.site = GatewaySite(self.resource, reactor=self.clock, idle_timeout=60.0)  # type: ignore[arg-type]
        self.channel: Any = self.site.buildProtocol(None)
        self.transport = ClientTransport()
        self.channel.makeConnection(self.transport)

    def send(self, *parts: bytes) -> None:
        """
        The client sends; each part comes on its own.
        """
        for part in parts:
            self.channel.dataReceived(part)

    def leave(self) -> None:
        """
        The client closes.
        """
        self.channel.connectionLost(Failure(ConnectionDone()))

    def get(self, line: bytes = b"GET / HTTP/1.1", *headers: bytes) -> GatewayRequest:
        """
        A request without body, as the resource sees it.
        """
        self.send(b"\r\n".join([line, b"Host: t", *headers]) + b"\r\n\r\n")
        return self.resource.requests[-1]

    def put(self, length: int, first: bytes = b"", *headers: bytes) -> GatewayRequest:
        """
        A request with a body, of which the first bytes come with the head.
        """
        lines = [b"PUT / HTTP/1.1", b"Host: t", b"Content-Length: %d" % length, *headers]
        self.send(b"\r\n".join(lines) + b"\r\n\r\n" + first)
        return self.resource.requests[-1]

    @property
    def written(self) -> bytes:
        """
        What the client has got.
        """
        return self.transport.value()
