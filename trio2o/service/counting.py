"""
What projects have over all pods, wired: counted before it is made, and compared with the pods.
"""

from __future__ import annotations

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from trio2o.adoption.quotas import QuotaReconciler
from trio2o.config.quotas_section import QuotasSection
from trio2o.interfaces import IQuotaLimits, IQuotaStore, IState, IStrategy
from trio2o.model import Kind
from trio2o.ops.metrics import Metrics
from trio2o.quota.resources import type_of
from trio2o.strategies.accepting import Accepting
from trio2o.strategies.concurrently import Shield
from trio2o.strategies.counted import CountedStrategy
from trio2o.strategies.counting import Counting
from trio2o.strategies.departures import Departures
from trio2o.strategies.locating import Locator
from trio2o.strategies.quota_facts import Facts
from trio2o.strategies.quota_reading import QuotaReader
from trio2o.strategies.releases import Releases
from trio2o.strategies.reserving import Reservations
from trio2o.usage.quotas import QuotaQuestions
from trio2o.usage.sightings import ServerSightings
from trio2o.usage.transfers import TransferQuestions

#: Seconds from a reading in between what was under way to the next.
_SOON = 10.0


@frozen(kw_only=True)
class QuotaCounting:
    """
    What counts projects' resources; all surfaces share it.
    """

    reader: QuotaReader
    reservations: Reservations
    releases: Releases
    reconciler: QuotaReconciler
    _state: IState
    _transfers: TransferQuestions
    _section: QuotasSection
    _clock: IReactorTime

    @property
    def enabled(self) -> bool:
        """
        Whether anything is counted at the top.
        """
        return self._section.enabled

    def ended(self, kind: Kind, resource_id: str, project_id: str) -> None:
        """
        Take over that a pod no longer has a resource.
        """
        if self._section.enabled:
            self.releases.gone(kind, resource_id, project_id)

    def counting(self, facts: Facts) -> Counting | None:
        """
        What creates take; ``None`` where nobody counts.
        """
        if not self._section.enabled:
            return None
        return Counting(reservations=self.reservations, facts=facts, grace=self._section.grace_seconds)

    def around(
        self,
        inner: IStrategy,
        facts: Facts,
        departures: Departures,
        locator: Locator,
        shield: Shield,
        limit: int,
    ) -> IStrategy:
        """
        A strategy whose requests are counted, where anybody counts.

        :param limit: the largest body that is read, in bytes.
        """
        if not self._section.enabled:
            return inner
        return CountedStrategy(
            inner=inner,
            reservations=self.reservations,
            facts=facts,
            releases=self.releases,
            accepting=Accepting(
                reservations=self.reservations,
                locator=locator,
                state=self._state,
                offers=self._transfers.offered,
            ),
            departures=departures,
            locator=locator,
            shield=shield,
            clock=self._clock,
            body_limit=limit,
        )


def make_quota_counting(
    reactor: IReactorTime,
    section: QuotasSection,
    *,
    store: IQuotaStore,
    limits: IQuotaLimits,
    state: IState,
    questions: QuotaQuestions,
    sightings: ServerSightings,
    transfers: TransferQuestions,
    departures: Departures,
    settle_seconds: float,
    waited: float,
    metrics: Metrics,
) -> QuotaCounting:
    """
    Wire it; nothing is asked yet.

    :param settle_seconds: after how many seconds a create that nobody knows of is believed never to come.
    :param waited: seconds that a pod has to tell what a project has while a client waits.
    """
    refusals = metrics.counter("trio2o_quota_refusals")
    differences = metrics.counter("trio2o_quota_differences")
    settled = metrics.counter("trio2o_quota_reservations_settled")

    def differed(service: str, resource: str, difference: int) -> None:
        direction = "up" if difference > 0 else "down"
        differences(service, _named(service, resource), direction, count=abs(difference))

    reader = QuotaReader(
        store=store,
        state=state,
        clock=reactor,
        ask=questions.used,
        ask_user=questions.used,
        sight=sightings.look,
        untold=questions.untold,
        waited=waited,
        grace=section.grace_seconds,
        again=section.projects_seconds,
        soon=_SOON,
        differed=differed,
        settled=lambda service, count: settled(service, count=count),
    )
    reservations = Reservations(
        store=store,
        limits=limits,
        reader=reader,
        settle_seconds=settle_seconds,
        refused=lambda service, resource: refusals(service, _named(service, resource)),
    )
    reconciler = QuotaReconciler(store=store, reader=reader, clock=reactor)
    metrics.watch_each(
        "trio2o_quota_reservations",
        lambda: {(service,): float(count) for service, count in reconciler.open.items()},
    )
    return QuotaCounting(
        reader=reader,
        reservations=reservations,
        releases=Releases(store=store, clock=reactor, begin=departures.begin),
        reconciler=reconciler,
        state=state,
        transfers=transfers,
        section=section,
        clock=reactor,
    )


def _named(service: str, resource: str) -> str:
    """
    A resource as a metric's label: types are as many as operators make, so all of them are one.
    """
    typed = type_of(service, resource)
    return resource if typed is None else f"{typed[0]}_of_type"
