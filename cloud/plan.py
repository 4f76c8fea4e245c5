"""
What the cloud consists of: names, ports and passwords, all of which follow from a folder and the number of pods.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

#: The root of the checkout.
CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULT_BASE = "/opt/trio2o-cloud"
MOST_PODS = 5

TOP_REGION = "RegionOne"
KEYSTONE_PORT, GLANCE_PORT = 5000, 9292
DATABASE_PORT, QUEUE_PORT, QUEUE_PEERS_PORT, EPMD_PORT = 13706, 15673, 15674, 14369
#: The last digits of each pod's ports; the pod's number stands before them.
POD_PORTS: Mapping[str, int] = {"nova": 8774, "cinder": 8776, "placement": 8778, "neutron": 9696}
#: Where the daemon listens, as ``conf/examples/cloud.yaml`` has it.
COMPUTE_PORT, VOLUME_PORT, ADMIN_PORT = 8774, 8776, 19996

DATABASE_USER = QUEUE_USER = "rig"
DATABASE_PASSWORD = QUEUE_PASSWORD = "rigsecret"
ADMIN_PASSWORD, SERVICE_PASSWORD, DEMO_PASSWORD = "adminpass", "servicepass", "demopass"
#: Who has the roles admin and service in the project service; ``gateway`` is Trio2o's.
SERVICE_USERS = ("nova", "placement", "cinder", "neutron", "glance", "gateway")
DEMO_USERS = ("demo", "alt_demo")


class WrongSetting(Exception):
    """
    An environment variable is not what it should be; the text says which.
    """


@frozen(kw_only=True)
class Pod:
    """
    One pod. Everything of it is named after its number.
    """

    number: int

    @property
    def name(self) -> str:
        """
        Its name in folders, databases, processes and message queues.
        """
        return f"pod{self.number}"

    @property
    def region(self) -> str:
        """
        Its Keystone region.
        """
        return f"Pod{self.number}"

    @property
    def zone(self) -> str:
        """
        The zone that the top region shows it in: the odd ones in az1, the even ones in az2.
        """
        return "az1" if self.number % 2 else "az2"

    @property
    def databases(self) -> tuple[str, ...]:
        """
        The names of its databases.
        """
        services = ("nova_api", "nova", "nova_cell0", "placement", "cinder", "neutron")
        return tuple(f"{self.name}_{service}" for service in services)

    def port(self, service: str) -> int:
        """
        Where a service's API listens.
        """
        return self.number * 10_000 + POD_PORTS[service]

    def url(self, service: str) -> str:
        """
        The root of a service's API.
        """
        return f"http://127.0.0.1:{self.port(service)}"


@frozen(kw_only=True)
class Plan:
    """
    The whole cloud.
    """

    base: Path
    pods: tuple[Pod, ...] = field(factory=lambda: (Pod(number=1), Pod(number=2)))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Plan:
        """
        ``TRIO2O_CLOUD`` names the folder, ``TRIO2O_CLOUD_PODS`` the number of pods.

        :raises WrongSetting: if one is nothing of the kind.
        """
        base = Path(environment.get("TRIO2O_CLOUD") or DEFAULT_BASE)
        if not base.is_absolute():
            raise WrongSetting(f"TRIO2O_CLOUD={base}: the folder needs an absolute path")
        number = environment.get("TRIO2O_CLOUD_PODS") or "2"
        if not number.isdecimal() or not 2 <= int(number) <= MOST_PODS:
            raise WrongSetting(f"TRIO2O_CLOUD_PODS={number}: a number from 2 to {MOST_PODS} is meant")
        return cls(base=base, pods=tuple(Pod(number=each) for each in range(1, int(number) + 1)))

    @property
    def configuration(self) -> Path:
        """
        The services' configuration files.
        """
        return self.base / "etc"

    @property
    def state(self) -> Path:
        """
        Databases, volumes, images.
        """
        return self.base / "var"

    @property
    def run(self) -> Path:
        """
        Pid files and sockets.
        """
        return self.base / "run"

    @property
    def logs(self) -> Path:
        """
        A file for each process and for each step that is done once.
        """
        return self.base / "log"

    @property
    def done(self) -> Path:
        """
        A marker for each step that is done once.
        """
        return self.base / "done"

    @property
    def services(self) -> Path:
        """
        The virtual environment of all OpenStack services.
        """
        return self.base / "venv-services"

    @property
    def database_socket(self) -> Path:
        """
        Where root reaches MariaDB without a password.
        """
        return self.run / "mysql.sock"

    @property
    def clouds_file(self) -> Path:
        """
        The ``clouds.yaml`` for clients.
        """
        return self.base / "clouds.yaml"

    @property
    def keystone(self) -> str:
        """
        Keystone's URL.
        """
        return f"http://127.0.0.1:{KEYSTONE_PORT}/v3"

    @property
    def glance(self) -> str:
        """
        Glance's URL.
        """
        return f"http://127.0.0.1:{GLANCE_PORT}"

    @property
    def queue_hosts(self) -> tuple[str, ...]:
        """
        RabbitMQ's virtual hosts.
        """
        return tuple(pod.name for pod in self.pods)

    def database(self, name: str) -> str:
        """
        The URL of a database, as the services connect to it.
        """
        return f"mysql+pymysql://{DATABASE_USER}:{DATABASE_PASSWORD}@127.0.0.1:{DATABASE_PORT}/{name}?charset=utf8"

    def queue(self, pod: Pod) -> str:
        """
        The URL of a pod's message queue.
        """
        return f"rabbit://{QUEUE_USER}:{QUEUE_PASSWORD}@127.0.0.1:{QUEUE_PORT}/{pod.name}"

    def environment(self) -> dict[str, str]:
        """
        What OpenStack's and Debian's commands run with: nothing of the caller's but its home.

        Without compiled modules, as PYTHONDONTWRITEBYTECODE would have it, each start takes many times as long.
        """
        path = [self.base / "bin", self.services / "bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        return {
            "PATH": os.pathsep.join(map(str, path)),
            "LANG": "C.UTF-8",
            "HOME": os.environ.get("HOME", "/root"),
        }
