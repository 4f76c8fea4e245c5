"""
What every request goes through, in one place: ids, authentication, versions, errors, the answer, the record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

from attrs import define, evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import BadRequest, DatabaseUnavailable, GatewayError, PodFailure, Unauthorized, Unavailable
from trio2o.exchange import Answer, HeaderList, Inbound
from trio2o.interfaces import ITokenValidator
from trio2o.model import AccessRule, Identity, RequestContext
from trio2o.rewriting.headers import forwarded, looped, returned
from trio2o.scheduling.explaining import Explanation
from trio2o.strategies.forwarding import told
from trio2o.surface.microversions import Version
from trio2o.surface.operations import Operation
from trio2o.surface.surfaces import Surface
from trio2o.web import explaining
from trio2o.web.completeness import FIELD, incomplete, refused, wants_all
from trio2o.web.faults import UNEXPECTED, fault
from trio2o.web.incoming import Trust, derived_root, header_list, last, peer, split_target
from trio2o.web.record import RequestRecord
from trio2o.web.relay import relay
from trio2o.web.request_ids import REQUEST_IDS, global_id, pods_id
from trio2o.web.streaming import GatewayRequest
from trio2o.web.versioning import Versioning

Handler = Callable[[Inbound, RequestContext], Awaitable[Answer]]
AccessCheck = Callable[[tuple[AccessRule, ...] | None, str, str, str], bool]

_log = Logger()
_UNAUTHENTICATED = "The request you have made requires authentication."
#: What a client that hung up is recorded as, as nginx does.
CLIENT_LEFT = 499
#: Who is behind a request that needs no token.
NOBODY = Identity(user_id="", project_id=None, roles=frozenset(), expires_at=0.0)


class Unexpected(GatewayError):
    """
    A bug. The client gets the request id, the log the traceback.
    """


@define(kw_only=True)
class Wrapper:
    """
    One surface's wrapper around its handlers.
    """

    #: ``None`` for the admin surface, which has no pods behind it and no microversions.
    _surface: Surface | None
    _tokens: ITokenValidator
    _access: AccessCheck
    _versioning: Versioning | None
    _clock: IReactorTime
    #: Told of every request when it begins, and when nothing of it runs any more.
    _began: Callable[[], None]
    _ended: Callable[[], None]
    #: Told of every request when it is over.
    _observe: Callable[[RequestRecord], None]
    #: The value of ``WWW-Authenticate``.
    _www_authenticate: bytes
    #: What links begin with; ``None`` derives it from the ``Host`` that the client sent.
    _public_root: bytes | None
    #: The balancers whose ``X-Forwarded-*`` is believed.
    _trust: Trust
    #: How this gateway calls itself in ``Via``.
    _pseudonym: bytes
    #: Who may read why a create went where it went.
    _may_explain: Callable[[Identity], bool] = lambda identity: False

    @property
    def name(self) -> str:
        """
        The surface's name.
        """
        return "admin" if self._surface is None else self._surface.name

    def wrapped(
        self,
        request: GatewayRequest,
        handler: Handler,
        *,
        operation: Operation,
        ids: Mapping[str, str] | None = None,
        url_project: str | None = None,
        needs_token: bool = True,
    ) -> Deferred[None]:
        """
        Authenticate, carry out, answer, record. The result fires when the answer is out, and never fails.

        :param url_project: the project id in the path, if it has one; it must be the token's.
        :param needs_token: False for version documents and the like; the handler's context then stands for nobody.
        """
        record = RequestRecord(
            surface=self.name,
            method=request.method,
            target=request.uri,
            client=self._trust.client(request),
            request_id=f"req-{uuid4()}",
            operation=operation.path,
            strategy=operation.strategy,
        )
        work = _Work(self, request, handler, operation, ids or {}, url_project, needs_token, record)
        return Deferred.fromCoroutine(work.run())


@define
class _Work:
    """
    One request on its way through the wrapper.
    """

    _of: Wrapper
    _request: GatewayRequest
    _handler: Handler
    _operation: Operation
    _ids: Mapping[str, str]
    _url_project: str | None
    _needs_token: bool
    _record: RequestRecord
    _identity: Identity = NOBODY
    _asked: Version | None = None
    #: True where the client takes a whole answer or none.
    _wants_all: bool = False
    #: Why a create went where it went, where the client asked for that and may know.
    _explanation: Explanation | None = None
    _explains: bool = False

    async def run(self) -> None:
        """
        Everything, to the record.
        """
        wrapper, record = self._of, self._record
        started = wrapper._clock.seconds()
        wrapper._began()
        try:
            try:
                answer = await self._carried_out()
                if answer.missing and self._wants_all and answer.status < 400:
                    answer = evolve(self._fault(refused(answer)), missing=answer.missing, pods=answer.pods)
            except GatewayError as error:
                answer = self._fault(error)
            except PodFailure as failure:
                answer = self._fault(told(failure))
            except DatabaseUnavailable:
                answer = self._fault(
                    Unavailable(
                        "The service is not available at the moment.",
                        admin_detail="the database is away",
                        headers=[(b"Retry-After", b"5")],
                    )
                )
            record.pod_seconds = wrapper._clock.seconds() - started
            record.status = answer.status
            record.pods = answer.pods
            record.missing = tuple(pod.name for pod in answer.missing)
            record.sent, record.whole = await relay(
                self._request, evolve(answer, headers=self._headers(answer))
            )
        except CancelledError:
            record.status = record.status or CLIENT_LEFT
            record.whole = False
        except Exception as error:  # noqa: BLE001 - the last resort of every request
            _log.failure("{request_id}: unexpected", failure=Failure(error), request_id=record.request_id)
            await self._apologise(str(type(error).__name__))
        record.duration = wrapper._clock.seconds() - started
        try:
            wrapper._observe(record)
        except Exception as error:  # noqa: BLE001 - the request is answered, and must not seem to run for ever
            _log.failure("{request_id}: unobserved", failure=Failure(error), request_id=record.request_id)
        wrapper._ended()

    async def _carried_out(self) -> Answer:
        wrapper, request, record = self._of, self._request, self._record
        fields = header_list(request)
        if looped(fields, wrapper._pseudonym):
            raise BadRequest(
                "The request has passed this gateway before.",
                admin_detail="an endpoint of a pod names the gateway itself",
            )
        self._wants_all = wants_all(request.method, last(request, FIELD))
        token = last(request, b"x-auth-token")
        if self._needs_token:
            self._identity = await self._authenticated(token)
        if explaining.wanted(last(request, explaining.FIELD)):
            self._explains = wrapper._may_explain(self._identity)
        if wrapper._versioning is not None:
            self._asked, fields = wrapper._versioning.negotiated(fields)
        sent_id = global_id(last(request, b"x-openstack-request-id"))
        context = RequestContext(
            request_id=record.request_id,
            global_request_id=sent_id,
            surface=wrapper.name,
            identity=self._identity,
            token=token,
            project_id=self._identity.project_id or "",
        )
        record.global_request_id = sent_id
        record.project_id = context.project_id
        record.user_id = self._identity.user_id
        return await self._handler(self._inbound(fields, context), context)

    async def _authenticated(self, token: bytes) -> Identity:
        wrapper, request = self._of, self._request
        if not token:
            raise Unauthorized(_UNAUTHENTICATED)
        identity = wrapper._tokens.peek(token)
        if identity is None:
            service_token = last(request, b"x-service-token") or None
            identity = await wrapper._tokens.validate(token, service_token, self._record.client)
        if identity.access_rules is not None:
            method, path = request.method.decode("latin-1"), split_target(request)[0].decode("latin-1")
            service_token = last(request, b"x-service-token") or None
            if not wrapper._access(identity.access_rules, wrapper.name, method, path) and not (
                service_token and await wrapper._tokens.vouches(service_token, self._record.client)
            ):
                raise Unauthorized(_UNAUTHENTICATED)
        if (
            self._url_project is not None
            and self._url_project != identity.project_id
            and wrapper._surface is not None
        ):
            words = wrapper._surface.foreign_project
            raise BadRequest(
                words.replace("{url}", self._url_project).replace("{token}", str(identity.project_id))
            )
        return identity

    def _inbound(self, fields: HeaderList, context: RequestContext) -> Inbound:
        wrapper, request = self._of, self._request
        path, query = split_target(request)
        outgoing = forwarded(
            fields,
            peer=peer(request).encode("ascii") or b"unknown",
            scheme=b"https" if request.isSecure() else b"http",
            host=last(request, b"host"),
            pseudonym=wrapper._pseudonym,
            request_id=(context.global_request_id or context.request_id).encode("latin-1"),
            service_token=last(request, b"x-service-token") or None,
        )
        return Inbound(
            operation=self._operation,
            method=request.method,
            path=path,
            query=query,
            headers=outgoing,
            ids=self._ids,
            body=request.request_body(),
            public_root=wrapper._public_root
            or derived_root(request, trust_forwarded=wrapper._trust.covers(peer(request))),
            microversion=self._asked,
            explain=self._explain if self._explains else None,
        )

    def _explain(self, explanation: Explanation) -> None:
        self._explanation = explanation

    def _fault(self, error: GatewayError) -> Answer:
        self._record.detail = error.admin_detail or error.message
        answer = fault(
            self._of.name,
            error,
            to_admin=self._identity.is_admin,
            www_authenticate=self._of._www_authenticate,
        )
        versioning = self._of._versioning
        if versioning is None or isinstance(error, Unauthorized):
            return answer
        return evolve(answer, headers=[*answer.headers, *versioning.told(header_list(self._request), error)])

    def _headers(self, answer: Answer) -> HeaderList:
        """
        What the client gets: the answer's end-to-end fields, the request's id and what was left out.

        Where one pod's answer is passed on, the id is the pod's: Nova keeps it with what the request did to a server, and
        clients look it up there (``GET /servers/{id}/os-instance-actions/{request_id}``).
        """
        said = returned(answer.headers)
        if answer.passed_on:
            self._record.pod_request_id = pods_id(said)
        request_id = (self._record.pod_request_id or self._record.request_id).encode("ascii")
        headers = [pair for pair in said if pair[0].lower() not in REQUEST_IDS]
        headers.append((b"X-Openstack-Request-Id", request_id))
        older = any(pair[0].lower() == b"x-compute-request-id" for pair in said)
        if self._of._surface is not None and (older or not answer.passed_on):
            headers.append((b"X-Compute-Request-Id", request_id))
        versioning = self._of._versioning
        if (
            versioning is not None
            and (self._needs_token or answer.versioned)
            and not answer.passed_on
            # keystonemiddleware stands in front of what negotiates versions
            and answer.status != 401
            and not any(pair[0].lower() == b"vary" for pair in headers)
        ):
            headers.extend(versioning.told(header_list(self._request)))
        if self._explanation is not None:
            headers.append(explaining.told(self._explanation))
        if answer.missing:
            headers.extend(incomplete(answer.missing, to_admin=self._identity.is_admin))
        return headers

    async def _apologise(self, kind: str) -> None:
        """
        500 without a detail, if nothing was said yet; else the connection is cut so that nobody takes a part for the whole.
        """
        record, request = self._record, self._request
        record.detail = f"unexpected {kind}"
        if request.startedWriting:
            record.whole = False
            if request.channel is not None:
                request.channel.forceAbortClient()
            return
        record.pod_request_id = ""
        answer = self._fault(Unexpected(UNEXPECTED))
        record.status = answer.status
        record.detail = f"unexpected {kind}"
        try:
            record.sent, record.whole = await relay(request, evolve(answer, headers=self._headers(answer)))
        except CancelledError:
            record.whole = False
