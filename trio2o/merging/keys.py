"""
Places of items in lists: what compares as they stand, and how that is written down for another process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

#: What compares as the item stands in its list: a :func:`comparable` for each key, :class:`Reversed` where it descends.
Key = tuple[Any, ...]

_NUMBERS = (bool, int, float)
#: The ranks of :func:`comparable`, and what each has.
_TYPES: dict[int, tuple[type, ...]] = {0: (int,), 1: _NUMBERS, 2: (str,), 3: (int,)}


@frozen(order=False, eq=False)
class Reversed:
    """
    Compares the other way round.
    """

    value: Any = field()

    def __lt__(self, other: Reversed) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reversed) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value)


def comparable(value: Any) -> tuple[int, Any]:
    """
    A value that compares with every other: nothing, numbers, text, and the rest as equal.
    """
    if value is None:
        return (0, 0)
    if isinstance(value, _NUMBERS):
        return (1, value)
    if isinstance(value, str):
        return (2, value)
    return (3, 0)


def first_value(key: Key) -> Any:
    """
    The value that a place is ordered by first; ``None`` where there is none.
    """
    if not key:
        return None
    one = key[0].value if isinstance(key[0], Reversed) else key[0]
    return one[1] if one[0] else None


def key_as_json(key: Key) -> list[list[Any]]:
    """
    A key as JSON holds it: for each part whether it descends, the rank and the value.
    """
    return [[True, *part.value] if isinstance(part, Reversed) else [False, part[0], part[1]] for part in key]


def key_from_json(parts: Any) -> Key:
    """
    The key that :func:`key_as_json` wrote.

    :raises ValueError: if it did not.
    """
    if not isinstance(parts, list):
        raise ValueError("a key is a list")
    return tuple(map(_part, parts))


def _part(written: Sequence[Any]) -> Any:
    if not isinstance(written, list) or len(written) != 3:
        raise ValueError("a part of a key has three fields")
    descending, rank, value = written
    if (
        not isinstance(descending, bool)
        or type(rank) is not int
        or not isinstance(value, _TYPES.get(rank, ()))
    ):
        raise ValueError("a part of a key has other fields")
    return Reversed((rank, value)) if descending else (rank, value)
