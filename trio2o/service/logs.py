"""
The event log and the access log, as the configuration has them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.logger import globalLogPublisher

from trio2o.config.schema import Config, LoggingSection
from trio2o.ops.access_log import AccessLog
from trio2o.ops.logfile import LogFile
from trio2o.ops.logging import EventLog, level_named


@define(kw_only=True)
class Logs:
    """
    Opens the log files, takes events over from twistd, and opens the files anew when asked.
    """

    _reactor: Any
    _section: LoggingSection
    #: False leaves events to whoever observes them already (tests).
    _takes_over: bool = True
    _files: list[LogFile] = field(factory=list, init=False)
    _events: EventLog | None = field(default=None, init=False)
    access: AccessLog | None = field(default=None, init=False)

    def start(self) -> None:
        """
        Open the files.

        :raises OSError: if one cannot be opened.
        """
        section = self._section
        json = section.format == "json"
        if self._takes_over and (section.file is not None or not output_is_nowhere()):
            file = self._opened(section.file)
            self._events = EventLog(file, level=level_named(section.level), json=json)
            for observer in list(globalLogPublisher._observers):
                # twistd has begun to write events in its own form; there is no public way to take over
                globalLogPublisher.removeObserver(observer)
            globalLogPublisher.addObserver(self._events)
        if section.access and (
            section.access_file is not None or (self._takes_over and not output_is_nowhere())
        ):
            self.access = AccessLog(self._opened(section.access_file), self._reactor, json=json)

    def prepare(self, config: Config) -> Callable[[], Any]:
        """
        For a reload: the level may change while the daemon runs; files and format take a restart.
        """
        level = level_named(config.logging.level)

        async def commit() -> None:
            if self._events is not None:
                self._events.level = level

        return commit

    def reopeners(self) -> list[Callable[[], None]]:
        """
        What opens the files again, for logrotate.
        """
        own = [] if self.access is None else [self.access.reopen]
        access_file = None if self.access is None else self.access.file
        return own + [file.reopen for file in self._files if file is not access_file]

    def stop(self) -> None:
        """
        Write what was collected. Events are written to the end of the process.
        """
        if self.access is not None:
            self.access.stop()

    def _opened(self, path: Any) -> LogFile:
        file = LogFile(None if path is None else str(path))
        self._files.append(file)
        return file


def output_is_nowhere() -> bool:
    """
    True in the background, where the standard output is the null device: twistd's own log file is then the better place.
    """
    return os.fstat(1).st_rdev == os.stat(os.devnull).st_rdev
