"""
The settings of Python's garbage collector.
"""

from __future__ import annotations

import gc

from attrs import define, field
from twisted.trial.unittest import SynchronousTestCase

from trio2o.service.collecting import YOUNG, settle


@define
class Told:
    """
    A collector that notes what it is told.
    """

    calls: list[str] = field(factory=list)
    thresholds: tuple[int, ...] = ()

    def collect(self) -> int:
        self.calls.append("collect")
        return 0

    def freeze(self) -> None:
        self.calls.append("freeze")

    def set_threshold(self, *thresholds: int) -> None:
        self.thresholds = thresholds


class SettleTests(SynchronousTestCase):
    """
    What a daemon sets once it serves.
    """

    def test_start_is_left_alone(self) -> None:
        """
        Garbage of the start is freed before the rest is put aside for good.
        """
        told = Told()
        settle(told)
        self.assertEqual(["collect", "freeze"], told.calls)

    def test_seldom(self) -> None:
        """
        A look comes after far more objects than by Python's own setting, and still comes.
        """
        told = Told()
        settle(told)
        self.assertEqual(YOUNG, told.thresholds[0])
        self.assertGreater(YOUNG, 10 * 700)
        self.assertNotIn(0, told.thresholds)

    def test_the_real_one_takes_it(self) -> None:
        """
        Python's collector understands the settings.
        """
        before = gc.get_threshold()
        try:
            settle(gc)
            self.assertEqual(YOUNG, gc.get_threshold()[0])
        finally:
            gc.set_threshold(*before)
            gc.unfreeze()
