"""
What is kept of creates that are made at most once.
"""

from __future__ import annotations

from collections.abc import Sequence

from zope.interface import Interface

from trio2o.intents import Intent, KeptAnswer

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class IIntentStore(Interface):
    """
    Creates that came with a key, each for as long as its key is kept (:mod:`trio2o.intents`).
    """

    async def begin_intent(intent: Intent, *, kept: float, look_after: float) -> Intent:
        """
        Store a new intent, unless its scope has one that is still kept, and give the one that the scope has now: who gets
        its own id back was first. In one statement, so that of many processes one is.

        :param kept: for how many seconds.
        :param look_after: in how many seconds :meth:`due_intents` is to give it.
        """

    async def try_intent(intent_id: str, pod_id: str, *, look_after: float) -> bool:
        """
        Note that a pod is about to get the create. False where there is no such intent any more, or what it made is known:
        then nothing may be sent.
        """

    async def make_intent(
        intent_id: str,
        answer: KeptAnswer,
        *,
        resource_id: str,
        look_after: float | None,
        found: bool = False,
    ) -> bool:
        """
        Keep the answer. False where there is no such intent, or, with ``found``, where it has one: what the pod said itself
        takes the place of what was found afterwards, and not the other way round.

        :param look_after: as for :meth:`look_at_intent`.
        """

    async def free_intent(intent_id: str, pod_id: str | None = None) -> bool:
        """
        Forget an intent by which nothing was made, so that its key can be used again. True if it is gone by this call.

        :param pod_id: what was asked: only where that is still the pod that was tried last, and no answer is known. ``None`` for
            the one who sends, who was refused: whatever seemed to be made meanwhile.
        """

    async def look_at_intent(intent_id: str, after: float | None) -> None:
        """
        Have :meth:`due_intents` give it again in so many seconds; ``None`` for never.
        """

    async def due_intents(limit: int) -> Sequence[Intent]:
        """
        The intents that are to be looked at now, those first that are due for the longest time; never one whose time is over.
        """

    async def prune_intents(limit: int) -> int:
        """
        Forget intents whose time is over, at most so many; how many.
        """
