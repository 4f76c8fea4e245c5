"""
What this process knows of pods beside their health: their usage, what it has placed since, and which creates they failed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime

from trio2o.model import Amounts, Kind, News, PlacementRequest, Pod, Usage
from trio2o.scheduling.capacity import USUAL, CapacityRules
from trio2o.strategies.claims import Claim, Claims

#: How many (pod, project, kind) are remembered as having failed.
_MOST_FAILURES = 10_000

#: How many failures of one of them are counted: further ones change no order.
_MOST_TIMES = 10


@frozen(kw_only=True)
class _Collected:
    usage: Usage
    #: When the collection began, by this process's clock.
    at: float


@define(kw_only=True, eq=False)
class Experience:
    """
    Told by placements and by the collection of usage; asked for each candidate. In memory, of bounded size.
    """

    _clock: IReactorTime
    _rules: CapacityRules = USUAL
    #: Seconds that a failure is remembered.
    failure_seconds: float = 300.0
    #: Seconds after which a usage that no newer one took the place of is unknown again.
    stale_seconds: float = 3600.0
    _usage: dict[str, _Collected] = field(factory=dict, init=False)
    claims: Claims = field(init=False)
    _failures: OrderedDict[tuple[str, str, Kind], list[float]] = field(factory=OrderedDict, init=False)

    @claims.default
    def _no_claims(self) -> Claims:
        return Claims(clock=self._clock, longest=self.stale_seconds)

    def usage(self, pod_id: str) -> Usage | None:
        """
        What the pod said last; ``None`` for plenty: nothing yet, or too long ago.
        """
        known = self._usage.get(pod_id)
        if known is None:
            return None
        if self._clock.seconds() - known.at > self.stale_seconds:
            del self._usage[pod_id]
            return None
        return known.usage

    def age(self, pod_id: str) -> float | None:
        """
        How many seconds ago that was said; ``None`` for plenty.
        """
        return None if self.usage(pod_id) is None else self._clock.seconds() - self._usage[pod_id].at

    def claimed(self, pod_id: str) -> Amounts:
        """
        What was placed there, by all processes, and the usage does not have yet (I12).
        """
        return self.claims.claimed(pod_id)

    def claim(self, request: PlacementRequest, pod: Pod) -> Claim:
        """
        Hold the room that a request takes, before its pod is asked.
        """
        return self.claims.open(pod.id, self._rules.needs(request))

    def heard(self, news: News) -> None:
        """
        Take over what another process tells.
        """
        self.claims.heard(news.sender, news.placed)

    def failures(self, pod_id: str, project_id: str, kind: Kind) -> int:
        """
        How often creates of this kind for the project have lately failed there and succeeded elsewhere.
        """
        times = self._failures.get((pod_id, project_id, kind))
        if times is None:
            return 0
        since = self._clock.seconds() - self.failure_seconds
        return sum(time > since for time in times)

    def note_usage(self, pod_id: str, usage: Usage, age: float) -> None:
        """
        Take over what a pod said. Claims from before it are in its numbers, but for those of its last moments.

        :param age: how many seconds ago the collection began.
        """
        at = self._clock.seconds() - age
        self._usage[pod_id] = _Collected(usage=usage, at=at)
        self.claims.collected(pod_id, at)

    def retain(self, pod_ids: Collection[str]) -> None:
        """
        Forget the usage of all other pods.
        """
        for gone in self._usage.keys() - set(pod_ids):
            del self._usage[gone]
        self.claims.retain(pod_ids)

    def settled(self, request: PlacementRequest, used: Pod, failed: Collection[Pod]) -> None:
        """
        Take note that a pod accepted a create, after others had failed it.
        """
        now = self._clock.seconds()
        self._failures.pop((used.id, request.project_id, request.kind), None)
        for pod in failed:
            key = (pod.id, request.project_id, request.kind)
            self._failures[key] = [*self._failures.get(key, ())[-_MOST_TIMES + 1 :], now]
            self._failures.move_to_end(key)
        while len(self._failures) > _MOST_FAILURES:
            self._failures.popitem(last=False)
