"""
The values that travel inside Trio2o, all frozen; the words are the glossary of ``docs/architecture.rst``.

This module imports nothing of Trio2o and nothing of Twisted.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen


class PodState(enum.StrEnum):
    """
    What an operator lets a pod do.

    ``enabled`` takes new resources; ``draining`` and ``maintenance`` serve what they have and take nothing new (I11);
    ``disabled`` is left out of everything.
    """

    ENABLED = "enabled"
    DRAINING = "draining"
    MAINTENANCE = "maintenance"
    DISABLED = "disabled"


class Kind(enum.StrEnum):
    """
    The kinds of resource that have routes; the value is what the database and the Admin API show.
    """

    SERVER = "server"
    VOLUME = "volume"
    SNAPSHOT = "snapshot"
    BACKUP = "backup"
    ATTACHMENT = "attachment"
    TRANSFER = "transfer"
    GROUP = "group"
    GROUP_SNAPSHOT = "group_snapshot"
    CONSISTENCY_GROUP = "consistencygroup"
    CONSISTENCY_GROUP_SNAPSHOT = "cgsnapshot"
    MESSAGE = "message"
    SERVER_GROUP = "server_group"
    PORT = "port"
    NETWORK = "network"
    SECURITY_GROUP = "security_group"


@frozen(kw_only=True)
class Amounts:
    """
    So much of each resource that pods have; also a factor for each, such as a share or an overcommitment.
    """

    vcpus: float = 0.0
    #: Mebibytes, as Nova counts memory.
    ram_mb: float = 0.0
    #: Gibibytes of the hypervisors' own disks.
    disk_gb: float = 0.0
    #: Gibibytes of Cinder's pools.
    volume_gb: float = 0.0

    def plus(self, other: Amounts, times: float = 1.0) -> Amounts:
        """
        The sum, the other one counted so many times.
        """
        return Amounts(
            vcpus=self.vcpus + times * other.vcpus,
            ram_mb=self.ram_mb + times * other.ram_mb,
            disk_gb=self.disk_gb + times * other.disk_gb,
            volume_gb=self.volume_gb + times * other.volume_gb,
        )

    def less(self, other: Amounts) -> Amounts:
        """
        The rest; nothing where rounding would leave less than nothing.
        """
        return Amounts(
            vcpus=max(0.0, self.vcpus - other.vcpus),
            ram_mb=max(0.0, self.ram_mb - other.ram_mb),
            disk_gb=max(0.0, self.disk_gb - other.disk_gb),
            volume_gb=max(0.0, self.volume_gb - other.volume_gb),
        )


NOTHING = Amounts()


def _words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(words)


@frozen(kw_only=True)
class PodSettings:
    """
    How one pod is reached and filled, where that differs from the defaults of the configuration.

    Durations are seconds; ``None`` takes the configured default.
    """

    #: Service type (``compute``, ``volume``, ``network``) to URL; what is absent comes from the Keystone catalog.
    endpoints: Mapping[str, str] = field(factory=dict)
    #: PEM file with the certificate authorities that the pod's TLS certificates are checked against; ``""`` for the system's.
    ca_file: str = ""
    connect_timeout: float | None = None
    answer_timeout: float | None = None
    #: How many requests may be under way at the pod at once.
    concurrency: int | None = None
    #: Resource (a field of :class:`Amounts`) to how many times what there is may be promised.
    overcommit: Mapping[str, float] = field(factory=dict)
    #: Resource to the share, 0 to 1, that is kept free.
    headroom: Mapping[str, float] = field(factory=dict)
    #: What a resource costs there, in any unit that all pods share; less is preferred.
    cost: float = 0.0
    #: Words that a request must tolerate, each of them, to be placed there.
    taints: tuple[str, ...] = field(default=(), converter=_words)
    #: Ids of the only projects that get new resources there; empty for all.
    projects_allowed: tuple[str, ...] = field(default=(), converter=_words)
    #: Ids of projects that get none.
    projects_denied: tuple[str, ...] = field(default=(), converter=_words)


@frozen(kw_only=True)
class Pod:
    """
    One OpenStack cloud behind the gateway, or, with an empty ``az_name``, the top region itself.
    """

    id: str
    #: The Keystone region name.
    name: str
    #: The availability zone that users see; empty for the top region.
    az_name: str
    #: The zone's name inside the pod; empty where the pod is to choose.
    pod_az_name: str = ""
    dc_name: str = ""
    state: PodState = PodState.ENABLED
    #: Why it has that state, in an operator's words; no user sees it.
    state_reason: str = ""
    #: From when and until when, exclusively, the state counts; ``None`` for always. Outside of it the pod is enabled.
    state_from: datetime | None = None
    state_until: datetime | None = None
    #: When the state became another one; ``None`` when it is the first.
    state_changed_at: datetime | None = None
    #: The operator's preference among pods of one zone; larger is preferred.
    weight: float = 1.0
    #: Resource affinity tags; the sorted tags joined by ``,`` are the pod's group.
    affinity: frozenset[str] = frozenset()
    #: True for a pod of the YAML pod list, which the Admin API cannot delete.
    declared: bool = False
    #: Grows with each pod made; the creation-order weigher fills the smallest first.
    serial: int = 0
    settings: PodSettings = PodSettings()
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_top(self) -> bool:
        """
        True for the entry that stands for the top region, which no request is ever sent to.
        """
        return not self.az_name

    @property
    def group(self) -> str:
        """
        The pod group: pods with equal affinity tags; ``""`` for the general group.
        """
        return ",".join(sorted(self.affinity))

    def state_at(self, moment: datetime) -> PodState:
        """
        The state that counts at a moment: before its window and after it the pod is enabled.
        """
        early = self.state_from is not None and moment < self.state_from
        late = self.state_until is not None and moment >= self.state_until
        return PodState.ENABLED if early or late else self.state

    def turn_after(self, moment: datetime) -> datetime | None:
        """
        When the window next begins or ends; ``None`` where it never will.
        """
        turns = [turn for turn in (self.state_from, self.state_until) if turn is not None and turn > moment]
        return min(turns, default=None)


@frozen(kw_only=True)
class PodUses:
    """
    What names a pod. Counting stops at a bound, so that a pod with a million routes costs no more than one with a thousand.
    """

    #: The bound: a number that is equal to it is that many, or more.
    counted_to: int
    #: Active ones.
    bindings: int
    #: Kind to its live routes; without those that have none.
    routes: Mapping[Kind, int]
    #: How many of these are of resources that were made since the moment that was asked about.
    made_since: int


@frozen(kw_only=True)
class Binding:
    """
    A project's binding to a pod inside one availability zone and pod group; ended bindings are history.
    """

    id: str
    tenant_id: str
    pod_id: str
    az_name: str
    pod_group: str = ""
    is_binding: bool
    created_at: datetime
    updated_at: datetime | None = None
    ended_at: datetime | None = None
    #: Why it began or, once ended, why it ended: ``created``, ``admin``, ``pod deleted``,
    #: ``moved: state dropped Pod1 (draining)``.
    reason: str = ""


@frozen(kw_only=True)
class Route:
    """
    Where one resource lives. A route never authorises: the pod decides who may see the resource (I7).
    """

    kind: Kind
    resource_id: str
    pod_id: str
    #: The project that the resource's body names, never the asker's.
    project_id: str
    #: When the pod made the resource, as its body says; orders lists (I9).
    created_at: datetime | None = None
    #: What a list shows of a server whose pod is silent: ``user_id``, ``flavor``, ``image``, ``az``.
    details: Mapping[str, Any] = field(factory=dict)
    #: Set on a tombstone, which only orders pages and is never routed to.
    deleted_at: datetime | None = None


@frozen(kw_only=True)
class AccessRule:
    """
    One access rule of an application credential (Identity API v3): service type, method, path pattern.
    """

    service: str
    method: str
    path: str


@frozen(kw_only=True)
class Identity:
    """
    Who a validated token stands for.
    """

    user_id: str
    project_id: str | None
    roles: frozenset[str]
    #: When the token ends, seconds since the epoch.
    expires_at: float
    user_name: str = ""
    user_domain_id: str | None = None
    project_name: str | None = None
    project_domain_id: str | None = None
    domain_id: str | None = None
    system_scope: str | None = None
    #: ``None`` where the token is not bound to access rules; an empty tuple forbids everything.
    access_rules: tuple[AccessRule, ...] | None = None

    @property
    def is_admin(self) -> bool:
        """
        True for a holder of the role ``admin``: may see all projects and read which pod an error came from.
        """
        return "admin" in self.roles


@frozen(kw_only=True)
class RequestContext:
    """
    What every layer may know of the request under way. Its ``repr`` never shows the token (I17).
    """

    #: ``req-<uuid>``, sent back as ``X-Openstack-Request-Id``.
    request_id: str
    #: The client's ``X-Openstack-Request-Id``, handed on to the pod; empty where there was none.
    global_request_id: str
    surface: str
    identity: Identity
    token: bytes = field(repr=False)
    #: The project that the request is about; the token's.
    project_id: str

    @property
    def is_admin(self) -> bool:
        """
        True when the caller holds the role ``admin``.
        """
        return self.identity.is_admin

    def owns(self, project_id: str) -> bool:
        """
        True for admins and for the project of a resource. A token without a project owns nothing.
        """
        return self.is_admin or bool(self.project_id and self.project_id == project_id)


@frozen(kw_only=True)
class PlacementRequest:
    """
    What the scheduler is asked: where may this project's new resource go?
    """

    project_id: str
    kind: Kind
    #: The top name of the zone; ``None`` for any.
    availability_zone: str | None = None
    #: The pod group that the flavor or volume type asks for; empty for the general group.
    pod_group: str = ""
    #: True where no pod that has what the body names is in that group: they go before it (I6).
    any_group: bool = False
    #: Pod ids that the body's references allow (I6); ``None`` for all.
    within: frozenset[str] | None = None
    #: Pod ids that already failed this request (I13).
    excluded: frozenset[str] = frozenset()
    #: What it will take, as far as that is known; ``None`` for not at all, which counts as a typical resource of its kind.
    needs: Amounts | None = None
    #: Ids or names of what must be there; ``None`` where the request names none or it is not known.
    flavor: str | None = None
    image: str | None = None
    volume_type: str | None = None
    #: Those of these fields whose things no pod in reach is known to have, so that they keep it from none.
    unlisted: frozenset[str] = frozenset()
    #: Taints that do not keep it away.
    tolerations: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Stock:
    """
    One resource of a pod, in the units of :class:`Amounts`: how much there is, and how much is promised already.
    """

    total: float
    used: float


@frozen(kw_only=True)
class Usage:
    """
    What a pod said of itself when it was last asked; ``None`` is unknown and means plenty (I12).
    """

    vcpus: Stock | None = None
    ram_mb: Stock | None = None
    disk_gb: Stock | None = None
    #: Over all pools; overcommitment and reserves that Cinder knows of are taken in already.
    volume_gb: Stock | None = None
    #: The most that one pool still takes: a volume is in one pool.
    largest_volume_gb: float | None = None
    servers: int | None = None
    #: True where the hypervisors' totals are what may be promised, and not what there is.
    overcommitted: bool = False
    #: How many projects are bound to the pod.
    projects: int | None = None


@frozen(kw_only=True)
class CollectedUsage:
    """
    A usage as it is stored.
    """

    pod_id: str
    usage: Usage
    #: When the questions to the pod began, by the database's clock.
    collected_at: datetime
    #: How many seconds ago that was when it was read.
    age: float


class Lack(enum.StrEnum):
    """
    What a pod had too little of for a create.
    """

    #: The project's quota there.
    QUOTA = "quota"
    #: A host or a backend that would take it, which showed after the pod had accepted.
    HOST = "host"
    #: A service that takes anything at all.
    SERVICE = "service"


@frozen(kw_only=True)
class Mark:
    """
    A pod has lately refused a create: hints that it would refuse others that ask for as much.
    """

    pod_id: str
    kind: Kind
    lack: Lack
    #: Whose creates; ``None`` for everybody's.
    project_id: str | None = None
    #: Who met it, and with which image: where a host was missing, what others ask for with another image says nothing of it.
    met_by: str = ""
    image: str | None = None
    #: How much was refused; ``None`` for any size.
    needs: Amounts | None = None
    #: The pod group, flavor and volume type that were asked for; ``None`` where they do not matter.
    asked: tuple[str, str | None, str | None] | None = None


@frozen(kw_only=True)
class Placed:
    """
    What a process tells the others that it placed in a pod (I12).
    """

    #: All that is on its way there now, in place of what was told before.
    open: Amounts = NOTHING
    #: What has come to stay since it was told last.
    kept: Amounts = NOTHING


@frozen(kw_only=True)
class News:
    """
    What a process tells those that share its database.
    """

    #: Names the process while it lives.
    sender: str = ""
    #: By pod id.
    placed: Mapping[str, Placed] = field(factory=dict)
    #: What pods have refused, and what they are known to take again.
    marked: tuple[Mark, ...] = ()
    cleared: tuple[Mark, ...] = ()


@frozen(kw_only=True)
class QuotaLeft:
    """
    What a project may still make in one pod; ``None`` is unknown or without limit.
    """

    servers: float | None = None
    vcpus: float | None = None
    ram_mb: float | None = None
    volumes: float | None = None
    volume_gb: float | None = None


@frozen(kw_only=True)
class Offers:
    """
    What can be asked for in a pod, by ids and names; ``None`` is unknown: anything may be there.
    """

    flavors: frozenset[str] | None = None
    images: frozenset[str] | None = None
    volume_types: frozenset[str] | None = None


@frozen(kw_only=True)
class OfferedFlavor:
    """
    A flavor as one pod has it. A number of ``None`` was not understood.
    """

    id: str
    vcpus: float | None = None
    ram_mb: float | None = None
    #: GiB of its root disk, which a server that boots from a volume does not take.
    root_gb: float | None = None
    #: GiB of its other disks.
    other_gb: float = 0.0
    #: The pod group that its extra specs ask for.
    group: str = ""
    #: When the pod was first seen to have it, seconds since the epoch; 0 where that was always, or long ago.
    since: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """
        What a request may call it.
        """
        return (self.id,)


@frozen(kw_only=True)
class OfferedType:
    """
    A volume type as one pod has it.
    """

    id: str
    name: str
    #: The pod group that its extra specs ask for.
    group: str = ""
    #: As of :class:`OfferedFlavor`.
    since: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """
        What a request may call it.
        """
        return (self.id, self.name)


@frozen(kw_only=True)
class PodOffers:
    """
    Everything that can be asked for in a pod, as it said itself; ``None`` for what it did not tell.
    """

    flavors: tuple[OfferedFlavor, ...] | None = None
    volume_types: tuple[OfferedType, ...] | None = None


@frozen(kw_only=True)
class CollectedOffers:
    """
    A pod's offers as they are stored.
    """

    pod_id: str
    #: Differs from that of other offers.
    digest: str
    #: ``None`` where the reader has them already.
    offers: PodOffers | None
    #: When the questions to the pod began, by the database's clock.
    collected_at: datetime
    #: How many seconds ago that was when it was read.
    age: float


@frozen(kw_only=True)
class Candidate:
    """
    A pod as the filters and weighers see it at one moment.
    """

    pod: Pod
    #: False while the pod's breaker is open.
    healthy: bool = True
    #: True when the project's active binding in the pod's zone and group names this pod.
    bound: bool = False
    #: The last collected usage; ``None`` is unknown and means plenty (I12).
    usage: Usage | None = None
    #: What was placed there since that usage was collected.
    claimed: Amounts = NOTHING
    #: What the project may still make there.
    quota: QuotaLeft | None = None
    offers: Offers | None = None
    #: How often creates of this kind for this project have lately failed there and succeeded elsewhere.
    failures: int = 0
    #: What it has lately refused of this kind, of the project or of all.
    exhausted: tuple[Mark, ...] = ()
    #: How many other pods the project is bound to outside of this one's zone and group.
    bound_elsewhere: int = 0


@frozen(kw_only=True)
class Change:
    """
    One entry of the change log: which row of a wholly cached table changed.
    """

    number: int
    #: ``pods`` or ``bindings``.
    table: str
    row_id: str


@frozen(kw_only=True)
class Snapshot:
    """
    All that a process caches whole, read in one transaction, and the change number it is true for.
    """

    number: int
    #: Tells one database's history from another's (system identifier and timeline); a difference asks for a full reload (I14).
    timeline: str
    pods: tuple[Pod, ...]
    #: The active bindings only.
    bindings: tuple[Binding, ...]
