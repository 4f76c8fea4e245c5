"""
Asking an HTTP service and looking at what it says, for tests against fake and real services alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import treq
from attrs import define, evolve, frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.web.http_headers import Headers


@frozen
class Reply:
    """
    A whole answer.
    """

    status: int
    headers: Headers
    content: bytes

    @property
    def json(self) -> Any:
        """
        The body as JSON.
        """
        return json.loads(self.content)

    def header(self, name: str) -> str | None:
        """
        The last value of a field.
        """
        values = self.headers.getRawHeaders(name)
        return values[-1] if values else None


@frozen
class Who:
    """
    A token, its project and its user.
    """

    token: str
    project: str
    user: str = ""


@define
class Api:
    """
    A service at a URL. ``http`` is a treq client or a `StubTreq`.
    """

    http: Any
    url: str
    headers: Mapping[str, str] = {}

    async def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """
        Ask and read the whole answer. ``body`` is bytes as they are, or a JSON value.
        """
        fields = {**self.headers, **(headers or {})}
        if token is not None:
            fields["X-Auth-Token"] = token
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            fields.setdefault("Content-Type", "application/json")
        return await self.send(method, self.url + path, fields, data)

    async def send(self, method: str, url: str, fields: Mapping[str, str], data: bytes | None) -> Reply:
        """
        Send a request as it is.
        """
        response = await self.http.request(method, url, headers=fields, data=data)
        content = await treq.content(response)
        return Reply(response.code, response.headers, content)

    def above(self, version: str) -> Api:
        """
        The same service without the version that its URL ends in.
        """
        return evolve(self, url=self.url.removesuffix(version))


def now(coroutine: Any) -> Any:
    """
    The result of a coroutine that waits for nothing.
    """
    results: list[Any] = []
    Deferred.fromCoroutine(coroutine).addBoth(results.append)
    if not results:
        raise AssertionError("There is no answer yet.")
    if hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0]


def a_wall() -> Clock:
    """
    A clock for what the sandbox does in real time.
    """
    return Clock()
