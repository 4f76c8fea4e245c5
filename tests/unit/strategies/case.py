"""
A whole gateway between the web layer and the pods, in memory: what the tests of the strategies stand on.
"""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.shared.asks import ScriptedAsk
from tests.unit.strategies.checked import CheckedCandidates
from tests.unit.strategies.doubles import (
    CountedRoutes,
    HeldBindings,
    MemoryBody,
    MemoryFacts,
    OwnTokens,
    Reply,
    ScriptedPods,
)
from trio2o.config.schema import SchedulingSection
from trio2o.exchange import Answer, Inbound
from trio2o.interfaces import IStrategy
from trio2o.jobs.queue import JobQueue
from trio2o.model import Binding, Identity, Kind, Pod, RequestContext, Route
from trio2o.model.shared import SharedPolicy
from trio2o.scheduling.capacity import USUAL
from trio2o.scheduling.registry import make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.shared.kinds import SharedKinds
from trio2o.state.cache import MemoryState, by_project
from trio2o.state.cursors import CursorBook
from trio2o.state.outbox import Outbox
from trio2o.state.quota_limits import QuotaLimitBook
from trio2o.state.routes import RouteBook
from trio2o.state.shared import SharedBook
from trio2o.storage.memory import (
    MemoryBindings,
    MemoryCursors,
    MemoryDatabase,
    MemoryPods,
    MemoryRoutes,
)
from trio2o.storage.memory_intents import MemoryIntents
from trio2o.storage.memory_jobs import MemoryJobs
from trio2o.storage.memory_quotas import MemoryQuotaLimits, MemoryQuotaUsage
from trio2o.storage.memory_shared import MemoryShared
from trio2o.strategies.agreed import AgreedStrategy
from trio2o.strategies.alike import AlikeStrategy
from trio2o.strategies.anywhere import AnyStrategy
from trio2o.strategies.asking import AskStrategy
from trio2o.strategies.belongings import Belongings
from trio2o.strategies.bindings import Bindings
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.converging import Converger
from trio2o.strategies.cursors import Cursors
from trio2o.strategies.departures import Departures
from trio2o.strategies.everywhere import EveryStrategy
from trio2o.strategies.experience import Experience
from trio2o.strategies.follow import FollowStrategy
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.joining import JoinStrategy
from trio2o.strategies.keyed import KeyedCreates
from trio2o.strategies.local import LocalStrategy
from trio2o.strategies.locating import Locator
from trio2o.strategies.merge import MergeStrategy
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.outcomes import Outcomes
from trio2o.strategies.own_zones import OwnZones
from trio2o.strategies.placing import Placement
from trio2o.strategies.quota_judge import QuotaJudge
from trio2o.strategies.quota_unified import UnifiedQuotaWriteStrategy
from trio2o.strategies.quota_use import ProjectUse
from trio2o.strategies.quota_views import FreshLimits, QuotaViewStrategy
from trio2o.strategies.quota_writes import QuotaWriteStrategy
from trio2o.strategies.ranks import Ranks
from trio2o.strategies.replicating import ReplicateStrategy
from trio2o.strategies.route import RouteStrategy
from trio2o.strategies.schedule import ScheduleStrategy
from trio2o.strategies.splitting import SplitStrategy
from trio2o.strategies.summing import SumStrategy
from trio2o.strategies.usage import UsageStrategy
from trio2o.surface.matching import Match, Table, split
from trio2o.surface.surfaces import SURFACES

T = TypeVar("T")

NOW = 1_780_000_000.0
ROOT = b"https://cloud.example"
TABLES = {name: Table(surface.operations) for name, surface in SURFACES.items()}

#: The project and the user of an ordinary request.
P1 = "a" * 32
P2 = "b" * 32

LIMIT = 1000
LIST_BUDGET = 20.0
ANSWER_BUDGET = 60.0
LOCATE_BUDGET = 10.0
CREATE_BUDGET = 90.0
ABSENT_SECONDS = 5.0
#: Seconds that an Idempotency-Key is kept.
KEPT = 3600.0


def an_id(number: int) -> str:
    """
    A server's or volume's id.
    """
    return f"{number:08x}-0000-4000-8000-{number:012x}"


S1, S2, V1, V2, N1, X1 = (an_id(number) for number in range(1, 7))


def at(seconds: int) -> str:
    """
    A time as Nova writes it; larger is later.
    """
    return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def a_server(number: int, pod: str = "Pod1", **fields: Any) -> dict[str, Any]:
    """
    A server as the detailed list shows it; a larger number is newer.
    """
    identity = an_id(number)
    return {
        "id": identity,
        "name": f"server{number}",
        "status": "ACTIVE",
        "tenant_id": P1,
        "user_id": "u1",
        "created": at(number),
        "image": {"id": "image1"},
        "flavor": {"id": "1"},
        "OS-EXT-AZ:availability_zone": "nova",
        "links": [{"rel": "self", "href": f"http://{pod.lower()}.example:8774/v2.1/servers/{identity}"}],
        **fields,
    }


def a_volume(number: int, pod: str = "Pod1", **fields: Any) -> dict[str, Any]:
    """
    A volume as the detailed list shows it; a larger number is newer.
    """
    identity = an_id(number)
    return {
        "id": identity,
        "name": f"volume{number}",
        "status": "available",
        "os-vol-tenant-attr:tenant_id": P1,
        "created_at": at(number).removesuffix("Z") + ".000000",
        "size": number,
        "availability_zone": "nova",
        "links": [{"rel": "self", "href": f"http://{pod.lower()}.example:8776/v3/{P1}/volumes/{identity}"}],
        **fields,
    }


def a_context(
    surface: str = "compute", *, project: str = P1, roles: str = "member reader", user: str = "u1"
) -> RequestContext:
    """
    Who asks.
    """
    identity = Identity(
        user_id=user, project_id=project or None, roles=frozenset(roles.split()), expires_at=NOW + 3600
    )
    return RequestContext(
        request_id="req-own",
        global_request_id="",
        surface=surface,
        identity=identity,
        token=b"user-token",
        project_id=project,
    )


class StrategyCase(SynchronousTestCase):
    """
    Two pods in ``az1``, whose own zone is ``nova``, and one in ``az2`` that has no zone of its own.
    """

    #: False for tests that leave an answer of a pod alone on purpose.
    every_answer_is_used = True
    #: True for tests of what is asked after servers are made, imaged or deleted.
    follows_servers = False

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.database = MemoryDatabase(self.clock)
        self.route_store = CountedRoutes(MemoryRoutes(self.database))
        self.bindings = HeldBindings(MemoryBindings(self.database))
        self.state = MemoryState(self.clock)
        self.state.confirm(NOW + 1_000_000)
        self.pod1 = Pod(id="Pod1-id", name="Pod1", az_name="az1", pod_az_name="nova", serial=1)
        self.pod2 = Pod(id="Pod2-id", name="Pod2", az_name="az1", pod_az_name="nova", serial=2)
        self.pod3 = Pod(id="Pod3-id", name="Pod3", az_name="az2", serial=3)
        self.has_pods(self.pod1, self.pod2, self.pod3)
        self.outbox = Outbox(self.clock, self.route_store)
        self.routes = RouteBook(self.state, self.route_store, self.outbox)
        self.cursor_book = CursorBook(self.clock, MemoryCursors(self.database))
        self.intents = MemoryIntents(self.database)
        self.quota_store = MemoryQuotaLimits(self.database)
        self.quota_book = QuotaLimitBook(pods=lambda: [pod.id for pod in self.state.pods()])
        #: Who counts what projects use; the pods where nobody does.
        self.quota_usage: MemoryQuotaUsage | None = None
        self.jobs = MemoryJobs(self.database)
        #: The ids that keyed creates get, the last first.
        self.intent_ids = [f"intent-{number}" for number in range(99, 0, -1)]
        self.pods = ScriptedPods(self.clock)
        self.tokens = OwnTokens()
        self.facts = MemoryFacts()
        self.scheduling = SchedulingSection()
        self.default_zone: str | None = None
        self.sources: list[str] = []
        #: Of what was found to be gone: kind and project.
        self.found_gone: list[tuple[Kind, str]] = []
        #: One entry for each shielded task that began; taken away when it ended.
        self.running: list[int] = []
        self._answers: list[Answer] = []
        self.make()

    def make(self) -> None:
        """
        Build the strategies, as the composition root does.
        """
        self.book = SharedBook(MemoryShared(self.database), SharedKinds.over(self.state.pod))
        self.own_zones = OwnZones(ids=self.book, state=self.state)
        self.forwarder = Forwarder(
            pods=self.pods,
            pod_tokens=self.tokens,
            facts=self.facts,
            clock=self.clock,
            answer_limit=1_000_000,
            own_zones=self.own_zones.names,
        )
        self.locator = Locator(
            state=self.state,
            routes=self.routes,
            forwarder=self.forwarder,
            clock=self.clock,
            absent_seconds=ABSENT_SECONDS,
            budget=LOCATE_BUDGET,
            found=self.sources.append,
            freed=lambda kind, project_id: self.found_gone.append((kind, project_id)),
        )
        self.offers = OfferBook(clock=self.clock)
        self.experience = self.make_experience()
        self.placement = Placement(
            state=self.state,
            ranks=Ranks(
                candidates=CheckedCandidates(
                    clock=self.clock,
                    state=self.state,
                    unhealthy=self.pods.unhealthy,
                    selection=Selection(
                        filters=make_filters(self.scheduling.filters),
                        weighers=make_weighers(self.scheduling.weighers),
                    ),
                    experience=self.experience,
                    offers=self.offers,
                ),
                pod=self.state.pod,
                offers=self.offers,
            ),
            bindings=Bindings(state=self.state, store=self.bindings, pod_store=MemoryPods(self.database)),
            default_zone=self.default_zone,
            experience=self.experience,
            offers=self.offers,
        )
        shield = Shield(began=lambda: self.running.append(1), ended=lambda: self.running.remove(1))
        shared: dict[str, Any] = {"forwarder": self.forwarder, "state": self.state}
        asking: dict[str, Any] = {"locator": self.locator, "clock": self.clock, "budget": LIST_BUDGET}
        self.departures = Departures(**shared, **asking)
        followed = self.departures if self.follows_servers else Departures(**shared, **asking, most=0)
        belongings = Belongings(forwarder=self.forwarder, departures=followed, **asking)
        self.strategies: dict[str, IStrategy] = {
            "route": RouteStrategy(
                **shared,
                shield=shield,
                locator=self.locator,
                pods=self.pods,
                routes=self.route_store,
                belongings=belongings,
                body_limit=LIMIT,
            ),
            "schedule": ScheduleStrategy(
                outcomes=Outcomes(
                    forwarder=self.forwarder,
                    departures=self.departures,
                    experience=self.experience,
                    clock=self.clock,
                    budget=LIST_BUDGET,
                ),
                refused_503=self.scheduling.rules_of_503(),
                forwarder=self.forwarder,
                shield=shield,
                locator=self.locator,
                placement=self.placement,
                belongings=belongings,
                keyed=KeyedCreates(
                    intents=self.intents,
                    shield=shield,
                    clock=self.clock,
                    kept=KEPT,
                    new_id=self.intent_ids.pop,
                ),
                clock=self.clock,
                body_limit=LIMIT,
                budget=CREATE_BUDGET,
                offered=self.offers,
                typical=USUAL.typical,
                own_zones=self.own_zones,
                zone_budget=LIST_BUDGET,
            ),
            "merge": MergeStrategy(
                **shared,
                locator=self.locator,
                routes=self.route_store,
                cursors=Cursors(book=self.cursor_book),
                budget=LIST_BUDGET,
                max_page=LIMIT,
            ),
            "join": JoinStrategy(
                **shared, cursors=Cursors(book=self.cursor_book), budget=LIST_BUDGET, max_page=LIMIT
            ),
            "ask": AskStrategy(**shared, shield=shield, budget=LIST_BUDGET, body_limit=LIMIT),
            "sum": SumStrategy(**shared, budget=LIST_BUDGET),
            "usage": UsageStrategy(**shared, budget=LIST_BUDGET, max_page=LIMIT),
            "split": SplitStrategy(
                **shared,
                shield=shield,
                locator=self.locator,
                budget=LIST_BUDGET,
                body_limit=LIMIT,
            ),
            "every": EveryStrategy(**shared, shield=shield, budget=ANSWER_BUDGET, body_limit=LIMIT),
            "any": AnyStrategy(**shared, shield=shield, pods=self.pods, budget=LIST_BUDGET),
            "agreed": AgreedStrategy(
                **shared, pods=self.pods, clock=self.clock, budget=LIST_BUDGET, max_page=LIMIT
            ),
            "alike": AlikeStrategy(
                **shared,
                shield=shield,
                pods=self.pods,
                budget=ANSWER_BUDGET,
                body_limit=LIMIT,
                new_name=lambda: "made-up",
            ),
            "local": LocalStrategy(**shared, pods=self.pods, own_zones=self.own_zones, budget=LIST_BUDGET),
        }
        fresh = FreshLimits(
            limits=self.quota_book, catch_up=self.caught_up, state=self.state, clock=self.clock
        )
        use = ProjectUse(counted=self.quota_usage, sum=self.strategies["sum"])
        self.strategies["quota"] = QuotaViewStrategy(
            **shared, pods=self.pods, fresh=fresh, use=use, budget=LIST_BUDGET
        )
        writes: dict[str, Any] = {
            "judge": QuotaJudge(**shared, pods=self.pods, budget=ANSWER_BUDGET),
            "shield": shield,
            "fresh": fresh,
            "jobs": self.jobs,
            "body_limit": LIMIT,
        }
        self.strategies["quota_write"] = QuotaWriteStrategy(**writes, use=use, store=self.quota_store)
        if self.quota_book.unified:
            self.strategies["quota_write"] = UnifiedQuotaWriteStrategy(
                **writes, inner=self.strategies["quota_write"], unified=self.quota_book.unified
            )
        self.strategies["replicate"] = self.make_replicate(shield)
        self.strategies["follow"] = FollowStrategy(
            **shared,
            inner=self.strategies,
            shield=shield,
            locator=self.locator,
            departures=self.departures,
            budget=LIST_BUDGET,
            body_limit=LIMIT,
        )

    async def caught_up(self) -> None:
        """
        Read the limits that are stored.
        """
        if self.database.available:
            self.quota_book.replace(await self.quota_store.all_limits())

    def make_replicate(self, shield: Shield) -> IStrategy:
        """
        What keeps things the same in all pods; here the daemon's user administers none, so that nothing is kept.
        """
        kinds, store = SharedKinds(), MemoryShared(self.database)
        book = SharedBook(store, kinds)

        def ask(pod: Pod, service: str) -> ScriptedAsk:
            return ScriptedAsk(pod, obstacle_there="not an admin")

        return ReplicateStrategy(
            inner=self.strategies,
            kinds=kinds,
            forwarder=self.forwarder,
            shield=shield,
            state=self.state,
            pods=self.pods,
            store=store,
            ids=book,
            queue=JobQueue(store=MemoryJobs(self.database), due=lambda: None),
            converger=Converger(store=store, ids=book, ask=ask),
            ask=ask,
            policy=SharedPolicy.ALL,
            budget=ANSWER_BUDGET,
            body_limit=LIMIT,
            new_name=lambda: "made-up",
        )

    def make_experience(self) -> Experience | None:
        """
        What is remembered of pods; ``None`` for nothing.
        """
        return None

    def tearDown(self) -> None:
        """
        Every answer that a pod gave was read, dropped, or handed on to be streamed: none keeps its connection (I2).
        """
        if not self.every_answer_is_used:
            return
        handed_on = {id(answer.body) for answer in self._answers}
        for answer in self.pods.answers:
            used = len(answer.used) + (id(answer) in handed_on)
            self.assertEqual(1, used, f"{answer.pod_name}'s {answer.status} was used {used} times")

    # What the test says of the cloud.

    def has_pods(self, *pods: Pod) -> None:
        """
        These are the pods, in memory and in the database.
        """
        self.database.pods = {pod.id: pod for pod in pods}
        self.state.put_pods(pods)

    def change_pod(self, pod: Pod, **changes: Any) -> Pod:
        """
        Change one pod.
        """
        changed = evolve(pod, **changes)
        self.has_pods(*(changed if each.id == pod.id else each for each in self.state.pods()))
        return changed

    def has_route(
        self,
        resource_id: str,
        pod: Pod,
        *,
        kind: Kind = Kind.SERVER,
        project: str = P1,
        in_memory: bool = True,
        in_database: bool = True,
        **more: Any,
    ) -> Route:
        """
        A resource whose pod is known.
        """
        route = Route(kind=kind, resource_id=resource_id, pod_id=pod.id, project_id=project, **more)
        if in_database:
            self.database.routes[resource_id, kind] = route
        if in_memory:
            self.state.note_route(route)
        return route

    def is_bound(self, pod: Pod, *, project: str = P1, age: float = 10.0, in_memory: bool = True) -> Binding:
        """
        A project that has a binding.
        """
        binding = Binding(
            id=f"binding-{len(self.database.bindings)}",
            tenant_id=project,
            pod_id=pod.id,
            az_name=pod.az_name,
            pod_group=pod.group,
            is_binding=True,
            created_at=datetime.fromtimestamp(NOW - age, UTC),
            reason="created",
        )
        self.database.bindings[binding.id] = binding
        if in_memory:
            known: dict[str, tuple[Binding, ...]] = {}
            by_project([each for each in self.database.bindings.values() if each.is_binding], into=known)
            self.state.replace(list(self.database.pods.values()), known)
        return binding

    def bound_pods(self, project: str = P1) -> list[str]:
        """
        The names of the pods that the project's active bindings in the database name.
        """
        return [
            self.database.pods[binding.pod_id].name
            for binding in self.database.bindings.values()
            if binding.tenant_id == project and binding.is_binding
        ]

    def stored_route(self, resource_id: str, kind: Kind = Kind.SERVER) -> Route | None:
        """
        What the database has.
        """
        return self.database.routes.get((resource_id, kind))

    def everybody_says(self, status: int, path: str, body: Any = b"") -> None:
        """
        All pods give this to a GET.
        """
        self.pods.on("*", "GET", path, Reply(status, body))

    # What the test asks.

    def inbound(
        self,
        method: str,
        target: str,
        body: Any = b"",
        *,
        surface: str = "compute",
        version: tuple[int, int] | None = None,
        headers: Any = (),
        memory_body: MemoryBody | None = None,
    ) -> Inbound:
        """
        A request, matched by the surface's own table.
        """
        path, mark, query = target.encode().partition(b"?")
        found = split(path)
        assert found is not None
        match = TABLES[surface].match(method, found.rest)
        assert isinstance(match, Match), f"{method} {target}: {match}"
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return Inbound(
            operation=match.operation,
            method=method.encode(),
            path=path,
            query=query if mark else None,
            headers=[(b"Accept", b"application/json"), *headers],
            ids=match.ids,
            body=memory_body or MemoryBody(content),
            public_root=ROOT,
            microversion=version,
        )

    def started(
        self, method: str, target: str, body: Any = b"", *, context: RequestContext | None = None, **more: Any
    ) -> Deferred[Answer]:
        """
        Begin to carry out a request.
        """
        surface = more.get("surface") or (context.surface if context is not None else "compute")
        inbound = self.inbound(method, target, body, **{**more, "surface": surface})
        strategy = self.strategies[inbound.operation.strategy]
        context = context or a_context(surface)
        return Deferred.fromCoroutine(strategy.carry_out(inbound, context)).addCallback(self._keep)

    def asked(self, method: str, target: str, body: Any = b"", **more: Any) -> Answer:
        """
        The answer of a request that needs no time.
        """
        return self.answered(self.started(method, target, body, **more))

    def answered(self, started: Deferred[Answer]) -> Answer:
        """
        The answer of a request that has one by now.
        """
        answer: Answer = self.successResultOf(started)
        return answer

    def refused(self, kind: type[Exception], method: str, target: str, body: Any = b"", **more: Any) -> Any:
        """
        The exception that a request ends with.
        """
        return self.failureResultOf(self.started(method, target, body, **more), kind).value

    @staticmethod
    def deferred(coroutine: Coroutine[Any, Any, T]) -> Deferred[T]:
        """
        A coroutine that may take time.
        """
        return Deferred.fromCoroutine(coroutine)

    def done(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """
        What a coroutine gives that needs no time.
        """
        return self.successResultOf(self.deferred(coroutine))

    def shown(self, answer: Answer) -> Any:
        """
        The JSON of an answer's body.
        """
        assert isinstance(answer.body, bytes), "the body is the pod's, to be streamed"
        return orjson.loads(answer.body)

    def _keep(self, answer: Answer) -> Answer:
        self._answers.append(answer)
        return answer
