"""
The change log in PostgreSQL: what triggers wrote, and the notifications that they sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import IChangeLog
from trio2o.model import Binding, Change, Snapshot
from trio2o.storage.listen import Listener
from trio2o.storage.pool import Pool, Transaction
from trio2o.storage.postgres.rows import BINDING_COLUMNS, POD_COLUMNS, binding_of, pod_of

#: How many changes one question gives; ask on from the last until there are none.
MOST = 1000

#: How many bindings are read at a time, so that reading a million never holds the reactor up.
_PAGE = 5000

#: Cluster, database within it, timeline within its history, and who made the tables.
_TIMELINE = (
    "select (select system_identifier from pg_control_system()) || '-'"
    " || (select oid from pg_database where datname = current_database()) || '-'"
    " || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || '-'"
    " || (select value from meta where key = 'history')"
)


@implementer(IChangeLog)
@define(eq=False)
class PostgresChanges:
    """
    The change log as rows and notifications.
    """

    _reactor: Any
    _dsn: str
    _pool: Pool
    _listeners: list[Listener] = field(factory=list, init=False)

    async def snapshot(self) -> Snapshot:
        async def read(transaction: Transaction) -> Snapshot:
            ((number,),) = await transaction.query("select last from change_counter")
            ((timeline,),) = await transaction.query(_TIMELINE)
            pods = await transaction.query(f"select {POD_COLUMNS} from pods order by serial")
            bindings: list[Binding] = []
            last = 0
            while True:
                rows = await transaction.query(
                    f"select {BINDING_COLUMNS}, serial from bindings where is_binding and serial > %s"
                    " order by serial limit %s",
                    (last, _PAGE),
                )
                bindings.extend(binding_of(row[:-1]) for row in rows)
                if len(rows) < _PAGE:
                    break
                last = rows[-1][-1]
            return Snapshot(
                number=number,
                timeline=timeline,
                pods=tuple(pod_of(row) for row in pods),
                bindings=tuple(bindings),
            )

        return await self._pool.run_interaction(read, read_only=True)

    async def changes_since(self, number: int) -> Sequence[Change] | None:
        rows = await self._pool.run_query(
            "select counter.last, counter.pruned, newer.number, newer.relation, newer.row_id"
            " from change_counter counter left join lateral (select number, relation, row_id from changes"
            " where number > %s order by number limit %s) newer on true order by newer.number",
            (number, MOST),
            read_only=True,
        )
        last, pruned = rows[0][:2]
        if not pruned <= number <= last:
            return None
        return [Change(number=row[2], table=row[3], row_id=row[4]) for row in rows if row[2] is not None]

    async def timeline(self) -> str:
        ((timeline,),) = await self._pool.run_query(_TIMELINE, read_only=True)
        return str(timeline)

    async def listen(
        self, changed: Callable[[], None], connected: Callable[[], None], lost: Callable[[], None]
    ) -> None:
        listener = Listener(
            self._reactor,
            self._dsn,
            "trio2o_changes",
            heard=lambda said: changed(),
            connected=connected,
            lost=lost,
        )
        self._listeners.append(listener)
        listener.start()

    def stop(self) -> None:
        """
        Close the connections that listen.
        """
        while self._listeners:
            self._listeners.pop().stop()
