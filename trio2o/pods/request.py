"""
The bytes of a request to a pod.
"""

from __future__ import annotations

import re

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.web._newclient import Request
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer

from trio2o.exchange import HeaderList

#: A request target goes out as it came in, non-ASCII bytes too; only what would break the request line is refused.
_TARGET = re.compile(rb"[^\x00-\x20\x7f]+\Z")
_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")

#: Methods that anticipate a body: without one they tell so (RFC 9110 section 8.6).
_TELLS_EMPTINESS = frozenset({b"POST", b"PUT", b"PATCH"})


class Unsendable(ValueError):
    """
    A request that cannot be written as HTTP.
    """


def framed_head(method: bytes, target: bytes, authority: bytes, headers: HeaderList, framing: bytes) -> bytes:
    """
    A request's head, to its empty line. ``framing`` is a whole line, or empty for a request without body.

    :raises Unsendable: if a part would break out of its place.
    """
    if not _METHOD.match(method) or not _TARGET.match(target):
        raise Unsendable("a method or target with bytes that HTTP does not allow")
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: " + authority]
    if framing:
        lines.append(framing)
    lines += [name + b": " + value for name, value in headers]
    lines.append(b"\r\n")
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\x00" in head:
        raise Unsendable("a header field with a line break or a zero byte in it")
    return head


def framing_of(method: bytes, body: bytes | IBodyProducer | None) -> bytes:
    """
    The line that tells where the body ends.
    """
    if body is None:
        return b"Content-Length: 0" if method in _TELLS_EMPTINESS else b""
    length = len(body) if isinstance(body, bytes) else body.length
    if length is UNKNOWN_LENGTH:
        return b"Transfer-Encoding: chunked"
    return b"Content-Length: %d" % length


class PodRequest(Request):
    """
    Twisted's client request, with the head written at once from bytes that are left as they are.

    Overrides private names of :mod:`twisted.web._newclient`; ``tests/unit/pods/test_request.py`` pins them.

    :raises Unsendable: if it cannot be written as HTTP.
    """

    def __init__(
        self,
        method: bytes,
        target: bytes,
        authority: bytes,
        headers: HeaderList,
        body: bytes | IBodyProducer | None,
    ) -> None:
        # Not Request.__init__: it would refuse targets that came in and copy what is ready.
        self.method = method
        self.uri = target
        self.headers = None
        self.persistent = True
        self.bodyProducer = None if isinstance(body, bytes) else body
        self._parsedURI = None
        self.whole = body if isinstance(body, bytes) else b""
        self.head = framed_head(method, target, authority, headers, framing_of(method, body))

    def writeTo(self, transport: IConsumer) -> Deferred[None]:
        if self.bodyProducer is None:
            transport.write(self.head + self.whole)
            return succeed(None)
        return super().writeTo(transport)

    def _writeHeaders(self, transport: IConsumer, TEorCL: bytes | None) -> None:
        transport.write(self.head)
