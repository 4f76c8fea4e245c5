"""
What the sandbox consists of: names, ports, zones, credentials, and the files that are made from them.
"""

from __future__ import annotations

import os
from pathlib import Path

from attrs import field, frozen

from trio2o.sandbox.demo.processes import StepFailed

_FIRST_PORT = "19900"


@frozen(kw_only=True)
class PodPlan:
    """
    One fake pod; its services listen at three neighbouring ports.
    """

    name: str
    zone: str
    first_port: int

    @property
    def process(self) -> str:
        """
        The name of its process and of its log.
        """
        return self.name.lower()

    @property
    def nova(self) -> int:
        """
        The port of its Nova.
        """
        return self.first_port

    @property
    def cinder(self) -> int:
        """
        The port of its Cinder.
        """
        return self.first_port + 1

    @property
    def neutron(self) -> int:
        """
        The port of its Neutron.
        """
        return self.first_port + 2


def _folder() -> Path:
    return Path(os.environ.get("TRIO2O_SANDBOX", ".sandbox")).resolve()


def _base_port() -> int:
    text = os.environ.get("TRIO2O_SANDBOX_PORTS", _FIRST_PORT)
    if not text.isdecimal() or not 1024 <= int(text) <= 65400:
        raise StepFailed(
            f"TRIO2O_SANDBOX_PORTS is the first of a hundred ports, 1024 to 65400, and not {text!r}"
        )
    return int(text)


@frozen(kw_only=True)
class Layout:
    """
    The whole sandbox. All ports are on the loopback address; ``TRIO2O_SANDBOX_PORTS`` moves them.
    """

    folder: Path = field(factory=_folder)
    base_port: int = field(factory=_base_port)
    region: str = "RegionOne"
    admin_password: str = "adminpass"
    demo_password: str = "demopass"
    service_password: str = "servicepass"
    #: How long a fake pod builds a server or a volume.
    build_seconds: float = 0.5
    #: How long the daemon believes a token without asking Keystone again.
    token_cache_seconds: int = 30

    @property
    def keystone_port(self) -> int:
        """
        Where the real Keystone listens.
        """
        return self.base_port

    @property
    def glance_port(self) -> int:
        """
        Where the fake Glance listens.
        """
        return self.base_port + 1

    @property
    def compute_port(self) -> int:
        """
        Where Trio2o serves the compute surface.
        """
        return self.base_port + 98

    @property
    def volume_port(self) -> int:
        """
        Where Trio2o serves the volume surface.
        """
        return self.base_port + 97

    @property
    def admin_port(self) -> int:
        """
        Where Trio2o serves the admin surface.
        """
        return self.base_port + 96

    @property
    def auth_url(self) -> str:
        """
        The Keystone endpoint.
        """
        return f"http://127.0.0.1:{self.keystone_port}/v3"

    @property
    def pods(self) -> tuple[PodPlan, ...]:
        """
        Two pods in az1, one in az2.
        """
        zones = (("Pod1", "az1"), ("Pod2", "az1"), ("Pod3", "az2"))
        return tuple(
            PodPlan(name=name, zone=zone, first_port=self.base_port + 10 * at)
            for at, (name, zone) in enumerate(zones, 1)
        )

    @property
    def admin_url(self) -> str:
        """
        The Admin API.
        """
        return f"http://127.0.0.1:{self.admin_port}/v1.0"

    @property
    def ports(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """
        Each process and where it listens, in the order in which they are started.
        """
        return (
            ("glance", (self.glance_port,)),
            *((pod.process, (pod.nova, pod.cinder, pod.neutron)) for pod in self.pods),
            ("keystone", (self.keystone_port,)),
            ("trio2o", (self.compute_port, self.volume_port, self.admin_port)),
        )

    @property
    def clouds_file(self) -> Path:
        """
        The clients' clouds.yaml.
        """
        return self.folder / "clouds.yaml"

    @property
    def config_file(self) -> Path:
        """
        The daemon's configuration.
        """
        return self.folder / "trio2o.yaml"

    def write_files(self) -> None:
        """
        Write the daemon's configuration, the clients' clouds.yaml and a file to source.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(self._config())
        self.clouds_file.write_text(self._clouds())
        (self.folder / "openrc").write_text(self._openrc())

    def _config(self) -> str:
        pods = "".join(f"  - name: {pod.name}\n    az: {pod.zone}\n    dc: dc1\n" for pod in self.pods)
        return f"""\
# Made by `make sandbox`; see conf/trio2o.yaml for every option.
region: {self.region}
listen:
  compute:
    endpoints: ["tcp:{self.compute_port}:interface=127.0.0.1"]
  volume:
    endpoints: ["tcp:{self.volume_port}:interface=127.0.0.1"]
  admin:
    endpoints: ["tcp:{self.admin_port}:interface=127.0.0.1"]
identity:
  auth_url: {self.auth_url}
  auth_type: password
  auth:
    username: trio2o
    password: {self.service_password}
    project_name: service
    user_domain_id: default
    project_domain_id: default
  token_cache_seconds: {self.token_cache_seconds}
database:
  state_directory: {self.folder / "state"}
pod_defaults:
  probe_interval_seconds: 2
# The client knows one Neutron, Pod1's, so that projects begin there: one pod is filled, then the next.
scheduling:
  weighers: {{binding: 100, recent_failures: 150, operator_weight: 10, creation_order: 1}}
pods:
{pods}"""

    def cloud(self, name: str, user: str, password: str, project: str, region: str | None = None) -> str:
        """
        An entry of clouds.yaml for a user of the default domain.

        Networks are the pods' own, and a client knows one Neutron at a time: the first pod's at the top region.
        """
        return f"""\
  {name}:
    region_name: {region or self.region}
    identity_region_name: {self.region}
    image_region_name: {self.region}
    network_region_name: {region or self.pods[0].name}
    identity_api_version: 3
    auth:
      auth_url: {self.auth_url}
      username: {user}
      password: {password}
      project_name: {project}
      user_domain_id: default
      project_domain_id: default
"""

    def _clouds(self) -> str:
        parts = [
            self.cloud("demo", "demo", self.demo_password, "demo"),
            self.cloud("alt-demo", "alt_demo", self.demo_password, "alt_demo"),
            self.cloud("admin", "admin", self.admin_password, "admin"),
        ]
        for pod in self.pods:
            parts.append(self.cloud(pod.process, "demo", self.demo_password, "demo", pod.name))
        return "clouds:\n" + "".join(parts)

    def _openrc(self) -> str:
        return f"""\
# Source this file, then use `openstack` as in any cloud.
export OS_CLIENT_CONFIG_FILE={self.clouds_file}
export OS_CLOUD=demo
export TRIO2O_ADMIN={self.admin_url}
"""
