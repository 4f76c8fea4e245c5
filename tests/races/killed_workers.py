"""
Workers that are killed at random under creates, before pods that reset connections, hang, and answer 503.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred

from tests.functional.cloud import Client, Cloud, pause
from tests.functional.daemon_process import DaemonProcess, children
from tests.interface.waiting import until
from tests.races.findings import Findings, times
from tests.races.judging import judge
from tests.races.makers import Wish, by_some

#: What a pod does wrong, how often of a hundred times, and with what.
FAULTS: Mapping[str, tuple[int, Mapping[str, Any]]] = {
    "reset": (20, {}),
    "reset_after": (20, {}),
    "status": (20, {"status": 503}),
    "status_after": (10, {"status": 503}),
    "latency_after": (20, {"seconds": 1.0}),
    "hang": (5, {}),
    "hang_after": (5, {}),
}

#: One of so many creates has no key.
_UNKEYED = 5

#: Seconds that a create with a key may take, beyond which it counts as unanswered.
_PATIENCE = 120.0


@define(kw_only=True)
class Trouble:
    """
    What goes wrong while clients create.
    """

    cloud: Cloud
    daemon: DaemonProcess
    random: Random
    kills: int
    kinds: Sequence[str]
    #: How often workers were killed, and pods told to misbehave.
    killed: int = field(default=0, init=False)
    faults: Counter[str] = field(factory=Counter, init=False)

    async def make(self) -> None:
        """
        Kill so many workers, one after the other, and let pods misbehave all the while.
        """
        while self.killed < self.kills:
            for _ in range(self.random.randint(2, 6)):
                self._misbehave()
                await pause(self.random.uniform(0.1, 0.4))
            alive = sorted(children(self.daemon.pid))
            if len(alive) > 1:
                os.kill(self.random.choice(alive), signal.SIGKILL)
                self.killed += 1
        for pod in self.cloud.pods.values():
            pod.nova.behave_well()

    def _misbehave(self) -> None:
        (kind,) = self.random.choices(self.kinds, weights=[FAULTS[kind][0] for kind in self.kinds])
        pod = self.random.choice(sorted(self.cloud.pods))
        self.cloud.pod(pod).nova.behave(kind, method="POST", path="/servers$", times=1, **FAULTS[kind][1])
        self.faults[kind] += 1


async def killed_workers(
    findings: Findings,
    cloud: Cloud,
    daemon: DaemonProcess,
    *,
    workers: int,
    clients: int,
    kills: int,
    random: Random,
    kinds: Sequence[str] = tuple(FAULTS),
) -> None:
    """
    So many clients create servers, most with a key, for as long as it takes to kill workers so often.
    """
    findings.tell(f"{kills} workers killed under the creates of {clients} clients, pods misbehave")
    asking = [daemon.client(person, "compute") for person in cloud.projects(8)]
    trouble = Trouble(cloud=cloud, daemon=daemon, random=random, kills=kills, kinds=kinds)
    making = Deferred.fromCoroutine(trouble.make())
    began = time.monotonic()
    outcomes = await by_some(_wishes(asking, making, random), clients, patience=_PATIENCE)
    await making
    keyed = [outcome for outcome in outcomes if outcome.wish.key is not None]
    plain = [outcome for outcome in outcomes if outcome.wish.key is None]
    findings.tell(f"  {time.monotonic() - began:.0f} s; what pods did wrong: {dict(trouble.faults)}")
    findings.tell(
        f"  {len(keyed)} creates with a key, {sum(outcome.tries > 1 for outcome in keyed)} tried again, up to"
        f" {max(outcome.tries for outcome in keyed)} times; {times([outcome.seconds for outcome in keyed])}"
    )
    ended = Counter(outcome.status for outcome in plain)
    findings.tell(f"  {len(plain)} creates without a key ended with {dict(ended)} (0: a broken connection)")
    unanswered = [outcome for outcome in keyed if not outcome.made]
    why = Counter(f"{outcome.status} {outcome.said[:200]}" for outcome in unanswered)
    findings.insist(not unanswered, f"{len(unanswered)} keys have no server: {dict(why)}")
    await judge(findings, cloud, asking, outcomes, pods_each=None)
    await _whole_again(findings, cloud, daemon, workers, kills)


def _wishes(asking: list[Client], making: Deferred[None], random: Random) -> Iterator[Wish]:
    """
    Creates for as long as there is trouble, and some after it.
    """
    number = 0
    after = 2 * len(asking)
    while after:
        if making.called:
            after -= 1
        number += 1
        keyed = number % _UNKEYED
        yield Wish(
            client=asking[number % len(asking)],
            name=f"c{number}",
            key=f"key-{number}-{random.random()}" if keyed else None,
        )


async def _whole_again(
    findings: Findings, cloud: Cloud, daemon: DaemonProcess, workers: int, kills: int
) -> None:
    """
    All workers serve, and each election has one winner.
    """
    admin = daemon.client(cloud.admin, "admin").with_token(None)
    began = time.monotonic()
    told = ""

    def gauge(name: str) -> list[float]:
        return [float(value) for value in re.findall(rf'(?m)^{name}{{worker="\d+"}} (\S+)$', told)]

    while time.monotonic() - began < 60:
        told = (await admin.get("/metrics")).body.decode()
        whole = gauge("trio2o_state_current") == [1.0] * workers
        if whole and all(sum(gauge(name)) == 1 for name in _ELECTIONS):
            break
        await pause(0.5)
    findings.tell(
        f"  {len(children(daemon.pid))} workers {time.monotonic() - began:.1f} s after the last create,"
        f" elected {[int(sum(gauge(name))) for name in _ELECTIONS]}"
    )
    findings.insist(gauge("trio2o_state_current") == [1.0] * workers, "not all workers serve again")
    for name in _ELECTIONS:
        findings.insist(sum(gauge(name)) == 1, f"{name} has not one winner")
    await until(lambda: daemon.text.count("ended: signal 9") >= kills, limit=5)


_ELECTIONS = ("trio2o_jobs_leader", "trio2o_usage_collector")
