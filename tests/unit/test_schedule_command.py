"""
``trio2o schedule``, as far as it goes without a database.
"""

from __future__ import annotations

import argparse
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from trio2o import schedule_command
from trio2o.model import Amounts, Kind, PlacementRequest
from trio2o.service import explaining

MINIMAL = Path(__file__).resolve().parents[2] / "conf" / "trio2o-minimal.yaml"


class ScheduleTests(SynchronousTestCase):
    """
    From words to the request.
    """

    def setUp(self) -> None:
        self.asked: list[PlacementRequest] = []

        async def explain(reactor: Any, config: Any, dsn: str, request: PlacementRequest) -> str:
            self.asked.append(request)
            return f"table of {dsn}"

        self.patch(explaining, "explain", explain)
        self.parser = argparse.ArgumentParser()
        schedule_command.add(self.parser.add_subparsers(), self.react)
        self.printed: list[str] = []

    def react(self, config: Any, action: Any, status: Any) -> int:
        """
        Run an action on a database.
        """
        self.printed.append(self.successResultOf(Deferred.fromCoroutine(action(None, "dsn"))))
        return int(status())

    def run_command(self, *words: str) -> int:
        """
        Run the command.
        """
        options = self.parser.parse_args(["schedule", "--config", str(MINIMAL), *words])
        status: int = options.run(options)
        return status

    def test_little(self) -> None:
        """
        A project is enough: a typical server.
        """
        self.assertEqual(self.run_command("--project", "p"), 0)
        self.assertEqual(self.asked, [PlacementRequest(project_id="p", kind=Kind.SERVER)])
        self.assertEqual(self.printed, ["table of dsn"])

    def test_much(self) -> None:
        """
        Every option; a group is its sorted tags.
        """
        self.run_command(
            *("--project", "p", "--kind", "volume", "--az", "az1", "--group", "ssd,gpu", "--flavor", "f"),
            *("--image", "i", "--volume-type", "t", "--tolerate", "a", "--tolerate", "b"),
            *("--vcpus", "2", "--ram", "4096", "--disk", "20", "--size", "0.5"),
        )
        self.assertEqual(
            self.asked,
            [
                PlacementRequest(
                    project_id="p",
                    kind=Kind.VOLUME,
                    availability_zone="az1",
                    pod_group="gpu,ssd",
                    flavor="f",
                    image="i",
                    volume_type="t",
                    tolerations=frozenset({"a", "b"}),
                    needs=Amounts(vcpus=2.0, ram_mb=4096.0, disk_gb=20.0, volume_gb=0.5),
                )
            ],
        )

    def test_wrong(self) -> None:
        """
        What is no amount, and a missing project, end it with status 2.
        """
        self.patch(sys, "stderr", StringIO())
        for words in (("--project", "p", "--vcpus", "-1"), ("--project", "p", "--vcpus", "many"), ()):
            self.assertEqual(self.assertRaises(SystemExit, self.run_command, *words).code, 2)
