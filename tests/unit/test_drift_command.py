"""
``trio2o drift``, as far as it goes without a database.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from trio2o import drift_command
from trio2o.service import drift

MINIMAL = Path(__file__).resolve().parents[2] / "conf" / "trio2o-minimal.yaml"


class DriftCommandTests(SynchronousTestCase):
    """
    From words to what is asked of the database.
    """

    def setUp(self) -> None:
        async def table(reactor: Any, config: Any, dsn: str) -> str:
            return f"table of {dsn}"

        self.patch(drift, "drift_table", table)
        self.parser = argparse.ArgumentParser()
        drift_command.add(self.parser.add_subparsers(), self.react)
        self.printed: list[str] = []

    def react(self, config: Any, action: Any, status: Any) -> int:
        """
        Run an action on a database.
        """
        self.printed.append(self.successResultOf(Deferred.fromCoroutine(action(None, "dsn"))))
        return int(status())

    def test_printed(self) -> None:
        """
        The table is what is printed, and differences are no failure.
        """
        options = self.parser.parse_args(["drift", "--config", str(MINIMAL)])
        self.assertEqual(0, options.run(options))
        self.assertEqual(["table of dsn"], self.printed)

    def test_no_config(self) -> None:
        """
        Without a configuration nothing is asked.
        """
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            self.parser.parse_args(["drift"])
