"""
How all resources of a kind are listed in a pod, whatever their project.

Paths, parameters and microversions are those of the Compute API v2.1 and the Block Storage API v3.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping

from attrs import frozen

from trio2o.model import Kind
from trio2o.surface.kinds import KINDS


class Pages(enum.StrEnum):
    """
    How a list is cut into pages.
    """

    MARKER = "marker"
    OFFSET = "offset"
    #: Not at all: the list comes whole.
    WHOLE = "whole"


@frozen(kw_only=True)
class Way:
    """
    One way to list a kind.
    """

    path: str
    plural: str
    #: The microversion to ask with; ``None`` for the lowest.
    since: tuple[int, int] | None = None
    pages: Pages = Pages.MARKER
    #: Asks for every project's.
    everybody: str = "all_tenants=1"

    def query(self, size: int, *, marker: str | None = None, offset: int = 0) -> str:
        """
        The query of one page.
        """
        parts = [self.everybody]
        if self.pages is not Pages.WHOLE:
            parts.append(f"limit={size}")
        if self.pages is Pages.OFFSET:
            parts.append(f"offset={offset}")
        if marker is not None:
            parts.append(f"marker={marker}")
        return "&".join(parts)


def _block(
    plural: str, since: tuple[int, int] | None = None, pages: Pages = Pages.MARKER, name: str = ""
) -> Way:
    return Way(path=f"/v3/{{project_id}}/{name or plural}/detail", plural=plural, since=since, pages=pages)


#: Best first: later microversions name the project where earlier ones do not, or are cut into pages. Attachments come last,
#: since their project is their volume's. Messages are shown to their own project alone.
LISTINGS: Mapping[Kind, tuple[Way, ...]] = {
    Kind.SERVER: (
        # From 2.47 on a flavor is told by its own words, as it is to be shown when the pod is silent.
        Way(path="/v2.1/servers/detail", plural="servers", since=(2, 47)),
        Way(path="/v2.1/servers/detail", plural="servers"),
    ),
    Kind.SERVER_GROUP: (
        Way(
            path="/v2.1/os-server-groups",
            plural="server_groups",
            since=(2, 13),
            pages=Pages.OFFSET,
            everybody="all_projects=1",
        ),
    ),
    Kind.VOLUME: (_block("volumes"),),
    Kind.SNAPSHOT: (_block("snapshots"),),
    Kind.BACKUP: (_block("backups", (3, 18)), _block("backups")),
    Kind.GROUP: (_block("groups", (3, 58)), _block("groups", (3, 13))),
    Kind.GROUP_SNAPSHOT: (
        _block("group_snapshots", (3, 58)),
        _block("group_snapshots", (3, 29)),
        _block("group_snapshots", (3, 14), Pages.WHOLE),
    ),
    Kind.CONSISTENCY_GROUP: (_block("consistencygroups"),),
    Kind.CONSISTENCY_GROUP_SNAPSHOT: (_block("cgsnapshots", None, Pages.OFFSET),),
    Kind.TRANSFER: (
        _block("transfers", (3, 59), Pages.MARKER, "volume-transfers"),
        _block("transfers", (3, 57), Pages.WHOLE, "volume-transfers"),
        _block("transfers", None, Pages.WHOLE, "os-volume-transfer"),
    ),
    Kind.ATTACHMENT: (_block("attachments", (3, 27)),),
}


def way_for(kind: Kind, highest: tuple[int, int] | None) -> Way | None:
    """
    The best way at a pod.

    :param highest: the highest microversion of the pod's service; ``None`` where it is not known, which gets the plainest way.
    :returns: ``None`` for a pod that is too old for the kind.
    """
    ways = LISTINGS[kind]
    for way in ways:
        if way.since is None or (highest is not None and way.since <= highest):
            return way
    return ways[-1] if highest is None else None


def kinds_of(service: str) -> Iterator[Kind]:
    """
    The kinds that one service lists, in the order in which they are to be read.
    """
    return (kind for kind in LISTINGS if KINDS[kind].service == service)
