"""
Processes that outlive the command that starts them, each known by its pid and its start time.

A pid file holds both, since a pid alone may be another program's by now. An environment mark would not last: gunicorn and
others overwrite what ``/proc`` shows of theirs.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import frozen

_INTERVAL = 0.2


class StepFailed(Exception):
    """
    A step went wrong; the text says which, and where its log is.
    """


@frozen(kw_only=True)
class Process:
    """
    One process and those that it starts: a session of their own.
    """

    name: str
    run: Path
    logs: Path

    @property
    def log(self) -> Path:
        """
        Where their output goes.
        """
        return self.logs / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """
        Where its pid and start time are kept.
        """
        return self.run / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """
        Its pid while it runs.
        """
        try:
            pid, born = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if born and _born(int(pid)) == born else None

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> bool:
        """
        Start it unless it runs; True when it was started.
        """
        if self.pid is not None:
            return False
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(environment),
                start_new_session=True,
                # a server started from a folder that is removed later could not name its own any more
                cwd="/",
            )
        self.pid_file.write_text(f"{child.pid} {_born(child.pid)}\n")
        return True

    def started_at(self) -> float:
        """
        When it was started, in seconds since the epoch.
        """
        return self.pid_file.stat().st_mtime

    def signal(self, number: int) -> None:
        """
        Send a signal to all of them.
        """
        pid = self.pid
        if pid is not None:
            try:
                os.killpg(pid, number)
            except ProcessLookupError:
                pass

    def ended(self) -> StepFailed:
        """
        The failure to raise where it runs no more.
        """
        return StepFailed(f"{self.name} ended; the last lines of {self.log}:\n{tail(self.log)}")


def stop(processes: Iterable[Process], patience: float = 15.0) -> list[str]:
    """
    End processes side by side: SIGTERM, after ``patience`` seconds SIGKILL. The names of those that ran.
    """
    running = [process for process in processes if process.pid is not None]
    for process in running:
        process.signal(signal.SIGTERM)
    deadline = time.monotonic() + patience
    while any(process.pid is not None for process in running) and time.monotonic() < deadline:
        reap()
        time.sleep(_INTERVAL)
    for process in running:
        process.signal(signal.SIGKILL)
        process.pid_file.unlink(missing_ok=True)
    reap()
    return [process.name for process in running]


def listens(port: int) -> bool:
    """
    True when something accepts connections at a port of the loopback address.
    """
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tail(log: Path, lines: int = 12) -> str:
    """
    The last lines of a log.
    """
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def reap() -> None:
    """
    Collect children that ended, so that they are not taken for running ones.
    """
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _born(pid: int) -> str:
    """
    The start time of a process in clock ticks since boot; empty when it is gone or a zombie.
    """
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] == "Z" else after_name[19]
