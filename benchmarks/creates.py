"""
Creates of servers and volumes: of a project that is bound, with and without quotas over all pods, and of new projects.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

from benchmarks.load import Reading, median, one_by_one
from benchmarks.rows import Figure, Result, Row
from benchmarks.setup import NEW_PROJECTS, SERVER, VOLUME, Setup, created

THREADS = 8


def measure(setup: Setup, result: Result, *, rounds: int) -> None:
    """
    Eight at a time; bound, new, the pod itself and a daemon that counts no quotas take turns in each round.
    """
    daemon = setup.start_daemon(2)
    plain = setup.beside("uncounted")
    uncounted = plain.start_daemon(2, quotas="enabled: false")
    bound = setup.token()
    # tokens are known and the connections warm: what is measured is the create
    fresh = iter([setup.token(f"new{number}") for number in range(NEW_PROJECTS)])
    each = (NEW_PROJECTS // 2 - THREADS) // rounds
    for what, port, other, pod, path, body in (
        ("server", setup.compute, plain.compute, setup.nova(0), "/v2.1/servers", SERVER),
        ("volume", setup.volume, plain.volume, setup.cinder(0), "/v3/volumes", VOLUME),
    ):
        created(port, path, body, bound)
        created(other, path, body, bound)
        for _ in range(THREADS):
            created(port, path, body, next(fresh))
        tried: dict[str, tuple[int, str | Callable[[], str]]] = {
            "pod itself": (pod, bound),
            "bound project": (port, bound),
            "bound project, no quotas": (other, bound),
            "new project": (port, _next_of(fresh)),
        }
        readings: dict[str, list[Reading]] = {name: [] for name in tried}
        for _ in range(rounds):
            for name, (asked, token) in tried.items():
                measured = {pod: None, other: uncounted}.get(asked, daemon)
                readings[name].append(
                    one_by_one(
                        asked, "POST", path, token, body=body, count=each, threads=THREADS, server=measured
                    )
                )
        for name, got in readings.items():
            row = Row(what=f"create a {what}", server=name, reading=median(got), connections=THREADS)
            result.add(row)
        for name in ("bound project", "new project"):
            slower = statistics.median(
                own.p50 / direct.p50
                for own, direct in zip(readings[name], readings["pod itself"], strict=True)
            )
            result.compare(Figure(what=f"create a {what}: time, {name} / pod itself", value=slower))
        counted = statistics.median(
            own.p50 / free.p50
            for own, free in zip(readings["bound project"], readings["bound project, no quotas"], strict=True)
        )
        result.compare(Figure(what=f"create a {what}: time, with quotas / without", value=counted))
    plain.stop_daemon()


def _next_of(tokens: Iterator[str]) -> Callable[[], str]:
    return lambda: next(tokens)
