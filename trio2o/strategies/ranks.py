"""
The order in which pods are tried, for requests as users make them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from attrs import define, evolve

from trio2o.model import NOTHING, Binding, PlacementRequest, Pod
from trio2o.scheduling.capacity import USUAL, CapacityFilter, CapacityRules
from trio2o.scheduling.exhausted import ExhaustedFilter
from trio2o.scheduling.quota import QuotaFilter
from trio2o.scheduling.ranking import Ranking
from trio2o.scheduling.reach import in_reach
from trio2o.strategies.candidates import Candidates
from trio2o.strategies.offers import OfferBook

#: The filters that go by what may not be so any more.
_HINTS = frozenset({ExhaustedFilter().name, QuotaFilter().name})


@define(kw_only=True)
class Ranks:
    """
    Ranks pods, and leaves some for a request that none can take where a pod's own words are the right answer.
    """

    _candidates: Candidates
    #: A pod by id.
    _pod: Callable[[str], Pod | None]
    #: What pods offer; ``None`` for nothing known.
    _offers: OfferBook | None = None
    #: What the filter by room goes by.
    _capacity: CapacityRules = USUAL

    def rank(
        self, request: PlacementRequest, bindings: Sequence[Binding]
    ) -> tuple[PlacementRequest, Ranking]:
        """
        The pods in order, and the request as it was ranked.
        """
        request = in_reach(request, self._pod, self._having)
        ranking = self.again(request, bindings)
        if not ranking.pods and self._beyond_all(ranking, request, bindings):
            # whether its size is too much for a quota, or is none at all, is the service's to say
            request = evolve(request, needs=NOTHING)
            ranking = self.again(request, bindings)
        return request, ranking

    def _having(self, field: str, name: str) -> Collection[str]:
        """
        The ids of the pods that are known to have what a field of a request names.
        """
        return () if self._offers is None else self._offers.having(field, name)

    def again(self, request: PlacementRequest, bindings: Sequence[Binding]) -> Ranking:
        """
        The ranking; where none is left but pods that have lately refused as much, or in which the project had too little quota a
        while ago, theirs: those are hints, and their own words are the right answer.
        """
        ranking = self._candidates.rank(request, bindings)
        if ranking.pods or all(each.filter_name not in _HINTS for each in ranking.dropped):
            return ranking
        return self._candidates.rank(request, bindings, hints=False)

    def _beyond_all(self, ranking: Ranking, request: PlacementRequest, bindings: Sequence[Binding]) -> bool:
        """
        True where each pod that is dropped for want of room could not take the request even were it empty.
        """
        full = {dropped.pod.id for dropped in ranking.dropped if dropped.filter_name == CapacityFilter().name}
        return bool(full) and all(
            self._capacity.beyond(candidate, request)
            for candidate in self._candidates.seen(request, bindings)
            if candidate.pod.id in full
        )
