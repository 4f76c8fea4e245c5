"""
Waiting on the real reactor for what cannot be told by a result.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet import reactor
from twisted.internet.task import deferLater


async def until(reached: Callable[[], object], *, limit: float = 15.0) -> None:
    """
    Wait until something holds; a test that waits too long fails.
    """
    ends = reactor.seconds() + limit  # type: ignore[attr-defined]
    while not reached():
        if reactor.seconds() > ends:  # type: ignore[attr-defined]
            raise AssertionError(f"not reached within {limit:g} s")
        await deferLater(reactor, 0.01)  # type: ignore[arg-type]
