"""
Every pod as a candidate, kept from one request to the next, and what filters and weighers said of them. Pure.

What is said is kept by the part of the request that it goes by, and mended row by row: a pod whose usage has changed is asked
about again, by those that read the usage, and the others are not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

import attrs
from attrs import define, field

from trio2o.model import Candidate

#: The names of all fields of a candidate.
FIELDS = frozenset(each.name for each in attrs.fields(Candidate))
_READERS = [(name, attrgetter(name)) for name in sorted(FIELDS)]

#: How many parts of requests a filter's or weigher's answers are kept for; beyond it the oldest go.
_MOST_PARTS = 64

#: At least so many changes are remembered, by which answers are mended that were not used for a while.
_FEWEST_CHANGES = 64


@define(eq=False)
class Rows:
    """
    The candidates by serial and id of their pods, and which of their fields have changed lately.
    """

    #: Never changed in place: a ranking keeps it.
    candidates: Sequence[Candidate] = field(default=(), init=False)
    #: Pod id to the place of its row.
    places: Mapping[str, int] = field(factory=dict, init=False)
    #: Grows with each change.
    number: int = field(default=0, init=False)
    #: Fields that are read together to the number of the last change of one of them in any row, or a later one.
    latest: dict[frozenset[str], int] = field(init=False)
    #: The last changes: which fields of which row.
    _changes: list[tuple[frozenset[str], int]] = field(factory=list, init=False)

    @latest.default
    def _nothing_read(self) -> dict[frozenset[str], int]:
        return _Latest(self)

    def fill(self, candidates: Iterable[Candidate]) -> None:
        """
        Take others in place of all.
        """
        self.candidates = sorted(candidates, key=lambda one: (one.pod.serial, one.pod.id))
        self.places = {one.pod.id: place for place, one in enumerate(self.candidates)}
        self._changes.clear()
        # so that nothing that was kept before can be mended
        self.number += 1
        self.latest.clear()

    def put(self, candidates: Iterable[Candidate]) -> None:
        """
        Take others in place of those of the same pods, which are there and have kept their serials.
        """
        rows = list(self.candidates)
        for one in candidates:
            place = self.places[one.pod.id]
            known = rows[place]
            fields = frozenset([name for name, of in _READERS if _differ(of(known), of(one))])
            if fields:
                self._changes.append((fields, place))
                self.number += 1
                for reads in self.latest:
                    if not fields.isdisjoint(reads):
                        self.latest[reads] = self.number
                rows[place] = one
        self.candidates = rows
        most = max(_FEWEST_CHANGES, len(rows))
        if len(self._changes) > 2 * most:
            del self._changes[:-most]

    def changed(self, since: int, reads: Collection[str]) -> Iterable[int] | None:
        """
        The places of the rows one of whose fields has changed since a number; ``None`` where that is not known any more.
        """
        behind = self.number - since
        if behind > len(self._changes):
            return None
        return {
            place
            for fields, place in self._changes[len(self._changes) - behind :]
            if not fields.isdisjoint(reads)
        }


class _Latest(dict[frozenset[str], int]):
    """
    What is read for the first time counts as changed now.
    """

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows = rows

    def __missing__(self, reads: frozenset[str]) -> int:
        number = self[reads] = self._rows.number
        return number


def _differ(known: object, other: object) -> bool:
    return known is not other and known != other


class _Answers(Protocol):
    """
    What is kept for one part.
    """

    def of(self, rows: Rows) -> Any:
        """
        The answers about all rows, as they are now.
        """


K = TypeVar("K", bound=_Answers)


@define(eq=False)
class Kept(Generic[K]):
    """
    Answers by the part of the request that they go by. The oldest go when they become many.
    """

    #: Those of each part that is kept.
    parts: dict[Hashable, K] = field(factory=dict, init=False)

    def keep(self, part: Hashable, answers: K) -> K:
        """
        Keep those of another part.
        """
        if len(self.parts) >= _MOST_PARTS:
            del self.parts[next(iter(self.parts))]
        self.parts[part] = answers
        return answers


@define(eq=False)
class Bits:
    """
    The rows of which something holds, as the bits of a number.
    """

    _holds: Callable[[Candidate], bool]
    _reads: frozenset[str]
    #: The rows of which it may hold at all.
    _among: Bits | None = None
    #: As it was at a number of the rows; it is so still while :attr:`Rows.latest` of what is read is not above it.
    bits: int = field(default=0, init=False)
    number: int = field(default=-1, init=False)

    def of(self, rows: Rows) -> int:
        """
        As it is now.
        """
        if self.number < rows.latest[self._reads]:
            changed = rows.changed(self.number, self._reads) if self.number >= 0 else None
            if changed is None:
                self.bits = self._asked(rows)
            else:
                for place in changed:
                    self.bits = with_bit(self.bits, place, self._holds(rows.candidates[place]))
            self.number = rows.number
        return self.bits

    def _asked(self, rows: Rows) -> int:
        holds, candidates = self._holds, rows.candidates
        if self._among is None:
            return bits_of(place for place, one in enumerate(candidates) if holds(one))
        among = self._among.of(rows)
        return bits_of(place for place in places_of(among) if holds(candidates[place])) if among else 0


@define(eq=False)
class Numbers:
    """
    A number for each row.
    """

    _says: Callable[[Candidate], float]
    _reads: frozenset[str]
    #: Never changed in place.
    _numbers: list[float] = field(factory=list, init=False)
    _number: int = field(default=-1, init=False)

    def of(self, rows: Rows) -> Sequence[float]:
        """
        As they are now; the same object as long as nothing has changed.
        """
        if self._number < rows.latest[self._reads]:
            changed = rows.changed(self._number, self._reads) if self._number >= 0 else None
            if changed is None:
                self._numbers = [self._says(one) for one in rows.candidates]
            elif changed:
                self._numbers = list(self._numbers)
                for place in changed:
                    self._numbers[place] = self._says(rows.candidates[place])
            self._number = rows.number
        return self._numbers


def with_bit(bits: int, place: int, on: bool) -> int:
    """
    The bits with one of them set or not.
    """
    bit = 1 << place
    return bits | bit if on else bits & ~bit


def bits_of(places: Iterable[int]) -> int:
    """
    The bits at these places.
    """
    found = bytearray()
    for place in places:
        byte = place >> 3
        if byte >= len(found):
            found.extend(bytes(byte + 1 - len(found)))
        found[byte] |= 1 << (place & 7)
    return int.from_bytes(found, "little")


def places_of(bits: int) -> list[int]:
    """
    The places of the bits that are set, the lowest first.
    """
    return [place for place, bit in enumerate(bin(bits)[:1:-1]) if bit == "1"]
