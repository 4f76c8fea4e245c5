"""
Jobs in a terminal.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from trio2o.administration.job_tables import card, table
from trio2o.model import Job, JobState

AT = datetime(2026, 11, 22, 14, 13, 20, 250000, tzinfo=UTC)
JOB = Job(
    id="i1", kind="paint", key="k", pod_id="p1", created_at=AT, due_at=AT, attempts=2, payload={"a": "é"}
)


class TableTests(SynchronousTestCase):
    """
    The table.
    """

    def test_lines(self) -> None:
        """
        A line for each job, with the pod's name where it has one, and when it is due while it is not finished.
        """
        dead = evolve(JOB, id="i2", state=JobState.DEAD, pod_id="gone", due_at=None, error="x" * 70)
        running = evolve(JOB, id="i3", state=JobState.RUNNING, pod_id="")
        lines = table(
            [JOB, dead, evolve(running, cancelling=True), evolve(running, again=True)], {"p1": "Pod1"}
        )
        self.assertEqual(
            [
                "id  kind   key  pod   state                     attempts  due (UTC)            error",
                "i1  paint  k    Pod1  waiting                   2         2026-11-22 14:13:20",
                f"i2  paint  k    gone  dead                      2                              {'x' * 59}…",
                "i3  paint  k          running, to be cancelled  2         2026-11-22 14:13:20",
                "i3  paint  k          running, then again       2         2026-11-22 14:13:20",
            ],
            lines.split("\n"),
        )

    def test_none(self) -> None:
        """
        Nothing is told as such.
        """
        self.assertEqual("no jobs", table([], {}))

    def test_terminal(self) -> None:
        """
        What would do something to a terminal does nothing.
        """
        job = evolve(JOB, key="\x1b[2J\n", error="a\x1b]0;b\x07")
        for told in (table([job], {}), card(job, {})):
            self.assertNotIn("\x1b", told)
            self.assertIn("�[2J�", told)


class CardTests(SynchronousTestCase):
    """
    One job.
    """

    def test_lines(self) -> None:
        """
        What is known is told, and what is not is left out.
        """
        self.assertEqual(
            [
                "id        i1",
                "kind      paint",
                "key       k",
                "pod       Pod1",
                "state     waiting",
                "attempts  2",
                "created   2026-11-22 14:13:20",
                "due       2026-11-22 14:13:20",
                'payload   {"a": "\\u00e9"}',
            ],
            card(JOB, {"p1": "Pod1"}).split("\n"),
        )

    def test_running(self) -> None:
        """
        The time of one that runs is its lease's end.
        """
        self.assertIn("lease until", card(evolve(JOB, state=JobState.RUNNING), {}))
