"""
What tests gave, kept in files of one JSON object a line, so that a run that ends early can be continued.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

#: What is counted of each pod.
KINDS = ("servers", "volumes")


@frozen(kw_only=True)
class Result:
    """
    The newest result of one test.
    """

    test: str
    #: ``pass``, ``fail`` or ``skip``.
    outcome: str
    #: The first line of its failure, or the reason why it was skipped.
    why: str = ""


@define(kw_only=True)
class Results:
    """
    One place and mode. A later line about a test counts instead of an earlier one.
    """

    path: Path
    by_test: dict[str, Result] = field(factory=dict, init=False)
    #: What each pod got, by its name: ``servers`` and ``volumes``, since the file was begun.
    made: dict[str, dict[str, int]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        try:
            lines = self.path.read_text().splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                self._take(json.loads(line))
            except ValueError:
                # the last line of a run that was killed while it wrote
                continue

    def add(self, told: Mapping[str, Any]) -> None:
        """
        Keep what a worker told of a test, or what pods got meanwhile.
        """
        self._take(told)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(dict(told)) + "\n")

    def forget(self) -> None:
        """
        Begin anew.
        """
        self.path.unlink(missing_ok=True)
        self.by_test.clear()
        self.made.clear()

    def named(self, outcome: str) -> set[str]:
        """
        The tests with an outcome.
        """
        return {each.test for each in self.by_test.values() if each.outcome == outcome}

    def share(self, pod: str) -> float:
        """
        The part of all servers, or of all volumes, that a pod got, whichever is smaller; 0 where there are none.
        """
        parts = []
        for kind in KINDS:
            every = sum(counts.get(kind, 0) for counts in self.made.values())
            if every:
                parts.append(self.made.get(pod, {}).get(kind, 0) / every)
        return min(parts, default=0.0)

    def _take(self, told: Mapping[str, Any]) -> None:
        if "made" in told:
            for pod, counts in told["made"].items():
                mine = self.made.setdefault(pod, {})
                for kind, number in counts.items():
                    mine[kind] = mine.get(kind, 0) + number
        else:
            result = Result(test=told["test"], outcome=told["outcome"], why=told.get("why", ""))
            self.by_test[result.test] = result


@frozen(kw_only=True)
class Comparison:
    """
    A pod and the top region in one mode.
    """

    mode: str
    pod: Results
    top: Results
    #: The least part of all servers, and of all volumes, that each pod must have got, or the run does not count.
    least: float = 0.3

    @property
    def wanted(self) -> set[str]:
        """
        The tests that pass at the pod.
        """
        return self.pod.named("pass")

    @property
    def kept(self) -> set[str]:
        """
        Those of them that pass at the top too.
        """
        return self.wanted & self.top.named("pass")

    def uneven(self) -> list[str]:
        """
        Why the run does not count; empty where it does.
        """
        said = []
        for kind in KINDS:
            every = sum(counts.get(kind, 0) for counts in self.top.made.values())
            for pod, counts in sorted(self.top.made.items()):
                if counts.get(kind, 0) < self.least * every:
                    said.append(
                        f"{pod} got {counts.get(kind, 0)} of {every} {kind}, less than {self.least:.0%}"
                    )
        return said if self.top.made else ["nothing was counted"]

    def differences(self) -> Iterable[Result]:
        """
        The tests that pass at the pod and were run at the top without passing, as the top has them.
        """
        for test in sorted(self.wanted - self.kept):
            if test in self.top.by_test:
                yield self.top.by_test[test]

    def lines(self) -> list[str]:
        """
        The comparison for people.
        """
        pod = ", ".join(f"{len(self.pod.named(each))} {each}" for each in ("pass", "fail", "skip"))
        said = [f"{self.mode}: at the pod {pod}; of those that pass {len(self.kept)} pass at the top"]
        for name, counts in sorted(self.top.made.items()):
            said.append(
                f"  {name} got {counts.get('servers', 0)} servers and {counts.get('volumes', 0)} volumes"
            )
        waiting = len(self.wanted - self.top.by_test.keys())
        if waiting:
            said.append(f"  {waiting} of them were not run at the top yet")
        for result in self.differences():
            said += [f"  {result.outcome}: {result.test}", f"      {result.why}"]
        return said


def total(comparisons: Iterable[Comparison]) -> tuple[int, int]:
    """
    How many tests pass at the top, of how many that pass at a pod. A test passes at the top when it does in every mode in
    which it passes at the pod, in runs that count.
    """
    wanted: set[str] = set()
    missed: set[str] = set()
    for each in comparisons:
        wanted |= each.wanted
        missed |= each.wanted if each.uneven() else each.wanted - each.kept
    return len(wanted - missed), len(wanted)
