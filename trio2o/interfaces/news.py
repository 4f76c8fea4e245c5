"""
What processes tell each other.
"""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import Interface

from trio2o.model import News

# mypy-zope reads the methods below; zope leaves out ``self``.
# ruff: noqa: N805


class INews(Interface):
    """
    The way from each process to all that share its database. What is told is gone when nobody listens, and some of it may be
    lost: nothing may depend on it that must be right.
    """

    async def tell(news: News) -> None:
        """
        Tell all listeners, the caller's own among them; one piece of news may come to them as several.

        :raises DatabaseUnavailable: if it is not known whether anybody was told.
        """

    def listen(heard: Callable[[News], None]) -> None:
        """
        Call ``heard`` with what is told from now on. Never fails: what is down reconnects. What is no news is left out.
        """

    def stop() -> None:
        """
        Listen no more.
        """
