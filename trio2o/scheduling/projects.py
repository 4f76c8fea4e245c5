"""
Which projects a pod is for, and how many pods a project may be spread over. Pure.
"""

from __future__ import annotations

from attrs import frozen
from zope.interface import implementer

from trio2o.interfaces import IPodFilter
from trio2o.model import Candidate, PlacementRequest


@implementer(IPodFilter)
@frozen
class ProjectsFilter:
    """
    Accept pods that the project is allowed in: on their list of projects where they have one, and never on the list of those
    that are denied.
    """

    name: str = "projects"
    reason: str = "does not take this project"

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        settings = candidate.pod.settings
        if request.project_id in settings.projects_denied:
            return False
        return not settings.projects_allowed or request.project_id in settings.projects_allowed


@implementer(IPodFilter)
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

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return self.most is None or candidate.bound or candidate.bound_elsewhere < self.most
