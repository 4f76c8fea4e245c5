"""
Pods that keep lists in memory and answer as Nova and Cinder do, and a driver of walks over them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field

from trio2o.merging.order import Item, Order
from trio2o.merging.pages import Page, Start
from trio2o.merging.walk import MergeWalk


@define
class FakeList:
    """
    One pod's list, in the pod's own order.
    """

    name: str
    sort: Callable[[Item], Any]
    items: list[Item]
    #: True for a service that takes a deleted marker, as Nova does until it is purged.
    remembers: bool = True
    max_limit: int = 1000
    gone: list[Item] = field(factory=list)
    largest: int = 0

    def page(self, marker: str | None, limit: int) -> tuple[list[Item], bool] | None:
        """
        The items after the marker and whether a next link is given; ``None`` for an unknown marker.
        """
        listed = sorted(self.items, key=self.sort)
        if marker is not None:
            known = [
                item for item in self.items + (self.gone if self.remembers else []) if item["id"] == marker
            ]
            if not known:
                return None
            listed = [item for item in listed if self.sort(item) > self.sort(known[0])]
        most = min(limit, self.max_limit)
        self.largest = max(self.largest, limit)
        return listed[:most], len(listed[:most]) == most

    def delete(self, identity: str) -> None:
        """
        Delete an item, remembering it as a marker.
        """
        self.gone += [item for item in self.items if item["id"] == identity]
        self.items = [item for item in self.items if item["id"] != identity]


def walked(
    order: Order,
    pods: Sequence[FakeList],
    limit: int,
    *,
    instead: Callable[[str], str | None] = lambda pod: None,
    **more: Any,
) -> Page:
    """
    One page; ``instead`` tells where else to go on in a pod that does not know its marker.
    """
    walk = MergeWalk(order=order, pods=[pod.name for pod in pods], limit=limit, **more)
    by_name = {pod.name: pod for pod in pods}
    while not walk.done:
        asks = walk.asks()
        assert asks, "a walk that is not done wants something"
        for ask in asks:
            answer = by_name[ask.pod].page(ask.marker, ask.limit)
            if answer is None:
                walk.marker_gone(ask.pod, instead(ask.pod))
            else:
                walk.feed(ask.pod, answer[0], more=answer[1])
    return walk.page()


def start_after(order: Order, page: Page, *, forget: bool = False) -> Start:
    """
    Where the page after a page begins, with or without what is remembered of it.
    """
    last = page.items[-1]
    return Start(
        marker=last["id"], pod=page.pods[-1], key=order.key(last), cursors={} if forget else page.cursors
    )
