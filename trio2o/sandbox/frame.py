"""
The frame around every fake service: tokens, ids, versions, faults, behaviours, journal, and a fast path.

A service is a style and some groups of handlers::

    class NeutronStyle(ServiceStyle):
        prefixes = ("/v2.0",)

        def fault(self, fault: Fault) -> Answer:
            ...                                      # Neutron's shape

    @define
    class Networks:
        state: NetworkState

        @route("GET", "/networks/<network_id>")      # a werkzeug rule below prefix (and project id)
        def show(self, call: Call, network_id: str) -> Answer:
            network = self.state.visible(network_id, call.caller)
            if network is None:
                raise Fault(404, f"Network {network_id} could not be found.", "NetworkNotFound")
            return Answer(body={"network": network.shown(call)}, depends_on=network.revision)

    def make_neutron(
        pod: PodState, verifier: TokenVerifier, wall: IReactorTime, *, auth_uri: str
    ) -> ServiceFrame:
        frame = ServiceFrame(
            style=NeutronStyle(), verifier=verifier, clock=pod.clock, wall=wall, auth_uri=auth_uri
        )
        frame.mount(Networks(NetworkState(pod)))
        pod.network = ...                            # what Nova and Cinder use of it (see `pod_state`)
        return frame

and is served by ``endpoint.listen(frame.site())``; unit tests use ``StubTreq(frame.resource())`` and
`StaticTokens`. The frame does before a handler: request id, journal, version documents, token (401),
behaviours, body limit (413), route (404), microversion (400, 406), project id in the URL (400). After it: the
fault's shape, headers, behaviours.

An `Answer` with ``depends_on`` is kept rendered until that `Revision` moves; `PodSite` sends it again without
Klein.

`TokenVerifier` is what `trio2o.sandbox.auth` gives: ``peek`` (now, from what is known) and ``verify`` (asks
Keystone). A service without tokens (Keystone itself) passes ``verifier=None``. ``auth_uri`` stands in the
401.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from inspect import isawaitable
from typing import Any, cast
from urllib.parse import parse_qsl, unquote_to_bytes

from attrs import define, field
from klein import Klein
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.web.http import datetimeToString
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource
from twisted.web.server import Request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from trio2o.sandbox.answers import Answer, Fault, Revision
from trio2o.sandbox.behaviours import BehaviourBook
from trio2o.sandbox.call import Call, Caller, Handler, route, routes_of
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.control import PREFIX, ControlStyle, SandboxControl
from trio2o.sandbox.delivery import Delivery
from trio2o.sandbox.journal import Entry, Journal
from trio2o.sandbox.kept import KeptAnswers
from trio2o.sandbox.site import FrameResource, PodSite
from trio2o.sandbox.style import ServiceStyle
from trio2o.sandbox.tokens import StaticTokens, TokenVerifier

__all__ = [
    "Answer",
    "Call",
    "Caller",
    "Fault",
    "PodSite",
    "Revision",
    "ServiceFrame",
    "ServiceStyle",
    "StaticTokens",
    "TokenVerifier",
    "route",
]


@define(kw_only=True, eq=False)
class ServiceFrame:
    """
    One fake service. ``clock`` is the pod's (states, timestamps), ``wall`` the real one (latency).
    """

    style: ServiceStyle
    verifier: TokenVerifier | None
    clock: PodClock
    wall: IReactorTime
    auth_uri: str = "http://127.0.0.1:5000/v3"
    hints: Iterable[str] = ()
    behaviours: BehaviourBook = field(init=False)
    journal: Journal = field(factory=Journal)
    _app: Klein = field(factory=Klein, init=False)
    _control_app: Klein = field(factory=Klein, init=False)
    _control_style: ServiceStyle = field(factory=ControlStyle, init=False)
    _kept: KeptAnswers = field(factory=KeptAnswers, init=False)
    _log: Logger = field(factory=Logger, init=False)

    def __attrs_post_init__(self) -> None:
        self.behaviours = BehaviourBook(self.hints)
        for app in (self._app, self._control_app):
            app.handle_errors(NotFound, RequestRedirect)(self._no_route)
            app.handle_errors(MethodNotAllowed)(self._no_method)
        self.mount_control(SandboxControl(behaviours=self.behaviours, journal=self.journal, clock=self.clock))

    def mount(self, *groups: object) -> None:
        """
        Serve the handlers of these objects (methods marked by `route`).
        """
        for group in groups:
            _mount(self._app, group, self._handle)

    def mount_control(self, *groups: object) -> None:
        """
        Serve the handlers of these objects below ``/_sandbox``, without tokens, versions and behaviours.
        """
        for group in groups:
            _mount(self._control_app, group, self._handle)

    def resource(self) -> IResource:
        """
        The whole service as a leaf resource.
        """
        return cast(IResource, FrameResource(self))

    def site(self) -> PodSite:
        """
        The whole service as a site, with the fast path and without an access log.
        """
        return PodSite(self)

    def serve_kept(self, request: Request) -> bool:
        """
        Answer at once from the kept answers, if there is one that is still true.
        """
        if request.method != b"GET" or self.behaviours:
            return False
        kept = self._kept.find(request)
        caller = None if kept is None else self._known(kept.token)
        if kept is None or caller is None:
            return False
        request_id = _new_request_id()
        entry = self._note(request, b"", request_id)
        entry.project, entry.status = caller.project_id, kept.status
        headers = request.responseHeaders
        for name, value in kept.headers:
            headers.addRawHeader(name, value)
        for text_name, text in self.style.request_id_headers(request_id):
            headers.addRawHeader(text_name, text)
        headers.addRawHeader(b"Date", datetimeToString())
        request.setResponseCode(kept.status)
        request.write(kept.body)
        request.finish()
        return True

    def start(self, request: Request) -> None:
        """
        Begin to answer a request.
        """
        if request.path.startswith(b"//"):  # read by the services' server as one slash
            request.path = b"/" + request.path.lstrip(b"/")
        path = request.path.decode("latin-1")
        content = request.content
        body = content.read() if content is not None else b""
        request_id = _new_request_id()
        if path == PREFIX or path.startswith(PREFIX + "/"):
            call = self._call(request, request_id, body, PREFIX, None, path[len(PREFIX) :])
            delivery = Delivery(request=request, style=self._control_style, call=call, wall=self.wall)
            self._dispatch(self._control_app, delivery)
            return
        entry = self._note(request, body, request_id)
        prefix, project, rest = self.style.split(path) or ("", None, path)
        call = self._call(request, request_id, body, prefix, project, rest)
        delivery = Delivery(request=request, style=self.style, call=call, wall=self.wall, entry=entry)
        Deferred.fromCoroutine(self._serve(delivery)).addErrback(self._broken, delivery)

    async def _serve(self, delivery: Delivery) -> None:
        """
        What the frame does before a handler; the route's handler follows by `_dispatch`.
        """
        call, style = delivery.call, self.style
        try:
            document = style.document(call)
            reached = document is not None or await self._authenticate(call)
        except Fault as fault:
            delivery.send(style.fault(fault))
            return
        if delivery.entry is not None:
            delivery.entry.project = call.caller.project_id
        taken = self.behaviours.take(call.method, call.full_path, call.caller.project_id)
        if not await delivery.before(taken):
            return
        if document is not None:
            delivery.send(document)
        elif not reached:
            delivery.send(style.unauthenticated(self.auth_uri))
        elif len(call.body) > style.max_body:
            delivery.send(style.too_large(call))
        else:
            try:
                style.negotiate(call)
                style.check_project(call)
            except Fault as fault:
                if self._app.url_map.bind("").test(call.path, call.method):
                    delivery.send(style.fault(fault), with_versions=fault.with_versions)
                else:
                    delivery.send(style.unknown_path(call), with_versions=False)
                return
            self._dispatch(self._app, delivery)

    async def _authenticate(self, call: Call) -> bool:
        if self.verifier is None:
            return True
        token = call.header("X-Auth-Token")
        if not token:
            return False
        caller = self.verifier.peek(token)
        if caller is None:
            caller = await self.verifier.verify(token)
        if caller is None:
            return False
        call.caller = caller
        return True

    def _dispatch(self, app: Klein, delivery: Delivery) -> None:
        request = delivery.request
        request.setComponent(Delivery, delivery)
        request.prepath = []
        request.postpath = [unquote_to_bytes(part) for part in delivery.call.path.split("/")[1:]]
        app.resource().render(request)

    def _handle(self, handler: Handler, request: Request, **variables: Any) -> Deferred[None]:
        """
        Run a handler for Klein.
        """
        delivery = _delivery(request)
        ended = delivery.ended()
        work = Deferred.fromCoroutine(self._answer(handler, delivery, variables))
        work.addErrback(self._broken, delivery)
        return ended

    async def _answer(self, handler: Handler, delivery: Delivery, variables: Mapping[str, Any]) -> None:
        try:
            result = handler(delivery.call, **variables)
            answer = await result if isawaitable(result) else result
        except Fault as fault:
            delivery.send(delivery.style.fault(fault), with_versions=fault.with_versions)
            return
        self._kept.keep(delivery.request, answer, delivery.call.version_headers)
        delivery.send(answer)

    def _known(self, token: str) -> Caller | None:
        return None if self.verifier is None else self.verifier.peek(token)

    def _note(self, request: Request, body: bytes, request_id: str) -> Entry:
        return self.journal.note(
            self.wall.seconds(), request.method, request.uri, request.requestHeaders, body, request_id
        )

    def _call(
        self, request: Request, request_id: str, body: bytes, prefix: str, project: str | None, rest: str
    ) -> Call:
        host = request.getHeader("host")
        scheme = "https" if request.isSecure() else "http"
        origin = self.style.link_prefix or f"{scheme}://{host or '127.0.0.1'}"
        _, _, query = request.uri.partition(b"?")
        return Call(
            request=request,
            request_id=request_id,
            method=request.method.decode("latin-1"),
            full_path=request.path.decode("latin-1"),
            prefix=prefix,
            path=rest,
            origin=origin.rstrip("/"),
            query=parse_qsl(query.decode("latin-1"), keep_blank_values=True),
            hints=self.behaviours,
            url_project=project,
            global_request_id=request.getHeader("x-openstack-request-id"),
            body=body,
        )

    def _no_route(self, request: IRequest, failure: object) -> Deferred[None]:
        delivery = _delivery(request)
        delivery.send(delivery.style.unknown_path(delivery.call), with_versions=False)
        return (
            Deferred()
        )  # Klein would finish the request a second time: it watches only requests with a route

    def _no_method(self, request: IRequest, failure: object) -> Deferred[None]:
        delivery = _delivery(request)
        delivery.send(delivery.style.wrong_method(delivery.call), with_versions=False)
        return Deferred()

    def _broken(self, failure: Any, delivery: Delivery) -> None:
        self._log.failure("The fake service itself failed", failure=failure)
        delivery.send(delivery.style.fault(Fault(500, f"The fake service itself failed: {failure.value!r}")))


def _mount(app: Klein, group: object, handle: Callable[..., Deferred[None]]) -> None:
    for method, path, handler in routes_of(group):

        def serve(request: Request, _handler: Handler = handler, **variables: Any) -> Deferred[None]:
            return handle(_handler, request, **variables)

        app.route(path, methods=[method], endpoint=f"{method} {path}", strict_slashes=True)(serve)


def _delivery(request: Any) -> Delivery:
    delivery = request.getComponent(Delivery)
    assert isinstance(delivery, Delivery)
    return delivery


def _new_request_id() -> str:
    return f"req-{uuid.uuid4()}"
