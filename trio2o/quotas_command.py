"""
The commands ``trio2o quotas …``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from trio2o.jobs_command import React


def add(commands: Any, react: React) -> None:
    """
    Add the commands to the parser's.
    """
    quotas = commands.add_parser("quotas", help="what projects may have").add_subparsers(
        required=True, metavar="COMMAND"
    )
    taking = quotas.add_parser(
        "import",
        help="take over the quotas that projects were given in the pods",
        description="Reads the limits that each project has in the pods, and sets those that differ from a pod's defaults over "
        "all pods, where the project has none of the name there yet. The daemon may run meanwhile, and gives them to the pods. "
        "Running it twice changes nothing. The exit status is 1 when a pod did not tell everything: disable it, or try again.",
    )
    taking.add_argument("--config", type=Path, required=True, metavar="FILE")
    taking.add_argument(
        "--rule",
        choices=("largest", "sum"),
        default="largest",
        help="what a project has over all pods: the largest that a pod gives it (the default), or the sum of all pods', as it "
        "was before",
    )
    taking.add_argument(
        "--project",
        action="append",
        default=[],
        metavar="ID",
        help="only this one; may be repeated (all that Keystone has)",
    )
    taking.add_argument("--dry-run", action="store_true", help="write nothing, and tell what would be set")
    taking.set_defaults(run=lambda options: _import(options, react))


def _import(options: argparse.Namespace, react: React) -> int:
    from trio2o.service.quota_import import ImportWishes, import_quotas
    from trio2o.startup import read_config

    config = read_config(options.config)
    wishes = ImportWishes(rule=options.rule, projects=options.project, dry_run=options.dry_run)
    whole = True

    async def action(reactor: Any, dsn: str) -> str:
        nonlocal whole
        table, whole = await import_quotas(reactor, config, dsn, wishes, sys.stderr)
        return table

    return react(config, action, lambda: 0 if whole else 1)
