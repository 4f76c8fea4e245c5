"""
The volume surface: Cinder's API v3, a row per operation.
"""

from __future__ import annotations

from typing import Any

from trio2o.model import Kind
from trio2o.surface.compute import EVERY, GET, POST
from trio2o.surface.operations import Operation

_VOLUME: dict[str, Any] = {"kind": Kind.VOLUME, "single": "volume", "plural": "volumes"}
_SNAPSHOT: dict[str, Any] = {"kind": Kind.SNAPSHOT, "single": "snapshot", "plural": "snapshots"}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        methods=GET,
        path="/volumes",
        strategy="merge",
        **_VOLUME,
        options={"read": "/volumes/detail", "keep": ("id", "name", "links")},
    ),
    Operation(methods=POST, path="/volumes", strategy="schedule", **_VOLUME),
    Operation(methods=GET, path="/volumes/detail", strategy="merge", **_VOLUME),
    Operation(methods=GET, path="/volumes/summary", strategy="sum", options={"key": "volume-summary"}),
    Operation(
        methods=frozenset({"GET", "HEAD", "PUT", "DELETE"}),
        path="/volumes/{id}",
        strategy="route",
        **_VOLUME,
        options={"zones": True, "itself": True},
    ),
    Operation(
        methods=POST,
        path="/volumes/{id}/action",
        strategy="route",
        **_VOLUME,
        options={"mates": (("os-attach", "instance_uuid", Kind.SERVER),)},
    ),
    Operation(methods=EVERY, path="/volumes/{id}/**", strategy="route", **_VOLUME),
    Operation(methods=GET, path="/snapshots", strategy="merge", **_SNAPSHOT),
    Operation(methods=POST, path="/snapshots", strategy="schedule", **_SNAPSHOT, options={"pinned": True}),
    Operation(methods=GET, path="/snapshots/detail", strategy="merge", **_SNAPSHOT),
    Operation(
        methods=frozenset({"GET", "HEAD", "PUT", "DELETE"}),
        path="/snapshots/{id}",
        strategy="route",
        **_SNAPSHOT,
        options={"itself": True},
    ),
    Operation(methods=EVERY, path="/snapshots/{id}/**", strategy="route", **_SNAPSHOT),
    Operation(methods=GET, path="/os-availability-zone", strategy="local", options={"name": "zones"}),
    Operation(methods=EVERY, path="/types", strategy="any"),
    Operation(methods=EVERY, path="/types/{id}", strategy="any"),
    Operation(methods=EVERY, path="/types/{id}/**", strategy="any"),
    Operation(methods=EVERY, path="/**", strategy="any", options={"default": True}),
)
