"""
Pods that are kept for those who ask for them. Pure.
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
class TaintsFilter:
    """
    Accept pods all of whose taints the request tolerates; a pod without taints takes every request.
    """

    name: str = "taints"
    reason: str = "has a taint that the request does not tolerate"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        taints = candidate.pod.settings.taints
        return not taints or request.tolerations.issuperset(taints)

    def part(self, request: PlacementRequest) -> Hashable:
        return request.tolerations

    def concerns(self, candidate: Candidate) -> bool:
        return bool(candidate.pod.settings.taints)
