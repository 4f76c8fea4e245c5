"""
Ranking in the plainest way: every filter and weigher is asked about every pod that is left, and nothing is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from attrs import frozen

from trio2o.model import Candidate, PlacementRequest
from trio2o.scheduling.ranking import Dropped, Ranked, Weight
from trio2o.scheduling.selection import Selection
from trio2o.scheduling.weighing import normalised


@frozen(kw_only=True)
class PlainRanking:
    """
    What a ranking must say.
    """

    ordered: tuple[Ranked, ...]
    dropped: tuple[Dropped, ...]


def plainly_ranked(
    selection: Selection, candidates: Iterable[Candidate], request: PlacementRequest
) -> PlainRanking:
    """
    Rank.
    """
    left = sorted(candidates, key=_identity)
    dropped: list[Dropped] = []
    for each in selection.filters:
        refused = [candidate for candidate in left if not each.accepts(candidate, request)]
        dropped += [
            Dropped(pod=candidate.pod, filter_name=each.name, reason=each.reason) for candidate in refused
        ]
        left = [candidate for candidate in left if candidate not in refused]
    weights: list[dict[str, Weight]] = [{} for _ in left]
    for weighted in selection.weighers:
        raws = [weighted.weigher.weigh(candidate, request) for candidate in left]
        for weight, raw, normal in zip(weights, raws, normalised(raws, weighted.scale), strict=True):
            weight[weighted.weigher.name] = Weight(raw=raw, normal=normal, weighted=normal * weighted.factor)
    ordered = [
        Ranked(
            candidate=candidate,
            total=math.fsum(one.weighted for one in weight.values()),
            weights=weight,
        )
        for candidate, weight in zip(left, weights, strict=True)
    ]
    ordered.sort(key=lambda one: (-one.total, *_identity(one.candidate)))
    dropped.sort(key=lambda one: (one.pod.serial, one.pod.id))
    return PlainRanking(ordered=tuple(ordered), dropped=tuple(dropped))


def _identity(candidate: Candidate) -> tuple[int, str]:
    return candidate.pod.serial, candidate.pod.id
