"""
What is kept of how full pods are, and of what they offer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zope.interface import Interface

from trio2o.model import (
    CollectedOffers,
    CollectedUsage,
    PodOffers,
    Usage,
)

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IUsageStore(Interface):
    """
    What pods said last of how full they are.
    """

    async def record_usage(pod_id: str, usage: Usage, *, age: float) -> None:
        """
        Store a pod's usage in place of the one before, with how many projects are bound to it now; nothing for a pod that is
        gone.

        :param age: how many seconds ago the questions began.
        """

    async def list_usage() -> Sequence[CollectedUsage]:
        """
        The usage of all registered pods that have one, by pod id.
        """


class IOfferStore(Interface):
    """
    What can be asked for in each pod.
    """

    async def record_offers(pod_id: str, offers: PodOffers, *, age: float) -> None:
        """
        Store a pod's offers in place of those before, each entry with when the pod was first recorded to have it; nothing for
        a pod that is gone.

        :param age: how many seconds ago the questions began.
        """

    async def list_offers(known: Mapping[str, str]) -> Sequence[CollectedOffers]:
        """
        The offers of all registered pods that have some, by pod id.

        :param known: pod id to the digest of what the caller has: where that is still so, it is not given again.
        """
