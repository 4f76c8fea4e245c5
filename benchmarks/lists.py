"""
Lists: many servers over 4 pods in one page and by pages, beside the pods themselves; and over 1 to 8 slow pods.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping

import orjson
from attrs import define

from benchmarks.load import Asked, KeptConnections, Reading, on_core, one_by_one, reading_of
from benchmarks.rows import Figure, Result, Row
from benchmarks.servers import Server, http
from benchmarks.setup import PODS, SERVER, Setup

#: Servers of the project, and the pods that have them, the same number each.
COUNT, OVER = 1000, 4
#: The most that a list may take, in times of what the slowest pod takes, beside parsing.
MOST = 1.5
_PATH = "/v2.1/servers/detail?limit="
#: Seconds; a Nova needs more for 250 servers, and about as much for 100.
_AS_NOVA = 0.25
VERSION = {"OpenStack-API-Version": "compute 2.90"}
#: What ``slow`` makes slower where nothing else is said.
_READS = {"method": "GET"}
#: Brings a server to about 2 KB, as Nova shows one with some metadata, an address and a volume.
_METADATA = {f"key-{number}": "what a user noted of it; " * 3 for number in range(7)}


def fill(setup: Setup, token: str, *, count: int, pods: int) -> None:
    """
    Make servers in the pods themselves, the same number in each, a thousand with one request.
    """
    for pod in range(pods):
        left = count // pods
        while left:
            some = min(left, 1000)
            body = {"server": {**SERVER["server"], "metadata": _METADATA, "max_count": some}}
            status, _, said = http("POST", f"http://127.0.0.1:{setup.nova(pod)}/v2.1/servers", body, token)
            if status != 202:
                raise RuntimeError(f"no servers: {status} {said[:300]!r}")
            left -= some


def measure(setup: Setup, result: Result, *, rounds: int) -> None:
    """
    Every row of lists.
    """
    with on_core(0):
        _beside_the_pods(setup, result, rounds=rounds)
        _slow_pods(setup, result, count=3 * rounds)


def _beside_the_pods(setup: Setup, result: Result, *, rounds: int) -> None:
    """
    The pods are asked for their parts all at once, as the gateway asks them; then the gateway for the whole.

    First pods that take as long as a quick Nova does, then the fake ones as they are, which give kept answers within a
    millisecond: there only the gateway's own CPU says something.
    """
    daemon = setup.start_daemon(OVER)
    token = setup.token("listed")
    fill(setup, token, count=COUNT, pods=OVER)
    beside = _Beside(
        daemon=daemon,
        pods=KeptConnections([setup.nova(pod) for pod in range(OVER)], token, VERSION),
        gateway=KeptConnections([setup.compute], token, VERSION),
    )
    beside.gateway.get(f"{_PATH}{COUNT}")  # adopts them: what is measured is the list
    slow(setup, OVER, _AS_NOVA)
    beside.compare(result, f"{COUNT} servers over {OVER} pods", COUNT, rounds=rounds, most=MOST)
    beside.compare(result, f"a page of 100 of {COUNT} servers", 100, rounds=max(rounds // 4, 2), most=MOST)
    slow(setup, OVER, 0)
    beside.compare(result, f"{COUNT} servers, kept answers", COUNT, rounds=rounds)
    beside.compare(result, "a page of 100, kept answers", 100, rounds=rounds)
    beside.close()


@define(kw_only=True)
class _Beside:
    """
    Whoever is asked in turns.
    """

    daemon: Server
    pods: KeptConnections
    gateway: KeptConnections

    def close(self) -> None:
        """
        End the connections.
        """
        self.pods.close()
        self.gateway.close()

    def compare(
        self, result: Result, what: str, limit: int, *, rounds: int, most: float | None = None
    ) -> None:
        """
        Pods and gateway in turns, and the time that parsing what the pods gave takes.
        """
        slowest: list[float] = []
        own: list[float] = []
        cpu: list[float] = []
        parsing: list[float] = []
        errors = 0
        for _ in range(rounds):
            parts = self.pods.get(f"{_PATH}{limit}")
            slowest.append(max(part.seconds for part in parts))
            parsing.append(_parse_seconds([part.body for part in parts]))
            before = self.daemon.cpu_seconds()
            pages = (
                self.gateway.get(f"{_PATH}{limit}")
                if limit == COUNT
                else _walked(self.gateway, f"{_PATH}{limit}")
            )
            cpu.append((self.daemon.cpu_seconds() - before) / len(pages))
            own.append(statistics.median(page.seconds for page in pages))
            errors += sum(part.status != 200 for part in [*parts, *pages])
            errors += sum(len(json.loads(page.body)["servers"]) for page in pages) != COUNT
        result.add(Row(what=what, server="slowest pod", reading=reading_of(slowest)))
        result.add(Row(what=what, server="parsing", reading=reading_of(parsing)))
        result.add(Row(what=what, server="trio2o", reading=reading_of(own, cpu=cpu, errors=errors)))
        turns = list(zip(own, parsing, slowest, strict=True))
        beyond = statistics.median((mine - parse) / pod for mine, parse, pod in turns)
        result.compare(Figure(what=f"{what}: (trio2o - parsing) / slowest pod", value=beyond, most=most))
        # clock ticks are coarser than one page
        busy = statistics.fmean(cpu) / statistics.median(parsing)
        result.compare(Figure(what=f"{what}: CPU of trio2o / parsing", value=busy))


def slow(setup: Setup, pods: int, seconds: float, match: Mapping[str, str] = _READS) -> None:
    """
    Make the first so many pods' answers take so much longer; 0 makes all as quick as they can be.

    :param match: to which requests.
    """
    for pod in range(PODS):
        http("DELETE", f"http://127.0.0.1:{setup.nova(pod)}/_sandbox/behaviours")
        if seconds and pod < pods:
            http(
                "POST",
                f"http://127.0.0.1:{setup.nova(pod)}/_sandbox/behaviours",
                {"match": match, "kind": "latency", "seconds": seconds},
            )


def _walked(gateway: KeptConnections, path: str) -> list[Asked]:
    """
    All pages of a list, each after the last id of the one before.
    """
    pages = [gateway.get(path)[0]]
    while servers := json.loads(pages[-1].body).get("servers", ()):
        pages.append(gateway.get(f"{path}&marker={servers[-1]['id']}")[0])
    # the last one is empty
    return pages[:-1]


def _parse_seconds(bodies: list[bytes]) -> float:
    began = time.perf_counter()
    for body in bodies:
        orjson.loads(body)
    return time.perf_counter() - began


def _slow_pods(setup: Setup, result: Result, *, count: int) -> None:
    """
    Over 1, 2, 4 and 8 pods, each slowed by 50 ms: eight should take little more than one.
    """
    slow(setup, PODS, 0.05)
    readings: dict[int, Reading] = {}
    for pods in (1, 2, 4, 8):
        daemon: Server = setup.start_daemon(pods)
        token = setup.token()
        one_by_one(setup.compute, "GET", "/v2.1/servers/detail", token, count=5, server=daemon)
        readings[pods] = one_by_one(
            setup.compute, "GET", "/v2.1/servers/detail", token, count=count, server=daemon
        )
        result.add(Row(what=f"list over {pods} pods of 50 ms", server="trio2o", reading=readings[pods]))
    slow(setup, PODS, 0)
    result.compare(
        Figure(what="a list over 8 slow pods / over one", value=readings[8].p50 / readings[1].p50, most=MOST)
    )
