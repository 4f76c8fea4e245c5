"""
The sweep of ``trio2o adopt``, wired: what it needs of the daemon, for as long as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import Any, TextIO

from attrs import define, field, frozen
from twisted.internet.defer import CancelledError

from trio2o.adoption.report import Tally, conflicts_told, progress, summary
from trio2o.adoption.sweep import Sweep, all_kinds
from trio2o.config.schema import Config
from trio2o.errors import Unavailable
from trio2o.model import Kind, Pod, PodState
from trio2o.pods.monitor import PodMonitor
from trio2o.service.command_pods import command_pods
from trio2o.service.database import opened_pool
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import PostgresPods, PostgresRoutes
from trio2o.strategies.concurrently import gathered

#: Seconds from one line of progress to the next where each is a line of its own.
_EVERY = 5.0


@frozen(kw_only=True)
class Wishes:
    """
    What an operator asked for.
    """

    #: Names; empty for all.
    pods: Sequence[str] = ()
    kinds: Sequence[Kind] = ()
    dry_run: bool = False


class CannotAdopt(ValueError):
    """
    A command that asks pods cannot begin; the message says why, as that of every wrong input does.
    """


@define(kw_only=True)
class Teller:
    """
    Progress on a terminal, where one line is written over and over, or in a log.
    """

    _out: TextIO
    _seconds: Callable[[], float]
    _last: float = field(default=float("-inf"), init=False)
    #: How many letters the line under the cursor has.
    _width: int = field(default=0, init=False)

    def tell(self, tally: Tally) -> None:
        """
        Tell of a page or of a kind that is finished.
        """
        now = self._seconds()
        if self._out.isatty():
            line = progress(tally)
            self._out.write("\r" + line.ljust(self._width))
            self._width = len(line)
            self._out.flush()
        elif (tally.finished and (tally.seen or tally.problem)) or now >= self._last + _EVERY:
            self._last = now
            self._out.write(progress(tally) + "\n")
            self._out.flush()

    def end(self) -> None:
        """
        Leave the line that was written over.
        """
        if self._width:
            self._out.write("\r" + " " * self._width + "\r")
            self._out.flush()
            self._width = 0


async def adopt(reactor: Any, config: Config, dsn: str, wishes: Wishes, out: TextIO) -> tuple[str, bool]:
    """
    Sweep, and give the table and whether all of it was read. Cancelling it ends it between two statements: what is recorded
    stays, and the table tells how far it came.

    :param out: where progress and conflicts go.
    :raises CannotAdopt: if there is nothing to begin with.
    :raises DatabaseUnavailable: if the database is away.
    :raises trio2o.storage.migrate.SchemaError: if the schema is not this release's.
    """
    async with opened_pool(reactor, config.database, dsn, size=2) as pool:
        registered = [pod for pod in await PostgresPods(pool).list_pods() if not pod.is_top]
        pods = chosen(registered, wishes.pods)
        return await _swept(reactor, config, pool, registered, pods, wishes, out)


def chosen(registered: Sequence[Pod], names: Collection[str]) -> list[Pod]:
    """
    The pods that are to be swept.

    :raises CannotAdopt: if one is not registered or disabled, or there is none.
    """
    by_name = {pod.name: pod for pod in registered}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        known = ", ".join(by_name) or "none"
        raise CannotAdopt(f"no such pod: {', '.join(unknown)} (registered: {known})")
    if not registered:
        raise CannotAdopt("no pod is registered yet: start the daemon once with this configuration")
    disabled = [name for name in names if by_name[name].state is PodState.DISABLED]
    if disabled:
        raise CannotAdopt(f"disabled: {', '.join(disabled)}")
    wanted = [pod for pod in registered if pod.name in names or not names]
    return [pod for pod in wanted if pod.state is not PodState.DISABLED]


async def _swept(
    reactor: Any,
    config: Config,
    pool: Pool,
    registered: Sequence[Pod],
    pods: Sequence[Pod],
    wishes: Wishes,
    out: TextIO,
) -> tuple[str, bool]:
    teller = Teller(out=out, seconds=reactor.seconds)
    stopped = False
    async with command_pods(reactor, config) as reached:
        monitor = PodMonitor(clock=reactor, client=reached.client, pods=lambda: pods, random=Random())

        def highest(pod_id: str, service: str) -> tuple[int, int] | None:
            facts = monitor.facts(pod_id)
            known = None if facts is None else facts.services.get(service)
            return None if known is None else known.microversion_max

        sweep = Sweep(
            questions=reached.asks,
            pods=reached.client,
            routes=PostgresRoutes(pool),
            clock=reactor,
            highest=highest,
            pod_ids=frozenset(pod.id for pod in registered),
            dry_run=wishes.dry_run,
            told=teller.tell,
        )
        try:
            try:
                await reached.identity.catalog.refresh()
            except Unavailable as error:
                raise CannotAdopt(error.admin_detail or error.message) from error
            await gathered([monitor.probe(pod) for pod in pods], ())
            await sweep.run(pods, wishes.kinds or all_kinds())
        except CancelledError:
            stopped = True
        finally:
            teller.end()
    names = {pod.id: pod.name for pod in registered}
    for line in conflicts_told(sweep.tallies, names):
        out.write(line + "\n")
    table = summary(sweep.tallies, dry_run=wishes.dry_run)
    if stopped:
        return f"{table}\nstopped; what was adopted stays, and running it again goes on", False
    return table, not any(tally.problem for tally in sweep.tallies)
