"""
Limits over all pods, wired: the book, what keeps pods in line with it, and the strategies that show and set limits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import frozen
from twisted.application.service import IService

from trio2o.adoption.unified_limits import NoUnifiedLimits, UnifiedLimitsReader
from trio2o.config.quotas_section import QuotasSection
from trio2o.config.schema import Config
from trio2o.interfaces import IJobQueue, IQuotaLimitStore, IQuotaUsage, IState, IStrategy
from trio2o.jobs.handlers import JobHandlers
from trio2o.model import QuotaScope
from trio2o.ops.metrics import Metrics
from trio2o.quota.unified import SERVICE
from trio2o.service.identity import IdentityParts, make_unified_limits_client
from trio2o.state.quota_limits import QuotaLimitBook
from trio2o.strategies.quota_judge import QuotaJudge
from trio2o.strategies.quota_unified import UnifiedQuotaWriteStrategy
from trio2o.strategies.quota_use import ProjectUse
from trio2o.strategies.quota_views import FreshLimits, QuotaViewStrategy
from trio2o.strategies.quota_writes import QuotaWriteStrategy
from trio2o.usage.asking import Sends
from trio2o.usage.pod_quotas import PodQuotaHandler
from trio2o.usage.quota_defaults import QuotaDefaults

#: Seconds from one look at what is stored of limits that do not count to the next.
_SELDOM = 3600.0


@frozen(kw_only=True)
class QuotaParts:
    """
    What the surfaces need to show and set limits.
    """

    book: QuotaLimitBook
    store: IQuotaLimitStore
    jobs: IJobQueue
    #: Reads the changes of limits that are not known yet.
    catch_up: Callable[[], Awaitable[None]]
    #: Who counts what projects use; ``None`` where the pods are asked for it.
    usage: IQuotaUsage | None = None

    def strategies(self, shared: dict[str, Any], summing: IStrategy, **options: Any) -> dict[str, IStrategy]:
        """
        The strategies by the names that tables use.

        :param options: ``clock``, ``pods``, ``list_budget``, ``budget``, ``shield`` and ``body_limit``.
        """
        clock, list_budget = options.pop("clock"), options.pop("list_budget")
        pods, budget = options.pop("pods"), options.pop("budget")
        fresh = FreshLimits(limits=self.book, catch_up=self.catch_up, state=shared["state"], clock=clock)
        use = ProjectUse(counted=self.usage, sum=summing)
        options |= {"fresh": fresh, "jobs": self.jobs}
        options["judge"] = QuotaJudge(**shared, pods=pods, budget=budget)
        write: IStrategy = QuotaWriteStrategy(**options, use=use, store=self.store)
        if self.book.unified:
            write = UnifiedQuotaWriteStrategy(**options, inner=write, unified=self.book.unified)
        return {
            "quota": QuotaViewStrategy(**shared, pods=pods, fresh=fresh, use=use, budget=list_budget),
            "quota_write": write,
        }


def make_quota_limits(section: QuotasSection, state: IState) -> QuotaLimitBook:
    """
    The limits in memory; whoever follows the change log fills them.
    """
    return QuotaLimitBook(
        configured={"compute": section.compute, "volume": section.volume},
        unified=frozenset({SERVICE}) if section.source == "keystone" else frozenset(),
        pods=lambda: [pod.id for pod in state.pods()],
    )


def make_unified_limits(
    reactor: Any, config: Config, parts: QuotaParts, identity: IdentityParts, metrics: Metrics
) -> list[IService]:
    """
    What the elected process reads Keystone's limits with, where they count, and forgets them with, where they do no more.
    """
    unified = bool(parts.book.unified)
    reader = UnifiedLimitsReader(
        clock=reactor,
        keystone=make_unified_limits_client(reactor, config, identity) if unified else NoUnifiedLimits(),
        store=parts.store,
        limits=parts.book,
        jobs=parts.jobs,
        stored=lambda: [
            owner
            for scope in (QuotaScope.CLASS, QuotaScope.PROJECT, QuotaScope.USER)
            for owner in parts.book.owners(scope)
        ],
        interval=config.quotas.keystone_seconds if unified else _SELDOM,
    )

    def ages() -> dict[tuple[str, ...], float]:
        age = reader.age() if unified else None
        return {} if age is None else {(config.region,): age}

    metrics.watch_each("trio2o_quota_keystone_age_seconds", ages)
    return [reader]


def make_quota_defaults(
    section: QuotasSection,
    parts: QuotaParts,
    handlers: JobHandlers,
    *,
    state: IState,
    asks: Sends,
    metrics: Metrics,
) -> QuotaDefaults:
    """
    What reads pods' default classes, and what gives pods limits.
    """
    handlers.add(
        PodQuotaHandler(
            asks=asks,
            store=parts.store,
            pods=state.pods,
            configured=parts.book.configured,
            raises=section.pods == "raise",
            unified=parts.book.unified,
        )
    )
    defaults = QuotaDefaults(
        asks=asks,
        store=parts.store,
        limits=parts.book,
        jobs=parts.jobs,
        policy=section.pods,
        pods=state.pods,
        stored=lambda: parts.book.owners(QuotaScope.POD),
    )
    metrics.watch_each("trio2o_quota_drift", defaults.drift)
    return defaults
