"""
Background processes that outlive the command which started them, each known by its pid and its start time.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen


class StepFailed(Exception):
    """
    A step of the sandbox went wrong; the text says which, and where its log is.
    """


@frozen(kw_only=True)
class Process:
    """
    One process, its pid file and its log below the sandbox's folder.
    """

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """
        Where its output goes.
        """
        return self.folder / "log" / f"{self.name}.log"

    @property
    def _pid_file(self) -> Path:
        return self.folder / "run" / f"{self.name}.pid"

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """
        Start it in a session of its own, unless it runs already.
        """
        if self.alive():
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._pid_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self._pid_file.write_text(f"{child.pid} {_born(child.pid)}\n")

    @property
    def pid(self) -> int | None:
        """
        The pid of the very process that was started; a new one with its pid is not it. ``None`` when it is gone.
        """
        recorded = self._recorded()
        if recorded is None:
            return None
        pid, born = recorded
        return pid if born and _born(pid) == born else None

    def alive(self) -> bool:
        """
        True while it is there.
        """
        return self.pid is not None

    def signal(self, number: int) -> None:
        """
        Send a signal, if it is there.
        """
        pid = self.pid
        if pid is not None:
            os.kill(pid, number)

    def stop(self, patience: float = 15.0) -> bool:
        """
        End it by SIGTERM, after ``patience`` seconds by SIGKILL; False when it was not there.
        """
        if not self.alive():
            self._pid_file.unlink(missing_ok=True)
            return False
        self.signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        while self.alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.kill()
        self._pid_file.unlink(missing_ok=True)
        return True

    def kill(self) -> None:
        """
        End it and its children at once by SIGKILL, if it is there.
        """
        pid = self.pid
        if pid is not None:
            os.killpg(pid, signal.SIGKILL)
            while self.pid is not None:
                time.sleep(0.01)

    def await_port(self, port: int, patience: float = 60.0) -> None:
        """
        Wait until it listens.

        :raises StepFailed: if it ends before, or does not in time.
        """
        deadline = time.monotonic() + patience
        while not listens(port):
            if not self.alive():
                raise StepFailed(f"{self.name} ended at its start; the end of {self.log}:\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise StepFailed(
                    f"{self.name} does not listen on port {port} after {patience:.0f} s; see {self.log}"
                )
            time.sleep(0.05)

    def _recorded(self) -> tuple[int, str] | None:
        try:
            pid, born = self._pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid), born


def await_port(port: int, *, open_: bool, patience: float = 10.0) -> None:
    """
    Wait until somebody listens, or nobody.

    :raises StepFailed: if that does not come in time.
    """
    deadline = time.monotonic() + patience
    while listens(port) is not open_:
        if time.monotonic() > deadline:
            raise StepFailed(f"port {port} is still {'closed' if open_ else 'open'} after {patience:.0f} s")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """
    True when something on this machine accepts connections at a port of the loopback address.
    """
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tail(log: Path, lines: int = 15) -> str:
    """
    The last lines of a log.
    """
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def _born(pid: int) -> str:
    """
    The start time of a process in clock ticks since boot; empty when it is gone or a zombie.
    """
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] == "Z" else after_name[19]
