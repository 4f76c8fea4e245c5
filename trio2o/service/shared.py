"""
What pods have the same, wired: who keeps it in memory, who writes it, and who brings pods up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field
from twisted.application.service import IService, Service
from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.logger import Logger

from trio2o.adoption.comparison import SharedComparison
from trio2o.adoption.pod_asks import PodAsk
from trio2o.adoption.questions import PodQuestions
from trio2o.adoption.replication import ReplicateJobs
from trio2o.adoption.returning import ReturningPods
from trio2o.adoption.sync_pods import SyncPodJobs
from trio2o.config.schema import Config
from trio2o.interfaces import IFollower, IPodClient, ISharedStore, IState
from trio2o.model import Pod
from trio2o.model.shared import DriftPolicy
from trio2o.ops.metrics import Metrics
from trio2o.service.job_queue import JobQueueParts
from trio2o.shared.kinds import SharedKinds
from trio2o.state.shared import SharedBook, SharedOfPods
from trio2o.strategies.converging import Converger

_log = Logger()

#: The filter that keeps new work from pods that lack something.
_UP_TO_DATE = "up_to_date"

#: How many times as long as a pod has to answer a write may be under way: it asks twice, and reads.
_ANSWERS = 4.0


@define(kw_only=True)
class SharedMemory:
    """
    What a process knows of shared things, from the start.
    """

    kinds: SharedKinds
    book: SharedBook
    followers: Sequence[IFollower]
    #: Told which pods begin or cease to lack something that is everybody's.
    touch: Callable[[str], None] = lambda pod_id: None

    def changed(self, pod_ids: frozenset[str]) -> None:
        """
        Some pods lack something now, or no more.
        """
        for pod_id in pod_ids:
            self.touch(pod_id)


def make_shared_memory(store: ISharedStore, pod: Callable[[str], Pod | None]) -> SharedMemory:
    """
    Make it, empty.

    :param store: over the connection of what the state is fed from.
    :param pod: gives a pod by its id.
    """
    kinds = SharedKinds.over(pod)
    told: list[SharedMemory] = []
    book = SharedBook(store, kinds, lambda pod_ids: told[0].changed(pod_ids))
    memory = SharedMemory(kinds=kinds, book=book, followers=(book, SharedOfPods(book)))
    told.append(memory)
    return memory


@define(kw_only=True, eq=False, slots=False)
class SharedService(Service):
    """
    What goes on besides requests, and what strategies need.
    """

    memory: SharedMemory
    store: ISharedStore
    converger: Converger
    ask: Callable[[Pod, str], PodAsk]
    #: What one process of all does.
    elected: Sequence[IService]
    #: The filters that a pod of new work must pass.
    filters: Sequence[str]
    _services: Sequence[IService] = field(default=())

    def startService(self) -> None:
        super().startService()
        if _UP_TO_DATE not in self.filters:
            _log.warn(
                "scheduling.filters lacks {name}: pods get new work before they have what pods are to have the same",
                name=_UP_TO_DATE,
            )
        for service in self._services:
            service.startService()

    def stopService(self) -> Any:
        super().stopService()
        return DeferredList([maybeDeferred(service.stopService) for service in self._services])


def make_shared(
    reactor: Any,
    config: Config,
    memory: SharedMemory,
    *,
    store: ISharedStore,
    state: IState,
    pods: IPodClient,
    asks: PodQuestions,
    queue: JobQueueParts,
    metrics: Metrics,
) -> SharedService:
    """
    Wire it, and add the handlers of its jobs; nothing is asked yet.
    """

    def ask(pod: Pod, service: str) -> PodAsk:
        return PodAsk(asks, pod, service)

    converger = Converger(
        store=store,
        ids=memory.book,
        ask=ask,
        overwrites=lambda kind: config.shared.on_drift(kind) is DriftPolicy.OVERWRITE,
    )
    common: dict[str, Any] = {
        "store": store,
        "kinds": memory.kinds,
        "converger": converger,
        "ids": memory.book,
        "state": state,
        "pods": pods,
        "queue": queue.queue,
    }
    seconds = _ANSWERS * max(30.0, config.pod_defaults.answer_timeout_seconds)
    queue.handlers.add(ReplicateJobs(**common, write_seconds=seconds))
    queue.handlers.add(SyncPodJobs(**common))
    elected: list[IService] = []
    if config.shared.compare_seconds:
        comparison = SharedComparison(
            clock=reactor,
            store=store,
            kinds=memory.kinds,
            ids=memory.book,
            state=state,
            pods=pods,
            queue=queue.queue,
            ask=ask,
            on_drift=config.shared.on_drift,
            interval=config.shared.compare_seconds,
        )
        elected.append(comparison)
        metrics.watch_each(
            "trio2o_drift", lambda: {place: float(count) for place, count in comparison.counts.items()}
        )
    returning = ReturningPods(clock=reactor, state=state, pods=pods, ids=memory.book, queue=queue.queue)
    return SharedService(
        memory=memory,
        store=store,
        converger=converger,
        ask=ask,
        elected=elected,
        filters=config.scheduling.filters,
        services=(returning,),
    )
