"""
The resources that pods have, and where each is.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen


class Kind(enum.StrEnum):
    """
    The kinds of resource that have routes; the value is what the database and the Admin API show.
    """

    SERVER = "server"
    VOLUME = "volume"
    SNAPSHOT = "snapshot"
    BACKUP = "backup"
    ATTACHMENT = "attachment"
    TRANSFER = "transfer"
    GROUP = "group"
    GROUP_SNAPSHOT = "group_snapshot"
    CONSISTENCY_GROUP = "consistencygroup"
    CONSISTENCY_GROUP_SNAPSHOT = "cgsnapshot"
    MESSAGE = "message"
    SERVER_GROUP = "server_group"
    PORT = "port"
    NETWORK = "network"
    SECURITY_GROUP = "security_group"


@frozen(kw_only=True)
class Route:
    """
    Where one resource lives. A route never authorises: the pod decides who may see the resource (I7).
    """

    kind: Kind
    resource_id: str
    pod_id: str
    #: The project that the resource's body names, never the asker's.
    project_id: str
    #: When the pod made the resource, as its body says; orders lists (I9).
    created_at: datetime | None = None
    #: What a list shows of a server whose pod is silent: ``user_id``, ``flavor``, ``image``, ``az``.
    details: Mapping[str, Any] = field(factory=dict)
    #: Set on a tombstone, which only orders pages and is never routed to.
    deleted_at: datetime | None = None
