"""
Tells systemd how the daemon is: ``sd_notify(3)`` for units of ``Type=notify`` and ``Type=notify-reload``.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping

from attrs import frozen
from twisted.logger import Logger

_log = Logger()


@frozen
class Notifier:
    """
    Sends datagrams to the socket that systemd named; without one it does nothing.

    Never fails and never blocks: a manager that does not listen is no reason to stop.
    """

    #: A path, an abstract name that begins with ``@``, or empty for none.
    address: str = ""
    #: Microseconds of the monotonic clock, which a reload is told with.
    monotonic_usec: Callable[[], int] = lambda: time.monotonic_ns() // 1000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Notifier:
        """
        The notifier for ``$NOTIFY_SOCKET``.
        """
        return cls(environment.get("NOTIFY_SOCKET", ""))

    def ready(self, status: str = "") -> None:
        """
        Say that the daemon serves requests: after the start, and after each reload, a refused one too.
        """
        self._send("READY=1", status)

    def reloading(self) -> None:
        """
        Say that the configuration is being read again; :meth:`ready` ends it.
        """
        self._send("RELOADING=1", f"MONOTONIC_USEC={self.monotonic_usec()}")

    def stopping(self) -> None:
        """
        Say that the daemon is on its way out.
        """
        self._send("STOPPING=1")

    def _send(self, state: str, more: str = "") -> None:
        if not self.address:
            return
        if more and not more.startswith("MONOTONIC_USEC="):
            more = f"STATUS={' '.join(more.split())}"
        message = "\n".join(part for part in (state, more) if part).encode()
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(message, address)
        except OSError as why:
            _log.warn("systemd was not told {state}: {why}", state=state, why=str(why))
