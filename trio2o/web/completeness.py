"""
Answers that lack a part of the cloud: how they say so, and clients that take a whole answer or none (I8).
"""

from __future__ import annotations

from trio2o.errors import BadRequest, Unavailable
from trio2o.exchange import Answer, HeaderList
from trio2o.model import Pod

#: The request field by which a client says what it makes of an answer that lacks a part.
FIELD = b"x-trio2o-incomplete"

_READS = frozenset({b"GET", b"HEAD"})


def wants_all(method: bytes, value: bytes) -> bool:
    """
    True for a read whose client takes a whole answer or none. What was changed is told whatever is missing.

    :param value: the value of :data:`FIELD`; empty for none.
    :raises BadRequest: if it is another than ``accept`` and ``refuse``: who asks for all must not get a part by a slip.
    """
    asked = value.lower()
    if asked not in (b"", b"accept", b"refuse"):
        raise BadRequest("X-Trio2o-Incomplete must be 'accept' or 'refuse'.")
    return asked == b"refuse" and method in _READS


def refused(answer: Answer) -> Unavailable:
    """
    What a client that wants all is told in place of an answer that lacks a part; that answer's body is dropped.
    """
    if not isinstance(answer.body, bytes):
        answer.body.discard()
    names = ", ".join(sorted(pod.name for pod in answer.missing))
    return Unavailable(
        "A part of the cloud does not answer at the moment. Please try again later.",
        admin_detail=f"missing: {names}",
        headers=[(b"Retry-After", b"10")],
    )


def incomplete(missing: tuple[Pod, ...], *, to_admin: bool) -> HeaderList:
    """
    How an answer says that part of the cloud is not in it: users read of zones, admins of pods.
    """
    zones = ", ".join(sorted({pod.az_name for pod in missing}))
    headers: HeaderList = [(b"X-Trio2o-Incomplete-Zones", zones.encode("utf-8"))]
    if to_admin:
        headers.append(
            (b"X-Trio2o-Missing-Pods", ", ".join(sorted(pod.name for pod in missing)).encode("utf-8"))
        )
    return headers
