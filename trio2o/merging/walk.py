"""
One page over several pods: which pages to ask them for, and what comes of the answers.

The walk does no I/O. It is driven so::

    walk = MergeWalk(order=order, pods=names, limit=100)
    while not walk.done:
        for ask in walk.asks():     # all at once: side by side
            …                       # feed(), leave_out() or marker_gone() for each when its answer is there
    page = walk.page()

Items are merged by what is first in each pod, so a pod's own order is never broken, and what comes next depends only on
how far each pod has been passed. That is why cursors carry on exactly where a page ended, whatever the order.

Where the cursors are forgotten, the marker's own pod goes on after it and the others after any id of theirs that stands
before it, or from their beginning: where pods are surely in the order, what stands before the marker is dropped; otherwise the
merge is repeated up to the marker. Either way memory holds one answer per pod, at most ``max_limit`` items.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from attrs import evolve

from trio2o.merging.keys import Key
from trio2o.merging.order import Item, Order
from trio2o.merging.pages import Ask, MarkerLost, Page, Start, WalkTooLong, item_id
from trio2o.merging.stream import Floor, Stream

#: How many times more a pod is asked for when a whole page was to be passed over.
_FURTHER = 4


class MergeWalk:
    """
    The state of one page under way.

    :param pods: the pods that matter, always in the same order: ties go by it.
    :param limit: the items of the page; 0 gives an empty page without asking anyone.
    :param offset: how many items to pass over first.
    :param start: where the page begins; ``None`` for the list's beginning.
    :param max_limit: the most items that a pod is asked for at once.
    :param max_pages: the most pages that one pod is asked for.
    :param owner: the pod that a resource is routed to, ``None`` where that is not known. Of two pods that list the same
        id at one place the owner's item is kept, else the one that comes first.
    """

    def __init__(
        self,
        *,
        order: Order,
        pods: Sequence[str],
        limit: int,
        offset: int = 0,
        start: Start | None = None,
        max_limit: int = 1000,
        max_pages: int = 10_000,
        owner: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._order = order
        self._limit = limit
        self._to_skip = offset
        self._start = start
        self._max_limit = max_limit
        self._max_pages = max_pages
        self._owner = owner
        self._items: list[Item] = []
        self._pods: list[str] = []
        self._seen: set[str] = set()
        self._streams = {pod: Stream(pod, rank) for rank, pod in enumerate(pods)}
        #: The marker up to which the merge is repeated; its items are passed over.
        self._until: str | None = None
        if start is not None:
            self._begin_after(start)

    @property
    def done(self) -> bool:
        """
        True when the page is full or no pod has anything left.
        """
        return self._full or all(stream.ended and not stream.buffer for stream in self._streams.values())

    def asks(self) -> list[Ask]:
        """
        The pages that are wanted now and were not given out yet.

        :raises WalkTooLong: if a pod has been asked for ``max_pages`` pages.
        """
        if self._full:
            return []
        asks = []
        for stream in self._streams.values():
            if not stream.waiting or stream.asked is not None:
                continue
            if stream.pages >= self._max_pages:
                raise WalkTooLong(stream.pod)
            stream.pages += 1
            wanted = self._limit - len(self._items) + self._to_skip
            if self._until is not None:
                wanted = self._max_limit
            elif stream.floor is not None:
                wanted = max(wanted, stream.reach)
            limit = min(wanted, self._max_limit)
            stream.asked = Ask(pod=stream.pod, marker=stream.marker, limit=limit)
            asks.append(stream.asked)
        return asks

    def feed(self, pod: str, items: Sequence[Item], *, more: bool | None = None) -> None:
        """
        Take a pod's answer to what it was asked last.

        :param more: whether the answer had a link to a next page; without it, an answer with fewer items than were asked
            for is the last one.
        :raises MarkerLost: if that was the last hope to find the client's marker.
        """
        stream = self._streams[pod]
        ask, stream.asked = stream.asked, None
        if ask is None or stream.left_out:
            return
        stream.known = True
        if not items or item_id(items[-1]) == ask.marker:
            # the second is a pod that does not look at markers
            stream.ended = True
        else:
            stream.ended = len(items) < ask.limit if more is None else not more
            stream.marker = item_id(items[-1])
            stream.last = items[-1]
            stream.buffer.extend(items if stream.floor is None else self._below_floor(stream, items))
            stream.reach = _FURTHER * ask.limit
        self._merge()

    def leave_out(self, pod: str) -> None:
        """
        Go on without a pod that does not answer (I8). What it had given before stays on the page.
        """
        stream = self._streams[pod]
        stream.asked = None
        stream.ended = stream.left_out = True
        stream.buffer.clear()
        self._merge()

    def marker_gone(self, pod: str, instead: str | None = None) -> None:
        """
        A pod does not know the marker that it was asked for, since that was deleted meanwhile: it is walked up to where it had
        been read.

        :param instead: another id of the pod's that stands before the client's marker, after which to begin; ``None`` for the
            pod's beginning.
        :raises MarkerLost: if that was the client's own marker, or the place is not known.
        """
        stream = self._streams[pod]
        ask, stream.asked = stream.asked, None
        if ask is None or stream.left_out:
            return
        start = self._start
        if (
            stream.last is None
            and start is not None
            and start.cursors
            and pod != start.pod
            and not self._order.exact
        ):
            self._repeat(start)
            return
        if stream.floor is not None:
            pass  # nothing was kept yet, and what is to be passed over stays the same
        elif stream.last is not None:
            stream.floor = Floor(self._order.key(stream.last), ties=False)
        elif start is None or start.key is None or pod == start.pod:
            raise MarkerLost(pod)
        else:
            stream.floor = self._floor_of(stream, start, start.key)
        stream.marker = instead
        stream.reach = self._max_limit if instead is None else 0

    def page(self) -> Page:
        """
        The page, once :attr:`done`.
        """
        cursors: dict[str, str | None] = {}
        before = self._start.cursors if self._start is not None else {}
        for pod, stream in self._streams.items():
            if stream.known or stream.passed is not None:
                cursors[pod] = stream.passed
            elif pod in before:
                cursors[pod] = before[pod]
        return Page(
            items=tuple(self._items),
            pods=tuple(self._pods),
            more=self._full and self._limit > 0,
            cursors=cursors,
            missing=tuple(pod for pod, stream in self._streams.items() if stream.left_out),
        )

    @property
    def _full(self) -> bool:
        return len(self._items) >= self._limit

    def _begin_after(self, start: Start) -> None:
        self._seen.add(start.marker)
        if not start.cursors and not self._order.exact:
            self._until = start.marker
            return
        self._begin_at_cursors(start)

    def _repeat(self, start: Start) -> None:
        """
        Begin again without cursors, since one of them is good no more.
        """
        self._start = evolve(start, cursors={})
        self._until = start.marker
        self._reset()

    def _reset(self) -> None:
        """
        Read all pods from their beginning, but those that are left out. They are still asked for ``max_pages`` at most.
        """
        self._streams = {
            pod: Stream(pod, old.rank, left_out=old.left_out, ended=old.left_out, pages=old.pages)
            for pod, old in self._streams.items()
        }

    def _begin_at_cursors(self, start: Start) -> None:
        for pod, stream in self._streams.items():
            if pod == start.pod:
                stream.marker = stream.passed = start.marker
                continue
            stream.marker = stream.passed = start.cursors.get(pod)
            stream.reach = 0 if pod in start.cursors else self._max_limit
            if start.key is not None:
                # for cursors, too: what stands before the marker there belongs to a page that went on without the pod, was
                # made since, or was given when the same page was asked for again
                stream.floor = self._floor_of(stream, start, start.key)
            elif pod not in start.cursors:
                raise MarkerLost(start.pod)

    def _floor_of(self, stream: Stream, start: Start, key: Key) -> Floor:
        """
        In the merged list, items equal to the marker stand before it where their pod does.
        """
        owner = self._streams.get(start.pod)
        return Floor(key, ties=owner is not None and stream.rank < owner.rank)

    def _below_floor(self, stream: Stream, items: Sequence[Item]) -> Sequence[Item]:
        """
        The items that are not to be passed over; the first of them ends the floor.
        """
        floor = stream.floor
        assert floor is not None
        for at, item in enumerate(items):
            if not floor.above(self._order.key(item)) and item_id(item) not in self._seen:
                stream.floor = None
                return items[at:]
            stream.passed = item_id(item)
        return ()

    def _merge(self) -> None:
        """
        Emit as long as it is sure what comes next: every pod that has not ended shows its first item.
        """
        streams = list(self._streams.values())
        if self._full or any(stream.waiting for stream in streams):
            return
        key = self._order.key
        heads = [(key(stream.buffer[0]), stream.rank) for stream in streams if stream.buffer]
        heapq.heapify(heads)
        while heads and not self._full:
            stream = streams[heads[0][1]]
            item = stream.buffer.popleft()
            self._emit(stream, item_id(item), item)
            if stream.buffer:
                heapq.heapreplace(heads, (key(stream.buffer[0]), stream.rank))
            elif stream.waiting:
                return
            else:
                heapq.heappop(heads)
        if self._until is not None and not heads:
            self._give_up_repeating()

    def _emit(self, stream: Stream, identity: str, item: Item) -> None:
        stream.passed = identity
        if self._until is not None:
            if identity == self._until:
                self._until = None
            return
        if identity in self._seen or self._is_anothers(stream, identity):
            return
        if self._to_skip:
            self._to_skip -= 1
            return
        self._seen.add(identity)
        self._items.append(item)
        self._pods.append(stream.pod)

    def _is_anothers(self, stream: Stream, identity: str) -> bool:
        """
        True when the pod that has the resource by its route shows it too. A route that has become wrong hides nothing: what
        a pod shows is there (I8), whatever routes say of where to find it (I7).
        """
        owner = self._streams.get(self._owner(identity) or "")
        return (
            owner is not None
            and owner is not stream
            and any(item_id(item) == identity for item in owner.buffer)
        )

    def _give_up_repeating(self) -> None:
        """
        The marker is in no list, since it was deleted: go by its values.
        """
        start = self._start
        assert start is not None
        owner = self._streams.get(start.pod)
        if start.key is None or (owner is not None and owner.left_out):
            # a silent pod's marker is not deleted, and in such an order its values do not tell what came before it
            raise MarkerLost(start.pod)
        self._until = None
        self._reset()
        self._begin_at_cursors(start)
