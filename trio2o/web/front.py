"""
The root of one surface's site.

Klein owns the routes. Operations that only forward are dispatched ahead of its matcher, by a table compiled from
the same rows; ``tests/unit/web/test_front.py`` shows that both agree.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from trio2o.surface.matching import Match, Table, split
from trio2o.web.incoming import split_target
from trio2o.web.streaming import GatewayRequest
from trio2o.web.surface_app import SurfaceApp

#: The strategies whose operations are dispatched here.
_AHEAD = frozenset({"route"})

_SLASHES = re.compile(b"//+")


@implementer(IResource)
class Front(Resource):
    """
    Takes the hot operations itself and leaves the rest to Klein.
    """

    isLeaf = True

    def __init__(self, app: SurfaceApp, table: Table) -> None:
        super().__init__()
        self._app = app
        self._klein: Any = app.resource()
        self._table = table

    def render(self, request: GatewayRequest) -> Any:
        """
        Dispatch one request.
        """
        if not request.uri.startswith(b"/"):
            request.path = split_target(request)[0]
        if b"%" in request.path or not request.path.isascii():
            try:
                unquote_to_bytes(request.path).decode("utf-8")
            except UnicodeDecodeError:
                return _going(request, self._app.unreadable(request))
        target = split(request.path)
        if target is not None and target.version in self._app.versions:
            found = self._table.match(request.method.decode("latin-1"), target.rest)
            if isinstance(found, Match) and found.operation.strategy in _AHEAD:
                return _going(
                    request,
                    self._app.carry_out(request, found.operation, found.ids, target.project_id),
                )
        # the same for the services, while Klein would answer with a redirection
        request.path = _SLASHES.sub(b"/", request.path)
        return self._klein.render(request)


def _going(request: GatewayRequest, started: Deferred[None]) -> Any:
    request.notifyFinish().addErrback(_left, started)
    return NOT_DONE_YET


def _left(reason: Failure, started: Deferred[None]) -> None:
    """
    The client hung up: whoever still waits for a pod is told.
    """
    started.addErrback(lambda failure: failure.trap(CancelledError))
    started.cancel()
