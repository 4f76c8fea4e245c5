"""
``python -m simulation`` as a process of its own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

ROOT = Path(__file__).resolve().parents[2]


class SimulationTests(TestCase):
    """
    The command, small.
    """

    timeout = 120

    async def said(self, *arguments: str) -> tuple[bytes, bytes, int]:
        """
        What it prints, what it complains about, and its status.
        """
        return await getProcessOutputAndValue(
            sys.executable, ["-m", "simulation", *arguments], env=None, path=str(ROOT)
        )

    async def test_small(self) -> None:
        """
        A small year, by two processes at once: a line for each setting, the same from one process.
        """
        size = ["--pods", "6", "--projects", "40", "--events", "80", "--days", "10"]
        chosen = [*size, "--only", "emptiest", "--only", "fill-first"]
        out, err, status = await self.said(*chosen, "--processes", "2")
        self.assertEqual(0, status, err)
        self.assertIn(b"\nfill-first ", out)
        self.assertIn(b"\nemptiest* ", out)
        self.assertEqual(out, (await self.said(*chosen))[0])

    async def test_wrong(self) -> None:
        """
        What is asked wrongly is told, without a traceback.
        """
        out, err, status = await self.said("--fleet", "nowhere.yaml")
        self.assertEqual((b"", 2), (out, status))
        self.assertIn(b"nowhere.yaml", err)
        self.assertNotIn(b"Traceback", err)
