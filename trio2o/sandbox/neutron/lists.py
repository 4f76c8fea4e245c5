"""
Lists as Neutron gives them: filters by any field, ``fields``, order, pages. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from trio2o.sandbox.answers import Answer
from trio2o.sandbox.call import Call
from trio2o.sandbox.neutron.style import bad_request

_RESERVED = frozenset({"fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir"})


def listed(call: Call, collection: str, items: Iterable[dict[str, Any]], known: Sequence[str]) -> Answer:
    """
    The items that the query leaves, in its order and page. ``known`` are the fields there are.

    :raises Fault: 400 for a filter that is no field, or a bad page.
    """
    wanted: dict[str, set[str]] = {}
    for name, value in call.query:
        if name not in _RESERVED:
            wanted.setdefault(name, set()).add(value)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise bad_request(f"{unknown} is invalid attribute for filtering")
    found = [item for item in items if all(_matches(item.get(name), wanted[name]) for name in wanted)]
    found.sort(key=lambda item: str(item["id"]))
    pairs = list(zip(call.args("sort_key"), call.args("sort_dir") or ["asc"] * 9, strict=False))
    for name, direction in reversed(pairs):
        if name not in known:
            raise bad_request(f"{name} is invalid attribute for sort_keys")
        found.sort(key=lambda item: str(item.get(name)), reverse=direction == "desc")
    marker = call.arg("marker")
    if marker is not None:
        position = next((index for index, item in enumerate(found) if item["id"] == marker), None)
        if position is None:
            raise bad_request(f"The resource could not be found: {marker}")
        found = found[position + 1 :]
    limit = call.arg("limit")
    answer: dict[str, Any] = {}
    if limit is not None:
        if not limit.isdigit():
            raise bad_request("Bad limit request: Limit must be an integer 0 or greater and not 'limit'.")
        page = found[: int(limit)] if int(limit) else found
        if 0 < int(limit) == len(page):
            query = [(name, value) for name, value in call.query if name != "marker"]
            href = f"{call.base}{call.path}?{urlencode([*query, ('marker', page[-1]['id'])])}"
            answer[f"{collection}_links"] = [{"rel": "next", "href": href}]
        found = page
    return Answer(body={collection: [chosen(call, item) for item in found], **answer})


def chosen(call: Call, item: dict[str, Any]) -> dict[str, Any]:
    """
    The fields of an item that the query wants; all without ``fields``.
    """
    fields = call.args("fields")
    return {name: value for name, value in item.items() if name in fields} if fields else item


def _matches(value: Any, wanted: set[str]) -> bool:
    if isinstance(value, list):
        texts = {f"{name}={part}" for item in value if isinstance(item, dict) for name, part in item.items()}
        texts |= {item for item in value if isinstance(item, str)}
        return bool(texts & wanted)
    return str(value).lower() in {each.lower() for each in wanted}
