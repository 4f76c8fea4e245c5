"""
The configuration as a tree of frozen values. An attribute is an option of the same name in the YAML file; what is
written here of each is also its documentation (``trio2o config options``) and the sample file.

Durations are seconds, sizes bytes, both told by the ending of the name.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from trio2o.config import checks
from trio2o.config.database_section import DatabaseSection
from trio2o.config.idempotency_section import IdempotencySection
from trio2o.config.identity_section import IdentitySection
from trio2o.config.job_queue_section import JobQueueSection
from trio2o.config.jobs_section import JobsSection
from trio2o.config.listen_sections import ListenSections
from trio2o.config.option import option
from trio2o.config.pod_sections import (
    PodDefaults,
    PodEndpoints,
    PodHeadroom,
    PodOvercommit,
    PodSection,
)
from trio2o.config.quotas_section import QuotasSection
from trio2o.config.scheduling_section import SchedulingSection
from trio2o.config.shared_section import SharedSection
from trio2o.config.usage_section import UsageSection
from trio2o.model import Pod, PodSettings

__all__ = [
    "Config",
    "DatabaseSection",
    "IdempotencySection",
    "IdentitySection",
    "JobQueueSection",
    "JobsSection",
    "LoggingSection",
    "QuotasSection",
    "SchedulingSection",
]


@frozen(kw_only=True)
class LimitsSection:
    """
    What keeps memory bounded.
    """

    read_body_bytes: int = option(
        "The largest request body that is read whole (creates); a larger one gets 413. The default is what Nova and "
        "Cinder accept themselves. Bodies that are only passed on have no limit.",
        default=114_688,
        check=checks.between(1024, 1 << 30),
    )
    answer_body_bytes: int = option(
        "The largest answer of one pod that is read whole (lists to merge, bodies to rewrite).",
        default=32 << 20,
        check=checks.between(65_536, 1 << 32),
    )
    header_bytes: int = option(
        "The largest request line and header fields together.",
        default=65_536,
        check=checks.between(8192, 1 << 20),
    )
    max_page: int = option(
        "The most items that one list answer has; as Nova's and Cinder's max_limit.",
        default=1000,
        check=checks.between(1, 100_000),
    )
    routes_cached: int = option(
        "How many routes are kept in memory, about 400 bytes each.",
        default=100_000,
        check=checks.between(1, 100_000_000),
    )
    negative_routes_seconds: float = option(
        "How long it is believed that no pod has an id, before the pods are asked again.",
        default=5.0,
        check=checks.seconds(0, 300),
    )


@frozen(kw_only=True)
class LoggingSection:
    """
    What is told, and how. Tokens and secrets never are.
    """

    level: str = option(
        "The least important events that are told: debug, info, warn, error or critical.",
        default="info",
        check=checks.one_of("debug", "info", "warn", "error", "critical"),
    )
    format: str = option(
        "text, for people, or json, one object a line.", default="text", check=checks.one_of("text", "json")
    )
    file: Path | None = option(
        "The file that events are added to, opened again on SIGHUP; without it they go to the standard output.",
        default=None,
        example="/var/log/trio2o/trio2o.log",
    )
    access: bool = option("Whether each request gets a line.", default=True)
    access_file: Path | None = option(
        "The file that access lines are added to, opened again on SIGHUP; without it the standard output. In the "
        "background, where there is no standard output, it takes a file to have access lines.",
        default=None,
        example="/var/log/trio2o/access.log",
    )


@frozen(kw_only=True)
class MetricsSection:
    """
    What Prometheus reads.
    """

    enabled: bool = option("Whether the admin surface serves /metrics, without a token.", default=True)


@frozen(kw_only=True)
class ProxySection:
    """
    The proxies in front of the daemon, and how it calls itself to those behind.
    """

    trusted: tuple[str, ...] = option(
        "Addresses and networks of balancers whose X-Forwarded-For, -Proto, -Host and -Prefix are believed.",
        default=(),
        each=checks.network,
        check=checks.once,
        example=["10.0.0.0/8"],
    )
    via_name: str = option(
        "The name in Via fields, by which a request that comes back is known as a loop; the same in all processes "
        "of one gateway, different between gateways.",
        default="trio2o",
        check=checks.via,
    )


@frozen(kw_only=True)
class Config:
    """
    All of it.
    """

    region: str = option(
        "The name of the top region: the Keystone region whose endpoints are this daemon's.",
        default="RegionOne",
        check=checks.name,
    )
    listen: ListenSections = option("", factory=ListenSections)
    workers: int = option(
        "How many processes serve, all at the same ports: about one for each core. One that ends is started again.",
        default=1,
        check=checks.between(1, 256),
    )
    identity: IdentitySection = option("")
    database: DatabaseSection = option("", factory=DatabaseSection)
    pods: tuple[PodSection, ...] = option("", default=())
    pod_defaults: PodDefaults = option("", factory=PodDefaults)
    limits: LimitsSection = option("", factory=LimitsSection)
    scheduling: SchedulingSection = option("", factory=SchedulingSection)
    idempotency: IdempotencySection = option("", factory=IdempotencySection)
    usage: UsageSection = option("", factory=UsageSection)
    quotas: QuotasSection = option("", factory=QuotasSection)
    shared: SharedSection = option("", factory=SharedSection)
    jobs: JobsSection = option("", factory=JobsSection)
    job_queue: JobQueueSection = option("", factory=JobQueueSection)
    policy_file: Path | None = option(
        "A file of oslo.policy rules that differ from the defaults; `trio2o policy sample` prints those.",
        default=None,
        check=checks.readable,
        example="policy.yaml",
    )
    logging: LoggingSection = option("", factory=LoggingSection)
    metrics: MetricsSection = option("", factory=MetricsSection)
    proxy: ProxySection = option("", factory=ProxySection)
    drain_seconds: float = option(
        "How long requests under way have to finish after SIGTERM.",
        default=30.0,
        check=checks.seconds(0, 3600),
    )

    def pods_declared(self) -> list[Pod]:
        """
        The pod list as values for :meth:`trio2o.interfaces.IPodStore.declare_pods`, which keeps the ids of the pods it knows.
        """
        return [_pod(section) for section in self.pods]


def _pod(section: PodSection) -> Pod:
    return Pod(
        id=str(uuid.uuid4()),
        name=section.name,
        az_name=section.az,
        pod_az_name=section.pod_az,
        dc_name=section.dc,
        state=section.state,
        weight=section.weight,
        affinity=frozenset(section.affinity),
        declared=True,
        settings=settings_of(section),
    )


def settings_of(section: PodSection) -> PodSettings:
    """
    How the pod of a section is reached and filled.
    """
    return PodSettings(
        endpoints=_said(section.endpoints),
        ca_file=str(section.ca_file) if section.ca_file is not None else "",
        connect_timeout=section.connect_timeout_seconds,
        answer_timeout=section.answer_timeout_seconds,
        concurrency=section.concurrency,
        overcommit=_said(section.overcommit),
        headroom=_said(section.headroom),
        cost=section.cost,
        taints=section.taints,
        projects_allowed=section.projects_allowed,
        projects_denied=section.projects_denied,
    )


def _said(section: PodEndpoints | PodOvercommit | PodHeadroom) -> dict[str, Any]:
    """
    What a pod says otherwise than the defaults.
    """
    return {name: value for name, value in attrs.asdict(section).items() if value is not None}
