"""
What a fake service answers: answers, faults, and when a rendered answer may be sent again.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import field, frozen


class Revision:
    """
    Counts the changes of one thing, so that an answer made from it can be kept until the next change.
    """

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0

    def bump(self) -> None:
        """
        Note a change: kept answers that depend on this are stale from now on.
        """
        self.number += 1


@frozen(kw_only=True)
class Answer:
    """
    One answer. ``body`` is bytes as they are, or a JSON value, or None for no body.

    ``without`` names header fields that the service's style would add and the real service leaves out here.

    With ``depends_on`` the rendered bytes of a 200 to a GET are sent again for the same request (path, token,
    host, microversion) until that revision moves.
    """

    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    depends_on: Revision | None = None
    without: frozenset[str] = frozenset()

    def rendered(self) -> bytes:
        """
        The body's bytes, with the spaces after commas and colons that OpenStack's services send.
        """
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body).encode("ascii")


@frozen
class Fault(Exception):
    """
    An error that the service's style renders. ``name`` is for faults whose name does not follow from the
    status (Neutron's types); ``with_versions`` is False where the real service leaves out its microversion
    headers.
    """

    status: int
    message: str
    name: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    with_versions: bool = field(default=True, kw_only=True)


def not_found(message: str) -> Fault:
    """
    A 404 with these words.
    """
    return Fault(404, message)


def bad_request(message: str) -> Fault:
    """
    A 400 with these words.
    """
    return Fault(400, message)


def conflict(message: str) -> Fault:
    """
    A 409 with these words.
    """
    return Fault(409, message)


def forbidden(message: str) -> Fault:
    """
    A 403 with these words.
    """
    return Fault(403, message)
