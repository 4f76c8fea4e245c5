"""
One pod's part of a walk through the lists of several.
"""

from __future__ import annotations

from collections import deque

from attrs import define, field, frozen

from trio2o.merging.keys import Key
from trio2o.merging.order import Item
from trio2o.merging.pages import Ask


@frozen
class Floor:
    """
    Items up to this place are passed over.
    """

    key: Key
    #: Whether items equal to it are passed over too.
    ties: bool

    def above(self, key: Key) -> bool:
        """
        True for an item that is passed over.
        """
        return key < self.key or (self.ties and key == self.key)


@define(eq=False)
class Stream:
    """
    How far one pod has been read.
    """

    pod: str
    rank: int
    #: The last id that came from the pod, which the next page is asked after.
    marker: str | None = None
    #: The last id that was emitted, dropped or skipped: the cursor. Present even where nothing was.
    passed: str | None = None
    #: Passed over at the beginning, until the first item that is not above it.
    floor: Floor | None = None
    #: How many items to ask for at least, to get below the floor in few pages.
    reach: int = 0
    asked: Ask | None = None
    ended: bool = False
    left_out: bool = False
    pages: int = 0
    buffer: deque[Item] = field(factory=deque)
    #: The last item that came.
    last: Item | None = None
    #: Whether the cursor says anything: not for a pod that never answered.
    known: bool = False

    @property
    def waiting(self) -> bool:
        """
        True when it is not known what the pod has next.
        """
        return not self.ended and not self.buffer
