"""
The filters that come with Trio2o. Each drops pods that cannot take a request; see :class:`trio2o.interfaces.IPodFilter`.
"""

from __future__ import annotations

from attrs import frozen
from zope.interface import implementer

from trio2o.interfaces import IPodFilter
from trio2o.model import Candidate, PlacementRequest, PodState


@implementer(IPodFilter)
@frozen
class AvailabilityZoneFilter:
    """
    Accept the pods of the requested zone, or every pod when none is requested.
    """

    name: str = "availability_zone"
    reason: str = "not in the requested availability zone"

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return request.availability_zone in (None, candidate.pod.az_name)


@implementer(IPodFilter)
@frozen
class StateFilter:
    """
    Accept pods that an operator lets take new resources (I11). The top region is none.
    """

    name: str = "state"
    reason: str = "its state takes no new resources"

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return candidate.pod.state is PodState.ENABLED and not candidate.pod.is_top


@implementer(IPodFilter)
@frozen
class HealthFilter:
    """
    Accept pods that answer.
    """

    name: str = "health"
    reason: str = "does not answer"

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return candidate.healthy


@implementer(IPodFilter)
@frozen
class ReferencesFilter:
    """
    Accept the pods that have what the request's body names (I6).
    """

    name: str = "references"
    reason: str = "does not have what the request names"

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return request.within is None or candidate.pod.id in request.within


@implementer(IPodFilter)
@frozen
class ExcludedFilter:
    """
    Drop pods that already failed this request (I13).
    """

    name: str = "excluded"
    reason: str = "already failed this request"

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return candidate.pod.id not in request.excluded


@implementer(IPodFilter)
@frozen
class AffinityFilter:
    """
    Accept the pods of the requested pod group; a request for the general group gets no specialised pod.
    """

    name: str = "affinity"
    reason: str = "not in the requested pod group"

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return candidate.pod.group == request.pod_group
