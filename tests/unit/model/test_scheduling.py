"""
The model of placement and binding, run.

That it can fail was tried by breaking the product in one place at a time, for 150 lives each, or 60 where a star stands. Seen:

==============================================================  =========================
a create that fell back moves the binding                       I10
a binding moves before its create has succeeded                 I10, I12
two active bindings in one place *                              I14 (memory has one)
draining pods are taken *                                       I11, the oracle
a create goes on after a 409 or a 503                           I13, I12
a create goes on after an ambiguous end *                       I13
nothing is claimed before it is sent *                          I12
news of the others are not heard                                I12
memory is trusted whatever happened                              I14
a lost connection is not noticed                                I14
windows of states are not looked at                             I14
rows of candidates are not made anew                            I12, the oracle
the binding's weigher says nothing                              the oracle
intents are forgotten                                           two resources for one key
==============================================================  =========================

Not seen in as many lives: ``first`` of a bind left out, creates that bind though they are pinned, failures not remembered, and a
binding moved that was made while the create was under way. Each has tests of its own in ``unit/strategies``.
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
