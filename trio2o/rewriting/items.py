"""
One metadata item of a resource: put into a create's body, and taken out of its answer, with every other byte left as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from trio2o.rewriting.spans import Member, members, skip_space

#: Resources whose service takes ``null`` for no metadata.
_NULLABLE = frozenset({"volume", "snapshot"})

_METADATA = "metadata"


class Taken(Exception):
    """
    The body has an item of this name already.
    """


def with_item(body: bytes, single: str, name: str, value: str) -> bytes | None:
    """
    A create's body with one more metadata item; ``None`` where there is no place for one, and the pod will say what is wrong.

    :raises Taken: if the resource has an item of this name.
    """
    item = f"{json.dumps(name)}:{json.dumps(value)}"
    try:
        text = body.decode()
        edits = list(_insertions(text, single, name, item))
    except (ValueError, RecursionError):
        return None
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text.encode() if edits else None


def without_item(body: bytes, single: str, name: str) -> bytes:
    """
    The body of an answer about one resource without the metadata item of this name.
    """
    if name.encode() not in body:
        return body
    try:
        text = body.decode()
        spans = [
            span
            for metadata in _metadata(text, single)
            if isinstance(metadata.value, dict)
            for span in _removals(text, metadata.value_start, name)
        ]
    except (ValueError, RecursionError):
        return body
    for start, end in reversed(spans):
        text = text[:start] + text[end:]
    return text.encode() if spans else body


def without_echo(body: bytes, name: str, value: str, *, alone: bool) -> bytes:
    """
    A refusal without the item, where it repeats what it was sent in the words of Python, as Nova's and Cinder's schemas do.

    :param alone: True where the client named no metadata at all.
    """
    item = f"'{name}': '{value}'"
    spellings = [f"{item}, ", item]
    if alone:
        whole = f"'{_METADATA}': {{{item}}}"
        spellings = [f"{whole}, ", whole, *spellings]
    for spelling in spellings:
        body = body.replace(spelling.encode(), b"")
    return body


def _resources(text: str, single: str) -> Iterator[Member]:
    for outer in members(text, skip_space(text, 0)):
        if outer.key == single and isinstance(outer.value, dict):
            yield outer


def _metadata(text: str, single: str) -> Iterator[Member]:
    for resource in _resources(text, single):
        for member in members(text, resource.value_start):
            if member.key == _METADATA:
                yield member


def _insertions(text: str, single: str, name: str, item: str) -> Iterator[tuple[int, int, str]]:
    """
    What to put where, in order. Of two equal keys the later one counts, so both get the item.
    """
    for resource in _resources(text, single):
        inner = [member for member in members(text, resource.value_start) if member.key == _METADATA]
        for metadata in inner:
            if isinstance(metadata.value, dict):
                if name in metadata.value:
                    raise Taken(name)
                at = metadata.value_start + 1
                yield at, at, item + ("," if metadata.value else "")
            elif metadata.value is None and single in _NULLABLE:
                yield metadata.value_start, metadata.end, f"{{{item}}}"
        if not inner:
            at = resource.value_start + 1
            yield at, at, f"{json.dumps(_METADATA)}:{{{item}}}" + ("," if resource.value else "")


def _removals(text: str, start: int, name: str) -> Iterator[tuple[int, int]]:
    """
    Which parts of an object to take out so that no member of this name stays, in order and apart from each other.
    """
    kept_end = start + 1
    first = True
    inner = list(members(text, start))
    for number, member in enumerate(inner):
        if member.key != name:
            kept_end, first = member.end, False
        elif first:
            # nothing stays before it: the comma after it goes with it
            yield member.start, inner[number + 1].start if number + 1 < len(inner) else member.end
        else:
            yield kept_end, member.end
            kept_end = member.end
