"""
How an operation of the Admin API is served: routed by Klein, through the wrapper, behind its policy rule.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from klein import Klein
from twisted.internet.defer import Deferred
from twisted.web.iweb import IRequest

from trio2o.exchange import Answer, Inbound
from trio2o.model import PlacementRequest, RequestContext
from trio2o.scheduling.explaining import Explanation
from trio2o.surface.operations import Operation
from trio2o.web.admin.operations import AdminOperation

if TYPE_CHECKING:
    from trio2o.web.admin.app import AdminApi

Handler = Callable[[Inbound, RequestContext], Awaitable[Answer]]

#: Bytes of a request's body at most; the largest that makes sense has a few thousand.
BODY_LIMIT = 64 * 1024

app = Klein()
# "/v1.0/pods/" is "/v1.0/pods", and "//" is nothing: no redirects either way.
app.url_map.strict_slashes = False
app.url_map.merge_slashes = False


class Wrapped(Protocol):
    """
    What every request goes through: :meth:`trio2o.web.wrapper.Wrapper.wrapped`.
    """

    def __call__(
        self,
        request: Any,
        handler: Handler,
        *,
        operation: Operation,
        ids: Mapping[str, str] | None = None,
        needs_token: bool = True,
    ) -> Deferred[None]:
        """
        Authenticate, carry out, answer and record. The result fires when the answer is out, and never
        fails.
        """


class Explains(Protocol):
    """
    :meth:`trio2o.strategies.dry_run.DryRun.explain`.
    """

    async def __call__(self, request: PlacementRequest, *, unknown_zone: str) -> Explanation:
        """
        Rank the pods for a request, and change nothing.
        """


Method = Callable[["AdminApi", Inbound, RequestContext], Coroutine[Any, Any, Answer]]


def serves(operation: AdminOperation) -> Callable[[Method], Method]:
    """
    Make a method the handler of an operation: routed, wrapped, and behind the operation's policy rule.
    """

    def decorate(method: Method) -> Method:
        def route(self: AdminApi, request: IRequest, **ids: str) -> Deferred[None]:
            return self.serve(operation, method, request, ids)

        route.__name__ = operation.name
        app.route(re.sub(r"\{(\w+)\}", r"<\1>", operation.path), methods=[operation.method])(route)
        return method

    return decorate
