"""
Which header fields pass the gateway.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.exchange import HeaderList
from trio2o.rewriting.headers import HOP_BY_HOP, IDENTITY, forwarded, looped, returned


def sent(headers: HeaderList, **options: bytes | None) -> HeaderList:
    """
    What a pod gets for these fields of a client.
    """
    known: dict[str, bytes] = {
        "peer": b"198.51.100.7",
        "scheme": b"https",
        "host": b"cloud:8774",
        "pseudonym": b"gw",
    }
    return forwarded(headers, **(known | options))  # type: ignore[arg-type]


def values(headers: HeaderList, name: bytes) -> list[bytes]:
    """
    The values of one field.
    """
    return [value for key, value in headers if key.lower() == name]


class ForwardedTests(SynchronousTestCase):
    """
    From the client to a pod.
    """

    def test_untouched(self) -> None:
        """
        End-to-end fields pass in their order and spelling, unknown ones too.
        """
        client = [
            (b"X-New", b"1"),
            (b"accept", b"a"),
            (b"X-New", b"2"),
            (b"OpenStack-API-Version", b"compute 2.90"),
        ]

        self.assertEqual(sent(client)[:4], client)

    def test_one_hop(self) -> None:
        """
        What concerns the client's connection does not pass, nor what ``Connection`` names.
        """
        client = [(name.title(), b"x") for name in HOP_BY_HOP if name != b"connection"]
        client += [
            (b"Connection", b"close, X-Private"),
            (b"x-private", b"1"),
            (b"Expect", b"100-continue"),
            (b"Host", b"h"),
        ]

        names = {name.lower() for name, _ in sent(client)}

        self.assertEqual(names, {b"via", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})

    def test_for_the_gateway(self) -> None:
        """
        What a client asks of the gateway alone stays here, in any spelling.
        """
        client = [(b"X-Trio2o-Explain", b"true"), (b"x_trio2o_explain", b"true")]

        self.assertEqual(values(sent(client), b"x-trio2o-explain"), [])
        self.assertEqual(values(sent(client), b"x_trio2o_explain"), [])

    def test_framing(self) -> None:
        """
        The length is left to whoever sends the body.
        """
        self.assertEqual(values(sent([(b"Content-Length", b"5")]), b"content-length"), [])

    def test_spoofed_identity(self) -> None:
        """
        What keystonemiddleware would tell a service is never taken from a client, in either spelling.
        """
        client = [(name.upper(), b"admin") for name in IDENTITY]
        client += [(name.replace(b"-", b"_"), b"admin") for name in IDENTITY]

        self.assertNotIn(b"admin", [value for _, value in sent(client)])

    def test_tokens(self) -> None:
        """
        The client's tokens do not pass; the pod's token is put in, and a service token where it may be seen.
        """
        client = [
            (b"X-Auth-Token", b"users"),
            (b"X-Storage-Token", b"users"),
            (b"X-Service-Token", b"users"),
            (b"X_Auth_Token", b"users"),
        ]

        self.assertNotIn(b"users", [value for _, value in sent(client)])
        pod = sent(client, token=b"pods", service_token=b"service")
        self.assertEqual(
            (values(pod, b"x-auth-token"), values(pod, b"x-service-token")), ([b"pods"], [b"service"])
        )

    def test_request_id(self) -> None:
        """
        The request id is the one that is given, not the client's field.
        """
        pod = sent([(b"X-Openstack-Request-Id", b"req-client")], request_id=b"req-1")

        self.assertEqual(values(pod, b"x-openstack-request-id"), [b"req-1"])

    def test_way(self) -> None:
        """
        ``Via`` and ``X-Forwarded-For`` are extended by one hop.
        """
        pod = sent([(b"Via", b"1.0 lb"), (b"X-Forwarded-For", b"203.0.113.9"), (b"Via", b"1.1 two")])

        self.assertEqual(values(pod, b"via"), [b"1.0 lb, 1.1 two, 1.1 gw"])
        self.assertEqual(values(pod, b"x-forwarded-for"), [b"203.0.113.9, 198.51.100.7"])

    def test_scheme_and_host(self) -> None:
        """
        What a proxy in front has told of scheme and host stays; what nobody told is added.
        """
        told = sent([(b"X-Forwarded-Proto", b"http"), (b"X-Forwarded-Host", b"front")])
        untold = sent([])

        self.assertEqual(
            (values(told, b"x-forwarded-proto"), values(told, b"x-forwarded-host")), ([b"http"], [b"front"])
        )
        self.assertEqual(
            (values(untold, b"x-forwarded-proto"), values(untold, b"x-forwarded-host")),
            ([b"https"], [b"cloud:8774"]),
        )

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([b"A", b"B", b"Connection", b"TE", b"X-Roles", b"C"]),
                st.sampled_from([b"1", b"c", b"x"]),
            )
        )
    )
    def test_any(self, client: HeaderList) -> None:
        """
        Whatever comes, what passes is a subsequence of it.
        """
        own = {b"via", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
        passed = [pair for pair in sent(client) if pair[0].lower() not in own]

        rest = iter(client)
        self.assertTrue(all(pair in rest for pair in passed))


class LoopTests(SynchronousTestCase):
    """
    A request that comes back.
    """

    def test_own_name(self) -> None:
        """
        The own name in any ``Via``, in any case and place, is a loop.
        """
        for via in (b"1.1 gw", b"1.0 lb, 1.1 GW (Trio2o)", b"HTTP/1.1 gw, 1.1 other"):
            self.assertTrue(looped([(b"Accept", b"x"), (b"VIA", via)], b"gw"), via)

    def test_other_names(self) -> None:
        """
        Other names, comments and broken values are none.
        """
        for via in (b"1.1 gw2", b"1.1 lb (gw)", b"", b",", b"gw"):
            self.assertFalse(looped([(b"Via", via)], b"gw"), via)

    def test_goes_round(self) -> None:
        """
        What is forwarded is recognised when it comes back.
        """
        self.assertTrue(looped(sent([]), b"gw"))
        self.assertFalse(looped([], b"gw"))


class ReturnedTests(SynchronousTestCase):
    """
    From a pod to the client.
    """

    def test_kept(self) -> None:
        """
        End-to-end fields pass in their order, cookies and the date too.
        """
        pod = [
            (b"set-cookie", b"a"),
            (b"date", b"d"),
            (b"x-new", b"1"),
            (b"set-cookie", b"b"),
            (b"etag", b"e"),
        ]

        self.assertEqual(returned(pod), pod)

    def test_dropped(self) -> None:
        """
        What concerns the pod's connection, its length and its software does not pass.
        """
        pod = [(name, b"x") for name in HOP_BY_HOP if name != b"connection"]
        pod += [
            (b"connection", b"X-Mine"),
            (b"x-mine", b"1"),
            (b"content-length", b"5"),
            (b"server", b"nginx"),
            (b"vary", b"v"),
        ]

        self.assertEqual(returned(pod), [(b"vary", b"v")])
