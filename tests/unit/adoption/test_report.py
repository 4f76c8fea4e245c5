"""
What a sweep tells.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.adoption.plan import Conflict
from trio2o.adoption.report import Tally, conflicts_told, progress, summary
from trio2o.model import Kind


def a_tally(pod: str = "Pod1", kind: Kind = Kind.SERVER, **more: object) -> Tally:
    """
    A tally.
    """
    return Tally(pod=pod, kind=kind, **more)  # type: ignore[arg-type]


class SummaryTests(SynchronousTestCase):
    """
    The table.
    """

    def test_table(self) -> None:
        """
        A row for each kind that a pod has, or that went wrong, and the sums.
        """
        tallies = [
            a_tally(seen=1200, adopted=7, known=1192, conflicts=1),
            a_tally(kind=Kind.VOLUME),
            a_tally("Pod2", Kind.BACKUP, problem="it answers 500"),
        ]
        self.assertEqual(
            "pod   kind    seen  adopted  known  conflicts\n"
            "Pod1  server  1200        7   1192          1\n"
            "Pod2  backup     0        0      0          0  it answers 500\n"
            "all           1200        7   1192          1",
            summary(tallies, dry_run=False),
        )
        self.assertIn("  would adopt  ", summary(tallies, dry_run=True))

    def test_conflicts(self) -> None:
        """
        The first conflicts are told one by one, by the names of pods, and how many more there are.
        """
        tally = a_tally()
        conflicts = [
            Conflict(kind=Kind.SERVER, resource_id=f"s{number}", routed_to="p2") for number in range(15)
        ]
        tally.count(15, 0, 0, conflicts)
        tally.count(15, 0, 0, conflicts)

        lines = conflicts_told([a_tally("Pod2"), tally], {"p2": "Pod2"})

        self.assertEqual((30, 21), (tally.conflicts, len(lines)))
        self.assertEqual("Pod1 has server s0, whose route leads to Pod2", lines[0])
        self.assertEqual("Pod1 has 10 more of the kind server routed elsewhere", lines[-1])

    def test_progress(self) -> None:
        """
        How far it is, that it is done, or what is wrong.
        """
        tally = a_tally(seen=5, adopted=2)
        self.assertEqual("Pod1 server: 5 seen, 2 new, …", progress(tally))
        tally.finished = True
        self.assertEqual("Pod1 server: 5 seen, 2 new, done", progress(tally))
        tally.problem = "it answers 500"
        self.assertEqual("Pod1 server: 5 seen, 2 new, it answers 500", progress(tally))
