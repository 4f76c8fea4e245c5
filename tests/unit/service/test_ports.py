"""
Listening sockets that are opened by one process and accepted at by another.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from OpenSSL.crypto import FILETYPE_PEM
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTCP
from twisted.internet.protocol import Factory
from twisted.internet.ssl import KeyPair
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from trio2o.service.ports import InheritedPorts, ListeningSocket, opened


class _Port:
    numberAccepts = 100


@implementer(IReactorTCP)
class _Reactor:
    """
    Adopts, and remembers what.
    """

    def __init__(self) -> None:
        self.adopted: list[tuple[int, int, Any]] = []
        self.port = _Port()

    def adoptStreamPort(self, descriptor: int, family: int, factory: Any) -> _Port:
        os.fstat(descriptor)
        self.adopted.append((descriptor, family, factory))
        return self.port


class OpenedTests(SynchronousTestCase):
    """
    :func:`opened`.
    """

    def opened(self, *texts: str) -> list[socket.socket]:
        sockets: list[socket.socket] = self.successResultOf(Deferred.fromCoroutine(opened(_Reactor(), texts)))
        for each in sockets:
            self.addCleanup(each.close)
        return sockets

    def test_tcp(self) -> None:
        """
        A TCP endpoint's socket listens at its address, and nothing accepts yet.
        """
        (listening,) = self.opened("tcp:0:interface=127.0.0.1")

        with socket.create_connection(listening.getsockname(), timeout=5):
            self.assertEqual(1, listening.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        self.assertFalse(listening.getblocking())

    def test_taken(self) -> None:
        """
        Where one cannot be opened, those before it are closed and the port is named.
        """
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = taken.getsockname()[1]
        (free,) = self.opened("tcp:0:interface=127.0.0.1")
        before = free.getsockname()[1]
        free.close()

        failure = self.failureResultOf(
            Deferred.fromCoroutine(
                opened(
                    _Reactor(),
                    [f"tcp:{before}:interface=127.0.0.1", f"tcp:{port}:interface=127.0.0.1"],
                )
            ),
            CannotListenError,
        )

        self.assertIn(str(port), failure.getErrorMessage())
        socket.create_server(("127.0.0.1", before)).close()

    def test_unix(self) -> None:
        """
        A UNIX socket is refused: whichever process stops first would take it away from the others.
        """
        failure = self.failureResultOf(
            Deferred.fromCoroutine(opened(_Reactor(), [f"unix:{tempfile.gettempdir()}/nothing"])),
            CannotListenError,
        )

        self.assertIn("workers: 1", failure.getErrorMessage())


class InheritedTests(SynchronousTestCase):
    """
    :class:`InheritedPorts`.
    """

    def adopted(self, text: str) -> tuple[_Reactor, int, Any]:
        reactor = _Reactor()
        listening = socket.create_server(("127.0.0.1", 0))
        descriptor = os.dup(listening.fileno())
        listening.close()
        given = ListeningSocket(text=text, descriptor=descriptor, family=socket.AF_INET)
        factory = Factory()
        ports = InheritedPorts(reactor, {"compute": (given,)})
        port = self.successResultOf(Deferred.fromCoroutine(ports.open("compute", 0, text, factory)))
        self.assertIs(reactor.port, port)
        self.assertEqual(1, reactor.port.numberAccepts)
        # adopting makes a copy, so the one that was given would stay open for ever
        self.assertRaises(OSError, os.fstat, descriptor)
        return reactor, descriptor, factory

    def test_tcp(self) -> None:
        """
        The given socket is accepted at, whatever port the endpoint names.
        """
        reactor, descriptor, factory = self.adopted("tcp:8774")

        self.assertEqual([(descriptor, socket.AF_INET, factory)], reactor.adopted)

    def test_systemd(self) -> None:
        """
        A socket of systemd's is taken without its environment, which speaks to the supervisor alone.
        """
        reactor, descriptor, factory = self.adopted("systemd:domain=INET:name=compute")

        self.assertEqual([(descriptor, socket.AF_INET, factory)], reactor.adopted)

    def test_tls(self) -> None:
        """
        TLS is spoken by the worker, over the given socket.
        """
        pem = self.mktemp()
        certificate = KeyPair.generate(size=2048).selfSignedCert(1, commonName="localhost")
        Path(pem).write_bytes(certificate.dumpPEM() + certificate.privateKey.dump(FILETYPE_PEM))
        reactor, descriptor, factory = self.adopted(f"ssl:8774:privateKey={pem}")

        ((used, family, tls),) = reactor.adopted
        self.assertEqual((descriptor, socket.AF_INET), (used, family))
        self.assertIsInstance(tls, TLSMemoryBIOFactory)
        self.assertIs(factory, tls.wrappedFactory)
