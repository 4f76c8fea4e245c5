"""
Tests in processes side by side, each with tempest loaded once.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from cloud.processes import StepFailed, tail

WORKER = Path(__file__).with_name("worker.py")

#: A class of tests, and which of them to run; ``None`` for all.
Order = tuple[str, Sequence[str]]


@frozen(kw_only=True)
class Workers:
    """
    The processes of one run.
    """

    #: The Python of tempest's environment.
    python: Path
    log: Path
    #: What tests run with: each class with that of the lowest :attr:`share`, and by turns where they are equal.
    environments: Sequence[Mapping[str, str]]
    #: What part of everything an environment has had so far.
    share: Callable[[int], float]
    #: How many classes run at a time.
    number: int
    #: Seconds without a result after which a process is ended, and the rest of its class has failed.
    patience: float = 1200.0

    def run(self, orders: Sequence[Order], told: Callable[[Mapping[str, Any]], None]) -> None:
        """
        Run everything, telling each result as it comes, one at a time, and after each class the projects that it had.

        :raises StepFailed: if no process can be started.
        """
        waiting = list(reversed(orders))
        used = [0] * len(self.environments)
        lock = threading.Lock()
        failures: list[StepFailed] = []

        def tell(value: Mapping[str, Any]) -> None:
            with lock:
                told(value)

        def following() -> tuple[Order, int] | None:
            with lock:
                if not waiting:
                    return None
                which = min(range(len(used)), key=lambda each: (self.share(each), used[each]))
                used[which] += 1
                return waiting.pop(), which

        def work() -> None:
            try:
                self._work(following, tell)
            except StepFailed as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(self.number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _work(
        self,
        following: Callable[[], tuple[Order, int] | None],
        tell: Callable[[Mapping[str, Any]], None],
    ) -> None:
        workers: dict[int, _Worker] = {}
        try:
            while (ordered := following()) is not None:
                (name, tests), which = ordered
                if which not in workers:
                    workers[which] = _Worker(self.python, self.log, self.environments[which])
                left = set(tests)
                projects = []
                for value in workers[which].results(name, tests, self.patience):
                    if "project" in value:
                        projects.append(value["project"])
                        continue
                    left.discard(value["test"])
                    tell(value)
                if workers[which].ended:
                    for test in sorted(left):
                        why = "the process ended or gave no result in time"
                        tell({"test": test, "outcome": "fail", "why": why})
                    workers.pop(which).stop()
                tell({"class": name, "projects": projects})
        finally:
            for worker in workers.values():
                worker.stop()


class _Worker:
    """
    One process. It gets a session of its own, so that it ends with everything that it started.
    """

    def __init__(self, python: Path, log: Path, environment: Mapping[str, str]) -> None:
        self.ended = False
        self._left = b""
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                # -P: the worker's folder is no place to import from
                [str(python), "-P", str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=dict(environment),
                cwd=log.parent,
                start_new_session=True,
                bufsize=0,
            )

    def results(self, name: str, tests: Sequence[str], patience: float) -> Iterator[dict[str, Any]]:
        """
        Run a class and give its results as they come.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"class": name, "tests": list(tests)}).encode() + b"\n")
        except BrokenPipeError:
            self.ended = True
            return
        while True:
            line = self._line(patience)
            if line is None:
                self.ended = True
                return
            value = json.loads(line)
            if "done" in value:
                return
            yield value

    def stop(self) -> None:
        """
        End it.
        """
        assert self._process.stdin is not None
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self._process.stdin.close()
        self._process.wait()

    def _line(self, patience: float) -> bytes | None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._left:
            if not select.select([descriptor], [], [], patience)[0]:
                return None
            more = os.read(descriptor, 65536)
            if not more:
                return None
            self._left += more
        line, self._left = self._left.split(b"\n", 1)
        return line


def listed(
    python: Path, log: Path, environment: Mapping[str, str], packages: Sequence[str]
) -> dict[str, list[str]]:
    """
    The tests of packages, by their classes.

    :raises StepFailed: if they cannot be imported.
    """
    with log.open("ab") as errors:
        asked = subprocess.run(
            [str(python), "-P", str(WORKER), "--list", *packages],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(environment),
            cwd=log.parent,
            check=False,
        )
    if asked.returncode:
        raise StepFailed(f"tempest's tests cannot be listed; the last lines of {log}:\n{tail(log)}")
    found: dict[str, list[str]] = json.loads(asked.stdout)
    return found
