"""
Every pod as the scheduler sees it now, kept from one create to the next.

A candidate's row is made again when its pod was touched, when the pods have changed, when its service begins or ceases to answer,
and when a moment has come until which it was to hold. What differs from one project to the next is no part of the rows and is
looked up by each request.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any

from attrs import define, evolve, field
from twisted.internet.interfaces import IReactorTime

from trio2o.interfaces import IState
from trio2o.model import NOTHING, Binding, Candidate, PlacementRequest, Pod
from trio2o.scheduling.field import Field
from trio2o.scheduling.ranking import Ranking
from trio2o.scheduling.selection import Selection
from trio2o.strategies.experience import Experience
from trio2o.strategies.offers import OfferBook
from trio2o.strategies.quotas import QuotaBook
from trio2o.surface.kinds import KINDS

#: The fields of a candidate that may not be so any more: what it lately refused, and what a quota was a while ago.
HINTS = ("exhausted", "quota")


@define(eq=False)
class _Kept:
    """
    The rows of one service, and what they were made from.
    """

    candidates: Field
    pods: Sequence[Pod] = ()
    by_id: Mapping[str, Pod] = field(factory=dict)
    unhealthy: frozenset[str] = frozenset()
    #: The number of the last touch that was taken in.
    number: int = -1
    #: Moments until which rows hold, with their pods, the next one first; and of each pod the earliest of them.
    until: list[tuple[float, str]] = field(factory=list)
    earliest: dict[str, float] = field(factory=dict)


@define(kw_only=True, eq=False)
class Candidates:
    """
    Makes them, and has them ranked.
    """

    _clock: IReactorTime
    _state: IState
    #: The ids of the pods whose service does not answer.
    _unhealthy: Callable[[str], Collection[str]]
    _selection: Selection
    #: What is known of pods beside their health; ``None`` for nothing.
    _experience: Experience | None
    #: What pods offer; ``None`` for nothing known. Its touches are the experience's where there is one.
    _offers: OfferBook | None = None
    #: What projects may still make in pods; ``None`` for nothing known.
    _quotas: QuotaBook | None = None
    #: Gives the ids of the pods whose service lacks what pods are to have the same for everybody; who changes it touches them.
    _behind: Callable[[str], Collection[str]] = lambda service: ()
    #: The same of one user's key pair, by its id; nobody is touched.
    _without_key: Callable[[str], Collection[str]] = lambda key_pair: ()
    _kept: dict[str, _Kept] = field(factory=dict, init=False)

    def rank(self, request: PlacementRequest, bindings: Sequence[Binding], *, hints: bool = True) -> Ranking:
        """
        Order the pods for a request of a project with these active bindings.

        :param hints: whether it counts what pods have lately refused, and what the project's quotas were a while ago.
        """
        service = KINDS[request.kind].service
        kept = self._kept.get(service)
        if kept is None:
            kept = self._kept[service] = _Kept(self._selection.field())
        self._renew(kept, service)
        own = self._own(request, bindings)
        if not hints:
            for name in HINTS:
                own.pop(name, None)
        return kept.candidates.rank(request, own)

    def seen(self, request: PlacementRequest, bindings: Sequence[Binding]) -> list[Candidate]:
        """
        Every pod made anew for such a request: what :meth:`rank` goes by, at more cost.
        """
        service = KINDS[request.kind].service
        unhealthy = self._unhealthy(service)
        own = {name: values() for name, values in self._own(request, bindings).items()}
        return [
            evolve(
                self._row(pod, service, pod.id not in unhealthy),
                **{name: values[pod.id] for name, values in own.items() if pod.id in values},
            )
            for pod in self._state.pods()
        ]

    def _row(self, pod: Pod, service: str, healthy: bool) -> Candidate:
        """
        What holds for a pod whoever asks. What changes of it touches the pod, or ends at :meth:`_until`.
        """
        known = self._experience
        return Candidate(
            pod=pod,
            healthy=healthy,
            usage=None if known is None else known.usage(pod.id),
            claimed=NOTHING if known is None else known.claimed(pod.id),
            offers=None if self._offers is None else self._offers.offers(pod.id),
            up_to_date=pod.id not in self._behind(service),
        )

    def _until(self, pod: Pod) -> float:
        """
        Until when that holds if nothing happens.
        """
        return min(
            math.inf if self._experience is None else self._experience.until(pod.id),
            math.inf if self._offers is None else self._offers.until(),
        )

    def _own(
        self, request: PlacementRequest, bindings: Sequence[Binding]
    ) -> dict[str, Callable[[], Mapping[str, Any]]]:
        """
        What holds for the request's project alone: the fields with the pods that differ from their rows.
        """
        own: dict[str, Callable[[], Mapping[str, Any]]] = {}
        if bindings:
            own["bound"] = lambda: {binding.pod_id: True for binding in bindings}
            own["bound_elsewhere"] = lambda: _elsewhere(self._state.pods(), bindings)
        if self._experience is not None:
            failures = self._experience.failures(request.project_id, request.kind)
            if failures:
                own["failures"] = lambda: failures
            marks = self._experience.exhausted(request.project_id, request.kind)
            if marks:
                own["exhausted"] = lambda: marks
        late = [] if request.key_pair is None else list(self._without_key(request.key_pair))
        if request.makes_volumes:
            late += self._behind("volume")
        if late:
            own["up_to_date"] = lambda: dict.fromkeys(late, False)
        quotas = {} if self._quotas is None else self._quotas.left(request.project_id, request.kind)
        if quotas:
            own["quota"] = lambda: quotas
        return own

    def _renew(self, kept: _Kept, service: str) -> None:
        now = self._clock.seconds()
        pods = self._state.pods()
        unhealthy = frozenset(self._unhealthy(service))
        if self._offers is not None:
            # one pod's list that has become too old changes what others may lack: it touches them before they are looked at
            self._offers.until()
        known = self._experience or self._offers
        touched = known.touched.since(kept.number) if known is not None else set()
        if known is not None:
            kept.number = known.touched.number
        if pods is not kept.pods or touched is None:
            kept.pods, kept.by_id, kept.unhealthy = pods, {pod.id: pod for pod in pods}, unhealthy
            kept.candidates.rows.fill(self._row(pod, service, pod.id not in unhealthy) for pod in pods)
            kept.until.clear()
            kept.earliest.clear()
            self._wait(kept, pods)
            return
        if unhealthy != kept.unhealthy:
            touched |= unhealthy ^ kept.unhealthy
            kept.unhealthy = unhealthy
        while kept.until and kept.until[0][0] < now:
            moment, pod_id = heappop(kept.until)
            touched.add(pod_id)
            if kept.earliest.get(pod_id) == moment:
                del kept.earliest[pod_id]
        changed = [kept.by_id[pod_id] for pod_id in touched if pod_id in kept.by_id]
        if changed:
            kept.candidates.rows.put(self._row(pod, service, pod.id not in unhealthy) for pod in changed)
            self._wait(kept, changed)

    def _wait(self, kept: _Kept, pods: Iterable[Pod]) -> None:
        """
        Note until when rows hold that were just made.
        """
        for pod in pods:
            until = self._until(pod)
            if until < kept.earliest.get(pod.id, math.inf):
                kept.earliest[pod.id] = until
                heappush(kept.until, (until, pod.id))


def _elsewhere(pods: Sequence[Pod], bindings: Sequence[Binding]) -> Mapping[str, int]:
    """
    Pod id to how many other pods these bindings name outside of its zone and group, where any: a binding inside would be moved.
    """
    found = {}
    for pod in pods:
        place = (pod.az_name, pod.group)
        others = {
            binding.pod_id
            for binding in bindings
            if binding.pod_id != pod.id and (binding.az_name, binding.pod_group) != place
        }
        if others:
            found[pod.id] = len(others)
    return found
