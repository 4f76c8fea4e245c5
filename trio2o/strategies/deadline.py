"""
How long an answer that several pods make together may take.
"""

from __future__ import annotations

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

#: How many list budgets an answer may take for which pods are asked several times in turn.
MOST_ROUNDS = 3


@frozen
class Deadline:
    """
    A point in time by which everything is there: the heads of answers and their bodies.

    Pods that are asked at once share one. Who asks in several rounds gives each round one of its own by :meth:`round`, which
    never ends later than the whole.
    """

    _clock: IReactorTime
    #: Seconds for one round.
    budget: float
    #: When it is over, by the clock.
    _end: float

    @classmethod
    def begun(cls, clock: IReactorTime, budget: float, *, rounds: int = 1) -> Deadline:
        """
        One that begins now, for so many rounds at most.
        """
        return cls(clock, budget, clock.seconds() + budget * rounds)

    def round(self) -> Deadline:
        """
        The deadline of a round that begins now.
        """
        return Deadline(self._clock, self.budget, min(self._end, self._clock.seconds() + self.budget))

    @property
    def left(self) -> float:
        """
        Seconds; 0 when it is over.
        """
        return max(0.0, self._end - self._clock.seconds())
