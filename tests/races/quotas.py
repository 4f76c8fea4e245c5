"""
Creates against a limit over all pods, through all processes at once: as many are made as there may be, and in the end what is
counted is what pods have.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping
from itertools import count
from random import Random
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, gatherResults

from tests.functional.cloud import Client, Cloud, pause
from tests.functional.daemon_process import DaemonProcess
from tests.races.findings import Findings, times
from tests.races.judging import made
from tests.races.killed_workers import Trouble
from tests.races.makers import Wish, at_once, create
from tests.races.stage import IMPATIENT

#: Seconds until all that was under way is settled and counted: creates of five seconds, two to settle, and the readings after.
_PATIENCE = 60.0

_REFUSED = re.compile(r"Quota exceeded for instances: Requested 1, but already used (\d+) of (\d+) instances")

#: What pods do wrong; what hangs for as long as a create may take is rare.
_KINDS = ("reset", "reset_after", "status", "status_after", "latency_after", "hang_after")


def limited(instances: int) -> dict[str, Any]:
    """
    The settings of daemons with a limit.
    """
    quotas = {"compute": {"instances": instances}, "grace_seconds": 1.0, "projects_seconds": 5.0}
    return {**IMPATIENT, "quotas": quotas}


async def limit_at_once(
    findings: Findings, cloud: Cloud, daemon: DaemonProcess, *, creates: int, limit: int
) -> None:
    """
    So many creates of one new project at the same time, of which so many may be.
    """
    (person,) = cloud.projects(1)
    client = daemon.client(person, "compute")
    findings.tell(f"{creates} creates at once against a limit of {limit}")
    watch = Watch(cloud, client.project_id)
    watching = Deferred.fromCoroutine(watch.run())
    began = time.monotonic()
    outcomes = await at_once([Wish(client=client, name=f"q{n}") for n in range(creates)])
    took = time.monotonic() - began
    statuses = Counter(outcome.status for outcome in outcomes)
    findings.tell(
        f"  answers {dict(statuses)} in {took:.1f} s, {creates / took:.0f} per second;"
        f" {times([outcome.seconds for outcome in outcomes])}"
    )
    there = len(made(cloud, {client.project_id}))
    findings.insist(there == limit, f"{there} servers were made, not {limit}")
    findings.insist(
        dict(statuses) == {202: limit, 403: creates - limit}, f"the answers were {dict(statuses)}"
    )
    said = [_REFUSED.search(outcome.said) for outcome in outcomes if outcome.status == 403]
    wrong = sum(each is None or not 0 <= int(each[1]) <= int(each[2]) == limit for each in said)
    findings.insist(not wrong, f"{wrong} refusals are not in Nova's words")
    await _settled(findings, cloud, client.project_id)
    watch.over = True
    await watching
    findings.insist(watch.most <= limit, f"there were {watch.most} servers at a time")


async def limit_in_trouble(
    findings: Findings,
    cloud: Cloud,
    daemon: DaemonProcess,
    *,
    limit: int,
    clients: int,
    kills: int,
    random: Random,
) -> None:
    """
    So many clients create and delete for as long as it takes to kill workers so often, while pods misbehave. The limit is as many
    as there are clients, so that it is reached again and again.
    """
    (person,) = cloud.projects(1)
    client = daemon.client(person, "compute")
    findings.tell(
        f"{kills} workers killed under creates and deletes of {clients} clients against a limit of {limit}"
    )
    trouble = Trouble(cloud=cloud, daemon=daemon, random=random, kills=kills, kinds=_KINDS)
    making = Deferred.fromCoroutine(trouble.make())
    watch = Watch(cloud, client.project_id)
    watching = Deferred.fromCoroutine(watch.run())
    ended: Counter[str] = Counter()
    numbers = count()

    async def work() -> None:
        mine: list[str] = []
        while not making.called:
            if mine and random.random() < 0.5:
                status = await _deleted(client, mine.pop())
                ended[f"delete {status}"] += 1
                continue
            outcome = await create(Wish(client=client, name=f"t{next(numbers)}"), patience=20.0)
            ended[f"create {outcome.status}"] += 1
            if outcome.made:
                mine.append(outcome.server_id)
            else:
                await pause(0.05)

    began = time.monotonic()
    await gatherResults([Deferred.fromCoroutine(work()) for _ in range(clients)], consumeErrors=True)
    findings.tell(
        f"  {time.monotonic() - began:.0f} s; what pods did wrong: {dict(trouble.faults)}; answers"
        f" {dict(sorted(ended.items()))} (0: a broken connection)"
    )
    await cloud.pool.closeCachedConnections()
    await _settled(findings, cloud, client.project_id)
    watch.over = True
    await watching
    findings.tell(f"  at most {watch.most} servers at a time")
    findings.insist(watch.most <= limit, f"there were {watch.most} servers at a time, limit {limit}")
    findings.insist(ended["create 403"], "nobody was ever refused: that was no race")


async def _deleted(client: Client, server_id: str) -> int:
    try:
        return (await client.delete(f"/v2.1/servers/{server_id}")).status
    except Exception:  # noqa: BLE001 - whatever ends a connection: there was no answer
        return 0


@define
class Watch:
    """
    Counts a project's servers at the pods, all the time.
    """

    _cloud: Cloud
    _project_id: str
    most: int = field(default=0, init=False)
    over: bool = field(default=False, init=False)

    async def run(self) -> None:
        """
        Until it is over.
        """
        while not self.over:
            self.most = max(self.most, len(made(self._cloud, {self._project_id})))
            await pause(0.01)


async def _settled(findings: Findings, cloud: Cloud, project_id: str) -> None:
    """
    Nothing is reserved in the end, and what is used is what pods have.
    """
    began = time.monotonic()
    counted: Mapping[str, tuple[int, int]] = {}
    truth = {}
    while time.monotonic() - began < _PATIENCE:
        truth = {"instances": len(made(cloud, {project_id}))}
        rows = cloud.sql(
            "select coalesce((used ->> 'instances')::int, 0), coalesce((reserved ->> 'instances')::int, 0)"
            " from quota_usages where service = 'compute' and project_id = %s",
            project_id,
        )
        counted = {"instances": rows[0]} if rows else {}
        if counted == {"instances": (truth["instances"], 0)}:
            break
        await pause(0.1)
    left = cloud.sql("select count(*) from quota_reservations where project_id = %s", project_id)[0][0]
    findings.tell(
        f"  {time.monotonic() - began:.1f} s later used and reserved are {counted.get('instances')}, the pods have"
        f" {truth.get('instances')} servers, {left} reservations are open"
    )
    findings.insist(
        counted == {"instances": (truth["instances"], 0)} and not left,
        f"counted is {dict(counted)}, the pods have {truth}, {left} reservations are open",
    )
