"""
A bare forwarder of Klein and treq as they come, for comparison: streamed, nothing else.

``python -m benchmarks.bare_klein_treq PORT UPSTREAM_PORT``
"""

from __future__ import annotations

import sys
from typing import Any

from klein import Klein
from treq.client import HTTPClient
from twisted.internet import endpoints, reactor, task
from twisted.internet.defer import Deferred
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.server import Site

from benchmarks.bare_twisted import _Relay


class Forward:
    """
    One Klein route that takes everything.
    """

    app = Klein()

    def __init__(self, upstream: str) -> None:
        pool = HTTPConnectionPool(reactor)
        pool.maxPersistentPerHost = 128
        self._client = HTTPClient(Agent(reactor, pool=pool))
        self._upstream = upstream

    @app.route("/<path:path>", methods=["GET"])
    async def forward(self, request: Any, path: str) -> None:
        """
        Send the request on and stream the answer back.
        """
        headers = Headers(
            {
                name: values
                for name, values in request.requestHeaders.getAllRawHeaders()
                if name.lower() not in (b"host", b"connection")
            }
        )
        response = await self._client.get(
            self._upstream + request.uri.decode(), headers=headers, allow_redirects=False, unbuffered=True
        )
        request.setResponseCode(response.code)
        for name, values in response.headers.getAllRawHeaders():
            if name.lower() not in (b"connection", b"content-encoding"):
                request.responseHeaders.setRawHeaders(name, values)
        if isinstance(response.length, int):
            request.setHeader(b"content-length", b"%d" % response.length)
        ended: Deferred[None] = Deferred()
        request.notifyFinish().addBoth(lambda _: ended.callback(None))
        response.original.deliverBody(_Relay(request))
        await ended


def main(reactor: Any, port: str, upstream_port: str) -> Any:
    """
    Serve until the process is ended.
    """
    site = Site(Forward(f"http://127.0.0.1:{upstream_port}").app.resource())
    site.log = lambda request: None  # type: ignore[method-assign]
    listening = endpoints.TCP4ServerEndpoint(reactor, int(port), interface="127.0.0.1").listen(site)
    return listening.addCallback(lambda _: Deferred())


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
