"""
Which volumes a list's query leaves.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from trio2o.sandbox.answers import bad_request
from trio2o.sandbox.call import Call
from trio2o.sandbox.cinder.paging import PAGE_PARAMETERS
from trio2o.sandbox.cinder.records import Volume

#: What users may filter by; admins may use more.
_FILTERS = frozenset(
    {
        "name",
        "status",
        "metadata",
        "bootable",
        "migration_status",
        "availability_zone",
        "group_id",
        "size",
        "created_at",
        "updated_at",
        "consumes_quota",
    }
)
_FILTER_VALUES: Mapping[str, Callable[[Volume], str | None]] = {
    "id": lambda volume: volume.id,
    "name": lambda volume: volume.name,
    "status": lambda volume: volume.status,
    "bootable": lambda volume: str(volume.bootable).lower(),
    "migration_status": lambda volume: volume.migration_status,
    "availability_zone": lambda volume: volume.availability_zone,
    "group_id": lambda volume: volume.group_id,
    "size": lambda volume: str(volume.size),
    "project_id": lambda volume: volume.project_id,
    "tenant_id": lambda volume: volume.project_id,
    "user_id": lambda volume: volume.user_id,
    "host": lambda volume: volume.host,
    "volume_type_id": lambda volume: volume.volume_type.id,
}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


def filtered(volumes: Iterable[Volume], call: Call) -> list[Volume]:
    """
    The volumes that all filters of the query leave.

    :raises Fault: 400 for a filter that the caller may not use, from 3.31 on; older ones ignore it.
    """
    wanted = {
        name: value
        for name, value in call.query
        if name not in PAGE_PARAMETERS and name not in ("all_tenants", "with_count")
    }
    refused = sorted(wanted.keys() - _FILTERS) if not call.caller.is_admin else []
    if refused and call.minor >= 31:
        raise bad_request(f"Invalid filters {','.join(refused)} are found in query options.")
    found = list(volumes)
    for name, value in wanted.items():
        if name in refused:
            continue
        if name == "metadata":
            pairs = _pairs(value)
            found = [each for each in found if pairs.items() <= each.metadata.items()]
        elif name in ("created_at", "updated_at") and call.minor >= 60:
            for part in value.split(","):
                found = [each for each in found if _compares(getattr(each, name), part)]
        elif name in _FILTER_VALUES:
            found = [each for each in found if _FILTER_VALUES[name](each) == value]
    return found


def _pairs(value: str) -> dict[str, str]:
    try:
        pairs = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        pairs = None
    if not isinstance(pairs, dict):
        raise bad_request(f"Invalid filter metadata: {value}")
    return pairs


def _compares(moment: datetime | None, part: str) -> bool:
    word, _, text = part.partition(":")
    if word not in _COMPARISONS:
        word, text = "eq", part
    try:
        other = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request(f"Invalid date/time filter: {part}") from None
    other = other if other.tzinfo else other.replace(tzinfo=UTC)
    return moment is not None and _COMPARISONS[word](moment, other)
