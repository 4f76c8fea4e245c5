"""
Whose limit holds.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.quota.limits import fits, larger, largest, resolved, smallest

LIMITS = st.integers(min_value=-1, max_value=50)
LEVELS = st.lists(st.dictionaries(st.sampled_from("abc"), LIMITS), max_size=5)


class ResolvedTests(SynchronousTestCase):
    """
    One limit for each name.
    """

    @given(LEVELS)
    def test_first_that_has_one(self, levels: list[dict[str, int]]) -> None:
        """
        What no level above has is what the level has; what none has is unlimited; and only what is asked for is told.
        """
        found = resolved(["a", "b"], levels)

        self.assertEqual({"a", "b"}, set(found))
        for name, limit in found.items():
            having = [level[name] for level in levels if name in level]
            self.assertEqual(having[0] if having else -1, limit)

    @given(LEVELS, st.dictionaries(st.sampled_from("abc"), LIMITS))
    def test_level_above(self, levels: list[dict[str, int]], above: dict[str, int]) -> None:
        """
        A level decides for what it names and changes nothing else.
        """
        before, after = resolved("abc", levels), resolved("abc", [above, *levels])

        self.assertEqual({**before, **above}, after)

    def test_zero_is_a_limit(self) -> None:
        """
        None at all is no missing limit.
        """
        self.assertEqual({"a": 0}, resolved("a", [{"a": 0}, {"a": 5}]))


class LargestTests(SynchronousTestCase):
    """
    The largest of several limits.
    """

    @given(st.lists(LIMITS, min_size=1), st.integers(min_value=0, max_value=60))
    def test_holds_what_any_holds(self, limits: list[int], amount: int) -> None:
        """
        It holds an amount exactly where one of them does.
        """
        together = largest([{"a": limit} for limit in limits])["a"]

        self.assertEqual(any(fits(limit, amount) for limit in limits), fits(together, amount))
        self.assertIn(together, limits)

    @given(st.lists(LIMITS, min_size=1), st.integers(min_value=0, max_value=60))
    def test_holds_what_all_hold(self, limits: list[int], amount: int) -> None:
        """
        The smallest holds an amount exactly where all of them do.
        """
        together = smallest([{"a": limit} for limit in limits])["a"]

        self.assertEqual(all(fits(limit, amount) for limit in limits), fits(together, amount))
        self.assertIn(together, limits)

    @given(LIMITS, LIMITS)
    def test_order(self, one: int, other: int) -> None:
        """
        Which comes first makes no difference.
        """
        self.assertEqual(larger(one, other), larger(other, one))

    def test_names_of_some(self) -> None:
        """
        A name that only some have is theirs.
        """
        self.assertEqual({"a": 3, "b": -1}, largest([{"a": 3}, {"a": 2, "b": 7}, {"b": -1}]))
