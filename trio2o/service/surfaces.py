"""
One surface, wired: strategies, wrapper, Klein application, site, drain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, frozen

from trio2o.config.schema import Config
from trio2o.identity.access_rules import allowed
from trio2o.interfaces import (
    ICursorBook,
    IIntentStore,
    IJobQueue,
    IPodFactsBook,
    IPolicy,
    IRouteBook,
    IState,
    IStrategy,
    ITokenValidator,
)
from trio2o.model.shared import SharedPolicy
from trio2o.ops.drain import Drain, TrackedConnection
from trio2o.ops.metrics import Metrics
from trio2o.pods.client import TreqPods
from trio2o.service.counting import QuotaCounting
from trio2o.service.identity import IdentityParts
from trio2o.service.observing import Observer
from trio2o.service.quotas import QuotaParts
from trio2o.service.shared import SharedService
from trio2o.strategies.aggregate_hosts import AggregateHosts
from trio2o.strategies.aggregate_parts import AggregateParts
from trio2o.strategies.aggregates import AggregatesStrategy
from trio2o.strategies.agreed import AgreedStrategy
from trio2o.strategies.alike import AlikeStrategy
from trio2o.strategies.anywhere import AnyStrategy
from trio2o.strategies.asking import AskStrategy
from trio2o.strategies.belongings import Belongings
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.counting import Facts
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
from trio2o.strategies.noting import NotingStrategy
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.outcomes import Outcomes
from trio2o.strategies.own_zones import OwnZones
from trio2o.strategies.placing import Placement
from trio2o.strategies.replicating import ReplicateStrategy
from trio2o.strategies.route import RouteStrategy
from trio2o.strategies.schedule import ScheduleStrategy
from trio2o.strategies.splitting import SplitStrategy
from trio2o.strategies.summing import SumStrategy
from trio2o.strategies.usage import UsageStrategy
from trio2o.surface.matching import Table
from trio2o.surface.surfaces import Surface
from trio2o.web.channel import GatewayChannel
from trio2o.web.explaining import RULE
from trio2o.web.front import Front
from trio2o.web.incoming import Trust
from trio2o.web.streaming import GatewaySite
from trio2o.web.surface_app import SurfaceApp
from trio2o.web.versioning import Versioning
from trio2o.web.wrapper import Wrapper


class TrackedChannel(TrackedConnection, GatewayChannel):
    """
    A client's connection that its site knows of.
    """


class TrackedSite(GatewaySite):
    """
    A site that knows its connections, so that they can be drained.
    """

    protocol = TrackedChannel
    noisy = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.connections: set[TrackedConnection] = set()


@frozen(kw_only=True)
class Common:
    """
    What all surfaces share.
    """

    reactor: Any
    config: Config
    identity: IdentityParts
    policy: IPolicy
    tokens: ITokenValidator
    state: IState
    routes: IRouteBook
    pods: TreqPods
    facts: IPodFactsBook
    forwarder: Forwarder
    locator: Locator
    placement: Placement
    offers: OfferBook
    #: Told when a client has changed flavors or volume types.
    offers_changed: Callable[[], None]
    experience: Experience
    departures: Departures
    observer: Observer
    metrics: Metrics
    route_store: Any
    cursors: ICursorBook
    intents: IIntentStore
    quotas: QuotaParts
    shared: SharedService
    job_queue: IJobQueue
    counted: QuotaCounting
    own_zones: OwnZones


@define(kw_only=True)
class ServedSurface:
    """
    A surface's site and what is needed to end it.
    """

    name: str
    endpoints: tuple[str, ...]
    site: TrackedSite
    drain: Drain


class Counter:
    """
    Counts for a drain that is made after its site.
    """

    drain: Drain | None = None

    @property
    def draining(self) -> bool:
        """
        True once the site is on its way out.
        """
        return self.drain is not None and self.drain.draining

    def began(self) -> None:
        """
        Something runs.
        """
        if self.drain is not None:
            self.drain.enter()

    def ended(self) -> None:
        """
        It ended.
        """
        if self.drain is not None:
            self.drain.leave()


def make_wrapper(
    common: Common,
    surface: Surface | None,
    versioning: Versioning | None,
    counter: Counter,
    public_url: str | None,
) -> Wrapper:
    """
    The wrapper of one surface; ``None`` for the admin surface.
    """
    return Wrapper(
        surface=surface,
        tokens=common.tokens,
        access=allowed,
        versioning=versioning,
        clock=common.reactor,
        began=counter.began,
        ended=counter.ended,
        observe=common.observer.request_ended,
        www_authenticate=common.identity.www_authenticate,
        public_root=None if public_url is None else public_url.rstrip("/").encode("ascii"),
        trust=Trust(common.config.proxy.trusted),
        pseudonym=common.config.proxy.via_name.encode("ascii"),
        may_explain=lambda identity: common.policy.authorize(RULE, identity, {}),
    )


def make_surface(
    common: Common, surface: Surface, endpoints: tuple[str, ...], public_url: str | None
) -> ServedSurface:
    """
    Wire one surface from its table.
    """
    counter = Counter()
    versioning = Versioning(surface=surface, facts=common.facts)
    table = Table(surface.operations)
    app = SurfaceApp(
        surface=surface,
        wrapper=make_wrapper(common, surface, versioning, counter, public_url),
        versioning=versioning,
        strategies=make_strategies(common, Shield(began=counter.began, ended=counter.ended)),
        table=table,
        draining=lambda: counter.draining,
    )
    site = TrackedSite(Front(app, table), reactor=common.reactor)
    counter.drain = Drain(site, common.reactor)
    return ServedSurface(name=surface.name, endpoints=endpoints, site=site, drain=counter.drain)


def make_strategies(common: Common, shield: Shield) -> dict[str, IStrategy]:
    """
    The strategies by the names that tables use.
    """
    limits, pods = common.config.limits, common.config.pod_defaults
    shared: dict[str, Any] = {"forwarder": common.forwarder, "state": common.state}
    belongings = Belongings(
        forwarder=common.forwarder,
        locator=common.locator,
        departures=common.departures,
        clock=common.reactor,
        budget=pods.list_timeout_seconds,
    )
    outcomes = Outcomes(
        forwarder=common.forwarder,
        departures=common.departures,
        experience=common.experience,
        clock=common.reactor,
        budget=pods.list_timeout_seconds,
    )
    facts = Facts(
        **shared,
        locator=common.locator,
        offers=common.offers,
        clock=common.reactor,
        budget=pods.list_timeout_seconds,
    )
    strategies: dict[str, IStrategy] = {
        "route": RouteStrategy(
            **shared,
            shield=shield,
            locator=common.locator,
            pods=common.pods,
            belongings=belongings,
            routes=common.route_store,
            body_limit=limits.read_body_bytes,
        ),
        "schedule": ScheduleStrategy(
            forwarder=common.forwarder,
            shield=shield,
            locator=common.locator,
            placement=common.placement,
            belongings=belongings,
            keyed=KeyedCreates(
                intents=common.intents,
                shield=shield,
                clock=common.reactor,
                kept=common.config.idempotency.kept_seconds,
                counted=common.metrics.counter("trio2o_keyed_creates"),
            ),
            outcomes=outcomes,
            clock=common.reactor,
            body_limit=limits.read_body_bytes,
            budget=pods.create_timeout_seconds,
            offered=common.offers,
            refused_503=common.config.scheduling.rules_of_503(),
            typical=common.config.scheduling.rules().capacity.typical,
            counting=common.counted.counting(facts),
            own_zones=common.own_zones,
            zone_budget=pods.list_timeout_seconds,
            tolerable=frozenset(common.config.scheduling.tolerations_by_hint),
        ),
        "merge": MergeStrategy(
            **shared,
            locator=common.locator,
            routes=common.route_store,
            cursors=Cursors(book=common.cursors),
            budget=pods.list_timeout_seconds,
            max_page=limits.max_page,
        ),
        "join": JoinStrategy(
            **shared,
            cursors=Cursors(book=common.cursors),
            budget=pods.list_timeout_seconds,
            max_page=limits.max_page,
        ),
        "ask": AskStrategy(
            **shared, shield=shield, budget=pods.list_timeout_seconds, body_limit=limits.read_body_bytes
        ),
        "sum": SumStrategy(**shared, budget=pods.list_timeout_seconds),
        "usage": UsageStrategy(**shared, budget=pods.list_timeout_seconds, max_page=limits.max_page),
        "split": SplitStrategy(
            **shared,
            shield=shield,
            locator=common.locator,
            budget=pods.list_timeout_seconds,
            body_limit=limits.read_body_bytes,
        ),
        "every": EveryStrategy(
            **shared, shield=shield, budget=pods.answer_timeout_seconds, body_limit=limits.read_body_bytes
        ),
        "any": AnyStrategy(**shared, shield=shield, pods=common.pods, budget=pods.list_timeout_seconds),
        "agreed": AgreedStrategy(
            **shared,
            pods=common.pods,
            clock=common.reactor,
            budget=pods.list_timeout_seconds,
            max_page=limits.max_page,
        ),
        "alike": AlikeStrategy(
            **shared,
            shield=shield,
            pods=common.pods,
            budget=pods.answer_timeout_seconds,
            body_limit=limits.read_body_bytes,
        ),
        "local": LocalStrategy(
            **shared, pods=common.pods, own_zones=common.own_zones, budget=pods.list_timeout_seconds
        ),
    }
    strategies |= common.quotas.strategies(
        shared,
        strategies["sum"],
        shield=shield,
        pods=common.pods,
        clock=common.reactor,
        budget=pods.answer_timeout_seconds,
        list_budget=pods.list_timeout_seconds,
        body_limit=limits.read_body_bytes,
    )
    parts = common.shared
    strategies["replicate"] = ReplicateStrategy(
        **shared,
        inner=dict(strategies),
        kinds=parts.memory.kinds,
        shield=shield,
        pods=common.pods,
        store=parts.store,
        ids=parts.memory.book,
        queue=common.job_queue,
        converger=parts.converger,
        ask=parts.ask,
        policy=SharedPolicy(common.config.shared.policy),
        budget=pods.answer_timeout_seconds,
        body_limit=limits.read_body_bytes,
    )
    aggregates = AggregateParts(
        **shared,
        pods=common.pods,
        ids=parts.memory.book,
        budget=pods.list_timeout_seconds,
        answer_budget=pods.answer_timeout_seconds,
    )
    strategies["aggregates"] = AggregatesStrategy(
        parts=aggregates,
        hosts=AggregateHosts(parts=aggregates, forwarder=common.forwarder, budget=pods.list_timeout_seconds),
        replicate=strategies["replicate"],
        shield=shield,
        body_limit=limits.read_body_bytes,
    )
    for name in ("any", "every", "alike", "ask", "replicate"):
        strategies[name] = NotingStrategy(inner=strategies[name], changed=common.offers_changed)
    strategies["follow"] = FollowStrategy(
        **shared,
        inner=strategies,
        shield=shield,
        locator=common.locator,
        departures=common.departures,
        budget=pods.list_timeout_seconds,
        body_limit=limits.read_body_bytes,
    )

    def counted(inner: IStrategy) -> IStrategy:
        return common.counted.around(
            inner, facts, common.departures, common.locator, shield, limits.read_body_bytes
        )

    # what is followed is carried out by those that are not counted: it would be twice
    return {**strategies, **{name: counted(strategies[name]) for name in ("route", "follow")}}
