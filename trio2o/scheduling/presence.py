"""
Whether what a request names is there: flavor, image, volume type. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from attrs import frozen
from zope.interface import implementer

from trio2o.interfaces import ISteadyFilter
from trio2o.model import Candidate, PlacementRequest


@implementer(ISteadyFilter)
@frozen
class PresenceFilter:
    """
    Accept pods that have the flavor, image and volume type that the request names. What is not known of a pod is taken to be
    there, and the pod says so if it is not.
    """

    name: str = "presence"
    reason: str = "does not have the flavor, image or volume type"
    reads: ClassVar[frozenset[str]] = frozenset({"offers"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        offers = candidate.offers
        if offers is None:
            return True
        return (
            _there(request.flavor, offers.flavors)
            and _there(request.image, offers.images)
            and _there(request.volume_type, offers.volume_types)
        )

    def part(self, request: PlacementRequest) -> Hashable:
        return (request.flavor, request.image, request.volume_type)

    def concerns(self, candidate: Candidate) -> bool:
        return candidate.offers is not None


def _there(wanted: str | None, known: frozenset[str] | None) -> bool:
    return wanted is None or known is None or wanted in known
