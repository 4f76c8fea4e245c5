"""
What Klein has no handler for, in the shape of the Admin API's errors.
"""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource, Resource
from twisted.web.server import NOT_DONE_YET
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from zope.interface import implementer

from trio2o.errors import BadRequest, GatewayError, MethodNotAllowed, NotFound


class Refuses(Protocol):
    """
    :meth:`trio2o.web.admin.app.AdminApi.refuse`.
    """

    def refuse(self, request: IRequest, error: GatewayError) -> Deferred[None]:
        """
        Answer an error that was found before any operation was.
        """


@implementer(IResource)
class Refusal(Resource):
    """
    An error as a resource: what a resource has finished Klein does not finish again, as it does after its own errors.
    """

    isLeaf = True

    def __init__(self, api: Refuses, error: GatewayError) -> None:
        super().__init__()
        self._api = api
        self._error = error

    def render(self, request: Any) -> int:
        """
        Answer the error.
        """
        self._api.refuse(request, self._error)
        return NOT_DONE_YET


@implementer(IResource)
class Root(Resource):
    """
    Klein's resource, behind a look at the path: what is no UTF-8 Klein answers in text, and logs with a
    traceback.
    """

    isLeaf = True

    def __init__(self, api: Refuses, klein: IResource) -> None:
        super().__init__()
        self._api = api
        self._klein = klein

    def render(self, request: Any) -> Any:
        """
        Hand a request on.
        """
        try:
            unquote_to_bytes(request.path).decode("utf-8")
            request.method.decode("utf-8")
        except UnicodeDecodeError:
            return Refusal(self._api, BadRequest("The request line is not UTF-8.")).render(request)
        return self._klein.render(request)


def of_klein(request: IRequest, failure: Failure) -> GatewayError:
    """
    Why Klein had no handler for a request.
    """
    error = failure.value
    if isinstance(error, WrongMethod):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        method = request.method.decode("utf-8")
        return MethodNotAllowed(
            f"{method} is not possible here; possible: {allowed}.",
            headers=[(b"Allow", allowed.encode("ascii"))],
        )
    if failure.check(HTTPException) and getattr(error, "code", None) == NotFound.status:
        return no_path(request)
    return BadRequest("The request cannot be understood.")


def no_path(request: IRequest) -> NotFound:
    """
    There is nothing at a request's path.
    """
    path = request.uri.partition(b"?")[0].decode("latin-1")
    return NotFound(f"There is nothing at {path}.")
