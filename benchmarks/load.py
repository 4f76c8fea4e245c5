"""
The load: wrk for reads, a few threads for lists and creates.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from attrs import frozen

from benchmarks.servers import Server, needed


@frozen(kw_only=True)
class Reading:
    """
    What one run measured.
    """

    #: Answers per second.
    rate: float
    #: Milliseconds.
    p50: float
    p99: float
    #: CPU of the server per answer, in microseconds; 0 where it was not asked for.
    cpu: float = 0.0
    #: Answers other than 2xx, and connections that failed.
    errors: int = 0


def wrk(url: str, token: str, *, connections: int, seconds: int, server: Server | None) -> Reading:
    """
    Run wrk with one thread on core 0.
    """
    before = server.cpu_seconds() if server else 0.0
    command = [
        "taskset",
        "-c",
        "0",
        needed("wrk"),
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "30s",
        "-H",
        f"X-Auth-Token: {token}",
        url,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    used = server.cpu_seconds() - before if server else 0.0
    total = int(_found(r"(\d+) requests in", said))
    wrong = int(_found(r"Non-2xx or 3xx responses: (\d+)", said, "0"))
    broken = sum(int(number) for number in re.findall(r"(?:connect|read|write|timeout) (\d+)", said))
    return Reading(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        p50=_milliseconds(_found(r"(?m)^\s+50%\s+(\S+)", said)),
        p99=_milliseconds(_found(r"(?m)^\s+99%\s+(\S+)", said)),
        cpu=used / total * 1e6 if total else 0.0,
        errors=wrong + broken,
    )


def one_by_one(
    port: int,
    method: str,
    path: str,
    token: str | Callable[[], str],
    *,
    body: object = None,
    count: int,
    threads: int = 1,
    server: Server | None,
) -> Reading:
    """
    Send ``count`` requests over kept connections and time each; ``token`` may give another for each request.
    """
    left = iter(range(count))
    lock = threading.Lock()
    times: list[float] = []
    errors: list[int] = []
    sent = None if body is None else json.dumps(body)

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                if next(left, None) is None:
                    break
                used = token if isinstance(token, str) else token()
            began = time.perf_counter()
            connection.request(method, path, sent, {"X-Auth-Token": used, "Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - began)
            if answer.status >= 300:
                errors.append(answer.status)
        connection.close()

    before = server.cpu_seconds() if server else 0.0
    began = time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    took = time.perf_counter() - began
    used = server.cpu_seconds() - before if server else 0.0
    ordered = sorted(times)
    return Reading(
        rate=len(times) / took,
        p50=statistics.median(ordered) * 1000,
        p99=ordered[int(len(ordered) * 0.99)] * 1000,
        cpu=used / len(times) * 1e6,
        errors=len(errors),
    )


@frozen
class Asked:
    """
    One answer, and how long it took from the moment of asking to the body's last byte.
    """

    status: int
    body: bytes
    seconds: float


class KeptConnections:
    """
    One kept connection to each port, over which all are asked at once.
    """

    def __init__(self, ports: Sequence[int], token: str, headers: Mapping[str, str]) -> None:
        self._connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for port in ports]
        self._headers = {"X-Auth-Token": token, **headers}
        self._threads = ThreadPoolExecutor(len(ports))

    def get(self, path: str) -> list[Asked]:
        """
        The answers, in the order of the ports.
        """
        began = time.perf_counter()
        return list(self._threads.map(lambda each: self._get(each, path, began), self._connections))

    def close(self) -> None:
        """
        End the connections.
        """
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()

    def _get(self, connection: http.client.HTTPConnection, path: str, began: float) -> Asked:
        connection.request("GET", path, headers=self._headers)
        answer = connection.getresponse()
        body = answer.read()
        return Asked(answer.status, body, time.perf_counter() - began)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """
    Keep this process to one core for a while.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def reading_of(seconds: Sequence[float], *, cpu: Sequence[float] = (), errors: int = 0) -> Reading:
    """
    What single times come to, of what is asked for one after the other.

    :param cpu: seconds of CPU of single answers.
    """
    ordered = sorted(seconds)
    return Reading(
        rate=1 / statistics.fmean(ordered),
        p50=statistics.median(ordered) * 1000,
        p99=ordered[int(len(ordered) * 0.99)] * 1000,
        cpu=statistics.median(cpu) * 1e6 if cpu else 0.0,
        errors=errors,
    )


def median(readings: Sequence[Reading]) -> Reading:
    """
    The median of each figure; errors are added up.
    """
    return Reading(
        rate=statistics.median(reading.rate for reading in readings),
        p50=statistics.median(reading.p50 for reading in readings),
        p99=statistics.median(reading.p99 for reading in readings),
        cpu=statistics.median(reading.cpu for reading in readings),
        errors=sum(reading.errors for reading in readings),
    )


def _found(pattern: str, text: str, default: str | None = None) -> str:
    match = re.search(pattern, text)
    if match is None:
        if default is None:
            raise ValueError(f"wrk did not say {pattern!r}: {text}")
        return default
    return match.group(1)


def _milliseconds(text: str) -> float:
    for unit, factor in (("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(text)
