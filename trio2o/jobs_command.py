"""
The commands ``trio2o jobs …``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trio2o.config.schema import Config

#: Runs an action on the database: configuration, action, exit status.
React = Callable[["Config", Any, Callable[[], int]], int]

_STATES = ("waiting", "running", "done", "dead", "cancelled")


def add(commands: Any, react: React) -> None:
    """
    Add the commands to the parser's.
    """
    jobs = commands.add_parser(
        "jobs",
        help="the jobs of the queue: work that outlives its request",
        description="Looks into the database, and needs no daemon. A daemon begins within a second what is to be redone.",
    ).add_subparsers(required=True, metavar="COMMAND")
    listing = jobs.add_parser("list", help="jobs, newest first")
    listing.add_argument("--state", choices=_STATES)
    listing.add_argument("--kind", metavar="KIND")
    listing.add_argument("--pod", metavar="NAME", help="those about this pod")
    listing.add_argument("--project", metavar="ID", help="those about this project")
    listing.add_argument("--limit", type=_count, default=100, metavar="N", help="how many at most (100)")
    listing.add_argument("--after", metavar="ID", help="those that are older than this one")
    listing.set_defaults(run=lambda options: _list(options, react))
    for name, says in (
        ("show", "everything about one job"),
        ("redo", "have a job done at once that waits, is done, dead or cancelled"),
        ("cancel", "have a job not done that waits, or ended that runs"),
    ):
        one = jobs.add_parser(name, help=says)
        one.add_argument("id", metavar="ID")
        one.set_defaults(run=lambda options, name=name: _one(options, name, react))
    for command in jobs.choices.values():
        command.add_argument("--config", type=Path, required=True, metavar="FILE")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text!r}")
    return int(text)


def _list(options: argparse.Namespace, react: React) -> int:
    from trio2o.model import JobQuery, JobState
    from trio2o.service.job_orders import listed
    from trio2o.startup import read_config

    config = read_config(options.config)
    query = JobQuery(
        state=JobState(options.state) if options.state else None,
        kind=options.kind,
        project_id=options.project,
        marker=options.after,
        limit=options.limit,
    )

    async def action(reactor: Any, dsn: str) -> str:
        return await listed(reactor, config, dsn, query, options.pod)

    return react(config, action, lambda: 0)


def _one(options: argparse.Namespace, name: str, react: React) -> int:
    from trio2o.service.job_orders import ordered
    from trio2o.startup import read_config

    config = read_config(options.config)

    async def action(reactor: Any, dsn: str) -> str:
        return await ordered(reactor, config, dsn, name, options.id)

    return react(config, action, lambda: 0)
