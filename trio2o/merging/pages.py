"""
The values of a walk through the lists of several pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from trio2o.merging.keys import Key
from trio2o.merging.order import Item


@frozen(kw_only=True)
class Ask:
    """
    A page that is wanted from a pod: the items after its own marker, in the list's order.
    """

    pod: str
    #: An id of the pod's own; ``None`` for its beginning.
    marker: str | None
    #: How many at most; never more than the walk's ``max_limit``.
    limit: int


@frozen(kw_only=True)
class Start:
    """
    Where a page begins: after the client's marker.
    """

    #: The client's marker, and the pod that has it (or had, where it is deleted).
    marker: str
    pod: str
    #: The marker's place, :meth:`Order.key` of the item; ``None`` where its values are not known.
    key: Key | None = None
    #: Where to go on in each pod. What the page before left: the last id that it has passed, or ``None`` for none yet. Or, where
    #: :attr:`key` is known and the pods are surely in the list's order, an id that stands anywhere before the marker's place:
    #: the nearer, the less is read in vain. A pod that is absent is read from its beginning.
    cursors: Mapping[str, str | None] = field(factory=dict)


@frozen(kw_only=True)
class Page:
    """
    One page as one cloud would give it.
    """

    items: tuple[Item, ...]
    #: The pod of each item.
    pods: tuple[str, ...]
    #: True when the page is full, so that Nova and Cinder give a link to the next one, be it empty.
    more: bool
    #: For :attr:`Start.cursors` of the next page.
    cursors: Mapping[str, str | None]
    #: The pods that were left out.
    missing: tuple[str, ...] = ()


class MarkerLost(Exception):
    """
    The place to go on from cannot be found: no pod has the client's marker any more, and its values are not known.

    :ivar pod: the pod whose answer to the marker tells the client what the service would say.
    """

    def __init__(self, pod: str) -> None:
        super().__init__(pod)
        self.pod = pod


class WalkTooLong(Exception):
    """
    A walk needs more pages of a pod, or more time, than it may take.
    """


def item_id(item: Mapping[str, Any]) -> str:
    """
    An item's id as markers have it.
    """
    return str(item.get("id"))
