"""
Pods' usage in PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from attrs import define
from zope.interface import implementer

from trio2o.interfaces import IUsageStore
from trio2o.model import CollectedUsage, Stock, Usage
from trio2o.storage.pool import Pool
from trio2o.storage.postgres.rows import storable

#: The count is by an index alone, and once for each collection.
_RECORD = (
    "with gone as (delete from pod_usage where not exists (select from pods where pods.id = pod_usage.pod_id))"
    " insert into pod_usage (pod_id, collected_at, document)"
    " select pods.id, clock_timestamp() - %(age)s * interval '1 second', %(document)s::jsonb || jsonb_build_object("
    "'projects', (select count(*) from bindings where bindings.pod_id = pods.id and is_binding))"
    " from pods where pods.id = %(pod)s"
    " on conflict (pod_id) do update set collected_at = excluded.collected_at, document = excluded.document"
)

_FIELDS = frozenset(attribute.name for attribute in attrs.fields(Usage))
_OF_STOCK = frozenset(attribute.name for attribute in attrs.fields(Stock))


@implementer(IUsageStore)
@define(eq=False)
class PostgresUsage:
    """
    Usage as rows with a JSON document each.
    """

    _pool: Pool

    async def record_usage(self, pod_id: str, usage: Usage, *, age: float) -> None:
        if storable(pod_id):
            document = json.dumps(attrs.asdict(usage))
            await self._pool.run_query(_RECORD, {"pod": pod_id, "age": age, "document": document})

    async def list_usage(self) -> Sequence[CollectedUsage]:
        rows = await self._pool.run_query(
            "select pod_id, document, collected_at, extract(epoch from clock_timestamp() - collected_at)::float8"
            " from pod_usage join pods on pods.id = pod_usage.pod_id order by pod_id",
            read_only=True,
        )
        return [
            CollectedUsage(pod_id=pod_id, usage=usage_of(document), collected_at=at, age=age)
            for pod_id, document, at, age in rows
        ]


def usage_of(document: Mapping[str, Any]) -> Usage:
    """
    A usage from its document; what another release has in it beside is left out, and what it has not is unknown.
    """
    return Usage(**{key: _field(value) for key, value in document.items() if key in _FIELDS})


def _field(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    known = {key: part for key, part in value.items() if key in _OF_STOCK}
    return Stock(**known) if len(known) == len(_OF_STOCK) else None
