"""
Where list pages ended: so that the next page goes on in every pod just where the page before left it (I9).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from operator import itemgetter

from attrs import define, field, frozen

from trio2o.exchange import Inbound
from trio2o.interfaces import ICursorBook
from trio2o.merging.keys import Key, key_as_json, key_from_json
from trio2o.model import RequestContext

#: What the written form is; another release may have another, and knows nothing of this one's.
_FORM = b"trio2o cursor 1"

#: Characters of the longest cursor that is written: that of some hundred pods.
_LONGEST = 16_384


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


def written(cursor: Cursor) -> str:
    """
    A cursor as ASCII text, whatever characters its values have.
    """
    fields = [cursor.pod, key_as_json(cursor.key), dict(cursor.cursors)]
    return json.dumps(fields, separators=(",", ":"))


def read(text: str) -> Cursor:
    """
    The cursor that :func:`written` wrote.

    :raises ValueError: if it did not.
    """
    try:
        pod, key, cursors = json.loads(text)
    except TypeError as error:
        raise ValueError("a cursor is a list of three") from error
    if not (
        isinstance(pod, str)
        and isinstance(cursors, dict)
        and all(passed is None or isinstance(passed, str) for passed in cursors.values())
    ):
        raise ValueError("a cursor has other fields")
    return Cursor(pod=pod, key=key_from_json(key), cursors=cursors)


def list_identity(
    inbound: Inbound,
    context: RequestContext,
    filters: Sequence[tuple[str, str]],
    *,
    path: bytes = b"",
    keys: int = 0,
) -> bytes:
    """
    What tells a list from others, whatever the page: a digest, since clients make up queries of any length.

    Links have the parameters in another order than the client may; only that of one name's values says something.

    :param filters: the query's parameters but those of paging.
    :param path: what the pods are asked for, where one list may be read from several.
    :param keys: how many sort keys its places have, where that depends on who asks and on how many pods.
    """
    told = (
        context.surface,
        inbound.path,
        context.project_id,
        sorted(context.identity.roles),
        sorted(filters, key=itemgetter(0)),
        inbound.microversion,
        path,
        keys,
    )
    return sha256(repr(told).encode("utf-8", "surrogatepass")).digest()


@define(kw_only=True)
class Cursors:
    """
    The pages that ended last, by list and last id; in memory the oldest one goes. What is forgotten costs a walk, nothing else.

    A list is told by a digest of all that makes it another's: project, roles and query among them. So nobody goes on in a
    list that another project walked.
    """

    _book: ICursorBook
    _size: int = 10_000
    _kept: OrderedDict[tuple[bytes, str], Cursor] = field(factory=OrderedDict, init=False)

    def keep(self, listing: bytes, marker: str, cursor: Cursor, *, lasting: bool) -> None:
        """
        Remember where a page ended.

        :param lasting: whether other processes are to know it too.
        """
        self._remember(listing, marker, cursor)
        if lasting:
            text = written(cursor)
            if len(text) <= _LONGEST:
                self._book.keep(_digest(listing, marker), text)

    async def find(self, listing: bytes, marker: str) -> Cursor | None:
        """
        Where the page ended whose last id is the marker.
        """
        known = self._kept.get((listing, marker))
        if known is not None:
            return known
        text = await self._book.find(_digest(listing, marker))
        if text is None:
            return None
        try:
            found = read(text)
        except ValueError:
            return None
        self._remember(listing, marker, found)
        return found

    def _remember(self, listing: bytes, marker: str, cursor: Cursor) -> None:
        self._kept[listing, marker] = cursor
        self._kept.move_to_end((listing, marker))
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)


def _digest(listing: bytes, marker: str) -> bytes:
    return sha256(b"%b\0%b\0%b" % (_FORM, listing, marker.encode("utf-8", "surrogatepass"))).digest()
