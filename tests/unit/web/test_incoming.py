"""
What is read of a client's request.
"""

from __future__ import annotations

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.test.requesthelper import DummyChannel

from trio2o.errors import BadRequest
from trio2o.web.incoming import Trust, derived_root, header_list, last, peer, split_target
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
        for host in (
            b"cloud.example",
            b"cloud_1.example:8774",
            b"10.0.0.1:1",
            b"[2001:db8::1]:8774",
            b"[::1]",
        ):
            self.assertEqual(b"http://" + host, derived_root(asked(host), trust_forwarded=False))

    def test_none(self) -> None:
        """
        What is no host's name is refused: it would get into links, and be remembered.
        """
        for host in (
            b'a","b":"',
            b"a/b",
            b"a b",
            b"user@host",
            b"[::1",
            b"a" * 300,
            b"h:123456",
            "hß".encode(),
        ):
            self.assertRaises(BadRequest, derived_root, asked(host), trust_forwarded=False)

    def test_no_host(self) -> None:
        """
        Without a Host it is the address that the client connected to.
        """
        request = GatewayRequest(DummyChannel())

        self.assertEqual(b"http://10.0.0.1:80", derived_root(request, trust_forwarded=False))


class TargetTests(SynchronousTestCase):
    """
    `split_target`.
    """

    def test_forms(self) -> None:
        """
        Path and query are what was sent; an absolute target gives its path.
        """
        request = GatewayRequest(DummyChannel())
        for target, parts in (
            (b"/a%2Fb//c", (b"/a%2Fb//c", None)),
            (b"/a?", (b"/a", b"")),
            (b"/a?b?c=%3F", (b"/a", b"b?c=%3F")),
            (b"http://cloud.example:1/a/b?c", (b"/a/b", b"c")),
            (b"http://cloud.example", (b"/", None)),
            (b"*", (b"/*", None)),
        ):
            request.uri = target
            with self.subTest(target=target):
                self.assertEqual(parts, split_target(request))


class FieldTests(SynchronousTestCase):
    """
    Fields of the head.
    """

    def test_fields(self) -> None:
        """
        All values are there, those of a name in their order; the last one counts.
        """
        request = GatewayRequest(DummyChannel())
        request.requestHeaders.setRawHeaders(b"X-A", [b"1", b" 2 "])

        self.assertEqual(
            [b"1", b" 2 "], [value for name, value in header_list(request) if name.lower() == b"x-a"]
        )
        self.assertEqual((b"2", b""), (last(request, b"x-a"), last(request, b"x-b")))


class TrustTests(SynchronousTestCase):
    """
    The balancers that are believed.
    """

    def setUp(self) -> None:
        self.trust = Trust(("10.0.0.0/8", "2001:db8::/32", "192.0.2.1"))

    def client(self, address: object, *ways: bytes) -> str:
        """
        Where a request came from.
        """
        request = GatewayRequest(DummyChannel())
        request.client = address  # type: ignore[assignment]
        if ways:
            request.requestHeaders.setRawHeaders(b"X-Forwarded-For", ways)
        return self.trust.client(request)

    def test_networks(self) -> None:
        """
        Networks and single addresses, of both families; IPv4 in IPv6 is IPv4.
        """
        for address in ("10.1.2.3", "192.0.2.1", "2001:db8::1", "::ffff:10.1.2.3"):
            self.assertTrue(self.trust.covers(address), address)
        for address in ("11.0.0.1", "192.0.2.2", "2001:db9::1", "::ffff:11.0.0.1", "", "fe80::1%eth0"):
            self.assertFalse(self.trust.covers(address), address)
        self.assertFalse(Trust(()).covers("10.1.2.3"))

    def test_direct(self) -> None:
        """
        What an untrusted client says of itself is not believed.
        """
        self.assertEqual("198.51.100.1", self.client(IPv4Address("TCP", "198.51.100.1", 1), b"203.0.113.9"))

    def test_behind_balancers(self) -> None:
        """
        Behind trusted ones it is the last address that none of them has, however many fields tell it.
        """
        balancer = IPv4Address("TCP", "10.0.0.1", 1)
        for ways, client in (
            ((b"203.0.113.9",), "203.0.113.9"),
            ((b"1.1.1.1, 203.0.113.9",), "203.0.113.9"),
            ((b"203.0.113.9, 10.0.0.2",), "203.0.113.9"),
            ((b"203.0.113.9", b"10.0.0.2"), "203.0.113.9"),
            ((b"203.0.113.9 ,10.0.0.2 , 10.0.0.3",), "203.0.113.9"),
            ((b"2001:db9::7, 10.0.0.2",), "2001:db9::7"),
        ):
            with self.subTest(ways=ways):
                self.assertEqual(client, self.client(balancer, *ways))

    def test_nothing_to_go_by(self) -> None:
        """
        Where they say nothing usable it is the balancer's own address.
        """
        balancer = IPv6Address("TCP", "2001:db8::1", 1)
        for ways in (
            (),
            (b"",),
            (b"unknown",),
            (b"203.0.113.9:80",),
            (b"203.0.113.9, unknown",),
            (b"10.0.0.2",),
            (b"\xff",),
        ):
            with self.subTest(ways=ways):
                self.assertEqual("2001:db8::1", self.client(balancer, *ways))

    def test_no_address(self) -> None:
        """
        A UNIX socket's client has no address.
        """
        request = GatewayRequest(DummyChannel())
        for address in (UNIXAddress("/run/trio2o"), None):
            request.client = address  # type: ignore[assignment]
            self.assertEqual(("", ""), (peer(request), self.client(address)))
