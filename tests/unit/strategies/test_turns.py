"""
:mod:`trio2o.strategies.turns`.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from trio2o.strategies.turns import Turns


class TurnsTests(SynchronousTestCase):
    """
    One at a time for each key.
    """

    def setUp(self) -> None:
        self.turns = Turns()
        self.begun: list[int] = []

    def run_one(self, number: int, ends: Deferred[None] | None = None, key: str = "p1") -> Deferred[int]:
        """
        Begin a task that ends at once, or with ``ends``.
        """

        async def task() -> int:
            self.begun.append(number)
            if ends is not None:
                await ends
            return number

        return Deferred.fromCoroutine(self.turns.run(key, task))

    def test_in_turn(self) -> None:
        """
        Tasks of one key run one after the other in their order, those of another key meanwhile.
        """
        ends: list[Deferred[None]] = [Deferred() for _ in range(3)]
        results = [self.run_one(number, end) for number, end in enumerate(ends)]
        other = self.run_one(9, key="p2")
        self.assertEqual(([0, 9], 9), (self.begun, self.successResultOf(other)))
        for number, end in enumerate(ends):
            self.assertNoResult(results[number])
            end.callback(None)
            self.assertEqual(number, self.successResultOf(results[number]))
        self.assertEqual(([0, 9, 1, 2], 0), (self.begun, self.turns.keys))

    def test_very_many(self) -> None:
        """
        Ten thousand that wait behind one, and end at once when their turn comes, all run.
        """
        first: Deferred[None] = Deferred()
        results = [self.run_one(0, first), *(self.run_one(number) for number in range(1, 10_000))]
        first.callback(None)
        self.assertEqual(list(range(10_000)), [self.successResultOf(result) for result in results])
        self.assertEqual((list(range(10_000)), 0), (self.begun, self.turns.keys))

    def test_failure(self) -> None:
        """
        A task that fails ends its turn, too.
        """
        first: Deferred[None] = Deferred()
        failing, next_one = self.run_one(0, first), self.run_one(1)
        first.errback(ValueError())
        self.failureResultOf(failing, ValueError)
        self.assertEqual(1, self.successResultOf(next_one))

    def test_cancelled_while_waiting(self) -> None:
        """
        One that no longer waits is passed over.
        """
        first: Deferred[None] = Deferred()
        results = [self.run_one(0, first), self.run_one(1), self.run_one(2)]
        results[1].cancel()
        self.failureResultOf(results[1], CancelledError)
        first.callback(None)
        self.assertEqual((2, [0, 2]), (self.successResultOf(results[2]), self.begun))

    def test_cancelled_while_running(self) -> None:
        """
        One that is cancelled in its turn makes room for the next.
        """
        running, next_one = self.run_one(0, Deferred()), self.run_one(1)
        running.cancel()
        self.failureResultOf(running, CancelledError)
        self.assertEqual((1, 0), (self.successResultOf(next_one), self.turns.keys))

    def test_begun_within_a_turn(self) -> None:
        """
        What is begun while a turn is handed on waits for its own.
        """
        first: Deferred[None] = Deferred()
        late: list[Deferred[int]] = []

        async def task() -> int:
            late.append(self.run_one(2))
            self.assertEqual([0], self.begun)
            return 1

        self.run_one(0, first)
        second = Deferred.fromCoroutine(self.turns.run("p1", task))
        first.callback(None)
        self.assertEqual((1, 2), (self.successResultOf(second), self.successResultOf(late[0])))
        self.assertEqual(0, self.turns.keys)
