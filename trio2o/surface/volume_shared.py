"""
The rows of the volume surface for what every pod should have the same: volume types, QoS specs, group types.

Each pod gives them ids of its own, so they are the same by name alone. A list shows each name once, with the id of the
project's bound pod where that has it; by id they are found in the pod that has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from trio2o.surface.compute import GET, POST
from trio2o.surface.operations import Operation

_READS = frozenset({"GET", "HEAD"})
_PUT = frozenset({"PUT"})
_DELETE = frozenset({"DELETE"})


def _types(path: str, key: str, links: str) -> Iterator[Operation]:
    """
    One kind of them. What is new is made in the project's bound pod.
    """
    named = {"key": key, "named": "name", "links": links}
    lacks = {"elsewhere": (404,)}
    offers = path == "/types"
    yield Operation(methods=GET, path=path, strategy="agreed", options=named)
    yield Operation(methods=POST, path=path, strategy="any", offers=offers)
    yield Operation(methods=_READS, path=f"{path}/{{id}}", strategy="any", options=lacks)
    yield Operation(methods=_PUT | _DELETE, path=f"{path}/{{id}}", strategy="ask", offers=offers)
    yield Operation(methods=_READS, path=f"{path}/{{id}}/**", strategy="any", options=lacks)
    yield Operation(methods=POST | _PUT | _DELETE, path=f"{path}/{{id}}/**", strategy="ask", offers=offers)


SHARED: tuple[Operation, ...] = (
    *_types("/types", "volume_types", "volume_type_links"),
    *_types("/qos-specs", "qos_specs", ""),
    *_types("/group_types", "group_types", "group_type_links"),
)
