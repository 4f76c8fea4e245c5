"""
What the sandbox is made of: processes that outlive a command, tools that are kept warm, and words for what goes wrong.
"""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.clients.cloud import until
from trio2o.sandbox.demo.__main__ import main
from trio2o.sandbox.demo.cloud import Sandbox
from trio2o.sandbox.demo.layout import Layout
from trio2o.sandbox.demo.processes import Process, StepFailed, listens
from trio2o.sandbox.demo.warm import WarmTool

_SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@contextmanager
def listener() -> Iterator[int]:
    """
    Somebody who listens; the port.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class FolderCase(SynchronousTestCase):
    """
    A test with a folder.
    """

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory(prefix="t2o-")
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)


class WarmTests(SynchronousTestCase):
    """
    `WarmTool`, with a tool that runs the Python statements it is given.
    """

    def setUp(self) -> None:
        self.tool = WarmTool(main="timeit:main", name="tool", modules=("no.such.module", "decimal"))
        self.addCleanup(self.tool.stop)

    def words(self, statement: str) -> list[str]:
        """
        The command that runs a statement once.
        """
        return ["-n1", "-r1", statement]

    def test_process(self) -> None:
        """
        Each command is a process of its own, with the tool's name, its words and its environment.
        """
        statement = "import os, sys; print(os.getpid(), sys.argv[0], os.environ['OS_X'], sys.stdin.read())"
        first = self.tool.run(self.words(statement), {"OS_X": "1"})
        second = self.tool.run(self.words(statement), {"OS_X": "2"})
        (one, *said), (two, *more) = first.out.split()[:3], second.out.split()[:3]
        self.assertEqual((["tool", "1"], ["tool", "2"]), (said, more))
        self.assertNotEqual(one, two)

    def test_environment(self) -> None:
        """
        The caller's own clouds stay out.
        """
        self.patch(os, "environ", {**os.environ, "OS_CLOUD": "mine"})
        ran = self.tool.run(self.words("import os; print(os.environ.get('OS_CLOUD'))"), {})
        self.assertEqual("None", ran.out.split()[0])

    def test_status(self) -> None:
        """
        Status and complaints are the command's.
        """
        self.assertEqual(0, self.tool.run(self.words("pass"), {}).status)
        bad = self.tool.run(["--no-such-option"], {})
        self.assertEqual(2, bad.status)
        broken = self.tool.run(self.words("raise ValueError('no')"), {})
        self.assertEqual((1, True), (broken.status, "ValueError: no" in broken.err))
        self.assertEqual(7, self.tool.run(self.words("import os; os._exit(7)"), {}).status)

    def test_patience(self) -> None:
        """
        A command that does not end is killed, and the next one runs.
        """
        self.assertLess(self.tool.run(self.words("import time; time.sleep(60)"), {}, patience=1).status, 0)
        self.assertEqual(0, self.tool.run(self.words("pass"), {}).status)

    def test_not_installed(self) -> None:
        """
        A tool that is not there is told of with what Python said.
        """
        missing = WarmTool(main="no_such_tool:main", name="no-such-tool")
        self.addCleanup(missing.stop)
        told = self.assertRaises(RuntimeError, missing.run, [], {})
        self.assertIn("No module named 'no_such_tool'", str(told))


class ProcessTests(FolderCase):
    """
    `Process`.
    """

    def setUp(self) -> None:
        super().setUp()
        self.process = Process(name="sleeper", folder=self.folder)
        self.addCleanup(self.process.stop)

    def test_life(self) -> None:
        """
        It is started once, known by its pid file, and stopped.
        """
        self.assertFalse(self.process.stop())
        self.process.start(_SLEEP, {})
        pid = self.process.pid
        self.process.start(_SLEEP, {})
        self.assertEqual(pid, Process(name="sleeper", folder=self.folder).pid)
        self.assertTrue(self.process.stop())
        self.assertIsNone(self.process.pid)

    def test_stubborn(self) -> None:
        """
        What ignores SIGTERM is killed.
        """
        ignoring = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
        self.process.start([sys.executable, "-u", "-c", ignoring], {})
        until(lambda: "deaf" in self.process.log.read_text())
        self.assertTrue(self.process.stop(patience=0.2))
        self.assertFalse(self.process.alive())

    def test_another_process(self) -> None:
        """
        Another process that has the pid by now is not it, and is left alone.
        """
        with subprocess.Popen(_SLEEP) as other:
            file = self.folder / "run" / "sleeper.pid"
            file.parent.mkdir()
            file.write_text(f"{other.pid} 1\n")
            self.assertFalse(self.process.alive())
            self.assertFalse(self.process.stop())
            self.assertIsNone(other.poll())
            other.kill()

    def test_ends_at_once(self) -> None:
        """
        One that ends instead of listening is told of with the end of its log.
        """
        self.process.start([sys.executable, "-c", "raise SystemExit('no such option')"], {})
        told = self.assertRaises(StepFailed, self.process.await_port, 1)
        self.assertIn("no such option", str(told))
        self.assertIn(str(self.process.log), str(told))

    def test_does_not_listen(self) -> None:
        """
        One that never listens is waited for so long and no longer.
        """
        self.process.start(_SLEEP, {})
        told = self.assertRaises(StepFailed, self.process.await_port, 1, 0.2)
        self.assertIn("port 1", str(told))


class CommandTests(FolderCase):
    """
    ``python -m trio2o.sandbox.demo``.
    """

    def setUp(self) -> None:
        super().setUp()
        self.said = io.StringIO()
        self.patch(sys, "stderr", self.said)
        self.patch(sys, "stdout", self.said)
        self.patch(os, "environ", {**os.environ, "TRIO2O_SANDBOX": str(self.folder / "sandbox")})

    def test_nothing_runs(self) -> None:
        """
        Where nothing runs nothing is stopped, and there is no shell.
        """
        self.assertEqual(0, main(["stop"]))
        self.assertIn("nothing ran", self.said.getvalue())
        self.assertEqual(3, main(["status"]))
        self.assertEqual(6, self.said.getvalue().count("does not run"))
        self.assertEqual(1, main(["shell"]))
        self.assertIn("`make sandbox` starts it", self.said.getvalue())

    def test_mistakes(self) -> None:
        """
        Mistakes of the one who calls are said in a line, without a traceback.
        """
        self.assertEqual(2, main(["dance"]))
        for ports in ("many", "80", "70000"):
            os.environ["TRIO2O_SANDBOX_PORTS"] = ports
            self.assertEqual(1, main(["up"]))
            self.assertIn(repr(ports), self.said.getvalue())
        del os.environ["TRIO2O_SANDBOX_PORTS"]
        (self.folder / "sandbox").write_text("no folder")
        self.assertEqual(1, main(["up"]))
        self.assertIn("File exists", self.said.getvalue())

    def test_port_taken(self) -> None:
        """
        Nothing is started where another program has one of the ports.
        """
        with listener() as port:
            layout = Layout(folder=self.folder, base_port=port - 20)
            sandbox = Sandbox(layout=layout, say=lambda text: None)
            told = self.assertRaises(StepFailed, sandbox.up)
            self.assertRegex(str(told), r"port \d+, which \w+ needs, is taken by another program")
            self.assertTrue(listens(port))
        self.assertEqual([], sandbox.down())
