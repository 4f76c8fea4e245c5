"""
Numbers over all pods.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.merging.counts import added, total_count


class CountTests(SynchronousTestCase):
    """
    Sums over pods.
    """

    def test_count(self) -> None:
        """
        Counts are added; without any there is none.
        """
        self.assertEqual(
            total_count([{"volumes": [], "count": 2}, {"volumes": [], "count": 0}, {"volumes": []}]), 2
        )
        self.assertIsNone(total_count([{"volumes": []}]))

    def test_added(self) -> None:
        """
        Numbers are added, lists united, objects added by key; of anything else the first counts, and nothing is nothing.
        """
        for parts, total in (
            ([1, 2.5, 3], 6.5),
            ([None, 2], 2),
            ([None, None], None),
            ([], None),
            ([True, True], True),
            ([1, True, "x", 1 << 60], 1),
            (["a", "b"], "a"),
            ([[1, 2], [2, 3], None], [1, 2, 3]),
            ([{"a": 1}, {"a": 2, "b": 3}, "x"], {"a": 3, "b": 3}),
            ([{"a": {"b": 1}}, {"a": {"b": 1}}], {"a": {"b": 2}}),
        ):
            with self.subTest(parts=parts):
                self.assertEqual(total, added(parts))

    def test_volume_summary(self) -> None:
        """
        Cinder's summary: counts and sizes are added, and each key's distinct values united.
        """
        self.assertEqual(
            added(
                [
                    {"total_count": 5, "total_size": 7, "metadata": {"k": ["a", "b"]}},
                    {"total_count": 1, "total_size": 1, "metadata": {"k": ["b", "c"], "l": ["x"]}},
                    {"total_count": None},
                ]
            ),
            {"total_count": 6, "total_size": 8, "metadata": {"k": ["a", "b", "c"], "l": ["x"]}},
        )
