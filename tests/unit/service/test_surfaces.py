"""
Surfaces: sites that know their connections, counted and drained.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from tests.unit.service.whole import GraphCase
from tests.unit.web.front import ClientTransport
from trio2o.service.surfaces import Counter, ServedSurface


class SiteTests(GraphCase):
    """
    The site of each surface.
    """

    def connected(self, served: ServedSurface) -> tuple[Any, ClientTransport]:
        """
        A client's connection.
        """
        channel: Any = served.site.buildProtocol(None)
        transport = ClientTransport()
        channel.makeConnection(transport)
        return channel, transport

    def test_connections(self) -> None:
        """
        A site knows the connections that are open.
        """
        for served in self.graph.surfaces:
            channel, _ = self.connected(served)
            with self.subTest(surface=served.name):
                self.assertEqual({channel}, served.site.connections)
                channel.connectionLost(Failure(ConnectionDone()))
                self.assertEqual(set(), served.site.connections)

    def test_health(self) -> None:
        """
        Every surface tells its health without a token.
        """
        for served in self.graph.surfaces:
            channel, transport = self.connected(served)
            channel.dataReceived(b"GET /healthcheck HTTP/1.1\r\nHost: t\r\n\r\n")
            with self.subTest(surface=served.name):
                self.assertTrue(transport.value().startswith(b"HTTP/1.1 "), transport.value())
                self.assertEqual(0, served.drain.count)

    def test_counted(self) -> None:
        """
        A request that waits is counted, and not any more when its client has left.
        """
        served = self.graph.surfaces[0]
        channel, transport = self.connected(served)
        channel.dataReceived(b"GET /v2.1/servers HTTP/1.1\r\nHost: t\r\nX-Auth-Token: unknown\r\n\r\n")
        self.assertEqual((1, b""), (served.drain.count, transport.value()))

        channel.connectionLost(Failure(ConnectionDone()))

        self.assertEqual(0, served.drain.count)

    def test_surfaces_do_not_share_requests(self) -> None:
        """
        A request at one surface keeps no other one from stopping.
        """
        channel, _ = self.connected(self.graph.surfaces[0])
        channel.dataReceived(b"GET /v2.1/servers HTTP/1.1\r\nHost: t\r\nX-Auth-Token: unknown\r\n\r\n")

        self.assertEqual([1, 0, 0], [served.drain.count for served in self.graph.surfaces])
        channel.connectionLost(Failure(ConnectionDone()))

    def test_draining(self) -> None:
        """
        While a surface stops its health is 503, so that a balancer goes elsewhere.
        """
        served = self.graph.surfaces[0]
        waiting, _ = self.connected(served)
        waiting.dataReceived(b"GET /v2.1/servers HTTP/1.1\r\nHost: t\r\nX-Auth-Token: unknown\r\n\r\n")
        stopping = Deferred.fromCoroutine(served.drain.stop([], 10.0))
        channel, transport = self.connected(served)

        channel.dataReceived(b"GET /healthcheck HTTP/1.1\r\nHost: t\r\n\r\n")

        self.assertTrue(transport.value().startswith(b"HTTP/1.1 503 "), transport.value())
        waiting.connectionLost(Failure(ConnectionDone()))
        self.reactor.advance(1)
        self.assertEqual(0, self.successResultOf(stopping))


class CounterTests(GraphCase):
    """
    `Counter`.
    """

    def test_without_drain(self) -> None:
        """
        Before its site is made nothing is counted, and nothing drains.
        """
        counter = Counter()
        counter.began()
        counter.ended()

        self.assertFalse(counter.draining)

    def test_counts(self) -> None:
        """
        With it the drain is told of each beginning and end.
        """
        counter = Counter()
        drain = counter.drain = self.graph.surfaces[0].drain
        counter.began()
        counter.began()
        counter.ended()

        self.assertEqual((1, False), (drain.count, counter.draining))
