"""
One surface in memory, from the bytes of a client's request to those of its answer; strategies and tokens are doubles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.unit.strategies.doubles import MemoryFacts
from tests.unit.web.front import ClientTransport
from trio2o.errors import Unauthorized
from trio2o.exchange import Answer, Inbound
from trio2o.identity.access_rules import allowed
from trio2o.interfaces import IStrategy, ITokenValidator
from trio2o.model import Identity, RequestContext
from trio2o.scheduling.explaining import Explanation
from trio2o.surface.matching import Table
from trio2o.surface.surfaces import COMPUTE, VOLUME, Surface
from trio2o.web.front import Front
from trio2o.web.incoming import Trust
from trio2o.web.record import RequestRecord
from trio2o.web.streaming import GatewaySite
from trio2o.web.surface_app import SurfaceApp
from trio2o.web.versioning import Versioning
from trio2o.web.wrapper import Wrapper

P1 = "a" * 32
P2 = "b" * 32
#: What must be found nowhere but at the pods.
TOKEN = b"gAAAAA-user-token-that-nobody-may-read"
ADMIN_TOKEN = b"gAAAAA-admin-token-that-nobody-may-read"
SERVICE_TOKEN = b"gAAAAA-service-token-that-nobody-may-read"
ROOT = b"https://cloud.example:8774"


def an_identity(**more: Any) -> Identity:
    """
    A user of the first project.
    """
    known: dict[str, Any] = {
        "user_id": "u1",
        "project_id": P1,
        "roles": frozenset({"member"}),
        "expires_at": 1e12,
    }
    return Identity(**{**known, **more})


@implementer(ITokenValidator)
class MemoryTokens:
    """
    Tokens that are in the cache, tokens that Keystone has to be asked for, and all others, which are unknown.
    """

    def __init__(self) -> None:
        self.cached = {TOKEN: an_identity(), ADMIN_TOKEN: an_identity(roles=frozenset({"admin"}))}
        self.at_keystone: dict[bytes, Identity] = {}
        #: What Keystone says of everything.
        self.failure: Exception | None = None
        self.held: Deferred[None] | None = None
        #: The pairs of tokens that Keystone was asked about.
        self.asked: list[tuple[bytes, bytes | None]] = []
        #: The addresses that they came from.
        self.askers: list[str] = []
        #: Service tokens that are good.
        self.services: set[bytes] = set()

    def peek(self, token: bytes) -> Identity | None:
        """
        See ``ITokenValidator``.
        """
        return self.cached.get(token)

    async def validate(self, token: bytes, service_token: bytes | None = None, client: str = "") -> Identity:
        """
        See ``ITokenValidator``.
        """
        self.asked.append((token, service_token))
        self.askers.append(client)
        if self.held is not None:
            await self.held
        if self.failure is not None:
            raise self.failure
        if token not in self.at_keystone:
            raise Unauthorized("The request you have made requires authentication.")
        return self.at_keystone[token]

    async def vouches(self, service_token: bytes, client: str = "") -> bool:
        """
        See ``ITokenValidator``.
        """
        return service_token in self.services


@implementer(IStrategy)
@define(eq=False)
class AnsweringStrategy:
    """
    Answers as the test says, when the test says.
    """

    name: str
    #: What it gives or raises.
    answer: Answer | Exception = field(factory=lambda: Answer(status=200))
    held: Deferred[None] | None = None
    #: How much of the request's body is read first; ``None`` for nothing.
    reads: int | None = None
    #: What it tells of itself, where somebody asks for that.
    explanation: Explanation | None = None
    calls: list[tuple[Inbound, RequestContext]] = field(factory=list)

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        See ``IStrategy``.
        """
        self.calls.append((inbound, context))
        if self.held is not None:
            await self.held
        if self.reads is not None:
            await inbound.body.read(self.reads)
        if inbound.explain is not None and self.explanation is not None:
            inbound.explain(self.explanation)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@define(eq=False)
class Response:
    """
    What the client got.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        """
        The values of a field, by its name in lower case.
        """
        return [value for known, value in self.headers if known.lower() == name]

    def value(self, name: bytes) -> bytes | None:
        """
        The only value of a field.
        """
        values = self.values(name)
        assert len(values) < 2, f"{name!r} is there {len(values)} times"
        return values[0] if values else None

    @property
    def json(self) -> Any:
        """
        The body, which must say that it is JSON.
        """
        assert (self.value(b"content-type") or b"").startswith(b"application/json"), self.headers
        return orjson.loads(self.body)


def parsed(sent: bytes) -> Response:
    """
    One whole answer; the length of its body is checked.
    """
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
    response = Response(int(first.split()[1]), headers, body)
    length = response.value(b"content-length")
    if body:
        assert length is not None and int(length) == len(body), (
            "the body has another length than its head tells"
        )
    return response


class GatewayCase(SynchronousTestCase):
    """
    A surface's site, and clients that connect from 192.0.2.1.
    """

    surface: Surface = COMPUTE
    public_root: bytes | None = ROOT
    trusted: Sequence[str] = ()
    #: True to leave out what dispatches ahead of Klein.
    klein_alone = False

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.tokens = MemoryTokens()
        self.facts = MemoryFacts()
        self.records: list[RequestRecord] = []
        self.running = 0
        self.strategies = {
            name: AnsweringStrategy(name)
            for name in (
                *("route", "schedule", "follow", "merge", "join", "ask", "sum", "usage", "split", "every"),
                *("agreed", "replicate", "aggregates", "quota", "quota_write"),
                *("any", "local"),
            )
        }
        self.serve()

    def serve(self) -> None:
        """
        Build the site.
        """
        versioning = Versioning(surface=self.surface, facts=self.facts)
        self.wrapper = Wrapper(
            surface=self.surface,
            tokens=self.tokens,
            access=allowed,
            versioning=versioning,
            clock=self.clock,
            began=lambda: self.count(1),
            ended=lambda: self.count(-1),
            observe=self.observe,
            www_authenticate=b'Keystone uri="https://keystone.example"',
            public_root=self.public_root,
            trust=Trust(self.trusted),
            pseudonym=b"trio2o",
            may_explain=lambda identity: "admin" in identity.roles,
        )
        table = Table(self.surface.operations)
        self.app = SurfaceApp(
            surface=self.surface,
            wrapper=self.wrapper,
            versioning=versioning,
            strategies=self.strategies,
            table=table,
        )
        resource = self.app.resource() if self.klein_alone else Front(self.app, table)
        self.site = GatewaySite(resource, reactor=self.clock)  # type: ignore[arg-type]

    def count(self, by: int) -> None:
        """
        A request began, or nothing of it runs any more.
        """
        self.running += by

    def observe(self, record: RequestRecord) -> None:
        """
        A request is over.
        """
        self.records.append(record)

    def connected(self, address: str = "192.0.2.1") -> tuple[Any, ClientTransport]:
        """
        A client's connection: what takes its bytes, and what it gets.
        """
        channel: Any = self.site.buildProtocol(None)
        transport = ClientTransport()
        transport.peerAddr = IPv4Address("TCP", address, 50000)
        channel.makeConnection(transport)
        return channel, transport

    def begin(
        self,
        method: str,
        target: str | bytes,
        *headers: tuple[bytes, bytes],
        body: bytes = b"",
        token: bytes | None = TOKEN,
        host: bytes = b"cloud.example",
        address: str = "192.0.2.1",
    ) -> tuple[Any, ClientTransport]:
        """
        Send a request on a new connection.
        """
        channel, transport = self.connected(address)
        path = target if isinstance(target, bytes) else target.encode()
        lines = [method.encode() + b" " + path + b" HTTP/1.1", b"Host: " + host]
        if token is not None:
            lines.append(b"X-Auth-Token: " + token)
        lines += [name + b": " + value for name, value in headers]
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        channel.dataReceived(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        return channel, transport

    def ask(self, method: str, target: str | bytes, *headers: tuple[bytes, bytes], **more: Any) -> Response:
        """
        Send a request and take its answer.
        """
        _, transport = self.begin(method, target, *headers, **more)
        return parsed(transport.value())

    def leave(self, channel: Any) -> None:
        """
        The client closes its connection.
        """
        channel.connectionLost(Failure(ConnectionDone()))

    @property
    def record(self) -> RequestRecord:
        """
        The only record.
        """
        (record,) = self.records
        return record


class VolumeCase(GatewayCase):
    """
    The volume surface.
    """

    surface = VOLUME
