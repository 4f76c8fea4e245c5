"""
What this process knows of pods beside their health: their usage, what was placed since, and which creates they failed.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Collection, Mapping

from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime

from trio2o.model import Amounts, Kind, Lack, Mark, News, PlacementRequest, Pod, Usage
from trio2o.scheduling.capacity import USUAL, CapacityRules
from trio2o.scheduling.refusals import Refusal, mark_of
from trio2o.strategies.claims import Claim, Claims
from trio2o.strategies.marks import Marks
from trio2o.strategies.touched import Touched

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
    Told by placements and by the collection of usage; asked when candidates are made. In memory, of bounded size.

    What it says of a pod to whoever asks changes with a touch of that pod, or when :meth:`until` has passed, and never else.
    """

    _clock: IReactorTime
    _rules: CapacityRules = USUAL
    #: Seconds that a failure is remembered.
    failure_seconds: float = 300.0
    #: Seconds after which a usage that no newer one took the place of is unknown again.
    stale_seconds: float = 3600.0
    #: Seconds that a pod which refused a create for want of something is left out for others that ask for as much; 0 for none.
    exhausted_seconds: float = 300.0
    touched: Touched = field(factory=Touched, init=False)
    _usage: dict[str, _Collected] = field(factory=dict, init=False)
    claims: Claims = field(init=False)
    marks: Marks = field(init=False)
    #: Pod, project and kind to the moments of failures.
    _failures: OrderedDict[tuple[str, str, Kind], list[float]] = field(factory=OrderedDict, init=False)
    #: Project and kind to the pods that have any.
    _failing: dict[tuple[str, Kind], set[str]] = field(factory=dict, init=False)

    @claims.default
    def _no_claims(self) -> Claims:
        return Claims(clock=self._clock, touched=self.touched.touch, longest=self.stale_seconds)

    @marks.default
    def _no_marks(self) -> Marks:
        return Marks(clock=self._clock, seconds=self.exhausted_seconds)

    def usage(self, pod_id: str) -> Usage | None:
        """
        What the pod said last; ``None`` for plenty: nothing yet, or too long ago.
        """
        known = self._usage.get(pod_id)
        if known is None:
            return None
        if self._clock.seconds() > known.at + self.stale_seconds:
            del self._usage[pod_id]
            self.touched.touch(pod_id)
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

    def exhausted(self, project_id: str, kind: Kind) -> Mapping[str, tuple[Mark, ...]]:
        """
        Pod id to what it has lately refused of this kind, of the project or of all, where it has.
        """
        return self.marks.of(project_id, kind)

    def refused(self, request: PlacementRequest, pod: Pod, why: Refusal) -> None:
        """
        Take note that a pod has refused a create for want of something.
        """
        mark = mark_of(why.lack, pod.id, request, any_size=why.any_size) if why.lasts else None
        if mark is not None:
            self.marks.make(mark)

    def freed(self, kind: Kind, project_id: str) -> None:
        """
        Take note that a project may have more quota left than it had: something of it is gone.
        """
        for pod_id in self.marks.freed(kind, project_id):
            self._pardon(pod_id, project_id, kind)

    def came_to(self, request: PlacementRequest, pod: Pod, *, found_room: bool) -> None:
        """
        Take note of what became of a resource that a pod had accepted: it is there, or nothing in the pod had room for it.
        """
        mark = None if found_room else mark_of(Lack.HOST, pod.id, request)
        if mark is not None:
            self.marks.make(mark)
        elif found_room:
            self.marks.clear(pod.id, request, (Lack.HOST,))

    def news(self) -> News | None:
        """
        What the other processes are to be told since this was last asked; ``None`` for nothing.
        """
        placed, (marked, cleared) = self.claims.news(), self.marks.news()
        if not (placed or marked or cleared):
            return None
        return News(placed=placed, marked=marked, cleared=cleared)

    def untold(self, news: News) -> None:
        """
        They were not told.
        """
        self.claims.untold(news.placed)
        self.marks.untold(news.marked, news.cleared)

    def heard(self, news: News) -> None:
        """
        Take over what another process tells.
        """
        self.claims.heard(news.sender, news.placed)
        self.marks.heard(news.marked, news.cleared)

    def until(self, pod_id: str) -> float:
        """
        The moment until which that stays as it is if nothing happens, by this process's clock.
        """
        known = self._usage.get(pod_id)
        return math.inf if known is None else known.at + self.stale_seconds

    def failures(self, project_id: str, kind: Kind) -> Mapping[str, int]:
        """
        Pod id to how often creates of this kind for the project have lately failed there and succeeded elsewhere, where any.
        """
        since = self._clock.seconds() - self.failure_seconds
        found = {}
        for pod_id in self._failing.get((project_id, kind), ()):
            lately = sum(time > since for time in self._failures[pod_id, project_id, kind])
            if lately:
                found[pod_id] = lately
        return found

    def note_usage(self, pod_id: str, usage: Usage, age: float) -> None:
        """
        Take over what a pod said. Claims from before it are in its numbers, but for those of its last moments.

        :param age: how many seconds ago the collection began.
        """
        at = self._clock.seconds() - age
        self._usage[pod_id] = _Collected(usage=usage, at=at)
        self.claims.collected(pod_id, at)
        self.touched.touch(pod_id)

    def retain(self, pod_ids: Collection[str]) -> None:
        """
        Forget the usage of all other pods.
        """
        for gone in self._usage.keys() - set(pod_ids):
            del self._usage[gone]
            self.touched.touch(gone)
        self.claims.retain(pod_ids)

    def settled(self, request: PlacementRequest, used: Pod, failed: Collection[Pod]) -> None:
        """
        Take note that a pod accepted a create, after others had failed it.
        """
        now = self._clock.seconds()
        self._pardon(used.id, request.project_id, request.kind)
        # that it was accepted says nothing of the host that is still looked for
        self.marks.clear(used.id, request, (Lack.QUOTA, Lack.SERVICE))
        for pod in failed:
            key = (pod.id, request.project_id, request.kind)
            self._failures[key] = [*self._failures.get(key, ())[-_MOST_TIMES + 1 :], now]
            self._failures.move_to_end(key)
            self._failing.setdefault((request.project_id, request.kind), set()).add(pod.id)
        while len(self._failures) > _MOST_FAILURES:
            self._pardon(*next(iter(self._failures)))

    def _pardon(self, pod_id: str, project_id: str, kind: Kind) -> None:
        if self._failures.pop((pod_id, project_id, kind), None) is None:
            return
        pods = self._failing[project_id, kind]
        pods.remove(pod_id)
        if not pods:
            del self._failing[project_id, kind]
