"""
``python -m tests.races``: run the races and print their figures. The status is 1 when a promise was not kept.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from tests.races.coherence import hosts, visibility
from tests.races.findings import Findings
from tests.races.first_creates import many_projects, one_project
from tests.races.killed_workers import killed_workers
from tests.races.quotas import limit_at_once, limit_in_trouble, limited
from tests.races.stage import IMPATIENT, Stage, a_cloud, workers

PARTS = ("creates", "quotas", "kills", "coherence")


def _load() -> str:
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} cores, load {one:.1f} (5 minutes: {five:.1f})"


async def raced(findings: Findings, wanted: argparse.Namespace) -> None:
    """
    Run what is wanted, each part with daemons of its own.
    """
    stage = Stage()
    chance = random.Random(wanted.seed)
    try:
        cloud = await a_cloud(stage)
        if "creates" in wanted.parts:
            daemon = await workers(stage, cloud, wanted.workers)
            await one_project(findings, cloud, daemon, wanted.creates)
            await many_projects(findings, cloud, daemon, wanted.projects, 5)
            await daemon.stop()
        if "quotas" in wanted.parts:
            daemon = await workers(stage, cloud, wanted.workers, **limited(wanted.limit))
            await limit_at_once(findings, cloud, daemon, creates=5 * wanted.limit, limit=wanted.limit)
            await daemon.stop()
            daemon = await workers(stage, cloud, wanted.workers, **limited(wanted.clients))
            await limit_in_trouble(
                findings,
                cloud,
                daemon,
                limit=wanted.clients,
                clients=wanted.clients,
                kills=wanted.kills,
                random=chance,
            )
            await daemon.stop()
        if "kills" in wanted.parts:
            daemon = await workers(stage, cloud, wanted.workers, **IMPATIENT)
            await killed_workers(
                findings,
                cloud,
                daemon,
                workers=wanted.workers,
                clients=wanted.clients,
                kills=wanted.kills,
                random=chance,
            )
            await daemon.stop()
        if "coherence" in wanted.parts:
            daemons = await hosts(stage, cloud, wanted.workers)
            for rate in (0.0, wanted.rate):
                await visibility(findings, cloud, daemons, commits=wanted.commits, rate=rate, random=chance)
    finally:
        await stage.clear()


def main(reactor: Any, *arguments: str) -> Deferred[None]:
    """
    The command.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all where none is named"
    )
    parser.add_argument("--workers", type=int, default=4, help="how many processes serve")
    parser.add_argument("--creates", type=int, default=1000, help="first creates of one project")
    parser.add_argument("--projects", type=int, default=60, help="projects with first creates at once")
    parser.add_argument(
        "--limit",
        type=int,
        default=100,
        help="servers that a project may have, of five times as many creates",
    )
    parser.add_argument("--kills", type=int, default=12, help="how often a worker is killed")
    parser.add_argument("--clients", type=int, default=16, help="who creates meanwhile")
    parser.add_argument("--commits", type=int, default=200, help="changes whose way to the others is timed")
    parser.add_argument("--rate", type=float, default=50, help="requests of users per second meanwhile")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="what chance goes by")
    wanted = parser.parse_args(arguments)
    wanted.parts = wanted.parts or PARTS
    findings = Findings()

    async def run() -> None:
        print(f"{wanted.workers} processes, seed {wanted.seed}; {_load()}")
        await raced(findings, wanted)
        print(_load())
        for problem in findings.problems:
            print(f"NOT KEPT: {problem}")
        print(
            f"{len(findings.problems)} promises were not kept"
            if findings.problems
            else "every promise was kept"
        )
        if findings.problems:
            raise SystemExit(1)

    return Deferred.fromCoroutine(run())


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    react(main, sys.argv[1:])
