"""
Creates that are made at most once: what is kept of each that came with an ``Idempotency-Key``.

This module imports nothing of Trio2o but the vocabulary, and nothing of Twisted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from trio2o.errors import BadRequest
from trio2o.model import Kind

#: The metadata item that a keyed create carries to its pod; its value is the intent's id. Nova takes letters, digits and
#: ``-_:. `` in names, Cinder a slash too.
ITEM = "trio2o:intent"

_FIELD = b"idempotency-key"
_LONGEST = 255
_VISIBLE = frozenset(range(0x21, 0x7F))


@frozen(kw_only=True)
class Scope:
    """
    Within what a key means one create: another user's same key, or the same at another operation, is another.
    """

    project_id: str
    user_id: str
    #: The surface and the operation's path: ``compute /servers``.
    operation: str
    key: str


@frozen(kw_only=True)
class KeptAnswer:
    """
    What repeats are answered with. It holds no secret: the password of a server's first answer is not in it.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    #: ``None`` where it was too large to be kept.
    body: bytes | None = b""


@frozen(kw_only=True)
class Intent:
    """
    One keyed create, from before it is sent to the end of the kept time.
    """

    #: Unguessable: whoever knows it could make another resource pass for this one.
    id: str
    scope: Scope
    #: Of the request; a repeat has the same.
    digest: bytes
    kind: Kind
    #: Whether what is made carries :data:`ITEM`, so that it can be found at the pod.
    marked: bool
    #: What the answer is made from where the pod's own was lost, see :mod:`trio2o.adoption.first_answers`.
    request: Mapping[str, Any] = field(factory=dict)
    #: The pod that it was sent to last; the ones before surely did not accept it. Empty: nothing was sent yet.
    pod_id: str = ""
    #: How many seconds ago it was sent there, by the database's clock.
    tried_for: float = 0.0
    #: Set once it is known what was made.
    answer: KeptAnswer | None = None
    #: The id of what was made; empty where that is not known, or there are several.
    resource_id: str = ""
    #: How old it is in seconds, by the database's clock.
    age: float = 0.0


def idempotency_key(headers: Sequence[tuple[bytes, bytes]]) -> str | None:
    """
    The key of a request; ``None`` where it has none.

    The field is a string in quotes (draft-ietf-httpapi-idempotency-key-header, RFC 8941); many clients leave the quotes out,
    and mean the same.

    :raises BadRequest: if there are several, or it is malformed or too long.
    """
    found = [value for name, value in headers if name.lower() == _FIELD]
    if not found:
        return None
    if len(found) > 1:
        raise BadRequest("There is more than one Idempotency-Key.")
    value = found[0].strip(b" \t")
    key = _unquoted(value) if value.startswith(b'"') else _bare(value)
    if key is None or not 1 <= len(key) <= _LONGEST:
        raise BadRequest(
            f"The Idempotency-Key must be one string of 1 to {_LONGEST} printable ASCII characters."
        )
    return key


def without_key(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """
    The fields that go to a pod: the key was the gateway's to understand.
    """
    return [pair for pair in headers if pair[0].lower() != _FIELD]


def _bare(value: bytes) -> str | None:
    return value.decode("ascii") if _VISIBLE.issuperset(value) and not set(b'",;') & set(value) else None


def _unquoted(value: bytes) -> str | None:
    """
    The content of a string of RFC 8941; ``None`` for what is none, or has parameters.
    """
    content = bytearray()
    escaped = False
    for at, byte in enumerate(value[1:], 1):
        if not 0x20 <= byte < 0x7F:
            return None
        if escaped:
            if byte not in b'"\\':
                return None
            content.append(byte)
            escaped = False
        elif byte == 0x5C:
            escaped = True
        elif byte == 0x22:
            return content.decode("ascii") if at == len(value) - 1 else None
        else:
            content.append(byte)
    return None
