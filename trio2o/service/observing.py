"""
Where the records of requests go: the access log and the metrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import define, field

from trio2o.model import PodState
from trio2o.ops.access_log import AccessLog
from trio2o.ops.metrics import Counts, Metrics
from trio2o.pods.breaker import BreakerState
from trio2o.pods.client import TreqPods
from trio2o.service.identity import IdentityParts
from trio2o.state.cache import MemoryState
from trio2o.state.routes import RouteBook
from trio2o.storage.pool import Pool
from trio2o.web.record import RequestRecord

if TYPE_CHECKING:
    from trio2o.service.surfaces import ServedSurface


@define(kw_only=True)
class Observer:
    """
    Told of every request when it is over.
    """

    _metrics: Metrics
    #: ``None`` where no access log is wanted.
    _access: AccessLog | None
    _missing: Counts = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._missing = self._metrics.counter("trio2o_merge_missing_pods")

    def request_ended(self, record: RequestRecord) -> None:
        """
        Count it and write its line.
        """
        method = record.method.decode("latin-1")
        self._metrics.request(record.surface, method, record.operation, record.status, record.duration)
        for pod in record.missing:
            self._missing(record.surface, pod)
        if self._access is not None:
            self._access.record(
                request_id=record.request_id,
                global_request_id=record.global_request_id,
                pod_request_id=record.pod_request_id,
                client=record.client,
                project_id=record.project_id,
                user_id=record.user_id,
                surface=record.surface,
                method=method,
                target=record.target,
                status=record.status,
                sent=record.sent,
                seconds=record.duration,
                pods=record.pods,
                pod_seconds=record.pod_seconds,
                outcome=_outcome(record),
            )


def _outcome(record: RequestRecord) -> str:
    if record.detail:
        return record.detail
    if not record.whole:
        return "cut short"
    return "incomplete" if record.missing else "ok"


_BREAKER = {BreakerState.CLOSED: 0.0, BreakerState.HALF_OPEN: 1.0, BreakerState.OPEN: 2.0}


def watch(
    metrics: Metrics,
    *,
    state: MemoryState,
    pool: Pool,
    routes: RouteBook,
    identity: IdentityParts,
    pods: TreqPods,
    access: AccessLog | None,
    surfaces: Sequence[ServedSurface],
) -> None:
    """
    Name the gauges that Prometheus reads from their owners.
    """
    metrics.watch_each(
        "trio2o_pod_breaker_state",
        lambda: {names: _BREAKER[state] for names, state in pods.breakers().items()},
    )
    metrics.watch_each(
        "trio2o_pod_state",
        lambda: {
            (pod.name, each.value): float(pod.state is each) for pod in state.pods() for each in PodState
        },
    )
    metrics.watch_each(
        "trio2o_pod_calls_in_progress",
        lambda: {(name,): float(inside) for name, inside in pods.under_way().items()},
    )
    metrics.watch("trio2o_token_cache_entries", lambda: float(identity.tokens.known))
    metrics.watch("trio2o_identity_up", lambda: float(not identity.problem()))
    if access is not None:
        metrics.watch("trio2o_access_log_lines_lost", lambda: float(access.lost))
    metrics.watch("trio2o_state_ready", lambda: float(state.ready))
    metrics.watch("trio2o_state_current", lambda: float(state.current))
    metrics.watch("trio2o_state_change", lambda: float(state.change))
    metrics.watch("trio2o_database_up", lambda: float(pool.alive > 0))
    metrics.watch("trio2o_database_connections_in_use", lambda: float(pool.busy))
    metrics.watch("trio2o_outbox_writes", lambda: float(len(routes.outbox)))
    metrics.watch("trio2o_route_cache_entries", lambda: float(state.routes_remembered))
    metrics.watch_each(
        "trio2o_requests_in_progress",
        lambda: {(served.name,): float(served.drain.count) for served in surfaces},
    )
    metrics.watch_each(
        "trio2o_client_connections",
        lambda: {(served.name,): float(len(served.site.connections)) for served in surfaces},
    )
