"""
The link to a list's next page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from trio2o.merging.order import Parameters


def next_links(service: str, url: str, parameters: Parameters, marker: str) -> list[dict[str, str]]:
    """
    What stands under ``servers_links`` or ``volumes_links`` of a page that is full.

    :param url: the list's own URL at the top region, without query.
    :param parameters: the client's query.
    :param marker: the last id on the page.
    """
    query = _QUERIES[service](parameters, marker)
    return [{"rel": "next", "href": f"{url}?{urlencode(query)}"}]


def nova_query(parameters: Parameters, marker: str) -> list[tuple[str, str]]:
    """
    Nova sorts parameters by name, keeps one of each, and puts a new marker last.

    The sort keys are all kept here: Nova itself forgets all but one, and whoever follows its links walks in another order.
    """
    kept: list[tuple[str, str]] = []
    for name in sorted({name for name, _ in parameters} - {"marker"}):
        values = [value for key, value in parameters if key == name]
        if name == "limit":
            values = values[-1:]
        elif name not in ("sort_key", "sort_dir"):
            values = [max(values)]
        kept += [(name, value) for value in values]
    # a marker that was there keeps its place among the sorted names
    at = len(kept)
    if any(name == "marker" for name, _ in parameters):
        at = sum(1 for name, _ in kept if name < "marker")
    return [*kept[:at], ("marker", marker), *kept[at:]]


def cinder_query(parameters: Parameters, marker: str) -> list[tuple[str, str]]:
    """
    Cinder keeps the parameters as they are and puts the marker last.
    """
    return [*((name, value) for name, value in parameters if name != "marker"), ("marker", marker)]


_QUERIES: Mapping[str, Callable[[Parameters, str], list[tuple[str, str]]]] = {
    "compute": nova_query,
    "volume": cinder_query,
}
