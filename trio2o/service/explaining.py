"""
``trio2o schedule``: where a new resource would go, from the database alone.
"""

from __future__ import annotations

from typing import Any

from attrs import evolve

from trio2o.config.schema import Config
from trio2o.model import Candidate, PlacementRequest
from trio2o.scheduling.explaining import explained, told
from trio2o.scheduling.registry import FILTERS_GROUP, WEIGHERS_GROUP, installed, make_filters, make_weighers
from trio2o.scheduling.selection import Selection
from trio2o.storage.migrate import require_latest
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import PostgresBindings, PostgresPods
from trio2o.storage.postgres.usage import PostgresUsage
from trio2o.strategies.placing import elsewhere

#: What stands below the table.
_BESIDE = (
    "From the database alone: which pods do not answer, what was placed since their usage was collected and which creates "
    "failed lately is known to each daemon by itself. POST /v1.0/schedule asks one."
)


async def explain(reactor: Any, config: Config, dsn: str, request: PlacementRequest) -> str:
    """
    Rank the pods as a daemon with this configuration would that has just started, and give the table.

    :raises ValueError: if there is no such zone.
    :raises DatabaseUnavailable: if the database is away.
    :raises trio2o.storage.migrate.SchemaError: if the schema is not this release's.
    """
    await require_latest(reactor, dsn)
    section = config.database
    pool = Pool(
        reactor,
        dsn,
        size=1,
        statement_timeout=section.statement_timeout_seconds,
        connect_timeout=section.connect_timeout_seconds,
    )
    await pool.start()
    try:
        pods = [pod for pod in await PostgresPods(pool).list_pods() if not pod.is_top]
        bindings = await PostgresBindings(pool).find_bindings(tenant_id=request.project_id, active=True)
        usage = {each.pod_id: each for each in await PostgresUsage(pool).list_usage()}
    finally:
        await pool.stop()
    scheduling = config.scheduling
    zones = {pod.az_name for pod in pods}
    named = request.availability_zone
    if named is not None and named not in zones:
        raise ValueError(f"there is no availability zone {named} (known: {', '.join(sorted(zones))})")
    zone = named or scheduling.default_availability_zone or (bindings[0].az_name if bindings else None)
    tolerated = frozenset(scheduling.tolerations.get(request.project_id, ()))
    request = evolve(
        request,
        availability_zone=zone if zone in zones else None,
        tolerations=request.tolerations | tolerated,
    )
    bound = {binding.pod_id for binding in bindings}
    fresh = {pod_id: each for pod_id, each in usage.items() if each.age <= config.usage.stale_seconds}
    rules = scheduling.rules()
    selection = Selection(
        filters=make_filters(scheduling.filters, installed(FILTERS_GROUP), rules),
        weighers=make_weighers(scheduling.weighers, installed(WEIGHERS_GROUP), rules),
    )
    candidates = [
        Candidate(
            pod=pod,
            bound=pod.id in bound,
            bound_elsewhere=len(elsewhere(pod, bindings)),
            usage=fresh[pod.id].usage if pod.id in fresh else None,
        )
        for pod in pods
    ]
    return f"{told(explained(request, selection.rank(candidates, request), bindings))}\n\n{_BESIDE}"
