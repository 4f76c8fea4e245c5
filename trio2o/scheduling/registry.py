"""
Filters and weighers by the names that the configuration uses.

A third party adds its own by a setuptools entry point in the group ``trio2o.filters`` or ``trio2o.weighers``, whose
object is called without arguments and gives the filter or weigher. An entry point may not take a built-in name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from attrs import frozen
from zope.interface.verify import verifyObject

from trio2o.interfaces import IPodFilter, IPodWeigher
from trio2o.scheduling import capacity
from trio2o.scheduling.capacity import CapacityFilter, CapacityRules, FreeCapacityWeigher
from trio2o.scheduling.exhausted import ExhaustedFilter
from trio2o.scheduling.filters import (
    AffinityFilter,
    AvailabilityZoneFilter,
    ExcludedFilter,
    HealthFilter,
    ReferencesFilter,
    StateFilter,
    UpToDateFilter,
)
from trio2o.scheduling.presence import PresenceFilter
from trio2o.scheduling.projects import MaxPodsFilter, ProjectsFilter
from trio2o.scheduling.quota import QuotaFilter
from trio2o.scheduling.taints import TaintsFilter
from trio2o.scheduling.weighers import (
    BindingWeigher,
    CostWeigher,
    CreationOrderWeigher,
    OperatorWeightWeigher,
    RecentFailuresWeigher,
    SpreadWeigher,
)
from trio2o.scheduling.weighing import Weighted

FILTERS_GROUP = "trio2o.filters"
WEIGHERS_GROUP = "trio2o.weighers"

#: Filters that a request's own limits depend on (I6, I13): they run whatever the configuration names.
ALWAYS = ("references", "excluded")

BUILT_IN_FILTERS: Mapping[str, Callable[[], IPodFilter]] = {
    "affinity": AffinityFilter,
    "availability_zone": AvailabilityZoneFilter,
    "capacity": CapacityFilter,
    "excluded": ExcludedFilter,
    "exhausted": ExhaustedFilter,
    "health": HealthFilter,
    "max_pods": MaxPodsFilter,
    "presence": PresenceFilter,
    "projects": ProjectsFilter,
    "quota": QuotaFilter,
    "references": ReferencesFilter,
    "state": StateFilter,
    "taints": TaintsFilter,
    "up_to_date": UpToDateFilter,
}

BUILT_IN_WEIGHERS: Mapping[str, Callable[[], IPodWeigher]] = {
    "binding": BindingWeigher,
    "cost": CostWeigher,
    "creation_order": CreationOrderWeigher,
    "free_capacity": FreeCapacityWeigher,
    "operator_weight": OperatorWeightWeigher,
    "recent_failures": RecentFailuresWeigher,
    "spread": SpreadWeigher,
}


@frozen(kw_only=True)
class Rules:
    """
    What the configuration says to built-in filters and weighers.
    """

    capacity: CapacityRules = capacity.USUAL
    #: How many pods a project may be bound to; ``None`` for any number.
    max_pods: int | None = None

    def filters(self) -> Mapping[str, Callable[[], IPodFilter]]:
        """
        The built-in filters that go by these rules.
        """
        return {
            **BUILT_IN_FILTERS,
            "capacity": lambda: CapacityFilter(self.capacity),
            "max_pods": lambda: MaxPodsFilter(self.max_pods),
        }

    def weighers(self) -> Mapping[str, Callable[[], IPodWeigher]]:
        """
        The built-in weighers that go by these rules.
        """
        return {**BUILT_IN_WEIGHERS, "free_capacity": lambda: FreeCapacityWeigher(self.capacity)}


#: Those of a configuration that says nothing.
USUAL = Rules()

T = TypeVar("T")


class UnknownNames(ValueError):
    """
    Names that neither Trio2o nor an installed package has.

    :ivar names: the unknown ones.
    :ivar known: the ones to choose from.
    """

    def __init__(self, names: Sequence[str], known: Iterable[str]) -> None:
        self.names = tuple(names)
        self.known = tuple(sorted(known))
        super().__init__(f"unknown: {', '.join(self.names)}; known are: {', '.join(self.known)}")


def installed(group: str) -> Mapping[str, EntryPoint]:
    """
    The entry points of a group in this Python environment, not loaded yet. Reads package metadata: call it at start.
    """
    return {point.name: point for point in entry_points(group=group)}


def make_filters(
    names: Sequence[str], plugins: Mapping[str, EntryPoint] | None = None, rules: Rules = USUAL
) -> tuple[IPodFilter, ...]:
    """
    The filters of these names, in their order; those of :data:`ALWAYS` that are not named come last.

    The first filter that drops a pod gives the reason.

    :raises UnknownNames: if a name is not known.
    :raises zope.interface.Invalid: if what an entry point gives is no filter.
    """
    wanted = [*names, *(name for name in ALWAYS if name not in names)]
    return tuple(_made(wanted, rules.filters(), plugins or {}, IPodFilter))


def make_weighers(
    factors: Mapping[str, float], plugins: Mapping[str, EntryPoint] | None = None, rules: Rules = USUAL
) -> tuple[Weighted, ...]:
    """
    The weighers of these names with their factors; a factor of 0 leaves one out, a negative one turns it round.

    :raises UnknownNames: if a name is not known.
    :raises zope.interface.Invalid: if what an entry point gives is no weigher.
    """
    made = _made(list(factors), rules.weighers(), plugins or {}, IPodWeigher)
    return tuple(
        Weighted(weigher=weigher, factor=factor)
        for weigher, factor in zip(made, factors.values(), strict=True)
        if factor
    )


def _made(
    names: Sequence[str],
    built_in: Mapping[str, Callable[[], T]],
    plugins: Mapping[str, EntryPoint],
    interface: type,
) -> list[T]:
    unknown = [name for name in names if name not in built_in and name not in plugins]
    if unknown:
        raise UnknownNames(unknown, {*built_in, *plugins})
    made: list[T] = []
    for name in names:
        factory: Callable[[], T] = built_in[name] if name in built_in else plugins[name].load()
        one = factory()
        verifyObject(interface, one)
        made.append(one)
    return made
