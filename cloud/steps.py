"""
Steps that are done once, with their output in a log, and waiting for what takes time.
"""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import define, field

from cloud.plan import Plan
from cloud.processes import Process, StepFailed, listens, reap, tail

PATIENCE = 180.0
_INTERVAL = 0.5


@define(kw_only=True)
class Steps:
    """
    One run of a command.
    """

    plan: Plan
    #: Shows a line of progress.
    say: Callable[[str], None]
    _started: float = field(factory=time.monotonic, init=False)

    def folders(self) -> None:
        """
        Make the folders that everything else stands in. Others than root go through some of them.
        """
        plan = self.plan
        for folder in (plan.configuration, plan.state, plan.logs, plan.done, plan.base / "bin", plan.run):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (plan.base, plan.state):
            folder.chmod(0o755)
        # MariaDB, which runs as its own user, makes its socket here
        plan.run.chmod(0o777)

    def process(self, name: str) -> Process:
        """
        A process by its name.
        """
        return Process(name=name, run=self.plan.run, logs=self.plan.logs)

    def run(self, name: str, *commands: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """
        Run commands one after another, their output in a log.

        :raises StepFailed: if one of them fails.
        """
        log = self.plan.logs / f"{name}.log"
        with log.open("ab") as output:
            for command in commands:
                done = subprocess.run(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=dict(environment or self.plan.environment()),
                    check=False,
                )
                if done.returncode:
                    raise StepFailed(
                        f"{name}: {Path(command[0]).name} failed; the last lines of {log}:\n{tail(log)}"
                    )

    def once(self, name: str, action: Callable[[], None]) -> bool:
        """
        Do something unless it was done before; True when it was done now.
        """
        marker = self.plan.done / name
        if marker.exists():
            return False
        action()
        marker.touch()
        return True

    def until(
        self, process: Process, ready: Callable[[], bool], what: str, patience: float = PATIENCE
    ) -> None:
        """
        Wait until a process is ready.

        :raises StepFailed: if it ends before, or takes too long.
        """
        deadline = time.monotonic() + patience
        while not ready():
            reap()
            if process.pid is None:
                raise process.ended()
            if time.monotonic() > deadline:
                raise StepFailed(f"{process.name} {what} after {patience:.0f} s; see {process.log}")
            time.sleep(_INTERVAL)

    def until_listening(self, process: Process, port: int) -> None:
        """
        Wait until a process listens.

        :raises StepFailed: as :meth:`until`.
        """
        self.until(process, lambda: listens(port), f"does not listen on port {port}")

    def until_answering(self, process: Process, url: str) -> None:
        """
        Wait until an API answers anything that is no server error.

        :raises StepFailed: as :meth:`until`.
        """
        self.until(process, lambda: _answers(url), f"does not answer on {url}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status < 500)
    except urllib.error.HTTPError as error:
        with error:
            return error.code < 500
    except OSError:
        return False
