"""
Limits over all pods, wired: the book, what keeps pods in line with it, and the strategies that show and set limits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import frozen

from trio2o.config.quotas_section import QuotasSection
from trio2o.interfaces import IJobQueue, IQuotaLimitStore, IQuotaUsage, IState, IStrategy
from trio2o.jobs.handlers import JobHandlers
from trio2o.model import QuotaScope
from trio2o.ops.metrics import Metrics
from trio2o.state.quota_limits import QuotaLimitBook
from trio2o.strategies.quota_use import ProjectUse
from trio2o.strategies.quota_views import FreshLimits, QuotaViewStrategy
from trio2o.strategies.quota_writes import QuotaWriteStrategy
from trio2o.usage.asking import Sends
from trio2o.usage.pod_quotas import PodQuotaHandler
from trio2o.usage.quota_defaults import QuotaDefaults


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

        :param options: the fields that :class:`QuotaWriteStrategy` has beside those of :class:`QuotaViewStrategy`, and more.
        """
        clock, list_budget = options.pop("clock"), options.pop("list_budget")
        fresh = FreshLimits(limits=self.book, catch_up=self.catch_up, state=shared["state"], clock=clock)
        common = {**shared, "fresh": fresh, "use": ProjectUse(counted=self.usage, sum=summing)}
        pods = options.pop("pods")
        return {
            "quota": QuotaViewStrategy(**common, pods=pods, budget=list_budget),
            "quota_write": QuotaWriteStrategy(
                **common, pods=pods, store=self.store, jobs=self.jobs, **options
            ),
        }


def make_quota_limits(section: QuotasSection, state: IState) -> QuotaLimitBook:
    """
    The limits in memory; whoever follows the change log fills them.
    """
    return QuotaLimitBook(
        configured={"compute": section.compute, "volume": section.volume},
        pods=lambda: [pod.id for pod in state.pods()],
    )


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
        )
    )
    defaults = QuotaDefaults(
        asks=asks,
        store=parts.store,
        limits=parts.book,
        jobs=parts.jobs,
        configured=parts.book.configured,
        policy=section.pods,
        pods=state.pods,
        stored=lambda: parts.book.owners(QuotaScope.POD),
    )
    metrics.watch_each("trio2o_quota_drift", defaults.drift)
    return defaults
