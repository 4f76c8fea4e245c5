"""
The options of scheduling: filters, weighers, and what room means.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from attrs import frozen

from trio2o.config import checks
from trio2o.config.option import option
from trio2o.model import Amounts
from trio2o.scheduling.capacity import CapacityRules
from trio2o.scheduling.groups import AFFINITY
from trio2o.scheduling.refusals import Refused503
from trio2o.scheduling.registry import Rules

_OVERCOMMIT = checks.between(0.01, 1000)
_SHARE = checks.between(0, 1)
_AMOUNT = checks.between(0, 1_000_000_000)


@frozen(kw_only=True)
class Overcommit:
    """
    How many times what the hypervisors have may be promised; as Nova's allocation ratios. Cinder tells its own.
    """

    vcpus: float = option("Virtual CPUs for one of the hosts'.", default=16.0, check=_OVERCOMMIT)
    ram_mb: float = option("Memory.", default=1.5, check=_OVERCOMMIT)
    disk_gb: float = option("The hypervisors' disks.", default=1.0, check=_OVERCOMMIT)


@frozen(kw_only=True)
class Headroom:
    """
    The share of each resource, 0 to 1, that new resources leave free in every pod.
    """

    vcpus: float = option("Virtual CPUs.", default=0.0, check=_SHARE)
    ram_mb: float = option("Memory.", default=0.0, check=_SHARE)
    disk_gb: float = option("The hypervisors' disks.", default=0.0, check=_SHARE)
    volume_gb: float = option("Cinder's pools.", default=0.0, check=_SHARE)


@frozen(kw_only=True)
class Typical:
    """
    What a new resource is taken to need where the gateway does not read how large it is.
    """

    vcpus: float = option("Virtual CPUs of a server.", default=1.0, check=_AMOUNT)
    ram_mb: float = option("Memory of a server, in MiB.", default=1024.0, check=_AMOUNT)
    disk_gb: float = option(
        "Disk of a server, in GiB; one that boots from a volume needs none.", default=1.0, check=_AMOUNT
    )
    volume_gb: float = option(
        "Size of a volume that is copied from something; others say theirs, in GiB.",
        default=1.0,
        check=_AMOUNT,
    )


@frozen(kw_only=True)
class SchedulingSection:
    """
    How the pod of a new resource is chosen.
    """

    filters: tuple[str, ...] = option(
        "The filters that a pod must pass, by name.",
        default=(
            "availability_zone",
            "state",
            "health",
            "up_to_date",
            "affinity",
            "projects",
            "taints",
            "max_pods",
            "presence",
            "references",
            "quota",
            "capacity",
            "exhausted",
        ),
        check=checks.once,
    )
    weighers: Mapping[str, float] = option(
        "The weighers by name, each with the factor that its normalised weight is multiplied by.",
        factory=lambda: {
            "binding": 100.0,
            "recent_failures": 150.0,
            "operator_weight": 10.0,
            "free_capacity": 2.0,
        },
    )
    default_availability_zone: str | None = option(
        "The zone of a create that names none; without it that of the project's newest binding, else any.",
        default=None,
        check=checks.zone,
        example="az1",
    )
    max_pods: int | None = option(
        "How many pods one project may be bound to; without it any number.",
        default=None,
        check=checks.between(1, 100_000),
        example=4,
    )
    tolerations: Mapping[str, tuple[str, ...]] = option(
        "Project id to the taints of pods that do not keep its new resources away.",
        factory=dict,
        example={"5f705771599e4d8a8e7a0c2c1ae3bd4c": ["dedicated"]},
    )
    tolerations_by_hint: tuple[str, ...] = option(
        "The taints that any create may tolerate by its scheduler hint trio2o:tolerates; others only as above.",
        factory=tuple,
        check=checks.once,
        example=["spot"],
    )
    affinity_specs: tuple[str, ...] = option(
        "The extra specs of flavors and volume types whose values name the tags of the pods for what they make, joined by "
        "commas. A change counts from the next collection on.",
        default=(AFFINITY,),
        check=checks.once,
    )
    failure_seconds: float = option(
        "How long a pod that failed a project's create is remembered by the weigher recent_failures.",
        default=300.0,
        check=checks.seconds(1, 86_400),
    )
    exhausted_seconds: float = option(
        "How long the filter exhausted leaves a pod out that refused as much: for want of the project's quota, of a host or "
        "backend, or by a 503 that is known to have accepted nothing. 0 for never.",
        default=300.0,
        check=checks.seconds(0, 86_400),
    )
    refusal_texts: tuple[str, ...] = option(
        "Texts in the body of a 503 that say that nothing was accepted, as proxies before the pods write them, so that a create "
        "goes on to the next pod. Without one, and a header, none goes on after a 503.",
        default=(),
        each=checks.some_text,
        example=["No server is available to handle this request"],
    )
    refusal_headers: Mapping[str, str] = option(
        "The same by headers: the name to a text that it contains; an empty text for any.",
        factory=dict,
        check=checks.headers,
        example={"X-Rejected": "no-backend"},
    )
    quota_seconds: float = option(
        "How long what a pod said of a project's quota counts; it is asked in the background while the project makes something. "
        "0 for never asking.",
        default=60.0,
        check=checks.seconds(0, 3600),
    )
    overcommit: Overcommit = option("", factory=Overcommit)
    headroom: Headroom = option("", factory=Headroom)
    typical: Typical = option("", factory=Typical)

    def rules_of_503(self) -> tuple[Refused503, ...]:
        """
        The 503s after which a create goes on to the next pod.
        """
        return (
            *(Refused503(body=text.encode("utf-8")) for text in self.refusal_texts),
            *(
                Refused503(header=name.lower().encode("ascii"), value=text.encode("utf-8"))
                for name, text in self.refusal_headers.items()
            ),
        )

    def rules(self) -> Rules:
        """
        What filters and weighers go by.
        """
        return Rules(
            capacity=CapacityRules(
                overcommit=Amounts(**attrs.asdict(self.overcommit), volume_gb=1.0),
                headroom=Amounts(**attrs.asdict(self.headroom)),
                typical=Amounts(**attrs.asdict(self.typical)),
            ),
            max_pods=self.max_pods,
        )
