"""
How full pods are: asked by the elected process, read by all.
"""

from __future__ import annotations

from random import Random
from typing import Any

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.logger import Logger

from trio2o.config.usage_section import UsageSection
from trio2o.interfaces import IElection, IPodClient, IState, IUsageStore
from trio2o.model import Candidate
from trio2o.ops.metrics import Metrics
from trio2o.scheduling.capacity import RESOURCES, CapacityRules
from trio2o.strategies.experience import Experience
from trio2o.usage.collector import UsageCollector
from trio2o.usage.questions import Asks, UsageQuestions
from trio2o.usage.reader import UsageReader
from trio2o.usage.thresholds import Thresholds

_log = Logger()

#: Seconds between two looks at what was collected.
_READ = 30.0


@define(kw_only=True, eq=False, slots=False)
class UsageService(Service):
    """
    The reader, and, while this process is the elected one, the collector.
    """

    _election: IElection
    _reader: UsageReader
    #: ``None`` where pods are never asked.
    _collector: UsageCollector | None
    #: What the collector still had under way when this process was the elected one no more.
    _ending: Deferred[Any] = field(factory=lambda: succeed(None), init=False)

    def startService(self) -> None:
        super().startService()
        if self._collector is not None:
            self._reader.startService()
            self._election.start(self._won, self._lost)

    def stopService(self) -> Deferred[Any]:
        super().stopService()
        if self._collector is None:
            return DeferredList([])
        self._election.stop()
        self._lost()
        return DeferredList([self._reader.stopService(), self._ending])

    def _won(self) -> None:
        assert self._collector is not None
        _log.info("this process asks pods for their usage from now on")
        self._collector.startService()

    def _lost(self) -> None:
        if self._collector is not None and self._collector.running:
            self._ending = self._collector.stopService()


def make_usage(
    reactor: Any,
    section: UsageSection,
    *,
    election: IElection,
    store: IUsageStore,
    state: IState,
    asks: Asks,
    pods: IPodClient,
    experience: Experience,
    rules: CapacityRules,
    metrics: Metrics,
) -> UsageService:
    """
    Wire it; nothing is asked yet.
    """
    collector = None
    if section.interval_seconds:
        thresholds = Thresholds(rules=rules, free_share=section.warning_share)
        collector = UsageCollector(
            clock=reactor,
            random=Random(),
            pods=state.pods,
            ask=UsageQuestions(asks=asks, endpoint=pods.endpoint).ask,
            store=store,
            collected=thresholds.collected,
            interval=section.interval_seconds,
        )
    _watch(metrics, election, state, experience, rules)
    return UsageService(
        election=election,
        reader=UsageReader(
            clock=reactor,
            store=store,
            note=experience.note_usage,
            retain=experience.retain,
            interval=min(_READ, section.interval_seconds),
        ),
        collector=collector,
    )


def _watch(
    metrics: Metrics, election: IElection, state: IState, experience: Experience, rules: CapacityRules
) -> None:
    def rooms(index: int) -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = {}
        for pod in state.pods():
            seen = Candidate(pod=pod, usage=experience.usage(pod.id), claimed=experience.claimed(pod.id))
            for resource in RESOURCES:
                room = rules.room(seen, resource)
                if room is not None:
                    found[pod.name, resource] = room[index]
        return found

    def claims() -> dict[tuple[str, ...], float]:
        found: dict[tuple[str, ...], float] = {}
        for pod in state.pods():
            claimed = experience.claimed(pod.id)
            for resource in RESOURCES:
                found[pod.name, resource] = getattr(claimed, resource)
        return found

    def ages() -> dict[tuple[str, ...], float]:
        found = {(pod.name,): experience.age(pod.id) for pod in state.pods()}
        return {name: age for name, age in found.items() if age is not None}

    metrics.watch_each("trio2o_pod_room_free", lambda: rooms(0))
    metrics.watch_each("trio2o_pod_room_limit", lambda: rooms(1))
    metrics.watch_each("trio2o_pod_room_claimed", claims)
    metrics.watch_each("trio2o_pod_usage_age_seconds", ages)
    metrics.watch("trio2o_usage_collector", lambda: float(election.leads))
