"""
Pods that are the sandbox's Nova and Cinder, reached in memory, and what replicates over them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from attrs import define, field
from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.unit.sandbox.asking import Api
from tests.unit.strategies.case import NOW, ROOT, TABLES, a_context
from tests.unit.strategies.doubles import MemoryAnswer, MemoryBody, MemoryFacts, OwnTokens
from trio2o.adoption.replication import ReplicateJobs
from trio2o.adoption.sync_pods import SyncPodJobs
from trio2o.errors import JobHopeless, JobRetry, PodBroken, PodTimeout, PodUnreachable
from trio2o.exchange import Answer, Inbound, PodCall
from trio2o.interfaces import IPodAnswer, IPodAsk, IPodClient
from trio2o.jobs.queue import JobQueue
from trio2o.model import Job, JobQuery, Pod
from trio2o.model.shared import SharedKey, SharedPolicy, SharedState, Step
from trio2o.sandbox.call import Caller
from trio2o.sandbox.cinder import make_cinder
from trio2o.sandbox.clock import PodClock
from trio2o.sandbox.frame import StaticTokens
from trio2o.sandbox.nova.service import make_nova
from trio2o.sandbox.pod_state import PodState
from trio2o.shared.kinds import SharedKinds
from trio2o.shared.reading import quoted
from trio2o.state.cache import MemoryState
from trio2o.state.shared import SharedBook
from trio2o.storage.memory import MemoryDatabase
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.memory_shared import MemoryShared
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.converging import Converger
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.mapped import MappedIdentity
from trio2o.strategies.replicating import ReplicateStrategy
from trio2o.surface.matching import Match, split

PROJECT = "a" * 32
_ROOTS = {"compute": "/v2.1", "volume": "/v3"}
_NAMES = ("Pod1", "Pod2", "Pod3")


@define(eq=False)
class StubPod:
    """
    One pod's services.
    """

    pod: Pod
    apis: dict[str, Api] = field(factory=dict, init=False)
    #: It is not to be connected to.
    down: bool = False
    #: Method to what is done with the next such requests instead: an exception, an answer, or a Deferred to wait for first.
    instead: dict[str, list[Any]] = field(factory=dict)
    #: Method and path of what came from clients, and of what the daemon itself did.
    asked: list[str] = field(factory=list)
    done: list[str] = field(factory=list)
    #: Calls from clients, for their other properties.
    calls: list[PodCall] = field(factory=list)

    def api(self, service: str) -> Api:
        """
        One service, which begins when it is first asked for.
        """
        if service not in self.apis:
            wall, make = Clock(), {"compute": make_nova, "volume": make_cinder}[service]
            admin = Caller(user_id="u1", project_id=PROJECT, roles=frozenset({"admin", "member"}))
            state = PodState(name=self.pod.name, clock=PodClock(wall, manual=True))
            frame = make(state, StaticTokens({"t": admin}), wall)
            self.apis[service] = Api(StubTreq(frame.resource()), f"http://{self.pod.name.lower()}.test")
        return self.apis[service]

    async def answer(
        self, service: str, method: str, target: str, body: bytes | None, version: str
    ) -> tuple[int, bytes]:
        """
        What the pod says.
        """
        name = self.pod.name
        if self.down:
            raise PodUnreachable(name, "no connection", sent=False)
        script = self.instead.get(method)
        special = script.pop(0) if script else None
        if isinstance(special, Exception):
            raise special
        if isinstance(special, tuple):
            status, told = special
            return status, orjson.dumps(told)
        if isinstance(special, Deferred):
            await special
        headers = {"OpenStack-API-Version": version} if version else {}
        reply = await self.api(service).ask(method, target, token="t", body=body, headers=headers)
        if callable(special):
            special()
        return reply.status, reply.content

    def silent(self, *, sent: bool = True) -> Exception:
        """
        What comes of a request that is not answered.
        """
        return PodTimeout(self.pod.name, "no answer", sent=sent)

    def loses(self) -> Callable[[], None]:
        """
        Have a request done whose answer is lost.
        """

        def lost() -> None:
            raise PodBroken(self.pod.name, "the answer was lost", sent=True)

        return lost


@implementer(IPodAsk)
@define
class _Ask:
    """
    The daemon's own way.
    """

    _stub: StubPod
    pod: Pod
    _service: str

    async def get(self, path: str, *, version: str = "") -> tuple[int, Any]:
        return await self._said("GET", path, None, version)

    async def send(self, step: Step, ref: str) -> tuple[int, Any]:
        path = step.path.replace("{ref}", quoted(ref))
        self._stub.done.append(f"{step.method} {path}")
        body = None if step.body is None else orjson.dumps(step.body)
        return await self._said(step.method, path, body, step.version)

    async def obstacle(self) -> str:
        return ""

    async def _said(self, method: str, path: str, body: bytes | None, version: str) -> tuple[int, Any]:
        target = path.replace("{project_id}", PROJECT)
        status, raw = await self._stub.answer(self._service, method, target, body, version)
        return status, orjson.loads(raw) if raw[:1] in (b"{", b"[") else None


@implementer(IPodClient)
class StubPods:
    """
    The way to three of them.
    """

    def __init__(self, pods: list[Pod]) -> None:
        self.stubs = {pod.name: StubPod(pod) for pod in pods}
        self.sick: set[str] = set()

    def call(self, pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        """
        See ``IPodClient``.
        """
        return Deferred.fromCoroutine(self._called(pod, call))

    async def _called(self, pod: Pod, call: PodCall) -> IPodAnswer:
        stub = self.stubs[pod.name]
        assert call.body is None or isinstance(call.body, bytes)
        method, target = call.method.decode(), call.target.decode()
        stub.asked.append(f"{method} {target}")
        stub.calls.append(call)
        version = next(
            (value.decode() for name, value in call.headers if name == b"OpenStack-API-Version"), ""
        )
        status, content = await stub.answer(call.service, method, target, call.body, version)
        return MemoryAnswer(status, [(b"content-type", b"application/json")], content, pod.name)

    def healthy(self, pod_id: str, service: str | None = None) -> bool:
        """
        See ``IPodClient``.
        """
        return pod_id not in self.sick

    def endpoint(self, pod: Pod, service: str) -> str | None:
        """
        See ``IPodClient``.
        """
        return f"http://{pod.name}.test"

    def ask(self, pod: Pod, service: str) -> IPodAsk:
        """
        The daemon's own way to one of them.
        """
        return _Ask(self.stubs[pod.name], pod, service)


class ReplicateCase(SynchronousTestCase):
    """
    One daemon over three pods, and jobs that are worked at when the test says so.
    """

    policy = SharedPolicy.ALL

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.database = MemoryDatabase(self.clock)
        pods = [
            self.database.put_pod(Pod(id=f"{name}-id", name=name, az_name="az1", serial=serial))
            for serial, name in enumerate(_NAMES, 1)
        ]
        self.pods = StubPods(pods)
        self.one, self.two, self.three = self.pods.stubs.values()
        self.state = MemoryState(self.clock)
        self.state.put_pods(pods)
        self.store = MemoryShared(self.database)
        self.jobs = MemoryJobs(self.database)
        kinds = SharedKinds()
        self.book = SharedBook(self.store, kinds)
        self.running: list[int] = []
        common: dict[str, Any] = {
            "store": self.store,
            "kinds": kinds,
            "converger": Converger(store=self.store, ids=self.book, ask=self.pods.ask),
            "ids": self.book,
            "state": self.state,
            "pods": self.pods,
            "queue": JobQueue(store=self.jobs, due=lambda: None),
        }
        self.handlers = {
            handler.kind: handler
            for handler in (ReplicateJobs(**common, write_seconds=100.0), SyncPodJobs(**common))
        }
        self.strategy = ReplicateStrategy(
            inner={},
            forwarder=Forwarder(
                pods=self.pods,
                pod_tokens=OwnTokens(),
                facts=MemoryFacts(),
                clock=self.clock,
                answer_limit=100_000,
                mapped=MappedIdentity(ids=self.book),
            ),
            shield=Shield(began=lambda: self.running.append(1), ended=lambda: self.running.remove(1)),
            ask=self.pods.ask,
            policy=self.policy,
            budget=60.0,
            body_limit=10_000,
            new_name=lambda: "made-up",
            **common,
        )

    # What the client does.

    def begun(
        self, method: str, path: str, body: Any = None, *, surface: str = "compute", user: str = "u1"
    ) -> Deferred[Answer]:
        """
        Begin a write.
        """
        root = _ROOTS[surface]
        below = path if surface == "compute" else f"/{PROJECT}{path}"
        found = split(f"{root}{below}".encode().partition(b"?")[0])
        assert found is not None
        match = TABLES[surface].match(method, found.rest)
        assert isinstance(match, Match), path
        inbound = Inbound(
            operation=match.operation,
            method=method.encode(),
            path=f"{root}{below}".encode(),
            query=None,
            headers=[],
            ids=match.ids,
            body=MemoryBody(b"" if body is None else orjson.dumps(body)),
            public_root=ROOT,
        )
        context = a_context(surface, roles="admin member", project=PROJECT, user=user)
        return Deferred.fromCoroutine(self.strategy.carry_out(inbound, context))

    def write(self, method: str, path: str, body: Any = None, *, surface: str = "compute") -> Answer:
        """
        The answer to one.
        """
        answer: Answer = self.successResultOf(self.begun(method, path, body, surface=surface))
        return answer

    def failed(self, kind: type[Exception], method: str, path: str, body: Any = None, **more: Any) -> Any:
        """
        What one ends with.
        """
        return self.failureResultOf(self.begun(method, path, body, **more), kind).value

    def new_flavor(self, name: str = "f", **fields: Any) -> Answer:
        """
        Make a flavor.
        """
        return self.write("POST", "/flavors", a_flavor(name, **fields))

    # What came of it.

    def now(self, waiting: Any) -> Any:
        """
        What a coroutine gives that needs no time.
        """
        return self.successResultOf(Deferred.fromCoroutine(waiting))

    def fed(self) -> None:
        """
        Read what is in the database.
        """
        self.now(self.book.load())

    def in_pod(self, stub: StubPod, path: str, *, surface: str = "compute", version: str = "") -> Any:
        """
        What a pod itself shows; the status where it is no 200.
        """
        was, stub.down = stub.down, False
        asked = stub.answer(surface, "GET", _ROOTS[surface] + path, None, version)
        status, raw = self.now(asked)
        stub.down = was
        return orjson.loads(raw) if status == 200 else status

    def specs(self, name: str = "f") -> list[Any]:
        """
        The extra specs of a flavor in each pod.
        """
        found = [self.in_pod(stub, f"/flavors/{name}/os-extra_specs") for stub in self.pods.stubs.values()]
        return [each["extra_specs"] if isinstance(each, dict) else each for each in found]

    def wanted(self, kind: str, name: str, owner: str = "") -> SharedState:
        """
        What is wanted under a name.
        """
        (state,) = self.now(self.store.find(SharedKey(kind, name, owner)))
        assert isinstance(state, SharedState)
        return state

    def listed(self) -> list[Job]:
        """
        The jobs that are unfinished.
        """
        return [job for job in self.now(self.jobs.list_jobs(JobQuery())) if not job.state.finished]

    def work(self, *, turns: int = 30) -> list[str]:
        """
        Work at jobs, as they are due, until none is left; the dead letters.
        """
        dead: list[str] = []
        for _ in range(turns):
            self.fed()
            if not self.listed():
                return dead
            claimed = self.now(self.jobs.claim("w", kinds=self.handlers.keys(), limit=1, lease=30.0))
            if not claimed:
                self.clock.advance(20.0)
            for job in claimed:
                self.now(self._worked(job, dead))
        raise AssertionError(f"it never ends: {self.listed()}")

    async def _worked(self, job: Job, dead: list[str]) -> None:
        async def tell(words: str) -> None:
            await self.book.load()

        try:
            await self.handlers[job.kind].work(job, tell)
        except JobRetry as retry:
            await self.jobs.retry(job, str(retry), retry.after or 1.0)
        except JobHopeless as hopeless:
            dead.append(str(hopeless))
            await self.jobs.bury(job, str(hopeless))
        else:
            await self.jobs.finish(job)


def a_flavor(name: str, **fields: Any) -> dict[str, Any]:
    """
    The body of a create.
    """
    return {"flavor": {"id": name, "name": name, "ram": 64, "vcpus": 1, "disk": 1, **fields}}
