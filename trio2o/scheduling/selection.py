"""
Filters, then weighers: the order in which pods are tried.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, repeat
from operator import mul

from attrs import field, frozen

from trio2o.interfaces import IPodFilter, IPodWeigher, IScaledWeigher
from trio2o.model import Candidate, PlacementRequest, Pod


@frozen(kw_only=True)
class Weighted:
    """
    A weigher and what its number counts for.
    """

    weigher: IPodWeigher
    factor: float = 1.0
    #: How the weigher's numbers are brought to 0..1: see :func:`normalised`.
    scale: str = field(init=False)

    @scale.default
    def _its_own(self) -> str:
        return self.weigher.scale if IScaledWeigher.providedBy(self.weigher) else "stretched"


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
    #: In the order of the weighers.
    _raw: tuple[float, ...]
    _normal: tuple[float, ...]
    _weighers: tuple[Weighted, ...] = field(repr=False)

    @property
    def weights(self) -> Mapping[str, Weight]:
        """
        What each weigher said, by its name. Made when it is asked for: a create needs the order alone.
        """
        return {
            weighted.weigher.name: Weight(raw=raw, normal=normal, weighted=normal * weighted.factor)
            for weighted, raw, normal in zip(self._weighers, self._raw, self._normal, strict=True)
        }

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
class Ranking:
    """
    All that was decided about one request; the most suitable pod first.
    """

    ordered: tuple[Ranked, ...]
    dropped: tuple[Dropped, ...]

    @property
    def pods(self) -> tuple[Pod, ...]:
        """
        The pods to try, in order.
        """
        return tuple(one.candidate.pod for one in self.ordered)

    @property
    def reasons(self) -> dict[str, str]:
        """
        Pod name to why it was dropped, for :class:`trio2o.errors.NoValidPod`.
        """
        return {one.pod.name: one.reason for one in self.dropped}


@frozen(kw_only=True)
class Selection:
    """
    The configured filters and weighers.
    """

    filters: tuple[IPodFilter, ...]
    weighers: tuple[Weighted, ...]

    def rank(self, candidates: Iterable[Candidate], request: PlacementRequest) -> Ranking:
        """
        Order the pods that may take the request.

        The same for every order of the candidates and on every process: equal totals go by serial, then id.

        :raises ValueError: if a weigher gives what is not a finite number.
        """
        # In a fixed order, so that floating-point sums do not depend on the caller's.
        remaining = sorted(candidates, key=_identity)
        dropped: list[Dropped] = []
        for each in self.filters:
            accepts = each.accepts
            verdicts = [accepts(candidate, request) for candidate in remaining]
            if all(verdicts):
                continue
            dropped += [
                Dropped(pod=candidate.pod, filter_name=each.name, reason=each.reason)
                for candidate, accepted in zip(remaining, verdicts, strict=True)
                if not accepted
            ]
            remaining = list(compress(remaining, verdicts))
        weighers = self.weighers
        raws = [self._weighed(weighted, remaining, request) for weighted in weighers]
        normals = [normalised(raw, weighted.scale) for weighted, raw in zip(weighers, raws, strict=True)]
        factors = [weighted.factor for weighted in weighers]
        by_pod = zip(zip(*raws, strict=True), zip(*normals, strict=True), strict=True)
        ordered = [
            Ranked(
                candidate=candidate,
                total=math.fsum(map(mul, normal, factors)),
                raw=raw,
                normal=normal,
                weighers=weighers,
            )
            for candidate, (raw, normal) in zip(
                remaining, by_pod if weighers else repeat(((), ())), strict=bool(weighers)
            )
        ]
        ordered.sort(key=lambda one: (-one.total, *_identity(one.candidate)))
        dropped.sort(key=lambda one: (one.pod.serial, one.pod.id))
        return Ranking(ordered=tuple(ordered), dropped=tuple(dropped))

    @staticmethod
    def _weighed(
        weighted: Weighted, candidates: Sequence[Candidate], request: PlacementRequest
    ) -> list[float]:
        weigh = weighted.weigher.weigh
        numbers = [weigh(candidate, request) for candidate in candidates]
        if not all(map(math.isfinite, numbers)):
            for candidate, number in zip(candidates, numbers, strict=True):
                if not math.isfinite(number):
                    raise ValueError(
                        f"weigher {weighted.weigher.name} gave {number} for pod {candidate.pod.name}"
                    )
        return numbers


def normalised(numbers: Sequence[float], scale: str = "stretched") -> list[float]:
    """
    The numbers brought to 0..1.

    ``stretched``: the smallest becomes 0, the largest 1, all 0 where they are equal; for numbers that only order.
    ``share``: they are shares already; what is beyond 0 or 1 is cut off. A small difference stays small.
    ``ratio``: none is negative, and each is divided by the largest; or none is positive, and each is taken from 1 as that
    share of the one farthest from 0. For numbers whose 0 means none, such as costs: a small difference stays small. Numbers
    of both signs are stretched.

    :raises ValueError: if there is no such scale.
    """
    if scale == "share":
        return [min(1.0, max(0.0, number)) for number in numbers]
    if scale not in ("stretched", "ratio"):
        raise ValueError(f"there is no scale {scale!r}")
    if not numbers:
        return []
    # Halved, since the difference of two finite numbers may be too large for a float.
    lowest, highest = min(numbers) / 2, max(numbers) / 2
    if scale == "ratio":
        lowest, highest = (0.0, highest) if lowest >= 0.0 else (lowest, max(0.0, highest))
    span = highest - lowest
    if not span:
        return [0.0] * len(numbers)
    return [(number / 2 - lowest) / span for number in numbers]


def _identity(candidate: Candidate) -> tuple[int, str]:
    return candidate.pod.serial, candidate.pod.id
