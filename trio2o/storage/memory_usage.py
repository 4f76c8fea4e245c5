"""
Pods' usage in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs
from attrs import define, field
from zope.interface import implementer

from trio2o.interfaces import IUsageStore
from trio2o.model import CollectedUsage, Usage
from trio2o.storage.memory_database import MemoryDatabase


@implementer(IUsageStore)
@define(eq=False)
class MemoryUsage:
    """
    Usage in a dictionary.
    """

    _database: MemoryDatabase
    _rows: dict[str, tuple[datetime, Usage]] = field(factory=dict, init=False)

    async def record_usage(self, pod_id: str, usage: Usage, *, age: float) -> None:
        database = self._database
        database.check()
        if pod_id in database.pods:
            bound = sum(one.pod_id == pod_id and one.is_binding for one in database.bindings.values())
            at = database.now() - timedelta(seconds=age)
            self._rows[pod_id] = (at, attrs.evolve(usage, projects=bound))

    async def list_usage(self) -> Sequence[CollectedUsage]:
        database = self._database
        database.check()
        return [
            CollectedUsage(
                pod_id=pod_id, usage=usage, collected_at=at, age=(database.now() - at).total_seconds()
            )
            for pod_id, (at, usage) in sorted(self._rows.items())
            if pod_id in database.pods
        ]
