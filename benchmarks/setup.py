"""
The cloud that is measured: fake pods, a fake Keystone and Trio2o in front of them.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from attrs import define, field

from benchmarks.servers import Bench, Server, free_ports, http, python

PODS = 8
#: How many projects there are that have nothing yet.
NEW_PROJECTS = 400
#: Projects whose servers are listed, each measured for itself.
LISTING_PROJECTS = ("listed", "small", "large")

SERVER = {"server": {"name": "bench", "flavorRef": "1", "imageRef": "70a599e0-31e7-49b7-b260-868f441e862b"}}
VOLUME = {"volume": {"name": "bench", "size": 1}}


@define(kw_only=True)
class Setup:
    """
    Pods, Keystone and Trio2o. The server under test has core 1, all else shares core 0.
    """

    bench: Bench
    folder: Path
    ports: list[int] = field(factory=lambda: free_ports(4 + 3 * PODS))
    daemon: Server | None = None
    _started: int = 0

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

    def neutron(self, pod: int) -> int:
        """
        A pod's Neutron port.
        """
        return self.ports[6 + 3 * pod]

    def start_pods(self, count: int = PODS) -> None:
        """
        Start Keystone and the first so many pods.
        """
        config = self.folder / "keystone.json"
        config.write_text(json.dumps(self._cloud()))
        self.bench.start(
            "keystone",
            python("trio2o.sandbox.keystone", "--port", str(self.ports[0]), "--config", str(config)),
            self.ports[0],
            core=0,
        )
        for pod in range(count):
            options = {
                "name": f"Pod{pod + 1}",
                "nova": self.nova(pod),
                "cinder": self.cinder(pod),
                "neutron": self.neutron(pod),
                "keystone": self.keystone,
                "build-seconds": 0,
                "instances": -1,
                "volumes": -1,
            }
            words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
            command = python("trio2o.sandbox.pod", *words)
            self.bench.start(f"pod{pod + 1}", command, self.nova(pod), core=0)

    def _cloud(self) -> dict[str, Any]:
        """
        What the fake Keystone knows.
        """
        endpoints = []
        for pod in range(PODS):
            for service, url in (
                ("compute", f"http://127.0.0.1:{self.nova(pod)}/v2.1"),
                ("volumev3", f"http://127.0.0.1:{self.cinder(pod)}/v3/%(project_id)s"),
                ("network", f"http://127.0.0.1:{self.neutron(pod)}"),
            ):
                endpoints.append({"region": f"Pod{pod + 1}", "service": service, "url": url})
        names = ("service", "demo", *LISTING_PROJECTS, *(f"new{number}" for number in range(NEW_PROJECTS)))
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
                "roles": {name: ["member"] for name in names},
            },
        ]
        return {
            "token_lifetime": 36000,
            "projects": [{"name": name} for name in names],
            "users": users,
            "endpoints": endpoints,
        }

    def beside(self, name: str) -> Setup:
        """
        Another Trio2o in front of the same pods, with a folder and ports of its own.
        """
        folder = self.folder / name
        folder.mkdir(mode=0o755)
        return Setup(bench=self.bench, folder=folder, ports=[self.ports[0], *free_ports(3), *self.ports[4:]])

    def stop_daemon(self) -> None:
        """
        End the Trio2o that runs.
        """
        if self.daemon is not None:
            self.bench.stop(self.daemon)
            self.daemon = None

    def start_daemon(
        self,
        pods: int,
        *,
        limits: str = "",
        quotas: str = "",
        workers: int = 1,
        state: str | None = None,
        settle: float = 2.0,
    ) -> Server:
        """
        Start a new Trio2o over the first so many pods, with everything on, ending the one before.

        :param limits: what its configuration has in the section of that name; ``quotas`` too.
        :param state: the folder of its database; a new one where none is named.
        :param settle: seconds that are waited once it listens.
        """
        self.stop_daemon()
        self._started += 1
        state = state or f"state{self._started}"
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
database: {{state_directory: {self.folder}/{state}}}
workers: {workers}
logging: {{access_file: {self.folder}/access.log}}
limits: {{{limits}}}
quotas: {{{quotas}}}
pods:
{listed}"""
        )
        twistd = str(Path(sys.executable).with_name("twistd"))
        command = [twistd, "--nodaemon", "--pidfile=", "trio2o", "--config", str(config)]
        name = f"{self.folder.name}-trio2o-{self._started}"
        self.daemon = self.bench.start(name, command, self.compute, core=1, patience=600.0)
        time.sleep(settle)
        return self.daemon

    def token(self, project: str = "demo", user: str = "demo") -> str:
        """
        A token of a user in a project; ``trio2o`` is an administrator in ``service``.
        """
        domain = {"id": "default"}
        body = {
            "auth": {
                "identity": {
                    "methods": ["password"],
                    "password": {"user": {"name": user, "domain": domain, "password": "pw"}},
                },
                "scope": {"project": {"name": project, "domain": domain}},
            }
        }
        status, headers, said = http("POST", f"{self.keystone}/auth/tokens", body)
        if status != 201:
            raise RuntimeError(f"no token: {status} {said[:200]!r}")
        return headers["x-subject-token"]


def created(port: int, path: str, body: dict[str, Any], token: str) -> str:
    """
    Create something; its id.
    """
    status, _, said = http("POST", f"http://127.0.0.1:{port}{path}", body, token)
    if status >= 300:
        raise RuntimeError(f"POST {path}: {status} {said[:300]!r}")
    made: dict[str, Any] = next(iter(json.loads(said).values()))
    return str(made["id"])
