"""
The time of one fake pod.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock
from zope.interface import implementer

MANUAL_START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


class AutomaticClockError(Exception):
    """
    Somebody tried to advance a pod's clock that is not a manual one.
    """


@implementer(IReactorTime)
class StoppableTime:
    """
    A reactor's time whose pending calls can all be cancelled, so that a stopped pod leaves nothing behind.
    """

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._pending: set[IDelayedCall] = set()
        self._sweep_at = 1000

    def seconds(self) -> float:
        """
        The reactor's time.
        """
        return self._reactor.seconds()

    def callLater(
        self, delay: float, callable: Callable[..., Any], *args: object, **kw: object
    ) -> IDelayedCall:
        def run() -> None:
            self._pending.discard(call)
            callable(*args, **kw)

        if len(self._pending) > self._sweep_at:  # cancelled calls are still in the set
            self._pending = {each for each in self._pending if each.active()}
            self._sweep_at = 2 * len(self._pending) + 1000
        call = self._reactor.callLater(delay, run)
        self._pending.add(call)
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        return [call for call in self._pending if call.active()]

    def cancel_all(self) -> None:
        """
        Cancel what is pending.
        """
        for call in self.getDelayedCalls():
            call.cancel()
        self._pending.clear()


@implementer(IReactorTime)
class PodClock:
    """
    The clock of a pod's state machines and timestamps.

    An automatic clock follows the reactor. A manual one stands still until `advance`: then due state changes
    happen, in order, before it returns. The three services of a pod share one clock.

    ``start`` is the moment shown at the beginning, in seconds since the epoch; without it an automatic clock
    shows the reactor's time and a manual one the beginning of 2026, so that runs can be compared.
    """

    def __init__(self, reactor: IReactorTime, *, manual: bool = False, start: float | None = None) -> None:
        self._hands: Clock | None = Clock() if manual else None
        self._source: IReactorTime = self._hands if self._hands is not None else reactor
        if start is None:
            start = MANUAL_START if manual else self._source.seconds()
        self._offset = start - self._source.seconds()

    @property
    def manual(self) -> bool:
        """
        Whether only `advance` moves this clock.
        """
        return self._hands is not None

    def seconds(self) -> float:
        """
        The moment shown, in seconds since the epoch.
        """
        return self._source.seconds() + self._offset

    def now(self) -> datetime:
        """
        The moment shown, in UTC.
        """
        return datetime.fromtimestamp(self.seconds(), UTC)

    def callLater(
        self, delay: float, callable: Callable[..., Any], *args: object, **kw: object
    ) -> IDelayedCall:
        return self._source.callLater(delay, callable, *args, **kw)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        return self._source.getDelayedCalls()

    def set_now(self, moment: datetime) -> None:
        """
        Show another moment from now on. What is scheduled keeps its remaining delay.
        """
        self._offset = moment.timestamp() - self._source.seconds()

    def advance(self, seconds: float) -> None:
        """
        Move a manual clock forward.

        :raises AutomaticClockError: if this is not a manual clock.
        """
        if self._hands is None:
            raise AutomaticClockError("This pod's clock runs by itself; start the pod with a manual clock.")
        self._hands.advance(seconds)
