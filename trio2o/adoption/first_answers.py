"""
The answer to a create whose own was lost, made from what the pod lists of the resource.

It has the status and the fields of Nova's and Cinder's answers (Compute API v2.1 and Block Storage API v3, create), with two
differences: a server's ``adminPass`` is lost, and a volume or snapshot is shown as it is by now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from trio2o.intents import ITEM, KeptAnswer
from trio2o.model import Kind
from trio2o.rewriting.zones import name_zone
from trio2o.surface.kinds import KINDS

#: What Cinder shows in lists, to administrators, and not in the answer to a create.
_LISTED_ONLY = (
    "os-vol-",
    "os-extended-snapshot-attributes:",
    "cluster_name",
    "migration_status",
    "provider_id",
    "volume_image_metadata",
)

_PLURALS = {Kind.SERVER: "servers", Kind.VOLUME: "volumes", Kind.SNAPSHOT: "snapshots"}


def first_answer(
    kind: Kind, request: Mapping[str, Any], made: Sequence[Mapping[str, Any]], zone: str
) -> KeptAnswer:
    """
    What the create is answered with.

    :param request: what was kept of it: the ``root`` of links, where its path is mounted (``at``), whether it asked for the
        ``reserved`` servers' reservation.
    :param made: what was made, as the pod's detailed list has it, the first one first; not empty.
    :param zone: the top name of the pod's zone.
    """
    first = made[0]
    own = f"{request['root']}{request['at']}/{_PLURALS[kind]}/{first['id']}"
    headers = [("Content-Type", "application/json")]
    # below the version there is nothing but the project, where the client names it
    unversioned = "".join(request["at"].partition("/")[2].partition("/")[1:])
    bookmark = f"{request['root']}{unversioned}/{_PLURALS[kind]}/{first['id']}"
    links = [{"rel": "self", "href": own}, {"rel": "bookmark", "href": bookmark}]
    if kind is Kind.SERVER:
        headers.append(("Location", own))
        body = _server(request, first, links)
    else:
        body = _of_cinder(kind, first, zone, links)
    return KeptAnswer(status=202, headers=tuple(headers), body=orjson.dumps(body))


def _server(
    request: Mapping[str, Any], server: Mapping[str, Any], links: list[dict[str, str]]
) -> dict[str, Any]:
    if request["reserved"]:
        return {"reservation_id": server.get("OS-EXT-SRV-ATTR:reservation_id")}
    groups = server.get("security_groups")
    told_of = groups if isinstance(groups, list) else ()
    names = [{"name": group.get("name")} for group in told_of if isinstance(group, dict)]
    told = {
        "id": server["id"],
        "links": links,
        "OS-DCF:diskConfig": server.get("OS-DCF:diskConfig", "MANUAL"),
        "security_groups": names or [{"name": "default"}],
    }
    return {"server": told}


def _of_cinder(
    kind: Kind, listed: Mapping[str, Any], zone: str, links: list[dict[str, str]]
) -> dict[str, Any]:
    resource = {name: value for name, value in listed.items() if not name.startswith(_LISTED_ONLY)}
    metadata = resource.get("metadata")
    if isinstance(metadata, dict):
        resource["metadata"] = {name: value for name, value in metadata.items() if name != ITEM}
    if "links" in resource:
        # snapshots have none
        resource["links"] = links
    name_zone(resource, KINDS[kind].single, zone)
    return {KINDS[kind].single: resource}
