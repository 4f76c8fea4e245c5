"""
What systemd is told.
"""

from __future__ import annotations

import os
import socket
import tempfile
from uuid import uuid4

from twisted.trial.unittest import SynchronousTestCase

from trio2o.ops.notify import Notifier


class NotifierTests(SynchronousTestCase):
    """
    Datagrams to ``$NOTIFY_SOCKET``.
    """

    def listening(self, address: str) -> socket.socket:
        """
        A manager that listens.
        """
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(address)
        manager.setblocking(False)
        return manager

    def path(self) -> str:
        """
        A path short enough for a socket.
        """
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return os.path.join(folder.name, "notify")

    def test_states(self) -> None:
        """
        Each state is one datagram in sd_notify's words.
        """
        path = self.path()
        manager = self.listening(path)
        notifier = Notifier(path, monotonic_usec=lambda: 1234)
        notifier.ready()
        notifier.ready("3 pods\nserved")
        notifier.reloading()
        notifier.stopping()
        self.assertEqual(
            [manager.recv(500) for _ in range(4)],
            [
                b"READY=1",
                b"READY=1\nSTATUS=3 pods served",
                b"RELOADING=1\nMONOTONIC_USEC=1234",
                b"STOPPING=1",
            ],
        )

    def test_abstract_name(self) -> None:
        """
        A name that begins with ``@`` is an abstract one.
        """
        name = f"trio2o-{uuid4()}"
        manager = self.listening(f"\0{name}")
        Notifier.from_environment({"NOTIFY_SOCKET": f"@{name}"}).ready()
        self.assertEqual(manager.recv(500), b"READY=1")

    def test_not_asked(self) -> None:
        """
        Without a socket nothing is sent, and nothing fails.
        """
        notifier = Notifier.from_environment({})
        notifier.ready()
        notifier.stopping()

    def test_nobody_listens(self) -> None:
        """
        A manager that is gone, or does not read, neither fails nor blocks the daemon.
        """
        Notifier(self.path()).ready()
        path = self.path()
        self.listening(path)
        notifier = Notifier(path)
        for _ in range(2000):
            notifier.ready()

    def test_clock(self) -> None:
        """
        A reload is told with the monotonic clock of the system.
        """
        path = self.path()
        manager = self.listening(path)
        Notifier(path).reloading()
        self.assertRegex(manager.recv(500), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
