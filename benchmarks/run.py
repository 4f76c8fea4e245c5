"""
``make bench``: everything in one run, medians and ratios as a table, the readings as JSON.

Reads: one server and one volume at 1, 16 and 64 connections through nginx, HAProxy, a bare Twisted forwarder, a bare
Klein + treq forwarder and Trio2o with tokens, routes, metrics and access log. Lists over 1, 2, 4 and 8 pods of 50 ms
each. Creates of a bound and of new projects. wrk and the pods share core 0, the server under test has core 1.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from attrs import asdict, define, field

from benchmarks.load import Reading, median, one_by_one, wrk
from benchmarks.servers import ROOT, Bench, MissingProgram, Server, free_ports, haproxy, http, nginx, python

PODS = 8
CONNECTIONS = (1, 16, 64)
#: The original Trio2o's GET of one volume, 16 connections, requests/s (docs/architecture.rst).
ORIGINAL = 52.0


@define
class Row:
    """
    One line of the result.
    """

    what: str
    server: str
    reading: Reading
    connections: int = 0


@define(kw_only=True)
class Setup:
    """
    Pods, Keystone and Trio2o in front of them.
    """

    bench: Bench
    folder: Path
    ports: list[int] = field(factory=lambda: free_ports(4 + 3 * PODS))
    daemon: Server | None = None

    @property
    def keystone(self) -> str:
        """
        The fake Keystone's endpoint.
        """
        return f"http://127.0.0.1:{self.ports[0]}/v3"

    @property
    def compute(self) -> int:
        """
        Trio2o's compute port.
        """
        return self.ports[1]

    @property
    def volume(self) -> int:
        """
        Trio2o's volume port.
        """
        return self.ports[2]

    @property
    def admin(self) -> int:
        """
        Trio2o's admin port.
        """
        return self.ports[3]

    def nova(self, pod: int) -> int:
        """
        A pod's Nova port; pods count from 0.
        """
        return self.ports[4 + 3 * pod]

    def cinder(self, pod: int) -> int:
        """
        A pod's Cinder port.
        """
        return self.ports[5 + 3 * pod]

    def start_pods(self) -> None:
        """
        Start Keystone and the pods.
        """
        endpoints = []
        for pod in range(PODS):
            region = f"Pod{pod + 1}"
            endpoints.append(
                {"region": region, "service": "compute", "url": f"http://127.0.0.1:{self.nova(pod)}/v2.1"}
            )
            endpoints.append(
                {
                    "region": region,
                    "service": "volumev3",
                    "url": f"http://127.0.0.1:{self.cinder(pod)}/v3/%(project_id)s",
                }
            )
            endpoints.append(
                {"region": region, "service": "network", "url": f"http://127.0.0.1:{self.ports[6 + 3 * pod]}"}
            )
        projects = [{"name": "service"}, {"name": "demo"}] + [
            {"name": f"new{number}"} for number in range(400)
        ]
        users = [
            {
                "name": "trio2o",
                "password": "pw",
                "default_project": "service",
                "roles": {"service": ["admin", "service"]},
            },
            {
                "name": "demo",
                "password": "pw",
                "default_project": "demo",
                "roles": {project["name"]: ["member"] for project in projects},
            },
        ]
        document = {"token_lifetime": 36000, "projects": projects, "users": users, "endpoints": endpoints}
        config = self.folder / "keystone.json"
        config.write_text(json.dumps(document))
        self.bench.start(
            "keystone",
            python("trio2o.sandbox.keystone", "--port", str(self.ports[0]), "--config", str(config)),
            self.ports[0],
            core=0,
        )
        for pod in range(PODS):
            command = python(
                "trio2o.sandbox.pod",
                "--name",
                f"Pod{pod + 1}",
                "--nova",
                str(self.nova(pod)),
                "--cinder",
                str(self.cinder(pod)),
            )
            command += [
                "--neutron",
                str(self.ports[6 + 3 * pod]),
                "--keystone",
                self.keystone,
                "--build-seconds",
                "0",
                "--instances",
                "-1",
                "--volumes",
                "-1",
            ]
            self.bench.start(f"pod{pod + 1}", command, self.nova(pod), core=0)

    def start_daemon(self, pods: int) -> Server:
        """
        Start Trio2o over the first so many pods, with everything on, ending the one before.
        """
        if self.daemon is not None:
            self.bench.stop(self.daemon)
        listed = "".join(f"  - {{name: Pod{pod + 1}, az: az1}}\n" for pod in range(pods))
        config = self.folder / "trio2o.yaml"
        config.write_text(
            f"""listen:
  compute: {{endpoints: ["tcp:{self.compute}:interface=127.0.0.1"]}}
  volume: {{endpoints: ["tcp:{self.volume}:interface=127.0.0.1"]}}
  admin: {{endpoints: ["tcp:{self.admin}:interface=127.0.0.1"]}}
identity:
  auth_url: {self.keystone}
  auth: {{username: trio2o, password: pw, project_name: service, user_domain_id: default, project_domain_id: default}}
  token_cache_seconds: 3600
database: {{state_directory: {self.folder}/state{pods}}}
logging: {{access_file: {self.folder}/access.log}}
pods:
{listed}"""
        )
        command = [
            str(Path(sys.executable).with_name("twistd")),
            "--nodaemon",
            "--pidfile=",
            "trio2o",
            "--config",
            str(config),
        ]
        self.daemon = self.bench.start(f"trio2o-{pods}", command, self.compute, core=1)
        time.sleep(2)
        return self.daemon

    def token(self, project: str = "demo") -> str:
        """
        A token of the user in a project.
        """
        domain = {"id": "default"}
        body = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": "demo", "domain": domain, "password": "pw"}},
                },
                "scope": {"project": {"name": project, "domain": domain}},
            }
        }
        status, headers, said = http("POST", f"{self.keystone}/auth/tokens", body)
        if status != 201:
            raise RuntimeError(f"no token: {status} {said[:200]!r}")
        return headers["x-subject-token"]


def _create(port: int, path: str, body: dict[str, Any], token: str) -> str:
    status, _, said = http("POST", f"http://127.0.0.1:{port}{path}", body, token)
    if status >= 300:
        raise RuntimeError(f"POST {path}: {status} {said[:300]!r}")
    made: dict[str, Any] = next(iter(json.loads(said).values()))
    return str(made["id"])


SERVER = {"server": {"name": "bench", "flavorRef": "1", "imageRef": "70a599e0-31e7-49b7-b260-868f441e862b"}}
VOLUME = {"volume": {"name": "bench", "size": 1}}


def reads(setup: Setup, *, seconds: float, rounds: int) -> list[Row]:
    """
    GET one server and one volume through everything, the servers taking turns in each round.
    """
    daemon = setup.start_daemon(1)
    token = setup.token()
    paths = {
        "server": (
            setup.compute,
            setup.nova(0),
            f"/v2.1/servers/{_create(setup.compute, '/v2.1/servers', SERVER, token)}",
        ),
        "volume": (
            setup.volume,
            setup.cinder(0),
            f"/v3/volumes/{_create(setup.volume, '/v3/volumes', VOLUME, token)}",
        ),
    }
    rows: list[Row] = []
    for what, (own, pod, path) in paths.items():
        ports = free_ports(4)
        others = {
            "nginx": (
                setup.bench.start("nginx", nginx(setup.folder, ports[0], pod), ports[0], core=1),
                ports[0],
            ),
            "haproxy": (
                setup.bench.start("haproxy", haproxy(setup.folder, ports[1], pod), ports[1], core=1),
                ports[1],
            ),
            "bare twisted": (
                setup.bench.start(
                    "bare_twisted",
                    python("benchmarks.bare_twisted", str(ports[2]), str(pod)),
                    ports[2],
                    core=1,
                ),
                ports[2],
            ),
            "bare klein+treq": (
                setup.bench.start(
                    "bare_klein_treq",
                    python("benchmarks.bare_klein_treq", str(ports[3]), str(pod)),
                    ports[3],
                    core=1,
                ),
                ports[3],
            ),
        }
        tried: dict[str, tuple[Server | None, int]] = {
            "pod itself": (None, pod),
            **others,
            "trio2o": (daemon, own),
        }
        for connections in CONNECTIONS:
            readings: dict[str, list[Reading]] = {name: [] for name in tried}
            for _ in range(rounds):
                for name, (server, port) in tried.items():
                    url = f"http://127.0.0.1:{port}{path}"
                    readings[name].append(
                        wrk(url, token, connections=connections, seconds=seconds, server=server)
                    )
            for name, got in readings.items():
                rows.append(
                    Row(what=f"GET one {what}", server=name, reading=median(got), connections=connections)
                )
                _tell(rows[-1])
        for server, _ in others.values():
            setup.bench.stop(server)
    return rows


def lists(setup: Setup, *, count: int) -> list[Row]:
    """
    GET servers/detail over 1, 2, 4 and 8 pods, each slowed by 50 ms.
    """
    rows: list[Row] = []
    for pod in range(PODS):
        http(
            "POST",
            f"http://127.0.0.1:{setup.nova(pod)}/_sandbox/behaviours",
            {"match": {"method": "GET"}, "kind": "latency", "seconds": 0.05},
        )
    for pods in (1, 2, 4, 8):
        daemon = setup.start_daemon(pods)
        token = setup.token()
        one_by_one(setup.compute, "GET", "/v2.1/servers/detail", token, count=5, server=daemon)
        reading = one_by_one(setup.compute, "GET", "/v2.1/servers/detail", token, count=count, server=daemon)
        rows.append(
            Row(what=f"list over {pods} pods of 50 ms", server="trio2o", reading=reading, connections=1)
        )
        _tell(rows[-1])
    for pod in range(PODS):
        http("DELETE", f"http://127.0.0.1:{setup.nova(pod)}/_sandbox/behaviours")
    return rows


def creates(setup: Setup, *, count: int) -> list[Row]:
    """
    POST volumes for one bound project, and for projects that have no binding yet.
    """
    daemon = setup.start_daemon(2)
    bound = setup.token()
    _create(setup.volume, "/v3/volumes", VOLUME, bound)
    fresh = iter([setup.token(f"new{number}") for number in range(count)])
    # tokens are known and the connections warm: what is measured is the create
    for name in range(count, count + 8):
        _create(setup.volume, "/v3/volumes", VOLUME, setup.token(f"new{name}"))
    rows = []
    for what, token in (
        ("create a volume, bound project", bound),
        ("create a volume, new project", lambda: next(fresh)),
    ):
        reading = one_by_one(
            setup.volume, "POST", "/v3/volumes", token, body=VOLUME, count=count, threads=8, server=daemon
        )
        rows.append(Row(what=what, server="trio2o", reading=reading, connections=8))
        _tell(rows[-1])
    return rows


def _tell(row: Row) -> None:
    reading = row.reading
    cpu = f"{reading.cpu:7.0f}" if reading.cpu else "      -"
    print(
        f"{row.what:32} {row.server:16} {row.connections:3} conn {reading.rate:9.0f}/s"
        f"  p50 {reading.p50:8.2f} ms  p99 {reading.p99:8.2f} ms"
        f"  CPU {cpu} us/request" + (f"  {reading.errors} ERRORS" if reading.errors else ""),
        flush=True,
    )


def ratios(rows: list[Row]) -> list[str]:
    """
    What the figures mean beside each other.
    """
    lines = []
    by = {(row.what, row.server, row.connections): row.reading for row in rows}
    for (what, server, connections), own in by.items():
        if server != "trio2o" or (what, "nginx", connections) not in by:
            continue
        parts = []
        for other in ("nginx", "haproxy", "bare twisted", "bare klein+treq"):
            theirs = by[(what, other, connections)]
            parts.append(
                f"{other} {own.rate / theirs.rate:.2f} of its rate, {own.cpu / theirs.cpu:.2f} of its CPU"
                if theirs.cpu
                else other
            )
        lines.append(f"{what}, {connections} connections, trio2o against: " + "; ".join(parts))
    volume = by.get(("GET one volume", "trio2o", 16))
    if volume is not None:
        lines.append(
            f"GET one volume, 16 connections: {volume.rate / ORIGINAL:.0f} times the original's {ORIGINAL:.0f}"
            " requests/s (measured on another day)"
        )
    one, eight = (by.get((f"list over {pods} pods of 50 ms", "trio2o", 1)) for pods in (1, 8))
    if one is not None and eight is not None:
        lines.append(f"a list over 8 slow pods takes {eight.p50 / one.p50:.2f} times that over one")
    return lines


def main() -> int:
    """
    Run it all and write the results.
    """
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="of each wrk run (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of which the median counts (default 3)")
    parser.add_argument(
        "--only", choices=("reads", "lists", "creates"), action="append", help="a part (default: all)"
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=ROOT / "benchmarks" / "results" / "latest.json",
        help="where the readings go",
    )
    options = parser.parse_args()
    parts = options.only or ["reads", "lists", "creates"]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="trio2o-bench-") as folder:
        Path(folder).chmod(0o755)
        bench = Bench(Path(folder))
        try:
            setup = Setup(bench=bench, folder=Path(folder))
            setup.start_pods()
            if "reads" in parts:
                rows += reads(setup, seconds=options.seconds, rounds=options.rounds)
            if "lists" in parts:
                rows += lists(setup, count=30)
            if "creates" in parts:
                rows += creates(setup, count=200)
        except MissingProgram as missing:
            print(f"{missing} is not installed; `make bench` installs it where it may", file=sys.stderr)
            return 1
        finally:
            bench.close()
    print()
    for line in ratios(rows):
        print(line)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    options.json.write_text(
        json.dumps(
            {"machine": machine, "rows": [asdict(row) for row in rows], "ratios": ratios(rows)}, indent=1
        )
    )
    print(f"\nreadings: {options.json}")
    return 1 if any(row.reading.errors for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
