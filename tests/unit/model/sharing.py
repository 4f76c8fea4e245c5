"""
A world in which several processes write what pods have the same, everything that they wait for happens in any order, and pods
and processes come and go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import orjson
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from tests.unit.strategies.case import NOW, ROOT, TABLES, a_context
from tests.unit.strategies.doubles import JSON, MemoryAnswer, MemoryBody, MemoryFacts, OwnTokens
from trio2o.adoption.replication import ReplicateJobs
from trio2o.adoption.sync_pods import SyncPodJobs, sync_of
from trio2o.errors import GatewayError, JobHopeless, JobRetry, PodBroken, PodUnreachable
from trio2o.exchange import Answer, Inbound, PodCall
from trio2o.interfaces import IPodAnswer, IPodAsk, IPodClient
from trio2o.jobs.queue import JobQueue
from trio2o.model import Job, JobQuery, Pod
from trio2o.model.shared import SharedPolicy, SharedState, Step
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
from trio2o.strategies.replicating import ReplicateStrategy
from trio2o.surface.matching import Match, split

#: Seconds after which a write is not under way any more, and of a lease.
WRITE, LEASE = 100.0, 30.0
FLAVORS = ("a", "b")
PODS = ("Pod1-id", "Pod2-id", "Pod3-id")


@define(eq=False)
class FlavorPod:
    """
    A pod that has flavors and nothing else.
    """

    pod: Pod
    flavors: dict[str, dict[str, Any]] = field(factory=dict)
    #: It refuses whatever would change it.
    refuses: bool = False
    up: bool = True
    #: What it had of each flavor after each change by a client.
    history: Callable[[str, Any], None] = lambda name, document: None

    def answer(self, method: str, path: str, body: Any, *, client: bool) -> tuple[int, Any]:
        """
        Do what is asked.
        """
        parts = [unquote(part) for part in path.partition("?")[0].split("/")[3:]]
        if method != "GET" and self.refuses:
            return 403, {"forbidden": {"message": "no"}}
        status, shown = self._answer(method, parts, body)
        if client and method != "GET" and status < 400:
            name = parts[0] if parts else str(body["flavor"]["id"])
            self.history(name, self.document(name))
        return status, shown

    def document(self, name: str) -> Any:
        """
        What it has of a flavor, ``None`` for nothing.
        """
        flavor = self.flavors.get(name)
        return None if flavor is None else (flavor["ram"], tuple(sorted(flavor["extra_specs"].items())))

    def _answer(self, method: str, parts: list[str], body: Any) -> tuple[int, Any]:
        if not parts:
            wanted = body["flavor"]
            if wanted["id"] in self.flavors:
                return 409, {"conflictingRequest": {"message": "there"}}
            self.flavors[wanted["id"]] = {
                **wanted,
                "extra_specs": {},
                "os-flavor-access:is_public": True,
            }
            return 200, {"flavor": wanted}
        flavor = self.flavors.get(parts[0])
        if flavor is None:
            return 404, {"itemNotFound": {"message": "none"}}
        if len(parts) == 1 and method == "GET":
            return 200, {"flavor": {**flavor, "extra_specs": dict(flavor["extra_specs"])}}
        if len(parts) == 1:
            del self.flavors[parts[0]]
            return 202, None
        if method == "POST":
            flavor["extra_specs"].update(body["extra_specs"])
            return 200, body
        if parts[2] not in flavor["extra_specs"]:
            return 404, {"itemNotFound": {"message": "no such spec"}}
        del flavor["extra_specs"][parts[2]]
        return 200, None


@define(eq=False)
class Letter:
    """
    A request on its way to a pod.
    """

    process: SharingProcess
    pod: FlavorPod
    method: str
    path: str
    body: Any
    client: bool
    answered: Deferred[tuple[int, Any]]

    def happen(self, how: int) -> None:
        """
        It arrives and is answered; its answer is lost; it is lost itself; or the pod could not be reached.
        """
        failure: Exception | None = None
        name, said = self.pod.pod.name, (0, None)
        if not self.pod.up or how == 3:
            failure = PodUnreachable(name, "no connection", sent=False)
        elif how == 2:
            failure = PodBroken(name, "lost", sent=True)
        else:
            said = self.pod.answer(self.method, self.path, self.body, client=self.client)
            if how == 1:
                failure = PodBroken(name, "the answer was lost", sent=True)
        if not self.process.alive:
            return
        if failure is None:
            self.answered.callback(said)
        else:
            self.answered.errback(failure)


@implementer(IPodClient)
@define(eq=False, slots=False)
class SharingProcess:
    """
    One daemon's part of it.
    """

    world: Sharing
    name: str
    policy: SharedPolicy
    alive: bool = True
    #: The pods that it believes to be away.
    sick: set[str] = field(factory=set)
    #: Jobs that it works at.
    working: list[Deferred[None]] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        world, kinds = self.world, SharedKinds()
        self.book = SharedBook(world.store, kinds.mapped)
        self.queue = JobQueue(store=world.jobs, due=lambda: None)
        converger = Converger(store=world.store, ids=self.book, ask=self.ask)
        common: dict[str, Any] = {
            "store": world.store,
            "kinds": kinds,
            "converger": converger,
            "ids": self.book,
            "state": world.state,
            "pods": self,
            "queue": self.queue,
        }
        self.handlers = {
            handler.kind: handler
            for handler in (ReplicateJobs(**common, write_seconds=WRITE), SyncPodJobs(**common))
        }
        self.strategy = ReplicateStrategy(
            inner={},
            forwarder=Forwarder(
                pods=self,
                pod_tokens=OwnTokens(),
                facts=MemoryFacts(),
                clock=world.clock,
                answer_limit=100_000,
            ),
            shield=Shield(began=lambda: None, ended=lambda: None),
            ask=self.ask,
            policy=self.policy,
            budget=60.0,
            body_limit=10_000,
            **common,
        )

    def ask(self, pod: Pod, service: str) -> IPodAsk:
        """
        The daemon's own way to a pod.
        """
        return _Ask(self, pod)

    def send(self, pod: Pod, method: str, path: str, body: Any, *, client: bool) -> Deferred[tuple[int, Any]]:
        """
        Put a request on its way.
        """
        answered: Deferred[tuple[int, Any]] = Deferred(lambda _: None)
        self.world.letters.append(Letter(self, self.world.pods[pod.id], method, path, body, client, answered))
        return answered

    def call(self, pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        """
        See ``IPodClient``.
        """
        body = orjson.loads(call.body) if isinstance(call.body, bytes) else None
        sent = self.send(pod, call.method.decode(), call.target.decode(), body, client=True)
        return sent.addCallback(lambda said: MemoryAnswer(said[0], [JSON], orjson.dumps(said[1]), pod.name))

    def healthy(self, pod_id: str, service: str | None = None) -> bool:
        """
        See ``IPodClient``.
        """
        return pod_id not in self.sick

    def endpoint(self, pod: Pod, service: str) -> str | None:
        """
        See ``IPodClient``.
        """
        return "http://pod.example"

    def feed(self) -> None:
        """
        Read what is in the database.
        """
        Deferred.fromCoroutine(self.book.load())

    def write(self, flavor: str, what: int) -> None:
        """
        Begin a client's write.
        """
        if what == 0:
            method, path, body = "POST", "/v2.1/flavors", _flavor(flavor)
        elif what == 1:
            method, path, body = "DELETE", f"/v2.1/flavors/{flavor}", None
        elif what == 2:
            method, path = "DELETE", f"/v2.1/flavors/{flavor}/os-extra_specs/x"
            body = None
        else:
            method, path = "POST", f"/v2.1/flavors/{flavor}/os-extra_specs"
            body = {"extra_specs": {"xy"[what % 2]: f"{len(self.world.ended)}-{what}"}}
        found = split(path.encode())
        assert found is not None
        match = TABLES["compute"].match(method, found.rest)
        assert isinstance(match, Match)
        inbound = Inbound(
            operation=match.operation,
            method=method.encode(),
            path=path.encode(),
            query=None,
            headers=[],
            ids=match.ids,
            body=MemoryBody(b"" if body is None else orjson.dumps(body)),
            public_root=ROOT,
        )
        writing = Deferred.fromCoroutine(self.strategy.carry_out(inbound, a_context(roles="admin")))
        writing.addErrback(lambda failure: failure.trap(GatewayError) and None)
        writing.addBoth(self.world.ended.append)

    def work(self) -> bool:
        """
        Begin the job that is due, if any.
        """
        claimed: list[Any] = []
        store = self.world.jobs
        Deferred.fromCoroutine(
            store.claim(self.name, kinds=self.handlers.keys(), limit=1, lease=LEASE)
        ).addCallback(claimed.extend)
        if claimed:
            Deferred.fromCoroutine(self._work(claimed[0])).addErrback(self.world.errors.append)
        return bool(claimed)

    async def _work(self, job: Job) -> None:
        store = self.world.jobs
        try:
            await self.handlers[job.kind].work(job, _tell)
        except JobRetry as retry:
            await store.retry(job, str(retry), retry.after or 2.0 * job.attempts)
        except JobHopeless as hopeless:
            await store.bury(job, str(hopeless))
        else:
            await store.finish(job)


@implementer(IPodAsk)
@define
class _Ask:
    _process: SharingProcess
    pod: Pod

    async def get(self, path: str, *, version: str = "") -> tuple[int, Any]:
        return await self._process.send(self.pod, "GET", path, None, client=False)

    async def send(self, step: Step, ref: str) -> tuple[int, Any]:
        path = step.path.replace("{ref}", quoted(ref))
        return await self._process.send(self.pod, step.method, path, step.body, client=False)

    async def obstacle(self) -> str:
        return ""


class Sharing:
    """
    One database, three pods, and the processes.
    """

    def __init__(self, policy: SharedPolicy, refuser: bool) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.database = MemoryDatabase(self.clock)
        self.store = MemoryShared(self.database)
        self.jobs = MemoryJobs(self.database)
        self.state = MemoryState(self.clock)
        self.policy = policy
        self.letters: list[Letter] = []
        self.ended: list[Answer | None] = []
        self.errors: list[Any] = []
        #: By flavor what any pod had after a client's change, and nothing.
        self.results: dict[str, set[Any]] = {name: {None} for name in FLAVORS}
        self.pods: dict[str, FlavorPod] = {}
        for serial, pod_id in enumerate(PODS, 1):
            pod = Pod(id=pod_id, name=pod_id[:4], az_name="az", serial=serial)
            self.database.put_pod(pod)
            self.pods[pod_id] = FlavorPod(pod, history=self.came_to)
        self.pods[PODS[-1]].refuses = refuser
        self.state.put_pods(list(self.database.pods.values()))
        self.count = 0
        self.processes = [self.started(), self.started()]

    def came_to(self, name: str, document: Any) -> None:
        """
        A client has changed a flavor in a pod.
        """
        self.results[name].add(document)

    def started(self) -> SharingProcess:
        """
        A process that remembers nothing.
        """
        self.count += 1
        process = SharingProcess(self, f"process{self.count}", self.policy)
        process.feed()
        return process

    def step(self, at: int, how: int) -> None:
        """
        One of the requests under way happens.
        """
        if self.letters:
            self.letters.pop(at % len(self.letters)).happen(how)

    def restart(self, at: int) -> None:
        """
        A process dies, with all that it waits for, and another one begins.
        """
        self.processes[at % 2].alive = False
        self.processes[at % 2] = self.started()

    def recover(self) -> None:
        """
        Everything is well, and goes on until nothing is left to be done.
        """
        for pod in self.pods.values():
            pod.up = True
        for process in self.processes:
            process.sick.clear()
        for _ in range(300):
            while self.letters:
                self.step(0, 0)
            for process in self.processes:
                process.feed()
                if process.work():
                    break
            else:
                behind = self.processes[0].book.behind()
                if not behind and not self.unfinished():
                    return
                for pod_id in behind:
                    # what the look at returning pods does
                    Deferred.fromCoroutine(self.processes[0].queue.enqueue(sync_of(self.pods[pod_id].pod)))
                self.clock.advance(5.0)
        raise AssertionError(f"it never ends: {self.unfinished()}")

    def unfinished(self) -> list[Job]:
        """
        The jobs that are still to be done.
        """
        return [job for job in self.all_jobs() if not job.state.finished]

    def all_jobs(self) -> list[Job]:
        """
        All jobs that there ever were.
        """
        found: list[Job] = []
        Deferred.fromCoroutine(self.jobs.list_jobs(JobQuery())).addCallback(found.extend)
        return found

    def desired(self, name: str) -> SharedState | None:
        """
        What is wanted of a flavor, deleted or not.
        """
        found: list[SharedState] = []
        Deferred.fromCoroutine(self.store.everything("flavor")).addCallback(found.extend)
        return next((state for state in found if state.resource.top_id == name), None)


async def _tell(words: str) -> None:
    """
    Nobody listens.
    """


def _flavor(name: str) -> Any:
    return {"flavor": {"id": name, "name": name, "ram": 64, "vcpus": 1, "disk": 1}}
