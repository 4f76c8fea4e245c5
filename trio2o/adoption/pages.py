"""
A pod's whole list, page by page, while it changes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from attrs import define, field

from trio2o.adoption.listings import Pages, Way
from trio2o.adoption.questions import Said
from trio2o.surface.kinds import canonical_id

#: By which a service says that it does not know the marker (any more): Cinder and Nova.
_NO_MARKER = frozenset({400, 404})


class BadList(Exception):
    """
    A pod's answer is not the page that was asked for; the message says what it is.
    """

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        #: The answer's status; 0 where it is not at fault.
        self.status = status


@define(kw_only=True)
class PagedList:
    """
    One list of one pod. What is deleted while it is read, the last item of a page too, costs no other item.
    """

    _way: Way
    _size: int
    #: Asks the pod for a path with its query.
    _ask: Callable[[str], Awaitable[Said]]
    #: The latest ids in the list's order, as many as two pages have: any of them will do as a marker.
    _latest: list[str] = field(factory=list, init=False)
    #: How many items were given.
    _given: int = field(default=0, init=False)

    async def pages(self) -> AsyncIterator[list[dict[str, Any]]]:
        """
        The pages that have items, in the list's order, each item once.

        The end is a page without items: a service may give fewer than it was asked for.

        :raises BadList: if the pod answers with anything else.
        """
        while True:
            items, again = await self._page()
            fresh = [item for item in items if str(item.get("id")) not in self._latest]
            if fresh:
                self._given += len(fresh)
                yield fresh
            if not items or self._way.pages is Pages.WHOLE:
                return
            if not fresh and not again:
                raise BadList("its list begins anew on each page")
            ids = [str(item["id"]) for item in items if canonical_id(str(item.get("id")))]
            older = [known for known in self._latest if known not in ids]
            self._latest = (older + ids)[-2 * max(self._size, len(items)) :]

    async def _page(self) -> tuple[list[dict[str, Any]], bool]:
        """
        The page after the last of the latest ids that the pod still knows, and whether items may come again in it.
        """
        marks = self._way.pages is Pages.MARKER
        back = 1
        while marks and back <= len(self._latest):
            said = await self._asked(marker=self._latest[-back])
            if said.status not in _NO_MARKER:
                return _items(said, self._way.plural), back > 1
            if back == len(self._latest):
                if self._given > back:
                    return _items(said, self._way.plural), False
                break
            back = min(2 * back, len(self._latest))
        said = await self._asked(offset=self._given)
        return _items(said, self._way.plural), bool(marks and self._latest)

    async def _asked(self, *, marker: str | None = None, offset: int = 0) -> Said:
        query = self._way.query(self._size, marker=marker, offset=offset)
        return await self._ask(f"{self._way.path}?{query}")


def _items(said: Said, plural: str) -> list[dict[str, Any]]:
    if said.status != 200:
        raise BadList(f"it answers {said.status}", said.status)
    items = said.body.get(plural) if isinstance(said.body, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadList(f"it gives no list of {plural}")
    return items
