"""
Filters, then weighers: the order in which pods are tried.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from trio2o.interfaces import IPodFilter
from trio2o.model import Candidate, PlacementRequest
from trio2o.scheduling.field import Field
from trio2o.scheduling.ranking import Ranking
from trio2o.scheduling.weighing import Weighted


@frozen(kw_only=True)
class Selection:
    """
    The configured filters and weighers.
    """

    filters: tuple[IPodFilter, ...]
    weighers: tuple[Weighted, ...]

    def field(self) -> Field:
        """
        Where candidates are kept and ranked by them.
        """
        return Field.of(self.filters, self.weighers)

    def rank(self, candidates: Iterable[Candidate], request: PlacementRequest) -> Ranking:
        """
        Order the pods that may take one request: see :meth:`Field.rank`. The same for every order of the candidates.

        :raises ValueError: if a weigher gives what is not a finite number.
        """
        field = self.field()
        field.rows.fill(candidates)
        return field.rank(request)
