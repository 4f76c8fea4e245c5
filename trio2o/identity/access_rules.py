"""
The access rules of application credentials: may a token be used for this request?

A pure function of values. The meaning of patterns is that of the services' own check (keystonemiddleware's
``auth_token``), which a token that is forwarded meets again at the pod:

- ``*`` and ``{name}`` stand for one or more characters other than ``/``,
- ``**`` for any number of any characters,
- everything else for itself, and the pattern for the whole path without its query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from trio2o.model import AccessRule

#: What a rule may call the service that a surface stands for (OpenStack's service-types authority).
_NAMES: Mapping[str, frozenset[str]] = {
    "volume": frozenset({"volume", "volumev2", "volumev3", "block-storage", "block-store"}),
}

#: What is left unescaped in the path that a service compares.
_UNESCAPED = "/~!$&'()*+,;=:@"

_ONE = object()
_ANY = object()
_TOKEN = re.compile(r"(?P<any>\*\*)|(?P<one>\*|\{[^}]*\})|(?P<literal>.)", re.DOTALL)


def allowed(rules: Sequence[AccessRule] | None, service: str, method: str, path: str) -> bool:
    """
    True when the rules let a request through; ``None`` is a token without rules, which may do all that its
    roles may.

    ``service`` is the surface that was called (``compute``, ``volume``), ``path`` the path as the client sent
    it, with or without its query.
    """
    if rules is None:
        return True
    names = _NAMES.get(service, frozenset({service}))
    named = [rule for rule in rules if rule.method == method and rule.service in names]
    if not named:
        return False
    compared = _comparable(path)
    return compared is not None and any(path_matches(rule.path, compared) for rule in named)


def path_matches(pattern: str, path: str) -> bool:
    """
    True when the pattern describes the whole path.

    Users write these patterns, and a regular expression with many wildcards can take time that grows with a
    power of the path's length. Here all ways to match are followed side by side, as bits of a number: bit
    ``i`` says that the pattern so far can end before ``path[i]``. So the work is one step for each character
    of the pattern.
    """
    length = len(path)
    everywhere = (1 << (length + 1)) - 1
    inside = everywhere >> 1 & ~_places(path, "/")
    places: dict[str, int] = {}
    ends = 1
    for part in _parts(pattern):
        if part is _ANY:
            # From the first possible end on, all are possible.
            ends = everywhere & -(ends & -ends)
        elif part is _ONE:
            starts = ends & inside
            # A carry runs from each start through the ones of its segment: one addition fills all segments.
            run = (((starts + inside) ^ inside) | starts) & inside
            ends = run << 1
        else:
            character = str(part)
            if character not in places:
                places[character] = _places(path, character)
            ends = (ends & places[character]) << 1
        if not ends:
            return False
    return bool(ends >> length & 1)


def _comparable(path: str) -> str | None:
    """
    The path in the one spelling that is compared, or ``None`` where a rule could be fooled: by ``.`` and
    ``..`` segments, which a server behind may resolve to another path.
    """
    decoded = unquote_to_bytes(path.partition("?")[0])
    if any(segment in (b".", b"..") for segment in decoded.split(b"/")):
        return None
    return quote(decoded, safe=_UNESCAPED)


@lru_cache(maxsize=1024)
def _parts(pattern: str) -> tuple[object, ...]:
    return tuple(_read(_TOKEN.finditer(pattern)))


def _read(tokens: Iterable[re.Match[str]]) -> Iterable[object]:
    for token in tokens:
        if token["any"]:
            yield _ANY
        elif token["one"]:
            yield _ONE
        else:
            yield token["literal"]


def _places(path: str, character: str) -> int:
    """
    The positions of a character as bits; the first character is bit 0.
    """
    return int("0" + "".join("1" if each == character else "0" for each in reversed(path)), 2)
