"""
Changes to what processes cache whole.
"""

from __future__ import annotations

from attrs import frozen

from trio2o.model.bindings import Binding
from trio2o.model.pods import Pod


@frozen(kw_only=True)
class Change:
    """
    One entry of the change log: which row of a wholly cached table changed.
    """

    number: int
    #: ``pods``, ``bindings``, or what an :class:`~trio2o.interfaces.IFollower` keeps.
    table: str
    row_id: str


@frozen(kw_only=True)
class Snapshot:
    """
    All that a process caches whole, read in one transaction, and the change number it is true for.
    """

    number: int
    #: Tells one database's history from another's (system identifier and timeline); a difference asks for a full reload (I14).
    timeline: str
    pods: tuple[Pod, ...]
    #: The active bindings only.
    bindings: tuple[Binding, ...]
