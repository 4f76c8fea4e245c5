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

#: The fields of a request that name what a pod may lack.
NAMING = ("flavor", "image", "volume_type")


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
        flavor, image, volume_type = _wanted(request)
        return (
            _there(flavor, offers.flavors)
            and _there(image, offers.images)
            and _there(volume_type, offers.volume_types)
        )

    def part(self, request: PlacementRequest) -> Hashable:
        return _wanted(request)

    def concerns(self, candidate: Candidate) -> bool:
        return candidate.offers is not None


def _wanted(request: PlacementRequest) -> tuple[str | None, ...]:
    """
    What counts, in the order of :data:`NAMING`.
    """
    return tuple(None if field in request.unlisted else getattr(request, field) for field in NAMING)


def _there(wanted: str | None, known: frozenset[str] | None) -> bool:
    return wanted is None or known is None or wanted in known
