"""
What the daemon needs to walk a small and a large project by pages: a merge holds its pages, not what pods have.
"""

from __future__ import annotations

import json

from benchmarks.lists import VERSION, fill
from benchmarks.load import KeptConnections, on_core, reading_of
from benchmarks.rows import Figure, Result, Row
from benchmarks.setup import Setup

SMALL, LARGE, OVER = 2_000, 20_000, 4
#: Each pod of the small project fills it, so that both projects have pages of one size.
PAGE = SMALL // OVER
#: Few, and both projects have more: what routes take would hide what pages take.
_LIMITS = "routes_cached: 500"
#: The growth for the large project in times of the small one's.
MOST = 1.25


def measure(setup: Setup, result: Result, *, rounds: int) -> None:
    """
    The peak of a new daemon's memory over what it had before the walk. Both projects are walked by as many requests.
    """
    grown: dict[str, list[float]] = {"small": [], "large": []}
    with on_core(0):
        for project, count in (("small", SMALL), ("large", LARGE)):
            fill(setup, setup.token(project), count=count, pods=OVER)
        for _ in range(rounds):
            for project, count in (("small", SMALL), ("large", LARGE)):
                grown[project].append(_walk(setup, result, project, count))
    small, large = (sorted(grown[project])[len(grown[project]) // 2] for project in ("small", "large"))
    for count, growth in ((SMALL, small), (LARGE, large)):
        result.compare(
            Figure(
                what=f"growth while {count} servers are listed by pages of {PAGE}", value=growth, unit="MB"
            )
        )
    result.compare(
        Figure(what=f"growth: {LARGE} servers / {SMALL} servers", value=large / max(small, 1.0), most=MOST)
    )


def _walk(setup: Setup, result: Result, project: str, count: int) -> float:
    """
    The growth in MB.
    """
    daemon = setup.start_daemon(OVER, limits=_LIMITS)
    gateway = KeptConnections([setup.compute], setup.token(project), VERSION)
    path = f"/v2.1/servers/detail?limit={PAGE}"
    gateway.get("/v2.1/servers/detail?limit=1")
    daemon.forget_peak()
    before = daemon.memory("VmRSS")
    times: list[float] = []
    wrong = 0
    for _ in range(LARGE // count):
        seen: set[str] = set()
        marker = ""
        while True:
            page = gateway.get(path + marker)[0]
            times.append(page.seconds)
            ids = [server["id"] for server in json.loads(page.body).get("servers", ())]
            if not ids:
                wrong += page.status != 200
                break
            seen.update(ids)
            marker = f"&marker={ids[-1]}"
        wrong += len(seen) != count
    gateway.close()
    growth = (daemon.memory("VmHWM") - before) / 1e6
    reading = reading_of(times, errors=wrong)
    result.add(Row(what=f"a page of {PAGE} out of {count}", server="trio2o", reading=reading))
    return growth
