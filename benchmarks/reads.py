"""
One server and one volume at 1, 16 and 64 connections: nginx, HAProxy, two bare forwarders, and Trio2o.
"""

from __future__ import annotations

from benchmarks.load import Reading, median, wrk
from benchmarks.rows import Figure, Result, Row, median_ratio
from benchmarks.servers import Server, free_ports, haproxy, nginx, python
from benchmarks.setup import SERVER, VOLUME, Setup, created

CONNECTIONS = (1, 16, 64)
OTHERS = ("nginx", "haproxy", "bare twisted", "bare klein+treq")
#: The original Trio2o's GET of one volume, 16 connections, requests/s (docs/architecture.rst), and what was aimed at.
ORIGINAL = 52.0
AIM = 20.0
#: Of the CPU of a bare Klein and treq forwarder; runs have given 0.51 to 0.82.
MOST = 0.85


def measure(setup: Setup, result: Result, *, seconds: int, rounds: int) -> None:
    """
    The servers take turns in each round.
    """
    daemon = setup.start_daemon(1)
    token = setup.token()
    server = created(setup.compute, "/v2.1/servers", SERVER, token)
    volume = created(setup.volume, "/v3/volumes", VOLUME, token)
    for what, own, pod, path in (
        ("server", setup.compute, setup.nova(0), f"/v2.1/servers/{server}"),
        ("volume", setup.volume, setup.cinder(0), f"/v3/volumes/{volume}"),
    ):
        others = _others(setup, pod)
        tried: dict[str, tuple[Server | None, int]] = {
            "pod itself": (None, pod),
            **others,
            "trio2o": (daemon, own),
        }
        for connections in CONNECTIONS:
            readings: dict[str, list[Reading]] = {name: [] for name in tried}
            for _ in range(rounds):
                for name, (measured, port) in tried.items():
                    url = f"http://127.0.0.1:{port}{path}"
                    readings[name].append(
                        wrk(url, token, connections=connections, seconds=seconds, server=measured)
                    )
            for name, got in readings.items():
                result.add(
                    Row(what=f"GET one {what}", server=name, reading=median(got), connections=connections)
                )
            _compare(result, f"GET one {what}, {connections} connections", readings)
            if what == "volume" and connections == 16:
                rate = median(readings["trio2o"]).rate
                name = (
                    f"GET one volume, 16 connections, against the original's {ORIGINAL:.0f}/s of another day"
                )
                result.compare(Figure(what=name, value=rate / ORIGINAL, unit="times", least=AIM))
        for measured, _ in others.values():
            setup.bench.stop(measured)


def _others(setup: Setup, pod: int) -> dict[str, tuple[Server, int]]:
    """
    What Trio2o is compared with, each in front of a pod's port.
    """
    ports = free_ports(len(OTHERS))
    commands = (
        nginx(setup.folder, ports[0], pod),
        haproxy(setup.folder, ports[1], pod),
        python("benchmarks.bare_twisted", str(ports[2]), str(pod)),
        python("benchmarks.bare_klein_treq", str(ports[3]), str(pod)),
    )
    return {
        name: (setup.bench.start(name.replace(" ", "_"), command, port, core=1), port)
        for name, command, port in zip(OTHERS, commands, ports, strict=True)
    }


def _compare(result: Result, what: str, readings: dict[str, list[Reading]]) -> None:
    own = readings["trio2o"]
    for other in OTHERS:
        theirs = readings[other]
        rate = median_ratio([one.rate for one in own], [one.rate for one in theirs])
        cpu = median_ratio([one.cpu for one in own], [one.cpu for one in theirs])
        result.compare(Figure(what=f"{what}: rate, trio2o / {other}", value=rate))
        most = MOST if other == "bare klein+treq" else None
        result.compare(Figure(what=f"{what}: CPU, trio2o / {other}", value=cpu, most=most))
