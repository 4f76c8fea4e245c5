"""
News among those who share a database in memory.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import INews
from trio2o.model import News
from trio2o.storage.memory_database import MemoryDatabase


@implementer(INews)
@define(eq=False)
class MemoryNews:
    """
    Calls the listeners.
    """

    _database: MemoryDatabase
    _heard: list[Callable[[News], None]] = field(factory=list, init=False)

    async def tell(self, news: News) -> None:
        self._database.check()
        for heard in list(self._database.newsrooms):
            heard(news)

    def listen(self, heard: Callable[[News], None]) -> None:
        self._heard.append(heard)
        self._database.newsrooms.append(heard)

    def stop(self) -> None:
        while self._heard:
            self._database.newsrooms.remove(self._heard.pop())
