"""
How full pods are and what they offer: asked by the elected process, read by all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.logger import Logger

from trio2o.config.usage_section import UsageSection
from trio2o.interfaces import IElection, IOfferStore, IPodClient, IState, IUsageStore
from trio2o.model import Candidate, Pod
from trio2o.ops.metrics import Metrics
from trio2o.scheduling.capacity import RESOURCES, CapacityRules
from trio2o.strategies.experience import Experience
from trio2o.strategies.offers import OfferBook
from trio2o.usage.asking import Asks
from trio2o.usage.collector import UsageCollector
from trio2o.usage.offer_questions import OfferQuestions
from trio2o.usage.offers import OfferCollection, OfferReading, OfferRefresher
from trio2o.usage.questions import UsageQuestions
from trio2o.usage.reader import UsageReader
from trio2o.usage.thresholds import Thresholds

_log = Logger()

#: Seconds between two looks at what was collected.
_READ = 30.0


@define(kw_only=True, eq=False, slots=False)
class UsageService(Service):
    """
    The reader, who asks anew where a client changed what pods offer, and, while this process is the elected one, the collector.
    """

    _election: IElection
    _reader: UsageReader
    refresher: OfferRefresher
    #: ``None`` where pods are never asked.
    _collector: UsageCollector | None
    #: What the collector still had under way when this process was the elected one no more.
    _ending: Deferred[Any] = field(factory=lambda: succeed(None), init=False)

    def startService(self) -> None:
        super().startService()
        if self._collector is not None:
            self._reader.startService()
            self.refresher.startService()
            self._election.start(self._won, self._lost)

    def stopService(self) -> Deferred[Any]:
        super().stopService()
        if self._collector is None:
            return DeferredList([])
        self._election.stop()
        self._lost()
        return DeferredList([self._reader.stopService(), self.refresher.stopService(), self._ending])

    async def started(self) -> None:
        """
        Wait until what the database has is known.
        """
        if self._collector is not None:
            await self._reader.started()

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
    offer_store: IOfferStore,
    state: IState,
    asks: Asks,
    pods: IPodClient,
    experience: Experience,
    offers: OfferBook,
    affinity_keys: Sequence[str],
    rules: CapacityRules,
    quota_defaults: Callable[[Pod], Awaitable[None]],
    metrics: Metrics,
) -> UsageService:
    """
    Wire it; nothing is asked yet.
    """
    collector = None
    questions = OfferQuestions(asks=asks, endpoint=pods.endpoint, keys=affinity_keys)
    collection = OfferCollection(clock=reactor, ask=questions.ask, store=offer_store)
    reading = OfferReading(store=offer_store, known=offers.digests, note=offers.note)
    if section.interval_seconds:
        thresholds = Thresholds(rules=rules, free_share=section.warning_share)
        collector = UsageCollector(
            clock=reactor,
            random=Random(),
            pods=state.pods,
            ask=UsageQuestions(
                asks=asks,
                endpoint=pods.endpoint,
                placement=lambda pod: section.sources.get(pod.name, section.source) == "placement",
            ).ask,
            store=store,
            collected=thresholds.collected,
            interval=section.interval_seconds,
            beside={
                "what {pod} offers": collection.collect,
                "what {pod} lets projects have": quota_defaults,
            },
        )
    _watch(metrics, election, state, experience, rules)
    metrics.watch_each("trio2o_pod_offers_age_seconds", lambda: _ages(state, offers.age))
    return UsageService(
        election=election,
        reader=UsageReader(
            clock=reactor,
            store=store,
            note=experience.note_usage,
            retain=experience.retain,
            interval=min(_READ, section.interval_seconds),
            beside=reading.read,
        ),
        refresher=OfferRefresher(
            clock=reactor, pods=state.pods, collect=collection.collect, read=reading.read
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

    def marks() -> dict[tuple[str, ...], float]:
        names = {pod.id: pod.name for pod in state.pods()}
        counts = experience.marks.counts()
        return {
            (names[pod_id], lack.value): float(count)
            for (pod_id, lack), count in counts.items()
            if pod_id in names
        }

    metrics.watch_each("trio2o_pod_room_free", lambda: rooms(0))
    metrics.watch_each("trio2o_pod_room_limit", lambda: rooms(1))
    metrics.watch_each("trio2o_pod_room_claimed", claims)
    metrics.watch_each("trio2o_pod_marks", marks)
    metrics.watch_each("trio2o_pod_usage_age_seconds", lambda: _ages(state, experience.age))
    metrics.watch("trio2o_usage_collector", lambda: float(election.leads))


def _ages(state: IState, age_of: Callable[[str], float | None]) -> dict[tuple[str, ...], float]:
    """
    How old what is known of each pod is, by its name.
    """
    found = {(pod.name,): age_of(pod.id) for pod in state.pods()}
    return {name: age for name, age in found.items() if age is not None}
