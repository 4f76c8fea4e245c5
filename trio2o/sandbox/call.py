"""
One request as a fake service's handler sees it, and the mark that makes a method a handler.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from attrs import define, field, frozen
from twisted.web.server import Request

from trio2o.sandbox.answers import Answer, Fault
from trio2o.sandbox.behaviours import Behaviour, BehaviourBook


@frozen(kw_only=True)
class Caller:
    """
    Who asks, as Keystone told it.
    """

    user_id: str
    project_id: str | None = None
    roles: frozenset[str] = frozenset()
    user_name: str = ""
    project_name: str = ""

    @property
    def is_admin(self) -> bool:
        """
        Whether the caller has the role ``admin``, which the fakes' policies want for admin operations.
        """
        return "admin" in self.roles


ANONYMOUS = Caller(user_id="")


@define(kw_only=True)
class Call:
    """
    A request after the frame's work.

    ``path`` is what is left below the prefix and the project id, ``prefix`` the version's prefix (``/v2.1``),
    ``url_project`` the project id in the URL if it had one, ``origin`` the scheme and host for links,
    ``minor`` the microversion's second number (the style sets it), ``query`` the decoded pairs in order.
    """

    request: Request
    request_id: str
    method: str
    full_path: str
    prefix: str
    path: str
    origin: str
    query: list[tuple[str, str]]
    hints: BehaviourBook
    url_project: str | None = None
    caller: Caller = ANONYMOUS
    minor: int = 0
    version_headers: tuple[tuple[str, str], ...] = ()
    global_request_id: str | None = None
    body: bytes = b""
    _parsed: tuple[Any] | None = field(default=None, init=False)

    @property
    def project_id(self) -> str:
        """
        The caller's project id; empty for an unscoped token.
        """
        return self.caller.project_id or ""

    @property
    def base(self) -> str:
        """
        What stands before a resource's path in a link: origin, version and the project id if the URL had it.
        """
        return self.origin + self.prefix + (f"/{self.url_project}" if self.url_project else "")

    def header(self, name: str) -> str | None:
        """
        The last value of a request header.
        """
        values = self.request.requestHeaders.getRawHeaders(name)
        return values[-1] if values else None

    def arg(self, name: str, default: str | None = None) -> str | None:
        """
        The last value of a query parameter.
        """
        found = default
        for key, value in self.query:
            if key == name:
                found = value
        return found

    def args(self, name: str) -> list[str]:
        """
        All values of a query parameter, in order.
        """
        return [value for key, value in self.query if key == name]

    def json(self) -> Any:
        """
        The body as JSON; None without a body.

        :raises Fault: 400 if it is malformed.
        """
        if self._parsed is None:
            if not self.body:
                self._parsed = (None,)
            else:
                try:
                    self._parsed = (json.loads(self.body),)
                except ValueError as error:
                    raise Fault(400, "Malformed request body") from error
        return self._parsed[0]

    def injected(self, kind: str) -> Behaviour | None:
        """
        The service's own behaviour of this kind (``quota``, ``no_valid_host``, …) if one is set for this
        request; asking uses it up once.
        """
        if not self.hints:
            return None
        return self.hints.take_hint(kind, self.method, self.full_path, self.caller.project_id)


Handler = Callable[..., Answer | Awaitable[Answer]]
HandlerT = TypeVar("HandlerT", bound=Handler)
_MARK = "_sandbox_routes"


def route(method: str, path: str) -> Callable[[HandlerT], HandlerT]:
    """
    Mark a method as the handler of an operation; ``path`` is a werkzeug rule below version and project.

    The method takes the `Call` and the rule's variables and gives an `Answer`, now or later; it raises
    `Fault`.
    """

    def mark(handler: HandlerT) -> HandlerT:
        marks: list[tuple[str, str]] = handler.__dict__.setdefault(_MARK, [])
        marks.append((method, path))
        return handler

    return mark


def routes_of(group: object) -> list[tuple[str, str, Handler]]:
    """
    The marked methods of an object: method, path and bound handler.
    """
    found = []
    for name in dir(type(group)):
        for method, path in getattr(getattr(type(group), name), _MARK, ()):
            found.append((method, path, getattr(group, name)))
    return found
