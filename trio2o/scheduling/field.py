"""
The pods of a service as candidates, ranked for one request after another. Pure.

A ranking gives what asking every filter and weigher about every pod gives. What most requests have in common is asked once and
kept: see :mod:`trio2o.scheduling.rows`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field

from trio2o.interfaces import IPodFilter, ISteadyFilter, ISteadyWeigher
from trio2o.model import Candidate, PlacementRequest
from trio2o.scheduling.ranking import Ranking, Weighing
from trio2o.scheduling.rows import FIELDS, Bits, Kept, Numbers, Rows, bits_of, places_of, with_bit
from trio2o.scheduling.weighing import Weighted, normalised

#: Fields of :class:`Candidate` that differ from the rows for one request's project: field name to what gives, when it is asked
#: for, pod id to value.
Own = Mapping[str, Callable[[], Mapping[str, Any]]]

#: For how many sets of pods their places are remembered.
_MOST_SETS = 32


@define(eq=False)
class _Seen:
    """
    The rows as one request sees them.
    """

    rows: Rows
    candidates: Sequence[Candidate]
    request: PlacementRequest
    own: Own
    _values: dict[str, Mapping[int, Any]] = field(factory=dict, init=False)

    def values(self, name: str) -> Mapping[int, Any]:
        """
        Place to the project's own value of a field.
        """
        known = self._values.get(name)
        if known is None:
            places = self.rows.places
            said = self.own[name]()
            known = self._values[name] = {places[pod_id]: said[pod_id] for pod_id in said if pod_id in places}
        return known

    def places(self, reads: Collection[str]) -> Collection[int]:
        """
        The places whose candidates differ from their rows in what is read.
        """
        if self.own.keys().isdisjoint(reads):
            return ()
        found: set[int] = set()
        for name in self.own:
            if name in reads:
                found.update(self.values(name))
        return found

    def candidate(self, place: int, reads: Collection[str] = FIELDS) -> Candidate:
        """
        One candidate, at least in what is read as it is for the project.
        """
        own = {
            name: self.values(name)[place]
            for name in self.own
            if name in reads and place in self.values(name)
        }
        row = self.candidates[place]
        return evolve(row, **own) if own else row


@define(eq=False)
class _Asked:
    """
    A filter that is asked about every pod that is left.
    """

    filter: IPodFilter

    def refused(self, seen: _Seen, left: int) -> int:
        """
        Those of the pods left that it drops.
        """
        accepts, request = self.filter.accepts, seen.request
        return bits_of(place for place in places_of(left) if not accepts(seen.candidate(place), request))


@define(eq=False)
class _Steady:
    """
    A filter whose answers are kept.
    """

    filter: ISteadyFilter
    _kept: Kept[Bits] = field(factory=Kept, init=False)
    _reads: frozenset[str] = field(init=False)
    _concerned: Bits = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._reads = self.filter.reads
        self._concerned = Bits(self.filter.concerns, self._reads)

    def refused(self, seen: _Seen, left: int) -> int:
        """
        Those of the pods left that it drops.
        """
        reads = self._reads
        own = seen.places(reads) if seen.own else ()
        concerned = self._concerned
        latest = seen.rows.latest[reads]
        if not (concerned.bits if concerned.number >= latest else concerned.of(seen.rows)) and not own:
            return 0
        which, request = self.filter, seen.request
        accepts, part = which.accepts, which.part(request)
        kept = self._kept.parts.get(part)
        if kept is None:
            kept = self._kept.keep(part, Bits(lambda one: not accepts(one, request), reads, concerned))
        refused = kept.bits if kept.number >= latest else kept.of(seen.rows)
        for place in own:
            refused = with_bit(refused, place, not accepts(seen.candidate(place, reads), request))
        return refused & left


@define(eq=False)
class _Scale:
    """
    A weigher, with what it said when nothing of the project's own counted.
    """

    weighted: Weighted
    _kept: Kept[Numbers] = field(factory=Kept, init=False)
    #: The numbers, the pods and the weighing that was made of them last.
    _last: tuple[Sequence[float], int, Weighing] | None = field(default=None, init=False)

    def weigh(self, seen: _Seen, passed: int, places: Sequence[int]) -> Weighing:
        """
        What it says of the pods that passed.

        :raises ValueError: if one of its numbers is not finite.
        """
        weigher, request = self.weighted.weigher, seen.request
        if not ISteadyWeigher.providedBy(weigher):
            weigh = weigher.weigh
            return self._weighing([weigh(seen.candidate(place), request) for place in places], seen, places)
        reads = weigher.reads
        part = weigher.part(request)
        kept = self._kept.parts.get(part)
        if kept is None:
            kept = self._kept.keep(part, Numbers(lambda one: weigher.weigh(one, request), reads))
        numbers = kept.of(seen.rows)
        own = seen.places(reads) if seen.own else ()
        if own:
            mended = list(numbers)
            for place in own:
                mended[place] = weigher.weigh(seen.candidate(place, reads), request)
            return self._weighing([mended[place] for place in places], seen, places)
        last = self._last
        if last is None or last[0] is not numbers or last[1] != passed:
            made = self._weighing([numbers[place] for place in places], seen, places)
            last = self._last = (numbers, passed, made)
        return last[2]

    def _weighing(self, raw: list[float], seen: _Seen, places: Sequence[int]) -> Weighing:
        if not all(map(math.isfinite, raw)):
            for place, number in zip(places, raw, strict=True):
                if not math.isfinite(number):
                    name = seen.candidates[place].pod.name
                    raise ValueError(f"weigher {self.weighted.weigher.name} gave {number} for pod {name}")
        normal = normalised(raw, self.weighted.scale)
        factor = self.weighted.factor
        return Weighing(
            of=self.weighted, raw=raw, normal=normal, weighted=[number * factor for number in normal]
        )


@define(eq=False)
class Field:
    """
    Ranks; told when candidates change.
    """

    _filters: Sequence[_Asked | _Steady]
    _scales: Sequence[_Scale]
    rows: Rows = field(factory=Rows, init=False)
    #: The places of sets of pods, by their bits.
    _places: dict[int, Sequence[int]] = field(factory=dict, init=False)

    @classmethod
    def of(cls, filters: Iterable[IPodFilter], weighers: Iterable[Weighted]) -> Field:
        """
        One without candidates.
        """
        return cls(
            [_Steady(each) if ISteadyFilter.providedBy(each) else _Asked(each) for each in filters],
            [_Scale(each) for each in weighers],
        )

    def rank(self, request: PlacementRequest, own: Own | None = None) -> Ranking:
        """
        Order the pods that may take the request.

        The same on every process: equal totals go by serial, then id.

        :param own: where the candidates of the request's project differ from the rows.
        :raises ValueError: if a weigher gives what is not a finite number.
        """
        seen = _Seen(self.rows, self.rows.candidates, request, own or {})
        left = (1 << len(seen.candidates)) - 1
        refusals = []
        for each in self._filters:
            refused = each.refused(seen, left)
            if refused:
                refusals.append((each.filter, refused))
                left &= ~refused
        places = self._places_of(left)
        weighings = [scale.weigh(seen, left, places) for scale in self._scales]
        return Ranking(
            rows=seen.candidates,
            seen=seen.candidate,
            refusals=refusals,
            places=places,
            totals=_sums(weighings, len(places)),
            weighings=weighings,
        )

    def _places_of(self, bits: int) -> Sequence[int]:
        known = self._places.get(bits)
        if known is None:
            if len(self._places) >= _MOST_SETS:
                self._places.clear()
            known = self._places[bits] = places_of(bits)
        return known


def _sums(weighings: Sequence[Weighing], count: int) -> Sequence[float]:
    if not weighings:
        return [0.0] * count
    return list(map(math.fsum, zip(*[each.weighted for each in weighings], strict=True)))
