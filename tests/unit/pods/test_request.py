"""
The bytes of a request.
"""

from __future__ import annotations

from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.pods.test_client import Body
from trio2o.exchange import HeaderList
from trio2o.pods.request import PodRequest, Unsendable


def written(
    method: bytes = b"GET",
    target: bytes = b"/",
    headers: HeaderList | None = None,
    body: bytes | Body | None = None,
) -> bytes:
    """
    What goes out for a request.
    """
    transport = StringTransport()
    PodRequest(method, target, b"pod:8774", headers or [], body).writeTo(transport)
    return transport.value()


class RequestTests(SynchronousTestCase):
    """
    One request.
    """

    def test_head(self) -> None:
        """
        The target and the fields go out as they are, in their order.
        """
        self.assertEqual(
            written(target=b"//a%2f?\xff", headers=[(b"x-b", b"1"), (b"X-A", b""), (b"x-b", b"\xfc")]),
            b"GET //a%2f?\xff HTTP/1.1\r\nHost: pod:8774\r\nx-b: 1\r\nX-A: \r\nx-b: \xfc\r\n\r\n",
        )

    def test_framing(self) -> None:
        """
        The length is the body's; methods that anticipate a body tell that there is none.
        """
        for method, body, line in (
            (b"GET", None, b""),
            (b"DELETE", None, b""),
            (b"POST", None, b"Content-Length: 0\r\n"),
            (b"POST", b"", b"Content-Length: 0\r\n"),
            (b"PUT", b"body", b"Content-Length: 4\r\n"),
            (b"PUT", Body(9), b"Content-Length: 9\r\n"),
            (b"PUT", Body(), b"Transfer-Encoding: chunked\r\n"),
        ):
            end = body if isinstance(body, bytes) else b""
            expected = method + b" / HTTP/1.1\r\nHost: pod:8774\r\n" + line + b"\r\n" + end
            self.assertEqual(written(method, body=body), expected)

    def test_unsendable(self) -> None:
        """
        Nothing breaks out of its place: not from the method, the target, a name or a value.
        """
        for method, target, headers in (
            (b"GET /x", b"/", []),
            (b"", b"/", []),
            (b"GET", b"", []),
            (b"GET", b"/a b", []),
            (b"GET", b"/\r\nX: y", []),
            (b"GET", b"/", [(b"X", b"a\r\nY: b")]),
            (b"GET", b"/", [(b"X", b"a\nY: b")]),
            (b"GET", b"/", [(b"X\r", b"a")]),
            (b"GET", b"/", [(b"X", b"a\x00")]),
        ):
            self.assertRaises(Unsendable, written, method, target, headers)
