"""
The command ``python -m simulation``, which ``make simulate`` runs.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random

import attrs

from simulation import fleet, incidents, report, settings, workload, year
from simulation.figures import Figures
from simulation.settings import Setting
from trio2o.errors import ConfigErrors

#: What ``--quick`` takes in place of the defaults.
_QUICK = {"pods": 20, "projects": 2_000, "events": 6_000, "days": 90}
_FULL = {"pods": 100, "projects": 100_000, "events": 120_000, "days": 365}


def parser() -> argparse.ArgumentParser:
    """
    The options.
    """
    made = argparse.ArgumentParser(
        prog="python -m simulation",
        description="A year of a large cloud on a virtual clock, placed by the daemon's own code.",
    )
    for name, what in (
        ("pods", "how many pods, over six zones"),
        ("projects", "how many projects"),
        ("events", "about how many creates, each with its delete"),
        ("days", "how many days"),
    ):
        made.add_argument(f"--{name}", type=_positive, metavar="N", help=f"{what} (default {_FULL[name]:,})")
    made.add_argument("--quick", action="store_true", help=f"a small one: {_words(_QUICK)}")
    made.add_argument("--seed", type=int, default=1, metavar="N", help="what all is drawn from (default 1)")
    made.add_argument(
        "--fill",
        type=_share,
        default=0.85,
        metavar="SHARE",
        help="how full each zone becomes at its fullest moment, which pods are sized for (default 0.85)",
    )
    made.add_argument("--fleet", type=Path, metavar="FILE", help="your own pods, as YAML; they are not sized")
    made.add_argument("--config", type=Path, metavar="FILE", help="also the settings of this configuration")
    made.add_argument("--only", action="append", metavar="NAME", help="a setting (default: all of them)")
    made.add_argument(
        "--processes", type=_positive, default=1, metavar="N", help="how many settings at once (default 1)"
    )
    made.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw the figures, as SVG or PNG; needs matplotlib"
    )
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the settings and print their figures; 2 for what was asked wrongly.
    """
    options = parser().parse_args(arguments)
    for name, usual in (_QUICK if options.quick else _FULL).items():
        if getattr(options, name) is None:
            setattr(options, name, usual)
    try:
        chosen = _chosen(options.only, options.config)
        plans, wishes = _world(options)
        if options.plot is not None:
            from simulation.plot import draw
    except (ConfigErrors, ImportError, ValueError) as wrong:
        print(wrong, file=sys.stderr)
        return 2
    began = time.monotonic()
    troubles = incidents.drawn(plans, options.days, Random(f"incidents {options.seed}"))
    _tell(options, plans, wishes, troubles)
    found: list[Figures] = []
    for figures in _runs(chosen, plans, wishes, troubles, options):
        print(f"  {figures.name}: {figures.about}", flush=True)
        found.append(figures)
    print(
        f"\n{report.table(found)}\n\n{report.explained()}\n\nWhy bindings moved:\n\n{report.reasons(found)}"
    )
    if options.json is not None:
        options.json.write_text(json.dumps([attrs.asdict(one) for one in found], indent=1), encoding="utf-8")
    if options.plot is not None:
        draw(found, options.plot)
        print(f"\nplot: {options.plot}")
    # the one line that differs from run to run
    print(f"\n{time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


def _chosen(names: Sequence[str] | None, own: Path | None) -> list[Setting]:
    known = settings.compared() + ([settings.own(own)] if own is not None else [])
    unknown = sorted(set(names or ()) - {setting.name for setting in known})
    if unknown:
        raise ValueError(
            f"unknown: {', '.join(unknown)}; known are: {', '.join(setting.name for setting in known)}"
        )
    return [setting for setting in known if not names or setting.name in names]


def _world(options: argparse.Namespace) -> tuple[list[fleet.PodPlan], workload.Workload]:
    """
    The pods and what users do with them.

    :raises ValueError: if the file of pods is wrong, or there are fewer pods than zones.
    """
    if options.fleet is not None:
        outline = fleet.read(options.fleet)
    else:
        outline = fleet.outlined(options.pods, options.days, Random(f"fleet {options.seed}"))
    wishes = workload.drawn(
        projects=options.projects,
        creates=options.events,
        days=options.days,
        zones=fleet.shares(outline),
        special_zones=year.zones_with(outline, fleet.SPECIAL),
        random=Random(f"workload {options.seed}"),
    )
    if options.fleet is not None:
        return outline, wishes
    return fleet.sized(outline, wishes.demand, fill=options.fill), wishes


def _runs(
    chosen: Sequence[Setting],
    plans: Sequence[fleet.PodPlan],
    wishes: workload.Workload,
    troubles: Sequence[incidents.Incident],
    options: argparse.Namespace,
) -> Iterator[Figures]:
    if options.processes == 1:
        for setting in chosen:
            yield year.run(setting, plans, wishes, troubles, options.days)
        return
    with ProcessPoolExecutor(options.processes) as pool:
        futures = [
            pool.submit(year.run, setting, plans, wishes, troubles, options.days) for setting in chosen
        ]
        for future in futures:
            yield future.result()


def _tell(
    options: argparse.Namespace,
    plans: Sequence[fleet.PodPlan],
    wishes: workload.Workload,
    troubles: Sequence[incidents.Incident],
) -> None:
    outages = sum(incident.trouble is incidents.Trouble.OUTAGE for incident in troubles)
    late = sum(plan.opens > 0 for plan in plans)
    print(
        f"{len(plans)} pods in {len({plan.az for plan in plans})} zones, {late} of them later than the first day; "
        f"{sum(plan.hosts for plan in plans):,} hosts\n"
        f"{len(wishes.quotas):,} projects, {len(wishes.creates):,} creates in {options.days} days\n"
        f"{outages} outages, {len(troubles) - outages} maintenances; seed {options.seed}\n"
    )
    if options.fleet is not None:
        for (zone, group), share in fleet.fullest(plans, wishes.demand).items():
            print(
                f"  {zone}{' ' + group if group else ''}: {share:.0%} in use at the fullest moment, if all were met"
            )
        print()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _share(text: str) -> float:
    share = float(text)
    if not 0.01 <= share <= 2.0:
        raise argparse.ArgumentTypeError("must be from 0.01 to 2")
    return share


def _words(sizes: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sizes.items())
