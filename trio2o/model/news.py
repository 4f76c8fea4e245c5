"""
What creates teach, and what the processes tell each other of that.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from attrs import field, frozen

from trio2o.model.amounts import NOTHING, Amounts
from trio2o.model.resources import Kind


class Lack(enum.StrEnum):
    """
    What a pod had too little of for a create.
    """

    #: The project's quota there.
    QUOTA = "quota"
    #: A host or a backend that would take it, which showed after the pod had accepted.
    HOST = "host"
    #: A service that takes anything at all.
    SERVICE = "service"


@frozen(kw_only=True)
class Mark:
    """
    A pod has lately refused a create: hints that it would refuse others that ask for as much.
    """

    pod_id: str
    kind: Kind
    lack: Lack
    #: Whose creates; ``None`` for everybody's.
    project_id: str | None = None
    #: Who met it, and with which image: where a host was missing, what others ask for with another image says nothing of it.
    met_by: str = ""
    image: str | None = None
    #: How much was refused; ``None`` for any size.
    needs: Amounts | None = None
    #: The pod group, flavor and volume type that were asked for; ``None`` where they do not matter.
    asked: tuple[str, str | None, str | None] | None = None


@frozen(kw_only=True)
class Placed:
    """
    What a process tells the others that it placed in a pod (I12).
    """

    #: All that is on its way there now, in place of what was told before.
    open: Amounts = NOTHING
    #: What has come to stay since it was told last.
    kept: Amounts = NOTHING


@frozen(kw_only=True)
class News:
    """
    What a process tells those that share its database.
    """

    #: Names the process while it lives.
    sender: str = ""
    #: By pod id.
    placed: Mapping[str, Placed] = field(factory=dict)
    #: What pods have refused, and what they are known to take again.
    marked: tuple[Mark, ...] = ()
    cleared: tuple[Mark, ...] = ()
    #: Projects of which something is gone in a service: id and service.
    freed: tuple[tuple[str, str], ...] = ()
