"""
The row of a surface table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from trio2o.model import Kind
from trio2o.surface.mapped_ids import MappedIds


@frozen(kw_only=True)
class Operation:
    """
    One operation of a surface: which requests it is, and how they are carried out.

    A path is written below the version and the project id: ``/servers/{id}/action``. A last segment ``**`` stands
    for every path below. Literal segments win over parameters, and both over ``**``.
    """

    methods: frozenset[str]
    path: str
    #: The name of the strategy: ``route``, ``schedule``, ``merge``, ``local``, ``any``, …
    strategy: str
    #: The kind of resource that ``{id}`` names, or that a list or create is about.
    kind: Kind | None = None
    #: The key of one resource in a body: ``server``.
    single: str = ""
    #: The key of a list in a body: ``servers``.
    plural: str = ""
    #: What only this operation's strategy knows how to read.
    options: Mapping[str, Any] = field(factory=dict)
    #: True where it changes what can be asked for in pods: flavors, volume types.
    offers: bool = False
    #: Where its requests and answers have ids that each pod gives of its own; ``None`` for nowhere.
    ids: MappedIds | None = None
