"""
A daemon of a test's own in front of the cloud's pods, beside the one in the catalog: with other zones, and a memory of its own.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from attrs import define, evolve, field
from twisted.python import log

from cloud.plan import CHECKOUT, Plan
from tests.cloud.places import Place, TestCloud

_SERVED = re.compile(r"(compute|volume|admin) at IPv4Address\(type='TCP', host='127\.0\.0\.1', port=(\d+)\)")

#: Seconds that a start, with an empty PostgreSQL of its own, may take on a busy machine.
_START = 120.0


@define(kw_only=True, eq=False)
class OwnDaemon:
    """
    One process; made by :func:`own_daemon`.
    """

    folder: Path
    _process: subprocess.Popen[bytes]
    ports: Mapping[str, int] = field(factory=dict)

    @property
    def admin_url(self) -> str:
        """
        The root of its Admin API.
        """
        return f"http://127.0.0.1:{self.ports['admin']}/v1.0"

    def place(self, cloud: TestCloud) -> Place:
        """
        It as users see it.
        """
        roots = {name: f"http://127.0.0.1:{self.ports[name]}" for name in ("compute", "volume")}
        return evolve(cloud.top, name="own", roots={**cloud.top.roots, **roots})

    def wait(self) -> None:
        """
        Wait until it serves.

        :raises AssertionError: if it does not.
        """
        deadline = time.monotonic() + _START
        while True:
            text = (self.folder / "output").read_text(errors="replace")
            served = [line for line in text.splitlines() if "serving " in line and " over " in line]
            if served:
                self.ports = {name: int(port) for name, port in _SERVED.findall(served[-1])}
                return
            assert self._process.poll() is None, f"the daemon has ended: {text[-2000:]}"
            assert time.monotonic() < deadline, f"the daemon does not serve: {text[-2000:]}"
            time.sleep(0.2)

    def stop(self) -> None:
        """
        End it as systemd does.
        """
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        log.msg(f"---- own daemon: {(self.folder / 'output').read_text(errors='replace')[-20_000:]}")


def own_daemon(pods: Sequence[Mapping[str, Any]], **settings: Any) -> OwnDaemon:
    """
    Start one with the configuration of the cloud's own daemon but for ports, pods, and what is given; it is there when this
    returns.

    :param pods: its pod list.
    """
    written = yaml.safe_load((Plan.from_environment().configuration / "trio2o" / "trio2o.yaml").read_text())
    folder = Path(tempfile.mkdtemp(prefix="trio2o-own-"))
    # PostgreSQL runs as another user where this is root
    folder.chmod(0o755)
    anywhere = {"endpoints": ["tcp:0:interface=127.0.0.1"]}
    written |= {
        "listen": dict.fromkeys(("compute", "volume", "admin"), anywhere),
        "database": {"state_directory": str(folder / "state")},
        "pods": [dict(pod) for pod in pods],
        **settings,
    }
    (folder / "trio2o.yaml").write_text(yaml.safe_dump(written))
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("twistd")),
                *("--nodaemon", "--pidfile=", "trio2o", "--config", str(folder / "trio2o.yaml")),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"},
            cwd=folder,
        )
    daemon = OwnDaemon(folder=folder, process=process)
    try:
        daemon.wait()
    except BaseException:
        daemon.stop()
        raise
    return daemon
