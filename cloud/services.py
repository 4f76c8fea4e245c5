"""
Every process of the cloud: its command, its environment, its port.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import field, frozen

from cloud.plan import (
    ADMIN_PORT,
    CHECKOUT,
    COMPUTE_PORT,
    DATABASE_PORT,
    EPMD_PORT,
    GLANCE_PORT,
    KEYSTONE_PORT,
    QUEUE_PEERS_PORT,
    QUEUE_PORT,
    VOLUME_PORT,
    Plan,
    Pod,
)

QUEUE = "rabbitmq"
EPMD = "epmd"
KEYSTONE = "keystone"
GLANCE = "glance"
DAEMON = "trio2o"


@frozen(kw_only=True)
class Service:
    """
    One process.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(factory=dict)
    #: The ports that it listens on, the API's first.
    ports: tuple[int, ...] = ()
    #: What to ask to see whether it answers; empty for processes without an API.
    url: str = ""
    #: The table of the pod's database in which it reports, and the column with the time.
    reports: tuple[str, str] | None = None


def broker(plan: Plan) -> tuple[Service, Service]:
    """
    RabbitMQ, and the name server that Erlang wants; started apart from it, since it would listen on every address.
    """
    state = plan.state / "rabbitmq"
    settings = plan.configuration / "rabbitmq"
    idle = "+sbwt none +sbwtdcpu none +sbwtdio none"
    environment = {
        "HOME": str(state),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(EPMD_PORT),
        "RABBITMQ_NODENAME": "rig@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(QUEUE_PORT),
        "RABBITMQ_DIST_PORT": str(QUEUE_PEERS_PORT),
        "RABBITMQ_MNESIA_BASE": str(state / "mnesia"),
        "RABBITMQ_LOG_BASE": str(plan.logs),
        "RABBITMQ_CONFIG_FILE": str(settings / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(settings / "enabled_plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {{127,0,0,1}} {idle}",
    }
    return (
        Service(
            name=EPMD, command=("epmd", "-address", "127.0.0.1", "-port", str(EPMD_PORT)), ports=(EPMD_PORT,)
        ),
        Service(
            name=QUEUE,
            # not Debian's wrapper, which changes the user
            command=("/usr/lib/rabbitmq/bin/rabbitmq-server",),
            environment=environment,
            ports=(QUEUE_PORT, QUEUE_PEERS_PORT),
        ),
    )


def keystone(plan: Plan) -> Service:
    """
    Keystone.
    """
    return _api(
        plan,
        KEYSTONE,
        KEYSTONE_PORT,
        "keystone.wsgi.api",
        {
            "CLOUD_ARGV": "keystone",
            "CLOUD_THREADS": "6",
            "OS_KEYSTONE_CONFIG_FILES": str(plan.configuration / "keystone" / "keystone.conf"),
        },
        path="/v3",
    )


def glance(plan: Plan) -> Service:
    """
    Glance.
    """
    settings = {"CLOUD_ARGV": "glance-api", "OS_GLANCE_CONFIG_DIR": str(plan.configuration / "glance")}
    return _api(plan, GLANCE, GLANCE_PORT, "glance.wsgi.api", settings)


def pod_services(plan: Plan, pod: Pod) -> Iterator[Service]:
    """
    The processes of one pod, in the order in which they are started.
    """
    etc = plan.configuration / pod.name
    nova, cpu = etc / "nova" / "nova.conf", etc / "nova" / "nova-cpu.conf"
    cinder = etc / "cinder" / "cinder.conf"

    def worker(command: str, config: Path, reports: tuple[str, str] | None = None) -> Service:
        return Service(
            name=f"{pod.name}-{command}", command=(command, "--config-file", str(config)), reports=reports
        )

    def api(name: str, service: str, module: str, **settings: str) -> Service:
        return _api(plan, f"{pod.name}-{name}", pod.port(service), module, settings)

    yield api(
        "placement",
        "placement",
        "placement.wsgi.api",
        CLOUD_ARGV="placement-api",
        OS_PLACEMENT_CONFIG_DIR=str(etc / "placement"),
    )
    yield worker("nova-conductor", nova, ("nova", "last_seen_up"))
    yield api(
        "neutron",
        "neutron",
        "neutron.wsgi.api",
        CLOUD_ARGV="neutron-server",
        OS_NEUTRON_CONFIG_DIR=str(etc / "neutron"),
        OS_NEUTRON_CONFIG_FILES="neutron.conf",
    )
    yield api(
        "nova-api",
        "nova",
        "nova.wsgi.osapi_compute",
        CLOUD_ARGV="nova-api",
        CLOUD_THREADS="6",
        OS_NOVA_CONFIG_DIR=str(etc / "nova"),
    )
    yield api("cinder-api", "cinder", "cinder.wsgi.api", CLOUD_ARGV=f"cinder-api --config-file {cinder}")
    yield worker("nova-scheduler", nova, ("nova", "last_seen_up"))
    yield worker("nova-compute", cpu, ("nova", "last_seen_up"))
    yield worker("cinder-scheduler", cinder, ("cinder", "updated_at"))
    yield worker("cinder-volume", cinder, ("cinder", "updated_at"))
    yield worker("cinder-backup", cinder)


def daemon(plan: Plan) -> Service:
    """
    Trio2o from this checkout, by the Python that runs this.
    """
    twistd = Path(sys.executable).with_name("twistd")
    settings = plan.configuration / "trio2o" / "trio2o.yaml"
    return Service(
        name=DAEMON,
        command=(str(twistd), "--nodaemon", "--pidfile=", "trio2o", "--config", str(settings)),
        environment={
            "PYTHONPATH": str(CHECKOUT),
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        },
        ports=(COMPUTE_PORT, VOLUME_PORT, ADMIN_PORT),
        url=f"http://127.0.0.1:{COMPUTE_PORT}/healthcheck",
    )


def everything(plan: Plan) -> list[Service]:
    """
    Every process, in the order in which they are started.
    """
    return [
        Service(name="mysql", command=(), ports=(DATABASE_PORT,)),
        *broker(plan),
        keystone(plan),
        glance(plan),
        *(service for pod in plan.pods for service in pod_services(plan, pod)),
        daemon(plan),
    ]


def _api(
    plan: Plan, name: str, port: int, module: str, environment: Mapping[str, str], path: str = "/"
) -> Service:
    return Service(
        name=name,
        command=(
            str(plan.services / "bin" / "gunicorn"),
            *("-c", str(plan.configuration / "gunicorn.py")),
            *("-b", f"127.0.0.1:{port}"),
            f"{module}:application",
        ),
        environment=environment,
        ports=(port,),
        url=f"http://127.0.0.1:{port}{path}",
    )
