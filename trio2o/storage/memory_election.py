"""
An election among those who share a database in memory.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import IElection
from trio2o.storage.memory_database import MemoryDatabase


@implementer(IElection)
@define(eq=False)
class MemoryElection:
    """
    Who stands first wins; the next one takes over.
    """

    _database: MemoryDatabase
    _name: str
    _won: Callable[[], None] = field(default=lambda: None, init=False)
    _lost: Callable[[], None] = field(default=lambda: None, init=False)

    @property
    def leads(self) -> bool:
        return self._standing()[:1] == [self]

    def start(self, won: Callable[[], None], lost: Callable[[], None]) -> None:
        self._won, self._lost = won, lost
        self._standing().append(self)
        if self.leads:
            won()

    def stop(self) -> None:
        standing = self._standing()
        led = self.leads
        if self in standing:
            standing.remove(self)
        if led:
            self._lost()
            if standing:
                standing[0]._won()

    def _standing(self) -> list[MemoryElection]:
        found: list[MemoryElection] = self._database.elections.setdefault(self._name, [])
        return found
