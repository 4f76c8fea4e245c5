"""
What was decided about one request. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from attrs import define, field, frozen

from trio2o.interfaces import IPodFilter
from trio2o.model import Candidate, Pod
from trio2o.scheduling.rows import places_of
from trio2o.scheduling.weighing import Weighted


@frozen(kw_only=True)
class Weight:
    """
    What one weigher said of one pod.
    """

    #: The weigher's own number.
    raw: float
    #: The number brought to 0..1, on the weigher's scale, over the pods that passed the filters.
    normal: float
    #: ``normal`` times the factor: what was added up.
    weighted: float


@frozen(kw_only=True)
class Ranked:
    """
    A pod that may take the request.
    """

    candidate: Candidate
    total: float
    #: What each weigher said, by its name.
    weights: Mapping[str, Weight]

    @property
    def pod(self) -> Pod:
        """
        The pod.
        """
        return self.candidate.pod


@frozen(kw_only=True)
class Dropped:
    """
    A pod that may not take the request, with the first filter that said so.
    """

    pod: Pod
    filter_name: str
    reason: str


@frozen(kw_only=True)
class Weighing:
    """
    What one weigher said of the pods that passed the filters, in their order there.
    """

    of: Weighted
    raw: Sequence[float]
    normal: Sequence[float]
    #: ``normal`` times the factor.
    weighted: Sequence[float]


@define(kw_only=True, eq=False)
class Ranking:
    """
    All that was decided about one request. A create needs the order alone: what people read is made when it is asked for,
    from what was true when the pods were ranked. Two are equal when they say the same.
    """

    #: Every pod, by serial and id, as it is for everybody.
    _rows: Sequence[Candidate] = field(repr=False)
    #: Gives one of them, by its place there, as it is for the request's project.
    _seen: Callable[[int], Candidate] = field(repr=False)
    #: The filters that dropped pods, in their order, each with the bits of those it dropped first.
    _refusals: Sequence[tuple[IPodFilter, int]] = field(repr=False)
    #: The places of the pods that passed.
    _places: Sequence[int] = field(repr=False)
    #: What follows has one entry for each of these.
    _totals: Sequence[float] = field(repr=False)
    _weighings: Sequence[Weighing] = field(repr=False)

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """
        The pods to try, the most suitable first.
        """
        rows, places = self._rows, self._places
        return tuple([rows[places[at]].pod for at in self._order])

    @cached_property
    def ordered(self) -> tuple[Ranked, ...]:
        """
        The same with all that the weighers said.
        """
        return tuple(
            Ranked(
                candidate=self._seen(self._places[at]),
                total=self._totals[at],
                weights={
                    each.of.weigher.name: Weight(
                        raw=each.raw[at], normal=each.normal[at], weighted=each.weighted[at]
                    )
                    for each in self._weighings
                },
            )
            for at in self._order
        )

    @cached_property
    def dropped(self) -> tuple[Dropped, ...]:
        """
        The pods that may not take the request, by serial and id.
        """
        found = {
            place: Dropped(pod=self._rows[place].pod, filter_name=each.name, reason=each.reason)
            for each, bits in self._refusals
            for place in places_of(bits)
        }
        return tuple(found[place] for place in sorted(found))

    @property
    def reasons(self) -> dict[str, str]:
        """
        Pod name to why it was dropped, for :class:`trio2o.errors.NoValidPod`.
        """
        return {one.pod.name: one.reason for one in self.dropped}

    @cached_property
    def _order(self) -> Sequence[int]:
        # the sort is stable, and stays so turned round: equal totals go by serial, then id
        return sorted(range(len(self._totals)), key=self._totals.__getitem__, reverse=True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ranking):
            return NotImplemented
        return self.ordered == other.ordered and self.dropped == other.dropped

    __hash__ = None  # type: ignore[assignment]  # as of what is equal by its parts
