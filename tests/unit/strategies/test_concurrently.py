"""
Waiting for several things at once, and for what a leaving client must not stop.
"""

from __future__ import annotations

import gc
from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import NotFound, PodBroken, PodFailure
from trio2o.strategies.concurrently import Shield, gathered


async def waiting(result: Deferred[Any]) -> Any:
    """
    A task that ends when the test says so.
    """
    return await result


class GatheredTests(SynchronousTestCase):
    """
    `gathered`.
    """

    def setUp(self) -> None:
        self.parts: list[Deferred[Any]] = [Deferred() for _ in range(3)]
        self.results = Deferred.fromCoroutine(gathered([waiting(part) for part in self.parts], (PodFailure,)))

    def test_order(self) -> None:
        """
        Results and expected failures stand where their tasks stood, however they end.
        """
        failure = PodBroken("Pod1", "x", sent=True)
        self.parts[2].callback("c")
        self.parts[0].errback(failure)
        self.assertNoResult(self.results)
        self.parts[1].callback(None)

        self.assertEqual([failure, None, "c"], self.successResultOf(self.results))

    def test_unexpected(self) -> None:
        """
        An unexpected failure is raised after all have ended.
        """
        self.parts[0].errback(ZeroDivisionError())
        self.parts[1].callback(1)
        self.assertNoResult(self.results)
        self.parts[2].errback(PodBroken("Pod1", "x", sent=True))

        self.failureResultOf(self.results, ZeroDivisionError)

    def test_unwanted(self) -> None:
        """
        Results that are lost, since another task is cancelled or fails, are given up one by one; others are not.
        """
        for expected, lost in (((), ["b"]), ((CancelledError,), [])):
            unwanted: list[str] = []
            parts: list[Deferred[Any]] = [Deferred() for _ in range(2)]
            results = Deferred.fromCoroutine(
                gathered([waiting(part) for part in parts], expected, unwanted=unwanted.append)
            )
            results.addErrback(lambda failure: failure.trap(CancelledError))
            parts[1].callback("b")
            results.cancel()
            with self.subTest(expected=expected):
                self.successResultOf(results)
                self.assertEqual(lost, unwanted)

    def test_cancelled(self) -> None:
        """
        Cancelling cancels every task, and nothing is logged.
        """
        self.results.cancel()

        self.failureResultOf(self.results, CancelledError)
        self.assertEqual([True] * 3, [part.called for part in self.parts])
        gc.collect()
        self.assertEqual([], self.flushLoggedErrors())

    def test_nothing(self) -> None:
        """
        Nothing is done at once.
        """
        self.assertEqual([], self.successResultOf(Deferred.fromCoroutine(gathered([], ()))))


class ShieldTests(SynchronousTestCase):
    """
    `Shield`.
    """

    def setUp(self) -> None:
        self.told: list[str] = []
        self.shield = Shield(began=lambda: self.told.append("began"), ended=lambda: self.told.append("ended"))
        self.part: Deferred[Any] = Deferred()

    def run_it(self, task: Coroutine[Any, Any, Any] | None = None) -> Deferred[Any]:
        """
        Run under the shield.
        """
        return self.shield.run(task or waiting(self.part))

    def test_result(self) -> None:
        """
        The result is the task's, and the daemon is told when it begins and ends.
        """
        outer = self.run_it()
        self.assertEqual(["began"], self.told)
        self.part.callback(7)

        self.assertEqual(7, self.successResultOf(outer))
        self.assertEqual(["began", "ended"], self.told)

    def test_failure(self) -> None:
        """
        So is its failure.
        """
        outer = self.run_it()
        self.part.errback(NotFound("x"))

        self.failureResultOf(outer, NotFound)
        self.assertEqual(["began", "ended"], self.told)

    def test_cancelled(self) -> None:
        """
        Whoever waits is let go at once; the task runs on, and is counted until it ends.
        """
        outer = self.run_it()
        outer.cancel()

        self.failureResultOf(outer, CancelledError)
        self.assertFalse(self.part.called)
        self.assertEqual(["began"], self.told)
        self.part.callback(7)
        self.assertEqual(["began", "ended"], self.told)

    def test_expected_failure_after_all(self) -> None:
        """
        A refusal that nobody waits for any more is no bug, and not logged.
        """
        for error in (NotFound("x"), PodBroken("Pod1", "x", sent=True)):
            self.part = Deferred()
            outer = self.run_it()
            outer.cancel()
            self.failureResultOf(outer, CancelledError)
            self.part.errback(error)
        gc.collect()

        self.assertEqual([], self.flushLoggedErrors())

    def test_bug_after_all(self) -> None:
        """
        A bug is logged, though nobody waits.
        """
        outer = self.run_it()
        outer.cancel()
        self.failureResultOf(outer, CancelledError)
        self.part.errback(ZeroDivisionError())
        del self.part
        gc.collect()

        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))
