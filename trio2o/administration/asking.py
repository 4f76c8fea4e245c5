"""
What all use cases have in common when they ask the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from trio2o.errors import DatabaseUnavailable, Unavailable

#: Seconds after which a client may try again when the database is away.
RETRY_AFTER = 5

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def canonical_id(text: str) -> str | None:
    """
    An id as the stores have it, in lower case; ``None`` for what cannot be one.
    """
    lowered = text.lower()
    return lowered if _ID.fullmatch(lowered) else None


@contextmanager
def database_asked() -> Iterator[None]:
    """
    Tell the absence of the database as something that passes (I15).

    :raises Unavailable: in place of :class:`DatabaseUnavailable`.
    """
    try:
        yield
    except DatabaseUnavailable as why:
        raise Unavailable(
            "The database cannot be reached.",
            admin_detail=str(why),
            headers=[(b"Retry-After", b"%d" % RETRY_AFTER)],
        ) from why
