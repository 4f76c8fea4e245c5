"""
One process of the gateway, as far as it places creates: the product's own parts, wired to the model's network.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from tests.unit.model.intents import WiredIntents
from tests.unit.model.lives import Create, End
from tests.unit.model.oracle import FACTORS, View
from tests.unit.model.pods import REFUSED_503, Clouds, WiredPodClient
from tests.unit.model.wire import UNDER_WAY, Step, Wire, WiredBindings, WiredChanges, WiredNews, WiredPods
from tests.unit.model.witness import Newsroom, WatchedCandidates, WatchedExperience, Witness
from tests.unit.strategies.case import LIMIT, ROOT, TABLES, a_context
from tests.unit.strategies.doubles import MemoryBody, MemoryFacts, OwnTokens
from trio2o.config.schema import SchedulingSection
from trio2o.exchange import Inbound
from trio2o.interfaces import IBindingStore, IChangeLog, IIntentStore, INews, IPodStore, IRouteStore
from trio2o.model import Amounts, Kind, News, Usage
from trio2o.scheduling.capacity import CapacityRules
from trio2o.scheduling.registry import Rules, make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.state.cache import MemoryState
from trio2o.state.feed import StateFeed
from trio2o.state.news import NewsService
from trio2o.state.outbox import Outbox
from trio2o.state.routes import RouteBook
from trio2o.state.shared import SharedBook
from trio2o.storage.memory import MemoryBindings, MemoryChanges, MemoryDatabase, MemoryPods, MemoryRoutes
from trio2o.storage.memory_news import MemoryNews
from trio2o.storage.memory_shared import MemoryShared
from trio2o.strategies.belongings import Belongings
from trio2o.strategies.bindings import Bindings
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.departures import Departures
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.keyed import KeyedCreates
from trio2o.strategies.locating import Locator
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.outcomes import Outcomes
from trio2o.strategies.own_zones import OwnZones
from trio2o.strategies.placing import Placement
from trio2o.strategies.ranks import Ranks
from trio2o.strategies.schedule import ScheduleStrategy
from trio2o.surface.matching import Match, split

#: A server is one virtual processor, a volume as large as it says; what there is may be promised once.
RULES = CapacityRules(
    overcommit=Amounts(vcpus=1.0, ram_mb=1.0, disk_gb=1.0, volume_gb=1.0),
    typical=Amounts(vcpus=1.0, volume_gb=1.0),
)

#: Seconds from one look at the change log to the next; what a process remembers is trusted for three of them.
CHECK_INTERVAL = 5.0
TRUSTED = 3 * CHECK_INTERVAL

_BUDGET = 90.0

#: Seconds that a process may take for one thing and not have stood still.
_BEAT = 0.7


@frozen(kw_only=True)
class Stores:
    """
    The database that processes share.
    """

    pods: IPodStore
    bindings: IBindingStore
    routes: IRouteStore
    changes: IChangeLog
    intents: IIntentStore
    news: INews
    #: The time there, in seconds.
    now: Callable[[], float]

    @classmethod
    def in_memory(cls, database: MemoryDatabase, intents: IIntentStore) -> Stores:
        """
        Those of the twins.
        """
        return cls(
            pods=MemoryPods(database),
            bindings=MemoryBindings(database),
            routes=MemoryRoutes(database),
            changes=MemoryChanges(database),
            intents=intents,
            news=MemoryNews(database),
            now=lambda: database.now().timestamp(),
        )


@define(eq=False, repr=False)
class Process:
    """
    One process. It lives by its own clock, which stands still with it.
    """

    name: str
    stores: Stores
    clouds: Clouds
    witness: Witness
    clock: Clock
    wire: Wire = field(factory=Wire, init=False)
    #: When it was started.
    began: float = field(init=False)
    #: Seconds that it stood still for, while it does.
    paused: float | None = field(default=None, init=False)
    creates: list[Create] = field(factory=list, init=False)
    #: Pod id to when the collection began of which it was told last.
    told_usage: dict[str, float] = field(factory=dict, init=False)
    state: MemoryState = field(init=False)
    feed: StateFeed = field(init=False)
    client: WiredPodClient = field(init=False)
    experience: WatchedExperience = field(init=False)
    news: NewsService = field(init=False)
    newsroom: Newsroom = field(init=False)
    placement: Placement = field(init=False)
    strategy: ScheduleStrategy = field(init=False)

    def __attrs_post_init__(self) -> None:
        clock, stores, witness = self.clock, self.stores, self.witness
        self.began = clock.seconds()
        bindings = WiredBindings(self.wire, stores.bindings, witness.binding, witness.bound)
        pods = WiredPods(self.wire, stores.pods, stores.now)
        self.state = MemoryState(clock)
        self.feed = StateFeed(
            clock,
            WiredChanges(self.wire, stores.changes),
            pods,
            bindings,
            self.state,
            check_interval=CHECK_INTERVAL,
        )
        self.client = WiredPodClient(self.wire, self.clouds, clock, witness.sending, witness.arrived)
        self.experience = WatchedExperience(clock=clock, rules=RULES, witness=witness)
        self.newsroom = Newsroom(self.creates)
        self.news = NewsService(
            clock=clock,
            news=WiredNews(self.wire, stores.news),
            fresh=lambda: self.newsroom.watched(self.experience.news(), clock.seconds()),
            untold=self.experience.untold,
            heard=self._hear,
            count=lambda _: None,
            name=self.name,
        )
        rules = Rules(capacity=RULES)
        self.placement = Placement(
            state=self.state,
            ranks=Ranks(
                candidates=WatchedCandidates(
                    clock=clock,
                    state=self.state,
                    unhealthy=self.client.unhealthy,
                    selection=Selection(
                        filters=make_filters(SchedulingSection().filters, rules=rules),
                        weighers=make_weighers(FACTORS, rules=rules),
                    ),
                    experience=self.experience,
                    witness=witness,
                ),
                pod=self.state.pod,
                capacity=RULES,
            ),
            bindings=Bindings(state=self.state, store=bindings, pod_store=pods, catch_up=self._caught_up),
            default_zone=None,
            experience=self.experience,
            typical=RULES.typical,
        )
        forwarder = Forwarder(
            pods=self.client,
            pod_tokens=OwnTokens(),
            facts=MemoryFacts(),
            clock=clock,
            answer_limit=1_000_000,
        )
        routes = stores.routes
        locator = Locator(
            state=self.state,
            routes=RouteBook(self.state, routes, Outbox(clock, routes)),
            forwarder=forwarder,
            clock=clock,
            absent_seconds=5.0,
            budget=10.0,
        )
        asking: dict[str, Any] = {"forwarder": forwarder, "locator": locator, "clock": clock, "budget": 20.0}
        # what is made is not asked after: that would be another model
        nobody = Departures(state=self.state, **asking, most=0)
        shield = Shield(began=lambda: None, ended=lambda: None)
        self.strategy = ScheduleStrategy(
            forwarder=forwarder,
            shield=shield,
            keyed=KeyedCreates(
                intents=WiredIntents(self.wire, stores.intents), shield=shield, clock=clock, kept=86_400.0
            ),
            locator=locator,
            placement=self.placement,
            belongings=Belongings(**asking, departures=nobody),
            outcomes=Outcomes(
                forwarder=forwarder,
                departures=nobody,
                experience=self.experience,
                clock=clock,
                budget=20.0,
            ),
            refused_503=(REFUSED_503,),
            clock=clock,
            body_limit=LIMIT,
            budget=_BUDGET,
            offered=OfferBook(clock=clock),
            typical=RULES.typical,
            own_zones=OwnZones(ids=SharedBook(MemoryShared(MemoryDatabase(clock)), {}), state=self.state),
            zone_budget=20.0,
        )
        self.feed.startService()
        self.news.startService()

    @property
    def runs(self) -> bool:
        """
        Whether it does anything now.
        """
        return self.wire.alive and self.paused is None

    def cut(self) -> None:
        """
        It dies: what it has sent goes on, nothing comes back.
        """
        self.wire.cut()

    def begin(self, create: Create) -> None:
        """
        A client asks.
        """
        self.creates.append(create)
        UNDER_WAY.set(create)
        surface = "compute" if create.kind is Kind.SERVER else "volume"
        context = a_context(surface, project=create.project)
        started = Deferred.fromCoroutine(self.strategy.carry_out(_inbound(create), context))
        UNDER_WAY.set(None)
        started.addBoth(self._over, create)

    def _over(self, outcome: Any, create: Create) -> None:
        create.outcome = outcome.value if isinstance(outcome, Failure) else outcome
        self.witness.over(create)

    def _hear(self, news: News) -> None:
        self.experience.heard(news)
        self.newsroom.hear(news, self.clock.seconds())

    def steps(self) -> list[Step]:
        """
        What may happen next to it, or to what it has sent.
        """
        return [step for step in self.wire.steps if step.beyond or self.runs]

    def pass_time(self, seconds: float) -> None:
        """
        Time goes on, for all but those that stand still.
        """
        if self.paused is not None:
            self.paused += seconds
        elif self.wire.alive:
            # in small steps: a large one is a process that stood still
            while seconds > _BEAT:
                self.clock.advance(_BEAT)
                seconds -= _BEAT
            self.clock.advance(seconds)

    def leap(self, seconds: float) -> None:
        """
        It stands still for so long, and goes on.
        """
        if self.paused is None:
            self.paused = 0.0
        self.paused += seconds
        self.resume()

    def resume(self) -> None:
        """
        Go on, much later than it thinks.
        """
        seconds, self.paused = self.paused, None
        if seconds:
            self.clock.advance(seconds)

    def catch_up(self) -> None:
        """
        All that the database has to tell arrives, and what it is asked of by the process itself.
        """
        while self.runs:
            own = [step for step in self.steps() if step.create is None]
            if own:
                self.wire.take(own[0])
            elif self.wire.notices:
                self.wire.take_notice()
            else:
                return

    def tell_usage(self, pod_id: str, usage: Usage, began: float) -> None:
        """
        It reads what a pod has said.
        """
        self.told_usage[pod_id] = began
        self.experience.note_usage(pod_id, usage, self.clock.seconds() - began)

    async def _caught_up(self) -> None:
        create = UNDER_WAY.get()
        # what the feed reads is nobody's
        UNDER_WAY.set(None)
        reading = Deferred.fromCoroutine(self.feed.caught_up())
        UNDER_WAY.set(create)
        await reading

    def view(self, create: Create) -> View:
        """
        What it knows that matters to a create.
        """
        return View(
            pods=self.state.pods(),
            bindings=create.bindings or (),
            healthy=self.client.healthy,
            usage=self.experience.usage,
            claimed=self.experience.claimed,
            failures=lambda pod_id: self._failures(pod_id, create),
            refused=self.experience.exhausted(create.project, create.kind),
        )

    def _failures(self, pod_id: str, like: Create) -> int:
        """
        How many creates like this one have lately failed in a pod and succeeded elsewhere, since the last that succeeded there.
        """
        succeeded, failed = float("-inf"), []
        for create in self.creates:
            success = create.attempts[-1] if create.attempts else None
            if (create.project, create.kind) != (like.project, like.kind) or success is None:
                continue
            if success.end is End.ACCEPTED and success.pod_id == pod_id:
                succeeded = max(succeeded, success.ended_at)
            elif success.end is End.ACCEPTED and any(each.pod_id == pod_id for each in create.attempts):
                failed.append(success.ended_at)
        since = max(succeeded, self.clock.seconds() - self.experience.failure_seconds)
        return sum(time > since for time in failed)


def _inbound(create: Create) -> Inbound:
    """
    The create as it comes from a client.
    """
    resource: dict[str, Any] = {}
    if create.zone is not None:
        resource["availability_zone"] = create.zone
    if create.kind is Kind.SERVER:
        surface, path, body = "compute", b"/v2.1/servers", {"server": resource}
        if create.volume is not None:
            resource["block_device_mapping_v2"] = [
                {"uuid": create.volume[0], "source_type": "volume", "destination_type": "volume"}
            ]
    else:
        surface, path = "volume", f"/v3/{create.project}/volumes".encode()
        body = {"volume": {**resource, "size": int(create.needs.volume_gb)}}
    found = split(path)
    assert found is not None
    match = TABLES[surface].match("POST", found.rest)
    assert isinstance(match, Match)
    return Inbound(
        operation=match.operation,
        method=b"POST",
        path=path,
        query=None,
        headers=[(b"Accept", b"application/json")]
        + ([] if create.key is None else [(b"Idempotency-Key", create.key.encode())]),
        ids=match.ids,
        body=MemoryBody(orjson.dumps(body)),
        public_root=ROOT,
    )
