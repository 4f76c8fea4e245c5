"""
What a year came to, in figures.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field, frozen

from simulation.fleet import DAY
from trio2o.model import Binding

#: Days within which a binding that comes back to a pod counts as flapping.
FLAP_DAYS = 7.0

#: A place that is emptier than this on average tells nothing about balance: one server more doubles a pod's share.
_LEAST_FILL = 0.05


@frozen(kw_only=True)
class Balance:
    """
    How evenly the pods of a zone and group are filled, over all of them and all days; a pod counts with the share in use of its
    scarcest resource.
    """

    #: The coefficient of variation: the standard deviation as a share of the mean; 0 is even.
    variation_mean: float = 0.0
    variation_p95: float = 0.0
    #: The fullest pod, as a multiple of the mean; 1 is even.
    fullest_mean: float = 0.0
    fullest_p95: float = 0.0


@frozen(kw_only=True)
class Moves:
    """
    How bindings moved.
    """

    #: Moves for each project; its first binding is none.
    mean: float = 0.0
    p99: float = 0.0
    most: int = 0
    #: The share of projects whose binding ever moved.
    share: float = 0.0
    #: Of a thousand projects, how many moves went back to a pod left within the last :data:`FLAP_DAYS`.
    flaps: float = 0.0
    #: What they were for: the filter that dropped the pod or the weigher that outweighed it, to the share of moves.
    reasons: Mapping[str, float] = field(factory=dict)


@frozen(kw_only=True)
class Figures:
    """
    One setting's year.
    """

    name: str
    about: str
    #: True for the defaults of this release.
    shipped: bool
    #: How many things users wished for: a server, a volume, or a server with its volume.
    wishes: int
    #: Wishes that no pod took.
    refused: int
    #: Wishes that a pod accepted and could not carry out: NoValidHost.
    failed: int
    #: Of both, those for which another pod of the zone had room and quota.
    avoidable: int
    #: Of the avoidable ones, those that had to go where the volume was.
    pinned: int
    #: Wishes that one pod had turned down before another took them.
    fell_back: int
    #: The share of projects, zones and groups whose resources were made in more than one pod.
    scattered: float
    balance: Balance
    moves: Moves
    #: By day: the variation, averaged over zones and groups; ``None`` while they are nearly empty.
    variation_by_day: Sequence[float | None]
    #: By day, from the beginning on: moves, and wishes that were refused or failed though another pod had room.
    moves_by_day: Sequence[int]
    avoidable_by_day: Sequence[int]

    @property
    def rejected(self) -> int:
        """
        Wishes that were not met.
        """
        return self.refused + self.failed


@define
class Fills:
    """
    Collects how full pods are, day by day.
    """

    _variations: list[float] = field(factory=list, init=False)
    _fullest: list[float] = field(factory=list, init=False)
    by_day: list[float | None] = field(factory=list, init=False)

    def day(self, places: Iterable[Sequence[float]]) -> None:
        """
        One day: for each zone and group the shares of its pods. A single pod is always even, and tells nothing.
        """
        of_day = []
        for filled in places:
            mean = statistics.fmean(filled) if len(filled) > 1 else 0.0
            if mean >= _LEAST_FILL:
                of_day.append(statistics.pstdev(filled) / mean)
                self._fullest.append(max(filled) / mean)
        self._variations += of_day
        self.by_day.append(statistics.fmean(of_day) if of_day else None)

    def balance(self) -> Balance:
        """
        All days together.
        """
        if not self._variations:
            return Balance()
        return Balance(
            variation_mean=statistics.fmean(self._variations),
            variation_p95=quantile(self._variations, 0.95),
            fullest_mean=statistics.fmean(self._fullest),
            fullest_p95=quantile(self._fullest, 0.95),
        )


def moves(bindings: Iterable[Binding], projects: int) -> Moves:
    """
    From the history of bindings, in the order they were made.
    """
    chains: dict[tuple[str, str, str], list[Binding]] = {}
    for binding in bindings:
        place = (binding.tenant_id, binding.az_name, binding.pod_group)
        chains.setdefault(place, []).append(binding)
    by_project: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    flaps = 0
    for (project, _, _), chain in chains.items():
        by_project[project] += len(chain) - 1
        # an ended binding says why
        reasons.update(_short(ended.reason) for ended in chain[:-1])
        flaps += sum(_is_flap(chain, number) for number in range(2, len(chain)))
    each = sorted(count for count in by_project.values() if count)
    whole = [0] * (projects - len(each)) + each
    total = sum(each)
    return Moves(
        mean=total / projects,
        p99=quantile(whole, 0.99),
        most=max(whole, default=0),
        share=len(each) / projects,
        flaps=1000.0 * flaps / projects,
        reasons={reason: count / total for reason, count in sorted(reasons.items(), key=lambda one: -one[1])},
    )


def moves_by_day(bindings: Iterable[Binding], days: int) -> list[int]:
    """
    How many there were until the end of each day.
    """
    each = [0] * days
    for binding in bindings:
        if binding.ended_at is not None:
            each[min(days - 1, int(binding.ended_at.timestamp() // DAY))] += 1
    return running(each)


def running(each: Iterable[int]) -> list[int]:
    """
    The sums from the beginning on.
    """
    total, found = 0, []
    for number in each:
        total += number
        found.append(total)
    return found


def quantile(numbers: Sequence[float], share: float) -> float:
    """
    The smallest of the numbers that so large a share of them does not exceed; 0 for none.
    """
    if not numbers:
        return 0.0
    return sorted(numbers)[max(0, math.ceil(share * len(numbers)) - 1)]


def _is_flap(chain: Sequence[Binding], number: int) -> bool:
    back = chain[number]
    return any(
        before.pod_id == back.pod_id
        and before.ended_at is not None
        and (back.created_at - before.ended_at).total_seconds() <= FLAP_DAYS * DAY
        for before in chain[:number]
    )


def _short(reason: str) -> str:
    """
    ``capacity`` of ``moved: capacity dropped Pod1 (…)``.
    """
    words = reason.removeprefix("moved: ").split()
    return words[0] if len(words) > 1 and words[1] in ("dropped", "outweighed") else "others"
