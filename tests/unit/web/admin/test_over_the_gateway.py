"""
The Admin API behind the real wrapper and the front ends' own HTTP server.
"""

from __future__ import annotations

from typing import Any

import orjson
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.unit.administration.doubles import AdministrationTestCase
from trio2o.errors import Unauthorized
from trio2o.identity.policy import OsloPolicy
from trio2o.interfaces import ITokenValidator
from trio2o.model import Identity
from trio2o.ops.metrics import Metrics, MetricsResource
from trio2o.strategies.concurrently import Shield
from trio2o.web.admin.app import AdminApi
from trio2o.web.admin.serving import BODY_LIMIT
from trio2o.web.incoming import Trust
from trio2o.web.record import RequestRecord
from trio2o.web.streaming import GatewaySite
from trio2o.web.wrapper import Wrapper


@implementer(ITokenValidator)
class KnownTokens:
    """
    One admin's token is known.
    """

    def peek(self, token: bytes) -> Identity | None:
        """
        The admin's identity.
        """
        if token == b"admin":
            return Identity(user_id="u1", project_id="p1", roles=frozenset({"admin"}), expires_at=0.0)
        return None

    async def validate(self, token: bytes, service_token: bytes | None = None, client: str = "") -> Identity:
        """
        No other token is known.
        """
        raise Unauthorized("The request you have made requires authentication.")


class GatewayTests(AdministrationTestCase):
    """
    Bytes in, bytes out.
    """

    def setUp(self) -> None:
        """
        A client's connection to the admin surface.
        """
        super().setUp()
        self.records: list[RequestRecord] = []
        self.running = 0
        wrapper = Wrapper(
            surface=None,
            tokens=KnownTokens(),
            access=lambda rules, surface, method, path: True,
            versioning=None,
            clock=self.cloud.clock,
            began=lambda: self.count(1),
            ended=lambda: self.count(-1),
            observe=self.records.append,
            www_authenticate=b'Keystone uri="https://keystone.example"',
            public_root=b"https://cloud.example:19996",
            trust=Trust(()),
            pseudonym=b"trio2o",
        )
        api = AdminApi(
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
            wrapped=wrapper.wrapped,
            shield=Shield(began=lambda: self.count(1), ended=lambda: self.count(-1)),
            metrics=MetricsResource(Metrics()),
        )
        self.channel: Any = GatewaySite(api.resource(), reactor=self.cloud.clock).buildProtocol(None)
        self.transport = StringTransport()
        self.channel.makeConnection(self.transport)
        self.addCleanup(self.channel.connectionLost, Failure(ConnectionDone()))

    def count(self, change: int) -> None:
        """
        Count what runs.
        """
        self.running += change

    def ask(self, line: str, body: bytes = b"", token: str = "admin") -> tuple[int, dict[str, str], bytes]:
        """
        Status, fields and body of an answer, on a connection that is kept.
        """
        self.transport.clear()
        head = f"{line} HTTP/1.1\r\nHost: gateway\r\nX-Auth-Token: {token}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.channel.dataReceived(head.encode("latin-1") + body)
        answered, _, content = self.transport.value().partition(b"\r\n\r\n")
        first, *fields = answered.decode("latin-1").split("\r\n")
        pairs = (field.partition(": ") for field in fields)
        return int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, content

    def test_life_of_a_pod(self) -> None:
        """
        A pod is made, listed, changed and removed over one connection.
        """
        status, fields, content = self.ask(
            "POST /v1.0/pods", b'{"pod": {"pod_name": "Pod1", "az_name": "az1"}}'
        )
        self.assertEqual((status, fields["content-type"]), (200, "application/json"))
        self.assertRegex(fields["x-openstack-request-id"], "^req-")
        path = f"/v1.0/pods/{orjson.loads(content)['pod']['pod_id']}"
        self.assertEqual(len(orjson.loads(self.ask("GET /v1.0/pods")[2])["pods"]), 1)
        status, _, content = self.ask(f"PATCH {path}", b'{"pod": {"state": "draining"}}')
        self.assertEqual((status, orjson.loads(content)["pod"]["state"]), (200, "draining"))
        self.assertEqual(self.ask(f"DELETE {path}?force=false")[0], 200)
        self.assertEqual(self.ask(f"GET {path}")[0], 404)
        self.assertEqual([record.status for record in self.records], [200, 200, 200, 200, 404])
        self.assertEqual(self.records[2].operation, "/v1.0/pods/{pod_id}")
        self.assertEqual(self.running, 0)

    def test_refusals(self) -> None:
        """
        Refusals of every layer have one shape and the request's id.
        """
        for line, body, token, expected in (
            ("GET /v1.0/pods", b"", "other", 401),
            ("GET /v1.0/nothing", b"", "other", 404),
            ("GET /v1.0/pods/%FF", b"", "admin", 400),
            ("PUT /v1.0/pods", b"{}", "admin", 405),
            ("POST /v1.0/pods", b"{", "admin", 400),
            ("POST /v1.0/bindings", b'{"pod_binding": {}}', "admin", 422),
        ):
            status, fields, content = self.ask(line, body, token)
            self.assertEqual((status, orjson.loads(content)["error"]["code"]), (expected, expected), line)
            self.assertRegex(fields["x-openstack-request-id"], "^req-")
        self.assertEqual(self.ask("GET /v1.0/pods", token="other")[1]["www-authenticate"][:8], "Keystone")
        self.assertEqual(self.ask("PUT /v1.0/pods")[1]["allow"], "GET, HEAD, POST")

    def test_too_large(self) -> None:
        """
        A body over the limit is a 413.
        """
        self.assertEqual(self.ask("POST /v1.0/pods", b" " * (BODY_LIMIT + 1))[0], 413)

    def test_open_paths(self) -> None:
        """
        Health and metrics need no token.
        """
        self.assertEqual(self.ask("GET /healthcheck", token="")[::2], (200, b'{"status":"ok"}'))
        self.assertEqual(self.ask("HEAD /healthcheck", token="")[::2], (200, b""))
        self.assertEqual(self.ask("GET /healthcheck?details=true", token="")[0], 401)
        status, fields, content = self.ask("GET /metrics", token="")
        self.assertEqual((status, fields["content-type"][:10]), (200, "text/plain"))
        self.assertEqual(int(fields["content-length"]), len(content))
        self.assertIn(b"process_cpu_seconds_total", content)

    def test_nothing_logged(self) -> None:
        """
        What clients do wrong leaves no traceback and no warning.
        """
        for line in ("GET /nothing", "TRACE /v1.0", "GET /v1.0/pods/%FF", "GET /?a=b", "POST /healthcheck"):
            self.assertIn(self.ask(line)[0], (200, 400, 404, 405))
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(self.flushWarnings(), [])
