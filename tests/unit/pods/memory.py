"""
A network in memory, whose time only the test moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from trio2o.model import Pod, PodSettings
from trio2o.pods.client import PodDefaults, TreqPods
from trio2o.pods.connection import PodConnection


class MemoryTransport(StringTransport):
    """
    A transport that tells its protocol of its end in the next turn, as a real one does.
    """

    def __init__(self, reactor: MemoryReactorClock) -> None:
        super().__init__()
        self._reactor = reactor
        self.protocol: Any = None
        self.ended = False

    def abortConnection(self) -> None:
        self._end(ConnectionAborted())

    def loseConnection(self) -> None:
        self.disconnecting = True
        self._end(ConnectionDone())

    def break_off(self) -> None:
        """
        The other side closes.
        """
        self._end(ConnectionDone())

    def _end(self, reason: Exception) -> None:
        if not self.ended:
            self.ended = True
            self._reactor.callLater(0, self._tell, reason)

    def _tell(self, reason: Exception) -> None:
        # As twisted.internet.abstract does it: the producer learns first.
        if self.producer is not None:
            producer, self.producer = self.producer, None
            producer.stopProducing()
        self.protocol.connectionLost(Failure(reason))


class Network(MemoryReactorClock):
    """
    A reactor whose outgoing connections the test makes.
    """

    def accept(self, number: int = -1) -> MemoryTransport:
        """
        Let a connection attempt succeed.
        """
        factory = self.tcpClients[number][2]
        protocol = factory.buildProtocol(None)
        transport = MemoryTransport(self)
        transport.protocol = protocol
        protocol.makeConnection(transport)
        return transport

    def refuse(self, reason: Exception, number: int = -1) -> None:
        """
        Let a connection attempt fail.
        """
        self.tcpClients[number][2].clientConnectionFailed(None, Failure(reason))


class MemoryCatalog:
    """
    A catalog that the test writes.
    """

    def __init__(self) -> None:
        self.urls: dict[tuple[str, str], str] = {}

    def endpoint(self, region: str, service: str) -> str | None:
        """
        See ``ICatalog``.
        """
        return self.urls.get((region, service))

    def regions(self) -> Sequence[str]:
        """
        See ``ICatalog``.
        """
        return sorted({region for region, _ in self.urls})

    async def refresh(self) -> None:
        """
        See ``ICatalog``.
        """


def a_pod(**settings: Any) -> Pod:
    """
    A pod with an address of its own for compute.
    """
    settings.setdefault("endpoints", {"compute": "http://192.0.2.1:8774/v2.1"})
    return Pod(id="p1", name="Pod1", az_name="az1", settings=PodSettings(**settings))


def some_pods(
    network: Network,
    catalog: MemoryCatalog | None = None,
    *,
    connection: Any = PodConnection,
    **defaults: Any,
) -> TreqPods:
    """
    The client under test.
    """
    return TreqPods(
        reactor=network,
        catalog=catalog or MemoryCatalog(),
        defaults=PodDefaults(**defaults),
        connection=connection,
    )


def ok(body: bytes = b"", *headers: bytes) -> bytes:
    """
    An ordinary answer.
    """
    return (
        b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body)]) + b"\r\n\r\n" + body
    )
