"""
Pods that have lately refused as much. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from attrs import frozen
from zope.interface import implementer

from trio2o.interfaces import ISteadyFilter
from trio2o.model import Candidate, Kind, Lack, Mark, PlacementRequest
from trio2o.scheduling.capacity import RESOURCES


def covers(mark: Mark, request: PlacementRequest) -> bool:
    """
    True where the request would be refused as well, for all that is known: it asks for as much, and, where a host was missing, is
    of the project that met it or names the same image. A user's image may fit no host at all, which must keep nobody else away.
    """
    if mark.lack is Lack.HOST and request.project_id != mark.met_by and request.image != mark.image:
        return False
    return as_much(mark, request)


def as_much(mark: Mark, request: PlacementRequest) -> bool:
    """
    True where the request asks for at least what was refused: as much of each resource of the same flavor or volume type, or, of
    another flavor of the same pod group, more. Two flavors that are equally large may differ in what they need of a host.
    """
    if mark.kind is not request.kind or mark.project_id not in (None, request.project_id):
        return False
    if mark.needs is None:
        return True
    if request.needs is None:
        return False
    if any(getattr(request.needs, name) < getattr(mark.needs, name) for name in RESOURCES):
        return False
    if mark.asked == (request.pod_group, request.flavor, request.volume_type):
        return True
    same_group = mark.asked is None or mark.asked[0] == request.pod_group
    return request.kind is Kind.SERVER and same_group and request.needs != mark.needs


@implementer(ISteadyFilter)
@frozen
class ExhaustedFilter:
    """
    Accept pods that have not lately refused a request of the kind that asked for no more: for want of the project's quota, of a
    host or a backend, or because their service takes nothing. Where every pod that is left has, they are asked all the same.
    """

    name: str = "exhausted"
    reason: str = "has lately refused as much"
    reads: ClassVar[frozenset[str]] = frozenset({"exhausted"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        return not any(covers(mark, request) for mark in candidate.exhausted)

    def part(self, request: PlacementRequest) -> Hashable:
        return (
            request.kind,
            request.project_id,
            request.needs,
            request.pod_group,
            request.flavor,
            request.volume_type,
            request.image,
        )

    def concerns(self, candidate: Candidate) -> bool:
        return bool(candidate.exhausted)
