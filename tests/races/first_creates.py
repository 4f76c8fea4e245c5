"""
First creates of projects that have no binding, through all processes at once (I10).
"""

from __future__ import annotations

import re
import time
from collections import Counter

from tests.functional.cloud import Cloud
from tests.functional.daemon_process import DaemonProcess
from tests.races.findings import Findings, times
from tests.races.judging import judge
from tests.races.makers import Outcome, Wish, at_once

#: So many connections at once are accepted by more than one process.
_SPREAD = 100

_CREATES = re.compile(r'trio2o_requests_total\{method="POST",operation="/servers",.*worker="(\d+)"\} (\S+)')


async def one_project(findings: Findings, cloud: Cloud, daemon: DaemonProcess, creates: int) -> None:
    """
    So many creates of one new project at the same time.
    """
    (person,) = cloud.projects(1)
    client = daemon.client(person, "compute")
    findings.tell(f"{creates} first creates of one project at once")
    outcomes = await _raced(
        findings, cloud, daemon, [Wish(client=client, name=f"a{n}") for n in range(creates)]
    )
    await judge(findings, cloud, [client], outcomes)


async def many_projects(
    findings: Findings, cloud: Cloud, daemon: DaemonProcess, projects: int, each: int
) -> None:
    """
    So many new projects with some creates each, all at the same time.
    """
    clients = [daemon.client(person, "compute") for person in cloud.projects(projects)]
    findings.tell(f"{each} first creates each of {projects} projects at once")
    wishes = [
        Wish(client=client, name=f"b{number}-{turn}")
        for turn in range(each)
        for number, client in enumerate(clients)
    ]
    outcomes = await _raced(findings, cloud, daemon, wishes)
    await judge(findings, cloud, clients, outcomes)


async def _raced(
    findings: Findings, cloud: Cloud, daemon: DaemonProcess, wishes: list[Wish]
) -> list[Outcome]:
    before = await creates_by_worker(cloud, daemon)
    began = time.monotonic()
    outcomes = await at_once(wishes)
    took = time.monotonic() - began
    after = await creates_by_worker(cloud, daemon)
    statuses = Counter(outcome.status for outcome in outcomes)
    findings.tell(
        f"  answers {dict(statuses)} in {took:.1f} s, {len(outcomes) / took:.0f} per second;"
        f" {times([outcome.seconds for outcome in outcomes])}"
    )
    again = sum(outcome.tries > 1 for outcome in outcomes)
    if again:
        findings.tell(f"  {again} were refused for want of a database connection at first, and tried again")
    findings.tell(f"  creates by process {sorted((after - before).values())}")
    findings.insist(len(after - before) > 1 or len(wishes) < _SPREAD, "one process alone got the creates")
    unanswered = [outcome for outcome in outcomes if not outcome.made]
    why = Counter(f"{outcome.status} {outcome.said[:200]}" for outcome in unanswered)
    findings.insist(not unanswered, f"{len(unanswered)} creates were not answered with a server: {dict(why)}")
    return outcomes


async def creates_by_worker(cloud: Cloud, daemon: DaemonProcess) -> Counter[str]:
    """
    How many creates each worker has answered.
    """
    text = (await daemon.client(cloud.admin, "admin").with_token(None).get("/metrics")).body.decode()
    counted: Counter[str] = Counter()
    for worker, count in _CREATES.findall(text):
        counted[worker] += int(float(count))
    return counted
