"""
``python -m cloud tempest``: at a pod, at the top region, and the difference.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from cloud.databases import Databases
from cloud.install import Environment
from cloud.lifecycle import Cloud
from cloud.plan import ADMIN_PASSWORD, ADMIN_PORT, CHECKOUT, Plan, Pod, WrongSetting
from cloud.processes import StepFailed
from cloud.steps import Steps
from cloud.tempest.results import Comparison, Results, total
from cloud.tempest.running import Order, Workers, listed
from cloud.tempest.settings import TOP, Facts, Mode, Place, places, tempest_conf
from cloud.tempest.worker import BINDING_VARIABLE

#: What runs alone: hosts and aggregates are everybody's.
SERIAL = "tempest.serial_tests"
PACKAGES = ("tempest.api.compute", "tempest.api.volume", SERIAL)
_LOCK = CHECKOUT / "cloud" / "locks" / "tempest.txt"


def parser() -> argparse.ArgumentParser:
    """
    The words of the command.
    """
    made = argparse.ArgumentParser(
        prog="python -m cloud tempest",
        description="Run tempest's compute, volume and serial tests at a pod and at the top region, and compare. What has a "
        "result is not run again: a run that was interrupted goes on where it was.",
    )
    made.add_argument("--at", metavar="PLACE", help="run at this place alone: top, or a pod such as pod1")
    made.add_argument(
        "--mode", choices=[each.value for each in Mode], help="with a fixed network, or without, alone"
    )
    made.add_argument("--tests", metavar="REGEX", default="", help="the tests whose names this is found in")
    made.add_argument(
        "--failed-before", action="store_true", help="run again what failed at the place, nothing else"
    )
    made.add_argument("--again", action="store_true", help="run what is selected again, whatever its result")
    made.add_argument("--afresh", action="store_true", help="forget all results first")
    made.add_argument("--report", action="store_true", help="run nothing, compare what there is")
    made.add_argument("--workers", metavar="N", type=int, default=2, help="processes side by side; 2")
    return made


@define(kw_only=True)
class Tempest:
    """
    The suite over one cloud that runs.
    """

    steps: Steps
    #: The pod that the top region is compared with.
    baseline: Pod
    workers: int = 2
    _facts: dict[str, Facts] = field(factory=dict, init=False)

    @property
    def plan(self) -> Plan:
        """
        The cloud.
        """
        return self.steps.plan

    @property
    def folder(self) -> Path:
        """
        Where results, configuration and logs are.
        """
        return self.plan.base / "tempest"

    @property
    def environment(self) -> Environment:
        """
        tempest's own Python environment.
        """
        return Environment(steps=self.steps, name="tempest", lock=_LOCK)

    def prepare(self) -> None:
        """
        Install what is missing.

        :raises StepFailed: if a package cannot be had.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment.install("tempest from PyPI")

    def results(self, place: str, mode: Mode) -> Results:
        """
        What is known of a place in a mode.
        """
        return Results(path=self.folder / f"{place}-{mode}.jsonl")

    def comparisons(self, modes: Iterable[Mode]) -> list[Comparison]:
        """
        Each mode at the pod and at the top.
        """
        return [
            Comparison(mode=mode, pod=self.results(self.baseline.name, mode), top=self.results(TOP, mode))
            for mode in modes
        ]

    def run(self, place: Place, mode: Mode, *, pattern: str, failed_before: bool, again: bool) -> None:
        """
        Run at a place what is to be run there. At the top region that is what passes at the pod.
        """
        results = self.results(place.name, mode)
        names = re.compile(pattern)
        passed = self.results(self.baseline.name, mode).named("pass") if place.is_top else None
        failed = results.named("fail")
        orders: list[Order] = []
        for kind, tests in self._classes(mode).items():
            chosen = [
                test
                for test in tests
                if names.search(test)
                and (passed is None or test in passed)
                and (not failed_before or test in failed)
                and (failed_before or again or test not in results.by_test)
            ]
            if chosen:
                orders.append((kind, chosen))
        number = sum(len(tests) for _, tests in orders)
        self.steps.say(f"{place.name}, {mode}: {number} tests to run")
        if not orders:
            return
        pods = self.plan.pods if place.is_top else (self.baseline,)
        workers = Workers(
            python=self.environment.python,
            log=self.folder / f"{place.name}-{mode}.log",
            environments=[self._variables(place, mode, pod) for pod in pods],
            share=lambda which: results.share(pods[which].name),
            number=self.workers,
        )
        counted = 0

        def told(value: Mapping[str, Any]) -> None:
            nonlocal counted
            if "test" in value:
                results.add(value)
                counted += 1
                if value["outcome"] == "fail":
                    self.steps.say(f"{counted}/{number} fail {value['test']}: {value['why'][:200]}")
                return
            self.steps.say(f"{counted}/{number} {value['class']}")
            made = self._made(value["projects"])
            if any(any(counts.values()) for counts in made.values()):
                results.add({"made": made})

        apart = [order for order in orders if order[0].startswith(SERIAL)]
        workers.run([order for order in orders if order not in apart], told)
        evolve(workers, number=1).run(apart, told)

    def _classes(self, mode: Mode) -> dict[str, list[str]]:
        place = places(self.plan)[self.baseline.name]
        log = self.folder / f"{place.name}-{mode}.log"
        return listed(self.environment.python, log, self._variables(place, mode, self.baseline), PACKAGES)

    def _variables(self, place: Place, mode: Mode, pod: Pod) -> dict[str, str]:
        """
        What a worker runs with. At the top region its new projects are bound to the pod whose networks it knows.
        """
        name = f"{place.name}-{mode}-{pod.name}"
        if pod.name not in self._facts:
            self._facts[pod.name] = Facts.asked(self.plan, pod)
        configuration = self.folder / f"{name}.conf"
        configuration.write_text(
            tempest_conf(
                self.plan,
                place,
                mode,
                pod,
                self._facts[pod.name],
                log=self.folder / f"{name}.requests.log",
                locks=self.folder / "lock" / f"{place.name}-{mode}",
            )
        )
        variables = {
            **self.plan.environment(),
            "HOME": str(self.folder),
            "TEMPEST_CONFIG_DIR": str(self.folder),
            "TEMPEST_CONFIG": configuration.name,
        }
        if place.is_top:
            variables[BINDING_VARIABLE] = json.dumps(
                {
                    "keystone": self.plan.keystone,
                    "password": ADMIN_PASSWORD,
                    "admin_api": f"http://127.0.0.1:{ADMIN_PORT}",
                    "pod": pod.region,
                }
            )
        return variables

    def _made(self, projects: Sequence[str]) -> dict[str, dict[str, int]]:
        """
        How many servers and volumes of projects each pod got: rows of what was deleted stay.
        """
        if not projects:
            return {}
        databases = Databases(steps=self.steps)
        listed_ids = ", ".join(f"'{project}'" for project in projects)
        return {
            pod.name: {
                kind: int(
                    databases.query(
                        f"select count(*) from {pod.name}_{table} where project_id in ({listed_ids})"
                    )
                )
                for kind, table in (("servers", "nova.instances"), ("volumes", "cinder.volumes"))
            }
            for pod in self.plan.pods
        }


def tempest(steps: Steps, words: Sequence[str]) -> int:
    """
    Carry out the command; its exit status is 0 when every test that passes at the pod passes at the top.

    :raises StepFailed: if something cannot be installed or started.
    :raises WrongSetting: if a place is none.
    """
    wanted = parser().parse_args(words)
    known = places(steps.plan)
    if wanted.at is not None and wanted.at not in known:
        raise WrongSetting(f"--at {wanted.at}: one of {', '.join(known)} is meant")
    try:
        re.compile(wanted.tests)
    except re.error as error:
        raise WrongSetting(f"--tests {wanted.tests}: {error}") from error
    at_pod = wanted.at is not None and not known[wanted.at].is_top
    baseline = next((pod for pod in steps.plan.pods if at_pod and pod.name == wanted.at), steps.plan.pods[0])
    if not wanted.report:
        _need(steps)
    suite = Tempest(steps=steps, baseline=baseline, workers=max(1, wanted.workers))
    modes = [Mode(wanted.mode)] if wanted.mode else list(Mode)
    at = [wanted.at] if wanted.at else [baseline.name, TOP]
    if not wanted.report:
        suite.prepare()
        for place in at:
            for mode in modes:
                if wanted.afresh:
                    suite.results(place, mode).forget()
                suite.run(
                    known[place],
                    mode,
                    pattern=wanted.tests,
                    failed_before=wanted.failed_before,
                    again=wanted.again,
                )
    return _told(steps, suite.comparisons(modes))


def _need(steps: Steps) -> None:
    """
    Look before the tests do, which would fail one by one.

    :raises StepFailed: if something of the cloud does not run.
    """
    missing = Cloud(steps=steps).missing()
    if missing:
        raise StepFailed(f"{', '.join(missing)} does not run; `make cloud` starts it")


def _told(steps: Steps, comparisons: Sequence[Comparison]) -> int:
    for comparison in comparisons:
        for line in comparison.lines():
            steps.say(line)
        if comparison.wanted:
            for line in comparison.uneven():
                steps.say(f"  does not count: {line}")
    passing, wanted = total(comparisons)
    steps.say(f"tempest: {passing} of {wanted} tests that pass at a pod pass at the top")
    return int(passing < wanted)
