"""
How long failed jobs wait.
"""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.jobs.backoff import backoff


class Fixed(Random):
    """
    Always so much of the range.
    """

    share = 1.0

    def uniform(self, a: float, b: float) -> float:
        """
        See ``Random``.
        """
        return a + (b - a) * self.share


class BackoffTests(SynchronousTestCase):
    """
    Pauses.
    """

    def test_doubled(self) -> None:
        """
        A second at first, twice as long after each attempt, up to the longest.
        """
        pauses = [backoff(attempts, 300.0, Fixed()) for attempts in (1, 2, 3, 9, 10, 10_000)]
        self.assertEqual([1.0, 2.0, 4.0, 256.0, 300.0, 300.0], pauses)

    def test_spread(self) -> None:
        """
        Chance takes up to half of it off.
        """
        chance = Fixed()
        chance.share = 0.0
        self.assertEqual(2.0, backoff(3, 300.0, chance))

    @given(attempts=st.integers(1, 2**40), seed=st.integers(), longest=st.floats(1.0, 86_400.0))
    def test_bounds(self, attempts: int, seed: int, longest: float) -> None:
        """
        It is never longer than the longest, and never less than half a second.
        """
        self.assertTrue(0.5 <= backoff(attempts, longest, Random(seed)) <= longest)
