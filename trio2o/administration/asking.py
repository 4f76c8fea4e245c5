"""
What all use cases have in common when they ask the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from trio2o.errors import DatabaseUnavailable, Missing, NotFound, Unavailable
from trio2o.interfaces import IPodStore
from trio2o.model import Pod

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


async def known_pod(store: IPodStore, pod_id: str) -> Pod:
    """
    A pod by its id as a client wrote it.

    :raises NotFound: if there is none.
    """
    known_id = canonical_id(pod_id)
    if known_id is None:
        raise no_pod(pod_id)
    with database_asked():
        try:
            return await store.get_pod(known_id)
        except Missing as why:
            raise no_pod(pod_id) from why


def no_pod(pod_id: str) -> NotFound:
    """
    What is said of a pod that there is not.
    """
    return NotFound(f"Pod {pod_id} could not be found.")
