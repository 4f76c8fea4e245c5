"""
What the fake Cinder keeps: volumes and what belongs to them.

Times are UTC. ``created_at`` and ``updated_at`` have whole seconds, as Cinder's database keeps them, so
things made within one second are ordered by id; ``born`` is the exact time, which only the answer to the
create shows.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall

from trio2o.sandbox.answers import Revision
from trio2o.sandbox.cinder.type_records import VolumeType


def new_id() -> str:
    """
    An id as Cinder makes them: a UUID with hyphens.
    """
    return str(uuid.uuid4())


@define(kw_only=True, eq=False)
class Attachment:
    """
    A volume's use by a server; ``status`` is ``reserved``, ``attaching`` or ``attached``.
    """

    id: str
    volume_id: str
    project_id: str
    created_at: datetime
    server_id: str | None = None
    status: str = "reserved"
    mode: str | None = None
    device: str | None = None
    host_name: str | None = None
    attached_at: datetime | None = None
    connector: dict[str, Any] | None = None


@define(kw_only=True, eq=False)
class Volume:
    """
    A volume. ``moving`` is the state change that is still to come.
    """

    id: str
    project_id: str
    user_id: str
    size: int
    born: datetime
    created_at: datetime
    availability_zone: str
    host: str
    service_id: str
    volume_type: VolumeType
    status: str = "creating"
    name: str | None = None
    description: str | None = None
    updated_at: datetime | None = None
    metadata: dict[str, str] = field(factory=dict)
    image_metadata: dict[str, str] = field(factory=dict)
    snapshot_id: str | None = None
    source_volid: str | None = None
    group_id: str | None = None
    bootable: bool = False
    migration_status: str | None = None
    #: False until the storage has it: Cinder shows other ``shared_targets`` and no service before.
    placed: bool = False
    #: What is reserved for what it is about to become: GiB more, and a place among those of another type.
    growing: int = 0
    retyping: VolumeType | None = None
    attachments: list[Attachment] = field(factory=list)
    revision: Revision = field(factory=Revision)
    moving: IDelayedCall | None = None

    @property
    def multiattach(self) -> bool:
        """
        True where the type says that several servers may have it at once.
        """
        return self.volume_type.extra_specs.get("multiattach") == "<is> True"

    @property
    def attached(self) -> list[Attachment]:
        """
        The attachments that are complete: the ones that a volume shows.
        """
        return [each for each in self.attachments if each.status == "attached"]


@define(kw_only=True, eq=False)
class Snapshot:
    """
    A snapshot of a volume.
    """

    id: str
    volume_id: str
    project_id: str
    user_id: str
    size: int
    born: datetime
    created_at: datetime
    volume_type: VolumeType
    status: str = "creating"
    name: str | None = None
    description: str | None = None
    updated_at: datetime | None = None
    metadata: dict[str, str] = field(factory=dict)
    #: Of which group's snapshot it is part.
    group_snapshot_id: str | None = None
    moving: IDelayedCall | None = None


@define(kw_only=True, eq=False)
class Backup:
    """
    A backup of a volume, perhaps of one of its snapshots.
    """

    id: str
    volume_id: str
    project_id: str
    user_id: str
    size: int
    created_at: datetime
    availability_zone: str
    status: str = "creating"
    name: str | None = None
    description: str | None = None
    container: str | None = None
    snapshot_id: str | None = None
    parent_id: str | None = None
    updated_at: datetime | None = None
    metadata: dict[str, str] = field(factory=dict)
    moving: IDelayedCall | None = None


@define(kw_only=True, eq=False)
class Transfer:
    """
    An offer of a volume to another project; who has ``auth_key`` can take it.
    """

    id: str
    volume_id: str
    project_id: str
    born: datetime
    created_at: datetime
    auth_key: str
    name: str | None = None
    no_snapshots: bool = False


@define(kw_only=True, eq=False)
class Message:
    """
    What a user is told of a resource that could not be made.
    """

    id: str
    project_id: str
    resource_id: str
    request_id: str
    created_at: datetime
