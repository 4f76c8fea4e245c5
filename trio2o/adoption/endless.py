"""
Work that goes on for as long as the daemon runs, one step after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import DatabaseUnavailable

_log = Logger()

#: Seconds until a step that could not be made, with the database away or by a mistake of ours, is tried again.
_AGAIN = 10.0


@define(eq=False)
class Endless:
    """
    Makes a step, waits as long as it says, and makes the next, until it is stopped; a step that fails ends nothing.
    """

    _clock: IReactorTime
    #: Gives the seconds until the next.
    _step: Callable[[], Coroutine[Deferred[Any], Any, float]]
    #: What the steps do, for the log.
    _what: str
    _running: Deferred[None] | None = field(default=None, init=False)
    _next: IDelayedCall | None = field(default=None, init=False)

    def start(self) -> None:
        """
        Begin; what runs already goes on.
        """
        if self._running is None and self._next is None:
            self._begin()

    def stop(self) -> None:
        """
        Give the step up that is under way, and make no other.
        """
        if self._next is not None:
            self._next.cancel()
            self._next = None
        running, self._running = self._running, None
        if running is not None:
            running.cancel()

    def _begin(self) -> None:
        self._next = None
        self._running = running = Deferred.fromCoroutine(self._go())
        running.addErrback(self._failed)

    async def _go(self) -> None:
        while True:
            try:
                wait = await self._step()
            except DatabaseUnavailable as error:
                _log.debug("{what} waits for the database: {error}", what=self._what, error=str(error))
                wait = _AGAIN
            await deferLater(self._clock, wait)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError) and self._running is None:
            return
        _log.failure("{what} met an error and goes on", failure=failure, what=self._what)
        self._running = None
        self._next = self._clock.callLater(_AGAIN, self._begin)


@define(kw_only=True, eq=False, slots=False)
class EndlessService(Service):
    """
    Makes its steps while it runs.
    """

    #: What they do, for the log.
    what: ClassVar[str]
    _clock: IReactorTime
    _work: Endless = field(init=False)

    @_work.default
    def _steps(self) -> Endless:
        return Endless(self._clock, self._step, self.what)

    async def _step(self) -> float:
        """
        One of them; the seconds until the next.
        """
        raise NotImplementedError

    def startService(self) -> None:
        super().startService()
        self._work.start()

    def stopService(self) -> None:
        super().stopService()
        self._work.stop()
