"""
Whose limit holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trio2o.model import UNLIMITED


def known(names: Iterable[str], levels: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """
    The limit of each name that a level has: that of the first one.
    """
    found: dict[str, int] = {}
    for name in names:
        for level in levels:
            if name in level:
                found[name] = level[name]
                break
    return found


def resolved(names: Iterable[str], levels: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """
    The limit of each name: that of the first level that has one, -1 where none has.
    """
    names = tuple(names)
    return dict.fromkeys(names, UNLIMITED) | known(names, levels)


def largest(limits: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """
    For each name the largest of several limits, where -1 is more than any.
    """
    found: dict[str, int] = {}
    for each in limits:
        for name, limit in each.items():
            found[name] = larger(found[name], limit) if name in found else limit
    return found


def smallest(limits: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """
    For each name the smallest of several limits, where -1 is more than any.
    """
    found: dict[str, int] = {}
    for each in limits:
        for name, limit in each.items():
            before = found.get(name, UNLIMITED)
            found[name] = max(before, limit) if UNLIMITED in (before, limit) else min(before, limit)
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
