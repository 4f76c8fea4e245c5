"""
What is read of a client's request.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyChannel

from trio2o.errors import BadRequest
from trio2o.web.incoming import derived_root
from trio2o.web.streaming import GatewayRequest


def asked(host: bytes) -> GatewayRequest:
    """
    A request for a host.
    """
    request = GatewayRequest(DummyChannel())
    request.requestHeaders.setRawHeaders(b"Host", [host])
    return request


class DerivedRootTests(SynchronousTestCase):
    """
    What links begin with when nothing is configured.
    """

    def test_hosts(self) -> None:
        """
        Names and addresses of hosts, with and without a port, are taken as they are.
        """
        for host in (b"cloud.example", b"cloud_1.example:8774", b"10.0.0.1:1", b"[2001:db8::1]:8774", b"[::1]"):
            self.assertEqual(b"http://" + host, derived_root(asked(host), trust_forwarded=False))

    def test_none(self) -> None:
        """
        What is no host's name is refused: it would get into links, and be remembered.
        """
        for host in (b'a","b":"', b"a/b", b"a b", b"user@host", b"[::1", b"a" * 300, b"h:123456", "hß".encode()):
            self.assertRaises(BadRequest, derived_root, asked(host), trust_forwarded=False)
