"""
The volume surface: Cinder's API v3, a row per operation.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from trio2o.model import Kind
from trio2o.surface.compute import EVERY, GET, POST
from trio2o.surface.mapped_ids import A_VOLUME, IN_WORDS, SNAPSHOTS, VOLUMES
from trio2o.surface.operations import Operation
from trio2o.surface.volume_groups import GROUPS
from trio2o.surface.volume_hosts import HOSTS
from trio2o.surface.volume_rows import (
    ATTACHMENT,
    BACKUP,
    DELETE,
    MESSAGE,
    PUT,
    SNAPSHOT,
    TRANSFER,
    VOLUME,
    action,
    by_id,
    create,
    lists,
)
from trio2o.surface.volume_shared import SHARED

_VOLUMES = (
    Operation(
        methods=GET,
        path="/volumes",
        strategy="merge",
        **VOLUME,
        options={"read": "/volumes/detail", "keep": ("id", "name", "links")},
        ids=VOLUMES,
    ),
    Operation(methods=POST, path="/volumes", strategy="schedule", **VOLUME, ids=A_VOLUME),
    Operation(methods=GET, path="/volumes/detail", strategy="merge", **VOLUME, ids=VOLUMES),
    Operation(
        methods=GET, path="/volumes/summary", strategy="sum", options={"key": "volume-summary"}, ids=VOLUMES
    ),
    *by_id("/volumes", VOLUME, zones=True, ids=A_VOLUME),
    action("/volumes", VOLUME, (("os-attach", "instance_uuid", Kind.SERVER),)),
)

_SNAPSHOTS = (
    # The plain list of snapshots shows what the detailed one is ordered by.
    Operation(methods=GET, path="/snapshots", strategy="merge", **SNAPSHOT, ids=SNAPSHOTS),
    create("/snapshots", SNAPSHOT),
    Operation(methods=GET, path="/snapshots/detail", strategy="merge", **SNAPSHOT, ids=SNAPSHOTS),
    *by_id("/snapshots", SNAPSHOT),
    action("/snapshots", SNAPSHOT),
)

_BACKUPS = (
    *lists("/backups", BACKUP, ("id", "name", "links")),
    # Cinder takes any zone, and the backup ends in an error where none of its services is in it.
    create("/backups", BACKUP, any_zone=True),
    Operation(
        methods=POST,
        path="/backups/import_record",
        strategy="schedule",
        **BACKUP,
        options={"request": "backup-record"},
    ),
    *by_id("/backups", BACKUP, zones=True),
    action("/backups", BACKUP),
    Operation(
        methods=POST,
        path="/backups/{id}/restore",
        strategy="follow",
        **BACKUP,
        options={
            "by": "route",
            "then": "restored",
            "zones": True,
            "mates": (("restore", "volume_id", Kind.VOLUME),),
        },
    ),
)

_ATTACHMENTS = (
    *lists("/attachments", ATTACHMENT, ("id", "status", "instance", "volume_id"), links=""),
    create("/attachments", ATTACHMENT),
    *by_id("/attachments", ATTACHMENT),
)


def _transfers(path: str) -> Iterator[Operation]:
    """
    Transfers by one of their two paths. Whichever it is, Cinder's links name the older one.
    """
    pages = (((0, 0), "verbatim"), ((3, 59), "twice"))
    plain = ("id", "volume_id", "name", "links")
    yield from lists(path, TRANSFER, plain, pages=pages, linked="/os-volume-transfer")
    yield create(path, TRANSFER)
    yield from by_id(path, TRANSFER)
    yield Operation(
        methods=POST,
        path=f"{path}/{{id}}/accept",
        strategy="follow",
        **TRANSFER,
        # who accepts is not shown the transfer, so nobody but the pods can say whether there is one
        options={"by": "route", "then": "accepted", "zones": True, "unseen": True},
    )


_MESSAGES = (
    Operation(
        methods=GET,
        path="/messages",
        strategy="merge",
        **MESSAGE,
        options={"pages": (((0, 0), "whole"), ((3, 5), "marker"))},
    ),
    *by_id("/messages", MESSAGE),
)


_SET = {"view": "set", "key": "quota_set"}

#: One quota of a project over all pods. The names of volume types may be some pods' only, so all are asked.
_QUOTAS = (
    Operation(
        methods=GET,
        path="/limits",
        strategy="quota",
        options={"view": "limits", "key": "limits", "used": True, "combine": "limits"},
    ),
    Operation(
        methods=GET,
        path="/os-quota-sets/{id}",
        strategy="quota",
        options={**_SET, "united": True, "combine": "quotas"},
    ),
    Operation(
        methods=GET,
        path="/os-quota-sets/{id}/defaults",
        strategy="quota",
        options={**_SET, "view": "defaults", "united": True, "combine": "quotas"},
    ),
    Operation(
        methods=PUT | DELETE,
        path="/os-quota-sets/{id}",
        strategy="quota_write",
        options={"scope": "project", "key": "quota_set"},
    ),
    Operation(
        methods=GET,
        path="/os-quota-class-sets/{id}",
        strategy="quota",
        options={"view": "class", "key": "quota_class_set", "united": True, "combine": "quotas"},
    ),
    Operation(
        methods=PUT,
        path="/os-quota-class-sets/{id}",
        strategy="quota_write",
        options={"scope": "class", "key": "quota_class_set"},
    ),
)

_ANYWHERE = tuple(
    Operation(methods=EVERY, path=path, strategy="any")
    for path in (
        "/extensions",
        "/extensions/{id}",
        "/resource_filters",
    )
)

_ROWS = (
    *_VOLUMES,
    *_SNAPSHOTS,
    *_BACKUPS,
    *_ATTACHMENTS,
    *_transfers("/volume-transfers"),
    *_transfers("/os-volume-transfer"),
    *GROUPS,
    *_MESSAGES,
    *HOSTS,
    Operation(methods=GET, path="/os-availability-zone", strategy="local", options={"name": "zones"}),
    *_QUOTAS,
    *SHARED,
    *_ANYWHERE,
    Operation(methods=EVERY, path="/**", strategy="any", options={"default": True}),
)

OPERATIONS: tuple[Operation, ...] = tuple(
    row if row.ids is not None else evolve(row, ids=IN_WORDS) for row in _ROWS
)
