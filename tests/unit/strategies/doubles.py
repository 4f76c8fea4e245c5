"""
The pods, the client's request and the stores as the strategies meet them, all in memory and on a clock that tests move.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IConsumer, IProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from trio2o.errors import BodyTooLarge, PodBroken, PodTimeout, PodUnreachable
from trio2o.exchange import HeaderList, PodCall
from trio2o.interfaces import (
    IBindingStore,
    IPodAnswer,
    IPodClient,
    IPodFactsBook,
    IPodTokens,
    IRequestBody,
    IRouteStore,
)
from trio2o.model import Binding, Identity, Kind, Pod, Route

JSON = (b"content-type", b"application/json")


@define(eq=False)
class Reply:
    """
    What a pod answers; ``body`` is JSON unless it is bytes, and ``None`` is an answer whose body is cut short.
    """

    status: int = 200
    body: Any = b""
    headers: HeaderList = field(factory=lambda: [JSON])


class Hang:
    """
    A pod that says nothing: the call ends with its budget, or with its caller.
    """


class Unreachable:
    """
    A pod that cannot be connected to: nothing was sent.
    """


class Broken:
    """
    A pod that ends the connection before it answers.
    """


Script = Reply | Hang | Unreachable | Broken | Callable[[PodCall], Any]


@implementer(IPodAnswer)
@define(eq=False)
class MemoryAnswer:
    """
    A pod's answer, and what became of it.
    """

    status: int
    headers: HeaderList
    content: bytes | None
    pod_name: str
    #: ``read``, ``streamed`` and ``discarded``, as they are called.
    used: list[str] = field(factory=list)

    @property
    def length(self) -> int | None:
        """
        The length of the body.
        """
        return None if self.content is None else len(self.content)

    def header(self, name: bytes) -> bytes | None:
        """
        See ``IPodAnswer``.
        """
        values = [value for known, value in self.headers if known == name]
        return values[-1] if values else None

    def read(self, limit: int) -> Deferred[bytes]:
        """
        See ``IPodAnswer``.
        """
        self.used.append("read")
        if self.content is None:
            return fail(PodBroken(self.pod_name, "the body was cut short", sent=True))
        if len(self.content) > limit:
            return fail(PodBroken(self.pod_name, f"the body has more than {limit} bytes", sent=True))
        return succeed(self.content)

    def stream(self, receiver: IProtocol) -> None:
        """
        See ``IPodAnswer``.
        """
        self.used.append("streamed")
        assert self.content is not None
        receiver.dataReceived(self.content)
        receiver.connectionLost(Failure(ResponseDone()))

    def discard(self) -> None:
        """
        See ``IPodAnswer``.
        """
        self.used.append("discarded")


@implementer(IConsumer)
class _Sink:
    """
    Takes in what a producer gives.
    """

    def __init__(self) -> None:
        self.content = b""

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """
        Not used by bodies.
        """

    def unregisterProducer(self) -> None:
        """
        Not used by bodies.
        """

    def write(self, data: bytes) -> None:
        """
        Take.
        """
        self.content += data


@define(eq=False)
class Called:
    """
    One call that reached a pod.
    """

    pod: str
    call: PodCall
    #: What was sent as a body.
    body: bytes
    #: True for a body that came from a producer.
    streamed: bool
    #: True once its caller gave it up.
    cancelled: bool = False

    @property
    def path(self) -> str:
        """
        The target without its query.
        """
        return self.call.target.partition(b"?")[0].decode()

    @property
    def query(self) -> str | None:
        """
        The target's query, if it has one.
        """
        path, mark, query = self.call.target.partition(b"?")
        return query.decode() if mark else None

    def header(self, name: bytes) -> bytes | None:
        """
        The last value of a field that was sent.
        """
        values = [value for known, value in self.call.headers if known.lower() == name]
        return values[-1] if values else None


@implementer(IPodClient)
class ScriptedPods:
    """
    Pods that answer by a script: first the entry for the pod's name, then the one for ``*``.

    A list of answers is used up one by one, its last one again and again. A call that nothing was written for fails the test.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._script: dict[tuple[str, str, str, str], deque[Script]] = {}
        self.calls: list[Called] = []
        self.answers: list[MemoryAnswer] = []
        self.sick: set[str] = set()

    def on(self, pod: str, method: str, path: str, *scripts: Script, service: str = "") -> None:
        """
        Write how a pod (``*``: every pod) answers at a path (``*``: every path).
        """
        self._script[pod, service, method, path] = deque(scripts)

    def call(self, pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        """
        See ``IPodClient``.
        """
        called = self._called(pod, call)
        self.calls.append(called)
        script: Any = self._next(called)
        if callable(script):
            script = script(call)
        if isinstance(script, Deferred):
            return script.addCallback(lambda reply: self._answer(pod, reply))
        if isinstance(script, Unreachable):
            return fail(PodUnreachable(pod.name, "connection refused", sent=False))
        if isinstance(script, Broken):
            return fail(PodBroken(pod.name, "connection lost", sent=True))
        if isinstance(script, Hang):
            return self._hanging(pod, called)
        return succeed(self._answer(pod, script))

    def healthy(self, pod_id: str, service: str | None = None) -> bool:
        """
        True unless the test made the pod, or this service of it (``Pod1-id/volume``), sick.
        """
        return not {pod_id, f"{pod_id}/{service}"} & set(self.sick)

    def unhealthy(self, service: str) -> frozenset[str]:
        """
        The ids of the pods that :meth:`healthy` says no of.
        """
        named = {sick.split("/")[0] for sick in self.sick}
        return frozenset(pod_id for pod_id in named if not self.healthy(pod_id, service))

    def endpoint(self, pod: Pod, service: str) -> str | None:
        """
        A made-up one.
        """
        return f"http://{pod.name}.example/{service}"

    def asked(self, method: str = "", path: str = "") -> list[str]:
        """
        The names of the pods that were called, in the order of the calls.
        """
        return [
            called.pod
            for called in self.calls
            if (not method or called.call.method == method.encode()) and (not path or called.path == path)
        ]

    @property
    def last(self) -> Called:
        """
        The last call.
        """
        return self.calls[-1]

    def _called(self, pod: Pod, call: PodCall) -> Called:
        body, streamed = call.body, False
        if body is not None and not isinstance(body, bytes):
            sink, streamed = _Sink(), True
            body.startProducing(sink)
            body = sink.content
        return Called(pod.name, call, body or b"", streamed)

    def _next(self, called: Called) -> Script:
        service, method = called.call.service, called.call.method.decode()
        for path in (called.path, "*"):
            for pod in (called.pod, "*"):
                for named in (service, ""):
                    scripts = self._script.get((pod, named, method, path))
                    if scripts:
                        return scripts[0] if len(scripts) == 1 else scripts.popleft()
        raise AssertionError(f"nothing is written for {called.pod} {service} {method} {called.path}")

    def _answer(self, pod: Pod, reply: Reply | MemoryAnswer) -> IPodAnswer:
        if isinstance(reply, MemoryAnswer):
            self.answers.append(reply)
            return reply
        body = reply.body
        content = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        answer = MemoryAnswer(reply.status, list(reply.headers), content, pod.name)
        self.answers.append(answer)
        return answer

    def _hanging(self, pod: Pod, called: Called) -> Deferred[IPodAnswer]:
        budget = 60.0 if called.call.budget is None else called.call.budget

        def given_up(_: Deferred[IPodAnswer]) -> None:
            called.cancelled = True
            timer.cancel()

        waiting: Deferred[IPodAnswer] = Deferred(given_up)
        overdue = PodTimeout(pod.name, f"no answer within {budget:g} s", sent=True)
        timer = self._clock.callLater(budget, waiting.errback, overdue)
        return waiting


@implementer(IBodyProducer)
@define(eq=False)
class MemoryProducer:
    """
    A body that is there at once.
    """

    content: bytes

    @property
    def length(self) -> int:
        """
        Its length.
        """
        return len(self.content)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """
        Give everything.
        """
        consumer.write(self.content)
        return succeed(None)

    def pauseProducing(self) -> None:
        """
        Nothing is left to give.
        """

    def resumeProducing(self) -> None:
        """
        Nothing is left to give.
        """

    def stopProducing(self) -> None:
        """
        Nothing is left to give.
        """


@implementer(IRequestBody)
@define(eq=False)
class MemoryBody:
    """
    The body of a client's request; ``chunked`` hides its length, ``held`` lets it come when the test fires it.
    """

    content: bytes = b""
    chunked: bool = False
    held: Deferred[bytes] | None = None
    #: ``read`` and ``producer``, as they are called.
    used: list[str] = field(factory=list)

    @property
    def length(self) -> int | None:
        """
        The length, where the client has said it.
        """
        return None if self.chunked else len(self.content)

    def read(self, limit: int) -> Deferred[bytes]:
        """
        See ``IRequestBody``.
        """
        self.used.append("read")
        if len(self.content) > limit:
            return fail(BodyTooLarge(f"Request is too large. Larger than {limit} bytes."))
        return succeed(self.content) if self.held is None else self.held

    def producer(self) -> IBodyProducer | None:
        """
        See ``IRequestBody``.
        """
        self.used.append("producer")
        return MemoryProducer(self.content) if self.content or self.chunked else None


@implementer(IPodFactsBook)
class MemoryFacts:
    """
    Links of ``Pod1`` begin with ``http://pod1.example:8774`` and so on, and all pods have the same microversions.
    """

    def __init__(self) -> None:
        self.ranges: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
            "compute": ((2, 1), (2, 96)),
            "volume": ((3, 0), (3, 71)),
        }

    def link_prefixes(self, pod_id: str, service: str) -> Sequence[bytes]:
        """
        See ``IPodFactsBook``.
        """
        port = {"compute": 8774, "volume": 8776, "network": 9696}[service]
        return [f"http://{pod_id.removesuffix('-id').lower()}.example:{port}".encode()]

    def microversions(self, service: str) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """
        See ``IPodFactsBook``.
        """
        return self.ranges.get(service)


@implementer(IPodTokens)
class OwnTokens:
    """
    Every pod has a token of its own for a user, which takes a look-up where the test says so.
    """

    def __init__(self) -> None:
        self.slow: set[str] = set()
        self.failing: dict[str, Exception] = {}

    def peek(self, token: bytes, identity: Identity, pod: Pod) -> bytes | None:
        """
        See ``IPodTokens``.
        """
        return None if pod.name in self.slow or pod.name in self.failing else self._made(token, pod)

    async def pod_token(self, token: bytes, identity: Identity, pod: Pod) -> bytes:
        """
        See ``IPodTokens``.
        """
        if pod.name in self.failing:
            raise self.failing[pod.name]
        return self._made(token, pod)

    @staticmethod
    def _made(token: bytes, pod: Pod) -> bytes:
        return token + b" at " + pod.name.encode()


@implementer(IBindingStore)
class HeldBindings:
    """
    Another binding store whose answers wait while the test holds them, as those of a database across a network do.
    """

    def __init__(self, store: IBindingStore) -> None:
        self._store = store
        self._held: list[Deferred[None]] = []
        self.holding = False
        #: The names of the methods that were called.
        self.calls: list[str] = []

    def let_go(self) -> None:
        """
        Hold nothing any more.
        """
        self.holding = False
        held, self._held = self._held, []
        for waiting in held:
            waiting.callback(None)

    async def _wait(self, name: str) -> None:
        self.calls.append(name)
        if self.holding:
            waiting: Deferred[None] = Deferred()
            self._held.append(waiting)
            await waiting

    async def bind(
        self,
        tenant_id: str,
        pod_id: str,
        *,
        az_name: str,
        pod_group: str,
        reason: str,
        replaces: str | None,
        first: bool = False,
    ) -> Binding:
        """
        See ``IBindingStore``.
        """
        await self._wait("bind")
        return await self._store.bind(
            tenant_id,
            pod_id,
            az_name=az_name,
            pod_group=pod_group,
            reason=reason,
            replaces=replaces,
            first=first,
        )

    async def create_binding(self, tenant_id: str, pod_id: str) -> Binding:
        """
        See ``IBindingStore``.
        """
        await self._wait("create_binding")
        return await self._store.create_binding(tenant_id, pod_id)

    async def end_binding(self, binding_id: str, reason: str) -> Binding:
        """
        See ``IBindingStore``.
        """
        await self._wait("end_binding")
        return await self._store.end_binding(binding_id, reason)

    async def end_bindings(self, pod_id: str, reason: str) -> int:
        """
        See ``IBindingStore``.
        """
        await self._wait("end_bindings")
        return await self._store.end_bindings(pod_id, reason)

    async def get_binding(self, binding_id: str) -> Binding:
        """
        See ``IBindingStore``.
        """
        await self._wait("get_binding")
        return await self._store.get_binding(binding_id)

    async def get_bindings(self, binding_ids: Collection[str]) -> Sequence[Binding]:
        """
        See ``IBindingStore``.
        """
        await self._wait("get_bindings")
        return await self._store.get_bindings(binding_ids)

    async def find_bindings(
        self,
        *,
        tenant_id: str | None = None,
        pod_id: str | None = None,
        active: bool | None = None,
        at: datetime | None = None,
        limit: int | None = None,
        marker: str | None = None,
    ) -> Sequence[Binding]:
        """
        See ``IBindingStore``.
        """
        await self._wait("find_bindings")
        return await self._store.find_bindings(
            tenant_id=tenant_id, pod_id=pod_id, active=active, at=at, limit=limit, marker=marker
        )


@implementer(IRouteStore)
class CountedRoutes:
    """
    Another route store, which remembers what it was asked.
    """

    def __init__(self, store: IRouteStore) -> None:
        self._store = store
        self.calls: list[tuple[str, Any]] = []

    async def find_route(self, kind: Kind, resource_id: str) -> Route | None:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("find_route", resource_id))
        return await self._store.find_route(kind, resource_id)

    async def record_routes(self, routes: Sequence[Route]) -> None:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("record_routes", [route.resource_id for route in routes]))
        await self._store.record_routes(routes)

    async def end_route(self, kind: Kind, resource_id: str, at: datetime) -> None:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("end_route", resource_id))
        await self._store.end_route(kind, resource_id, at)

    async def routes_of_id(self, resource_id: str) -> Sequence[Route]:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("routes_of_id", resource_id))
        return await self._store.routes_of_id(resource_id)

    async def routes_of_project(self, kind: Kind, project_id: str | None, pod_id: str) -> Sequence[Route]:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("routes_of_project", (project_id, pod_id)))
        return await self._store.routes_of_project(kind, project_id, pod_id)

    async def routes_before(
        self,
        kind: Kind,
        project_id: str | None,
        pod_ids: Collection[str],
        place: tuple[datetime, str],
        *,
        ids_descending: bool,
        ended: bool,
    ) -> Sequence[Route]:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("routes_before", (project_id, sorted(pod_ids), place)))
        return await self._store.routes_before(
            kind, project_id, pod_ids, place, ids_descending=ids_descending, ended=ended
        )

    async def find_routes(self, kind: Kind, resource_ids: Collection[str]) -> Sequence[Route]:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("find_routes", sorted(resource_ids)))
        return await self._store.find_routes(kind, resource_ids)

    async def walk_routes(self, after: tuple[str, Kind] | None, limit: int) -> Sequence[Route]:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("walk_routes", after))
        return await self._store.walk_routes(after, limit)

    async def end_routes(self, routes: Collection[Route], at: datetime) -> int:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("end_routes", [route.resource_id for route in routes]))
        return await self._store.end_routes(routes, at)

    async def prune_tombstones(self, pod_id: str, before: datetime, limit: int) -> int:
        """
        See ``IRouteStore``.
        """
        self.calls.append(("prune_tombstones", pod_id))
        return await self._store.prune_tombstones(pod_id, before, limit)


class PodList:
    """
    The list of one pod at one path, with marker, limit, link and count as the services have them.
    """

    def __init__(
        self,
        plural: str,
        items: Sequence[Mapping[str, Any]],
        *,
        most: int = 1000,
        count: int | None = None,
        links: bool = True,
        headers: HeaderList | None = None,
    ) -> None:
        self.plural = plural
        self.items = list(items)
        self.most = most
        self.count = count
        self.links = links
        self.headers = [JSON, *(headers or [])]
        #: The queries that came.
        self.queries: list[dict[str, list[str]]] = []

    def __call__(self, call: PodCall) -> Reply:
        query: dict[str, list[str]] = defaultdict(list)
        for pair in call.target.partition(b"?")[2].decode().split("&"):
            name, _, value = pair.partition("=")
            query[name].append(value)
        self.queries.append(dict(query))
        listed = self.items
        if "marker" in query:
            marker = query["marker"][0]
            ids = [item["id"] for item in listed]
            if marker not in ids:
                fault = {"badRequest": {"code": 400, "message": f"marker [{marker}] not found"}}
                if self.plural != "servers":
                    fault = {"itemNotFound": {"code": 404, "message": f"{marker} could not be found."}}
                return Reply(400 if self.plural == "servers" else 404, fault)
            listed = listed[ids.index(marker) + 1 :]
        limit = min(int(query["limit"][0]), self.most)
        body: dict[str, Any] = {self.plural: listed[:limit]}
        if self.links and len(listed) >= limit:
            body[f"{self.plural}_links"] = [{"rel": "next", "href": "http://pod.example/next"}]
        if self.count is not None:
            body["count"] = self.count
        return Reply(200, body, self.headers)
