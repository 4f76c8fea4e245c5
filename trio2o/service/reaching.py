"""
How pods are reached, wired: the client, who watches their health, and who sends them what users or the daemon ask.
"""

from __future__ import annotations

from random import Random
from typing import Any

from attrs import frozen

from trio2o.adoption.questions import PodQuestions
from trio2o.config.schema import Config
from trio2o.identity.pod_tokens import SharedKeystone
from trio2o.interfaces import IState
from trio2o.ops.metrics import Metrics
from trio2o.pods.client import PodDefaults, TreqPods
from trio2o.pods.connection import PodConnection
from trio2o.pods.lean import LeanConnection
from trio2o.pods.monitor import PodMonitor
from trio2o.service.identity import IdentityParts
from trio2o.service.observed import ObservedPods
from trio2o.state.shared import SharedBook
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.mapped import MappedIdentity
from trio2o.strategies.own_zones import OwnZones


@frozen(kw_only=True)
class ReachedPods:
    """
    What sends to pods.
    """

    client: TreqPods
    #: The client, with metrics of its calls.
    observed: ObservedPods
    monitor: PodMonitor
    #: Sends what users ask, with their tokens.
    forwarder: Forwarder
    #: Asks with the daemon's own token.
    asks: PodQuestions


def reach_pods(
    reactor: Any,
    config: Config,
    *,
    identity: IdentityParts,
    state: IState,
    ids: SharedBook,
    own_zones: OwnZones,
    metrics: Metrics,
) -> ReachedPods:
    """
    Wire it; nothing is sent yet.

    :param ids: what pods call the things that all of them have.
    """
    pods = TreqPods(
        reactor=reactor,
        catalog=identity.catalog,
        defaults=pod_defaults(config),
        connection=LeanConnection if config.pod_defaults.lean_connections else PodConnection,
    )
    monitor = PodMonitor(
        clock=reactor,
        client=pods,
        pods=state.pods,
        random=Random(),
        interval=config.pod_defaults.probe_interval_seconds,
    )
    observed = ObservedPods(pods, metrics, reactor)
    forwarder = Forwarder(
        pods=observed,
        pod_tokens=SharedKeystone(),
        facts=monitor,
        clock=reactor,
        answer_limit=config.limits.answer_body_bytes,
        mapped=MappedIdentity(ids=ids),
        own_zones=own_zones.names,
    )
    asks = PodQuestions(
        pods=observed,
        own=identity.own,
        tokens=identity.tokens,
        pod_tokens=SharedKeystone(),
        clock=reactor,
        answer_limit=config.limits.answer_body_bytes,
        budget=config.pod_defaults.list_timeout_seconds,
    )
    return ReachedPods(client=pods, observed=observed, monitor=monitor, forwarder=forwarder, asks=asks)


def pod_defaults(config: Config) -> PodDefaults:
    """
    How pods are reached, as the configuration has it.
    """
    defaults = config.pod_defaults
    return PodDefaults(
        connect_timeout=defaults.connect_timeout_seconds,
        answer_timeout=defaults.answer_timeout_seconds,
        body_timeout=defaults.answer_timeout_seconds,
        concurrency=defaults.concurrency,
        queue=defaults.queue,
        idle_timeout=defaults.idle_connection_seconds,
        breaker_threshold=defaults.breaker.failures,
        breaker_cool_down=defaults.breaker.open_seconds,
    )
