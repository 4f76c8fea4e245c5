"""
The images of the fake Glance.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import define, field

from trio2o.sandbox.answers import Fault
from trio2o.sandbox.call import Caller
from trio2o.sandbox.clock import PodClock

#: What a user gives an image that has a place of its own; everything else is a property.
CREATED_FIELDS = ("id", "name", "disk_format", "container_format", "visibility", "owner")
_OTHER_FIELDS = ("protected", "min_ram", "min_disk", "os_hidden", "tags")
_READ_ONLY = frozenset(
    {
        *("status", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "created_at"),
        *("updated_at", "self", "file", "schema", "stores", "direct_url", "locations"),
    }
)
_VISIBILITIES = ("public", "private", "shared", "community")


class Refused(Exception):
    """
    A value that an image cannot have.

    :ivar status: what to answer.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@define(kw_only=True, eq=False)
class Image:
    """
    An image; ``data`` is what was uploaded. Times are UTC.
    """

    id: str
    owner: str
    created_at: datetime
    updated_at: datetime
    name: str | None = None
    disk_format: str | None = None
    container_format: str | None = None
    visibility: str = "shared"
    protected: bool = False
    os_hidden: bool = False
    min_ram: int = 0
    min_disk: int = 0
    tags: list[str] = field(factory=list)
    properties: dict[str, str] = field(factory=dict)
    status: str = "queued"
    data: bytes = b""
    size: int | None = None
    checksum: str | None = None
    digest: str | None = None

    def take(self, data: bytes) -> None:
        """
        Take the image's data: it is active from now on.
        """
        self.data, self.size, self.status = data, len(data), "active"
        self.checksum = hashlib.md5(data, usedforsecurity=False).hexdigest()
        self.digest = hashlib.sha512(data).hexdigest()

    def set(self, name: str, value: Any) -> None:
        """
        Set a field or property; None removes a property.

        :raises Refused: if it is not the user's to set, or has the wrong type.
        """
        if name in _READ_ONLY or name == "id":
            raise Refused(f"Attribute '{name}' is read-only.", 403)
        if name in ("name", "disk_format", "container_format"):
            if not isinstance(value, str | None):
                raise Refused(
                    f"Provided object does not match schema 'image': {value!r} is not of type 'null', 'string'"
                )
            setattr(self, name, value)
        elif name == "visibility":
            if value not in _VISIBILITIES:
                raise Refused(
                    f"Provided object does not match schema 'image': {value!r} is not one of the visibilities"
                )
            self.visibility = value
        elif name in ("owner", *_OTHER_FIELDS):
            setattr(self, name, value)
        elif value is None:
            self.properties.pop(name, None)
        elif isinstance(value, str):
            self.properties[name] = value
        else:
            raise Refused(f"Provided object does not match schema 'image': {value!r} is not of type 'string'")

    def shown(self) -> dict[str, Any]:
        """
        The image as JSON.
        """
        shown: dict[str, Any] = {
            **self.properties,
            "name": self.name,
            "disk_format": self.disk_format,
            "container_format": self.container_format,
            "visibility": self.visibility,
            "size": self.size,
            "virtual_size": self.size,
            "status": self.status,
            "checksum": self.checksum,
            "protected": self.protected,
            "min_ram": self.min_ram,
            "min_disk": self.min_disk,
            "owner": self.owner,
            "os_hidden": self.os_hidden,
            "os_hash_algo": "sha512" if self.digest else None,
            "os_hash_value": self.digest,
            "id": self.id,
            "created_at": f"{self.created_at:%Y-%m-%dT%H:%M:%SZ}",
            "updated_at": f"{self.updated_at:%Y-%m-%dT%H:%M:%SZ}",
            "tags": self.tags,
            "self": f"/v2/images/{self.id}",
            "file": f"/v2/images/{self.id}/file",
            "schema": "/v2/schemas/image",
        }
        return shown | ({"stores": "memory"} if self.status == "active" else {})


def image_from(wanted: Mapping[str, Any], owner: str, moment: datetime) -> Image:
    """
    A queued image from the body of a create.

    :raises Refused: if a value cannot be.
    """
    image_id = wanted.get("id") or str(uuid.uuid4())
    image = Image(id=str(image_id), owner=owner, created_at=moment, updated_at=moment)
    for name, value in wanted.items():
        if name != "id":
            image.set(name, value)
    return image


@define(eq=False)
class ImageStore:
    """
    All images; two public ones from the beginning.
    """

    clock: PodClock
    images: dict[str, Image] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        owner = uuid.uuid4().hex
        for name in ("cirros", "cirros-alt"):
            fields = {"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "public"}
            image = image_from(fields, owner, self.now())
            image.take(name.encode().ljust(2**20, b"\0"))
            self.images[image.id] = image

    def now(self) -> datetime:
        """
        The time in whole seconds.
        """
        return self.clock.now().replace(microsecond=0)

    def listed(self, caller: Caller, *, visibility: str | None) -> list[Image]:
        """
        The images in a caller's list, newest first: own and public ones, and community ones on demand.
        """
        found = [
            each
            for each in self.images.values()
            if _sees(each, caller) and (each.visibility != "community" or visibility == "community")
        ]
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)

    def visible(self, image_id: str, caller: Caller) -> Image:
        """
        An image that the caller may see.

        :raises Fault: 404.
        """
        found = self.images.get(image_id)
        if found is None or not _sees(found, caller):
            raise Fault(404, f"No image found with ID {image_id}")
        return found

    def owned(self, image_id: str, caller: Caller, action: str) -> Image:
        """
        An image that the caller may change.

        :raises Fault: 403 or 404.
        """
        found = self.visible(image_id, caller)
        if found.owner != caller.project_id and not caller.is_admin:
            raise Fault(403, f"You are not authorized to complete {action} action.")
        return found


def _sees(image: Image, caller: Caller) -> bool:
    return caller.is_admin or image.visibility in ("public", "community") or image.owner == caller.project_id
