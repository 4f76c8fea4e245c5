"""
The daemon as one service, as far as it gets without a database; the rest is the functional tests'.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock

from tests.unit.service.whole import GraphCase
from trio2o.service.gateway import Gateway

#: A database that nobody serves.
AWAY = """
database: {dsn: "host=/nonexistent dbname=trio2o user=nobody"}
"""


class AwayTests(GraphCase):
    """
    The database is away when the daemon starts.
    """

    more = AWAY

    def setUp(self) -> None:
        super().setUp()
        self.gateway = Gateway(reactor=self.reactor, config=self.config, path=self.path, process=False)

    def test_waits(self) -> None:
        """
        It is waited for, with nothing open: whoever can connect is served.
        """
        self.gateway.startService()
        for _ in range(5):
            self.reactor.advance(1)

        self.assertNoResult(self.gateway.listening)
        self.assertEqual([], self.reactor.tcpServers)
        self.assertEqual([], list(self.gateway.ports("compute")))
        self.successResultOf(self.gateway.stopService())

    def test_stopped_meanwhile(self) -> None:
        """
        Stopping breaks the wait off: nothing is left, and nothing is told as a failure.
        """
        self.gateway.startService()
        self.reactor.advance(1)

        self.successResultOf(self.gateway.stopService())

        self.assertEqual([], self.reactor.getDelayedCalls())
        self.assertEqual([], self.flushLoggedErrors())

    def test_stopped_before_it_started(self) -> None:
        """
        A daemon that never started can be stopped.
        """
        self.successResultOf(self.gateway.stopService())


class TakenPort(MemoryReactorClock):
    """
    A reactor on which one port is taken.
    """

    taken = 19990

    def listenTCP(self, port: int, factory: object, backlog: int = 50, interface: str = "") -> object:  # type: ignore[override]
        """
        See ``IReactorTCP``.
        """
        if port == self.taken:
            raise CannotListenError(interface, port, OSError("taken"))
        return super().listenTCP(port, factory, backlog, interface)  # type: ignore[arg-type]


class ListeningTests(GraphCase):
    """
    Opening the ports.
    """

    more = """
listen:
  compute: {endpoints: ["tcp:19998:interface=127.0.0.1", "tcp:20998:interface=127.0.0.1"]}
  volume: {endpoints: ["tcp:19997:interface=127.0.0.1", "tcp:19990:interface=127.0.0.1"]}
"""

    def setUp(self) -> None:
        super().setUp()
        self.taken = TakenPort()
        self.gateway = Gateway(reactor=self.taken, config=self.config, path=self.path, process=False)

    def test_every_endpoint(self) -> None:
        """
        A surface listens at each of its endpoints.
        """
        compute = self.graph.surfaces[0]

        self.successResultOf(Deferred.fromCoroutine(self.gateway._listen(compute)))

        self.assertEqual([19998, 20998], [server[0] for server in self.taken.tcpServers])
        self.assertEqual([19998, 20998], [port.getHost().port for port in self.gateway.ports("compute")])

    def test_taken(self) -> None:
        """
        When one is taken the ports that were opened before are known, so that they are closed.
        """
        volume = self.graph.surfaces[1]

        self.failureResultOf(Deferred.fromCoroutine(self.gateway._listen(volume)), CannotListenError)

        self.assertEqual([19997], [port.getHost().port for port in self.gateway.ports("volume")])
