"""
One process of the gateway, as far as it writes what pods have the same: the product's own parts, wired to the model's network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.unit.model.chronicle import WRITING, Verb, Write
from tests.unit.strategies.case import ROOT, TABLES, a_context
from tests.unit.strategies.doubles import JSON, MemoryAnswer, MemoryBody, MemoryFacts, OwnTokens
from trio2o.adoption.replication import ReplicateJobs
from trio2o.adoption.sync_pods import SyncPodJobs
from trio2o.errors import DatabaseUnavailable, GatewayError, JobHopeless, JobRetry, PodBroken, Unavailable
from trio2o.exchange import Answer, Inbound, PodCall
from trio2o.interfaces import IPodAnswer, IPodAsk, IPodClient, IStrategy
from trio2o.jobs.queue import JobQueue
from trio2o.model import Job, Pod, RequestContext
from trio2o.model.shared import Step
from trio2o.shared.kinds import SharedKinds
from trio2o.shared.reading import quoted
from trio2o.state.shared import SharedBook
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.converging import Converger
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.replicating import ReplicateStrategy
from trio2o.surface.matching import Match, split

if TYPE_CHECKING:
    from tests.unit.model.sharing import Sharing

#: Seconds that a pod has, after which a write is not under way any more, and of a lease; as the daemon has them.
BUDGET, WRITE_SECONDS, LEASE = 60.0, 240.0, 30.0


@define(eq=False)
class Across:
    """
    A store as a process has it that is not beside it: each call happens when the world lets it, or does not.
    """

    _process: SharingProcess
    _store: Any

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._store, name)

        async def asked(*args: Any, **more: Any) -> Any:
            return await self._process.world.database_is_asked(self._process, lambda: method(*args, **more))

        return asked


@implementer(IPodClient)
@define(eq=False, slots=False)
class SharingProcess:
    """
    One daemon's part of it.
    """

    world: Sharing
    name: str
    alive: bool = True
    #: The pods that it believes to be away.
    sick: set[str] = field(factory=set)
    #: The jobs that it works at.
    working: list[Job] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        world, kinds = self.world, SharedKinds()
        store: Any = Across(self, world.store)
        jobs: Any = Across(self, world.jobs)
        self.book = SharedBook(world.store, kinds)
        self.queue = JobQueue(store=jobs, due=lambda: None)
        converger = Converger(store=store, ids=self.book, ask=self.ask)
        common: dict[str, Any] = {
            "store": store,
            "kinds": kinds,
            "converger": converger,
            "ids": self.book,
            "state": world.state,
            "pods": self,
            "queue": self.queue,
        }
        self.handlers = {
            handler.kind: handler
            for handler in (ReplicateJobs(**common, write_seconds=WRITE_SECONDS), SyncPodJobs(**common))
        }
        self.strategy = ReplicateStrategy(
            inner={"alike": _Nowhere(), "every": _Nowhere()},
            forwarder=Forwarder(
                pods=self,
                pod_tokens=OwnTokens(),
                facts=MemoryFacts(),
                clock=world.clock,
                answer_limit=100_000,
            ),
            shield=Shield(began=lambda: None, ended=lambda: None),
            ask=self.ask,
            policy=world.policy,
            budget=BUDGET,
            body_limit=10_000,
            **common,
        )

    def ask(self, pod: Pod, service: str) -> IPodAsk:
        """
        The daemon's own way to a pod.
        """
        return _Ask(self, pod)

    def call(self, pod: Pod, call: PodCall) -> Deferred[IPodAnswer]:
        """
        See ``IPodClient``.
        """
        body = orjson.loads(call.body) if isinstance(call.body, bytes) else None
        sent = self.world.pod_is_asked(self, pod, call.method.decode(), call.target.decode(), body)
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

    def write(self, write: Write) -> None:
        """
        Begin a client's write.
        """
        method, path, body = _request(write)
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
        write.away |= self.sick
        WRITING.set(write)
        writing = Deferred.fromCoroutine(self.strategy.carry_out(inbound, a_context(roles="admin")))
        WRITING.set(None)
        writing.addCallbacks(
            lambda answer: self.world.answered(write, answer.status < 400),
            lambda failure: failure.trap(GatewayError) and self.world.answered(write, False),
        )
        writing.addErrback(self._broken)

    def work(self) -> bool:
        """
        Begin the job that is due, if any.
        """
        claimed: list[Any] = []
        store = self.world.jobs
        Deferred.fromCoroutine(
            store.claim(self.name, kinds=self.handlers.keys(), limit=1, lease=LEASE)
        ).addCallback(claimed.extend)
        for job in claimed:
            Deferred.fromCoroutine(self._work(job)).addErrback(self._broken)
        return bool(claimed)

    def _broken(self, failure: Failure) -> None:
        if self.alive:
            self.world.errors.append(failure)

    def keep(self) -> None:
        """
        Extend the leases of what it works at.
        """
        for job in self.working:
            Deferred.fromCoroutine(self.world.jobs.extend(job, LEASE))

    async def _work(self, job: Job) -> None:
        store = self.world.jobs
        began = self.world.moment
        self.working.append(job)
        try:
            await self.handlers[job.kind].work(job, _tell)
        except JobRetry as retry:
            await store.retry(job, str(retry), 2.0 * job.attempts if retry.after is None else retry.after)
        except JobHopeless as hopeless:
            await store.bury(job, str(hopeless))
        except (DatabaseUnavailable, PodBroken) as error:
            await store.retry(job, str(error), 2.0 * job.attempts)
        else:
            await store.finish(job)
        finally:
            self.working.remove(job)
            self.world.worked(job, began)


@implementer(IPodAsk)
@define
class _Ask:
    _process: SharingProcess
    pod: Pod

    async def get(self, path: str, *, version: str = "") -> tuple[int, Any]:
        return await self._process.world.pod_is_asked(self._process, self.pod, "GET", path, None)

    async def send(self, step: Step, ref: str) -> tuple[int, Any]:
        path = step.path.replace("{ref}", quoted(ref))
        return await self._process.world.pod_is_asked(self._process, self.pod, step.method, path, step.body)

    async def obstacle(self) -> str:
        return ""


@implementer(IStrategy)
class _Nowhere:
    """
    Stands for writes without the daemon's user, which no process of the model has to do without.
    """

    async def carry_out(self, inbound: Inbound, context: RequestContext) -> Answer:
        """
        No pod answers.
        """
        raise Unavailable("no pod answers")


async def _tell(words: str) -> None:
    """
    Nobody listens.
    """


def _request(write: Write) -> tuple[str, str, Any]:
    """
    Method, path and body of a write.
    """
    root = "/v2.1/flavors"
    one = f"{root}/{write.flavor}"
    match write.verb:
        case Verb.CREATE:
            flavor = {"id": write.flavor, "name": write.flavor, "ram": write.value, "vcpus": 1, "disk": 1}
            return "POST", root, {"flavor": flavor}
        case Verb.DELETE:
            return "DELETE", one, None
        case Verb.SET:
            return "POST", f"{one}/os-extra_specs", {"extra_specs": {write.spec: write.value}}
        case Verb.UNSET:
            return "DELETE", f"{one}/os-extra_specs/{write.spec}", None
