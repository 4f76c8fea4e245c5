"""
The command ``trio2o drift``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from trio2o.jobs_command import React


def add(commands: Any, react: React) -> None:
    """
    Add the command to the parser's.
    """
    drift = commands.add_parser(
        "drift",
        help="how pods differ from what is wanted of all of them",
        description="What the last comparison has left. Looks into the database, and needs no daemon.",
    )
    drift.add_argument("--config", type=Path, required=True, metavar="FILE")
    drift.set_defaults(run=lambda options: _run(options, react))


def _run(options: argparse.Namespace, react: React) -> int:
    from trio2o.service.drift import drift_table
    from trio2o.startup import read_config

    config = read_config(options.config)

    async def action(reactor: Any, dsn: str) -> str:
        return await drift_table(reactor, config, dsn)

    return react(config, action, lambda: 0)
