"""
The stores as the interface suites see them, over PostgreSQL and in memory.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from attrs import frozen
from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from tests.interface.database import migrated_database
from trio2o.interfaces import IBindingStore, IChangeLog, ICursorStore, IPodStore, IRouteStore
from trio2o.model import Pod
from trio2o.storage.memory import (
    MemoryBindings,
    MemoryChanges,
    MemoryCursors,
    MemoryDatabase,
    MemoryPods,
    MemoryRoutes,
)
from trio2o.storage.pool import Pool
from trio2o.storage.postgres import (
    PostgresBindings,
    PostgresChanges,
    PostgresCursors,
    PostgresPods,
    PostgresRoutes,
)


@frozen(kw_only=True)
class Stores:
    """
    One database's five stores.
    """

    pods: IPodStore
    bindings: IBindingStore
    routes: IRouteStore
    #: At most five.
    cursors: ICursorStore
    changes: IChangeLog
    #: Lets the database's clock go on.
    tick: Callable[[], None]
    #: Lets what is kept be older by a day.
    pass_a_day: Callable[[], Awaitable[object]]


class InMemory:
    """
    Runs a suite on the twins.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        clock = Clock()
        clock.advance(1_800_000_000.0)
        database = MemoryDatabase(clock)
        return Stores(
            pods=MemoryPods(database),
            bindings=MemoryBindings(database),
            routes=MemoryRoutes(database),
            cursors=MemoryCursors(database, most=5),
            changes=MemoryChanges(database),
            tick=lambda: clock.advance(1.0),
            pass_a_day=lambda: maybeDeferred(clock.advance, 86_400.0),
        )


async def postgres_stores(test: TestCase, dsn: str, *, size: int = 2) -> Stores:
    """
    Stores over a pool of their own, closed after the test.
    """
    pool = Pool(reactor, dsn, size=size)
    changes = PostgresChanges(reactor, dsn, pool)
    test.addCleanup(pool.stop)
    test.addCleanup(changes.stop)
    await pool.start()
    return Stores(
        pods=PostgresPods(pool),
        bindings=PostgresBindings(pool),
        routes=PostgresRoutes(pool),
        cursors=PostgresCursors(pool, most=5),
        changes=changes,
        tick=lambda: None,
        pass_a_day=lambda: pool.run_query("update cursors set kept_at = kept_at - interval '1 day'"),
    )


class OnPostgres:
    """
    Runs a suite on PostgreSQL.
    """

    async def stores(self) -> Stores:
        """
        Fresh ones.
        """
        assert isinstance(self, TestCase)
        return await postgres_stores(self, await migrated_database(self))


def a_pod(name: str, **attributes: Any) -> Pod:
    """
    A pod as a caller makes it, in ``az1`` unless told.
    """
    return Pod(**{"id": str(uuid4()), "name": name, "az_name": "az1", **attributes})
