"""
What projects have over all pods, as it is counted: what is in each pod, what is being made, and what each resource takes.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

#: What a server's create makes at Cinder, as a kind of what is held.
SERVERS_VOLUMES = "server's volumes"
#: Resource name (see :mod:`trio2o.quota.resources`) to a number, in the units of its limit; what is not named is nothing.
Counts = Mapping[str, int]


@frozen(kw_only=True)
class Reservation:
    """
    What a request may be about to take of one project in one service: taken before it is sent to a pod.
    """

    id: str
    #: ``compute`` or ``volume``.
    service: str
    project_id: str
    #: What is made or changed, for who looks at it: ``server``, ``volume``, ``resize``, …
    kind: str
    amounts: Counts
    #: The pod that may have it; empty where that was not written down.
    pod_id: str = ""
    #: When it is sure that the pod makes nothing of it any more, seconds since the epoch by the database's clock.
    settles_at: float = 0.0


@frozen(kw_only=True)
class Holding:
    """
    What one resource in a pod takes, so that it is given back when the pod no longer has it.
    """

    #: The value of a :class:`Kind`.
    kind: str
    resource_id: str
    amounts: Counts
    #: False where only what was added to the resource is known, and not what it took before.
    whole: bool = True


#: The value of a :class:`Kind` and the id of what is held.
HeldKey = tuple[str, str]


@frozen(kw_only=True)
class Sighting:
    """
    What a pod says of some servers; those that are in neither are not known.
    """

    #: The ids of those that it counts.
    seen: frozenset[str] = frozenset()
    #: The ids of those that it does not have any more.
    gone: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Reading:
    """
    What pods said of one project in one service.
    """

    #: By the database's clock, seconds since the epoch: before the first question, and after the last answer.
    begun: float
    ended: float
    #: Pod id to what it has; pods that did not tell are not named.
    told: Mapping[str, Counts]
    #: The ids of all pods that there are, and of those that have to tell before all is known.
    pods: frozenset[str]
    needed: frozenset[str]
    #: Of what was made so lately that a pod may not count it: what pods had been seen to count by then, and what they had no
    #: more, before they were asked for the whole.
    seen: frozenset[HeldKey] = frozenset()
    gone: frozenset[HeldKey] = frozenset()


@frozen(kw_only=True)
class Tally:
    """
    One project in one service, over all pods.
    """

    #: Pod id to what it has: what it said last, and what was made and given back since.
    pods: Mapping[str, Counts] = field(factory=dict)
    #: What the open reservations take together.
    reserved: Counts = field(factory=dict)
    #: Pod id to when the reading ended that counts.
    read: Mapping[str, float] = field(factory=dict)
    #: When something was last given back, or made, or reserved no more; by the database's clock.
    changed_at: float = 0.0


@frozen(kw_only=True)
class Reserved:
    """
    What became of an attempt to reserve.
    """

    #: True where it is reserved.
    done: bool
    #: False where nothing is known of the project yet: then nothing is reserved either.
    known: bool = True
    #: Where it is over a limit: what is taken by then, reservations among it.
    taken: Counts = field(factory=dict)


@frozen(kw_only=True)
class ReadResult:
    """
    What a reading changed.
    """

    #: True where nothing was under way meanwhile, so that what is counted is what pods have.
    exact: bool
    #: Resource to how much more there is than was counted; below 0 for less. Only where it is exact.
    differences: Counts = field(factory=dict)
    #: How many reservations it closed whose end nobody knew.
    settled: int = 0
    #: True where another reading was taken over since this one began, so that what this one says of some pods was not.
    overtaken: bool = False
