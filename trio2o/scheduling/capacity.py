"""
Room: what a pod has, what is promised, what was placed since, and whether a request still fits. Pure.

How much a pod has is Nova's count of its hypervisors and Cinder's count of its pools. Nova's is physical, so what may be
promised beyond it, and what is to stay free, comes from the configuration or the pod's own settings.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import ClassVar

from attrs import field, frozen
from zope.interface import implementer

from trio2o.interfaces import IScaledWeigher, ISteadyFilter, ISteadyWeigher
from trio2o.model import NOTHING, Amounts, Candidate, Kind, PlacementRequest

#: The resources, as fields of :class:`Amounts` and :class:`trio2o.model.Usage`.
RESOURCES = ("vcpus", "ram_mb", "disk_gb", "volume_gb")

#: What a resource of a kind takes where the request does not say; other kinds take nothing that is counted.
_KINDS = {Kind.SERVER: ("vcpus", "ram_mb", "disk_gb"), Kind.VOLUME: ("volume_gb",)}


#: How many times what there is may be promised. These are the largest defaults that Nova has had: a pod is rather asked in
#: vain than left out though it has room. Cinder tells what its pools may promise.
_OVERCOMMIT = Amounts(vcpus=16.0, ram_mb=1.5, disk_gb=1.0, volume_gb=1.0)
#: Small ones, for the same reason.
_TYPICAL = Amounts(vcpus=1.0, ram_mb=1024.0, disk_gb=1.0, volume_gb=1.0)


@lru_cache(maxsize=1024)
def _wanted(amounts: Amounts) -> tuple[tuple[str, float], ...]:
    found = [(resource, getattr(amounts, resource)) for resource in RESOURCES]
    return tuple((resource, amount) for resource, amount in found if amount > 0.0)


@frozen(kw_only=True)
class CapacityRules:
    """
    What holds for pods that do not say otherwise.
    """

    #: How many times what there is may be promised.
    overcommit: Amounts = _OVERCOMMIT
    #: Shares, 0 to 1, that are kept free.
    headroom: Amounts = NOTHING
    #: What a server or a volume is taken to need while nobody has said how large it is.
    typical: Amounts = _TYPICAL

    #: Kind to what is typical of it.
    _by_kind: Mapping[Kind, Amounts] = field(init=False, repr=False)

    @_by_kind.default
    def _typical_by_kind(self) -> Mapping[Kind, Amounts]:
        return {
            kind: Amounts(**{name: getattr(self.typical, name) for name in names})
            for kind, names in _KINDS.items()
        }

    #: The same, as :meth:`wanted` gives it.
    _wanted_by_kind: Mapping[Kind, tuple[tuple[str, float], ...]] = field(init=False, repr=False)

    @_wanted_by_kind.default
    def _typical_wanted(self) -> Mapping[Kind, tuple[tuple[str, float], ...]]:
        return {kind: _wanted(amounts) for kind, amounts in self._by_kind.items()}

    #: Resource to how many times what there is new work may take.
    _usual: Mapping[str, float] = field(init=False, repr=False)

    @_usual.default
    def _usual_shares(self) -> Mapping[str, float]:
        return {
            name: getattr(self.overcommit, name) * (1.0 - getattr(self.headroom, name)) for name in RESOURCES
        }

    def needs(self, request: PlacementRequest) -> Amounts:
        """
        What a request takes.
        """
        if request.needs is not None:
            return request.needs
        return self._by_kind.get(request.kind, NOTHING)

    def wanted(self, request: PlacementRequest) -> tuple[tuple[str, float], ...]:
        """
        The resources that a request takes any of, each with how much.
        """
        if request.needs is None:
            return self._wanted_by_kind.get(request.kind, ())
        return _wanted(request.needs)

    def room(self, candidate: Candidate, resource: str) -> tuple[float, float] | None:
        """
        How much of one resource is free, below 0 where too much is promised, and how much may be promised at all; ``None`` for
        plenty.
        """
        usage = candidate.usage
        stock = None if usage is None else getattr(usage, resource)
        if usage is None or stock is None:
            return None
        settings = candidate.pod.settings
        if settings.overcommit or settings.headroom or usage.overcommitted:
            overcommit = settings.overcommit.get(resource, getattr(self.overcommit, resource))
            headroom = settings.headroom.get(resource, getattr(self.headroom, resource))
            share = (1.0 if usage.overcommitted else overcommit) * (1.0 - headroom)
        else:
            share = self._usual[resource]
        whole = stock.total * share
        return whole - stock.used - getattr(candidate.claimed, resource), whole

    def beyond(self, candidate: Candidate, request: PlacementRequest) -> bool:
        """
        True for a request that the pod could not take even were it empty.
        """
        for resource, needed in self.wanted(request):
            room = self.room(candidate, resource)
            if room is not None and room[1] < needed:
                return True
        return False


#: Those of a configuration that says nothing.
USUAL = CapacityRules()


@implementer(ISteadyFilter)
@frozen
class CapacityFilter:
    """
    Accept pods that have room for the request, and keep the headroom. Unknown usage is plenty (I12).
    """

    rules: CapacityRules = USUAL
    name: str = "capacity"
    reason: str = "has not enough room left"
    reads: ClassVar[frozenset[str]] = frozenset({"pod", "usage", "claimed"})

    def accepts(self, candidate: Candidate, request: PlacementRequest) -> bool:
        usage = candidate.usage
        if usage is None:
            return True
        room_of = self.rules.room
        for resource, needed in self.rules.wanted(request):
            room = room_of(candidate, resource)
            if room is not None and room[0] < needed:
                return False
        largest = usage.largest_volume_gb
        return (
            largest is None
            or request.kind is not Kind.VOLUME
            or self.rules.needs(request).volume_gb <= largest
        )

    def part(self, request: PlacementRequest) -> Hashable:
        return (request.kind, request.needs)

    def concerns(self, candidate: Candidate) -> bool:
        return candidate.usage is not None


@implementer(ISteadyWeigher, IScaledWeigher)
@frozen
class FreeCapacityWeigher:
    """
    Prefer the pod of which the larger share would stay free, by the resource that is scarcest there. Plenty is 1.

    The share is the weight itself, so that a pod with a little more room than the one in use outweighs no stickiness.
    """

    rules: CapacityRules = USUAL
    name: str = "free_capacity"
    scale: str = "share"
    reads: ClassVar[frozenset[str]] = frozenset({"pod", "usage", "claimed"})

    def weigh(self, candidate: Candidate, request: PlacementRequest) -> float:
        if candidate.usage is None:
            return 1.0
        least = 1.0
        room_of = self.rules.room
        for resource, needed in self.rules.wanted(request):
            room = room_of(candidate, resource)
            if room is not None:
                free, whole = room
                least = min(least, (free - needed) / whole if whole > 0.0 else 0.0)
        return max(0.0, least)

    def part(self, request: PlacementRequest) -> Hashable:
        return (request.kind, request.needs)
