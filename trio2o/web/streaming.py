"""
The front end's HTTP server: requests are handed on as soon as their head is there, bodies flow with backpressure (I2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import (
    RESPONSES,
    datetimeToString,
)
from twisted.web.resource import IResource
from twisted.web.server import Request, Site

from trio2o.exchange import HeaderList
from trio2o.web.body import RequestBody
from trio2o.web.channel import GatewayChannel

_log = Logger()

_NO_BODY = frozenset({204, 304})


class GatewayRequest(Request):
    """
    A request whose body may still be on its way.

    ``content`` is not there: :meth:`request_body` is. ``args`` and ``postpath`` are made when asked for.
    """

    #: Nothing is added that the answer does not say.
    defaultContentType = None

    channel: Any
    site: Any

    _body: RequestBody | None = None
    _args: dict[bytes, list[bytes]] | None = None
    _postpath: list[bytes] | None = None
    #: What is to be told when the client is gone, apart from ``notifyFinish``; one at a time.
    when_lost: Callable[[], None] | None = None

    @property
    def args(self) -> dict[bytes, list[bytes]]:  # type: ignore[override]
        """
        The query's arguments.
        """
        if self._args is None:
            self._args = parse_qs(self.uri.partition(b"?")[2], keep_blank_values=True)
        return self._args

    @property
    def postpath(self) -> list[bytes]:
        """
        The segments of the path that no resource has consumed, decoded.
        """
        if self._postpath is None:
            self._postpath = [unquote_to_bytes(segment) for segment in self.path[1:].split(b"/")]
        return self._postpath

    @postpath.setter
    def postpath(self, value: list[bytes]) -> None:
        self._postpath = value

    @property
    def gone(self) -> bool:
        """
        True when nothing can be answered any more.
        """
        return bool(self._disconnected)

    def request_body(self) -> RequestBody:
        """
        The body; the same object each time.
        """
        if self._body is None:
            self._body = RequestBody(None, 0)
        return self._body

    def body_begins(self, body: RequestBody) -> None:
        """
        The channel has seen that there is a body.
        """
        self._body = body

    def handleContentChunk(self, data: bytes) -> None:
        if self._body is not None:
            self._body.feed(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        # What the channel calls at the end of a body, or of the head where there is none.
        if self._body is None:
            self.head_came(command, path, version)
        else:
            self._body.end()

    def head_came(self, method: bytes, uri: bytes, version: bytes) -> None:
        """
        Begin: the channel has the whole head.
        """
        self.method, self.uri, self.clientproto = method, uri, version
        self.path = uri.partition(b"?")[0]
        self.process()

    def process(self) -> None:
        site = self.site = self.channel.site
        self.prepath = []
        try:
            resource = site.resource
            if not resource.isLeaf:
                resource = site.getResourceFor(self)
            self.render(resource)
        except Exception:  # noqa: BLE001 - the last resort below every wrapper; rendering waits for nothing
            self.processingFailed(Failure())

    def processingFailed(self, reason: Failure) -> Failure:
        _log.failure("rendering failed", failure=reason)
        if not self.startedWriting and not self.gone:
            self.write_answer(500, [(b"Content-Type", b"application/json")], _FAILED)
        else:
            self.abort()
        return reason

    def write_answer(self, status: int, headers: HeaderList, body: bytes) -> None:
        """
        Give a whole answer and finish. The client of a HEAD gets its head alone, one that has left nothing.
        """
        if self.gone:
            return
        self.write_head(status, headers, len(body), body)
        self.finish()

    def write_head(self, status: int, headers: HeaderList, length: int | None, first: bytes = b"") -> None:
        """
        Write the head of the answer, and the first bytes of its body in the same go.

        ``headers`` are end-to-end fields without framing. What ``responseHeaders`` has stands in for fields of the same
        name. After it, :meth:`write` and :meth:`finish` work as ever.

        :param length: of the body; ``None`` is chunked, or until close for HTTP/1.0. Of a HEAD the length there would be.
        """
        self.code, self.code_message = status, RESPONSES.get(status, b"Unknown Status")
        lines = [b"%b %d %b" % (self.clientproto, status, self.code_message)]
        own = {name.lower(): values for name, values in self.responseHeaders.getAllRawHeaders()}
        dated = False
        for name, value in headers:
            lowered = name.lower()
            if lowered in own or lowered in _FRAMING:
                continue
            if lowered == b"date":
                dated = True
            lines.append((_TITLES.get(lowered) or _title(lowered)) + b": " + value)
        bodiless = self.method == b"HEAD" or status in _NO_BODY
        chunked = length is None and not bodiless and self.clientproto == b"HTTP/1.1"
        lines += [
            _title(name) + b": " + value
            for name, values in own.items()
            if name not in _FRAMING
            for value in values
        ]
        if not dated and b"date" not in own:
            lines.append(b"Date: " + self.channel.site.date())
        if self.channel.answer_closes():
            lines.append(b"Connection: close")
        if length is not None and status != 204:
            lines.append(b"Content-Length: %d" % length)
        elif chunked:
            lines.append(b"Transfer-Encoding: chunked")
        lines.append(b"\r\n")
        self.startedWriting = 1
        self.chunked = int(chunked)
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise ValueError("a header field of an answer with a line break in it")
        if bodiless:
            self.write = _written_nowhere  # type: ignore[method-assign]  # as the base does
            first = b""
        self.sentLength += len(first)
        if chunked and first:
            first = b"%x\r\n%b\r\n" % (len(first), first)
        self.channel.write(head + first)

    def write(self, data: bytes) -> None:
        if not self.startedWriting and not self.gone:
            # Whoever writes the ordinary way (Klein, twisted.web's own pages) gets the same head.
            lengths = self.responseHeaders.getRawHeaders(b"Content-Length")
            self.write_head(self.code, [], int(lengths[-1]) if lengths else None, data)
        else:
            super().write(data)

    def finish(self) -> None:
        if not self.startedWriting and not self.gone:
            lengths = self.responseHeaders.getRawHeaders(b"Content-Length", (b"0",))
            self.write_head(self.code, [], None if self.method == b"HEAD" else int(lengths[-1]))
        super().finish()

    def abort(self) -> None:
        """
        Cut the client's connection, so that nobody takes a part for the whole.
        """
        if not self.gone:
            self.channel.transport.abortConnection()

    def connectionLost(self, reason: Failure) -> None:
        super().connectionLost(reason)
        if self.when_lost is not None:
            lost, self.when_lost = self.when_lost, None
            lost()
        if self._body is not None:
            self._body.lost(reason)


def _written_nowhere(data: bytes) -> None:
    pass


_FAILED = b'{"error": {"code": 500, "message": "The server failed to carry out the request.", "title": "Internal Server Error"}}'

_FRAMING = frozenset({b"connection", b"content-length", b"transfer-encoding"})

#: Names in lower case as they are written; bounded, for names come from pods.
_TITLES: dict[bytes, bytes] = {b"etag": b"ETag", b"www-authenticate": b"WWW-Authenticate"}
_MOST_TITLES = 2000


def _title(lowered: bytes) -> bytes:
    title = _TITLES.get(lowered)
    if title is None:
        title = b"-".join(word.capitalize() for word in lowered.split(b"-"))
        if len(_TITLES) < _MOST_TITLES:
            _TITLES[lowered] = title
    return title


class GatewaySite(Site):
    """
    Serves one resource through :class:`GatewayChannel`; logs nothing, shows no traceback, adds no ``Server``.
    """

    requestFactory = GatewayRequest
    protocol = GatewayChannel  # type: ignore[assignment]  # without the switch to HTTP/2 in between
    displayTracebacks = False

    def __init__(self, resource: IResource, *, reactor: IReactorTime, idle_timeout: float = 60.0) -> None:
        """
        :param idle_timeout: seconds for which a connection may be idle, a head may take to come, a body may stand still.
        """
        super().__init__(resource, reactor=reactor, timeout=idle_timeout, parsePOSTFormSubmission=False)
        self._date = b""
        self._date_of = -1

    def date(self) -> bytes:
        """
        The value of ``Date``, made once a second.
        """
        now = int(self.reactor.seconds())
        if now != self._date_of:
            self._date_of, self._date = now, datetimeToString()
        return self._date

    def log(self, request: object) -> None:
        """
        Nothing: the wrapper keeps the record of a request.
        """

    def startFactory(self) -> None:
        pass

    def stopFactory(self) -> None:
        pass

    def acceptableProtocols(self) -> list[bytes]:
        return [b"http/1.1"]
