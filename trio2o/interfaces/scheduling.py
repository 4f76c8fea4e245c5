"""
What third parties may add to the choice of pods.
"""

from __future__ import annotations

from zope.interface import Attribute, Interface

from trio2o.model import Candidate, PlacementRequest

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IPodFilter(Interface):
    """
    Drops pods that cannot take a request. Pure: no I/O, no clock, no globals.
    """

    name = Attribute("How the configuration and explanations call it.")
    reason = Attribute("Why it drops a pod, for admins: ``not in the requested zone``.")

    def accepts(candidate: Candidate, request: PlacementRequest) -> bool:
        """
        True when the pod may take the request.
        """


class IPodWeigher(Interface):
    """
    Gives pods a number; larger is better. Pure.
    """

    name = Attribute("How the configuration and explanations call it.")

    def weigh(candidate: Candidate, request: PlacementRequest) -> float:
        """
        The raw weight, any finite number; the selection normalises over the candidates.
        """


class IScaledWeigher(IPodWeigher):
    """
    A weigher whose numbers say more than an order, so that they are not stretched over the whole of 0..1: a small difference
    between two pods then stays small.
    """

    scale = Attribute("``share`` or ``ratio``: see :func:`trio2o.scheduling.selection.normalised`.")
