"""
How many calls may be under way at one pod at once.
"""

from __future__ import annotations

from collections import deque

from attrs import define, field
from twisted.internet.defer import Deferred


class GateFull(Exception):
    """
    As many calls wait as may.
    """


@define(kw_only=True)
class Gate:
    """
    Lets a limited number in, and a limited number wait, first come, first served.
    """

    #: How many may be inside.
    limit: int
    #: How many may wait.
    queue: int
    inside: int = field(default=0, init=False)
    _waiting: deque[Deferred[None]] = field(factory=deque, init=False)
    _draining: bool = field(default=False, init=False)

    def enter(self) -> Deferred[None] | None:
        """
        ``None`` for "you are in", else what fires when you are; cancelling it gives up the place in the queue.

        :raises GateFull: if the queue is full.
        """
        if self.inside < self.limit and not self._waiting:
            self.inside += 1
            return None
        if len(self._waiting) >= self.queue:
            raise GateFull
        waiting: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def leave(self) -> None:
        """
        Make room for the next.
        """
        self.inside -= 1
        self._drain()

    def widen(self, limit: int) -> None:
        """
        Change how many may be inside; nobody who is in is thrown out.
        """
        self.limit = limit
        self._drain()

    def _drain(self) -> None:
        # Whoever is let in may leave at once: a loop, so that a long queue is no deep recursion.
        if self._draining:
            return
        self._draining = True
        try:
            while self._waiting and self.inside < self.limit:
                self.inside += 1
                self._waiting.popleft().callback(None)
        finally:
            self._draining = False
