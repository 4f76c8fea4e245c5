"""
How many are let in, and in which order.
"""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from trio2o.pods.gate import Gate, GateFull


def entered(gate: Gate) -> Deferred[None]:
    """
    Enter a gate that is known to be full.
    """
    waiting = gate.enter()
    assert waiting is not None
    return waiting


class GateTests(SynchronousTestCase):
    """
    One gate.
    """

    def test_limit(self) -> None:
        """
        As many as allowed are in at once, the next one waits until one leaves.
        """
        gate = Gate(limit=2, queue=5)

        self.assertIsNone(gate.enter())
        self.assertIsNone(gate.enter())
        third = entered(gate)
        self.assertNoResult(third)
        gate.leave()

        self.successResultOf(third)
        self.assertEqual(gate.inside, 2)

    def test_order(self) -> None:
        """
        First come, first served; a newcomer does not overtake.
        """
        gate = Gate(limit=1, queue=5)
        gate.enter()
        waiting = [entered(gate) for _ in range(3)]

        gate.leave()
        late = entered(gate)

        self.assertEqual([one.called for one in [*waiting, late]], [True, False, False, False])

    def test_full(self) -> None:
        """
        When as many wait as may, the next is refused.
        """
        gate = Gate(limit=1, queue=1)
        gate.enter()
        gate.enter()

        self.assertRaises(GateFull, gate.enter)

    def test_cancelled(self) -> None:
        """
        Who gives up waiting takes nobody's place.
        """
        gate = Gate(limit=1, queue=5)
        gate.enter()
        first, second = entered(gate), entered(gate)

        first.cancel()
        self.failureResultOf(first, CancelledError)
        gate.leave()

        self.successResultOf(second)
        self.assertEqual(gate.inside, 1)

    def test_widened(self) -> None:
        """
        A larger limit lets in who waits; a smaller one throws nobody out.
        """
        gate = Gate(limit=1, queue=5)
        gate.enter()
        waiting = entered(gate)

        gate.widen(2)
        self.successResultOf(waiting)
        gate.widen(1)
        third = entered(gate)
        gate.leave()

        self.assertNoResult(third)
        gate.leave()
        self.successResultOf(third)

    def test_long_queue(self) -> None:
        """
        A queue whose members all leave at once is no deep recursion.
        """
        gate = Gate(limit=1, queue=10_000)
        gate.enter()
        served: list[int] = []
        for number in range(5_000):
            entered(gate).addCallback(lambda _, number=number: (served.append(number), gate.leave()))

        gate.leave()

        self.assertEqual(served, list(range(5_000)))
        self.assertEqual(gate.inside, 0)
