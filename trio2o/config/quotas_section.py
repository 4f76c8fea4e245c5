"""
The section ``quotas``: what projects may have over all pods.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import Check, option
from trio2o.quota.resources import MOST, RESOURCES, type_of


def _limits(service: str) -> Check:
    """
    Accept limits of a service's resources, and of those of its types.
    """
    known = RESOURCES[service]

    def check(limits: Mapping[str, int]) -> Mapping[str, int]:
        for name, limit in limits.items():
            if name not in known and type_of(service, name) is None:
                raise ValueError(f"has an unknown resource {name}{checks.suggestion(name, known)}")
            if not -1 <= limit <= MOST:
                raise ValueError(f"has {limit} for {name}: must be from -1, which is no limit, to {MOST}")
        return limits

    return check


@frozen(kw_only=True)
class QuotasSection:
    """
    What projects may have over all pods together, as far as no quota was set for the project or for the class default. What is
    not named here is the largest that a pod has by its own default class; where the daemon's user is no admin in the pods,
    that is not known, and the pods' own limits alone hold.
    """

    enabled: bool = option(
        "Whether what projects have is counted over all pods and held to their limits. Otherwise each pod looks at its own part "
        "alone.",
        default=True,
    )
    source: str = option(
        "Where Nova's limits are: trio2o has what is set by openstack quota set, keystone reads Keystone's unified limits of the "
        "top region, as Nova does with its driver for them; quotas are not set through Nova then, and compute has to be empty. "
        "Cinder knows no unified limits, and its quotas are trio2o's own in either case.",
        default="trio2o",
        check=checks.one_of("trio2o", "keystone"),
    )
    keystone_seconds: float = option(
        "How often Keystone's limits are read; what was read last holds while it is away.",
        default=60.0,
        check=checks.seconds(1, 86_400),
    )
    keystone_scope: str = option(
        "With which scope the daemon's user reads them: project, its own project, where Keystone shows all projects' limits to "
        "the role admin or service there; system, where it shows them only with a role on the system (before its bug 2137711 "
        "was mended).",
        default="project",
        check=checks.one_of("project", "system"),
    )
    compute: Mapping[str, int] = option(
        "Limits of Nova's resources by their names in os-quota-sets; -1 is no limit.",
        factory=dict,
        check=_limits("compute"),
        example={"instances": 50, "cores": 200, "ram": 409600},
    )
    volume: Mapping[str, int] = option(
        "Limits of Cinder's resources by their names in os-quota-sets, those of single volume types too (gigabytes_fast); -1 "
        "is no limit.",
        factory=dict,
        check=_limits("volume"),
        example={"volumes": 100, "gigabytes": 10000},
    )
    pods: str = option(
        "What is done where a pod's own default class, which is read every usage.interval_seconds, allows less than the default "
        "class or this section: raise gives the pod the higher limit, check tells it in the log and the metric "
        "trio2o_quota_drift, leave does not look. Quotas that were set for a project are given to every pod in any case.",
        default="raise",
        check=checks.one_of("raise", "check", "leave"),
    )
    projects_seconds: float = option(
        "How often what each project has is compared with the pods, beside when something about it is not sure.",
        default=900.0,
        check=checks.seconds(5, 86_400),
    )
    grace_seconds: float = option(
        "For how long a pod may not count yet what it has accepted: Nova counts a server when its scheduler has chosen a host. "
        "Until then what pods say takes nothing away from what was counted.",
        default=30.0,
        check=checks.seconds(1, 3600),
    )
