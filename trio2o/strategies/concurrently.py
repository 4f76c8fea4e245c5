"""
Waiting for several things at once, and for what a leaving client must not stop.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from attrs import define
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.error import ConnectionClosed
from twisted.python.failure import Failure

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Answer

T = TypeVar("T")


async def gathered(
    tasks: Sequence[Coroutine[Deferred[Any], Any, T]],
    expected: tuple[type[Exception], ...],
    *,
    unwanted: Callable[[T], None] = lambda result: None,
) -> list[T | Exception]:
    """
    Run all side by side; each result or expected exception stands where its task stood (I8).

    Cancelling cancels all. An unexpected exception of one is raised, after all have ended.

    :param unwanted: given each result that is lost because an exception is raised instead.
    """
    started: list[Deferred[T]] = [Deferred.fromCoroutine(task) for task in tasks]
    outcomes: list[tuple[bool, Any]] = await DeferredList(started, consumeErrors=True)
    results: list[T | Exception] = []
    for done, outcome in outcomes:
        if done:
            results.append(outcome)
            continue
        if not isinstance(outcome.value, expected):
            for succeeded, result in outcomes:
                if succeeded:
                    unwanted(result)
            outcome.raiseException()
        results.append(outcome.value)
    return results


@define(kw_only=True)
class Shield:
    """
    Runs what a leaving client must not stop: what was begun at a pod must be recorded whoever still listens.
    """

    #: Told when a task begins and when it has ended, so that a stopping daemon waits for those that nobody waits for.
    _began: Callable[[], None]
    _ended: Callable[[], None]

    def run(self, task: Coroutine[Deferred[Any], Any, T]) -> Deferred[T]:
        """
        Run a task to its end even when the one who waits is cancelled; an answer's body that nobody takes is dropped.
        """
        self._began()
        inner = Deferred.fromCoroutine(task)
        outer: Deferred[T] = Deferred()

        def finish(result: T | Failure) -> T | Failure | None:
            self._ended()
            if outer.called:
                if isinstance(result, Answer) and not isinstance(result.body, bytes):
                    result.body.discard()
                # ConnectionClosed is the client's own connection, which broke off within its body
                expected = isinstance(result, Failure) and result.check(
                    CancelledError, GatewayError, PodFailure, ConnectionClosed
                )
                return None if expected else result
            if isinstance(result, Failure):
                outer.errback(result)
            else:
                outer.callback(result)
            return None

        inner.addBoth(finish)
        return outer
