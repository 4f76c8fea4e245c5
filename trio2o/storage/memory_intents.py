"""
The intents in memory; see :mod:`trio2o.storage.memory`.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve, field
from zope.interface import implementer

from trio2o.intents import Intent, KeptAnswer
from trio2o.interfaces import IIntentStore
from trio2o.storage.memory_database import MemoryDatabase


@define
class _Row:
    intent: Intent
    created_at: float
    expires_at: float
    look_at: float | None
    tried_at: float = 0.0


@implementer(IIntentStore)
@define(eq=False)
class MemoryIntents:
    """
    The intents in a dictionary.
    """

    _database: MemoryDatabase
    _rows: dict[str, _Row] = field(factory=dict, init=False)

    async def begin_intent(self, intent: Intent, *, kept: float, look_after: float) -> Intent:
        now = self._now()
        for row in list(self._rows.values()):
            if row.intent.scope == intent.scope:
                if row.expires_at > now:
                    return self._seen(row)
                del self._rows[row.intent.id]
        self._rows[intent.id] = _Row(intent, now, now + kept, now + look_after)
        return intent

    async def try_intent(self, intent_id: str, pod_id: str, *, look_after: float) -> bool:
        now = self._now()
        row = self._rows.get(intent_id)
        if row is None or row.intent.answer is not None or row.expires_at <= now:
            return False
        row.intent = evolve(row.intent, pod_id=pod_id)
        row.tried_at, row.look_at = now, now + look_after
        return True

    async def make_intent(
        self,
        intent_id: str,
        answer: KeptAnswer,
        *,
        resource_id: str,
        look_after: float | None,
        found: bool = False,
    ) -> bool:
        now = self._now()
        row = self._rows.get(intent_id)
        if row is None or (found and row.intent.answer is not None):
            return False
        row.intent = evolve(row.intent, answer=answer, resource_id=resource_id)
        row.look_at = None if look_after is None else now + look_after
        return True

    async def free_intent(self, intent_id: str, pod_id: str | None = None) -> bool:
        self._now()
        row = self._rows.get(intent_id)
        if row is None:
            return False
        if pod_id is not None and (row.intent.answer is not None or row.intent.pod_id != pod_id):
            return False
        del self._rows[intent_id]
        return True

    async def look_at_intent(self, intent_id: str, after: float | None) -> None:
        now = self._now()
        if intent_id in self._rows:
            self._rows[intent_id].look_at = None if after is None else now + after

    async def due_intents(self, limit: int) -> Sequence[Intent]:
        now = self._now()
        due = [
            (row.look_at, row)
            for row in self._rows.values()
            if row.look_at is not None and row.look_at <= now < row.expires_at
        ]
        return [self._seen(row) for _, row in sorted(due, key=lambda each: each[0])[:limit]]

    async def prune_intents(self, limit: int) -> int:
        now = self._now()
        over = [intent_id for intent_id, row in self._rows.items() if row.expires_at <= now][:limit]
        for intent_id in over:
            del self._rows[intent_id]
        return len(over)

    def _now(self) -> float:
        self._database.check()
        return self._database.now().timestamp()

    def _seen(self, row: _Row) -> Intent:
        now = self._now()
        tried_for = now - row.tried_at if row.intent.pod_id else 0.0
        return evolve(row.intent, tried_for=tried_for, age=now - row.created_at)
