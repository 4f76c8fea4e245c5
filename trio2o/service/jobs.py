"""
What one process of those that share a database does when nobody asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define
from twisted.application.service import IService, Service
from twisted.logger import Logger

from trio2o.adoption.cleaner import RouteCleaner
from trio2o.adoption.intents import IntentReconciler
from trio2o.adoption.marked import MarkedResources
from trio2o.adoption.questions import PodQuestions
from trio2o.adoption.tombstones import TombstonePruner
from trio2o.config.schema import JobsSection
from trio2o.interfaces import IElection, IIntentStore, IPodClient, IPodTokens, IRouteStore, IState
from trio2o.ops.metrics import Metrics
from trio2o.service.identity import IdentityParts

_log = Logger()

#: Seconds that a pod has to answer one question.
_BUDGET = 10.0


@define(kw_only=True, eq=False, slots=False)
class Jobs(Service):
    """
    Services that run while this process is the elected one.
    """

    _election: IElection
    _services: Sequence[IService]

    def startService(self) -> None:
        super().startService()
        if self._services:
            self._election.start(self._won, self._lost)

    def stopService(self) -> None:
        super().stopService()
        if self._services:
            self._election.stop()

    def _won(self) -> None:
        _log.info(
            "this process does what one alone is to do: compare routes with pods, settle keyed creates, count jobs"
        )
        for service in self._services:
            service.startService()

    def _lost(self) -> None:
        for service in self._services:
            service.stopService()


def make_jobs(
    reactor: Any,
    section: JobsSection,
    *,
    election: IElection,
    routes: IRouteStore,
    intents: IIntentStore,
    settle_seconds: float,
    state: IState,
    identity: IdentityParts,
    pods: IPodClient,
    pod_tokens: IPodTokens,
    metrics: Metrics,
    answer_limit: int,
    beside: Sequence[IService] = (),
) -> Jobs:
    """
    Wire the jobs that the configuration wants; nothing is sent and nothing is asked yet.

    :param settle_seconds: see :class:`IntentReconciler`.
    :param beside: what else the elected process does.
    """
    questions = PodQuestions(
        pods=pods,
        own=identity.own,
        tokens=identity.tokens,
        pod_tokens=pod_tokens,
        clock=reactor,
        answer_limit=answer_limit,
        budget=_BUDGET,
    )
    services: list[IService] = [
        *beside,
        IntentReconciler(
            intents=intents,
            routes=routes,
            state=state,
            marked=MarkedResources(questions=questions, clock=reactor),
            clock=reactor,
            settle_seconds=settle_seconds,
            settled=metrics.counter("trio2o_intents_settled"),
        ),
    ]
    if section.route_checks_per_second:
        cleaner = RouteCleaner(
            routes=routes,
            state=state,
            questions=questions,
            pods=pods,
            clock=reactor,
            rate=section.route_checks_per_second,
            missing_seconds=section.route_missing_seconds,
            checked=metrics.counter("trio2o_route_checks"),
            ended=metrics.counter("trio2o_routes_ended"),
        )
        services.append(cleaner)

        def distrusted() -> dict[tuple[str, ...], float]:
            named = [(state.pod(pod_id), service) for pod_id, service in cleaner.distrusted()]
            return {(pod.name, service): 1.0 for pod, service in named if pod is not None}

        metrics.watch_each("trio2o_route_checks_distrusted", distrusted)
    if section.tombstone_days:
        pruned = metrics.counter("trio2o_tombstones_pruned")
        services.append(
            TombstonePruner(
                routes=routes,
                state=state,
                clock=reactor,
                days=section.tombstone_days,
                pruned=lambda pod, count: pruned(pod, count=count),
            )
        )
    metrics.watch("trio2o_jobs_leader", lambda: float(election.leads))
    return Jobs(election=election, services=services)
