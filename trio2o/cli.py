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

from trio2o import drift_command, jobs_command, quotas_command, schedule_command
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

    adopt = commands.add_parser(
        "adopt",
        help="record where everything is that the pods have",
        description="Lists what the pods have, whatever its project, and records a route to each resource that has none, so "
        "that it is known without asking the pods. The daemon may run meanwhile. Running it twice changes nothing. The "
        "exit status is 1 when a pod could not be read whole.",
    )
    adopt.add_argument("--config", type=Path, required=True, metavar="FILE")
    adopt.add_argument(
        "--pod", action="append", default=[], metavar="NAME", help="only this one; may be repeated"
    )
    adopt.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="KIND",
        help="only these, such as server; may be repeated",
    )
    adopt.add_argument("--dry-run", action="store_true", help="write nothing, and tell what would be adopted")
    adopt.set_defaults(run=_adopt)

    schedule_command.add(commands, _react)
    jobs_command.add(commands, _react)
    drift_command.add(commands, _react)
    quotas_command.add(commands, _react)
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


def _adopt(options: argparse.Namespace) -> int:
    from trio2o.adoption.sweep import all_kinds
    from trio2o.service.adopting import Wishes, adopt
    from trio2o.startup import read_config

    config = read_config(options.config)
    kinds = {kind.value: kind for kind in all_kinds()}
    unknown = [name for name in options.kind if name not in kinds]
    if unknown:
        print(f"trio2o: no such kind: {', '.join(unknown)} (known: {', '.join(kinds)})", file=sys.stderr)
        return 1
    wishes = Wishes(pods=options.pod, kinds=[kinds[name] for name in options.kind], dry_run=options.dry_run)
    whole = True

    async def action(reactor: Any, dsn: str) -> str:
        nonlocal whole
        table, whole = await adopt(reactor, config, dsn, wishes, sys.stderr)
        return table

    return _react(config, action, lambda: 0 if whole else 1)


def _on_database(options: argparse.Namespace) -> int:
    from trio2o.startup import read_config

    return _react(read_config(options.config), options.action, lambda: 0)


def _react(config: Config, action: Action, status: Callable[[], int]) -> int:
    """
    Do something with the database on a reactor. Ends the process by ``SystemExit``: with ``status()``, or with 1 where it
    went wrong. Ctrl-C cancels the action and waits for its end.
    """
    from twisted.internet.defer import CancelledError, Deferred
    from twisted.internet.task import react

    async def run(reactor: Any) -> None:
        doing = Deferred.fromCoroutine(on_database(reactor, config, action, _embedded))
        ended: Deferred[None] = Deferred()
        stopping = False

        def stop() -> Deferred[None]:
            nonlocal stopping
            stopping = True
            doing.cancel()
            return ended

        trigger = reactor.addSystemEventTrigger("before", "shutdown", stop)
        try:
            failed = await doing or status()
        except CancelledError:
            failed = 1
        finally:
            ended.callback(None)
        if not stopping:
            reactor.removeSystemEventTrigger(trigger)
        if failed:
            raise SystemExit(failed)

    react(run)
    raise AssertionError("react() ends the process")


async def on_database(
    reactor: Any, config: Config, action: Action, embedded: Callable[[Any, Config], Server]
) -> int:
    """
    Do something with the configured database, or, where none is configured, with the embedded one, started for as
    long as that takes. Prints what the action gives, or what was wrong; gives the exit status.
    """
    from trio2o.storage.dsn import described
    from trio2o.storage.installation import EmbeddedError
    from trio2o.storage.migrate import SchemaError

    try:
        if config.database.dsn is not None:
            dsn = config.database.dsn.value
            try:
                print(await action(reactor, dsn))
            except DatabaseUnavailable as problem:
                raise DatabaseUnavailable(f"the database at {described(dsn)}: {problem}") from problem
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
