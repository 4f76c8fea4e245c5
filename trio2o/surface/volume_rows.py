"""
How rows of the volume surface are made: the kinds' words, and the rows that one kind's paths share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trio2o.model import Kind
from trio2o.surface.compute import EVERY, GET, POST
from trio2o.surface.mapped_ids import VOLUME_ACTION, MappedIds
from trio2o.surface.operations import Operation

PUT = frozenset({"PUT"})
DELETE = frozenset({"DELETE"})
KEPT = frozenset({"GET", "HEAD", "PUT"})

VOLUME: dict[str, Any] = {"kind": Kind.VOLUME, "single": "volume", "plural": "volumes"}
SNAPSHOT: dict[str, Any] = {"kind": Kind.SNAPSHOT, "single": "snapshot", "plural": "snapshots"}
BACKUP: dict[str, Any] = {"kind": Kind.BACKUP, "single": "backup", "plural": "backups"}
ATTACHMENT: dict[str, Any] = {"kind": Kind.ATTACHMENT, "single": "attachment", "plural": "attachments"}
TRANSFER: dict[str, Any] = {"kind": Kind.TRANSFER, "single": "transfer", "plural": "transfers"}
GROUP: dict[str, Any] = {"kind": Kind.GROUP, "single": "group", "plural": "groups"}
GROUP_SNAPSHOT: dict[str, Any] = {
    "kind": Kind.GROUP_SNAPSHOT,
    "single": "group_snapshot",
    "plural": "group_snapshots",
}
CONSISTENCY_GROUP: dict[str, Any] = {
    "kind": Kind.CONSISTENCY_GROUP,
    "single": "consistencygroup",
    "plural": "consistencygroups",
}
CONSISTENCY_GROUP_SNAPSHOT: dict[str, Any] = {
    "kind": Kind.CONSISTENCY_GROUP_SNAPSHOT,
    "single": "cgsnapshot",
    "plural": "cgsnapshots",
}
MESSAGE: dict[str, Any] = {"kind": Kind.MESSAGE, "single": "message", "plural": "messages"}


def lists(
    path: str,
    words: dict[str, Any],
    plain: tuple[str, ...],
    *,
    ids: MappedIds | None = None,
    **options: Any,
) -> Iterator[Operation]:
    """
    A list without and with details; ``plain`` are the fields of an item of the first.
    """
    read = {"read": f"{path}/detail", "keep": plain}
    yield Operation(methods=GET, path=path, strategy="merge", **words, options={**read, **options}, ids=ids)
    yield Operation(methods=GET, path=f"{path}/detail", strategy="merge", **words, options=options, ids=ids)


def by_id(
    path: str,
    words: dict[str, Any],
    *,
    mates: tuple[tuple[str, str, Kind], ...] = (),
    ids: MappedIds | None = None,
    **options: Any,
) -> Iterator[Operation]:
    """
    One resource, and what stands below it; ``mates`` are what an update joins it with.
    """
    itself = {"itself": True, **options}
    if mates:
        joined = {**itself, "mates": mates}
        yield Operation(
            methods=PUT, path=f"{path}/{{id}}", strategy="route", **words, options=joined, ids=ids
        )
    yield Operation(
        methods=KEPT - (PUT if mates else set()),
        path=f"{path}/{{id}}",
        strategy="route",
        **words,
        options=itself,
        ids=ids,
    )
    yield Operation(
        methods=DELETE,
        path=f"{path}/{{id}}",
        strategy="follow",
        **words,
        options={**itself, "by": "route", "then": "deleted"},
    )
    yield Operation(methods=EVERY, path=f"{path}/{{id}}/**", strategy="route", **words)


def action(path: str, words: dict[str, Any], mates: tuple[tuple[str, str, Kind], ...] = ()) -> Operation:
    """
    What is done to one resource, which some actions end, and one of them gives another type.
    """
    ends = ("os-force_delete", "os-unmanage")
    joined = {"mates": mates} if mates else {}
    return Operation(
        methods=POST,
        path=f"{path}/{{id}}/action",
        strategy="follow",
        **words,
        options={"by": "route", "then": "ended", "ends": ends, **joined},
        ids=VOLUME_ACTION if words is VOLUME else None,
    )


def create(path: str, words: dict[str, Any], **options: Any) -> Operation:
    """
    A create that goes where the parent is.
    """
    return Operation(
        methods=POST, path=path, strategy="schedule", **words, options={"pinned": True, **options}
    )
