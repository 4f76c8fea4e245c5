"""
How each kind of resource is asked for at a pod and read in a body: what routing, adoption and listing need to know.

The paths and keys are those of the Compute API v2.1, the Block Storage API v3 and the Networking API v2.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from trio2o.model import Kind, Route
from trio2o.surface.faults import fault_message


@frozen(kw_only=True)
class KindFacts:
    """
    Where a kind of resource is found in a pod, and which keys of its body matter to routing.
    """

    service: str
    #: The path below the pod's root; ``{id}`` is replaced.
    path: str
    #: The key that holds the resource in the body of a show.
    single: str
    #: Keys that hold the project, the first present counts.
    project_keys: tuple[str, ...]
    #: The key of the time the pod made it.
    created_key: str
    #: The service's words for "no such resource"; ``{id}`` is replaced.
    missing: str
    #: What users call it in an error.
    noun: str
    #: The microversion from which on it can be asked for, as ``OpenStack-API-Version`` has it; empty for the lowest.
    version: str = ""
    #: The statuses by which a pod says that it has no such resource of this kind.
    absent: frozenset[int] = frozenset({404})


#: Cinder keeps consistency groups among its groups, and says 400 where one is asked for as a group.
_OF_GROUPS = frozenset({400, 404})

KINDS: Mapping[Kind, KindFacts] = {
    Kind.SERVER: KindFacts(
        service="compute",
        path="/v2.1/servers/{id}",
        single="server",
        project_keys=("tenant_id",),
        created_key="created",
        missing="Instance {id} could not be found.",
        noun="server",
    ),
    Kind.VOLUME: KindFacts(
        service="volume",
        path="/v3/{project_id}/volumes/{id}",
        single="volume",
        project_keys=("os-vol-tenant-attr:tenant_id",),
        created_key="created_at",
        missing="Volume {id} could not be found.",
        noun="volume",
    ),
    Kind.SNAPSHOT: KindFacts(
        service="volume",
        path="/v3/{project_id}/snapshots/{id}",
        single="snapshot",
        project_keys=("os-extended-snapshot-attributes:project_id",),
        created_key="created_at",
        missing="Snapshot {id} could not be found.",
        noun="snapshot",
    ),
    Kind.BACKUP: KindFacts(
        service="volume",
        path="/v3/{project_id}/backups/{id}",
        single="backup",
        project_keys=("os-backup-project-attr:project_id",),
        created_key="created_at",
        missing="Backup {id} could not be found.",
        noun="backup",
    ),
    Kind.GROUP: KindFacts(
        service="volume",
        path="/v3/{project_id}/groups/{id}",
        single="group",
        project_keys=("project_id",),
        created_key="created_at",
        missing="Group {id} could not be found.",
        noun="group",
        version="volume 3.13",
        absent=_OF_GROUPS,
    ),
    Kind.TRANSFER: KindFacts(
        service="volume",
        path="/v3/{project_id}/os-volume-transfer/{id}",
        single="transfer",
        project_keys=("source_project_id",),
        created_key="created_at",
        missing="Transfer {id} could not be found.",
        noun="transfer",
    ),
    Kind.ATTACHMENT: KindFacts(
        service="volume",
        path="/v3/{project_id}/attachments/{id}",
        single="attachment",
        project_keys=(),
        created_key="",
        missing="Volume attachment could not be found with filter: attachment_id = {id}.",
        noun="attachment",
        version="volume 3.27",
    ),
    Kind.GROUP_SNAPSHOT: KindFacts(
        service="volume",
        path="/v3/{project_id}/group_snapshots/{id}",
        single="group_snapshot",
        project_keys=("project_id",),
        created_key="created_at",
        missing="GroupSnapshot {id} could not be found.",
        noun="group snapshot",
        version="volume 3.14",
        absent=_OF_GROUPS,
    ),
    # Cinder keeps both of the following where it keeps groups and their snapshots, and shows each by its own path alone.
    Kind.CONSISTENCY_GROUP: KindFacts(
        service="volume",
        path="/v3/{project_id}/consistencygroups/{id}",
        single="consistencygroup",
        project_keys=(),
        created_key="created_at",
        missing="Group {id} could not be found.",
        noun="consistency group",
    ),
    Kind.CONSISTENCY_GROUP_SNAPSHOT: KindFacts(
        service="volume",
        path="/v3/{project_id}/cgsnapshots/{id}",
        single="cgsnapshot",
        project_keys=(),
        created_key="created_at",
        missing="GroupSnapshot {id} could not be found.",
        noun="consistency group snapshot",
    ),
    Kind.MESSAGE: KindFacts(
        service="volume",
        path="/v3/{project_id}/messages/{id}",
        single="message",
        project_keys=(),
        created_key="created_at",
        missing="Message {id} could not be found.",
        noun="message",
        version="volume 3.3",
    ),
    Kind.SERVER_GROUP: KindFacts(
        service="compute",
        path="/v2.1/os-server-groups/{id}",
        single="server_group",
        project_keys=("project_id",),
        created_key="",
        missing="Instance group {id} could not be found.",
        noun="server group",
        version="compute 2.13",
    ),
    Kind.PORT: KindFacts(
        service="network",
        path="/v2.0/ports/{id}",
        single="port",
        project_keys=("project_id", "tenant_id"),
        created_key="created_at",
        missing="Port {id} could not be found.",
        noun="port",
    ),
    Kind.NETWORK: KindFacts(
        service="network",
        path="/v2.0/networks/{id}",
        single="network",
        project_keys=("project_id", "tenant_id"),
        created_key="created_at",
        missing="Network {id} could not be found.",
        noun="network",
    ),
    Kind.SECURITY_GROUP: KindFacts(
        service="network",
        path="/v2.0/security-groups/{id}",
        single="security_group",
        project_keys=("project_id", "tenant_id"),
        created_key="created_at",
        missing="Security group {id} not found.",
        noun="security group",
    ),
}

#: Kinds that live in several pods at once or pass from project to project too freely to be worth a stored route.
UNROUTED = frozenset({Kind.PORT, Kind.NETWORK, Kind.SECURITY_GROUP})

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def canonical_id(text: str) -> str | None:
    """
    The id as routes have it, in lower case; ``None`` for what cannot be the id of a server or volume.
    """
    return text.lower() if _UUID.fullmatch(text) else None


def names_missing(raw: bytes, resource_id: str) -> bool:
    """
    True for the body of a 404 by which a service says that it has no resource of this id.

    Their words for it name the id. What only says that there is no such path, such as one that ended with a microversion,
    or comes from something in front of the service, does not.
    """
    return resource_id.lower() in fault_message(raw, "itemNotFound").lower()


def read_time(text: Any) -> datetime | None:
    """
    A creation time as Nova (``2026-11-22T04:35:10Z``) and Cinder (``2026-11-22T04:35:10.000000``) write it, in UTC.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_project(kind: Kind, body: Mapping[str, Any]) -> str:
    """
    The project that a resource's body names; empty where it names none.
    """
    for key in KINDS[kind].project_keys:
        value = body.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def route_from_body(
    kind: Kind, resource: Mapping[str, Any], pod_id: str, project_id: str = ""
) -> Route | None:
    """
    The route that a resource's own body tells of; ``None`` when it has no id that could be asked for.

    ``project_id`` is used only where the body names no project and the caller knows it for sure: it has just made it.
    """
    given = resource.get("id")
    found = canonical_id(given) if isinstance(given, str) else None
    if found is None:
        return None
    details: dict[str, Any] = {}
    if kind is Kind.SERVER:
        for name, key in (
            ("user_id", "user_id"),
            ("flavor", "flavor"),
            ("image", "image"),
            ("az", "OS-EXT-AZ:availability_zone"),
        ):
            if resource.get(key):
                details[name] = resource[key]
    return Route(
        kind=kind,
        resource_id=found,
        pod_id=pod_id,
        project_id=read_project(kind, resource) or project_id,
        created_at=read_time(resource.get(KINDS[kind].created_key)),
        details=details,
    )
