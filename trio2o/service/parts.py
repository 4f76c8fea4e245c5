"""
The parts of a process that its surfaces share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from trio2o.adoption.questions import PodQuestions
from trio2o.config.schema import Config
from trio2o.interfaces import (
    ICursorBook,
    IIntentStore,
    IJobQueue,
    IPodFactsBook,
    IPolicy,
    IRouteBook,
    IState,
    ITokenValidator,
)
from trio2o.ops.metrics import Metrics
from trio2o.pods.client import TreqPods
from trio2o.service.counting import QuotaCounting
from trio2o.service.identity import IdentityParts
from trio2o.service.observing import Observer
from trio2o.service.quotas import QuotaParts
from trio2o.service.shared import SharedService
from trio2o.strategies.departures import Departures
from trio2o.strategies.experience import Experience
from trio2o.strategies.forwarding import Forwarder
from trio2o.strategies.locating import Locator
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.own_zones import OwnZones
from trio2o.strategies.placing import Placement


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
    asks: PodQuestions
