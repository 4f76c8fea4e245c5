"""
The values that travel inside Trio2o, all frozen; the words are the glossary of ``docs/architecture.rst``.

This package imports nothing else of Trio2o and nothing of Twisted.
"""

from trio2o.model.amounts import NOTHING, Amounts
from trio2o.model.bindings import Binding
from trio2o.model.changes import Change, Snapshot
from trio2o.model.identity import AccessRule, Identity, RequestContext
from trio2o.model.jobs import Job, JobCensus, JobQuery, JobState, NewJob
from trio2o.model.news import Lack, Mark, News, Placed
from trio2o.model.offers import CollectedOffers, OfferedFlavor, OfferedType, Offers, PodOffers
from trio2o.model.placing import Candidate, PlacementRequest
from trio2o.model.pods import Pod, PodSettings, PodState, PodUses
from trio2o.model.quota_usage import (
    SERVERS_VOLUMES,
    Counts,
    HeldKey,
    Holding,
    Reading,
    ReadResult,
    Reservation,
    Reserved,
    Sighting,
    Tally,
)
from trio2o.model.quotas import DEFAULT_CLASS, UNLIMITED, QuotaOwner, QuotaScope, QuotaUse
from trio2o.model.resources import Kind, Route
from trio2o.model.usage import CollectedUsage, QuotaLeft, Stock, Usage

__all__ = [
    "DEFAULT_CLASS",
    "NOTHING",
    "SERVERS_VOLUMES",
    "UNLIMITED",
    "AccessRule",
    "Amounts",
    "Binding",
    "Candidate",
    "Change",
    "CollectedOffers",
    "CollectedUsage",
    "Counts",
    "HeldKey",
    "Holding",
    "Identity",
    "Job",
    "JobCensus",
    "JobQuery",
    "JobState",
    "Kind",
    "Lack",
    "Mark",
    "NewJob",
    "News",
    "OfferedFlavor",
    "OfferedType",
    "Offers",
    "Placed",
    "PlacementRequest",
    "Pod",
    "PodOffers",
    "PodSettings",
    "PodState",
    "PodUses",
    "QuotaLeft",
    "QuotaOwner",
    "QuotaScope",
    "QuotaUse",
    "ReadResult",
    "Reading",
    "RequestContext",
    "Reservation",
    "Reserved",
    "Route",
    "Sighting",
    "Snapshot",
    "Stock",
    "Tally",
    "Usage",
]
