"""
The breaker of one pod: pure, with the time as an argument.
"""

from __future__ import annotations

import enum

from attrs import define, field


class BreakerState(enum.StrEnum):
    """
    Closed lets calls through; open refuses them; half-open has one probe under way.
    """

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@define(kw_only=True)
class Breaker:
    """
    Opens after several transport failures in a row, lets one probe through after a while, and closes when it succeeds.

    A call that is let through gets a ticket, and hands it back with its outcome. Outcomes of calls that began before
    the last change of state count no more. HTTP statuses are successes; what the client cancelled has no outcome.
    """

    #: How many failures in a row open it.
    threshold: int = 5
    #: Seconds from opening until a probe is let through.
    cool_down: float = 5.0
    state: BreakerState = field(default=BreakerState.CLOSED, init=False)
    #: Why it opened, for the log.
    reason: str = field(default="", init=False)
    _failures: int = field(default=0, init=False)
    _opened_at: float = field(default=0.0, init=False)
    #: Grows with each change of state.
    _generation: int = field(default=0, init=False)

    def admits(self, now: float) -> bool:
        """
        True when a call would be let through.
        """
        return self.state is BreakerState.CLOSED or (self.state is BreakerState.OPEN and self._cooled(now))

    def admit(self, now: float, *, forced: bool = False) -> int | None:
        """
        Let a call through: its ticket, or ``None`` when it is refused. The monitor's probes are forced: never refused.
        """
        if self.state is BreakerState.CLOSED:
            return self._generation
        if self.state is BreakerState.OPEN and (forced or self._cooled(now)):
            self._become(BreakerState.HALF_OPEN)
            return self._generation
        return self._generation if forced else None

    def succeeded(self, ticket: int) -> bool:
        """
        The pod answered. True when that closed the breaker.
        """
        if ticket != self._generation:
            return False
        self._failures = 0
        if self.state is not BreakerState.HALF_OPEN:
            return False
        self._become(BreakerState.CLOSED)
        self.reason = ""
        return True

    def failed(self, ticket: int, now: float, reason: str) -> bool:
        """
        The pod was not reached, broke off or was too slow. True when that opened the breaker anew.
        """
        if ticket != self._generation:
            return False
        if self.state is BreakerState.CLOSED:
            self._failures += 1
            if self._failures < self.threshold:
                return False
            self._open(now, reason)
            return True
        if self.state is BreakerState.HALF_OPEN:
            self._open(now, reason)
        return False

    def abandoned(self, ticket: int) -> None:
        """
        The call ended without an outcome; when it was the probe, the next call may be it.
        """
        if ticket == self._generation and self.state is BreakerState.HALF_OPEN:
            self._become(BreakerState.OPEN)

    def _cooled(self, now: float) -> bool:
        return now - self._opened_at >= self.cool_down

    def _open(self, now: float, reason: str) -> None:
        self._become(BreakerState.OPEN)
        self._opened_at = now
        self._failures = 0
        self.reason = reason

    def _become(self, state: BreakerState) -> None:
        self.state = state
        self._generation += 1
