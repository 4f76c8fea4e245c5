"""
The compute surface: Nova's API v2.1, a row per operation.
"""

from __future__ import annotations

from typing import Any

from trio2o.model import Kind
from trio2o.surface.operations import Operation

GET = frozenset({"GET"})
POST = frozenset({"POST"})
EVERY = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_SERVER: dict[str, Any] = {"kind": Kind.SERVER, "single": "server", "plural": "servers"}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        methods=GET,
        path="/servers",
        strategy="merge",
        **_SERVER,
        options={"read": "/servers/detail", "keep": ("id", "name", "links")},
    ),
    Operation(methods=POST, path="/servers", strategy="schedule", **_SERVER),
    Operation(methods=GET, path="/servers/detail", strategy="merge", **_SERVER),
    Operation(methods=POST, path="/os-volumes_boot", strategy="schedule", **_SERVER),
    Operation(
        methods=frozenset({"GET", "HEAD", "PUT", "DELETE"}),
        path="/servers/{id}",
        strategy="route",
        **_SERVER,
        options={"zones": True, "itself": True},
    ),
    Operation(
        methods=POST,
        path="/servers/{id}/action",
        strategy="route",
        **_SERVER,
        options={"zones": True, "acts": True},
    ),
    Operation(
        methods=POST,
        path="/servers/{id}/os-volume_attachments",
        strategy="route",
        **_SERVER,
        options={"mates": (("volumeAttachment", "volumeId", Kind.VOLUME),)},
    ),
    Operation(
        methods=frozenset({"PUT"}),
        path="/servers/{id}/os-volume_attachments/{volume_id}",
        strategy="route",
        **_SERVER,
        options={"mates": (("volumeAttachment", "volumeId", Kind.VOLUME),)},
    ),
    Operation(
        methods=POST,
        path="/servers/{id}/os-interface",
        strategy="route",
        **_SERVER,
        options={
            "mates": (
                ("interfaceAttachment", "port_id", Kind.PORT),
                ("interfaceAttachment", "net_id", Kind.NETWORK),
            )
        },
    ),
    Operation(methods=EVERY, path="/servers/{id}/**", strategy="route", **_SERVER),
    Operation(methods=GET, path="/os-availability-zone", strategy="local", options={"name": "zones"}),
    Operation(
        methods=GET, path="/os-availability-zone/detail", strategy="local", options={"name": "zones_detail"}
    ),
    Operation(methods=GET, path="/flavors", strategy="any"),
    Operation(methods=GET, path="/flavors/detail", strategy="any"),
    Operation(methods=GET, path="/flavors/{id}", strategy="any"),
    Operation(methods=GET, path="/flavors/{id}/**", strategy="any"),
    Operation(methods=EVERY, path="/**", strategy="any", options={"default": True}),
)
