"""
The weighers that come with Trio2o. Each gives pods a number, larger is better; see :class:`trio2o.interfaces.ISteadyWeigher`.

A weigher's number has any unit: :class:`trio2o.scheduling.field.Field` brings the numbers of one request to
0..1, on the weigher's scale, and multiplies them by the configured factor.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from attrs import frozen
from zope.interface import implementer

from trio2o.interfaces import IScaledWeigher, ISteadyWeigher
from trio2o.model import Candidate, PlacementRequest


@implementer(ISteadyWeigher)
@frozen
class CreationOrderWeigher:
    """
    Prefer the pod that was made first, so that one pod is filled and then the next.
    """

    name: str = "creation_order"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        return float(-candidate.pod.serial)

    def part(self, request: PlacementRequest) -> Hashable:
        return None


@implementer(ISteadyWeigher)
@frozen
class OperatorWeightWeigher:
    """
    Prefer the pod that the operator gave the larger weight.
    """

    name: str = "operator_weight"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        return candidate.pod.weight

    def part(self, request: PlacementRequest) -> Hashable:
        return None


@implementer(ISteadyWeigher)
@frozen
class BindingWeigher:
    """
    Prefer the pod that the project is bound to.

    Its factor is the stickiness: by how much the other weighers together must prefer another pod before it comes first. The
    pod that a binding moved to is preferred by as much, so that it takes twice the factor to go back and forth.
    """

    name: str = "binding"
    reads: ClassVar[frozenset[str]] = frozenset({"bound"})

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        return 1.0 if candidate.bound else 0.0

    def part(self, request: PlacementRequest) -> Hashable:
        return None


@implementer(ISteadyWeigher, IScaledWeigher)
@frozen
class SpreadWeigher:
    """
    Prefer the pod that fewer projects are bound to, as a share of the pod that most are bound to. Unknown is none.
    """

    name: str = "spread"
    scale: str = "ratio"
    reads: ClassVar[frozenset[str]] = frozenset({"usage"})

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        projects = None if candidate.usage is None else candidate.usage.projects
        return -float(projects or 0)

    def part(self, request: PlacementRequest) -> Hashable:
        return None


@implementer(ISteadyWeigher, IScaledWeigher)
@frozen
class CostWeigher:
    """
    Prefer the cheaper pod: one of half the cost by half the factor.
    """

    name: str = "cost"
    scale: str = "ratio"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        return -candidate.pod.settings.cost

    def part(self, request: PlacementRequest) -> Hashable:
        return None


@implementer(ISteadyWeigher, IScaledWeigher)
@frozen
class RecentFailuresWeigher:
    """
    Prefer pods that have not lately failed creates of this project: 1 for none, and each failure halves it.
    """

    name: str = "recent_failures"
    scale: str = "share"
    reads: ClassVar[frozenset[str]] = frozenset({"failures"})

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        return 0.5**candidate.failures

    def part(self, request: PlacementRequest) -> Hashable:
        return None
