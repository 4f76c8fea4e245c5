"""
What can be asked for in pods.
"""

from __future__ import annotations

from datetime import datetime

from attrs import frozen


@frozen(kw_only=True)
class Offers:
    """
    What can be asked for in a pod, by ids and names; ``None`` is unknown: anything may be there.
    """

    flavors: frozenset[str] | None = None
    images: frozenset[str] | None = None
    volume_types: frozenset[str] | None = None


@frozen(kw_only=True)
class OfferedFlavor:
    """
    A flavor as one pod has it. A number of ``None`` was not understood.
    """

    id: str
    vcpus: float | None = None
    ram_mb: float | None = None
    #: GiB of its root disk, which a server that boots from a volume does not take.
    root_gb: float | None = None
    #: GiB of its other disks.
    other_gb: float = 0.0
    #: The pod group that its extra specs ask for.
    group: str = ""
    #: When the pod was first seen to have it, seconds since the epoch; 0 where that was always, or long ago.
    since: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """
        What a request may call it.
        """
        return (self.id,)


@frozen(kw_only=True)
class OfferedType:
    """
    A volume type as one pod has it.
    """

    id: str
    name: str
    #: The pod group that its extra specs ask for.
    group: str = ""
    #: As of :class:`OfferedFlavor`.
    since: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """
        What a request may call it.
        """
        return (self.id, self.name)


@frozen(kw_only=True)
class PodOffers:
    """
    Everything that can be asked for in a pod, as it said itself; ``None`` for what it did not tell.
    """

    flavors: tuple[OfferedFlavor, ...] | None = None
    volume_types: tuple[OfferedType, ...] | None = None


@frozen(kw_only=True)
class CollectedOffers:
    """
    A pod's offers as they are stored.
    """

    pod_id: str
    #: Differs from that of other offers.
    digest: str
    #: ``None`` where the reader has them already.
    offers: PodOffers | None
    #: When the questions to the pod began, by the database's clock.
    collected_at: datetime
    #: How many seconds ago that was when it was read.
    age: float
