"""
A client, the front end's site, the pod client and a scripted pod, all over real sockets on the loopback interface.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from trio2o.errors import PodFailure, PodTimeout, PodUnreachable
from trio2o.exchange import Answer, HeaderList, PodCall
from trio2o.interfaces import IBodyTransform, IPodAnswer
from trio2o.model import Pod, PodSettings
from trio2o.pods.client import PodDefaults, TreqPods
from trio2o.pods.connection import PodConnection
from trio2o.rewriting.headers import forwarded, returned
from trio2o.web.relay import relay
from trio2o.web.streaming import GatewayRequest, GatewaySite

LOOPBACK = "127.0.0.1"


class Wire(Protocol):
    """
    One end of a TCP connection, to be read and written step by step.
    """

    def __init__(self) -> None:
        self.received = bytearray()
        self.total = 0
        self.ended: Failure | None = None
        self._waiting: list[tuple[Callable[[], Any], Deferred[Any]]] = []

    def dataReceived(self, data: bytes) -> None:
        self.total += len(data)
        self.received += data
        self._look()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self.ended = reason
        self._look()

    def send(self, data: bytes) -> None:
        """
        Write.
        """
        self.transport.write(data)

    def abort(self) -> None:
        """
        Reset the connection.
        """
        self.transport.abortConnection()

    def close(self) -> None:
        """
        End the connection in the ordinary way.
        """
        self.transport.loseConnection()

    def until(self, mark: bytes) -> Deferred[bytes]:
        """
        What comes up to a mark, the mark with it.
        """

        def look() -> bytes | None:
            at = self.received.find(mark)
            return None if at < 0 else self._taken(at + len(mark))

        return self._when(look)

    def exactly(self, size: int) -> Deferred[bytes]:
        """
        So many bytes.
        """
        return self._when(lambda: self._taken(size) if len(self.received) >= size else None)

    def closed(self) -> Deferred[bytes]:
        """
        What came until the other side closed or reset the connection.
        """
        return self._when(
            lambda: self._taken(len(self.received)) if self.ended is not None else None, to_the_end=True
        )

    async def head(self) -> bytes:
        """
        The head of the next message.
        """
        return await self.until(b"\r\n\r\n")

    async def message(self) -> tuple[bytes, bytes]:
        """
        Head and body of the next message with a Content-Length or none.
        """
        head = await self.head()
        return head, await self.exactly(int(field(head, b"content-length") or 0))

    def _taken(self, size: int) -> bytes:
        taken = bytes(self.received[:size])
        del self.received[:size]
        return taken

    def _when(self, look: Callable[[], Any], *, to_the_end: bool = False) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self._waiting.append((look, done))
        self._look()
        return done

    def _look(self) -> None:
        while self._waiting:
            look, done = self._waiting[0]
            found = look()
            if found is None:
                if self.ended is not None:
                    self._waiting.pop(0)
                    done.errback(
                        AssertionError(f"the connection ended; left over: {bytes(self.received[:200])!r}")
                    )
                    continue
                return
            self._waiting.pop(0)
            done.callback(found)


def field(head: bytes, name: bytes) -> bytes | None:
    """
    The value of a field in a head.
    """
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return None


def fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """
    All fields of a head, names in lower case.
    """
    lines = [line for line in head.split(b"\r\n")[1:] if line]
    return [(key.lower(), value.strip()) for key, _, value in (line.partition(b":") for line in lines)]


Script = Callable[[Wire], Awaitable[None]]


class ScriptedPod(Factory):
    """
    A pod that runs one script for each connection.
    """

    noisy = False

    def __init__(self, script: Script) -> None:
        self.script = script
        self.connections: list[Wire] = []
        self.problems: list[Failure] = []

    def buildProtocol(self, addr: object) -> Wire:  # type: ignore[override]
        pod = self

        class Connection(Wire):
            def connectionMade(self) -> None:
                pod.connections.append(self)
                Deferred.fromCoroutine(pod.script(self)).addErrback(pod._failed)

        return Connection()

    def _failed(self, failure: Failure) -> None:
        self.problems.append(failure)


def serving(*answers: bytes) -> Script:
    """
    A script that gives one answer to each request without looking at it, the last one again and again.
    """

    async def script(wire: Wire) -> None:
        left = list(answers)
        while True:
            try:
                await wire.message()
            except AssertionError:
                return
            wire.send(left[0])
            if len(left) > 1:
                left.pop(0)

    return script


def ok(body: bytes, *headers: bytes) -> bytes:
    """
    An ordinary answer.
    """
    lines = [b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Catalog:
    """
    Has no endpoint: pods have their own here.
    """

    def endpoint(self, region: str, service: str) -> str | None:
        return None


class Forward(Resource):
    """
    Sends every request to one pod, as the strategies and the wrapper do it, without their work.
    """

    isLeaf = True

    def __init__(self, pods: TreqPods, pod: Pod) -> None:
        super().__init__()
        self.pods = pods
        self.pod = pod
        self.transform: Callable[[], IBodyTransform] | None = None
        self.budget: float | None = None
        self.fresh = False
        #: What became of each request: an outcome of ``relay``, or a failure.
        self.outcomes: list[object] = []

    def render(self, request: GatewayRequest) -> int:  # type: ignore[override]
        headers: HeaderList = [
            (name, value) for name, values in request.requestHeaders.getAllRawHeaders() for value in values
        ]
        call = PodCall(
            service="compute",
            method=request.method,
            target=request.uri,
            headers=forwarded(headers, peer=b"192.0.2.1", scheme=b"http", host=b"top", pseudonym=b"gateway"),
            body=request.request_body().producer(),
            budget=self.budget,
            fresh=self.fresh,
        )
        calling = self.pods.call(self.pod, call)
        done: Deferred[Any] = calling.addCallback(self._answered, request)
        done.addErrback(self._failed, request)
        done.addCallback(self.outcomes.append)
        request.notifyFinish().addErrback(lambda _: done.cancel())
        return NOT_DONE_YET

    def _answered(self, answer: IPodAnswer, request: GatewayRequest) -> Deferred[tuple[int, bool]]:
        transform = self.transform() if self.transform is not None else None
        return relay(
            request,
            Answer(status=answer.status, headers=returned(answer.headers), body=answer, transform=transform),
        )

    def _failed(self, failure: Failure, request: GatewayRequest) -> object:
        failure.trap(PodFailure, CancelledError)
        if not request.gone:
            status = 504 if failure.check(PodTimeout) else 503 if failure.check(PodUnreachable) else 502
            request.write_answer(status, [], str(failure.value).encode())
        return failure.value


class ForwardingCase(TestCase):
    """
    What every test of the forwarder needs.
    """

    timeout = 30
    #: The protocol of connections to pods.
    connection: Any = PodConnection

    def setUp(self) -> None:
        self.ports: list[Any] = []
        self.wires: list[Wire] = []

    async def tearDown(self) -> None:
        for wire in self.wires + [wire for pod in getattr(self, "scripted", []) for wire in pod.connections]:
            if wire.ended is None and wire.transport is not None:
                wire.abort()
        if hasattr(self, "pods"):
            self.pods.close()
        await gatherResults([Deferred.fromCoroutine(_stopped(port)) for port in self.ports])
        # What was aborted is told in the next turns of the reactor, to this and to the other end.
        await deferLater(reactor, 0.02)
        for call in reactor.getDelayedCalls():
            # A lingering or aborting connection of the site, whose peer is gone.
            if "GatewayChannel" in repr(call) or "HTTPChannel" in repr(call):
                call.cancel()

    async def pod(self, script: Script, *, tls: Any = None) -> ScriptedPod:
        """
        Start a scripted pod; with TLS where there are options for it.
        """
        scripted = ScriptedPod(script)
        if not hasattr(self, "scripted"):
            self.scripted: list[ScriptedPod] = []
        self.scripted.append(scripted)
        factory = scripted if tls is None else TLSMemoryBIOFactory(tls, False, scripted)
        port = await TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK).listen(factory)
        self.ports.append(port)
        scripted.port = port.getHost().port
        return scripted

    async def gateway(
        self,
        pod: ScriptedPod,
        *,
        prefix: str = "",
        ca_file: str | None = None,
        idle_timeout: float = 60.0,
        **defaults: Any,
    ) -> Forward:
        """
        Start a front end before a pod; one with TLS where there is a file of authorities.
        """
        scheme = "http" if ca_file is None else "https"
        self.pods = TreqPods(
            reactor=reactor,
            catalog=Catalog(),
            defaults=PodDefaults(**defaults),
            connection=self.connection,
        )
        described = Pod(
            id="p1",
            name="Pod1",
            az_name="az1",
            settings=PodSettings(
                endpoints={"compute": f"{scheme}://{LOOPBACK}:{pod.port}{prefix}"}, ca_file=ca_file or ""
            ),
        )
        forward = Forward(self.pods, described)
        site = GatewaySite(forward, reactor=reactor, idle_timeout=idle_timeout)
        port = await TCP4ServerEndpoint(reactor, 0, interface=LOOPBACK).listen(site)
        self.ports.append(port)
        self.front = port.getHost().port
        return forward

    async def client(self) -> Wire:
        """
        Connect to the front end.
        """
        wire = await TCP4ClientEndpoint(reactor, LOOPBACK, self.front).connect(Factory.forProtocol(Wire))
        self.wires.append(wire)
        return wire

    async def get(self, target: bytes = b"/v2.1/servers", *headers: bytes) -> tuple[bytes, bytes]:
        """
        One GET on a connection of its own; head and body.
        """
        client = await self.client()
        client.send(b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: top", *headers]) + b"\r\n\r\n")
        return await client.message()

    async def eventually(self, true: Callable[[], bool]) -> None:
        """
        Wait until something is so; the test's timeout bounds it.
        """
        while not true():
            await deferLater(reactor, 0.005)

    def with_settings(self, forward: Forward, **settings: Any) -> None:
        """
        Change the pod's settings.
        """
        forward.pod = evolve(forward.pod, settings=evolve(forward.pod.settings, **settings))


async def _stopped(port: Any) -> None:
    await port.stopListening()
