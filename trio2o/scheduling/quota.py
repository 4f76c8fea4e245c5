"""
A project's quota in each pod. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from attrs import frozen
from zope.interface import implementer

from trio2o.interfaces import ISteadyFilter
from trio2o.model import Candidate, Kind, PlacementRequest

#: The limits that count for a kind: (field of :class:`QuotaLeft`, field of :class:`Amounts` or ``None`` for "one").
_LIMITS: dict[Kind, tuple[tuple[str, str | None], ...]] = {
    Kind.SERVER: (("servers", None), ("vcpus", "vcpus"), ("ram_mb", "ram_mb")),
    Kind.VOLUME: (("volumes", None), ("volume_gb", "volume_gb")),
}


@implementer(ISteadyFilter)
@frozen
class QuotaFilter:
    """
    Accept pods in which the project may still make what it asks for. An unknown quota, or need, is no obstacle: the pod
    refuses what is too much, and the next one is asked (I13).
    """

    name: str = "quota"
    reason: str = "the project's quota there is used up"
    reads: ClassVar[frozenset[str]] = frozenset({"quota"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        if candidate.quota is None:
            return True
        for limit, amount in _LIMITS.get(request.kind, ()):
            left = getattr(candidate.quota, limit)
            if left is None:
                continue
            if amount is None:
                needed = 1.0
            else:
                needed = 0.0 if request.needs is None else getattr(request.needs, amount)
            if needed > left:
                return False
        return True

    def part(self, request: PlacementRequest) -> Hashable:
        return (request.kind, request.needs)

    def concerns(self, candidate: Candidate) -> bool:
        return candidate.quota is not None
