"""
Which projects a pod is for, and how many pods a project may be spread over. Pure.
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
class ProjectsFilter:
    """
    Accept pods that the project is allowed in: on their list of projects where they have one, and never on the list of those
    that are denied.
    """

    name: str = "projects"
    reason: str = "does not take this project"
    reads: ClassVar[frozenset[str]] = frozenset({"pod"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        settings = candidate.pod.settings
        if request.project_id in settings.projects_denied:
            return False
        return not settings.projects_allowed or request.project_id in settings.projects_allowed

    def part(self, request: PlacementRequest) -> Hashable:
        return request.project_id

    def concerns(self, candidate: Candidate) -> bool:
        return bool(candidate.pod.settings.projects_denied or candidate.pod.settings.projects_allowed)


@implementer(ISteadyFilter)
@frozen
class MaxPodsFilter:
    """
    Accept pods that do not spread the project over more pods than it may be bound to.

    The pod that the project is bound to is always accepted, and another one of the same zone and group counts in its place.
    """

    #: How many pods one project may be bound to; ``None`` for any number.
    most: int | None = None
    name: str = "max_pods"
    reason: str = "the project is bound to as many other pods as it may be"

    @property
    def reads(self) -> frozenset[str]:
        """
        See :class:`ISteady`; nothing where there is no limit, so that nobody counts for it.
        """
        return frozenset() if self.most is None else frozenset({"bound", "bound_elsewhere"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return self.most is None or candidate.bound or candidate.bound_elsewhere < self.most

    def part(self, request: PlacementRequest) -> Hashable:
        return None

    def concerns(self, candidate: Candidate) -> bool:
        return self.most is not None
