"""
The pods that there are in the simulated cloud, and when the later ones come.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import cattrs
import yaml
from attrs import evolve, frozen

from trio2o.config.schema import SchedulingSection

#: Zones of unequal size, as clouds grow: the share of the pods that each has.
ZONES = {"az1": 0.30, "az2": 0.22, "az3": 0.18, "az4": 0.14, "az5": 0.10, "az6": 0.06}
#: The affinity tag of special pods, the share of pods that have it, and the zones that have such pods.
SPECIAL, SPECIAL_SHARE, SPECIAL_ZONES = "gpu", 0.06, ("az1", "az2", "az3")
#: How large a pod is beside others, and how many of a hundred are.
_SIZES = {1.0: 40, 2.0: 35, 4.0: 20, 8.0: 5}
#: The share of the pods that are there from the beginning; the others come in three lots.
_FIRST_SHARE = 0.85
_LOTS = (0.3, 0.5, 0.7)

#: A host: as servers that clouds buy, with what they may promise (Nova's ratios, the daemon's defaults).
HOST_VCPUS, HOST_RAM_MB, HOST_DISK_GB = 64.0, 262_144.0, 8_000.0
_RATIOS = SchedulingSection().overcommit
#: What a host may promise of its memory.
HOST_WHOLE = HOST_RAM_MB * _RATIOS.ram_mb

DAY = 86_400.0


@frozen(kw_only=True)
class PodPlan:
    """
    One pod as it is bought.
    """

    name: str
    az: str
    affinity: tuple[str, ...] = ()
    #: How many hosts; all pods' hosts are alike, with 64 virtual CPUs' worth of cores and 256 GiB.
    hosts: int
    #: GiB that its volume service may promise.
    volume_gb: float
    #: Seconds from the beginning until it is there.
    opens: float = 0.0
    weight: float = 1.0
    cost: float = 0.0

    @property
    def place(self) -> tuple[str, str]:
        """
        The zone and the pod group.
        """
        return self.az, ",".join(sorted(self.affinity))


@frozen(kw_only=True)
class _Row:
    """
    A pod as an operator writes it down.
    """

    name: str
    az: str
    hosts: int
    volume_gb: float
    affinity: tuple[str, ...] = ()
    opens_day: float = 0.0
    weight: float = 1.0
    cost: float = 0.0


@frozen(kw_only=True)
class Demand:
    """
    The most that is in use at once, day by day, by zone and pod group.
    """

    ram_mb: Mapping[tuple[str, str], Sequence[float]]
    volume_gb: Mapping[tuple[str, str], Sequence[float]]


def read(path: Path) -> list[PodPlan]:
    """
    An operator's own pods: a YAML list of mappings with ``name``, ``az``, ``hosts`` and ``volume_gb``, and where wanted
    ``affinity``, ``opens_day``, ``weight`` and ``cost``.

    :raises ValueError: in words for people, if it is not that.
    """
    try:
        rows = cattrs.Converter(forbid_extra_keys=True).structure(
            yaml.safe_load(path.read_text(encoding="utf-8")), list[_Row]
        )
    except (OSError, yaml.YAMLError) as problem:
        raise ValueError(f"{path}: {problem}") from None
    except (cattrs.BaseValidationError, TypeError) as wrong:
        problems = cattrs.transform_error(wrong) if isinstance(wrong, cattrs.BaseValidationError) else [wrong]
        raise ValueError("\n".join(f"{path}: {problem}" for problem in problems)) from None
    if not rows or len({row.name for row in rows}) < len(rows):
        raise ValueError(f"{path}: pods of different names are needed")
    if any(row.hosts < 1 or not math.isfinite(row.volume_gb) or row.volume_gb < 0 for row in rows):
        raise ValueError(f"{path}: each pod needs a host, and volume_gb of at least 0")
    return [
        PodPlan(
            name=row.name,
            az=row.az,
            affinity=row.affinity,
            hosts=row.hosts,
            volume_gb=row.volume_gb,
            opens=row.opens_day * DAY,
            weight=row.weight,
            cost=row.cost,
        )
        for row in rows
    ]


def outlined(count: int, days: int, random: Random) -> list[PodPlan]:
    """
    So many pods in zones of unequal size, each with as many hosts as it is large beside the others; the ones that are there from
    the beginning come first.
    """
    special = round(count * SPECIAL_SHARE)
    zones = [SPECIAL_ZONES[number % len(SPECIAL_ZONES)] for number in range(special)]
    zones += _shared_out(count - special, ZONES)
    found = []
    for number, zone in enumerate(zones):
        size = random.choices(list(_SIZES), weights=list(_SIZES.values()))[0]
        found.append(
            PodPlan(
                name=str(number),
                az=zone,
                affinity=(SPECIAL,) if number < special else (),
                hosts=round(size),
                volume_gb=size,
                # what was bought later is cheaper to run
                cost=round(random.uniform(0.6, 1.4), 2),
            )
        )
    random.shuffle(found)
    # each zone and group begins with a pod at least
    ordered = sorted(found, key=lambda plan: plan.place in _before(found, plan))
    first = max(len({plan.place for plan in found}), round(count * _FIRST_SHARE))
    lots = [0.0] * first
    lots += [days * DAY * _LOTS[number * len(_LOTS) // (count - first)] for number in range(count - first)]
    return [
        evolve(plan, name=f"Pod{number:03}", opens=opens)
        for number, (plan, opens) in enumerate(zip(ordered, lots, strict=True), 1)
    ]


def sized(outline: Sequence[PodPlan], demand: Demand, *, fill: float) -> list[PodPlan]:
    """
    The pods as large as an operator would buy them who knew the year: at the fullest moment of each zone and group, this share
    of what all its pods may promise is in use.
    """
    made = []
    for plan in outline:
        fellows = [other for other in outline if other.place == plan.place]
        scale = _scale(fellows, [other.hosts for other in fellows], demand.ram_mb.get(plan.place, ()))
        hosts = max(2, math.ceil(plan.hosts * scale / fill / HOST_WHOLE))
        sizes = [other.volume_gb for other in fellows]
        volumes = plan.volume_gb * _scale(fellows, sizes, demand.volume_gb.get(plan.place, ())) / fill
        made.append(evolve(plan, hosts=hosts, volume_gb=math.ceil(max(volumes, 1_000.0))))
    return made


def fullest(plans: Sequence[PodPlan], demand: Demand) -> dict[tuple[str, str], float]:
    """
    Zone and group to the share of its scarcest resource that would be in use at its fullest moment, if every wish were met.
    """
    found = {}
    for place in sorted({plan.place for plan in plans}):
        fellows = [plan for plan in plans if plan.place == place]
        ram = _scale(fellows, [plan.hosts * HOST_WHOLE for plan in fellows], demand.ram_mb.get(place, ()))
        volumes = _scale(fellows, [plan.volume_gb for plan in fellows], demand.volume_gb.get(place, ()))
        found[place] = max(ram, volumes)
    return found


def shares(plans: Sequence[PodPlan]) -> dict[str, float]:
    """
    Zone to its share of all hosts of the general group.
    """
    found: dict[str, float] = {}
    for plan in plans:
        if not plan.affinity:
            found[plan.az] = found.get(plan.az, 0.0) + plan.hosts
    whole = math.fsum(found.values())
    return {zone: found[zone] / whole for zone in sorted(found)}


def _scale(fellows: Sequence[PodPlan], sizes: Sequence[float], demand: Sequence[float]) -> float:
    """
    How much a pod of size 1 must have for all of them to be exactly full on the fullest day.
    """
    most = 0.0
    for day, wanted in enumerate(demand):
        there = sum(size for plan, size in zip(fellows, sizes, strict=True) if plan.opens <= day * DAY)
        most = max(most, wanted / there) if there else most
    return most


def _shared_out(count: int, parts: Mapping[str, float]) -> list[str]:
    """
    So many names in these proportions, one of each at least while there are enough.
    """
    found: list[str] = []
    for number in range(count):
        found.append(
            max(
                parts,
                key=lambda name: (found.count(name) == 0, parts[name] * (number + 1) - found.count(name)),
            )
        )
    return found


def _before(plans: Sequence[PodPlan], plan: PodPlan) -> set[tuple[str, str]]:
    return {other.place for other in plans[: plans.index(plan)]}
