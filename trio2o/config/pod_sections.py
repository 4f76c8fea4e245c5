"""
The options of pods: the list of them, and what holds for all that do not say otherwise.
"""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option
from trio2o.model import PodState


@frozen(kw_only=True)
class PodEndpoints:
    """
    Where a pod's services are, for those that are not to be taken from the Keystone catalog.
    """

    compute: str | None = option(
        "Nova's root URL, without version and project.",
        default=None,
        check=checks.root_url,
        example="https://nova.pod1.example.org:8774",
    )
    volume: str | None = option(
        "Cinder's root URL, without version and project.",
        default=None,
        check=checks.root_url,
        example="https://cinder.pod1.example.org:8776",
    )
    network: str | None = option(
        "Neutron's root URL, without version.",
        default=None,
        check=checks.root_url,
        example="https://neutron.pod1.example.org:9696",
    )


@frozen(kw_only=True)
class PodOvercommit:
    """
    As scheduling.overcommit, for this pod.
    """

    vcpus: float | None = option(
        "Nova's cpu_allocation_ratio there.", default=None, check=checks.between(0.01, 1000), example=4.0
    )
    ram_mb: float | None = option(
        "Nova's ram_allocation_ratio there.", default=None, check=checks.between(0.01, 1000), example=1.0
    )
    disk_gb: float | None = option(
        "Nova's disk_allocation_ratio there.", default=None, check=checks.between(0.01, 1000), example=1.0
    )


@frozen(kw_only=True)
class PodHeadroom:
    """
    As scheduling.headroom, for this pod.
    """

    vcpus: float | None = option("Virtual CPUs.", default=None, check=checks.between(0, 1), example=0.1)
    ram_mb: float | None = option("Memory.", default=None, check=checks.between(0, 1), example=0.1)
    disk_gb: float | None = option(
        "The hypervisors' disks.", default=None, check=checks.between(0, 1), example=0.1
    )
    volume_gb: float | None = option("Cinder's pools.", default=None, check=checks.between(0, 1), example=0.1)


@frozen(kw_only=True)
class PodSection:
    """
    One pod. At start and on SIGHUP the list is written to the database; the Admin API cannot delete its pods.
    """

    name: str = option("The pod's Keystone region.", check=checks.name, example="Pod1")
    az: str = option("The availability zone that users see and choose.", check=checks.zone, example="az1")
    pod_az: str = option(
        "The zone inside the pod that servers and volumes are made in; empty lets the pod choose.",
        default="",
        check=checks.pod_zone,
        example="nova",
    )
    dc: str = option("The data centre, for people.", default="", example="dc1")
    weight: float = option(
        "The operator's preference among the pods of one zone; larger is preferred.",
        default=1.0,
        check=checks.between(-1_000_000, 1_000_000),
    )
    state: PodState = option(
        "enabled; draining or maintenance: serves what it has and gets nothing new; disabled: left out of everything.",
        default=PodState.ENABLED,
    )
    affinity: tuple[str, ...] = option(
        "Resource affinity tags; pods with equal tags are one pod group.",
        default=(),
        each=checks.tag,
        check=checks.once,
        example=["gpu"],
    )
    cost: float = option(
        "What a resource costs there, in any unit; the weigher cost prefers less.",
        default=0.0,
        check=checks.between(0, 1_000_000_000),
    )
    taints: tuple[str, ...] = option(
        "Words that a project must tolerate, each of them (scheduling.tolerations), to get new resources there.",
        default=(),
        each=checks.tag,
        check=checks.once,
        example=["dedicated"],
    )
    projects_allowed: tuple[str, ...] = option(
        "Ids of the only projects that get new resources there; empty for all.",
        default=(),
        each=checks.name,
        check=checks.once,
        example=["5f705771599e4d8a8e7a0c2c1ae3bd4c"],
    )
    projects_denied: tuple[str, ...] = option(
        "Ids of projects that get no new resources there.",
        default=(),
        each=checks.name,
        check=checks.once,
        example=["0e2f6a3ad0f34bb4a3a1dd6e93b7f3d5"],
    )
    overcommit: PodOvercommit = option("", factory=PodOvercommit)
    headroom: PodHeadroom = option("", factory=PodHeadroom)
    endpoints: PodEndpoints = option("", factory=PodEndpoints)
    ca_file: Path | None = option(
        "As pod_defaults.ca_file, for this pod.",
        default=None,
        check=checks.readable,
        example="/etc/trio2o/pod1.pem",
    )
    connect_timeout_seconds: float | None = option(
        "As pod_defaults.connect_timeout_seconds, for this pod.",
        default=None,
        check=checks.seconds(0.05, 300),
        example=2.0,
    )
    answer_timeout_seconds: float | None = option(
        "As pod_defaults.answer_timeout_seconds, for this pod.",
        default=None,
        check=checks.seconds(0.05, 3600),
        example=30.0,
    )
    concurrency: int | None = option(
        "As pod_defaults.concurrency, for this pod.",
        default=None,
        check=checks.between(1, 100_000),
        example=64,
    )


@frozen(kw_only=True)
class BreakerSection:
    """
    When a pod that fails is left alone for a while.
    """

    failures: int = option(
        "How many transport failures in a row open the breaker.", default=5, check=checks.between(1, 10_000)
    )
    open_seconds: float = option(
        "How long nothing is sent to the pod before it is tried again.",
        default=10.0,
        check=checks.seconds(0.1, 3600),
    )


@frozen(kw_only=True)
class PodDefaults:
    """
    How pods are reached, those of the Admin API too. Certificates are always checked.
    """

    ca_file: Path | None = option(
        "PEM file with the authorities that pods' certificates are checked against; without it the system's.",
        default=None,
        check=checks.readable,
        example="/etc/trio2o/pods.pem",
    )
    connect_timeout_seconds: float = option(
        "How long connecting, TLS included, may take.", default=5.0, check=checks.seconds(0.05, 300)
    )
    answer_timeout_seconds: float = option(
        "How long a pod has until the head of its answer, and between two pieces of its body.",
        default=60.0,
        check=checks.seconds(0.05, 3600),
    )
    list_timeout_seconds: float = option(
        "How long a pod has for its part of a list; a slower one is left out, and a header of the answer says so.",
        default=10.0,
        check=checks.seconds(0.05, 3600),
    )
    create_timeout_seconds: float = option(
        "How long a pod has to accept a create.", default=120.0, check=checks.seconds(0.05, 3600)
    )
    concurrency: int = option(
        "How many requests may be under way at one pod at once, for each process.",
        default=256,
        check=checks.between(1, 100_000),
    )
    queue: int = option(
        "How many more may wait for their turn; beyond it they get 503 at once.",
        default=1024,
        check=checks.between(0, 1_000_000),
    )
    idle_connection_seconds: float = option(
        "How long an unused connection is kept; less than the pods keep theirs (Apache: 5 seconds).",
        default=4.0,
        check=checks.seconds(0, 3600),
    )
    lean_connections: bool = option(
        "Whether pods are reached over the daemon's own HTTP/1.1 connections; false takes Twisted's, which cost more CPU.",
        default=True,
    )
    breaker: BreakerSection = option("", factory=BreakerSection)
    probe_interval_seconds: float = option(
        "How often each pod's health and versions are looked at.",
        default=10.0,
        check=checks.seconds(0.1, 86_400),
    )
