"""
Where list pages ended: so that the next page goes on in every pod just where the page before left it (I9).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping

from attrs import define, field, frozen

from trio2o.merging.order import Key


@frozen(kw_only=True)
class Cursor:
    """
    The end of one page.
    """

    #: The pod that has the page's last item.
    pod: str
    #: The last item's place.
    key: Key
    #: Pod to the last id that it has passed; ``None`` for none yet.
    cursors: Mapping[str, str | None]


@define(kw_only=True)
class Cursors:
    """
    The pages that ended last, by list and last id; the oldest one goes. What is forgotten costs a walk, nothing else.
    """

    _size: int = 10_000
    _kept: OrderedDict[tuple[Hashable, str], Cursor] = field(factory=OrderedDict, init=False)

    def keep(self, listing: Hashable, marker: str, cursor: Cursor) -> None:
        """
        Remember where a page ended.
        """
        self._kept[listing, marker] = cursor
        self._kept.move_to_end((listing, marker))
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def find(self, listing: Hashable, marker: str) -> Cursor | None:
        """
        Where the page ended whose last id is the marker.
        """
        return self._kept.get((listing, marker))
