"""
Events as lines.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import orjson
from twisted.logger import ILogObserver, Logger, LogLevel, LogPublisher
from twisted.python import log as old_log
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from trio2o.ops.logfile import LogFile
from trio2o.ops.logging import EventLog, level_named
from trio2o.ops.redaction import Redactor


class BrokenFile(LogFile):
    """
    A disk that is full.
    """

    def write(self, lines: bytes) -> None:
        """
        Fail.
        """
        raise OSError(28, "No space left on device")


class EventLogTests(SynchronousTestCase):
    """
    One line for each event.
    """

    def setUp(self) -> None:
        """
        A log file, and a logger whose events go there alone.
        """
        self.path = self.mktemp()
        self.file = LogFile(self.path)
        self.addCleanup(self.file.close)
        self.observer = EventLog(self.file, redactor=Redactor(known=("known-secret",)))
        self.logger = Logger(namespace="trio2o.test", observer=LogPublisher(self.observer))

    def text(self) -> str:
        """
        What was written.
        """
        return Path(self.path).read_text(encoding="utf-8")

    def entries(self) -> list[dict[str, Any]]:
        """
        What was written, as JSON.
        """
        return [orjson.loads(line) for line in self.text().splitlines()]

    def test_interface(self) -> None:
        """
        It is an observer.
        """
        verifyObject(ILogObserver, self.observer)

    def test_json(self) -> None:
        """
        A line has the time, level, source, the message filled in, and the named fields.
        """
        self.logger.info("Pod {pod} is {state}.", pod="Pod1", state="down", log_time=0, attempts=3)
        (entry,) = self.entries()
        self.assertRegex(entry.pop("time"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(
            entry,
            {
                "level": "info",
                "source": "trio2o.test",
                "message": "Pod Pod1 is down.",
                "pod": "Pod1",
                "state": "down",
                "attempts": 3,
            },
        )

    def test_level(self) -> None:
        """
        Events below the level are left out; the level can be changed.
        """
        self.logger.debug("quiet")
        self.observer.level = LogLevel.debug
        self.logger.debug("told")
        self.observer.level = LogLevel.error
        self.logger.warn("quiet")
        self.assertEqual([entry["message"] for entry in self.entries()], ["told"])

    def test_failure(self) -> None:
        """
        A failure's traceback is in the line, without the secrets of its message.
        """
        try:
            raise ValueError("X-Auth-Token: abcdefghijkl")
        except ValueError:
            self.logger.failure("It broke.")
        (entry,) = self.entries()
        self.assertEqual(entry["level"], "critical")
        self.assertIn("ValueError", entry["traceback"])
        self.assertNotIn("abcdefghijkl", self.text())

    def test_secrets(self) -> None:
        """
        Secrets in the message, in fields, and inside of fields' values are not written.
        """
        for json in (True, False):
            self.observer.json = json
            self.logger.info(
                "with {token} and {headers} and known-secret",
                token="first-secret",
                headers={"X-Auth-Token": "second-secret", "a": "known-secret"},
                _private="third-secret",
            )
        for secret in ("first-secret", "second-secret", "known-secret", "third-secret"):
            self.assertNotIn(secret, self.text())

    def test_old_events(self) -> None:
        """
        Events of the older ``log.msg`` are understood.
        """
        publisher = old_log.LogPublisher(publishPublisher=LogPublisher(self.observer))
        publisher.msg("plain old", system="sys")
        self.assertEqual(self.entries()[0]["message"], "plain old")

    def test_names_kept(self) -> None:
        """
        A field cannot put on the name of the line's own parts.
        """
        self.logger.info("real", source="fake", traceback="fake")
        (entry,) = self.entries()
        self.assertEqual((entry["source"], entry["source_"]), ("trio2o.test", "fake"))

    def test_no_json(self) -> None:
        """
        What JSON cannot hold is written all the same.
        """
        self.logger.info("odd", surrogate="a\ud800b", large=2**80, nested={"a": 2**80})
        (entry,) = self.entries()
        self.assertEqual(entry["message"], "odd")
        self.assertEqual(entry["large"], str(2**80))

    def test_text(self) -> None:
        """
        The text form is one line; further lines are indented, so that nobody can forge an entry.
        """
        self.observer.json = False
        self.logger.info("first\n2026-01-01 info forged: entry", pod="Pod1")
        first, second = self.text().splitlines()
        self.assertRegex(first, r"^\S+Z info trio2o\.test: first$")
        self.assertEqual(second, "    2026-01-01 info forged: entry pod=Pod1")

    def test_broken_message(self) -> None:
        """
        An event whose message cannot be filled in is written.
        """
        self.logger.info("no {such} field")
        self.assertEqual(len(self.entries()), 1)

    def test_full_disk(self) -> None:
        """
        A line that cannot be written is counted and stops nobody.
        """
        file = BrokenFile(self.mktemp())
        self.addCleanup(file.close)
        observer = EventLog(file)
        Logger(observer=LogPublisher(observer)).info("lost")
        self.assertEqual(observer.lost, 1)

    def test_level_names(self) -> None:
        """
        Levels go by their names; another name is refused with those that there are.
        """
        self.assertIs(level_named("warn"), LogLevel.warn)
        self.assertIn("critical", str(self.assertRaises(ValueError, level_named, "loud")))


class LogFileTests(SynchronousTestCase):
    """
    Files under logrotate.
    """

    def test_reopen(self) -> None:
        """
        After the file was moved away and reopened, lines go to a new one; none is lost.
        """
        path = self.mktemp()
        file = LogFile(path)
        file.write(b"one\n")
        os.rename(path, path + ".1")
        file.write(b"two\n")
        file.reopen()
        file.write(b"three\n")
        file.close()
        self.assertEqual(Path(path + ".1").read_bytes(), b"one\ntwo\n")
        self.assertEqual(Path(path).read_bytes(), b"three\n")

    def test_reopen_refused(self) -> None:
        """
        When the new file cannot be opened the old one goes on.
        """
        folder = Path(self.mktemp())
        folder.mkdir()
        file = LogFile(str(folder / "log"))
        self.addCleanup(file.close)
        folder.rename(f"{folder}.away")
        self.assertRaises(OSError, file.reopen)
        file.write(b"still\n")
        self.assertEqual(Path(f"{folder}.away", "log").read_bytes(), b"still\n")

    def test_appends(self) -> None:
        """
        An existing file is kept, and a new one is not for everybody to read.
        """
        path = self.mktemp()
        for line in (b"one\n", b"two\n"):
            file = LogFile(path)
            file.write(line)
            file.close()
        self.assertEqual(Path(path).read_bytes(), b"one\ntwo\n")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o007, 0)
