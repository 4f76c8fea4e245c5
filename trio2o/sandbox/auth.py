"""
How the fake pods check tokens, at a real or a fake Keystone.
"""

from __future__ import annotations

from typing import Any, Protocol

import treq
from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.web.client import ResponseFailed
from twisted.web.iweb import IResponse

from trio2o.sandbox.frame import Caller, Fault

_KEPT_CALLERS = 50_000


class HTTPGetter(Protocol):
    """
    What is used of a treq client.
    """

    def get(self, url: str, **kwargs: Any) -> Deferred[IResponse]: ...


@define(eq=False)
class TokenVerifier:
    """
    Asks Keystone once for each token, with the token itself: everybody may validate an own token, so the pods
    need no credentials. What Keystone accepted is believed for ever (a fake pod does not notice a token's
    end; the gateway is what is tested for that), what it refused is asked again.

    ``keystone_url`` ends in ``/v3``; ``http`` is a treq client. Concurrent calls for one token share a
    request.
    """

    keystone_url: str
    http: HTTPGetter
    _callers: dict[str, Caller] = field(factory=dict, init=False)
    _asking: dict[str, list[Deferred[Caller | None]]] = field(factory=dict, init=False)

    def peek(self, token: str) -> Caller | None:
        """
        The token's caller if Keystone told it before.
        """
        return self._callers.get(token)

    async def verify(self, token: str) -> Caller | None:
        """
        The token's caller; None for a token that Keystone does not accept.

        :raises Fault: 503 if Keystone does not answer, or with an error of its own.
        """
        known = self._callers.get(token)
        if known is not None:
            return known
        waiting = self._asking.get(token)
        if waiting is not None:
            shared: Deferred[Caller | None] = Deferred()
            waiting.append(shared)
            return await shared
        self._asking[token] = []
        try:
            caller = await self._ask(token)
        except BaseException as error:
            failure = error if isinstance(error, Fault) else _unavailable()
            for each in self._asking.pop(token):
                each.errback(failure)
            raise
        if caller is not None:
            if len(self._callers) >= _KEPT_CALLERS:
                self._callers.clear()
            self._callers[token] = caller
        for each in self._asking.pop(token):
            each.callback(caller)
        return caller

    async def _ask(self, token: str) -> Caller | None:
        headers = {
            "Accept": "application/json",
            "X-Auth-Token": token,
            "X-Subject-Token": token,
            "OpenStack-Identity-Access-Rules": "1",
        }
        try:
            response = await self.http.get(f"{self.keystone_url}/auth/tokens?nocatalog", headers=headers)
            content = await treq.json_content(response)
        except CancelledError:
            raise
        except (ConnectError, ConnectionClosed, ResponseFailed, ValueError) as error:
            raise _unavailable() from error
        if response.code in (401, 403, 404):
            return None
        if response.code != 200:
            raise _unavailable()
        return _caller(content["token"])


def _caller(token: Any) -> Caller:
    project = token.get("project", {})
    return Caller(
        user_id=token["user"]["id"],
        user_name=token["user"]["name"],
        project_id=project.get("id"),
        project_name=project.get("name", ""),
        roles=frozenset(role["name"] for role in token.get("roles", ())),
    )


def _unavailable() -> Fault:
    return Fault(503, "The Keystone service is temporarily unavailable.")
