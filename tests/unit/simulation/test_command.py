"""
The settings that are compared, and the command that compares them.
"""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

from simulation.command import main
from simulation.settings import compared
from trio2o.config.schema import SchedulingSection
from trio2o.scheduling.registry import make_weighers

TINY = ["--pods", "8", "--projects", "60", "--events", "150", "--days", "20"]


class SettingsTests(SynchronousTestCase):
    """
    What is compared.
    """

    def test_shipped(self) -> None:
        """
        One of them is what is shipped, under a name of its own.
        """
        (shipped,) = [setting for setting in compared() if setting.shipped]
        self.assertEqual("emptiest", shipped.name)
        self.assertEqual(SchedulingSection(), shipped.config.scheduling)

    def test_names(self) -> None:
        """
        Each has its own name, and weighers that there are.
        """
        names = [setting.name for setting in compared()]
        self.assertEqual(len(set(names)), len(names))
        for setting in compared():
            self.assertTrue(make_weighers(setting.config.scheduling.weighers))


class CommandTests(SynchronousTestCase):
    """
    ``python -m simulation``.
    """

    def said(self, *arguments: str, status: int = 0) -> str:
        """
        What is printed, without how long it took.
        """
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.assertEqual(status, main(arguments))
        return out.getvalue() if status == 0 else err.getvalue()

    def test_same(self) -> None:
        """
        One seed prints one text, another one another.
        """
        once = self.said(*TINY)
        self.assertEqual(once, self.said(*TINY))
        self.assertNotEqual(once, self.said(*TINY, "--seed", "2"))
        for setting in compared():
            self.assertIn(f"  {setting.name}: {setting.about}", once)

    def test_only(self) -> None:
        """
        Settings by name; one that there is not is told.
        """
        self.assertNotIn("fill-first", self.said(*TINY, "--only", "emptiest"))
        self.assertIn(
            "unknown: emtiest; known are: fill-first,", self.said(*TINY, "--only", "emtiest", status=2)
        )

    def test_own(self) -> None:
        """
        An operator's own pods and configuration.
        """
        fleet, config = Path(self.mktemp()), Path(self.mktemp())
        fleet.write_text(
            "- {name: Pod1, az: here, hosts: 4, volume_gb: 9000}\n- {name: Pod2, az: here, hosts: 4, volume_gb: 9000}\n"
        )
        config.write_text(
            "identity: {auth_url: 'http://127.0.0.1/v3', auth: {username: u, password: p, project_name: q, "
            "user_domain_id: d, project_domain_id: d}}\n"
            "scheduling: {weighers: {cost: 1}}\n"
        )
        told = self.said(*TINY, "--fleet", str(fleet), "--config", str(config), "--only", "own")
        self.assertIn(f"own: {config}", told)
        self.assertIn("2 pods in 1 zones, 0 of them later", told)
        self.assertRegex(told, r"here: \d+% in use at the fullest moment")

        config.write_text(config.read_text().replace("cost:", "costs:"))
        self.assertIn("costs", self.said(*TINY, "--config", str(config), status=2))
        fleet.write_text("[]")
        self.assertIn(str(fleet), self.said(*TINY, "--fleet", str(fleet), status=2))

    def test_json(self) -> None:
        """
        The figures, for other programs.
        """
        path = Path(self.mktemp())
        self.said(*TINY, "--only", "emptiest", "--json", str(path))
        (figures,) = json.loads(path.read_text())
        self.assertEqual(
            ("emptiest", True, 20), (figures["name"], figures["shipped"], len(figures["moves_by_day"]))
        )

    def test_plot(self) -> None:
        """
        The picture is the same bytes for the same figures.
        """
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            raise SkipTest("matplotlib is not installed") from None
        pictures = []
        for _ in range(2):
            path = Path(f"{self.mktemp()}.svg")
            self.said(*TINY, "--only", "emptiest", "--plot", str(path))
            pictures.append(path.read_text())
        self.assertEqual(pictures[0], pictures[1])
        self.assertIn("emptiest*", pictures[0])
