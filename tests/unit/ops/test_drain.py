"""
Stopping without cutting anything off.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from trio2o.ops.drain import SETTLE_SECONDS, Drain, TrackedConnection, TrackingSite

REQUEST = b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n"


class Transport(StringTransport):
    """
    A client's connection, closed when it is told so.
    """

    protocol: TrackedConnection
    aborted = False

    def loseConnection(self) -> None:
        """
        Close in order.
        """
        super().loseConnection()
        self._gone()

    def abortConnection(self) -> None:
        """
        Cut.
        """
        self.aborted = True
        super().abortConnection()
        self._gone()

    def _gone(self) -> None:
        if self.connected:
            self.connected = False
            self.protocol.connectionLost(Failure(ConnectionDone()))


class SlowResource(Resource):
    """
    Answers when the test says so.
    """

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    def render_GET(self, request: Request) -> int:
        """
        Wait.
        """
        self.requests.append(request)
        return NOT_DONE_YET


@implementer(IListeningPort)
class Port:
    """
    A port that remembers that it was closed.
    """

    listening = True

    def startListening(self) -> None:
        """
        Not called here.
        """

    def stopListening(self) -> Deferred[None]:
        """
        Close.
        """
        self.listening = False
        return succeed(None)

    def getHost(self) -> None:
        """
        Not called here.
        """


class DrainTests(SynchronousTestCase):
    """
    A site with connections of every kind.
    """

    def setUp(self) -> None:
        """
        A site, its drain and a port.
        """
        self.clock = Clock()
        self.resource = SlowResource()
        self.site = TrackingSite(self.resource, reactor=self.clock)
        self.drain = Drain(self.site, self.clock)
        self.port = Port()

    def connect(self) -> Transport:
        """
        A client that has connected.
        """
        channel = self.site.buildProtocol(None)
        transport = Transport()
        transport.protocol = channel  # type: ignore[assignment]
        transport.connected = True
        channel.makeConnection(transport)
        self.addCleanup(transport.abortConnection)
        return transport

    def ask(self, transport: Transport) -> Request:
        """
        A request on a connection, counted as the web layer does.
        """
        transport.protocol.dataReceived(REQUEST)
        self.drain.enter()
        return self.resource.requests[-1]

    def answer(self, request: Request) -> None:
        """
        The answer to a request, counted as the web layer does.
        """
        request.write(b"done")
        request.finish()
        self.drain.leave()

    def stop(self, timeout: float = 30.0) -> Deferred[int]:
        """
        Begin to stop.
        """
        return Deferred.fromCoroutine(self.drain.stop([self.port], timeout))

    def test_idle(self) -> None:
        """
        With nothing under way the port and the idle connections are closed at once.
        """
        idle = self.connect()
        self.assertEqual(self.successResultOf(self.stop()), 0)
        self.assertFalse(self.port.listening)
        self.assertTrue(idle.disconnecting)
        self.assertTrue(self.drain.draining)
        self.assertEqual(self.site.connections, set())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_waits(self) -> None:
        """
        A request that runs is finished, with a word that its connection closes; idle ones do not wait for
        it.
        """
        busy, idle = self.connect(), self.connect()
        request = self.ask(busy)
        stopped = self.stop()
        self.assertFalse(self.port.listening)
        self.assertTrue(idle.disconnecting)
        self.assertFalse(busy.disconnecting)
        self.clock.advance(20)
        self.assertNoResult(stopped)
        self.answer(request)
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.successResultOf(stopped), 0)
        self.assertIn(b"connection: close", busy.value().lower())
        self.assertIn(b"done", busy.value())
        self.assertTrue(busy.disconnecting)
        self.assertFalse(busy.aborted)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_bounded(self) -> None:
        """
        A request that does not end is cut off at the timeout, and counted.
        """
        busy = self.connect()
        self.ask(busy)
        stopped = self.stop(timeout=30.0)
        self.clock.advance(29.9)
        self.assertNoResult(stopped)
        self.clock.advance(0.1)
        self.assertEqual(self.successResultOf(stopped), 1)
        self.assertTrue(busy.aborted)

    def test_no_patience(self) -> None:
        """
        A timeout of nothing cuts off at once.
        """
        busy = self.connect()
        self.ask(busy)
        self.assertEqual(self.successResultOf(self.stop(timeout=0)), 1)
        self.assertTrue(busy.aborted)

    def test_client_gone(self) -> None:
        """
        Work that goes on after its client has gone is waited for.
        """
        busy = self.connect()
        self.ask(busy)
        busy.abortConnection()
        self.assertEqual(self.site.connections, set())
        stopped = self.stop()
        self.assertNoResult(stopped)
        self.drain.leave()
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.successResultOf(stopped), 0)

    def test_one_more(self) -> None:
        """
        A request that comes while the last one's connection settles is finished too, within the same patience.
        """
        busy = self.connect()
        request = self.ask(busy)
        stopped = self.stop(timeout=30.0)
        self.clock.advance(20)
        self.answer(request)
        self.drain.enter()
        self.clock.advance(SETTLE_SECONDS)
        self.assertNoResult(stopped)
        self.clock.advance(9.9)
        self.assertNoResult(stopped)
        self.drain.leave()
        self.clock.advance(SETTLE_SECONDS)
        self.assertEqual(self.successResultOf(stopped), 0)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_more_that_does_not_end(self) -> None:
        """
        Patience is not longer for it.
        """
        self.drain.enter()
        stopped = self.stop(timeout=30.0)
        self.clock.advance(29.99)
        self.drain.leave()
        self.drain.enter()
        self.clock.advance(0.01)
        self.assertEqual(self.successResultOf(stopped), 1)

    def test_ended_before(self) -> None:
        """
        Requests that are over before the stop leave no trace.
        """
        first = self.connect()
        self.answer(self.ask(first))
        self.assertEqual(self.drain.count, 0)
        self.assertFalse(first.disconnecting)
        self.assertEqual(self.successResultOf(self.stop()), 0)
        self.assertTrue(first.disconnecting)

    def test_one_protocol(self) -> None:
        """
        TLS offers HTTP/1.1 alone.
        """
        self.assertEqual(self.site.acceptableProtocols(), [b"http/1.1"])
