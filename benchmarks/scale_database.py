"""
What a large database costs: the start, the memory, and the way of a request whose route is known.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.load import Reading, median, wrk
from benchmarks.rows import Figure, Result, Row, median_ratio
from benchmarks.scale_filling import fill, size
from benchmarks.servers import Server
from benchmarks.setup import SERVER, Setup, created

#: A request's time before a full database, in times of that before an empty one.
MOST = 1.05
#: Connections of the load; its requests wait for one another no longer than for the pod.
CONNECTIONS = 16


def measure(
    setup: Setup,
    result: Result,
    *,
    bindings: int,
    routes: int,
    seconds: int,
    rounds: int,
    keep: Path | None = None,
) -> None:
    """
    Two daemons in front of one pod, one with an empty database, take turns in each round.

    :param keep: where the filled database stays; what is there already is taken as it is.
    """
    daemons = {"empty": setup.beside("empty"), "full": setup.beside("full")}
    full = daemons["full"]
    filled = keep is not None and keep.exists()
    if keep is not None:
        keep.mkdir(mode=0o755, parents=True, exist_ok=True)
        _state(full).symlink_to(keep.absolute())
    _started(full)
    if not filled:
        began = time.monotonic()
        fill(_state(full), bindings=bindings, routes=routes)
        what = f"{bindings:,} bindings and {routes:,} routes put in"
        result.compare(Figure(what=what, value=time.monotonic() - began, unit="s"))
    result.compare(Figure(what="size of that database", value=size(_state(full)) / 1e9, unit="GB"))
    _started(daemons["empty"])
    memory: dict[str, float] = {}
    running: dict[str, Server] = {}
    for name, each in daemons.items():
        took = _started(each)
        result.compare(Figure(what=f"{name} database: start to ready", value=took, unit="s"))
        assert each.daemon is not None
        running[name] = each.daemon
        used = each.daemon.cpu_seconds()
        result.compare(Figure(what=f"{name} database: CPU until ready", value=used, unit="s"))
        memory[name] = each.daemon.memory("VmRSS") / 1e6
        peak = each.daemon.memory("VmHWM") / 1e6
        result.compare(Figure(what=f"{name} database: memory when ready", value=memory[name], unit="MB"))
        result.compare(Figure(what=f"{name} database: its peak", value=peak, unit="MB"))
    each_binding = (memory["full"] - memory["empty"]) * 1e6 / bindings
    result.compare(Figure(what="memory for each binding", value=each_binding, unit="bytes"))
    _hot_path(daemons, running, result, seconds=seconds, rounds=rounds)
    for each in daemons.values():
        each.stop_daemon()


def _started(setup: Setup) -> float:
    """
    Start a daemon over its own database, again if it runs; the seconds until it listens, which it does once all is read.
    """
    setup.stop_daemon()
    began = time.monotonic()
    setup.start_daemon(1, state="state", settle=0.0)
    took = time.monotonic() - began
    time.sleep(2)
    return took


def _state(setup: Setup) -> Path:
    return setup.folder / "state"


def _hot_path(
    daemons: dict[str, Setup], running: dict[str, Server], result: Result, *, seconds: int, rounds: int
) -> None:
    urls, tokens = {}, {}
    for name, each in daemons.items():
        tokens[name] = each.token()
        server = created(each.compute, "/v2.1/servers", SERVER, tokens[name])
        urls[name] = f"http://127.0.0.1:{each.compute}/v2.1/servers/{server}"
    readings: dict[str, list[Reading]] = {name: [] for name in daemons}
    for number in range(rounds):
        for name in sorted(daemons, reverse=bool(number % 2)):
            readings[name].append(
                wrk(
                    urls[name],
                    tokens[name],
                    connections=CONNECTIONS,
                    seconds=seconds,
                    server=running[name],
                )
            )
    for name, got in readings.items():
        row = Row(what=f"GET one server, {name} database", server="trio2o", reading=median(got))
        result.add(Row(what=row.what, server=row.server, reading=row.reading, connections=CONNECTIONS))
    for what, most, values in (
        ("CPU of a request", MOST, {name: [one.cpu for one in got] for name, got in readings.items()}),
        ("time of a request", MOST, {name: [one.p50 for one in got] for name, got in readings.items()}),
    ):
        ratio = median_ratio(values["full"], values["empty"])
        result.compare(Figure(what=f"{what}, full database / empty", value=ratio, most=most))
