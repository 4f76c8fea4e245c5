"""
Pods.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import field, frozen

from trio2o.model.resources import Kind


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
