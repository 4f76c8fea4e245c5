"""
:mod:`trio2o.storage.dsn`.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import DatabaseUnavailable
from trio2o.storage.dsn import described, parameters_of, servers_of

#: What names resolve to.
ADDRESSES = {"db1.example": ["10.0.0.1"], "two.example": ["10.0.0.1", "fd00::1", "10.0.0.1"]}


class Lookups:
    """
    A reactor, and its thread pool, that look names up at once and in :data:`ADDRESSES`.
    """

    def getThreadPool(self) -> Lookups:
        """
        Itself.
        """
        return self

    def callInThreadWithCallback(self, done: Any, work: Any, host: str, *args: Any) -> None:
        """
        Answer as ``getaddrinfo`` does, in place of it.
        """
        assert work is socket.getaddrinfo
        if host in ADDRESSES:
            done(True, [(0, 0, 0, "", (address, 0)) for address in ADDRESSES[host]])
        else:
            done(False, Failure(OSError("no such name")))

    def callFromThread(self, call: Any, *args: Any, **kwargs: Any) -> None:
        """
        Call here and now.
        """
        call(*args, **kwargs)


class DsnTests(SynchronousTestCase):
    """
    What is connected to.
    """

    def servers(self, dsn: str) -> list[tuple[str | None, ...]]:
        """
        Host, address and port of each server.
        """
        found = self.successResultOf(Deferred.fromCoroutine(servers_of(Lookups(), dsn)))
        return [(server.get("host"), server.get("hostaddr"), server.get("port")) for server in found]

    def test_both_forms(self) -> None:
        """
        URLs and key-value pairs say the same.
        """
        self.assertEqual(
            parameters_of("host=db1 port=5433 user=u password=p dbname=d"),
            parameters_of("postgresql://u:p@db1:5433/d"),
        )

    def test_described(self) -> None:
        """
        The form for logs has no password.
        """
        told = described("postgresql://u:secret@db1:5433/d?options=-cx%3Dsecret")
        self.assertEqual("host=db1 port=5433 user=u dbname=d", told)

    def test_no_dsn(self) -> None:
        """
        What is no DSN is refused without being repeated.
        """
        with self.assertRaises(ValueError) as caught:
            parameters_of("host=db1 secret")
        self.assertNotIn("secret", str(caught.exception))

    def test_no_lookup(self) -> None:
        """
        Sockets, addresses and a given ``hostaddr`` are taken as they are.
        """
        self.assertEqual([("/run/x", None, None)], self.servers("host=/run/x"))
        self.assertEqual([("@abstract", None, None)], self.servers("host=@abstract"))
        self.assertEqual([("10.0.0.7", None, "5433")], self.servers("postgresql://10.0.0.7:5433/d"))
        self.assertEqual([("::1", None, None)], self.servers("postgresql://[::1]/d"))
        self.assertEqual(
            [("db.invalid", "10.0.0.7", None)], self.servers("host=db.invalid hostaddr=10.0.0.7")
        )

    def test_lookup(self) -> None:
        """
        A name keeps its place for TLS and gets its address beside it; one with several addresses is tried at each.
        """
        self.assertEqual([("db1.example", "10.0.0.1", "5433")], self.servers("host=db1.example port=5433"))
        self.assertEqual(
            [("two.example", "10.0.0.1", None), ("two.example", "fd00::1", None)],
            self.servers("host=two.example"),
        )

    def test_several(self) -> None:
        """
        Of several servers each gets its own port, or the one that is for all.
        """
        self.assertEqual(
            [("10.0.0.1", None, "5433"), ("10.0.0.2", None, "5434")],
            self.servers("postgresql://10.0.0.1:5433,10.0.0.2:5434/d"),
        )
        self.assertEqual(
            [("10.0.0.1", None, "5433"), ("10.0.0.2", None, "5433")],
            self.servers("host=10.0.0.1,10.0.0.2 port=5433"),
        )

    def test_unknown_name(self) -> None:
        """
        A name that has no address is left out; when none has, the database is unavailable.
        """
        self.assertEqual([("10.0.0.1", None, None)], self.servers("host=unknown.example,10.0.0.1"))
        asked = Deferred.fromCoroutine(servers_of(Lookups(), "host=unknown.example"))
        self.failureResultOf(asked, DatabaseUnavailable)

    def test_liveness(self) -> None:
        """
        A peer that vanished is noticed, in the time that the DSN says if it says one.
        """
        (server,) = self.successResultOf(
            Deferred.fromCoroutine(servers_of(Lookups(), "host=/x keepalives_idle=99"))
        )
        self.assertEqual(("99", "15000"), (server["keepalives_idle"], server["tcp_user_timeout"]))
        self.assertEqual(("UTF8", "trio2o"), (server["client_encoding"], server["application_name"]))
