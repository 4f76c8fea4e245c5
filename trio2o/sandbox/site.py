"""
A fake service on a port.
"""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.http import Request as HTTPRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site


class Serving(Protocol):
    """
    What a site needs of a `trio2o.sandbox.frame.ServiceFrame`.
    """

    def serve_kept(self, request: Request) -> bool: ...

    def start(self, request: Request) -> None: ...


class FrameResource(Resource):
    """
    A frame in a resource tree (a plain `Site`, or `StubTreq`).
    """

    isLeaf = True

    def __init__(self, frame: Serving) -> None:
        super().__init__()
        self._frame = frame

    def render(self, request: Request) -> int:
        if not self._frame.serve_kept(request):
            self._frame.start(request)
        return NOT_DONE_YET


class ServedRequest(Request):
    """
    A request that the frame sees before twisted.web's own processing.
    """

    defaultContentType = None

    def process(self) -> None:
        self.site = self.channel.site  # type: ignore[attr-defined]
        frame: Serving = self.site.frame  # type: ignore[union-attr]
        if not frame.serve_kept(self):
            frame.start(self)


class PodChannel(HTTPChannel):
    """
    One connection, known to its site.
    """

    def connectionMade(self) -> None:
        self.factory.channels.add(self)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.channels.discard(self)
        super().connectionLost(reason)


class PodSite(Site):
    """
    A fake service on a port: no access log, no sessions.
    """

    protocol = PodChannel  # type: ignore[assignment]

    def __init__(self, frame: Serving) -> None:
        super().__init__(FrameResource(frame), requestFactory=ServedRequest)
        self.frame = frame
        self.channels: set[PodChannel] = set()

    def drop_connections(self) -> None:
        """
        Break all open connections, as the end of the process would.
        """
        for channel in list(self.channels):
            transport: Any = channel.transport
            transport.abortConnection()

    def log(self, request: HTTPRequest) -> None:
        """
        Write no access log: the journal has the last requests.
        """
