"""
The paging parameters of a list, read as the services read them.

Mistakes are answered in the words of Nova 34 and Cinder 29, since the pods are asked with other values.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping

from attrs import frozen

from trio2o.errors import BadRequest
from trio2o.merging.order import Parameters

_DIGITS = re.compile(r"[0-9]*")
#: The largest number that Cinder takes as an offset.
_CINDER_MAX_OFFSET = 2**31 - 1
#: More items than a list has.
_ENDLESS = 2**31 - 1


@frozen(kw_only=True)
class Paging:
    """
    Which part of a list is wanted.
    """

    #: How many items at most; 0 for none.
    limit: int
    #: The id after which the page begins; ``None`` for the beginning.
    marker: str | None = None
    #: How many items are passed over after the marker.
    offset: int = 0
    #: How many items a page must have to get a link to the next; ``None`` for as many as its limit.
    full_at: int | None = None

    def is_full(self, given: int, count: int | None) -> bool:
        """
        True where the service gives a page a link to the next one.

        :param given: the items of the page.
        :param count: the items of the whole list, where the client asked for their number: Cinder then takes that for the
            items of the page.
        """
        wanted = self.limit if self.full_at is None else self.full_at
        return given > 0 and wanted <= (count or given)


class PageStyle(enum.StrEnum):
    """
    How a list of Cinder's is cut into pages, which differs from list to list and, for some, with the microversion.
    """

    #: By ``marker``, ``offset`` and ``limit``.
    MARKER = "marker"
    #: By ``offset`` and ``limit`` out of the whole; a marker is ignored, and a limit of 0 is none.
    SLICE = "slice"
    #: By marker, and out of that page by ``offset`` and ``limit`` once more.
    TWICE = "twice"
    #: Not at all.
    WHOLE = "whole"
    #: As the parts of it say themselves: the parameters are filters that nothing fits.
    VERBATIM = "verbatim"


def styled(paging: Paging, style: PageStyle, max_limit: int) -> Paging:
    """
    What a list of this style makes of its paging parameters.
    """
    if style in (PageStyle.WHOLE, PageStyle.VERBATIM):
        return Paging(limit=_ENDLESS, full_at=paging.limit)
    if style is PageStyle.SLICE:
        return Paging(
            limit=paging.limit or max_limit,
            offset=paging.offset,
            # the items before the slice count
            full_at=max(paging.limit - paging.offset, 0),
        )
    if style is PageStyle.TWICE:
        limit = max(paging.limit - paging.offset, 0)
        return Paging(limit=limit, marker=paging.marker, offset=2 * paging.offset)
    return paging


def read_paging(service: str, parameters: Parameters, max_limit: int) -> Paging:
    """
    The paging of a list of the ``compute`` or ``volume`` service; a larger or absent limit is the configured maximum.

    :raises BadRequest: in the service's words, if a number is none.
    """
    return _READERS[service](parameters, max_limit)


def nova_paging(parameters: Parameters, max_limit: int) -> Paging:
    """
    Of repeated parameters the last counts, and all are checked; an empty marker is none. Servers have no offset.

    :raises BadRequest: if a limit is no number.
    """
    limits = [value for name, value in parameters if name == "limit"]
    for value in limits:
        problem = "" if value else "'' should be non-empty"
        if not _DIGITS.fullmatch(value):
            problem = f"'{value}' does not match '^[0-9]*$'"
        if problem:
            raise BadRequest(f"Invalid input for query parameters limit. Value: {value}. {problem}")
    markers = [value for name, value in parameters if name == "marker"]
    return Paging(
        limit=_at_most(limits[-1], max_limit) if limits else max_limit,
        marker=(markers[-1] if markers else None) or None,
    )


def cinder_paging(parameters: Parameters, max_limit: int) -> Paging:
    """
    Of repeated parameters the first counts; an empty marker is one, which no volume has.

    :raises BadRequest: if a limit or offset is no number, or negative.
    """
    first = dict(reversed(parameters))
    limit = max_limit
    if "limit" in first:
        number = _integer(first["limit"])
        if number is None:
            raise BadRequest("limit param must be an integer")
        if number < 0:
            raise BadRequest("limit param must be positive")
        limit = min(number, max_limit)
    offset = 0
    if "offset" in first:
        number = _integer(first["offset"])
        if number is None:
            raise BadRequest("offset must be an integer")
        if number < 0:
            raise BadRequest("offset must be >= 0")
        if number > _CINDER_MAX_OFFSET:
            raise BadRequest(f"offset must be <= {_CINDER_MAX_OFFSET}")
        offset = number
    return Paging(limit=limit, marker=first.get("marker"), offset=offset)


_READERS: Mapping[str, Callable[[Parameters, int], Paging]] = {
    "compute": nova_paging,
    "volume": cinder_paging,
}


def _at_most(digits: str, most: int) -> int:
    # int() refuses thousands of digits; so many are more than any maximum
    return min(int(digits), most) if len(digits) < 20 else most


def _integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
