"""
Ids that each pod gives of its own, exchanged for those that users know and back, with every other byte left as it was (I4).

Which places hold them is the surface tables' to say (:mod:`trio2o.surface.mapped_ids`); what an id becomes is a *lookup*'s,
which gives ``None`` for what is no id of a kind, or the same everywhere. Ids have hyphens, as the services write them. In which
case they are written stays as it was: some databases find them in either, and others do not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from trio2o.interfaces import IPodIds
from trio2o.rewriting.spans import elements, members, skip_space
from trio2o.surface.mapped_ids import MAPPED_KINDS, Ids, MappedIds, Shape

#: The other id of a thing of a kind; ``None`` where there is none.
Lookup = Callable[[str, str], str | None]

_HEX = r"[0-9a-fA-F]"
_UUID = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
# an id is a word of its own, whatever the punctuation around it
_WORD = re.compile(rf"(?<![\w-]){_UUID}(?![\w-])", re.ASCII)
_WORD_BYTES = re.compile(_WORD.pattern.encode(), re.ASCII)
_WHOLE = re.compile(_UUID)

_TO_NOBODYS = str.maketrans("0123456789abcdef", "fedcba9876543210")


def asked_of(ids: IPodIds) -> Lookup:
    """
    What becomes of the ids in a request to a pod: its own.

    Its own id of what users know by another one is nothing that they know, so it becomes an id that nobody has: the pod says in
    its own words that there is no such thing.
    """

    def own(kind: str, asked: str) -> str | None:
        known = asked.lower()
        found: str | None = ids.own(kind, known)
        if found is None and ids.top(kind, known) not in (None, known):
            found = nobodys(known)
        return found if found is None or asked == known else found.upper()

    return own


def told_by(ids: IPodIds) -> Lookup:
    """
    What becomes of the ids in a pod's answer: those that users know; and what :func:`asked_of` has put in place of one, that one.
    """

    def top(kind: str, told: str) -> str | None:
        known = told.lower()
        found: str | None = ids.top(kind, known)
        if found is None and ids.top(kind, nobodys(known)) is not None:
            found = nobodys(known)
        return found if found is None or told == known else found.upper()

    return top


def nobodys(known: str) -> str:
    """
    An id that no service gives anything, and whose own counterpart is this one: the version of UUIDs is turned over, too.
    """
    return known.translate(_TO_NOBODYS)


def in_body(body: bytes, shape: Shape, lookup: Lookup, *, lone: str = "") -> bytes:
    """
    A body with the ids at the places of a shape exchanged. What is malformed stays as it is.

    :param lone: see :attr:`MappedIds.lone`; a body that has it once takes no parsing.
    """
    if not shape:
        return body
    if lone:
        done = _in_lone(body, lone, shape, lookup)
        if done is not None:
            return done
    if _WORD_BYTES.search(body) is None:
        return body
    try:
        text = body.decode()
        edits = list(_edits(text, skip_space(text, 0), shape, lookup))
    except (ValueError, RecursionError):
        return body
    for start, end, value in reversed(edits):
        text = text[:start] + json.dumps(value) + text[end:]
    return text.encode() if edits else body


def in_item(item: dict[str, Any], shape: Shape, lookup: Lookup) -> None:
    """
    The same on a parsed object, in place.
    """
    for key, inner in shape.items():
        value = item.get(key)
        if isinstance(inner, Ids):
            if isinstance(value, str):
                item[key] = _exchanged(value, inner, lookup)
            elif isinstance(value, list):
                item[key] = [
                    _exchanged(each, inner, lookup) if isinstance(each, str) else each for each in value
                ]
        else:
            for each in value if isinstance(value, list) else (value,):
                if isinstance(each, dict):
                    in_item(each, inner, lookup)


def in_words(body: bytes, lookup: Lookup) -> bytes:
    """
    An error's body with all ids exchanged that stand for themselves, of whichever kind: a fault names them in its words.
    """

    def exchanged(found: re.Match[bytes]) -> bytes:
        return _of_any(found.group().decode("ascii"), lookup).encode("ascii")

    return _WORD_BYTES.sub(exchanged, body)


def in_target(target: bytes, template: str, wanted: str, places: MappedIds, lookup: Lookup) -> bytes:
    """
    Path and query with the id that the path names, and those of the query's parameters, exchanged.

    :param template: the path of the row: ``/types/{id}/extra_specs``.
    :param wanted: what stands for ``{id}`` there; empty for nothing.
    """
    path, mark, query = target.partition(b"?")
    if places.path and wanted and _WHOLE.fullmatch(wanted):
        own = lookup(places.path, wanted)
        before = template.partition("{id}")[0].encode("ascii")
        at = path.find(before + wanted.encode("ascii")) if own is not None else -1
        if own is not None and at >= 0:
            at += len(before)
            path = path[:at] + own.encode("ascii") + path[at + len(wanted) :]
    if query and places.parameters:
        query = b"&".join(_in_parameter(pair, places, lookup) for pair in query.split(b"&"))
    return path + mark + query


def _in_parameter(pair: bytes, places: MappedIds, lookup: Lookup) -> bytes:
    name, equals, value = pair.partition(b"=")
    kind = places.parameters.get(unquote_plus(name.decode("latin-1")))
    if kind is None or not equals:
        return pair
    own = lookup(kind, unquote_plus(value.decode("latin-1")))
    return pair if own is None else name + equals + quote_plus(own).encode("ascii")


def _in_lone(body: bytes, name: str, shape: Shape, lookup: Lookup) -> bytes | None:
    """
    The body where a field is there once; ``None`` where that takes a closer look.
    """
    token = b'"' + name.encode("ascii") + b'"'
    at = body.find(token)
    if at < 0 or body.find(token, at + 1) >= 0:
        return None
    found = _VALUE.match(body, at + len(token))
    if found is None:
        return None
    ids = next(inner[name] for inner in shape.values() if not isinstance(inner, Ids) and name in inner)
    assert isinstance(ids, Ids)
    other = lookup(ids.kind, found.group(1).decode("ascii"))
    return body if other is None else body[: found.start(1)] + other.encode("ascii") + body[found.end(1) :]


_VALUE = re.compile(rb'[ \t\r\n]*:[ \t\r\n]*"(' + _UUID.encode() + rb')"')


def _edits(text: str, at: int, shape: Shape | Ids, lookup: Lookup) -> Iterator[tuple[int, int, str]]:
    """
    What to put where, in order. Of two equal keys the later one counts, so both are changed.
    """
    opening = text[at : at + 1]
    if isinstance(shape, Ids):
        if opening == "[":
            for place in elements(text, at):
                if text[place] == '"':
                    yield from _edits(text, place, shape, lookup)
        elif opening == '"':
            value, end = _string(text, at)
            other = _exchanged(value, shape, lookup)
            if other != value:
                yield at, end, other
    elif opening == "{":
        for member in members(text, at):
            if member.key in shape:
                yield from _edits(text, member.value_start, shape[member.key], lookup)
    elif opening == "[":
        for place in elements(text, at):
            if text[place] == "{":
                yield from _edits(text, place, shape, lookup)


def _string(text: str, at: int) -> tuple[str, int]:
    value, end = _DECODER.raw_decode(text, at)
    return str(value), end


_DECODER = json.JSONDecoder(strict=False)


def _exchanged(value: str, ids: Ids, lookup: Lookup) -> str:
    if not ids.within:
        return lookup(ids.kind, value) or value
    if not ids.kind:
        return _WORD.sub(lambda found: _of_any(found.group(), lookup), value)
    return _WORD.sub(lambda found: lookup(ids.kind, found.group()) or found.group(), value)


def _of_any(value: str, lookup: Lookup) -> str:
    for kind in MAPPED_KINDS:
        other = lookup(kind, value)
        if other is not None:
            return other
    return value
