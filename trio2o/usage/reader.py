"""
Hands what was collected to the scheduler of each process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from trio2o.errors import DatabaseUnavailable
from trio2o.interfaces import IUsageStore
from trio2o.model import Usage

_log = Logger()


@define(kw_only=True, eq=False, slots=False)
class UsageReader(Service):
    """
    Reads the table every half minute. Usage decides nothing that must not be outdated (I14): it needs no place in the change
    log, which each collection would let grow by one entry for each pod.
    """

    _clock: IReactorTime
    _store: IUsageStore
    #: Told of each pod's usage and how many seconds old it is.
    _note: Callable[[str, Usage, float], None]
    #: Told of all pods that have one.
    _retain: Callable[[Collection[str]], None]
    #: Seconds from one reading to the next.
    _interval: float
    #: What else is read each time.
    _beside: Callable[[], Awaitable[None]] | None = None
    _next: IDelayedCall | None = field(default=None, init=False)
    _reading: Deferred[None] = field(factory=lambda: succeed(None), init=False)

    def startService(self) -> None:
        super().startService()
        self._again()

    def stopService(self) -> Deferred[None]:
        super().stopService()
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._reading.cancel()
        return self._reading

    async def read(self) -> None:
        """
        Read once. With the database away what was read before holds until it is too old.
        """
        try:
            found = await self._store.list_usage()
        except DatabaseUnavailable:
            return
        for each in found:
            self._note(each.pod_id, each.usage, each.age)
        self._retain({each.pod_id for each in found})
        if self._beside is not None:
            await self._beside()

    async def started(self) -> None:
        """
        Wait for the first reading.
        """
        first: Deferred[None] = Deferred()
        self._reading.chainDeferred(first)
        await first

    def _again(self) -> None:
        self._next = None
        self._reading = Deferred.fromCoroutine(self.read())
        self._reading.addErrback(self._failed)
        self._reading.addCallback(self._wait)

    def _wait(self, _: None) -> None:
        if self.running:
            self._next = self._clock.callLater(self._interval, self._again)

    def _failed(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            _log.failure("reading pods' usage failed", failure=failure)
