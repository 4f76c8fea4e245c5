"""
A bare forwarder of twisted.web and its Agent, for comparison: no routing, no tokens, nothing rewritten.

``python -m benchmarks.bare_twisted PORT UPSTREAM_PORT``
"""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet import endpoints, protocol, reactor, task
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site


class _Relay(protocol.Protocol):
    def __init__(self, request: Any) -> None:
        self._request = request

    def connectionMade(self) -> None:
        self._request.registerProducer(self.transport, True)

    def dataReceived(self, data: bytes) -> None:
        self._request.write(data)

    def connectionLost(self, reason: object = protocol.connectionDone) -> None:
        self._request.unregisterProducer()
        self._request.finish()


class Forward(Resource):
    """
    Sends each GET on and streams the answer back.
    """

    isLeaf = True

    def __init__(self, upstream: bytes) -> None:
        super().__init__()
        pool = HTTPConnectionPool(reactor)
        pool.maxPersistentPerHost = 128
        self._agent = Agent(reactor, pool=pool)
        self._upstream = upstream

    def render(self, request: Any) -> int:
        headers = Headers(
            {
                name: values
                for name, values in request.requestHeaders.getAllRawHeaders()
                if name.lower() not in (b"host", b"connection")
            }
        )
        got = self._agent.request(request.method, self._upstream + request.uri, headers)
        got.addCallback(self._answer, request)
        return NOT_DONE_YET

    def _answer(self, response: Any, request: Any) -> None:
        request.setResponseCode(response.code)
        for name, values in response.headers.getAllRawHeaders():
            if name.lower() != b"connection":
                request.responseHeaders.setRawHeaders(name, values)
        if isinstance(response.length, int):
            request.setHeader(b"content-length", b"%d" % response.length)
        response.deliverBody(_Relay(request))


def main(reactor: Any, port: str, upstream_port: str) -> Any:
    """
    Serve until the process is ended.
    """
    site = Site(Forward(b"http://127.0.0.1:" + upstream_port.encode()))
    site.log = lambda request: None  # type: ignore[method-assign]
    listening = endpoints.TCP4ServerEndpoint(reactor, int(port), interface="127.0.0.1").listen(site)
    from twisted.internet.defer import Deferred

    return listening.addCallback(lambda _: Deferred())


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
