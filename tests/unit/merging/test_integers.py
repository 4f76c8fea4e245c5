"""
Numbers of pods made unique.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.merging.integers import number_item, own_integer, top_integer


class IntegerTests(SynchronousTestCase):
    """
    There and back.
    """

    @given(st.integers(1, 900_000), st.integers(1, 2**31 - 1))
    def test_round_trip(self, serial: int, number: int) -> None:
        """
        What users see leads back to the pod and its number, and every JSON reader holds it exactly.
        """
        seen = top_integer(serial, number)

        self.assertEqual((serial, number), own_integer(str(seen)))
        self.assertEqual(seen, int(float(seen)))

    def test_readable(self) -> None:
        """
        The pod's serial stands in front, its number behind.
        """
        self.assertEqual(30000000007, top_integer(3, 7))

    def test_no_number(self) -> None:
        """
        A pod's own number, a number without one, and text are nobody's.
        """
        for text in ("7", "0", "30000000000", "", "x", "-30000000007", "3" * 50, "３0000000007"):
            with self.subTest(text=text):
                self.assertIsNone(own_integer(text))

    def test_item(self) -> None:
        """
        Numbers become unique wherever they stand; text, truth and what is absent stay.
        """
        item = {"id": 7, "service": {"id": 8, "host": "h"}, "uuid": "u", "up": True, "none": None}

        number_item(item, ("id", "service.id", "uuid", "up", "none", "absent", "uuid.id", "absent.id"), 3)

        self.assertEqual(
            {
                "id": 30000000007,
                "service": {"id": 30000000008, "host": "h"},
                "uuid": "u",
                "up": True,
                "none": None,
            },
            item,
        )
