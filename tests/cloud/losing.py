"""
A way to a pod on which the answer to a create is lost: the pod carries it out, and nobody is told.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from attrs import define, field

_PIECE = 65_536


@define(kw_only=True, eq=False)
class LosingWay:
    """
    Forwards connections of 127.0.0.1 to a service. While :attr:`losing` is set, a connection on which a POST went through
    is cut when its answer comes.
    """

    #: The service's root URL.
    to: str
    #: Whether answers to POSTs are lost.
    losing: bool = False
    #: How many were.
    lost: int = 0
    _listener: socket.socket = field(factory=lambda: socket.create_server(("127.0.0.1", 0)), init=False)

    def __attrs_post_init__(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """
        Where it listens.
        """
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """
        Take no more connections.
        """
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        parts = urlsplit(self.to)
        assert parts.hostname is not None and parts.port is not None
        with client, socket.create_connection((parts.hostname, parts.port)) as service:
            posted = threading.Event()
            threading.Thread(target=self._send, args=(client, service, posted), daemon=True).start()
            with suppress(OSError):
                while piece := service.recv(_PIECE):
                    if posted.is_set() and self.losing:
                        self.lost += 1
                        # closing alone would wait for the other thread
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    posted.clear()
                    client.sendall(piece)

    def _send(self, client: socket.socket, service: socket.socket, posted: threading.Event) -> None:
        with suppress(OSError):
            while piece := client.recv(_PIECE):
                if piece.startswith(b"POST "):
                    posted.set()
                service.sendall(piece)
            service.shutdown(socket.SHUT_WR)
