"""
The event log and the access log, as the configuration has them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import Logger, LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.unit.service.whole import MINIMAL
from trio2o.config.schema import LoggingSection
from trio2o.service.logs import Logs
from trio2o.startup import read_config


class LogsTests(SynchronousTestCase):
    """
    `Logs`.
    """

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.events, self.lines = self.folder / "events", self.folder / "access"
        self.clock = Clock()
        observers = list(globalLogPublisher._observers)

        def restore() -> None:
            for observer in list(globalLogPublisher._observers):
                globalLogPublisher.removeObserver(observer)
            for observer in observers:
                globalLogPublisher.addObserver(observer)

        self.addCleanup(restore)

    def made(self, *, takes_over: bool = True, **more: Any) -> Logs:
        """
        Logs that were started.
        """
        known: dict[str, Any] = {"format": "json", "file": self.events, "access_file": self.lines}
        section = LoggingSection(**{**known, **more})
        logs = Logs(reactor=self.clock, section=section, takes_over=takes_over)
        logs.start()
        return logs

    def told(self) -> list[str]:
        """
        What the event log has.
        """
        return [str(orjson.loads(line)) for line in self.events.read_bytes().splitlines()]

    def an_access(self, logs: Logs) -> None:
        """
        A line of the access log.
        """
        assert logs.access is not None
        logs.access.record(
            request_id="req-1",
            global_request_id="",
            pod_request_id="",
            client="192.0.2.1",
            project_id="p1",
            user_id="u1",
            surface="compute",
            method="GET",
            target=b"/x",
            status=200,
            sent=0,
            seconds=0.1,
            pods=(),
            pod_seconds=0.1,
            outcome="ok",
        )

    def test_takes_over(self) -> None:
        """
        Events go to the file alone, once.
        """
        self.made()

        Logger().info("something {what}", what="happened")

        self.assertEqual(1, len(globalLogPublisher._observers))
        (line,) = self.told()
        self.assertIn("something happened", line)

    def test_guest(self) -> None:
        """
        In somebody else's process events stay theirs.
        """
        before = list(globalLogPublisher._observers)

        self.made(takes_over=False)

        self.assertEqual(before, list(globalLogPublisher._observers))
        self.assertFalse(self.events.exists())

    def test_level(self) -> None:
        """
        What is less important than the level is left out; a new configuration changes the level.
        """
        logs = self.made(level="warn")
        log = Logger()
        log.info("first")
        log.warn("second")
        path = self.folder / "trio2o.yaml"
        path.write_text(MINIMAL)
        config = read_config(path)
        changed = evolve(config, logging=evolve(config.logging, level="debug"))
        self.successResultOf(Deferred.fromCoroutine(logs.prepare(changed)()))
        log.debug("third")

        lines = self.told()
        self.assertEqual(
            [False, True, True],
            [any(word in line for line in lines) for word in ("first", "second", "third")],
        )
        self.assertIs(LogLevel.debug, logs._events and logs._events.level)

    def test_access(self) -> None:
        """
        The access log has a file of its own; what was collected is written when the daemon stops.
        """
        logs = self.made()
        self.an_access(logs)
        logs.stop()

        (line,) = self.lines.read_bytes().splitlines()
        self.assertEqual("req-1", orjson.loads(line)["request_id"])

    def test_no_access_log(self) -> None:
        """
        It can be left out.
        """
        logs = self.made(access=False)

        self.assertIsNone(logs.access)
        logs.stop()

    def test_text(self) -> None:
        """
        Text is for people: no JSON.
        """
        logs = self.made(format="text")
        Logger().info("something")
        self.an_access(logs)
        logs.stop()

        for path in (self.events, self.lines):
            self.assertFalse(path.read_bytes().startswith(b"{"), path)

    def test_reopened(self) -> None:
        """
        After logrotate has moved the files away both are made anew, and nothing is lost.
        """
        logs = self.made()
        Logger().info("before")
        self.an_access(logs)
        for path in (self.events, self.lines):
            path.rename(path.with_suffix(".1"))
        for reopen in logs.reopeners():
            reopen()
        Logger().info("after")
        self.an_access(logs)
        logs.stop()

        self.assertEqual(1, len(self.told()))
        self.assertIn("before", self.events.with_suffix(".1").read_text())
        access = self.lines.read_bytes().splitlines() + self.lines.with_suffix(".1").read_bytes().splitlines()
        self.assertEqual(2, len(access))

    def test_no_such_folder(self) -> None:
        """
        A file that cannot be opened is an error at the start.
        """
        self.assertRaises(OSError, self.made, file=self.folder / "none" / "events")
