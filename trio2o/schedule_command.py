"""
The command ``trio2o schedule``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trio2o.config.schema import Config

#: Option, what it is in the request, and what it says.
_AMOUNTS = (
    ("--vcpus", "vcpus", "virtual CPUs that it needs"),
    ("--ram", "ram_mb", "memory that it needs, in MiB"),
    ("--disk", "disk_gb", "disk of the hypervisor's that it needs, in GiB"),
    ("--size", "volume_gb", "GiB of Cinder's that it needs"),
)

#: Runs an action on the database: configuration, action, exit status.
React = Callable[["Config", Any, Callable[[], int]], int]


def add(commands: Any, react: React) -> None:
    """
    Add the command to the parser's.
    """
    command = commands.add_parser(
        "schedule",
        help="tell where a new resource would go, and why",
        description="Ranks the pods as a daemon with this configuration would, and changes nothing. Without sizes it is a "
        "server of the flavor, or where that is not known a typical server or volume.",
    )
    command.add_argument("--config", type=Path, required=True, metavar="FILE")
    command.add_argument("--project", required=True, metavar="ID", help="the project that asks")
    command.add_argument("--kind", choices=("server", "volume"), default="server")
    command.add_argument("--az", metavar="ZONE", help="the availability zone that it names")
    command.add_argument(
        "--group",
        default="",
        metavar="TAGS",
        help="the pod group, its tags joined by commas; else the flavor's or type's",
    )
    command.add_argument("--flavor", metavar="ID", help="must be there, where that is known")
    command.add_argument("--image", metavar="ID", help="must be there, where that is known")
    command.add_argument("--volume-type", metavar="NAME", help="must be there, where that is known")
    command.add_argument("--tolerate", action="append", default=[], metavar="TAINT", help="may be repeated")
    for option, name, says in _AMOUNTS:
        command.add_argument(option, dest=name, type=_amount, metavar="N", help=says)
    command.set_defaults(run=lambda options: _run(options, react))


def _amount(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def _run(options: argparse.Namespace, react: React) -> int:
    from trio2o.model import Amounts, Kind, PlacementRequest
    from trio2o.service.explaining import explain
    from trio2o.startup import read_config

    config = read_config(options.config)
    said = {name: getattr(options, name) for _, name, _ in _AMOUNTS}
    amounts = {name: number for name, number in said.items() if number is not None}
    request = PlacementRequest(
        project_id=options.project,
        kind=Kind(options.kind),
        availability_zone=options.az,
        pod_group=",".join(sorted(options.group.split(","))),
        needs=Amounts(**amounts) if amounts else None,
        flavor=options.flavor,
        image=options.image,
        volume_type=options.volume_type,
        tolerations=frozenset(options.tolerate),
    )

    async def action(reactor: Any, dsn: str) -> str:
        return await explain(reactor, config, dsn, request)

    return react(config, action, lambda: 0)
