"""
What weighers' numbers count for: scales and factors. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from trio2o.interfaces import IPodWeigher, IScaledWeigher


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
