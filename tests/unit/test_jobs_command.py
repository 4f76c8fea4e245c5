"""
``trio2o jobs``, as far as it goes without a database.
"""

from __future__ import annotations

import argparse
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from trio2o import jobs_command
from trio2o.model import JobQuery, JobState
from trio2o.service import job_orders

MINIMAL = Path(__file__).resolve().parents[2] / "conf" / "trio2o-minimal.yaml"


class JobsTests(SynchronousTestCase):
    """
    From words to what is asked of the database.
    """

    def setUp(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

        async def listed(reactor: Any, config: Any, dsn: str, query: JobQuery, pod: str | None) -> str:
            self.asked.append((query, pod))
            return f"table of {dsn}"

        async def ordered(reactor: Any, config: Any, dsn: str, order: str, job_id: str) -> str:
            self.asked.append((order, job_id))
            return f"card of {dsn}"

        self.patch(job_orders, "listed", listed)
        self.patch(job_orders, "ordered", ordered)
        self.parser = argparse.ArgumentParser()
        jobs_command.add(self.parser.add_subparsers(), self.react)
        self.printed: list[str] = []

    def react(self, config: Any, action: Any, status: Any) -> int:
        """
        Run an action on a database.
        """
        self.printed.append(self.successResultOf(Deferred.fromCoroutine(action(None, "dsn"))))
        return int(status())

    def run_command(self, command: str, *words: str) -> int:
        """
        Run the command.
        """
        options = self.parser.parse_args(["jobs", command, "--config", str(MINIMAL), *words])
        status: int = options.run(options)
        return status

    def test_list(self) -> None:
        """
        A hundred of all, without more words.
        """
        self.assertEqual(0, self.run_command("list"))
        self.assertEqual([(JobQuery(limit=100), None)], self.asked)
        self.assertEqual(["table of dsn"], self.printed)

    def test_selected(self) -> None:
        """
        Every option.
        """
        self.run_command(
            *("list", "--state", "dead", "--kind", "sync_pod", "--pod", "Pod1", "--project", "p1"),
            *("--limit", "5", "--after", "i1"),
        )
        query = JobQuery(state=JobState.DEAD, kind="sync_pod", project_id="p1", marker="i1", limit=5)
        self.assertEqual([(query, "Pod1")], self.asked)

    def test_states(self) -> None:
        """
        All states can be asked for.
        """
        self.assertEqual(tuple(JobState), jobs_command._STATES)

    def test_orders(self) -> None:
        """
        One job by its id.
        """
        for order in ("show", "redo", "cancel"):
            self.assertEqual(0, self.run_command(order, "i1"))
        self.assertEqual([("show", "i1"), ("redo", "i1"), ("cancel", "i1")], self.asked)

    def test_wrong(self) -> None:
        """
        What is no state or number, and a missing id, end it with status 2.
        """
        told = StringIO()
        self.patch(sys, "stderr", told)
        for words in (
            ("list", "--state", "lazy"),
            ("list", "--limit", "0"),
            ("show",),
            ("list", "--limit", "x"),
        ):
            self.assertEqual(2, self.assertRaises(SystemExit, self.run_command, *words).code)
        self.assertTrue(told.getvalue().endswith("--limit: must be a whole number from 1 on, not 'x'\n"))
