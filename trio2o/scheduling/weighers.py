"""
The weighers that come with Trio2o. Each gives pods a number, larger is better; see :class:`trio2o.interfaces.IPodWeigher`.

A weigher's number has any unit: :class:`trio2o.scheduling.selection.Selection` brings the numbers of one request to
0..1 and multiplies them by the configured factor.
"""

from __future__ import annotations

from attrs import frozen
from zope.interface import implementer

from trio2o.interfaces import IPodWeigher
from trio2o.model import Candidate, PlacementRequest


@implementer(IPodWeigher)
@frozen
class CreationOrderWeigher:
    """
    Prefer the pod that was made first, so that one pod is filled and then the next.
    """

    name: str = "creation_order"

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        return float(-candidate.pod.serial)


@implementer(IPodWeigher)
@frozen
class OperatorWeightWeigher:
    """
    Prefer the pod that the operator gave the larger weight.
    """

    name: str = "operator_weight"

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        return candidate.pod.weight


@implementer(IPodWeigher)
@frozen
class BindingWeigher:
    """
    Prefer the pod that the project is bound to.

    Its factor is the stickiness: by how much the other weighers together must prefer another pod before it comes first.
    """

    name: str = "binding"

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        return 1.0 if candidate.bound else 0.0
