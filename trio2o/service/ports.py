"""
Where the listening sockets of a process come from: opened by itself, or inherited from its supervisor.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from attrs import frozen
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.protocols.tls import TLSMemoryBIOFactory


class Ports(Protocol):
    """
    Opens what a surface listens at.
    """

    async def open(self, surface: str, place: int, text: str, site: IProtocolFactory) -> IListeningPort:
        """
        Open the surface's endpoint at this place of its list.

        :raises CannotListenError: if it cannot be listened at.
        """


@frozen
class OwnPorts:
    """
    Opened by this process.
    """

    _reactor: Any

    async def open(self, surface: str, place: int, text: str, site: IProtocolFactory) -> IListeningPort:
        port: IListeningPort = await serverFromString(self._reactor, text).listen(site)
        return port


@frozen(kw_only=True)
class ListeningSocket:
    """
    A socket that listens, and the endpoint string that it is of.
    """

    text: str
    descriptor: int
    family: int


@frozen
class InheritedPorts:
    """
    Sockets that the supervisor opened: all workers accept from the same ones, so none is lost with a worker.
    """

    _reactor: Any
    #: Surface to its sockets, in the order of its endpoints.
    _sockets: Mapping[str, Sequence[ListeningSocket]]

    async def open(self, surface: str, place: int, text: str, site: IProtocolFactory) -> IListeningPort:
        given = self._sockets[surface][place]
        adopting: Any = _Adopting(self._reactor, given)
        if given.text.startswith("systemd:"):
            # its parser looks for what systemd gave to this very process
            port: IListeningPort = adopting.listenTCP(0, site)
        else:
            port = await serverFromString(adopting, given.text).listen(site)
        os.close(given.descriptor)
        # one at a time: a worker that takes all that wait lets the others idle
        port.numberAccepts = 1  # type: ignore[attr-defined]
        return port


class _Adopting:
    """
    A reactor whose next port is the given socket, whatever an endpoint would have it open.
    """

    def __init__(self, reactor: Any, given: ListeningSocket) -> None:
        self._reactor = reactor
        self._given = given

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:
        return self._reactor.adoptStreamPort(self._given.descriptor, self._given.family, factory)

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> Any:
        return self.listenTCP(port, TLSMemoryBIOFactory(contextFactory, False, factory))


async def opened(reactor: Any, texts: Sequence[str]) -> list[socket.socket]:
    """
    Listening sockets for endpoint strings, not accepting yet. Whoever asks closes them.

    :raises CannotListenError: if one cannot be listened at, or is of a kind that processes cannot share; those before it are
        closed.
    """
    sockets: list[socket.socket] = []
    try:
        for text in texts:
            opening: Any = _Opening(reactor)
            await serverFromString(opening, text).listen(_NOBODY)
            sockets.append(opening.opened())
    except BaseException:
        for each in sockets:
            each.close()
        raise
    return sockets


class _Opening:
    """
    A reactor that opens sockets for endpoints and accepts nothing.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._socket: socket.socket | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def opened(self) -> socket.socket:
        """
        What the endpoint opened.
        """
        assert self._socket is not None
        return self._socket

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> None:
        family = socket.AF_INET6 if ":" in interface else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            made.bind((interface, port))
            made.listen(backlog)
        except OSError as problem:
            made.close()
            raise CannotListenError(interface, port, problem) from problem
        made.setblocking(False)
        self._socket = made

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> None:
        self.listenTCP(port, factory, backlog, interface)

    def adoptStreamPort(self, descriptor: int, family: int, factory: Any) -> None:
        self._socket = socket.fromfd(descriptor, family, socket.SOCK_STREAM)
        self._socket.setblocking(False)

    def listenUNIX(self, address: Any, factory: Any, **options: Any) -> None:
        # Twisted removes the file when any of the processes that share it stops
        raise CannotListenError(
            None, address, OSError("several workers cannot share a UNIX socket; set workers: 1")
        )


#: Endpoints want a factory; this one never sees a connection.
_NOBODY: Any = object()
