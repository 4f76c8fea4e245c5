"""
``make bench-scale``, as small as it can be.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SkipTest, TestCase

ROOT = Path(__file__).parents[2]


class ScaleTests(TestCase):
    """
    The command.
    """

    timeout = 300

    async def run_scale(self, *words: str) -> dict[str, Any]:
        """
        Run it; what it has measured.
        """
        told = Path(self.mktemp())
        command = [sys.executable, "-m", "benchmarks.scale", *words, "--json", str(told.absolute())]
        done = await deferToThread(
            subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        found: dict[str, Any] = json.loads(told.read_text())
        return found

    async def test_selection(self) -> None:
        """
        Selections are measured cold and warm.
        """
        found = await self.run_scale("--only", "selection", "--pods", "3", "--selections", "5")

        self.assertEqual(["cold", "warm"], [row["server"] for row in found["rows"]])
        self.assertTrue(all(row["reading"]["p50"] > 0 for row in found["rows"]))

    async def test_database(self) -> None:
        """
        A filled database is read at the start, and a request is answered in front of it.
        """
        if shutil.which("wrk") is None:
            raise SkipTest("wrk is not installed")
        small = ("--bindings", "500", "--routes", "1000", "--rounds", "1")
        found = await self.run_scale("--only", "database", *small)

        figures = {each["what"]: each["value"] for each in found["figures"]}
        self.assertGreater(figures["full database: start to ready"], 0)
        self.assertGreater(figures["full database: memory when ready"], 10)
        self.assertEqual([0, 0], [row["reading"]["errors"] for row in found["rows"]])
