"""
``trio2o drift``: how pods differ, from the database alone.
"""

from __future__ import annotations

from typing import Any

from trio2o.administration.drift import DriftAdministration, table
from trio2o.config.schema import Config
from trio2o.errors import DatabaseUnavailable, Unavailable
from trio2o.service.database import opened_pool
from trio2o.storage.postgres import PostgresPods
from trio2o.storage.postgres.shared import PostgresShared


async def drift_table(reactor: Any, config: Config, dsn: str) -> str:
    """
    The table of the differences.

    :raises DatabaseUnavailable: if the database is away.
    :raises trio2o.storage.migrate.SchemaError: if the schema is not this release's.
    """
    async with opened_pool(reactor, config.database, dsn, size=1) as pool:
        drifts = DriftAdministration(store=PostgresShared(pool), pods=PostgresPods(pool))
        try:
            return table(await drifts.find(), config.shared.compare_seconds)
        except Unavailable as away:
            raise DatabaseUnavailable(away.admin_detail) from away
