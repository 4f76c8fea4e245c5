"""
The ``trio2o`` command: what operators do beside running the daemon.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from trio2o.errors import ConfigErrors, DatabaseUnavailable

if TYPE_CHECKING:
    from trio2o.config.schema import Config

# Commands import what they need when they run, so that --help does not wait for it.

#: What is done with a database: takes the reactor and a DSN, gives what to print.
Action = Callable[[Any, str], Awaitable[str]]


class Server(Protocol):
    """
    A PostgreSQL that is started for the command.
    """

    async def start(self) -> str:
        """
        Start it and give its DSN.
        """

    async def stop(self) -> None:
        """
        Stop it.
        """


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command and give the exit status: 0, or 1 when something is wrong and was told.
    """
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except ConfigErrors as problems:
        for error in problems.errors:
            print(error, file=sys.stderr)
        return 1
    return status


def _release() -> str:
    """
    The release that is installed.
    """
    try:
        return version("trio2o")
    except PackageNotFoundError:
        return "from a checkout"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trio2o",
        description="Makes many OpenStack clouds act as one. The daemon itself: twistd trio2o --config FILE",
    )
    parser.add_argument("--version", action="version", version=f"trio2o {_release()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    config = commands.add_parser("config", help="the configuration").add_subparsers(
        required=True, metavar="COMMAND"
    )
    check = config.add_parser("check", help="tell everything that is wrong with a configuration")
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(run=_check)
    listing = config.add_parser("options", help="all options with what they do and their defaults")
    listing.add_argument("--format", choices=("text", "rst"), default="text")
    listing.set_defaults(run=_options)
    sample = config.add_parser("sample", help="a configuration with every option in it")
    sample.set_defaults(run=_sample)

    database = commands.add_parser("db", help="the database").add_subparsers(required=True, metavar="COMMAND")
    upgrade = database.add_parser("upgrade", help="bring the schema to this release's version")
    upgrade.set_defaults(run=_on_database, action=_upgrade)
    told = database.add_parser("version", help="the version of the schema")
    told.set_defaults(run=_on_database, action=_version)
    for command in (upgrade, told):
        command.add_argument("--config", type=Path, required=True, metavar="FILE")

    policy = commands.add_parser("policy", help="the policy").add_subparsers(required=True, metavar="COMMAND")
    rules = policy.add_parser("sample", help="a policy file with every rule and its default")
    rules.set_defaults(run=_policy)
    return parser


def _check(options: argparse.Namespace) -> int:
    from trio2o.startup import read_config

    config = read_config(options.file)
    zones = {pod.az for pod in config.pods}
    print(f"{options.file}: right (pods: {len(config.pods)}, availability zones: {len(zones)})")
    return 0


def _options(options: argparse.Namespace) -> int:
    from trio2o.config import describe

    print(describe.reference() if options.format == "rst" else describe.listing(), end="")
    return 0


def _sample(_: argparse.Namespace) -> int:
    from trio2o.config import describe

    print(describe.sample(), end="")
    return 0


def _policy(_: argparse.Namespace) -> int:
    from trio2o.identity import policy

    print(policy.sample(), end="")
    return 0


def _on_database(options: argparse.Namespace) -> int:
    from twisted.internet.task import react

    from trio2o.startup import read_config

    config = read_config(options.config)

    async def run(reactor: Any) -> None:
        status = await on_database(reactor, config, options.action, _embedded)
        if status:
            raise SystemExit(status)

    # Ends by SystemExit, with what run() gives or with 1.
    react(run)


async def on_database(
    reactor: Any, config: Config, action: Action, embedded: Callable[[Any, Config], Server]
) -> int:
    """
    Do something with the configured database, or, where none is configured, with the embedded one, started for as
    long as that takes. Prints what the action gives, or what was wrong; gives the exit status.
    """
    from trio2o.storage.installation import EmbeddedError
    from trio2o.storage.migrate import SchemaError

    try:
        if config.database.dsn is not None:
            print(await action(reactor, config.database.dsn.value))
            return 0
        server = embedded(reactor, config)
        dsn = await server.start()
        try:
            print(await action(reactor, dsn))
        finally:
            await server.stop()
    except (DatabaseUnavailable, EmbeddedError, SchemaError, ValueError) as problem:
        print(f"trio2o: {problem}", file=sys.stderr)
        return 1
    return 0


def _embedded(reactor: Any, config: Config) -> Server:
    from trio2o.storage.embedded import EmbeddedPostgres

    database = config.database
    return EmbeddedPostgres(reactor, database.embedded_directory, user=database.embedded_user)


async def _upgrade(reactor: Any, dsn: str) -> str:
    from trio2o.storage import migrate

    done = await migrate.upgrade(reactor, dsn)
    if not done:
        return f"nothing to do: the schema is at version {migrate.latest()}"
    return f"applied {', '.join(str(number) for number in done)}"


async def _version(reactor: Any, dsn: str) -> str:
    from trio2o.storage import migrate

    return str(await migrate.version(reactor, dsn))
