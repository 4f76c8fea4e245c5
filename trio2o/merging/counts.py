"""
Numbers over all pods: those that stand beside lists, and objects that are added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson


def total_count(bodies: Iterable[Mapping[str, Any]]) -> int | None:
    """
    The sum of Cinder's ``count`` (``with_count``); ``None`` where no pod gives one.
    """
    counts = [body["count"] for body in bodies if _is_number(body.get("count"))]
    return sum(counts) if counts else None


def added(parts: list[Any]) -> Any:
    """
    Numbers added, lists joined without repeats, objects by key; of anything else the first.
    """
    parts = [part for part in parts if part is not None]
    if not parts:
        return None
    first = parts[0]
    if isinstance(first, dict):
        keys = {key: None for part in parts if isinstance(part, dict) for key in part}
        return {
            key: added([part[key] for part in parts if isinstance(part, dict) and key in part])
            for key in keys
        }
    if isinstance(first, list):
        return list(
            {orjson.dumps(item): item for part in parts if isinstance(part, list) for item in part}.values()
        )
    return sum(filter(_is_number, parts)) if _is_number(first) else first


def _is_number(value: object) -> bool:
    """
    True for what can be added up and written as JSON again; a count beyond any cloud is a pod's mistake.
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**53
