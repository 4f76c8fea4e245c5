"""
Numbers over all pods that stand beside lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def total_count(bodies: Iterable[Mapping[str, Any]]) -> int | None:
    """
    The sum of Cinder's ``count`` (``with_count``); ``None`` where no pod gives one.
    """
    counts = [body["count"] for body in bodies if _is_number(body.get("count"))]
    return sum(counts) if counts else None


def volume_summary(summaries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """
    The objects under ``volume-summary`` as one: counts and sizes added, the distinct values of each metadata key united.

    Metadata is there from microversion 3.36 on, and in the result where a pod gives it.
    """
    result: dict[str, Any] = {"total_count": 0, "total_size": 0}
    for summary in summaries:
        for key in ("total_count", "total_size"):
            if _is_number(summary.get(key)):
                result[key] += summary[key]
        metadata = summary.get("metadata")
        if isinstance(metadata, dict):
            united = result.setdefault("metadata", {})
            for key, values in metadata.items():
                known = united.setdefault(key, [])
                known += [value for value in values if value not in known] if isinstance(values, list) else []
    return result


def _is_number(value: object) -> bool:
    """
    True for what can be added up and written as JSON again; a count beyond any cloud is a pod's mistake.
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**53
