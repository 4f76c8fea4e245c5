"""
Pages and orders as Cinder gives them: ``limit``, ``marker``, ``offset``, ``sort`` and the older ``sort_key``
with ``sort_dir``. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from attrs import frozen

from trio2o.sandbox.answers import bad_request
from trio2o.sandbox.call import Call

#: ``osapi_max_limit``, Cinder's default.
MAX_LIMIT = 1000
#: What every request may have beside filters.
PAGE_PARAMETERS = frozenset({"limit", "marker", "offset", "sort", "sort_key", "sort_dir"})


class Dated(Protocol):
    """
    What can be listed.
    """

    @property
    def id(self) -> str: ...


DatedT = TypeVar("DatedT", bound=Dated)
Keys = Mapping[str, Callable[[Any], Any]]


@frozen(kw_only=True)
class Page:
    """
    Which page is wanted. ``sort`` has pairs of key and "descending", always ending in the creation time and the id.
    """

    limit: int
    marker: str | None
    offset: int
    sort: tuple[tuple[str, bool], ...]

    @classmethod
    def wanted(cls, call: Call) -> Page:
        """
        The page that the query asks for.

        :raises Fault: 400 for a value that Cinder refuses.
        """
        return cls(limit=_limit(call), marker=call.arg("marker"), offset=_offset(call), sort=_sort(call))

    def of(self, items: Iterable[DatedT], keys: Keys, find: Callable[[str], DatedT]) -> list[DatedT]:
        """
        The page of these items. ``find`` gives the marker's item, which need not be among them, or raises.

        :raises Fault: 400 for a sort key that is not in ``keys``.
        """
        unknown = [name for name, _ in self.sort if name not in keys]
        if unknown:
            raise bad_request("Invalid input received: Invalid sort key")
        ordered = list(items)
        for name, descending in reversed(self.sort):
            ordered.sort(key=_ordering(keys[name]), reverse=descending)
        if self.marker is not None:
            marker = find(self.marker)
            ordered = [item for item in ordered if self._after(item, marker, keys)]
        return ordered[self.offset : self.offset + self.limit]

    def _after(self, item: Dated, marker: Dated, keys: Keys) -> bool:
        for name, descending in self.sort:
            own, other = _nulls_first(keys[name](item)), _nulls_first(keys[name](marker))
            if own != other:
                return bool(own < other) if descending else bool(own > other)
        return False

    def links(self, call: Call, shown: Sequence[Dated]) -> list[dict[str, str]]:
        """
        The link to the next page: there is one when the page is full, even if nothing follows.
        """
        if not shown or len(shown) != self.limit:
            return []
        query = dict(call.query) | {"marker": shown[-1].id}
        return [{"rel": "next", "href": f"{call.base}{call.path}?{urlencode(query)}"}]


def _ordering(key: Callable[[Any], Any]) -> Callable[[Any], tuple[bool, Any]]:
    return lambda item: _nulls_first(key(item))


def _nulls_first(value: Any) -> tuple[bool, Any]:
    """
    MySQL's order: NULL is smaller than everything.
    """
    return (value is not None, "" if value is None else value)


def _limit(call: Call) -> int:
    try:
        limit = int(call.arg("limit") or MAX_LIMIT) if call.arg("limit") != "0" else 0
    except ValueError:
        raise bad_request("limit param must be an integer") from None
    if limit < 0:
        raise bad_request("limit param must be positive")
    return min(limit, MAX_LIMIT)


def _offset(call: Call) -> int:
    try:
        offset = int(call.arg("offset") or 0)
    except ValueError:
        raise bad_request("offset must be an integer") from None
    if offset < 0:
        raise bad_request("offset must be >= 0")
    return offset


def _sort(call: Call) -> tuple[tuple[str, bool], ...]:
    sort = call.arg("sort")
    old_key, old_direction = call.arg("sort_key"), call.arg("sort_dir")
    if sort is not None and (old_key is not None or old_direction is not None):
        raise bad_request(
            "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the "
            "'sort' parameter."
        )
    pairs = []
    for part in (
        sort.strip().split(",") if sort is not None else [f"{old_key or 'created_at'}:{old_direction or ''}"]
    ):
        name, _, direction = part.partition(":")
        direction = direction.strip() or "desc"
        if direction not in ("asc", "desc"):
            raise bad_request("Invalid input received: Unknown sort direction, must be 'desc' or 'asc'.")
        pairs.append((name.strip(), direction == "desc"))
    first_descending = pairs[0][1]
    named = {name for name, _ in pairs}
    pairs += [(name, first_descending) for name in ("created_at", "id") if name not in named]
    return tuple(pairs)
