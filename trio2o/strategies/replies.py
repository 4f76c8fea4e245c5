"""
What pods said to one write of what they have the same, and whether that is enough. Pure.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable

from attrs import frozen

from trio2o.errors import PodFailure
from trio2o.exchange import Answer
from trio2o.model import Pod
from trio2o.model.shared import SharedPolicy


class Outcome(enum.Enum):
    """
    What became of a write in one pod.
    """

    #: It took it.
    MADE = enum.auto()
    #: It has the same already.
    HAD = enum.auto()
    #: It lacks what is written, or has it so already; what that means depends on the others.
    LACKING = enum.auto()
    REFUSED = enum.auto()
    #: There was no whole answer.
    SILENT = enum.auto()


@frozen
class Reply:
    """
    What one pod said.
    """

    pod: Pod
    outcome: Outcome
    said: Answer | PodFailure

    @property
    def answer(self) -> Answer:
        """
        The answer of a pod that was not silent.
        """
        assert isinstance(self.said, Answer)
        return self.said

    @property
    def failure(self) -> PodFailure:
        """
        Why a silent pod was.
        """
        assert isinstance(self.said, PodFailure)
        return self.said

    @property
    def is_unsure(self) -> bool:
        """
        Whether nobody knows what the pod did.
        """
        return self.outcome is Outcome.SILENT and self.failure.sent


@frozen
class Replies:
    """
    The replies of all pods that were asked, each once, in the order in which they were asked.
    """

    _all: tuple[Reply, ...] = ()

    def also(self, more: Iterable[Reply]) -> Replies:
        """
        These, and more behind them.
        """
        return Replies((*self._all, *more))

    def of(self, pod_id: str) -> Reply | None:
        """
        One pod's; ``None`` where it was not asked.
        """
        return next((reply for reply in self._all if reply.pod.id == pod_id), None)

    def those(self, *outcomes: Outcome) -> tuple[Reply, ...]:
        """
        The replies with these outcomes.
        """
        return tuple(reply for reply in self._all if reply.outcome in outcomes)

    @property
    def made(self) -> tuple[Reply, ...]:
        """
        Those of pods that took it.
        """
        return self.those(Outcome.MADE)

    @property
    def refused(self) -> tuple[Reply, ...]:
        """
        Those of pods that refused it.
        """
        return self.those(Outcome.REFUSED)

    @property
    def silent(self) -> tuple[Reply, ...]:
        """
        Those of pods that gave no whole answer.
        """
        return self.those(Outcome.SILENT)

    @property
    def taken(self) -> tuple[Reply, ...]:
        """
        Those of pods that have it: first those that took it now.
        """
        return (*self.made, *self.those(Outcome.HAD))


@frozen(kw_only=True)
class Tally:
    """
    How a write stands.
    """

    #: Pods that have it, of all that are enabled.
    have: int
    enabled: int
    #: Whether a pod that answers does not have it, and whether one of those has refused it.
    short: bool
    refused: bool


def is_met(policy: SharedPolicy, tally: Tally, *, lenient: bool) -> bool:
    """
    Whether as many pods have it as their policy wants.

    :param lenient: whether one pod is enough whatever the policy says, unless another one refuses.
    """
    if lenient:
        return tally.have > 0 and not tally.refused
    if policy is SharedPolicy.MAJORITY:
        return 2 * tally.have > tally.enabled
    if policy is SharedPolicy.ANY:
        return tally.have > 0
    return not tally.short
