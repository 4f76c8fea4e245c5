"""
The Admin API in memory: over the stores in memory, behind a wrapper that does as little as the tests need.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from attrs import define, field
from treq.testing import StubTreq
from twisted.internet.defer import Deferred, succeed
from twisted.web.iweb import IBodyProducer
from twisted.web.server import Request
from zope.interface import implementer

from tests.unit.administration.doubles import AdministrationTestCase
from trio2o.errors import BodyTooLarge, GatewayError, Unauthorized
from trio2o.exchange import Answer, Inbound
from trio2o.identity.policy import OsloPolicy
from trio2o.interfaces import IRequestBody
from trio2o.model import Identity, RequestContext
from trio2o.ops.metrics import Metrics, MetricsResource
from trio2o.strategies.concurrently import Shield
from trio2o.surface.operations import Operation
from trio2o.web.admin.app import AdminApi
from trio2o.web.admin.serving import Handler
from trio2o.web.faults import fault

ROOT = "https://cloud.example:19996"


@implementer(IRequestBody)
@define(eq=False)
class WholeBody:
    """
    A body that is here already.
    """

    content: bytes

    @property
    def length(self) -> int:
        """
        Its length.
        """
        return len(self.content)

    def read(self, limit: int) -> Deferred[bytes]:
        """
        All of it.
        """
        if self.length > limit:
            raise BodyTooLarge("The body is too large.")
        return succeed(self.content)

    def producer(self) -> IBodyProducer | None:
        """
        Not asked.
        """
        raise NotImplementedError


@define(eq=False)
class PlainWrapper:
    """
    Roles are the token's words; errors get the surface's shape; what went through is remembered.
    """

    operations: list[Operation] = field(factory=list)
    running: int = 0

    def wrapped(
        self,
        request: Request,
        handler: Handler,
        *,
        operation: Operation,
        ids: Mapping[str, str] | None = None,
        needs_token: bool = True,
    ) -> Deferred[None]:
        """
        See :meth:`trio2o.web.wrapper.Wrapper.wrapped`.
        """
        self.operations.append(operation)
        return Deferred.fromCoroutine(self._run(request, handler, operation, ids or {}, needs_token))

    async def _run(
        self,
        request: Request,
        handler: Handler,
        operation: Operation,
        ids: Mapping[str, str],
        needs_token: bool,
    ) -> None:
        roles = (request.getHeader(b"x-auth-token") or b"").decode()
        identity = Identity(user_id="u1", project_id="p1", roles=frozenset(roles.split()), expires_at=0.0)
        try:
            if needs_token and not roles:
                raise Unauthorized("The request you have made requires authentication.")
            path, asked, query = request.uri.partition(b"?")
            inbound = Inbound(
                operation=operation,
                method=request.method,
                path=path,
                query=query if asked else None,
                headers=[],
                ids=ids,
                body=WholeBody(request.content.read()),
                public_root=ROOT.encode(),
            )
            context = RequestContext(
                request_id="req-1",
                global_request_id="",
                surface="admin",
                identity=identity,
                token=roles.encode(),
                project_id="p1",
            )
            answer: Answer = await handler(inbound, context)
        except GatewayError as error:
            answer = fault("admin", error, to_admin=identity.is_admin, www_authenticate=b"Keystone")
        request.setResponseCode(answer.status)
        for name, value in answer.headers:
            request.setHeader(name, value)
        assert isinstance(answer.body, bytes)
        request.write(answer.body)
        request.finish()


class AdminTestCase(AdministrationTestCase):
    """
    A test that asks over HTTP.
    """

    def setUp(self) -> None:
        """
        The API over an empty cloud.
        """
        super().setUp()
        self.wrapper = PlainWrapper()
        self.running: list[int] = []
        self.api = AdminApi(
            pods=self.cloud.pods,
            drain=self.cloud.drain,
            bindings=self.cloud.bindings,
            routes=self.cloud.routes,
            usage=self.cloud.usage,
            jobs=self.cloud.jobs,
            drift_report=self.cloud.drift,
            explain=self.cloud.explain,
            health=self.cloud.health,
            policy=OsloPolicy(),
            wrapped=self.wrapper.wrapped,
            shield=Shield(began=lambda: self.running.append(1), ended=lambda: self.running.append(-1)),
            metrics=MetricsResource(Metrics()),
        )
        self.client = StubTreq(self.api.resource())

    def ask(
        self, method: str, path: str, body: Any = None, *, roles: str = "admin", raw: bytes | None = None
    ) -> tuple[int, Any]:
        """
        The status and the JSON of an answer.
        """
        response = self.response(method, path, body, roles=roles, raw=raw)
        content = self.successResultOf(response.content())
        self.assertEqual(response.headers.getRawHeaders(b"content-type")[0][:16], b"application/json")
        return response.code, orjson.loads(content)

    def response(
        self, method: str, path: str, body: Any = None, *, roles: str = "admin", raw: bytes | None = None
    ) -> Any:
        """
        An answer.
        """
        headers = {"X-Auth-Token": roles} if roles else {}
        data = raw if raw is not None else None if body is None else orjson.dumps(body)
        return self.successResultOf(
            self.client.request(method, f"http://gateway{path}", headers=headers, data=data)
        )

    def error(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None) -> tuple[int, str]:
        """
        The status and the message of an error, whose shape is checked.
        """
        status, shown = self.ask(method, path, body, raw=raw)
        self.assertEqual(list(shown), ["error"])
        self.assertEqual(set(shown["error"]), {"code", "title", "message"})
        self.assertEqual(shown["error"]["code"], status)
        return status, shown["error"]["message"]
