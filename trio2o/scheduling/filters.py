"""
The filters that come with Trio2o. Each drops pods that cannot take a request; see :class:`trio2o.interfaces.ISteadyFilter`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from attrs import frozen
from zope.interface import implementer

from trio2o.interfaces import ISteadyFilter
from trio2o.model import Candidate, PlacementRequest, PodState


@implementer(ISteadyFilter)
@frozen
class AvailabilityZoneFilter:
    """
    Accept the pods of the requested zone, or every pod when none is requested.
    """

    name: str = "availability_zone"
    reason: str = "not in the requested availability zone"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return request.availability_zone in (None, candidate.pod.az_name)

    def part(self, request: PlacementRequest) -> Hashable:
        return request.availability_zone

    def concerns(self, candidate: Candidate) -> bool:
        return True


@implementer(ISteadyFilter)
@frozen
class StateFilter:
    """
    Accept pods that an operator lets take new resources (I11). The top region is none.
    """

    name: str = "state"
    reason: str = "its state takes no new resources"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return candidate.pod.state is PodState.ENABLED and not candidate.pod.is_top

    def part(self, request: PlacementRequest) -> Hashable:
        return None

    def concerns(self, candidate: Candidate) -> bool:
        return True


@implementer(ISteadyFilter)
@frozen
class HealthFilter:
    """
    Accept pods that answer.
    """

    name: str = "health"
    reason: str = "does not answer"
    reads: ClassVar[frozenset[str]] = frozenset({"healthy"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return candidate.healthy

    def part(self, request: PlacementRequest) -> Hashable:
        return None

    def concerns(self, candidate: Candidate) -> bool:
        return True


@implementer(ISteadyFilter)
@frozen
class UpToDateFilter:
    """
    Accept pods that have what all pods are to have the same: flavors and types, and of key pairs the one that the request names.
    """

    name: str = "up_to_date"
    reason: str = "lacks what pods are to have the same"
    reads: ClassVar[frozenset[str]] = frozenset({"up_to_date"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return candidate.up_to_date

    def part(self, request: PlacementRequest) -> Hashable:
        return None

    def concerns(self, candidate: Candidate) -> bool:
        return True


@implementer(ISteadyFilter)
@frozen
class ReferencesFilter:
    """
    Accept the pods that have what the request's body names (I6).
    """

    name: str = "references"
    reason: str = "does not have what the request names"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return request.within is None or candidate.pod.id in request.within

    def part(self, request: PlacementRequest) -> Hashable:
        return request.within

    def concerns(self, candidate: Candidate) -> bool:
        return True


@implementer(ISteadyFilter)
@frozen
class ExcludedFilter:
    """
    Drop pods that already failed this request (I13).
    """

    name: str = "excluded"
    reason: str = "already failed this request"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return candidate.pod.id not in request.excluded

    def part(self, request: PlacementRequest) -> Hashable:
        return request.excluded

    def concerns(self, candidate: Candidate) -> bool:
        return True


@implementer(ISteadyFilter)
@frozen
class AffinityFilter:
    """
    Accept the pods of the requested pod group; a request for the general group gets no specialised pod. Where none of the pods
    that have what the body names is in the group, those are accepted (I6).
    """

    name: str = "affinity"
    reason: str = "not in the requested pod group"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return request.any_group or candidate.pod.group == request.pod_group

    def part(self, request: PlacementRequest) -> Hashable:
        return None if request.any_group else request.pod_group

    def concerns(self, candidate: Candidate) -> bool:
        return True
