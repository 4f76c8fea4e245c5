"""
Requests as bytes, so that wrong ones can be sent too, and answers as they came.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

#: Seconds that an answer may take: a create waits for the pod's Neutron and Placement.
PATIENCE = 120.0


@frozen(kw_only=True)
class Reply:
    """
    An answer; field names keep the spelling that they were sent with.
    """

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def field(self, name: str) -> str | None:
        """
        The first value of a header field.
        """
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    def json(self) -> Any:
        """
        The body, read as JSON.

        :raises AssertionError: if it is none; the text shows what came instead.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise AssertionError(f"{self.status}: no JSON: {self.body[:500]!r}") from None


def send(
    root: str, method: str, target: str, fields: Iterable[tuple[str, str]] = (), body: bytes | None = None
) -> Reply:
    """
    Send one request on a connection of its own. Nothing is added but ``Host``, ``Content-Length`` and ``Connection``.

    :param root: scheme, host and port.
    :param target: the path and query as they go on the wire.
    """
    place = urlsplit(root)
    assert place.scheme == "http", "the test cloud is on the loopback address"
    assert place.hostname is not None
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        if body is not None or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.putheader("Connection", "close")
        try:
            connection.endheaders(body)
        except (BrokenPipeError, ConnectionResetError):
            # refused before all of a large body was sent; what was said about it is still there to be read
            pass
        answer = connection.getresponse()
        return Reply(status=answer.status, fields=tuple(answer.getheaders()), body=answer.read())
    finally:
        connection.close()
