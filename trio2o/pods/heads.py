"""
Reading the head of an answer. Pure. Source: RFC 9112 sections 4 to 6.
"""

from __future__ import annotations

import re

from attrs import frozen

from trio2o.exchange import HeaderList

#: The most bytes that the head of an answer may have, interim answers included.
MAX_HEAD = 131_072

_STATUS = re.compile(rb"HTTP/1\.([0-9]) ([0-9]{3})(?: (.*))?\Z", re.DOTALL)
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")

#: Names as they came, to lower case; so each is looked at once. Bounded, for they come from outside.
_NAMES: dict[bytes, bytes] = {}
_MOST_NAMES = 2000


class Malformed(ValueError):
    """
    What came is not the head of an HTTP/1 answer, or its framing can be read in two ways.
    """


@frozen
class Head:
    """
    A head, and how the body that follows it ends.
    """

    minor: int
    code: int
    phrase: bytes
    #: All fields in their order, names in lower case.
    fields: HeaderList
    #: The body's length; ``None`` when it is not known: chunked, or until close.
    length: int | None
    chunked: bool
    #: False when the connection ends after this answer.
    persists: bool


def parse_head(data: bytes, *, of_head: bool) -> Head:
    """
    Parse a head, without its empty line.

    :param of_head: whether it answers a HEAD, which has no body whatever is told.
    :raises Malformed: if it is none.
    """
    lines = data.split(b"\r\n")
    breaks = len(lines) - 1
    if data.count(b"\n") != breaks or data.count(b"\r") != breaks or b"\x00" in data:
        raise Malformed("a stray line break or zero byte in the head of the answer")
    status = _STATUS.match(lines[0])
    if status is None:
        raise Malformed("no status line")
    code = int(status[2])
    fields: HeaderList = []
    lengths: list[bytes] = []
    codings: list[bytes] = []
    persists = status[1] != b"0"
    for line in lines[1:]:
        raw, colon, value = line.partition(b":")
        if raw[:1] in (b" ", b"\t"):
            if not fields:
                raise Malformed("a folded line before any field")
            before, begun = fields[-1]
            fields[-1] = (before, begun + b" " + line.strip(b" \t"))
            if before in (b"content-length", b"transfer-encoding", b"connection"):
                raise Malformed("a folded line in a field that frames the body")
            continue
        if not colon:
            raise Malformed("a line without colon in the head of the answer")
        name = _NAMES.get(raw) or _named(raw)
        value = value.strip(b" \t")
        fields.append((name, value))
        if name == b"content-length":
            lengths.append(value)
        elif name == b"transfer-encoding":
            codings.append(value)
        elif name == b"connection" and b"close" in (token.strip().lower() for token in value.split(b",")):
            persists = False
    if code in (204, 304) or of_head or code < 200:
        return Head(int(status[1]), code, status[3] or b"", fields, 0, False, persists)
    if codings:
        if len(codings) != 1 or codings[0].lower() != b"chunked":
            raise Malformed("an unknown transfer coding")
        # With a length beside it someone on the way may see another end: the connection is not used again.
        return Head(int(status[1]), code, status[3] or b"", fields, None, True, persists and not lengths)
    length = _length(lengths)
    return Head(
        int(status[1]), code, status[3] or b"", fields, length, False, persists and length is not None
    )


def _length(told: list[bytes]) -> int | None:
    if not told:
        return None
    values = {value.strip(b" \t") for one in told for value in one.split(b",")}
    if len(values) != 1 or not all(value.isdigit() for value in values):
        raise Malformed("contradictory or malformed lengths")
    return int(values.pop())


def _named(raw: bytes) -> bytes:
    # Blanks before the colon are to be removed by a proxy (RFC 9112 section 5.1).
    name = raw.rstrip(b" \t").lower()
    if not _NAME.match(name):
        raise Malformed("a field name that is none")
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[raw] = name
    return name
