"""
What the fake Cinder keeps of types: of volumes and of groups, and quality of service specs.
"""

from __future__ import annotations

from datetime import datetime

from attrs import define, field


@define(kw_only=True, eq=False)
class QosSpecs:
    """
    Quality of service specs. The types that have them name them.
    """

    id: str
    name: str
    created_at: datetime
    consumer: str = "back-end"
    specs: dict[str, str] = field(factory=dict)


@define(kw_only=True, eq=False)
class Encryption:
    """
    How volumes of a type are encrypted.
    """

    id: str
    created_at: datetime
    provider: str
    control_location: str = "front-end"
    cipher: str | None = None
    key_size: int | None = None
    updated_at: datetime | None = None


@define(kw_only=True, eq=False)
class VolumeType:
    """
    A volume type. ``access`` holds the projects that may use a private one.
    """

    id: str
    name: str
    created_at: datetime
    updated_at: datetime | None = None
    description: str | None = None
    is_public: bool = True
    extra_specs: dict[str, str] = field(factory=dict)
    access: set[str] = field(factory=set)
    qos: QosSpecs | None = None
    encryption: Encryption | None = None


@define(kw_only=True, eq=False)
class GroupType:
    """
    A type of groups.
    """

    id: str
    name: str
    created_at: datetime
    description: str | None = None
    is_public: bool = True
    group_specs: dict[str, str] = field(factory=dict)
