"""
Where the parts of a JSON text stand, so that one can be exchanged and every other byte stays as it was.

What Python's ``json`` would read from the text is what counts: of two equal keys the later one is the value, which is why
those who edit change both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from typing import Any, NamedTuple

_SPACE = re.compile(r"[ \t\r\n]*")
# Numbers stay text: some are too large for a float, or for the digits that int() takes.
_decode = JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False).raw_decode


class Member(NamedTuple):
    """
    A member of an object: its key and the places of key, value and end.
    """

    key: str
    start: int
    value_start: int
    value: Any
    end: int


def skip_space(text: str, at: int) -> int:
    """
    The place of the next token.
    """
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def members(text: str, at: int) -> Iterator[Member]:
    """
    The members of the object that begins at a place. Numbers in their values are text.

    :raises ValueError: if there is no object, or it is malformed.
    """
    _expect(text, at, "{")
    at = skip_space(text, at + 1)
    if text[at : at + 1] == "}":
        return
    while True:
        start = at
        _expect(text, start, '"')
        key, at = _decode(text, start)
        at = skip_space(text, at)
        _expect(text, at, ":")
        value_start = skip_space(text, at + 1)
        value, end = _decode(text, value_start)
        yield Member(key, start, value_start, value, end)
        at = skip_space(text, end)
        if text[at : at + 1] == "}":
            return
        _expect(text, at, ",")
        at = skip_space(text, at + 1)


def elements(text: str, at: int) -> Iterator[int]:
    """
    The places where the elements of the array at a place begin.

    :raises ValueError: if there is no array, or it is malformed.
    """
    _expect(text, at, "[")
    at = skip_space(text, at + 1)
    if text[at : at + 1] == "]":
        return
    while True:
        yield at
        _, at = _decode(text, at)
        at = skip_space(text, at)
        if text[at : at + 1] == "]":
            return
        _expect(text, at, ",")
        at = skip_space(text, at + 1)


def _expect(text: str, at: int, token: str) -> None:
    if text[at : at + 1] != token:
        raise JSONDecodeError(f"Expecting {token}", text, at)
