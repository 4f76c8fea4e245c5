"""
The volume surface: Cinder's API v3, a row per operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trio2o.model import Kind
from trio2o.surface.compute import EVERY, GET, POST
from trio2o.surface.operations import Operation

_PUT = frozenset({"PUT"})
_DELETE = frozenset({"DELETE"})
_KEPT = frozenset({"GET", "HEAD", "PUT"})

_VOLUME: dict[str, Any] = {"kind": Kind.VOLUME, "single": "volume", "plural": "volumes"}
_SNAPSHOT: dict[str, Any] = {"kind": Kind.SNAPSHOT, "single": "snapshot", "plural": "snapshots"}
_BACKUP: dict[str, Any] = {"kind": Kind.BACKUP, "single": "backup", "plural": "backups"}
_ATTACHMENT: dict[str, Any] = {"kind": Kind.ATTACHMENT, "single": "attachment", "plural": "attachments"}
_TRANSFER: dict[str, Any] = {"kind": Kind.TRANSFER, "single": "transfer", "plural": "transfers"}
_GROUP: dict[str, Any] = {"kind": Kind.GROUP, "single": "group", "plural": "groups"}
_GROUP_SNAPSHOT: dict[str, Any] = {
    "kind": Kind.GROUP_SNAPSHOT,
    "single": "group_snapshot",
    "plural": "group_snapshots",
}
_CONSISTENCY_GROUP: dict[str, Any] = {
    "kind": Kind.CONSISTENCY_GROUP,
    "single": "consistencygroup",
    "plural": "consistencygroups",
}
_CONSISTENCY_GROUP_SNAPSHOT: dict[str, Any] = {
    "kind": Kind.CONSISTENCY_GROUP_SNAPSHOT,
    "single": "cgsnapshot",
    "plural": "cgsnapshots",
}
_MESSAGE: dict[str, Any] = {"kind": Kind.MESSAGE, "single": "message", "plural": "messages"}


def _lists(path: str, words: dict[str, Any], plain: tuple[str, ...], **options: Any) -> Iterator[Operation]:
    """
    A list without and with details; ``plain`` are the fields of an item of the first.
    """
    read = {"read": f"{path}/detail", "keep": plain}
    yield Operation(methods=GET, path=path, strategy="merge", **words, options={**read, **options})
    yield Operation(methods=GET, path=f"{path}/detail", strategy="merge", **words, options=options)


def _by_id(
    path: str, words: dict[str, Any], *, mates: tuple[tuple[str, str, Kind], ...] = (), **options: Any
) -> Iterator[Operation]:
    """
    One resource, and what stands below it; ``mates`` are what an update joins it with.
    """
    itself = {"itself": True, **options}
    if mates:
        joined = {**itself, "mates": mates}
        yield Operation(methods=_PUT, path=f"{path}/{{id}}", strategy="route", **words, options=joined)
    yield Operation(
        methods=_KEPT - (_PUT if mates else set()),
        path=f"{path}/{{id}}",
        strategy="route",
        **words,
        options=itself,
    )
    yield Operation(
        methods=_DELETE,
        path=f"{path}/{{id}}",
        strategy="follow",
        **words,
        options={**itself, "by": "route", "then": "deleted"},
    )
    yield Operation(methods=EVERY, path=f"{path}/{{id}}/**", strategy="route", **words)


def _action(path: str, words: dict[str, Any], mates: tuple[tuple[str, str, Kind], ...] = ()) -> Operation:
    """
    What is done to one resource, which some actions end.
    """
    ends = ("os-force_delete", "os-unmanage")
    joined = {"mates": mates} if mates else {}
    return Operation(
        methods=POST,
        path=f"{path}/{{id}}/action",
        strategy="follow",
        **words,
        options={"by": "route", "then": "ended", "ends": ends, **joined},
    )


def _create(path: str, words: dict[str, Any], **options: Any) -> Operation:
    """
    A create that goes where the parent is.
    """
    return Operation(
        methods=POST, path=path, strategy="schedule", **words, options={"pinned": True, **options}
    )


_VOLUMES = (
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
    *_by_id("/volumes", _VOLUME, zones=True),
    _action("/volumes", _VOLUME, (("os-attach", "instance_uuid", Kind.SERVER),)),
)

_SNAPSHOTS = (
    # The plain list of snapshots shows what the detailed one is ordered by.
    Operation(methods=GET, path="/snapshots", strategy="merge", **_SNAPSHOT),
    _create("/snapshots", _SNAPSHOT),
    Operation(methods=GET, path="/snapshots/detail", strategy="merge", **_SNAPSHOT),
    *_by_id("/snapshots", _SNAPSHOT),
    _action("/snapshots", _SNAPSHOT),
)

_BACKUPS = (
    *_lists("/backups", _BACKUP, ("id", "name", "links")),
    # Cinder takes any zone, and the backup ends in an error where none of its services is in it.
    _create("/backups", _BACKUP, any_zone=True),
    Operation(
        methods=POST,
        path="/backups/import_record",
        strategy="schedule",
        **_BACKUP,
        options={"request": "backup-record"},
    ),
    *_by_id("/backups", _BACKUP, zones=True),
    _action("/backups", _BACKUP),
    Operation(
        methods=POST,
        path="/backups/{id}/restore",
        strategy="follow",
        **_BACKUP,
        options={
            "by": "route",
            "then": "restored",
            "zones": True,
            "mates": (("restore", "volume_id", Kind.VOLUME),),
        },
    ),
)

_ATTACHMENTS = (
    *_lists("/attachments", _ATTACHMENT, ("id", "status", "instance", "volume_id"), links=""),
    _create("/attachments", _ATTACHMENT),
    *_by_id("/attachments", _ATTACHMENT),
)


def _transfers(path: str) -> Iterator[Operation]:
    """
    Transfers by one of their two paths. Whichever it is, Cinder's links name the older one.
    """
    pages = (((0, 0), "verbatim"), ((3, 59), "twice"))
    plain = ("id", "volume_id", "name", "links")
    yield from _lists(path, _TRANSFER, plain, pages=pages, linked="/os-volume-transfer")
    yield _create(path, _TRANSFER)
    yield from _by_id(path, _TRANSFER)
    yield Operation(
        methods=POST,
        path=f"{path}/{{id}}/accept",
        strategy="follow",
        **_TRANSFER,
        # who accepts is not shown the transfer, so nobody but the pods can say whether there is one
        options={"by": "route", "then": "accepted", "zones": True, "unseen": True},
    )


def _groups(
    path: str, words: dict[str, Any], source: tuple[str, str], end: str, **options: Any
) -> Iterator[Operation]:
    """
    Groups, or consistency groups: ``source`` is the path of a create from a source and its key, ``end`` what ends one.
    """
    yield from _lists(path, words, ("id", "name"), linked=path, **options)
    yield Operation(
        methods=POST,
        path=path,
        strategy="schedule",
        **words,
        options={"unknown_zone": "Invalid input received: Availability zone '{zone}' is invalid."},
    )
    yield Operation(
        methods=POST,
        path=f"{path}/{source[0]}",
        strategy="follow",
        **words,
        options={"by": "schedule", "then": "copied", "pinned": True, "request": source[1]},
    )
    mates = ((words["single"], "add_volumes", Kind.VOLUME),)
    yield from _by_id(path, words, zones=True, mates=mates)
    yield Operation(
        methods=POST,
        path=f"{path}/{{id}}/{end}",
        strategy="follow",
        **words,
        options={"by": "route", "then": "emptied"},
    )
    if end != "action":
        # consistency groups are updated by a path of their own, too
        yield Operation(
            methods=_PUT,
            path=f"{path}/{{id}}/update",
            strategy="route",
            **words,
            options={"mates": mates},
        )


_GROUPS = (
    *_groups("/groups", _GROUP, ("action", "create-from-src"), "action", links="group_links"),
    *_lists(
        "/group_snapshots",
        _GROUP_SNAPSHOT,
        ("id", "name"),
        links="group_snapshot_links",
        linked="/group_snapshots",
        pages=(((0, 0), "whole"), ((3, 29), "marker")),
    ),
    _create("/group_snapshots", _GROUP_SNAPSHOT),
    *_by_id("/group_snapshots", _GROUP_SNAPSHOT),
    *_groups(
        "/consistencygroups",
        _CONSISTENCY_GROUP,
        ("create_from_src", "consistencygroup-from-src"),
        "delete",
        links="consistencygroup_links",
    ),
    *_lists(
        "/cgsnapshots",
        _CONSISTENCY_GROUP_SNAPSHOT,
        ("id", "name"),
        links="",
        pages=(((0, 0), "slice"),),
    ),
    _create("/cgsnapshots", _CONSISTENCY_GROUP_SNAPSHOT),
    *_by_id("/cgsnapshots", _CONSISTENCY_GROUP_SNAPSHOT),
)

_MESSAGES = (
    Operation(
        methods=GET,
        path="/messages",
        strategy="merge",
        **_MESSAGE,
        options={"pages": (((0, 0), "whole"), ((3, 5), "marker"))},
    ),
    *_by_id("/messages", _MESSAGE),
)


def _managed(path: str) -> Iterator[Operation]:
    """
    What lies in the storage of one pod's host and is not Cinder's yet, or from now on.
    """
    elsewhere = {"elsewhere": (400, 404)}
    yield Operation(methods=GET, path=path, strategy="ask", options=elsewhere)
    yield Operation(methods=GET, path=f"{path}/detail", strategy="ask", options=elsewhere)


#: What administrators see of the machines behind the pods.
_HOSTS = (
    Operation(
        methods=GET, path="/os-services", strategy="join", options={"keys": ("services",), "zone": "zone"}
    ),
    Operation(methods=_PUT, path="/os-services/{action}", strategy="ask", options={"elsewhere": (400, 404)}),
    Operation(methods=_PUT, path="/os-services/get-log", strategy="every", options={"keys": ("log_levels",)}),
    Operation(methods=_PUT, path="/os-services/set-log", strategy="every"),
    Operation(
        methods=POST,
        path="/workers/cleanup",
        strategy="every",
        options={"keys": ("cleaning", "unavailable"), "elsewhere": (400,)},
    ),
    Operation(methods=GET, path="/os-hosts", strategy="join", options={"keys": ("hosts",), "zone": "zone"}),
    Operation(methods=GET | _PUT, path="/os-hosts/{id}", strategy="ask"),
    Operation(methods=GET, path="/scheduler-stats/get_pools", strategy="join", options={"keys": ("pools",)}),
    Operation(methods=GET, path="/capabilities/{id}", strategy="ask"),
    Operation(methods=GET, path="/clusters", strategy="join", options={"keys": ("clusters",)}),
    Operation(methods=GET, path="/clusters/detail", strategy="join", options={"keys": ("clusters",)}),
    Operation(methods=GET, path="/clusters/{id}", strategy="ask"),
    Operation(methods=_PUT, path="/clusters/{action}", strategy="ask", options={"elsewhere": (400, 404)}),
    *_managed("/manageable_volumes"),
    *_managed("/manageable_snapshots"),
    *_managed("/os-volume-manage"),
    *_managed("/os-snapshot-manage"),
    *(
        Operation(
            methods=POST,
            path=path,
            strategy="follow",
            **_VOLUME,
            options={"by": "ask", "then": "made", "elsewhere": (400, 404)},
        )
        for path in ("/manageable_volumes", "/os-volume-manage")
    ),
    _create("/manageable_snapshots", _SNAPSHOT),
    _create("/os-snapshot-manage", _SNAPSHOT),
)

#: What is used over all pods; what may be used is each pod's own.
_QUOTAS = (
    Operation(methods=GET, path="/limits", strategy="sum", options={"key": "limits", "combine": "limits"}),
    Operation(
        methods=GET,
        path="/os-quota-sets/{id}",
        strategy="sum",
        options={"key": "quota_set", "combine": "quotas"},
    ),
    Operation(methods=_PUT | _DELETE, path="/os-quota-sets/{id}", strategy="every"),
    Operation(methods=GET, path="/os-quota-class-sets/{id}", strategy="any"),
    Operation(methods=_PUT, path="/os-quota-class-sets/{id}", strategy="every"),
)

_ANYWHERE = tuple(
    Operation(methods=EVERY, path=path, strategy="any")
    for path in (
        "/types",
        "/types/{id}",
        "/types/{id}/**",
        "/qos-specs",
        "/qos-specs/{id}",
        "/qos-specs/{id}/**",
        "/group_types",
        "/group_types/{id}",
        "/group_types/{id}/**",
        "/default-types",
        "/default-types/{id}",
        "/os-quota-sets/{id}/defaults",
        "/extensions",
        "/extensions/{id}",
        "/resource_filters",
    )
)

OPERATIONS: tuple[Operation, ...] = (
    *_VOLUMES,
    *_SNAPSHOTS,
    *_BACKUPS,
    *_ATTACHMENTS,
    *_transfers("/volume-transfers"),
    *_transfers("/os-volume-transfer"),
    *_GROUPS,
    *_MESSAGES,
    *_HOSTS,
    Operation(methods=GET, path="/os-availability-zone", strategy="local", options={"name": "zones"}),
    *_QUOTAS,
    *_ANYWHERE,
    Operation(methods=EVERY, path="/**", strategy="any", options={"default": True}),
)
