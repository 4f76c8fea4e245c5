"""
Two processes' pools over one fresh database, and time that passes in it.
"""

from __future__ import annotations

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from tests.interface.database import migrated_database
from trio2o.storage.pool import Pool


async def two_pools(test: TestCase, size: int = 4) -> tuple[Pool, Pool]:
    """
    Pools of so many connections each, which end with the test.
    """
    dsn = await migrated_database(test)
    one, other = (Pool(reactor, dsn, size=size) for _ in range(2))
    for pool in (one, other):
        test.addCleanup(pool.stop)
        await pool.start()
    return one, other


async def grow_older(pool: Pool, seconds: float, table: str, *columns: str) -> None:
    """
    Move the times in some columns of a table so far back: for its rows so much time passes.
    """
    moved = ", ".join(f"{column} = {column} - make_interval(secs => %(seconds)s)" for column in columns)
    await pool.run_query(f"update {table} set {moved}", {"seconds": seconds})
