"""
Arithmetic of what projects have. Pure.

What is counted for a pod is never less than what the pod has of what was made through the gateway, as long as a pod tells of
everything that it accepted longer than a *grace* ago. It may be more for as long as something is under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from trio2o.model import (
    SERVERS_VOLUMES,
    Counts,
    HeldKey,
    Holding,
    Kind,
    QuotaUse,
    Reading,
    ReadResult,
    Reservation,
    Tally,
)
from trio2o.quota.limits import fits

#: Seconds that a delete must have begun after a reading's end for what it took to be surely in that reading: the database's clock
#: is read some time after the process's own.
_MARGIN = 1.0
#: The kinds of what a service may count only some time after it has accepted it: Nova counts a server when its scheduler has
#: chosen a host, and asks Cinder for its volumes then. Everything else is counted by the time it is answered.
COUNTED_LATER = frozenset({Kind.SERVER.value, SERVERS_VOLUMES})
#: What the id begins with under which something is held that has none which anybody knows.
NAMELESS = "reservation "
#: Seconds for which is held what an exact reading counts: where it goes later, pods are read.
KEPT = 7 * 86_400.0
#: The longest time between two readings of a project, in seconds.
_DAY = 86_400.0


def is_nameless(resource_id: str) -> bool:
    """
    Whether something is held under the id of its reservation.
    """
    return resource_id.startswith(NAMELESS)


def plus(*counts: Counts) -> dict[str, int]:
    """
    The sum, without what is nothing.
    """
    total: dict[str, int] = {}
    for each in counts:
        for name, amount in each.items():
            total[name] = total.get(name, 0) + amount
    return {name: amount for name, amount in total.items() if amount}


def minus(one: Counts, other: Counts) -> dict[str, int]:
    """
    The difference, without what is nothing.
    """
    return plus(one, {name: -amount for name, amount in other.items()})


def is_recent(key: HeldKey, added_at: float, reading: Reading, grace: float) -> bool:
    """
    Whether what was added then may be missing from a reading, though its pod has accepted it.
    """
    wait = grace if key[0] in COUNTED_LATER else 0.0
    return key not in reading.seen and added_at > reading.begun - wait


def seen_as_of(reading: Reading, grace: float) -> float:
    """
    What is seen to be counted counts as added then at the latest: so that it is recent no more for whatever reading begins after
    this one, and is for those that began before and may not have it.
    """
    return reading.ended - grace


def named(rest: Counts, each: Counts, fresh: Sequence[str]) -> tuple[Sequence[str], dict[str, int]]:
    """
    Which of these resources what is held for nobody is held for, each taking so much, and what is left of it.
    """
    found: list[str] = []
    for resource_id in fresh:
        if not each or any(rest.get(name, 0) < amount for name, amount in each.items()):
            break
        rest = minus(rest, each)
        found.append(resource_id)
    return found, dict(rest)


def positive(counts: Counts) -> dict[str, int]:
    """
    What is more than nothing.
    """
    return {name: amount for name, amount in counts.items() if amount > 0}


def used(tally: Tally) -> dict[str, int]:
    """
    What all pods have together.
    """
    return plus(*tally.pods.values())


def overs(taken: Counts, wanted: Counts, limits: Mapping[str, int]) -> tuple[str, ...]:
    """
    The names of what would be over its limit, in order. What asks for nothing more of a resource is never over it.
    """
    return tuple(
        sorted(
            name
            for name, amount in wanted.items()
            if amount > 0 and not fits(limits.get(name, -1), taken.get(name, 0) + amount)
        )
    )


def with_made(tally: Tally, reserved: Counts, pod_id: str, made: Counts, now: float) -> Tally:
    """
    What was reserved is in a pod.
    """
    pods = {**tally.pods, pod_id: plus(tally.pods.get(pod_id, {}), made)}
    return evolve(tally, pods=pods, reserved=minus(tally.reserved, reserved), changed_at=now)


def given_back(
    tally: Tally, pod_id: str, holding: Holding, sent_at: float | None, now: float
) -> tuple[Tally, bool]:
    """
    A pod no longer has a resource. With it whether that is known for sure: where not, pods must be read.

    :param sent_at: when the delete was sent to the pod; ``None`` where nobody knows. What had gone before the last reading is not
        in it any more, and must not be subtracted once more.
    """
    sure = sent_at is not None and tally.read.get(pod_id, 0.0) < sent_at - _MARGIN
    if not sure or pod_id not in tally.pods:
        return tally, False
    left = positive(minus(tally.pods[pod_id], holding.amounts))
    return evolve(tally, pods={**tally.pods, pod_id: left}, changed_at=now), holding.whole


@frozen(kw_only=True)
class Taken:
    """
    What came of a reading.
    """

    tally: Tally
    #: The reservations that are closed by it.
    closed: Sequence[Reservation]
    #: Whether what is counted is what pods have.
    exact: bool
    #: Whether something was not taken over, since another reading ended after this one had begun.
    overtaken: bool


def read_into(
    tally: Tally,
    reading: Reading,
    recent: Mapping[str, Counts],
    reservations: Iterable[Reservation],
) -> Taken:
    """
    Take a reading over.

    While nothing is under way, what a pod says is what counts. Otherwise its answer may or may not have in it what is under way;
    then what was counted and what it says, with what was made lately on top, are both never too little, so the lesser of the two
    counts, and what was made by other ways waits for a quieter moment.

    :param recent: pod id to what was made there so lately that the reading may lack it (:func:`is_recent`) and was not seen.
    :param reservations: all that are open.
    """
    # what another reading has settled meanwhile, this one may not have seen
    stale = {pod_id for pod_id in reading.told if tally.read.get(pod_id, 0.0) > reading.begun}
    told = {
        pod_id: counts
        for pod_id, counts in reading.told.items()
        if pod_id in reading.pods and pod_id not in stale
    }
    late = [each for each in reservations if each.settles_at > reading.begun]
    unknown = [each for each in reservations if each.settles_at <= reading.begun]
    closed = [
        each
        for each in unknown
        if each.pod_id in told or (each.pod_id not in reading.pods and told.keys() >= reading.needed)
    ]
    kept_open = len(closed) < len(unknown)
    exact = not late and not any(recent.values()) and tally.changed_at <= reading.begun
    pods: dict[str, Counts] = {}
    for pod_id in tally.pods.keys() | told.keys():
        before = tally.pods.get(pod_id, {})
        if pod_id not in reading.pods:
            # no part of this cloud any more
            continue
        if pod_id not in told:
            pods[pod_id] = before
        elif exact:
            pods[pod_id] = positive(told[pod_id])
        elif pod_id not in tally.read:
            pods[pod_id] = positive(plus(told[pod_id], recent.get(pod_id, {})))
        else:
            ended = plus(before, *(each.amounts for each in closed if each.pod_id in ("", pod_id)))
            lately = plus(told[pod_id], recent.get(pod_id, {}))
            pods[pod_id] = positive({name: min(lately.get(name, 0), ended[name]) for name in ended})
    # where a reading changed nothing, what is counted still has in it all that went since the one before
    counted = [pod_id for pod_id in told if exact or pods.get(pod_id, {}) != tally.pods.get(pod_id)]
    read = {**tally.read, **dict.fromkeys(counted, reading.ended)}
    return Taken(
        tally=evolve(
            tally,
            pods=pods,
            reserved=minus(tally.reserved, plus(*(each.amounts for each in closed))),
            read={pod_id: at for pod_id, at in read.items() if pod_id in reading.pods},
        ),
        closed=closed,
        exact=exact and not kept_open and not stale,
        overtaken=bool(stale),
    )


def first(reading: Reading) -> Tally:
    """
    The tally of a project of which nothing was known.
    """
    told = {pod_id: positive(counts) for pod_id, counts in reading.told.items()}
    return Tally(pods=told, read=dict.fromkeys(told, reading.ended), changed_at=reading.ended)


def next_after(tally: Tally, reading: Reading, again: float) -> float:
    """
    Seconds until a project is read again of which an exact reading was taken over: what nobody has changed for a long time is
    read seldom, but once a day.
    """
    return max(again, min(_DAY, reading.begun - tally.changed_at))


def shown(had: Counts, reserved: Counts) -> dict[str, QuotaUse]:
    """
    What others are told.
    """
    return {
        name: QuotaUse(used=had.get(name, 0), reserved=reserved.get(name, 0))
        for name in had.keys() | reserved.keys()
    }


def result_of(before: Tally, taken: Taken) -> ReadResult:
    """
    What a reading changed.
    """
    quiet = taken.exact and not taken.closed
    return ReadResult(
        exact=taken.exact,
        differences=minus(used(taken.tally), used(before)) if quiet else {},
        settled=len(taken.closed),
        overtaken=taken.overtaken,
    )
