"""
How soon the other processes know what one has committed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import psycopg2
from attrs import define, field, frozen
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import LoopingCall

from tests.functional.cloud import Client, Cloud, Person, a_server, pause
from tests.functional.daemon_process import DaemonProcess, daemon_process
from tests.races.findings import Findings, percentile
from tests.races.stage import FOUR_PODS, SETTINGS, START_SECONDS

#: The newest change of one row.
_NUMBER = "select max(number) from changes where row_id = %s"

#: Requests of the load that may be under way at once.
_MOST_UNDER_WAY = 100


async def hosts(stage: Any, cloud: Cloud, count: int) -> list[DaemonProcess]:
    """
    So many daemons with ports of their own over one database, as on several hosts.
    """
    started = []
    for number in range(count):
        told = {**SETTINGS, "logging": {"access_file": str(cloud.folder / f"host-{number}.log")}}
        daemon = await daemon_process(
            stage, cloud, FOUR_PODS, settings=told, start=False, name=f"host-{number}"
        )
        started.append(daemon)
    await gatherResults([Deferred.fromCoroutine(daemon.start(limit=START_SECONDS)) for daemon in started])
    return started


@define(kw_only=True)
class Load:
    """
    Users of all daemons: seven of ten requests show a server, two list, one is the first create of a project and commits a
    binding.
    """

    cloud: Cloud
    daemons: Sequence[DaemonProcess]
    rate: float
    random: Random
    people: list[Person] = field(factory=list, init=False)
    servers: list[tuple[Person, str]] = field(factory=list, init=False)
    answered: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)
    _under_way: int = field(default=0, init=False)
    _call: LoopingCall | None = field(default=None, init=False)

    def start(self) -> None:
        """
        Begin to send at the rate, whatever becomes of the answers.
        """
        call = self._call = LoopingCall.withCount(self._send)
        call.clock = reactor
        call.start(1 / self.rate, now=False).addErrback(lambda failure: failure.printTraceback())

    async def stop(self) -> None:
        """
        Send no more, and wait for what is under way.
        """
        assert self._call is not None
        self._call.stop()
        while self._under_way:
            await pause(0.05)

    def _send(self, count: int) -> None:
        for _ in range(count):
            if self._under_way < _MOST_UNDER_WAY:
                self._under_way += 1
                Deferred.fromCoroutine(self._one())

    async def _one(self) -> None:
        try:
            self.answered += 1
            self.failed += not await self._asked(self.random.random())
        except Exception:  # noqa: BLE001 - whatever ends a connection
            self.failed += 1
        finally:
            self._under_way -= 1

    async def _asked(self, chance: float) -> bool:
        daemon = self.random.choice(self.daemons)
        if chance < 0.1 or not self.servers:
            (person,) = self.cloud.projects(1)
            made = await daemon.client(person, "compute").post("/v2.1/servers", a_server())
            if made.status == 202:
                self.servers.append((person, made.json["server"]["id"]))
            return made.status == 202
        person, server = self.random.choice(self.servers)
        path = "/v2.1/servers" if chance < 0.3 else f"/v2.1/servers/{server}"
        return (await daemon.client(person, "compute").get(path)).status == 200


@frozen(kw_only=True)
class Seen:
    """
    One commit: seconds from its being sent, and from its answer, until the last process knew it. Below 0 where all knew it
    before the one who had sent it.
    """

    sent: float
    answered: float


async def visibility(
    findings: Findings,
    cloud: Cloud,
    daemons: Sequence[DaemonProcess],
    *,
    commits: int,
    rate: float,
    random: Random,
) -> None:
    """
    Move a project's binding through one daemon after the other, and ask the others all the while for the number of the last
    change that they know.

    :param rate: requests of users in a second meanwhile, all daemons together; 0 for none.
    """
    findings.tell(
        f"{commits} bindings moved through {len(daemons)} daemons with ports of their own,"
        f" {f'{rate:g} requests of users per second' if rate else 'nothing else to do'}"
    )
    load = Load(cloud=cloud, daemons=daemons, rate=rate, random=random)
    if rate:
        load.start()
        await pause(1)
    began = time.monotonic()
    connection = psycopg2.connect(cloud.dsn)
    connection.autocommit = True
    try:
        admins = [daemon.client(cloud.admin, "admin") for daemon in daemons]
        (person,) = cloud.projects(1)
        pods = [pod["pod_id"] for pod in (await admins[0].get("/v1.0/pods")).json["pods"]]
        moves = [
            {"pod_binding": {"tenant_id": person.project_id, "pod_id": pods[number % len(pods)]}}
            for number in range(commits)
        ]
        seen = [await _one_commit(admins, number, move, connection) for number, move in enumerate(moves)]
    finally:
        connection.close()
        if rate:
            await load.stop()
    if rate:
        took = time.monotonic() - began
        findings.tell(
            f"  users were answered {load.answered / took:.0f} times per second, {load.failed} not with success"
        )
        findings.insist(not load.failed, f"{load.failed} requests of users failed")
    for name, values in (
        ("sending", [one.sent for one in seen]),
        ("answer", [one.answered for one in seen]),
    ):
        known = sum(value <= 0 for value in values)
        p50, p99, most = (
            value * 1000 for value in (percentile(values, 0.5), percentile(values, 0.99), max(values))
        )
        findings.tell(
            f"  from its {name} until all know it: p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {most:.1f} ms"
            + (f"; known before it in {known} of {commits}" if name == "answer" else "")
        )


async def _one_commit(
    admins: Sequence[Client], number: int, move: Mapping[str, Any], connection: Any
) -> Seen:
    writer = number % len(admins)
    watches = [_Watch(client) for place, client in enumerate(admins) if place != writer]
    watching = gatherResults([Deferred.fromCoroutine(watch.run()) for watch in watches], consumeErrors=True)
    await pause(0.02)
    sent = time.monotonic()
    answer = await admins[writer].post("/v1.0/bindings", move)
    answered = time.monotonic()
    assert answer.status == 200, (answer.status, answer.body)
    with connection.cursor() as cursor:
        cursor.execute(_NUMBER, (answer.json["pod_binding"]["id"],))
        ((wanted,),) = cursor.fetchall()
    for watch in watches:
        watch.wanted = wanted
    await watching
    known = max(watch.known for watch in watches)
    return Seen(sent=known - sent, answered=known - answered)


@define
class _Watch:
    """
    Asks one daemon again and again what it knows.
    """

    _client: Client
    #: The number to wait for, once it is known.
    wanted: int | None = None
    #: What it said when.
    _said: list[tuple[float, int]] = field(factory=list)

    async def run(self) -> None:
        """
        Ask until the wanted change is known there.
        """
        while self.wanted is None or self._said[-1][1] < self.wanted:
            answer = await self._client.get("/healthcheck?details=true")
            self._said.append((time.monotonic(), json.loads(answer.body)["change"]))

    @property
    def known(self) -> float:
        """
        When it first told the wanted change.
        """
        assert self.wanted is not None
        return next(at for at, change in self._said if change >= self.wanted)
