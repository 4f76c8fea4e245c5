"""
The daemon as users run it: ``twistd trio2o`` in a process of its own, before the fake pods of a test.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from tests.functional.cloud import Client, Cloud, Person, PodPlan, merged, pause, reactor
from tests.interface.waiting import until

ROOT = Path(__file__).resolve().parents[2]
_SERVED = re.compile(r"(compute|volume|admin) at IPv4Address\(type='TCP', host='127\.0\.0\.1', port=(\d+)\)")

#: What the tests of this machine want: no long waits.
_SETTINGS: Mapping[str, Any] = {
    "pod_defaults": {"probe_interval_seconds": 60.0, "list_timeout_seconds": 3.0},
    "limits": {"negative_routes_seconds": 0.0},
    "drain_seconds": 5.0,
}


class _Output(ProcessProtocol):
    """
    Collects what a process writes.
    """

    def __init__(self) -> None:
        self.text = ""
        self.status: int | None = None
        self.ended: Deferred[None] = Deferred()

    def outReceived(self, data: bytes) -> None:
        self.text += data.decode("utf-8", "replace")

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:  # type: ignore[override]
        value: Any = reason.value
        self.status = -value.signal if value.signal is not None else value.exitCode
        self.ended.callback(None)


@define(kw_only=True)
class DaemonProcess:
    """
    One process.
    """

    cloud: Cloud
    path: Path
    settings: dict[str, Any]
    environment: Mapping[str, str] = field(factory=dict)
    _output: _Output = field(factory=_Output)
    _transport: Any = None
    _ports: dict[str, int] = field(factory=dict)

    @property
    def text(self) -> str:
        """
        What it has written so far.
        """
        return self._output.text

    @property
    def status(self) -> int | None:
        """
        Its exit status, negative for a signal; ``None`` while it runs.
        """
        return self._output.status

    @property
    def pid(self) -> int:
        """
        Its process id.
        """
        pid: int = self._transport.pid
        return pid

    def write(self, **changes: Any) -> None:
        """
        Write its configuration, with changes on the first level.
        """
        self.settings.update(changes)
        self.path.write_text(json.dumps(self.settings))

    def spawn(self, *options: str) -> None:
        """
        Start the process; twistd's options keep it in the foreground unless others are given.
        """
        self._output = _Output()
        command = [str(Path(sys.executable).parent / "twistd"), *(options or ("--nodaemon", "--pidfile="))]
        command += ["trio2o", "--config", str(self.path)]
        environment = {
            **{name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"},
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **self.environment,
        }
        self._transport = reactor.spawnProcess(
            self._output, command[0], command, env=environment, path=str(self.cloud.folder)
        )

    async def start(self, *, limit: float = 60.0) -> None:
        """
        Start the process and wait until it serves.
        """
        self.spawn()
        await until(lambda: self.status is not None or " over " in self._served(), limit=limit)
        if self.status is not None:
            raise AssertionError(f"the daemon ended with {self.status}: {self.text}")
        self.found_in(self._served())

    def found_in(self, text: str) -> None:
        """
        Learn the ports from the event that tells them.
        """
        self._ports = {name: int(port) for name, port in _SERVED.findall(text)}

    def signal(self, number: int) -> None:
        """
        Send it a signal.
        """
        self._transport.signalProcess(number)

    async def ended(self, limit: float = 15.0) -> int:
        """
        Wait for its end and give its status.
        """
        await until(lambda: self.status is not None, limit=limit)
        assert self.status is not None
        return self.status

    async def stop(self) -> None:
        """
        End it, whatever state it is in.
        """
        if self._transport is None or self.status is not None:
            return
        try:
            self.signal(signal.SIGTERM)
            await until(lambda: self.status is not None, limit=10)
        except (ProcessExitedAlready, AssertionError):
            if self.status is None:
                self.signal(signal.SIGKILL)
                await self._output.ended

    def client(self, person: Person, surface: str) -> Client:
        """
        A person's client of it.
        """
        return Client(
            http=self.cloud.http,
            origin=f"http://127.0.0.1:{self._ports[surface]}",
            surface=surface,
            project_id=person.project_id,
            token=person.token,
        )

    def _served(self) -> str:
        found = [line for line in self.text.splitlines() if "serving " in line and " over " in line]
        return found[-1] if found else ""


async def daemon_process(
    test: TestCase,
    cloud: Cloud,
    plans: Sequence[PodPlan],
    *,
    settings: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    start: bool = True,
    name: str = "process",
) -> DaemonProcess:
    """
    A daemon before a cloud's pods; the test's cleanup ends it.

    :param name: of its configuration file, where a test has several.
    """
    written = merged(cloud.base_settings(plans, 0), _SETTINGS, settings or {})
    process = DaemonProcess(
        cloud=cloud, path=cloud.folder / f"{name}.yaml", settings=written, environment=environment or {}
    )
    process.write()
    test.addCleanup(process.stop)
    if start:
        await process.start()
    return process


async def refused_connections(port_of: Client) -> bool:
    """
    True once nobody listens where a client asks.
    """
    for _ in range(100):
        try:
            await port_of.with_token(None).get("/healthcheck")
        except Exception:  # noqa: BLE001 - refused, reset or cut off: nobody serves
            return True
        await pause(0.02)
    return False


def children(of: int) -> set[int]:
    """
    The process ids of a process's children.
    """
    found = Path(f"/proc/{of}/task/{of}/children").read_text()
    return {int(each) for each in found.split()}


def lives(process: int) -> bool:
    """
    False for a process that has ended.
    """
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        # the second where it ends between being opened and being read
        return False
