"""
The ``href`` of links in JSON bodies, changed without parsing them (I4).

A link is an object whose first two members are ``rel`` and ``href``, both strings, and that stands in a list: right
after ``[`` or after ``}`` and a comma, as every ``links`` and ``*_links`` of the Compute and Block Storage APIs has them.
Raw bytes are enough to find one for certain: ``{"rel"`` cannot occur inside of a JSON string, whose quotes are escaped, so text
that users wrote never looks like one; and metadata whose keys are called ``rel`` and ``href`` follows a colon.

Limits, so that a stream needs to hold little: what of a link is looked at takes at most 8,192 bytes, and at most 64
bytes of white space stand between two tokens. Slashes may be escaped; other escapes within a prefix are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from zope.interface import implementer

from trio2o.interfaces import IBodyTransform

MAX_LINK = 8192
_MAX_SPACE = 64
_SPACE_BYTES = b" \t\r\n"
#: How far before a link one must look to see that it stands in a list: two tokens and two gaps.
_CONTEXT = 2 * (_MAX_SPACE + 1)

_SPACE = rb"[ \t\r\n]{0,%d}+" % _MAX_SPACE
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_REST_OF_STRING = rb'[^"\\]*+(?:\\.[^"\\]*+)*+"'
_REL = rb'"rel"' + _SPACE + rb":" + _SPACE + _STRING
_HREF = rb'"href"' + _SPACE + rb":" + _SPACE + rb'"'
_COMMA = _SPACE + rb"," + _SPACE

#: The beginnings of links as Python's json writes them in Nova's and Cinder's answers, up to the URL.
_USUAL = (
    b'[{"rel": "self", "href": "',
    b'}, {"rel": "bookmark", "href": "',
    b'[{"rel": "bookmark", "href": "',
    b'[{"rel": "next", "href": "',
    b'}, {"rel": "self", "href": "',
)


class LinkRewriter:
    """
    Puts the top region's root where links begin with one of a pod's.

    :param prefixes: what the pod puts before its links, without version: ``http://10.0.0.7:8774``. The longest that fits
        counts; one fits only where it ends at a ``/`` or with the value.
    :param top: what takes their place: ``https://cloud.example:8774``.
    """

    def __init__(self, prefixes: Sequence[bytes], top: bytes) -> None:
        roots = sorted({prefix.rstrip(b"/") for prefix in prefixes} - {b""}, key=len, reverse=True)
        self._top = top.rstrip(b"/")
        self._top_escaped = self._top.replace(b"/", rb"\/")
        #: Each prefix holds one of these, however its slashes are written.
        self._hosts = tuple({max(root.split(b"/"), key=len) for root in roots})
        any_root = b"|".join(re.escape(root).replace(b"/", rb"\\?/") for root in roots)
        at_boundary = rb'(?=\\?/|")'
        self._links = re.compile(
            rb"\{" + _SPACE
            + rb"(?:" + _REL + _COMMA + _HREF + rb"(" + any_root + rb")" + at_boundary
            + rb"|" + _HREF + rb"(" + any_root + rb")" + at_boundary + _REST_OF_STRING + _COMMA + _REL
            + rb")",
            re.DOTALL,
        )  # fmt: skip
        # Replaced one after the other, which is wrong where a result holds what is replaced later.
        again = any((self._top + b"/").startswith(root + b"/") for root in roots)
        self._usual = (
            ()
            if again
            else tuple(
                (start + root + end, start + self._top + end)
                for root in roots
                for end in _ends(root, roots)
                for start in _USUAL
            )
        )

    def rewrite(self, body: bytes) -> bytes:
        """
        The body with its links changed, and nothing else.
        """
        result = self.usual(body)
        if result is not None:
            return result
        pieces, end = self.pieces(body, 0, len(body))
        pieces.append(body[end:])
        return b"".join(pieces)

    def usual(self, body: bytes) -> bytes | None:
        """
        The body with its links changed if it holds the pod's URLs in nothing but links as Nova and Cinder write them.
        """
        if self._mentioned(body) and self._usual:
            for link, result in self._usual:
                body = body.replace(link, result)
        return None if self._mentioned(body) else body

    def pieces(self, window: bytes, start: int, stop: int) -> tuple[list[bytes], int]:
        """
        The changed bytes from ``start`` to at least ``stop``, where links that begin before ``stop`` are complete, and
        the place up to which they go. What stands before ``start`` is looked at and not changed.
        """
        pieces: list[bytes] = []
        done = start
        for found in self._found(window, start, stop):
            begin, end = found.span(found.lastindex or 0)
            pieces.append(window[done:begin])
            pieces.append(self._top_escaped if b"\\" in found.group(found.lastindex or 0) else self._top)
            pieces.append(window[end : found.end()])
            done = found.end()
        if done < stop:
            pieces.append(window[done:stop])
            done = stop
        return pieces, done

    def _mentioned(self, body: bytes) -> bool:
        for host in self._hosts:  # noqa: SIM110 - any() costs more than the search in a small body
            if host in body:
                return True
        return False

    def _found(self, window: bytes, start: int, stop: int) -> Iterator[re.Match[bytes]]:
        if not self._hosts:
            return
        for found in self._links.finditer(window, start):
            if found.start() >= stop:
                return
            if found.end() - found.start() <= MAX_LINK and _in_list(window, found.start()):
                yield found


def _ends(root: bytes, roots: Sequence[bytes]) -> Sequence[bytes]:
    """
    What comes after a prefix: a path, and also nothing where a shorter prefix would take the end of this one for a path.
    """
    return (b"/", b'"') if any(root.startswith(other + b"/") for other in roots) else (b"/",)


def _ends_in_rel(window: bytes, start: int, stop: int) -> bool:
    return window.rfind(b'"rel"', start, stop) > window.rfind(b'"href"', start, stop)


def _in_list(window: bytes, at: int) -> bool:
    """
    True where the object that begins at a place is an element of a list.
    """
    before = window[max(0, at - _CONTEXT) : at]
    text = before.rstrip(_SPACE_BYTES)
    if len(before) - len(text) > _MAX_SPACE:
        return False
    if text.endswith(b"["):
        return True
    if not text.endswith(b","):
        return False
    comma = text[:-1]
    text = comma.rstrip(_SPACE_BYTES)
    return len(comma) - len(text) <= _MAX_SPACE and text.endswith(b"}")


@implementer(IBodyTransform)
class LinkStream:
    """
    The same for a body that comes in chunks, however it is cut; holds back at most one link's length.
    """

    def __init__(self, rewriter: LinkRewriter) -> None:
        self._rewriter = rewriter
        self._before = b""
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """
        See :class:`IBodyTransform`.
        """
        self._held += chunk
        return self._settled(len(self._held) - MAX_LINK)

    def flush(self) -> bytes:
        """
        See :class:`IBodyTransform`.
        """
        return self._settled(len(self._held)) + self._settled(len(self._held))

    def _settled(self, count: int) -> bytes:
        if count <= 0:
            return b""
        start = len(self._before)
        window = self._before + self._held
        # No usual link has a brace but at its ends: cut before one, and none is cut in two. Another's "rel" may have one:
        # then the URL is still to come.
        done = window.rfind(b"}", start, start + count)
        part = window[start:done] if done > start and not _ends_in_rel(window, start, done) else b""
        usual = self._rewriter.usual(part) if part else None
        if usual is not None:
            pieces = [usual]
        else:
            pieces, done = self._rewriter.pieces(window, start, start + count)
        self._before = window[max(0, done - _CONTEXT) : done]
        self._held = window[done:]
        return b"".join(pieces)
