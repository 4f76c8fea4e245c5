"""
Requests for each second of CPU with one, two and four workers: what sharing a port and a database costs.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.load import Reading, median, wrk
from benchmarks.rows import Figure, Result, Row, median_ratio
from benchmarks.setup import SERVER, Setup, created

#: Of what one worker does for a second of its CPU.
LEAST = 0.95
CONNECTIONS = 32


def measure(setup: Setup, result: Result, *, workers: Sequence[int], seconds: int, rounds: int) -> None:
    """
    Daemons of so many workers, all on one core in front of one pod, take turns in each round. Load, pod and database share
    the machine, so that answers per second would say how they share it: what counts is the CPU of the daemon's processes.
    """
    daemons = {count: setup.beside(f"workers{count}") for count in workers}
    urls, tokens = {}, {}
    for count, each in daemons.items():
        each.start_daemon(1, workers=count)
        tokens[count] = each.token()
        server = created(each.compute, "/v2.1/servers", SERVER, tokens[count])
        urls[count] = f"http://127.0.0.1:{each.compute}/v2.1/servers/{server}"
        # so that each worker knows the token and the route
        wrk(urls[count], tokens[count], connections=CONNECTIONS, seconds=1, server=None)
    readings: dict[int, list[Reading]] = {count: [] for count in workers}
    for number in range(rounds):
        for count in sorted(workers, reverse=bool(number % 2)):
            daemon = daemons[count].daemon
            readings[count].append(
                wrk(urls[count], tokens[count], connections=CONNECTIONS, seconds=seconds, server=daemon)
            )
    for count, got in readings.items():
        result.add(
            Row(
                what="GET one server",
                server=f"{count} worker{'s' if count > 1 else ''}",
                reading=median(got),
                connections=CONNECTIONS,
            )
        )
        result.compare(
            Figure(
                what=f"requests per CPU-second, {count} worker{'s' if count > 1 else ''}",
                value=1e6 / median(got).cpu,
            )
        )
    alone = [one.cpu for one in readings[workers[0]]]
    for count in workers[1:]:
        # requests for a second of CPU are one over the CPU of a request
        ratio = median_ratio(alone, [one.cpu for one in readings[count]])
        result.compare(
            Figure(what=f"requests per CPU-second, {count} workers / {workers[0]}", value=ratio, least=LEAST)
        )
    for each in daemons.values():
        each.stop_daemon()
