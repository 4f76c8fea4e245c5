"""
How Python looks for garbage in this daemon.

Nearly all of what a request leaves behind is freed at once, by reference counts; cycles are few. A list, though, is parsed
into tens of thousands of dictionaries that live until it is answered, and by Python's own settings those are looked through
again and again, with everything else of the process: of a list of 1,000 servers that took a third of the time.
"""

from __future__ import annotations

from typing import Protocol

#: How many more dictionaries, lists and objects there are than at the last look before there is another: what would wait so
#: long to be freed are some megabytes.
YOUNG = 50_000
_MIDDLE = _OLD = 10


class Collector(Protocol):
    """
    What is used of the module ``gc``.
    """

    def collect(self) -> int: ...

    def freeze(self) -> None: ...

    def set_threshold(self, threshold0: int, threshold1: int, threshold2: int, /) -> None: ...


def settle(collector: Collector) -> None:
    """
    Look through what the start has left once, never again, and through what comes later seldom. For the whole process.
    """
    collector.collect()
    collector.freeze()
    collector.set_threshold(YOUNG, _MIDDLE, _OLD)
