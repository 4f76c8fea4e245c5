"""
Why a create went where it went, told in a header field to those who may know.
"""

from __future__ import annotations

from trio2o.errors import BadRequest
from trio2o.scheduling.briefly import briefly
from trio2o.scheduling.explaining import Explanation

#: The request field by which a client asks for it.
FIELD = b"x-trio2o-explain"

#: The policy rule for those who may know, as :class:`trio2o.interfaces.IPolicy` has it.
RULE = "trio2o:creates:explain"

#: Characters of the answer's field: proxies and clients take lines of twice that length.
_MOST = 4096


def wanted(value: bytes) -> bool:
    """
    True where a client asks for it.

    :param value: the value of :data:`FIELD`; empty for none.
    :raises BadRequest: if it is another than ``true`` and ``false``.
    """
    asked = value.lower()
    if asked not in (b"", b"true", b"false"):
        raise BadRequest("X-Trio2o-Explain must be 'true' or 'false'.")
    return asked == b"true"


def told(explanation: Explanation) -> tuple[bytes, bytes]:
    """
    The answer's field.
    """
    return b"X-Trio2o-Explanation", briefly(explanation, _MOST).encode("ascii")
