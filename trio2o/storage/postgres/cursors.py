"""
Cursors in PostgreSQL: a small table that empties itself as it fills.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import ICursorStore
from trio2o.storage.pool import Pool
from trio2o.storage.rules import CURSOR_SECONDS, CURSORS_KEPT

#: Seconds that a database which has gone away is waited for: without a cursor a list goes on too.
_PATIENCE = 0.25


@implementer(ICursorStore)
@define(eq=False)
class PostgresCursors:
    """
    The cursors as rows.
    """

    _pool: Pool
    _most: int = field(default=CURSORS_KEPT, kw_only=True)

    async def find_cursor(self, digest: bytes) -> str | None:
        rows = await self._pool.run_query(
            "select content from cursors where digest = %s and kept_at > now() - make_interval(secs => %s)",
            (digest, CURSOR_SECONDS),
            read_only=True,
            patience=_PATIENCE,
        )
        return str(rows[0][0]) if rows else None

    async def keep_cursors(self, cursors: Mapping[bytes, str]) -> None:
        if not cursors:
            return
        places = ", ".join(["(%s, %s)"] * len(cursors))
        values: list[Any] = []
        # In one order everywhere, so that two writers of the same cursors never wait for each other.
        for digest in sorted(cursors):
            values += [digest, cursors[digest]]
        await self._pool.run_query(
            f"insert into cursors (digest, content) values {places} on conflict (digest) do update"
            " set content = excluded.content, kept_at = excluded.kept_at, serial = excluded.serial",
            values,
            patience=_PATIENCE,
        )
        # Two go for each that comes, so the table shrinks to its size whatever it had grown to.
        await self._pool.run_query(
            "with oldest as (select digest, kept_at, serial from cursors order by serial limit %s"
            " for update skip locked)"
            " delete from cursors using oldest where cursors.digest = oldest.digest"
            " and (oldest.kept_at <= now() - make_interval(secs => %s)"
            " or oldest.serial <= (select serial from cursors order by serial desc limit 1) - %s)",
            (2 * len(cursors), CURSOR_SECONDS, self._most),
            patience=_PATIENCE,
        )
