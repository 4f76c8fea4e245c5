"""
What third parties may add to the choice of pods.
"""

from __future__ import annotations

from collections.abc import Hashable

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

    scale = Attribute("``share`` or ``ratio``: see :func:`trio2o.scheduling.weighing.normalised`.")


class ISteady(Interface):
    """
    A filter or weigher that tells what its answers go by. They are kept then, and it is asked again where one of these things
    has changed; one that does not tell is asked about every pod by every request.

    It may be asked about any pod, also about one that another filter has dropped already.
    """

    reads = Attribute("``frozenset[str]``: the fields of :class:`Candidate` that its answers go by.")

    def part(request: PlacementRequest) -> Hashable:
        """
        What of a request they go by: requests that give equal parts get equal answers about one candidate.
        """


class ISteadyFilter(IPodFilter, ISteady):
    """
    A filter that also tells which pods it may drop at all.
    """

    def concerns(candidate: Candidate) -> bool:
        """
        False for a candidate that it accepts whatever the request is.
        """


class ISteadyWeigher(IPodWeigher, ISteady):
    """
    A weigher that tells what its numbers go by.
    """
