"""
How full pods are, and how much of them a project may still take.
"""

from __future__ import annotations

from datetime import datetime

from attrs import frozen


@frozen(kw_only=True)
class Stock:
    """
    One resource of a pod, in the units of :class:`Amounts`: how much there is, and how much is promised already.
    """

    total: float
    used: float


@frozen(kw_only=True)
class Usage:
    """
    What a pod said of itself when it was last asked; ``None`` is unknown and means plenty (I12).
    """

    vcpus: Stock | None = None
    ram_mb: Stock | None = None
    disk_gb: Stock | None = None
    #: Over all pools; overcommitment and reserves that Cinder knows of are taken in already.
    volume_gb: Stock | None = None
    #: The most that one pool still takes: a volume is in one pool.
    largest_volume_gb: float | None = None
    servers: int | None = None
    #: True where the hypervisors' totals are what may be promised, and not what there is.
    overcommitted: bool = False
    #: How many projects are bound to the pod.
    projects: int | None = None


@frozen(kw_only=True)
class CollectedUsage:
    """
    A usage as it is stored.
    """

    pod_id: str
    usage: Usage
    #: When the questions to the pod began, by the database's clock.
    collected_at: datetime
    #: How many seconds ago that was when it was read.
    age: float


@frozen(kw_only=True)
class QuotaLeft:
    """
    What a project may still make in one pod; ``None`` is unknown or without limit.
    """

    servers: float | None = None
    vcpus: float | None = None
    ram_mb: float | None = None
    volumes: float | None = None
    volume_gb: float | None = None
