"""
Writes of what pods share: a flavor is made in all pods before its client is answered.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from benchmarks.lists import slow
from benchmarks.load import Reading, median, reading_of
from benchmarks.rows import Figure, Result, Row, median_ratio
from benchmarks.servers import Server, http
from benchmarks.setup import PODS, Setup

#: How much longer each request takes at a pod, so that what is compared is waiting and not the shared core.
_SLOWER = 0.05
#: Flavors of one reading.
_FLAVORS = 10


def measure(setup: Setup, result: Result, *, rounds: int) -> None:
    """
    One flavor after the other: at a pod itself, over one pod, over two and over all.
    """
    token = setup.token("service", user="trio2o")
    numbers = itertools.count()
    slow(setup, PODS, _SLOWER, {})
    readings: dict[int, list[Reading]] = {}
    direct: list[Reading] = []
    for pods in (1, 2, PODS):
        daemon = setup.start_daemon(pods)
        _made(setup.compute, token, numbers, 1, None)
        readings[pods] = []
        for _ in range(rounds):
            if pods == 1:
                direct.append(_made(setup.nova(PODS - 1), token, numbers, _FLAVORS, None))
            readings[pods].append(_made(setup.compute, token, numbers, _FLAVORS, daemon))
    slow(setup, 0, 0)
    result.add(Row(what="create a flavor", server="pod itself", reading=median(direct)))
    for pods, got in readings.items():
        result.add(
            Row(
                what="create a flavor",
                server="over 1 pod" if pods == 1 else f"over {pods} pods",
                reading=median(got),
            )
        )
    for what, own, others in (
        ("over one pod / the pod itself", readings[1], direct),
        ("over two pods / over one", readings[2], readings[1]),
        (f"over {PODS} pods / over two", readings[PODS], readings[2]),
    ):
        ratio = median_ratio([each.p50 for each in own], [each.p50 for each in others])
        result.compare(Figure(what=f"create a flavor, pods of 50 ms: time, {what}", value=ratio))


def _made(port: int, token: str, numbers: Iterator[int], count: int, server: Server | None) -> Reading:
    times: list[float] = []
    errors = 0
    before = server.cpu_seconds() if server else 0.0
    for _ in range(count):
        name = f"bench{next(numbers)}"
        body = {"flavor": {"name": name, "id": name, "ram": 64, "vcpus": 1, "disk": 1}}
        began = time.perf_counter()
        status, _, _ = http("POST", f"http://127.0.0.1:{port}/v2.1/flavors", body, token)
        times.append(time.perf_counter() - began)
        errors += status >= 300
    used = [(server.cpu_seconds() - before) / count] if server else []
    return reading_of(times, cpu=used, errors=errors)
