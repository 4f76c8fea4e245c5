"""
The access log: one line for each request, written together off the hot path.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from trio2o.ops.logfile import LogFile
from trio2o.ops.redaction import target_without_secrets

#: Seconds until a line is written at the latest.
FLUSH_SECONDS = 1.0

#: Bytes of lines that are written at once, without waiting for the time.
FLUSH_BYTES = 64 * 1024


@define(eq=False)
class AccessLog:
    """
    Collects lines and writes them at least each second, when much has come together, and at :meth:`stop`.

    Lines that cannot be written (a full disk) are dropped and counted: requests go on, memory does not
    grow.
    """

    file: LogFile
    clock: IReactorTime
    json: bool = True
    #: Lines that could not be written since the start.
    lost: int = field(default=0, init=False)
    _lines: list[bytes] = field(factory=list, init=False)
    _size: int = field(default=0, init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)
    _second: int = field(default=-1, init=False)
    _second_text: str = field(default="", init=False)
    _failing: bool = field(default=False, init=False)
    _log: Logger = field(factory=Logger, init=False)

    def record(
        self,
        *,
        request_id: str,
        global_request_id: str,
        pod_request_id: str,
        client: str,
        project_id: str,
        user_id: str,
        surface: str,
        method: str,
        target: bytes,
        status: int,
        sent: int,
        seconds: float,
        pods: Sequence[str],
        pod_seconds: float,
        outcome: str,
    ) -> None:
        """
        Take one finished request.

        :param client: the address that the connection came from.
        :param target: path and query as they were sent; secrets in them are hidden here.
        :param sent: bytes of the answer's body.
        :param seconds: from the request's head to the answer's end.
        :param pods: names of the pods that were reached.
        :param pod_seconds: how much of the time was waiting for pods.
        :param outcome: ``ok``, or one word for what went wrong: ``client_gone``, ``pod_timeout``, …
        """
        entry: dict[str, Any] = {
            "time": self._time(),
            "request_id": request_id,
            "global_request_id": global_request_id,
            "pod_request_id": pod_request_id,
            "client": client,
            "project_id": project_id,
            "user_id": user_id,
            "surface": surface,
            "method": method,
            "path": target_without_secrets(target),
            "status": status,
            "bytes": sent,
            "ms": round(seconds * 1000, 3),
            "pods": pods,
            "pod_ms": round(pod_seconds * 1000, 3),
            "outcome": outcome,
        }
        line = _json_line(entry) if self.json else _text_line(entry)
        self._lines.append(line)
        self._size += len(line)
        if self._size >= FLUSH_BYTES:
            self.flush()
        elif self._timer is None:
            self._timer = self.clock.callLater(FLUSH_SECONDS, self._due)

    def flush(self) -> None:
        """
        Write what was collected, now.
        """
        lines, self._lines, self._size = self._lines, [], 0
        if not lines:
            return
        try:
            self.file.write(b"".join(lines))
        except OSError as why:
            self.lost += len(lines)
            if not self._failing:
                self._failing = True
                self._log.error("The access log cannot be written; lines are dropped: {why}", why=str(why))
        else:
            if self._failing:
                self._failing = False
                self._log.info("The access log is written again; {lost} lines are lost.", lost=self.lost)

    def reopen(self) -> None:
        """
        Write what was collected to the old file and go on in a new one.

        :raises OSError: as :meth:`LogFile.reopen`.
        """
        self.flush()
        self.file.reopen()

    def stop(self) -> None:
        """
        Write what was collected; the file stays open, for other writers may share it.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.flush()

    def _due(self) -> None:
        self._timer = None
        self.flush()

    def _time(self) -> str:
        now = self.clock.seconds()
        second = int(now)
        if second != self._second:
            self._second = second
            self._second_text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._second_text}.{int((now - second) * 1000):03d}Z"


def _json_line(entry: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Text that is not Unicode cannot come from bytes that were decoded as Latin-1; a pod's name may
        # hold some.
        return orjson.dumps(
            {name: str(value).encode("utf-8", "replace").decode() for name, value in entry.items()},
            option=orjson.OPT_APPEND_NEWLINE,
        )


def _text_line(entry: dict[str, Any]) -> bytes:
    line = (
        f"{entry['time']} {entry['client'] or '-'} {entry['surface']} {entry['method']} {entry['path']}"
        f" {entry['status']} {entry['bytes']} {entry['ms']:.3f}"
        f" pods={','.join(entry['pods']) or '-'} pod_ms={entry['pod_ms']:.3f}"
        f" user={entry['user_id'] or '-'} project={entry['project_id'] or '-'}"
        f" request={entry['request_id']} global={entry['global_request_id'] or '-'}"
        f" pod_request={entry['pod_request_id'] or '-'} {entry['outcome']}"
    )
    if not line.isprintable():
        # A client's bytes must not begin a line of their own.
        line = "".join(letter if letter.isprintable() else "?" for letter in line)
    return line.encode("utf-8", "replace") + b"\n"
