"""
Figures of a year, and how they are shown.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from simulation.figures import Balance, Figures, Fills, Moves, moves, moves_by_day, quantile, running
from simulation.ledger import Ledger
from simulation.report import explained, reasons, table
from trio2o.model import Binding
from trio2o.storage.memory import MemoryDatabase

BEGIN = datetime(1970, 1, 1, tzinfo=UTC)

FIGURES = Figures(
    name="emptiest",
    about="",
    shipped=True,
    wishes=1000,
    refused=3,
    failed=2,
    avoidable=4,
    pinned=1,
    fell_back=10,
    scattered=0.125,
    balance=Balance(variation_mean=0.5),
    moves=Moves(mean=0.25, reasons={"capacity": 0.75, "state": 0.25}),
    variation_by_day=[None, 0.5],
    moves_by_day=[0, 1],
    avoidable_by_day=[1, 4],
)


def chain(*steps: tuple[str, float], project: str = "p") -> list[Binding]:
    """
    A project's bindings, each to a pod from a day on, until the next begins.
    """
    found = []
    ends = [day for _, day in steps[1:]]
    for number, (pod, day) in enumerate(steps):
        ended = BEGIN + timedelta(days=ends[number]) if number < len(ends) else None
        found.append(
            Binding(
                id=f"{project}{number}",
                tenant_id=project,
                pod_id=pod,
                az_name="az1",
                is_binding=ended is None,
                created_at=BEGIN + timedelta(days=day),
                ended_at=ended,
                reason="created"
                if ended is None
                else f"moved: capacity dropped {pod} (has not enough room left)",
            )
        )
    return found


class MovesTests(SynchronousTestCase):
    """
    From the history of bindings.
    """

    def test_count(self) -> None:
        """
        A first binding is no move; projects that never had one count too.
        """
        history = [*chain(("a", 0), ("b", 1), ("c", 2)), *chain(("a", 0), project="q")]
        found = moves(history, 4)
        self.assertEqual((0.5, 2, 0.25, 0.0), (found.mean, found.most, found.share, found.flaps))
        self.assertEqual({"capacity": 1.0}, found.reasons)

    def test_zones(self) -> None:
        """
        A binding in another zone is not a move of the one in this.
        """
        there = [evolve(each, id=f"there{each.id}", az_name="az2") for each in chain(("a", 0))]
        self.assertEqual(0, moves([*chain(("b", 0)), *there], 1).most)

    def test_flaps(self) -> None:
        """
        Back within a week is flapping, later is not.
        """
        self.assertEqual(1000.0, moves(chain(("a", 0), ("b", 1), ("a", 7.5)), 1).flaps)
        self.assertEqual(0.0, moves(chain(("a", 0), ("b", 1), ("a", 8.5)), 1).flaps)
        self.assertEqual(1000.0, moves(chain(("a", 0), ("b", 1), ("c", 2), ("a", 3)), 1).flaps)

    def test_by_day(self) -> None:
        """
        Those so far, at the end of each day.
        """
        self.assertEqual([0, 1, 2, 2], moves_by_day(chain(("a", 0), ("b", 1), ("a", 2.5)), 4))

    def test_none(self) -> None:
        """
        A year without projects moves nothing.
        """
        self.assertEqual(Moves(), moves([], 1))


class FillsTests(SynchronousTestCase):
    """
    How evenly pods are filled.
    """

    def test_even(self) -> None:
        """
        Equal pods vary by 0, and the fullest is the mean.
        """
        fills = Fills()
        fills.day([[0.5, 0.5, 0.5]])
        self.assertEqual(
            Balance(variation_mean=0.0, variation_p95=0.0, fullest_mean=1.0, fullest_p95=1.0), fills.balance()
        )

    def test_uneven(self) -> None:
        """
        One full and one empty pod vary by their mean.
        """
        fills = Fills()
        fills.day([[0.8, 0.0], [0.4, 0.4]])
        self.assertEqual([0.5], fills.by_day)
        self.assertEqual(
            (0.5, 1.5, 2.0),
            (fills.balance().variation_mean, fills.balance().fullest_mean, fills.balance().fullest_p95),
        )

    def test_nothing_to_tell(self) -> None:
        """
        Single pods and nearly empty places do not count.
        """
        fills = Fills()
        fills.day([[0.9], [0.01, 0.0]])
        self.assertEqual(([None], Balance()), (fills.by_day, fills.balance()))

    @given(st.lists(st.floats(0, 1), min_size=1), st.floats(0.01, 1))
    def test_quantile(self, numbers: list[float], share: float) -> None:
        """
        So many of the numbers are not above it, and it is one of them.
        """
        found = quantile(numbers, share)
        self.assertIn(found, numbers)
        self.assertGreaterEqual(sum(number <= found for number in numbers), math.floor(share * len(numbers)))

    def test_running(self) -> None:
        """
        Sums from the beginning.
        """
        self.assertEqual([1, 1, 4], running([1, 0, 3]))


class ReportTests(SynchronousTestCase):
    """
    The table.
    """

    def test_table(self) -> None:
        """
        A line for each setting under the headings, as shares of all creates; a star for what is shipped.
        """
        other = evolve(FIGURES, name="cost", shipped=False, wishes=0)
        heading, first, second = table([FIGURES, other]).split("\n")
        self.assertEqual(("emptiest*", "cost"), (first.split()[0], second.split()[0]))
        self.assertEqual(
            "0.500%",
            dict(
                zip(
                    heading.replace("CV p95", "CVp95")
                    .replace("fell back", "fell")
                    .replace("at once", "at")
                    .replace("as ERROR", "as")
                    .split(),
                    first.split(),
                    strict=True,
                )
            )["rejected"],
        )
        self.assertEqual({len(heading)}, {len(first), len(second)})
        self.assertIn("avoidable", explained())

    def test_reasons(self) -> None:
        """
        Why bindings moved, the most frequent first.
        """
        self.assertEqual("emptiest*  capacity 75%, state 25%", reasons([FIGURES]))
        self.assertEqual("emptiest*  none", reasons([evolve(FIGURES, moves=Moves())]))


class LedgerTests(SynchronousTestCase):
    """
    The quick database beside the one that it is made of.
    """

    def test_alike(self) -> None:
        """
        Both find the same active bindings, before and after one ends.
        """
        ledger, plain = Ledger(Clock()), MemoryDatabase(Clock())
        for database in (ledger, plain):
            for binding in [*chain(("a", 0), ("b", 1)), *chain(("a", 0), project="q")]:
                database.put_binding(binding)
        self.assertEqual({"a": 1, "b": 1}, +ledger.bound)
        self.assertEqual(plain.active("p", "az1", ""), ledger.active("p", "az1", ""))
        (found,) = ledger.active_of("p")
        for database in (ledger, plain):
            database.end_binding(found, "admin")
        self.assertEqual(plain.active_of("p"), ledger.active_of("p"))
        self.assertEqual(plain.bindings, ledger.bindings)
        self.assertEqual({"a": 1}, +ledger.bound)
