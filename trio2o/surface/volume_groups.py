"""
The volume surface's groups and consistency groups, and their snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trio2o.model import Kind
from trio2o.surface.compute import POST
from trio2o.surface.mapped_ids import CONSISTENCY_GROUPS as CONSISTENCY_GROUP_IDS
from trio2o.surface.mapped_ids import GROUP_SNAPSHOTS
from trio2o.surface.mapped_ids import GROUPS as GROUP_IDS
from trio2o.surface.operations import Operation
from trio2o.surface.volume_rows import (
    CONSISTENCY_GROUP,
    CONSISTENCY_GROUP_SNAPSHOT,
    GROUP,
    GROUP_SNAPSHOT,
    PUT,
    by_id,
    lists,
)


def _groups(
    path: str, words: dict[str, Any], source: tuple[str, str], end: str, **options: Any
) -> Iterator[Operation]:
    """
    Groups, or consistency groups: ``source`` is the path of a create from a source and its key, ``end`` what ends one.
    """
    ids = GROUP_IDS if words is GROUP else CONSISTENCY_GROUP_IDS
    yield from lists(path, words, ("id", "name"), linked=path, ids=ids, **options)
    yield Operation(
        methods=POST,
        path=path,
        strategy="schedule",
        **words,
        ids=ids,
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
    yield from by_id(path, words, zones=True, mates=mates, ids=ids)
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
            methods=PUT,
            path=f"{path}/{{id}}/update",
            strategy="route",
            **words,
            options={"mates": mates},
        )


def _snapshot(path: str, words: dict[str, Any]) -> Operation:
    """
    A snapshot of a whole group, which is made of one of each of its volumes.
    """
    return Operation(
        methods=POST,
        path=path,
        strategy="follow",
        **words,
        options={"by": "schedule", "then": "snapped", "pinned": True},
        ids=GROUP_SNAPSHOTS,
    )


#: Groups and their snapshots, by their paths of today and of Cinder's consistency groups.
GROUPS = (
    *_groups("/groups", GROUP, ("action", "create-from-src"), "action", links="group_links"),
    *lists(
        "/group_snapshots",
        GROUP_SNAPSHOT,
        ("id", "name"),
        links="group_snapshot_links",
        linked="/group_snapshots",
        pages=(((0, 0), "whole"), ((3, 29), "marker")),
        ids=GROUP_SNAPSHOTS,
    ),
    _snapshot("/group_snapshots", GROUP_SNAPSHOT),
    *by_id("/group_snapshots", GROUP_SNAPSHOT, ids=GROUP_SNAPSHOTS),
    *_groups(
        "/consistencygroups",
        CONSISTENCY_GROUP,
        ("create_from_src", "consistencygroup-from-src"),
        "delete",
        links="consistencygroup_links",
    ),
    *lists(
        "/cgsnapshots",
        CONSISTENCY_GROUP_SNAPSHOT,
        ("id", "name"),
        links="",
        pages=(((0, 0), "slice"),),
    ),
    _snapshot("/cgsnapshots", CONSISTENCY_GROUP_SNAPSHOT),
    *by_id("/cgsnapshots", CONSISTENCY_GROUP_SNAPSHOT),
)
