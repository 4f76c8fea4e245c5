"""
``trio2o schedule``: where a new resource would go, from the database alone.
"""

from __future__ import annotations

from typing import Any

from trio2o.config.schema import Config
from trio2o.errors import BadRequest
from trio2o.model import PlacementRequest
from trio2o.scheduling.explaining import told
from trio2o.service.database import opened_pool
from trio2o.service.placement import make_placement
from trio2o.state.cache import MemoryState
from trio2o.storage.postgres import PostgresBindings, PostgresPods
from trio2o.storage.postgres.offers import PostgresOffers
from trio2o.storage.postgres.usage import PostgresUsage

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
    async with opened_pool(reactor, config.database, dsn, size=1) as pool:
        chosen = make_placement(
            reactor,
            config,
            # follows nothing, so that the placement reads pods and bindings from the database
            state=MemoryState(reactor),
            bindings=PostgresBindings(pool),
            pod_store=PostgresPods(pool),
            unhealthy=lambda service: (),
        )
        for each in await PostgresUsage(pool).list_usage():
            chosen.experience.note_usage(each.pod_id, each.usage, each.age)
        chosen.offers.note(await PostgresOffers(pool).list_offers({}))
        try:
            explanation = await chosen.placement.explain(request, unknown_zone="")
        except BadRequest:
            known = ", ".join(sorted(chosen.placement.zones()))
            raise ValueError(
                f"there is no availability zone {request.availability_zone} (known: {known})"
            ) from None
    return f"{told(explanation)}\n\n{_BESIDE}"
