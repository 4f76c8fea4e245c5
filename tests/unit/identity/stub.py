"""
A small Keystone for unit tests, behind treq's in-memory transport, and a clock that only tests move.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attrs import define, field, frozen
from treq.testing import StubTreq
from twisted.internet.task import Clock
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from trio2o.identity.keystone import KeystoneClient
from trio2o.identity.plugins import load_plugin
from trio2o.identity.service_token import ServiceToken

#: When the tests' world begins, seconds since the epoch.
EPOCH = 1_800_000_000

OWN_PROJECT = "0a" * 16

OPTIONS: Mapping[str, str] = {
    "auth_url": "http://keystone.example:5000/v3",
    "username": "gateway",
    "password": "secret-of-gateway",
    "project_name": "service",
    "user_domain_id": "default",
    "project_domain_id": "default",
}


def a_clock() -> Clock:
    """
    A clock that stands at :data:`EPOCH`.
    """
    clock = Clock()
    clock.advance(EPOCH)
    return clock


def stamp(seconds: float) -> str:
    """
    A time as Keystone writes it.
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def description(
    *, user: str = "u1", project: str | None = "p1", ends: float = EPOCH + 3600, **further: Any
) -> dict[str, Any]:
    """
    What Keystone says of a good token.
    """
    token: dict[str, Any] = {
        "methods": ["password"],
        "user": {"id": user, "name": f"name of {user}", "domain": {"id": "default", "name": "Default"}},
        "audit_ids": ["a"],
        "issued_at": stamp(EPOCH),
        "expires_at": stamp(ends),
        "roles": [{"id": "r1", "name": "member"}],
    }
    if project is not None:
        token["project"] = {
            "id": project,
            "name": f"name of {project}",
            "domain": {"id": "default", "name": "D"},
        }
    return {"token": token | further}


@frozen
class Seen:
    """
    A request that the stub got.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def validates(self) -> bool:
        """
        True for a question about a token.
        """
        return self.method == "GET" and self.path.startswith("/v3/auth/tokens")


class StubKeystone(Resource):
    """
    Gives the tokens ``own-1``, ``own-2``, … and knows about those in :attr:`tokens`.
    """

    isLeaf = True

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.tokens: dict[str, dict[str, Any]] = {}
        #: Own tokens that are accepted no more.
        self.revoked: set[str] = set()
        self.seen: list[Seen] = []
        self.lifetime = 3600.0
        self.catalog: Sequence[Mapping[str, Any]] = []
        self.lists: dict[str, Any] = {}
        #: Answers instead, where it gives a status and a body.
        self.fault: Callable[[Seen], tuple[int, bytes] | None] = lambda seen: None
        #: Keep requests instead of answering them.
        self.hold = False
        self._held: list[tuple[Request, Seen]] = []
        self._given = 0
        self.http = StubTreq(self)

    def count(self, method: str) -> int:
        """
        How many requests of a method came.
        """
        return sum(seen.method == method for seen in self.seen)

    def release(self) -> None:
        """
        Answer what was held.
        """
        self.hold = False
        held, self._held = self._held, []
        for request, seen in held:
            if not request._disconnected:
                request.write(self._answer(request, seen))
                request.finish()
        self.http.flush()

    def render(self, request: Request) -> bytes | int:
        headers = {
            name.decode().lower(): values[-1].decode()
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        seen = Seen(request.method.decode(), request.uri.decode(), headers, request.content.read())
        self.seen.append(seen)
        if self.hold:
            self._held.append((request, seen))
            request.notifyFinish().addErrback(lambda _: None)
            return NOT_DONE_YET
        return self._answer(request, seen)

    def _answer(self, request: Request, seen: Seen) -> bytes:
        request.setHeader(b"Content-Type", b"application/json")
        wrong = self.fault(seen)
        if wrong is not None:
            request.setResponseCode(wrong[0])
            return wrong[1]
        path = request.path.decode()
        if seen.method == "POST":
            self._given += 1
            request.setResponseCode(201)
            request.setHeader(b"X-Subject-Token", b"own-%d" % self._given)
            return json.dumps(self._own_description()).encode()
        own = seen.headers.get("x-auth-token", "")
        if not own.startswith("own-") or own in self.revoked:
            return self._error(request, 401)
        if path == "/v3/auth/tokens":
            subject = seen.headers.get("x-subject-token", "")
            found = self._own_description() if subject == own else self.tokens.get(subject)
            if found is None:
                return self._error(request, 404, f"Could not find token: {subject}.")
            return json.dumps(found).encode()
        name = path.rpartition("/")[2]
        if name not in self.lists:
            return self._error(request, 403)
        return json.dumps({name: self.lists[name]}).encode()

    def _own_description(self) -> Mapping[str, Any]:
        now = self.clock.seconds()
        return description(
            user="gateway",
            project=OWN_PROJECT,
            ends=now + self.lifetime,
            issued_at=stamp(now),
            catalog=self.catalog,
        )

    def _error(self, request: Request, status: int, message: str = "no") -> bytes:
        request.setResponseCode(status)
        return json.dumps({"error": {"code": status, "message": message, "title": "t"}}).encode()


@define
class World:
    """
    A stub Keystone and what talks to it.
    """

    clock: Clock = field(factory=a_clock)
    keystone: StubKeystone = field(init=False)
    client: KeystoneClient = field(init=False)
    own: ServiceToken = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.keystone = StubKeystone(self.clock)
        self.client = a_client(self.keystone.http, self.clock)
        self.own = ServiceToken(self.client, self.clock, chance=lambda: 1.0)


def a_client(http: Any, clock: Clock, **options: Any) -> KeystoneClient:
    """
    A client for the stub, as the user ``gateway``.
    """
    return KeystoneClient(http, clock, load_plugin("password", OPTIONS), **options)


def status(code: int, body: bytes = b"") -> Callable[[Seen], tuple[int, bytes]]:
    """
    A fault: every answer has this status.
    """
    return lambda seen: (code, body)
