"""
The model of placement and binding, run.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.model.machine import SchedulingMachine

#: Lives of the machine in a test run; ``HYPOTHESIS_PROFILE=search`` tries as many as that profile says, others each time.
_LIVES = 120


class SchedulingModelTests(SynchronousTestCase):
    """
    Several processes over one database, pods that fail in all ways, and whatever they wait for happening in any order.
    """

    def test_invariants(self) -> None:
        """
        I10 to I13 hold in every state.
        """
        known = settings.default
        lives = _LIVES if known.derandomize else known.max_examples
        run_state_machine_as_test(
            SchedulingMachine, settings=settings(max_examples=lives, stateful_step_count=50)
        )
