"""
What users do: which projects there are, what they make, and for how long. Drawn from the seed before anything is placed, so that
every setting meets the same year.

Each distribution is heavy-tailed, as published traces of large clouds are: a few projects make most of the resources, most
servers live for hours, and the few that stay hold most of the room.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import TypeVar

from attrs import frozen

from simulation.fleet import DAY, SPECIAL, Demand
from trio2o.model import Amounts, Kind

HOUR = 3_600.0

T = TypeVar("T")

#: The tail of how much projects make; 1.16 would be "four fifths are made by a fifth".
_PARETO = 1.2
#: The most that one project makes of all creates.
_MOST_SHARE = 0.005
#: Creates in one burst, as stacks and batches are made: the mean of a geometric distribution, and its end.
_BURST, _LONGEST_BURST = 3.0, 60
#: Seconds from one create of a burst to the next, on average.
_APART = 10.0
#: Of a hundred servers: virtual CPUs, and MiB of memory for each of them.
_VCPUS = {1: 35, 2: 30, 4: 20, 8: 11, 16: 4}
_RAM_MB = {2048: 30, 4096: 50, 8192: 20}
_DISK_GB = 20.0
#: How often a project takes another size than its usual one.
_OTHER_SIZE = 0.3
#: Lifetimes of tests, of work, of services: how many of a hundred, the median in seconds, and the width (sigma) of a lognormal
#: distribution.
_LIVES = ((50, 2 * HOUR, 1.0), (30, 10 * DAY, 1.0), (20, 200 * DAY, 1.0))
#: Of a hundred creates: a server, a server that boots from a volume made just before it, a volume.
_MAKES = {"server": 55, "server on a volume": 30, "volume": 15}
#: GiB of volumes: median, sigma, most.
_VOLUME_GB = (60.0, 1.0, 4_000)
#: Of a hundred projects: always their own zone, one of all zones each time, no zone at all.
_ZONES = {"own": 75, "any of them": 15, "none": 10}
#: The share of projects that use special pods, and of their creates.
_SPECIAL_PROJECTS, _SPECIAL_CREATES = 0.02, 0.4
#: The quota in every pod, as a multiple of the most that the project ever uses at once: for most, and for those that outgrow it.
_QUOTA, _TIGHT_QUOTA, _TIGHT_SHARE = 1.5, 0.7, 0.05
_LEAST_QUOTA = 20.0
#: How busy the hours of a day are, and a day of the weekend.
_HOURS = (1, 1, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 8, 9, 10, 10, 9, 7, 5, 4, 3, 2, 2, 1)
_WEEKEND = 0.3


@frozen(kw_only=True)
class Create:
    """
    One wish of a user.
    """

    #: Seconds from the beginning.
    at: float
    project: str
    #: ``None`` where the user names none.
    zone: str | None
    group: str
    kind: Kind
    needs: Amounts
    #: How long what is made lives.
    seconds: float
    #: The volume that is made first, in GiB, which a server then boots from; 0 for none.
    root_gb: float = 0.0


@frozen(kw_only=True)
class Workload:
    """
    The year.
    """

    #: In order of time.
    creates: Sequence[Create]
    #: Project to the virtual CPUs that it may have in each pod.
    quotas: Mapping[str, float]
    demand: Demand


def drawn(
    *,
    projects: int,
    creates: int,
    days: int,
    zones: Mapping[str, float],
    special_zones: Sequence[str],
    random: Random,
) -> Workload:
    """
    Draw a year.

    :param creates: about how many; each project makes one at least.
    :param zones: name to its share of the cloud.
    :param special_zones: those that have special pods.
    """
    weights = [random.paretovariate(_PARETO) for _ in range(projects)]
    most = max(1.0, creates * _MOST_SHARE)
    each = _for_each(weights, max(0.0, creates - projects), most)
    made: list[Create] = []
    for number, weight in enumerate(weights):
        # what is left of a whole one is kept on average
        count = 1 + math.floor(min(most, weight * each) + random.random())
        made += _project(f"p{number:06}", count, days, zones, special_zones, random)
    made.sort(key=lambda create: create.at)
    return Workload(creates=made, quotas=_quotas(made, random), demand=_demand(made, days, zones))


def _for_each(weights: Sequence[float], wanted: float, most: float) -> float:
    """
    What a weight of 1 counts for, so that all together come to what is wanted although none comes to more than the most.
    """
    each = wanted / math.fsum(weights)
    for _ in range(10):
        sum_ = math.fsum(min(most, weight * each) for weight in weights)
        each *= wanted / sum_ if sum_ else 1.0
    return each


def _project(
    name: str,
    count: int,
    days: int,
    zones: Mapping[str, float],
    special_zones: Sequence[str],
    random: Random,
) -> Iterator[Create]:
    """
    All that one project makes.
    """
    # most customers of a new cloud come soon, others all year
    arrives = days * random.random() ** 1.5
    habit = _one_of(_ZONES, random)
    home = _one_of(zones, random)
    usual = _size(random)
    special = bool(special_zones) and random.random() < _SPECIAL_PROJECTS
    while count > 0:
        burst = min(count, _LONGEST_BURST, 1 + int(random.expovariate(1.0 / (_BURST - 1.0))))
        count -= burst
        at = _moment(arrives, days, random)
        zone = {"own": home, "none": None}.get(habit, _one_of(zones, random))
        group = SPECIAL if special and random.random() < _SPECIAL_CREATES else ""
        if group and zone not in special_zones:
            zone = random.choice(special_zones)
        kind = _one_of(_MAKES, random)
        needs = usual if random.random() >= _OTHER_SIZE else _size(random)
        life = _life(random)
        for _ in range(burst):
            volume = _volume(random)
            yield Create(
                at=at,
                project=name,
                zone=zone,
                group=group,
                kind=Kind.VOLUME if kind == "volume" else Kind.SERVER,
                needs=Amounts(volume_gb=volume) if kind == "volume" else _on_volume(needs, kind),
                # what is made together mostly goes together
                seconds=life * random.uniform(0.8, 1.2),
                root_gb=volume if kind == "server on a volume" else 0.0,
            )
            at += random.expovariate(1.0 / _APART)


def _moment(arrives: float, days: int, random: Random) -> float:
    while True:
        day = int(random.uniform(arrives, days))
        if day % 7 < 5 or random.random() < _WEEKEND:
            break
        if days - arrives < 2:
            break
    hour = random.choices(range(24), weights=_HOURS)[0]
    return day * DAY + (hour + random.random()) * HOUR


_KNOWN: dict[tuple[int, int], Amounts] = {
    (vcpus, each): Amounts(vcpus=float(vcpus), ram_mb=float(vcpus * each), disk_gb=_DISK_GB)
    for vcpus in _VCPUS
    for each in _RAM_MB
}
_DISKLESS = {amounts: Amounts(vcpus=amounts.vcpus, ram_mb=amounts.ram_mb) for amounts in _KNOWN.values()}


def _size(random: Random) -> Amounts:
    return _KNOWN[_one_of(_VCPUS, random), _one_of(_RAM_MB, random)]


def _on_volume(needs: Amounts, kind: str) -> Amounts:
    return _DISKLESS[needs] if kind == "server on a volume" else needs


def _volume(random: Random) -> float:
    median, sigma, most = _VOLUME_GB
    return float(min(most, max(1, round(random.lognormvariate(math.log(median), sigma)))))


def _life(random: Random) -> float:
    _, median, sigma = random.choices(_LIVES, weights=[share for share, _, _ in _LIVES])[0]
    return max(60.0, random.lognormvariate(math.log(median), sigma))


def _one_of(shares: Mapping[T, float], random: Random) -> T:
    return random.choices(list(shares), weights=list(shares.values()))[0]


def _quotas(creates: Sequence[Create], random: Random) -> dict[str, float]:
    """
    What each project may have in every pod: an operator gives them room for what they use, but some outgrow it.
    """
    steps: dict[str, list[tuple[float, float]]] = {}
    for create in creates:
        of_project = steps.setdefault(create.project, [])
        if create.needs.vcpus:
            of_project.append((create.at, create.needs.vcpus))
            of_project.append((create.at + create.seconds, -create.needs.vcpus))
    quotas = {}
    for project in sorted(steps):
        peak = max(accumulate(change for _, change in sorted(steps[project])), default=0.0)
        share = _TIGHT_QUOTA if random.random() < _TIGHT_SHARE else _QUOTA
        quotas[project] = max(_LEAST_QUOTA, math.ceil(peak * share))
    return quotas


def _demand(creates: Sequence[Create], days: int, zones: Mapping[str, float]) -> Demand:
    """
    The most in use on each day. What names no zone counts in each by the zone's share.
    """
    ram: dict[tuple[str, str], list[tuple[float, float]]] = {}
    volumes: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for create in creates:
        where = zones if create.zone is None else {create.zone: 1.0}
        for zone, share in where.items():
            for steps, amount in (
                (ram, create.needs.ram_mb),
                (volumes, create.needs.volume_gb + create.root_gb),
            ):
                of_place = steps.setdefault((zone, create.group), [])
                if amount:
                    of_place.append((create.at, share * amount))
                    of_place.append((create.at + create.seconds, -share * amount))
    return Demand(
        ram_mb={place: _by_day(steps, days) for place, steps in ram.items()},
        volume_gb={place: _by_day(steps, days) for place, steps in volumes.items()},
    )


def _by_day(steps: list[tuple[float, float]], days: int) -> list[float]:
    most = [0.0] * days
    used, day = 0.0, 0
    for at, change in sorted(steps):
        while day < min(days, int(at // DAY)):
            # what is left at midnight is there all the day
            day += 1
            if day < days:
                most[day] = used
        if day >= days:
            break
        used += change
        most[day] = max(most[day], used)
    for rest in range(day + 1, days):
        most[rest] = used
    return most
