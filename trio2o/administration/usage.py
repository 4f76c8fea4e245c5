"""
Usage: how full is this pod, and when was it asked?
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from attrs import define, frozen

from trio2o.administration.asking import database_asked, known_pod
from trio2o.interfaces import IPodStore, IUsageStore
from trio2o.model import Amounts, Candidate, Pod, Usage
from trio2o.scheduling.capacity import RESOURCES, CapacityRules


@frozen(kw_only=True)
class Room:
    """
    One resource of a pod, as the scheduler reckons.
    """

    #: What there is, by the pod's own word.
    total: float
    #: What the pod has promised.
    used: float
    #: What may be promised: overcommitment in, headroom out.
    limit: float
    #: What was placed there since the pod was asked, by all processes.
    claimed: float
    #: What is left; below 0 where more is promised than may be.
    free: float


@frozen(kw_only=True)
class UsageReport:
    """
    A pod's usage as the scheduler sees it.
    """

    pod: Pod
    #: ``None`` while the pod was not asked, or has not answered yet.
    collected_at: datetime | None
    #: Resource to its room; ``None`` for unknown, which is plenty.
    rooms: Mapping[str, Room | None]
    usage: Usage


@define(eq=False)
class UsageAdministration:
    """
    The use case about usage.
    """

    _pods: IPodStore
    _store: IUsageStore
    _rules: CapacityRules
    #: Pod id to what was placed there since.
    _claimed: Callable[[str], Amounts]

    async def show(self, pod_id: str) -> UsageReport:
        """
        One pod's usage.

        :raises NotFound: if there is no such pod.
        """
        pod = await known_pod(self._pods, pod_id)
        with database_asked():
            known = {each.pod_id: each for each in await self._store.list_usage()}.get(pod.id)
        candidate = Candidate(pod=pod, usage=known.usage if known else Usage(), claimed=self._claimed(pod.id))
        return UsageReport(
            pod=pod,
            collected_at=known.collected_at if known else None,
            rooms={resource: self._room(candidate, resource) for resource in RESOURCES},
            usage=known.usage if known else Usage(),
        )

    def _room(self, candidate: Candidate, resource: str) -> Room | None:
        room = self._rules.room(candidate, resource)
        if room is None:
            return None
        stock = getattr(candidate.usage, resource)
        return Room(
            total=stock.total,
            used=stock.used,
            limit=room[1],
            claimed=getattr(candidate.claimed, resource),
            free=room[0],
        )
