"""
The cursors in memory; see :mod:`trio2o.storage.memory`.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import ICursorStore
from trio2o.storage.memory_database import MemoryDatabase
from trio2o.storage.rules import CURSOR_SECONDS, CURSORS_KEPT


@implementer(ICursorStore)
@define(eq=False)
class MemoryCursors:
    """
    The cursors in a dictionary, the oldest first.
    """

    _database: MemoryDatabase
    _most: int = field(default=CURSORS_KEPT, kw_only=True)

    async def find_cursor(self, digest: bytes) -> str | None:
        self._database.check()
        found = self._database.cursors.get(digest)
        return found[1] if found is not None and self._is_young(found[0]) else None

    async def keep_cursors(self, cursors: Mapping[bytes, str]) -> None:
        self._database.check()
        kept = self._database.cursors
        for digest in sorted(cursors):
            kept.pop(digest, None)
            kept[digest] = (self._database.now().timestamp(), cursors[digest])
        for digest in list(kept)[: 2 * len(cursors)]:
            if len(kept) > self._most or not self._is_young(kept[digest][0]):
                del kept[digest]

    def _is_young(self, kept_at: float) -> bool:
        return self._database.now().timestamp() - kept_at < CURSOR_SECONDS
