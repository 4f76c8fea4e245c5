"""
Whose limit holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trio2o.model import UNLIMITED


def resolved(names: Iterable[str], levels: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """
    The limit of each name: that of the first level that has one, -1 where none has.
    """
    return {name: next((level[name] for level in levels if name in level), UNLIMITED) for name in names}


def largest(limits: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """
    For each name the largest of several limits, where -1 is more than any.
    """
    found: dict[str, int] = {}
    for each in limits:
        for name, limit in each.items():
            found[name] = larger(found[name], limit) if name in found else limit
    return found


def larger(one: int, other: int) -> int:
    """
    The larger of two limits.
    """
    return UNLIMITED if UNLIMITED in (one, other) else max(one, other)


def fits(limit: int, amount: int) -> bool:
    """
    Whether a limit holds an amount.
    """
    return limit < 0 or amount <= limit
