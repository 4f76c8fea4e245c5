"""
Keystone's Identity API v3, as far as the daemon needs it: get a token, look at a token, read lists.

What Keystone says in an error never leaves this module: it may quote the token that was asked about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from attrs import define, field, frozen
from keystoneauth1 import access
from keystoneauth1.exceptions import ClientException
from keystoneauth1.identity.v3 import base as v3
from treq.client import HTTPClient
from twisted.internet import defer, error
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.client import RequestTransmissionFailed, ResponseFailed
from twisted.web.http_headers import Headers

from trio2o.errors import Unavailable
from trio2o.identity.plugins import PluginAnswer, PluginRequest, Wanted, run_plugin
from trio2o.identity.transport import AnswerTooLarge, read_body

#: How many requests one authentication may take; OpenID Connect with discovery and a scope takes four.
_MOST_STEPS = 8

#: How many callers may wait for a free connection, for each that has one.
_QUEUE = 16

#: What a request ends with when Keystone was not reached or broke off.
_TRANSPORT = (
    defer.TimeoutError,
    error.ConnectError,
    error.ConnectingCancelledError,
    error.ConnectionClosed,
    error.DNSLookupError,
    RequestTransmissionFailed,
    ResponseFailed,
    AnswerTooLarge,
)

#: Tells Keystone that the asker respects access rules; without it, tokens that have them are not found.
_ACCESS_RULES = ("OpenStack-Identity-Access-Rules", "1.0")


class OwnTokenRefused(Exception):
    """
    Keystone does not accept the token that the daemon itself came with.
    """


class SubjectUnknown(Exception):
    """
    The token that was asked about is unknown to Keystone, ended or revoked.
    """


class NotPermitted(Exception):
    """
    The daemon's user may not do this.
    """


@frozen(kw_only=True)
class Grant:
    """
    A token that Keystone gave to the daemon.
    """

    token: bytes = field(repr=False)
    #: Seconds from its issue to its end: independent of how the two clocks differ.
    lifetime: float
    access: access.AccessInfoV3 = field(repr=False)


def away(why: str, *, retry_after: float = 1.0) -> Unavailable:
    """
    The error for "Keystone cannot be asked" (I18); ``why`` is for admins and holds no secret.
    """
    return Unavailable(
        "The identity service cannot be asked at the moment. Try again.",
        admin_detail=f"Keystone: {why}",
        headers=[(b"Retry-After", b"%d" % max(1, round(retry_after)))],
    )


@define(eq=False)
class KeystoneClient:
    """
    One Keystone, over an HTTP client that is shared by all requests to it.

    Every method raises :class:`~trio2o.errors.Unavailable` where Keystone does not answer in time, answers
    with an error of its own, or with what is not understood.
    """

    _http: HTTPClient
    _clock: IReactorTime
    _plugin: v3.BaseAuth
    #: Seconds for one request, the wait for a connection and the reading of the answer with it.
    timeout: float = 10.0
    #: The largest answer that is read, in bytes; catalogs of large clouds have some hundred kilobytes.
    body_limit: int = 4 * 1024 * 1024
    #: How many requests may be under way at once.
    concurrency: int = 32
    #: Why the last request had no answer of Keystone's own; empty when it had, or nothing was asked yet.
    problem: str = field(default="", init=False)
    _slots: DeferredSemaphore = field(init=False)
    _log = Logger()

    def __attrs_post_init__(self) -> None:
        self._slots = DeferredSemaphore(self.concurrency)

    @property
    def root(self) -> str:
        """
        The URL of the Identity API v3, for ``WWW-Authenticate`` where nothing else is configured.
        """
        return str(self._plugin.auth_url).rstrip("/")

    async def authenticate(self) -> Grant:
        """
        Get a token for the daemon's own user.

        :raises Unavailable: also where Keystone refuses the credentials, which is logged.
        """
        answers: dict[PluginRequest, PluginAnswer] = {}
        try:
            while len(answers) < _MOST_STEPS:
                try:
                    return _grant(run_plugin(self._plugin, answers))
                except Wanted as wanted:
                    answers[wanted.request] = await self._send(wanted.request)
        except ClientException as problem:
            status = getattr(problem, "http_status", None)
            self._log.error(
                "Keystone at {root} gives the daemon no token: {kind} ({status})",
                root=self.root,
                kind=type(problem).__name__,
                status=status,
            )
            raise away(f"no token for the daemon ({type(problem).__name__}, {status})") from None
        except (AttributeError, KeyError, TypeError, ValueError) as problem:
            self._misunderstood("auth/tokens", problem)
        raise away("the authentication plugin does not come to an end")

    async def show_token(
        self, own: bytes, subject: bytes, *, allow_expired: bool = False, catalog: bool = False
    ) -> access.AccessInfoV3:
        """
        What Keystone knows of a token (``GET /v3/auth/tokens``), asked with the daemon's own.

        :raises SubjectUnknown: if the token is not good.
        :raises OwnTokenRefused: if the daemon's is not.
        """
        query = [] if catalog else ["nocatalog=1"]
        if allow_expired:
            query.append("allow_expired=1")
        target = "auth/tokens" + ("?" + "&".join(query) if query else "")
        answer = await self._get(target, own, (("X-Subject-Token", subject.decode("latin-1")), _ACCESS_RULES))
        if answer.status_code == 404:
            raise SubjectUnknown
        if answer.status_code == 403:
            self._log.error(
                "Keystone at {root} does not let the daemon validate tokens; it needs the role service",
                root=self.root,
            )
        try:
            self._demand(answer, "auth/tokens")
        except NotPermitted:
            raise away("the daemon's user may not validate tokens") from None
        body = self._document(answer, "auth/tokens")
        if not isinstance(body.get("token"), Mapping):
            self._misunderstood("auth/tokens", KeyError("token"))
        return access.AccessInfoV3(cast("Any", body))

    async def read(self, own: bytes, path: str) -> Mapping[str, Any]:
        """
        A document of the Identity API: ``services``, ``endpoints``.

        :raises OwnTokenRefused: if the daemon's token is not good.
        :raises NotPermitted: if the daemon's user may not read it.
        """
        answer = await self._get(path, own)
        self._demand(answer, path)
        return self._document(answer, path)

    async def _get(self, target: str, own: bytes, fields: tuple[tuple[str, str], ...] = ()) -> PluginAnswer:
        headers = (("Accept", "application/json"), ("X-Auth-Token", own.decode("latin-1")), *fields)
        return await self._send(
            PluginRequest(method="GET", url=f"{self.root}/{target}", headers=headers, body=b"")
        )

    async def _send(self, request: PluginRequest) -> PluginAnswer:
        if len(self._slots.waiting) >= self.concurrency * _QUEUE:
            raise away("too many requests wait for it")
        try:
            exchange = Deferred.fromCoroutine(self._exchange(request))
            answer: PluginAnswer = await exchange.addTimeout(self.timeout, self._clock)
        except _TRANSPORT as problem:
            kind = type(problem).__name__
            self._log.info("Keystone at {root} does not answer: {kind}", root=self.root, kind=kind)
            self.problem = f"no answer ({kind})"
            raise away(self.problem) from None
        self.problem = f"status {answer.status_code}" if answer.status_code >= 500 else ""
        return answer

    async def _exchange(self, request: PluginRequest) -> PluginAnswer:
        await self._slots.acquire()
        try:
            response = await self._http.request(
                request.method,
                request.url,
                headers=Headers({name: [value] for name, value in request.headers}),
                data=request.body if request.method == "POST" else None,
                allow_redirects=False,
                unbuffered=True,
                # Only keeps treq from taking the global reactor; the time limit is ours.
                reactor=cast("Any", self._clock),
            )
            body = await read_body(response, self.body_limit)
        finally:
            self._slots.release()
        fields = {name: values[-1] for name, values in response.headers.getAllRawHeaders()}
        return PluginAnswer(
            status_code=response.code,
            content=body,
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in fields.items()},
        )

    def _demand(self, answer: PluginAnswer, path: str) -> None:
        """
        Go on only with status 200.
        """
        if answer.status_code == 401:
            raise OwnTokenRefused
        if answer.status_code == 403:
            raise NotPermitted
        if answer.status_code != 200:
            self._log.warn(
                "Keystone at {root} answers {path} with status {status}",
                root=self.root,
                path=path,
                status=answer.status_code,
            )
            raise away(f"status {answer.status_code} from {path}")

    def _document(self, answer: PluginAnswer, path: str) -> Mapping[str, Any]:
        try:
            body = json.loads(answer.content)
        except ValueError as problem:
            self._misunderstood(path, problem)
        if not isinstance(body, Mapping):
            self._misunderstood(path, TypeError("not an object"))
        return body

    def _misunderstood(self, path: str, problem: Exception) -> NoReturn:
        self._log.warn(
            "Keystone at {root} answers {path} with what is not understood: {kind}",
            root=self.root,
            path=path,
            kind=type(problem).__name__,
        )
        raise away(f"an answer that is not understood from {path}") from None


def _grant(info: access.AccessInfoV3) -> Grant:
    token, expires, issued = info.auth_token, info.expires, info.issued
    if not token or expires is None or issued is None:
        raise ValueError("a token without its times")
    return Grant(token=token.encode("ascii"), lifetime=(expires - issued).total_seconds(), access=info)
