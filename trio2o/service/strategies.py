"""
The strategies of one surface, wired.
"""

from __future__ import annotations

from typing import Any

from trio2o.interfaces import (
    IStrategy,
)
from trio2o.model.shared import SharedPolicy
from trio2o.service.parts import Common
from trio2o.strategies.aggregate_hosts import AggregateHosts
from trio2o.strategies.aggregate_parts import AggregateParts
from trio2o.strategies.aggregates import AggregatesStrategy
from trio2o.strategies.agreed import AgreedStrategy
from trio2o.strategies.alike import AlikeStrategy
from trio2o.strategies.anywhere import AnyStrategy
from trio2o.strategies.asking import AskStrategy
from trio2o.strategies.belongings import Belongings
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.cursors import Cursors
from trio2o.strategies.everywhere import EveryStrategy
from trio2o.strategies.follow import FollowStrategy
from trio2o.strategies.joining import JoinStrategy
from trio2o.strategies.keyed import KeyedCreates
from trio2o.strategies.local import LocalStrategy
from trio2o.strategies.merge import MergeStrategy
from trio2o.strategies.noting import NotingStrategy
from trio2o.strategies.outcomes import Outcomes
from trio2o.strategies.quota_facts import Facts
from trio2o.strategies.replicating import ReplicateStrategy
from trio2o.strategies.route import RouteStrategy
from trio2o.strategies.schedule import ScheduleStrategy
from trio2o.strategies.splitting import SplitStrategy
from trio2o.strategies.summing import SumStrategy
from trio2o.strategies.usage import UsageStrategy


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
