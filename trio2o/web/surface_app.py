"""
One surface's Klein application: version documents, health, and a route for every row of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field
from klein import Klein
from twisted.internet.defer import Deferred
from twisted.web.resource import IResource
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from trio2o.errors import MethodNotAllowed, NotFound
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IStrategy
from trio2o.model import RequestContext
from trio2o.surface.compute import EVERY
from trio2o.surface.matching import PROJECT_ID, MethodMissing, Table, klein_rules, split
from trio2o.surface.operations import Operation
from trio2o.surface.surfaces import Surface
from trio2o.web.documents import root_document, version_document
from trio2o.web.streaming import GatewayRequest
from trio2o.web.versioning import Versioning
from trio2o.web.wrapper import Wrapper

_ROOT = Operation(methods=frozenset({"GET", "HEAD"}), path="/", strategy="local")
_VERSION = Operation(methods=frozenset({"GET", "HEAD"}), path="/{version}", strategy="local")
_HEALTH = Operation(methods=frozenset({"GET", "HEAD"}), path="/healthcheck", strategy="local")
_UNKNOWN = Operation(methods=EVERY, path="unmatched", strategy="local")

_READS = ["GET", "HEAD"]
_PLAIN = [(b"Content-Type", b"text/plain; charset=UTF-8")]


class _Project(BaseConverter):
    """
    A project id in a Klein rule.
    """

    regex = PROJECT_ID


@define(kw_only=True)
class SurfaceApp:
    """
    Klein owns these routes; :class:`trio2o.web.front.Front` may take hot ones ahead of it.
    """

    _surface: Surface
    _wrapper: Wrapper
    _versioning: Versioning
    _strategies: Mapping[str, IStrategy]
    _table: Table
    #: True once the daemon is on its way out.
    _draining: Callable[[], bool] = lambda: False
    _app: Klein = field(factory=Klein, init=False)

    def __attrs_post_init__(self) -> None:
        app = self._app
        app.url_map.converters["project"] = _Project
        app.route("/", methods=_READS)(self._root)
        app.route("/healthcheck", methods=_READS)(self._healthcheck)
        for version in self._surface.versions:
            app.route(
                f"/{version}", methods=_READS, endpoint=f"version {version}", defaults={"version": version}
            )(self._version)
            app.route(
                f"/{version}/", methods=_READS, endpoint=f"version {version}/", defaults={"version": version}
            )(self._version)
            for operation in self._surface.operations:
                for rule in klein_rules(operation):
                    methods = sorted(operation.methods)
                    app.route(f"/{version}{rule}", methods=methods, endpoint=f"{version} {methods} {rule}")(
                        self._matched
                    )
        app.handle_errors(HTTPException)(self._unrouted)  # type: ignore[arg-type]  # Klein gives what the site makes

    @property
    def versions(self) -> tuple[str, ...]:
        """
        The first path segments that are this surface's.
        """
        return self._surface.versions

    @property
    def klein(self) -> Klein:
        """
        The application itself, for tests that compare its routes with the table.
        """
        return self._app

    def resource(self) -> IResource:
        """
        The application as a resource.
        """
        return self._app.resource()

    def carry_out(
        self, request: GatewayRequest, operation: Operation, ids: Mapping[str, str], url_project: str | None
    ) -> Deferred[None]:
        """
        Put a matched request through the wrapper and its strategy.
        """
        strategy = self._strategies[operation.strategy]
        return self._wrapper.wrapped(
            request, strategy.carry_out, operation=operation, ids=ids, url_project=url_project
        )

    def unreadable(self, request: GatewayRequest) -> Deferred[None]:
        """
        Answer a path that is not UTF-8 as one that does not exist; Klein has a text of its own for it, and a traceback.
        """
        return self._refused(request, NotFound(_NO_PATH))

    def _matched(self, request: GatewayRequest, **values: Any) -> Deferred[None]:
        """
        The endpoint of all rows: the table says which row it is, so that Klein and the table cannot disagree on it.
        """
        target = split(request.path)
        if target is None:
            return self._refused(request, NotFound(_NO_PATH))
        found = self._table.match(request.method.decode("latin-1"), target.rest)
        if isinstance(found, MethodMissing):
            return self._refused(request, MethodNotAllowed(_WRONG_METHOD, headers=[_allow(found.allowed)]))
        if found is None:
            return self._refused(request, NotFound(_NO_PATH))
        if found.passed and found.operation.options.get("default"):
            # the default answers for paths that no row names; this one has rows, with other methods
            return self._refused(request, MethodNotAllowed(_WRONG_METHOD, headers=[_allow(found.passed)]))
        return self.carry_out(request, found.operation, found.ids, target.project_id)

    def _unrouted(self, request: GatewayRequest, failure: Any) -> Deferred[None]:
        """
        What no route takes, in the service's shape; Klein's own pages are HTML.

        The result never fires: Klein does not notice that a request without a route is finished and would do it again.
        """
        if failure.value.code == 405:
            allowed = frozenset(failure.value.valid_methods or ())
            self._refused(request, MethodNotAllowed(_WRONG_METHOD, headers=[_allow(allowed)]))
        else:
            self._refused(request, NotFound(_NO_PATH))
        return Deferred()

    def _refused(self, request: GatewayRequest, error: Exception) -> Deferred[None]:
        async def refuse(inbound: Inbound, context: RequestContext) -> Answer:
            raise error

        return self._wrapper.wrapped(request, refuse, operation=_UNKNOWN)

    def _root(self, request: GatewayRequest) -> Deferred[None]:
        async def answer(inbound: Inbound, context: RequestContext) -> Answer:
            return root_document(
                self._surface, inbound.public_root.decode("latin-1"), self._versioning.range()
            )

        return self._wrapper.wrapped(request, answer, operation=_ROOT, needs_token=False)

    def _version(self, request: GatewayRequest, version: str) -> Deferred[None]:
        async def answer(inbound: Inbound, context: RequestContext) -> Answer:
            return version_document(
                self._surface, version, inbound.public_root.decode("latin-1"), self._versioning.range()
            )

        return self._wrapper.wrapped(request, answer, operation=_VERSION, needs_token=False)

    def _healthcheck(self, request: GatewayRequest) -> Deferred[None]:
        async def answer(inbound: Inbound, context: RequestContext) -> Answer:
            if self._draining():
                # a balancer that keeps its connection open learns here that it is to go elsewhere
                return Answer(status=503, headers=[*_PLAIN, (b"Retry-After", b"1")], body=b"stopping")
            return Answer(status=200, headers=list(_PLAIN), body=b"OK")

        return self._wrapper.wrapped(request, answer, operation=_HEALTH, needs_token=False)


_NO_PATH = "The resource could not be found."
_WRONG_METHOD = "The method is not allowed for this resource."


def _allow(methods: frozenset[str]) -> tuple[bytes, bytes]:
    return b"Allow", ", ".join(sorted(methods)).encode("ascii")
