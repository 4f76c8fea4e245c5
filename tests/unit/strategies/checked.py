"""
Candidates that are checked against the plain way whenever pods are ranked.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve

from tests.unit.scheduling.plain import plainly_ranked
from trio2o.model import Binding, PlacementRequest
from trio2o.scheduling.ranking import Ranking
from trio2o.strategies.candidates import Candidates


@define(kw_only=True, eq=False)
class CheckedCandidates(Candidates):
    """
    The daemon's, with an error where what was kept is not what would be made anew.
    """

    def rank(self, request: PlacementRequest, bindings: Sequence[Binding], *, hints: bool = True) -> Ranking:
        """
        See :meth:`Candidates.rank`.
        """
        ranking = super().rank(request, bindings, hints=hints)
        seen = self.seen(request, bindings)
        if not hints:
            seen = [evolve(each, exhausted=(), quota=None) for each in seen]
        plain = plainly_ranked(self._selection, seen, request)
        assert ranking.ordered == plain.ordered, f"{ranking.ordered} is not {plain.ordered}"
        assert ranking.dropped == plain.dropped, f"{ranking.dropped} is not {plain.dropped}"
        assert ranking.pods == tuple(one.pod for one in plain.ordered)
        return ranking
