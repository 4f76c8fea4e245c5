"""
Reading the configuration again while the daemon runs, and the signals that ask for it.
"""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Sequence
from types import FrameType
from typing import Generic, TypeVar

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import ConfigErrors
from trio2o.ops.notify import Notifier

C = TypeVar("C")

#: Puts into force what was prepared.
Commit = Callable[[], Awaitable[None]]
#: Takes a configuration and gives what puts it into force, or raises :class:`ConfigErrors`. It changes
#: nothing yet.
Prepare = Callable[[C], Commit]

_log = Logger()


@define(eq=False)
class Reloader(Generic[C]):
    """
    Reads the configuration and gives it to its listeners, whole or not at all.

    First everybody prepares; only when nobody objects the changes are made, in the same order. So a bad
    file, and one that names a bad file (a policy), changes nothing.
    """

    #: Reads and checks the configuration; raises :class:`ConfigErrors`.
    load: Callable[[], C]
    notifier: Notifier = field(factory=Notifier)
    _listeners: list[tuple[str, Prepare[C]]] = field(factory=list, init=False)
    _running: bool = field(default=False, init=False)
    _again: bool = field(default=False, init=False)

    def add(self, name: str, prepare: Prepare[C]) -> None:
        """
        Add a listener; the name is for the log.
        """
        self._listeners.append((name, prepare))

    def request(self) -> None:
        """
        Reload, or once more after the reload that runs: never two at once, and no request is forgotten.
        """
        if self._running:
            self._again = True
        else:
            Deferred.fromCoroutine(self.reload()).addErrback(_unexpected)

    async def reload(self) -> bool:
        """
        Reload now. False when the old configuration, or a part of it, stays; the log says why.
        """
        self._running = True
        self.notifier.reloading()
        taken = False
        try:
            taken = await self._reloaded()
        finally:
            self._running = False
            # Ready also after a refusal: the daemon goes on with what it had.
            self.notifier.ready("" if taken else "the new configuration was refused, see the log")
        if self._again:
            self._again = False
            return await self.reload()
        return taken

    async def _reloaded(self) -> bool:
        prepared: list[tuple[str, Commit]] = []
        try:
            config = self.load()
            for name, prepare in self._listeners:
                prepared.append((name, prepare(config)))
        except ConfigErrors as problems:
            for error in problems.errors:
                _log.error("The new configuration is refused: {error}", error=error)
            return False
        whole = True
        for name, commit in prepared:
            try:
                await commit()
            except CancelledError:
                raise
            except Exception as why:  # noqa: BLE001 - one part's failure must not keep the others from theirs
                whole = False
                _log.failure("Reloading: {part} failed.", Failure(why), part=name)
        if whole:
            _log.info("The configuration was reloaded.")
        return whole


def install_signals(
    reactor: IReactorFromThreads,
    reload: Callable[[], None],
    reopen: Sequence[Callable[[], None]],
    *,
    install: Callable[[int, Callable[[int, FrameType | None], None]], object] = signal.signal,
) -> None:
    """
    Reload and reopen the log files on SIGHUP, reopen alone on SIGUSR1 (for logrotate).

    The handlers run in the reactor, not in the middle of whatever the signal interrupted. Call it after the
    reactor and twistd have set theirs: when the service starts.

    :param reopen: what opens log files again; one that cannot leaves the old file in use.
    """

    def reopen_all() -> None:
        for opened in reopen:
            try:
                opened()
            except OSError as why:
                _log.error("A log file cannot be opened again, the old one stays: {why}", why=str(why))

    def both() -> None:
        reopen_all()
        reload()

    def hung_up(number: int, frame: FrameType | None) -> None:
        reactor.callFromThread(both)

    def told(number: int, frame: FrameType | None) -> None:
        reactor.callFromThread(reopen_all)

    install(signal.SIGHUP, hung_up)
    install(signal.SIGUSR1, told)


def _unexpected(failure: Failure) -> None:
    _log.failure("Reloading failed.", failure)
