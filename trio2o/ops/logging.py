"""
Events of ``twisted.logger`` as lines, JSON or text, their secrets hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from attrs import define, field
from constantly import NamedConstant  # type: ignore[import-untyped]
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from zope.interface import implementer

from trio2o.ops.logfile import LogFile
from trio2o.ops.redaction import HIDDEN, Redactor

#: What twisted.logger and its bridge from the older ``log.msg`` put into an event for their own use.
_MACHINERY = frozenset(
    {"format", "isError", "failure", "logLevel", "message", "printed", "system", "time", "why"}
)


@implementer(ILogObserver)
@define(eq=False)
class EventLog:
    """
    An observer that writes each event from a level on as one line.

    Register it with the log publisher; :attr:`level` may be changed at any time.
    """

    file: LogFile
    redactor: Redactor = field(factory=Redactor)
    level: NamedConstant = LogLevel.info
    json: bool = True
    #: Events that could not be written since the start.
    lost: int = field(default=0, init=False)

    def __call__(self, event: LogEvent) -> None:
        """
        Write one event. Never fails: a log that cannot be written stops nobody's work.
        """
        level = event.get("log_level") or LogLevel.info
        if level < self.level:
            return
        entry = self._entry(event, level)
        try:
            self.file.write(_json_line(entry) if self.json else _text_line(entry))
        except OSError:
            self.lost += 1

    def _entry(self, event: LogEvent, level: NamedConstant) -> dict[str, Any]:
        seconds = event.get("log_time")
        now = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
        fields = dict(self._fields(event))
        # The message is made of the fields, so those that are secrets by name must not get into it either.
        told = {**event, **{name: value for name, value in fields.items() if value == HIDDEN}}
        entry: dict[str, Any] = {
            "time": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": level.name,
            "source": str(event.get("log_namespace", "")),
            "message": self.redactor.text(formatEvent(told)),
        }
        for name, value in fields.items():
            # A field must not put on one of the names above.
            entry[f"{name}_" if name in entry else name] = value
        failure = event.get("log_failure")
        if failure is not None:
            entry["traceback"] = self.redactor.text(failure.getTraceback())
        return entry

    def _fields(self, event: LogEvent) -> Iterator[tuple[str, Any]]:
        for name, value in event.items():
            if not name.startswith(("log_", "_")) and name not in _MACHINERY:
                yield name, self.redactor.value(name, value)


def level_named(name: str) -> NamedConstant:
    """
    A level by its configured name: ``debug``, ``info``, ``warn``, ``error``, ``critical``.

    :raises ValueError: for another name.
    """
    try:
        return LogLevel.lookupByName(name)
    except ValueError as why:
        known = ", ".join(level.name for level in LogLevel.iterconstants())
        raise ValueError(f"unknown log level {name!r}: one of {known}") from why


def _json_line(entry: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Text with lone surrogates, or a number beyond 64 bits.
        harmless = {
            name: value if isinstance(value, float) else str(value).encode("utf-8", "replace").decode()
            for name, value in entry.items()
        }
        return orjson.dumps(harmless, option=orjson.OPT_APPEND_NEWLINE)


def _text_line(entry: dict[str, Any]) -> bytes:
    """
    ``time level source: message name=value …``; whatever an event holds, lines that follow are indented.
    """
    told = dict(entry)
    head = f"{told.pop('time')} {told.pop('level')} {told.pop('source')}: {told.pop('message')}"
    trace = told.pop("traceback", "")
    fields = "".join(f" {name}={value}" for name, value in told.items())
    lines = f"{head}{fields}\n{trace}".rstrip("\n").splitlines()
    return ("\n    ".join(lines) + "\n").encode("utf-8", "replace")
