"""
The intents of keyed creates across the model's network.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define
from zope.interface import implementer

from tests.unit.model.wire import Wire
from trio2o.intents import Intent, KeptAnswer
from trio2o.interfaces import IIntentStore


@implementer(IIntentStore)
@define(eq=False)
class WiredIntents:
    """
    Another store of intents, across the wire.
    """

    _wire: Wire
    _store: IIntentStore

    async def begin_intent(self, intent: Intent, *, kept: float, look_after: float) -> Intent:
        begun: Intent = await self._wire.carried(
            "begin intent", lambda: self._store.begin_intent(intent, kept=kept, look_after=look_after)
        )
        return begun

    async def try_intent(self, intent_id: str, pod_id: str, *, look_after: float) -> bool:
        tried: bool = await self._wire.carried(
            "try intent", lambda: self._store.try_intent(intent_id, pod_id, look_after=look_after)
        )
        return tried

    async def make_intent(
        self,
        intent_id: str,
        answer: KeptAnswer,
        *,
        resource_id: str,
        look_after: float | None,
        found: bool = False,
    ) -> bool:
        made: bool = await self._wire.carried(
            "make intent",
            lambda: self._store.make_intent(
                intent_id, answer, resource_id=resource_id, look_after=look_after, found=found
            ),
        )
        return made

    async def free_intent(self, intent_id: str, pod_id: str | None = None) -> bool:
        freed: bool = await self._wire.carried(
            "free intent", lambda: self._store.free_intent(intent_id, pod_id)
        )
        return freed

    async def look_at_intent(self, intent_id: str, after: float | None) -> None:
        await self._wire.carried("look at intent", lambda: self._store.look_at_intent(intent_id, after))

    async def due_intents(self, limit: int) -> Sequence[Intent]:
        due: Sequence[Intent] = await self._wire.carried(
            "due intents", lambda: self._store.due_intents(limit)
        )
        return due

    async def prune_intents(self, limit: int) -> int:
        pruned: int = await self._wire.carried("prune intents", lambda: self._store.prune_intents(limit))
        return pruned
