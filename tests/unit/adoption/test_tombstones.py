"""
Old tombstones.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import evolve

from tests.unit.adoption.case import AdoptionCase, a_route
from tests.unit.strategies.case import NOW
from trio2o.adoption.tombstones import TombstonePruner


class PrunerTests(AdoptionCase):
    """
    The pruner.
    """

    def setUp(self) -> None:
        super().setUp()
        self.pruned: list[tuple[str, int]] = []
        self.pruner = TombstonePruner(
            routes=self.routes,
            state=self.state,
            clock=self.clock,
            days=90.0,
            pruned=lambda pod, count: self.pruned.append((pod, count)),
        )
        self.addCleanup(self.pruner.stopService)

    def dead(self, numbers: range, days: float, pod: str = "Pod1-id") -> None:
        """
        Record tombstones of this age.
        """
        at = datetime.fromtimestamp(NOW, UTC) - timedelta(days=days)
        self.record(*(evolve(a_route(number, pod=pod), deleted_at=at) for number in numbers))

    def test_old(self) -> None:
        """
        Tombstones beyond the age go, of every pod; younger ones and live routes stay.
        """
        self.dead(range(1, 4), 91)
        self.dead(range(4, 6), 89)
        self.dead(range(6, 7), 91, pod="Pod2-id")
        self.record(a_route(9))

        self.pruner.startService()
        self.clock.pump([1.0] * 3)

        self.assertEqual([("Pod1", 3), ("Pod2", 1)], self.pruned)
        self.assertEqual(3, len(self.database.routes))

    def test_in_small_steps(self) -> None:
        """
        Many go a few hundred at a time, a second apart, and what grows old later goes in a later round.
        """
        self.dead(range(1, 1202), 91)
        self.dead(range(2000, 2001), 89.999)
        self.pruner.startService()
        self.assertEqual([("Pod1", 500)], self.pruned)
        self.clock.pump([1.0] * 5)
        self.assertEqual([500, 500, 201], [count for _, count in self.pruned])
        self.clock.advance(3600.0)
        self.assertEqual(0, len(self.database.routes))

    def test_database_away(self) -> None:
        """
        Without the database they wait; a pruner that is stopped leaves no call behind.
        """
        self.dead(range(1, 4), 91)
        self.database.available = False
        self.pruner.startService()
        self.clock.advance(5.0)
        self.database.available = True
        self.clock.advance(5.0)
        self.assertEqual([("Pod1", 3)], self.pruned)
        self.pruner.stopService()
        self.assertEqual([], self.clock.getDelayedCalls())
