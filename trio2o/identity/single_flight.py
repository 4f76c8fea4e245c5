"""
One piece of work for all who want it at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import GatewayError

Result = TypeVar("Result")


@define(eq=False)
class SingleFlight(Generic[Result]):
    """
    Shares running work by key. Nothing is kept once it is done.

    Who waits may give up without the others: the work itself goes on, also when nobody waits any more.
    """

    _log = Logger()
    _waiting: dict[Hashable, list[Deferred[Result]]] = field(init=False, factory=dict)
    _running: dict[Hashable, Deferred[None]] = field(init=False, factory=dict)

    def join(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, Result]]) -> Deferred[Result]:
        """
        The result of the work under this key; ``start`` begins it where none is under way.
        """
        seats = self._waiting.get(key)
        if seats is not None:
            return _seat(seats)
        self._waiting[key] = seats = []
        mine = _seat(seats)
        running = Deferred.fromCoroutine(start()).addBoth(self._land, key)
        if key in self._waiting:
            self._running[key] = running
        return mine

    def cancel(self) -> None:
        """
        Give up all that is under way; who waits gets ``CancelledError``.
        """
        for running in list(self._running.values()):
            running.cancel()

    def _land(self, result: Result | Failure, key: Hashable) -> None:
        self._running.pop(key, None)
        seats = self._waiting.pop(key)
        if isinstance(result, Failure):
            if not seats and not result.check(GatewayError, CancelledError):
                self._log.failure("work that nobody waits for any more failed", failure=result)
            while seats:
                seats.pop(0).errback(result)
        else:
            while seats:
                seats.pop(0).callback(result)


def _seat(seats: list[Deferred[Result]]) -> Deferred[Result]:
    waiting: Deferred[Result] = Deferred(seats.remove)
    seats.append(waiting)
    return waiting
