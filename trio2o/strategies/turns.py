"""
One at a time for each key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred

T = TypeVar("T")


@define(eq=False)
class _Queue:
    taken: bool = True
    handing_on: bool = False
    waiting: deque[Deferred[None]] = field(factory=deque)


@define(eq=False)
class Turns:
    """
    Runs what has the same key one after the other, first come, first served.

    Not Twisted's lock: there each turn that ends without having waited for anything begins the next one within itself, and a
    hundred of them are more than Python's stack has room for.
    """

    _queues: dict[str, _Queue] = field(factory=dict, init=False)

    @property
    def keys(self) -> int:
        """
        For how many keys there is a turn under way.
        """
        return len(self._queues)

    async def run(self, key: str, task: Callable[[], Awaitable[T]]) -> T:
        """
        The result of a task that begins when those before it have ended. Who is cancelled while it waits gives its place up.
        """
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Queue()
        else:
            turn: Deferred[None] = Deferred(queue.waiting.remove)
            queue.waiting.append(turn)
            await turn
        try:
            return await task()
        finally:
            queue.taken = False
            self._hand_on(key, queue)

    def _hand_on(self, key: str, queue: _Queue) -> None:
        if queue.handing_on:
            # a turn that ended at once: the loop below goes on
            return
        queue.handing_on = True
        try:
            while queue.waiting and not queue.taken:
                queue.taken = True
                queue.waiting.popleft().callback(None)
        finally:
            queue.handing_on = False
        if not queue.taken:
            del self._queues[key]
