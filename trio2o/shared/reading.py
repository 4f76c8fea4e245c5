"""
What adapters read of a pod.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from trio2o.errors import Unreadable
from trio2o.interfaces import IPodAsk

#: Items of a page, and pages of a list.
_PAGE, _MOST_PAGES = 1000, 50


def quoted(text: str) -> str:
    """
    A text as one segment of a path, or a value in a query.
    """
    return quote(text, safe="")


def storable(text: str) -> bool:
    """
    False for texts that the database cannot hold, so that nothing can be wanted under such a name.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


async def read_item(ask: IPodAsk, path: str, key: str, *, version: str = "") -> dict[str, Any] | None:
    """
    The object under a key of an answer; ``None`` for a 404.

    :raises Unreadable: if the pod does not show it.
    """
    status, body = await ask.get(path, version=version)
    if status == 404:
        return None
    item = body.get(key) if status == 200 and isinstance(body, dict) else None
    if not isinstance(item, dict):
        raise unreadable(ask, path, status)
    return item


async def read_list(
    ask: IPodAsk, path: str, key: str, *, marker: tuple[str, ...] = ("id",), version: str = ""
) -> list[dict[str, Any]]:
    """
    A whole list, page by page: its end is a page that brings nothing new.

    :param path: with a query; limit and marker are added to it.
    :param marker: where an item has what the next page begins behind.
    :raises Unreadable: if the pod does not show it, or it has no end.
    """
    found: dict[str, dict[str, Any]] = {}
    for _ in range(_MOST_PAGES):
        last = f"&marker={quoted(next(reversed(found)))}" if found else ""
        status, body = await ask.get(f"{path}&limit={_PAGE}{last}", version=version)
        items = body.get(key) if status == 200 and isinstance(body, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise unreadable(ask, path, status)
        fresh = {str(_at(item, marker)): item for item in items}
        if fresh.keys() <= found.keys():
            return list(found.values())
        # the last one of the page is the next one's marker
        found |= fresh
    raise Unreadable(f"{ask.pod.name} gives a list of {key} without end")


def unreadable(ask: IPodAsk, path: str, status: int) -> Unreadable:
    """
    What is raised where a pod does not show something.
    """
    return Unreadable(f"{ask.pod.name} answers {status} to GET {path.partition('?')[0]}")


def _at(item: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = item
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
