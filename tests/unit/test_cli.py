"""
The ``trio2o`` command.
"""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from trio2o.cli import main, on_database
from trio2o.config import describe
from trio2o.config.load import load
from trio2o.config.schema import Config
from trio2o.errors import DatabaseUnavailable
from trio2o.identity import policy

MINIMAL = Path(__file__).resolve().parents[2] / "conf" / "trio2o-minimal.yaml"


class CommandTestCase(SynchronousTestCase):
    """
    Catches what a command prints.
    """

    def setUp(self) -> None:
        """
        Put the outputs aside.
        """
        self.out, self.err = StringIO(), StringIO()
        self.patch(sys, "stdout", self.out)
        self.patch(sys, "stderr", self.err)


class CheckTests(CommandTestCase):
    """
    ``trio2o config check``.
    """

    def test_right(self) -> None:
        """
        A right file gets one line and status 0.
        """
        self.assertEqual(main(["config", "check", str(MINIMAL)]), 0)
        self.assertEqual(self.out.getvalue(), f"{MINIMAL}: right (pods: 2, availability zones: 2)\n")

    def test_wrong(self) -> None:
        """
        A wrong file gets all its errors, a line each, and status 1.
        """
        path = Path(self.mktemp())
        path.write_text("a: 1\nb: 2\n")
        self.assertEqual(main(["config", "check", str(path)]), 1)
        self.assertEqual(
            self.err.getvalue().splitlines(),
            [f"{path}: identity: is required", f"{path}: a: unknown key", f"{path}: b: unknown key"],
        )
        self.assertEqual(self.out.getvalue(), "")


class PrintTests(CommandTestCase):
    """
    Commands that print what the code knows.
    """

    def test_options(self) -> None:
        """
        The options, as text or for the documentation.
        """
        self.assertEqual(main(["config", "options"]), 0)
        self.assertEqual(main(["config", "options", "--format", "rst"]), 0)
        self.assertEqual(self.out.getvalue(), describe.listing() + describe.reference())

    def test_samples(self) -> None:
        """
        The sample configuration and the sample policy.
        """
        self.assertEqual(main(["config", "sample"]), 0)
        self.assertEqual(main(["policy", "sample"]), 0)
        self.assertEqual(self.out.getvalue(), describe.sample() + policy.sample())

    def test_no_command(self) -> None:
        """
        Without a command the usage is told, with status 2.
        """
        self.assertEqual(self.assertRaises(SystemExit, main, []).code, 2)
        self.assertIn("usage: trio2o", self.err.getvalue())


class AdoptTests(CommandTestCase):
    """
    ``trio2o adopt``, as far as it goes without a database.
    """

    def test_unknown_kind(self) -> None:
        """
        A kind that there is not is told with those that there are, before anything starts.
        """
        self.assertEqual(main(["adopt", "--config", str(MINIMAL), "--kind", "server", "--kind", "flavor"]), 1)
        self.assertIn("no such kind: flavor (known: server, ", self.err.getvalue())

    def test_wrong_configuration(self) -> None:
        """
        A wrong configuration is told as everywhere.
        """
        path = Path(self.mktemp())
        path.write_text("a: 1\n")
        self.assertEqual(main(["adopt", "--config", str(path)]), 1)
        self.assertIn(f"{path}: a: unknown key", self.err.getvalue())


class QuickTests(SynchronousTestCase):
    """
    Help does not wait for what it does not need.
    """

    def test_imports(self) -> None:
        """
        The module brings neither a reactor nor keystoneauth1 with it.
        """
        program = "import sys, trio2o.cli; print([m for m in ('twisted', 'keystoneauth1', 'cattrs') if m in sys.modules])"
        root = MINIMAL.parents[1]
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
        )
        self.assertEqual(done.stdout, "[]\n")


@define
class RecordedServer:
    """
    Stands for an embedded PostgreSQL.
    """

    events: list[str] = field(factory=list)
    trouble: Exception | None = None

    async def start(self) -> str:
        """
        Give a DSN, or fail.
        """
        if self.trouble is not None:
            raise self.trouble
        self.events.append("start")
        return "host=embedded"

    async def stop(self) -> None:
        """
        Note it.
        """
        self.events.append("stop")


class DatabaseTests(CommandTestCase):
    """
    ``trio2o db``: which database, and what becomes of trouble.
    """

    def setUp(self) -> None:
        """
        Make a server that records.
        """
        super().setUp()
        self.server = RecordedServer()

    def run_on(self, config: Config, trouble: Exception | None = None) -> int:
        """
        Do something with a database, which fails where there is trouble.
        """

        async def action(reactor: Any, dsn: str) -> str:
            self.server.events.append(dsn)
            if trouble is not None:
                raise trouble
            return "done"

        return self.successResultOf(
            Deferred.fromCoroutine(on_database(None, config, action, lambda reactor, config: self.server))
        )

    def test_configured(self) -> None:
        """
        A configured database is used, and nothing is started.
        """
        path = Path(self.mktemp())
        path.write_text(MINIMAL.read_text() + "database: {dsn: host=db}\n")
        self.assertEqual(self.run_on(load(path)), 0)
        self.assertEqual(self.server.events, ["host=db"])
        self.assertEqual(self.out.getvalue(), "done\n")

    def test_embedded(self) -> None:
        """
        Without one the embedded server runs for as long as it is needed.
        """
        self.assertEqual(self.run_on(load(MINIMAL)), 0)
        self.assertEqual(self.server.events, ["start", "host=embedded", "stop"])

    def test_trouble(self) -> None:
        """
        What goes wrong with the database is one line and status 1; the embedded server is stopped all the same.
        """
        self.assertEqual(self.run_on(load(MINIMAL), DatabaseUnavailable("away")), 1)
        self.assertEqual(self.server.events, ["start", "host=embedded", "stop"])
        self.assertEqual(self.err.getvalue(), "trio2o: away\n")

    def test_away(self) -> None:
        """
        A configured database that cannot be used is named, without its password.
        """
        path = Path(self.mktemp())
        path.write_text(MINIMAL.read_text() + "database: {dsn: 'postgresql://me:s3cret@db:5433/trio2o'}\n")
        self.assertEqual(self.run_on(load(path), DatabaseUnavailable("no server answers there")), 1)
        at = "host=db port=5433 user=me dbname=trio2o"
        self.assertEqual(self.err.getvalue(), f"trio2o: the database at {at}: no server answers there\n")

    def test_bug(self) -> None:
        """
        A bug is no line of text: it goes up.
        """
        self.server.trouble = ZeroDivisionError()
        coroutine = on_database(None, load(MINIMAL), self.never, lambda reactor, config: self.server)
        self.failureResultOf(Deferred.fromCoroutine(coroutine), ZeroDivisionError)

    async def never(self, reactor: Any, dsn: str) -> str:
        """
        An action that is not reached.
        """
        raise AssertionError(dsn)

    def test_wrong_configuration(self) -> None:
        """
        With a wrong configuration no database is touched.
        """
        path = Path(self.mktemp())
        path.write_text("")
        for command in ("upgrade", "version"):
            self.assertEqual(main(["db", command, "--config", str(path)]), 1)
        self.assertEqual(self.err.getvalue(), f"{path}: identity: is required\n" * 2)
