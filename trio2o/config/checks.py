"""
What values the options accept, beyond their types.

Each check gives the value back, normalised, or raises ``ValueError``.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from attrs import frozen
from twisted.internet.endpoints import serverFromString

from trio2o.config.option import Check

#: RFC 9110's ``token``: what a pseudonym in a ``Via`` field may consist of.
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VERSION_AT_END = re.compile(r"/v[0-9][0-9.]*$")


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """
    `` (did you mean …?)`` for a word that is close to a known one, else nothing.
    """
    close = difflib.get_close_matches(wrong, sorted(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


@frozen
class Range:
    """
    Accepts the numbers from a low to a high one, both included.
    """

    low: float
    high: float
    unit: str = ""

    def __call__(self, value: float) -> float:
        if not self.low <= value <= self.high:
            raise ValueError(f"must be {self}{self.unit and ' '}{self.unit}, not {_number(value)}")
        return value

    def __str__(self) -> str:
        return f"from {_number(self.low)} to {_number(self.high)}"


def _number(value: float) -> str:
    return f"{value:.15g}"


def between(low: float, high: float) -> Range:
    """
    Accept the numbers from ``low`` to ``high``, both included.
    """
    return Range(low, high)


def seconds(low: float, high: float) -> Range:
    """
    Accept a duration.
    """
    return Range(low, high, "seconds")


def one_of(*words: str) -> Check:
    """
    Accept some words.
    """

    def check(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}, not {value!r}")
        return value

    return check


def name(value: str) -> str:
    """
    Accept what can be the name of a region or a zone: something, without control characters and outer blanks.
    """
    if not value or len(value) > 255 or value != value.strip() or not value.isprintable():
        raise ValueError("must be 1 to 255 printable characters, without blanks at either end")
    return value


def zone(value: str) -> str:
    """
    Accept the name of an availability zone; Nova splits what it is given at colons.
    """
    if ":" in name(value):
        raise ValueError("must not have a colon: Nova reads zone:host")
    return value


def pod_zone(value: str) -> str:
    """
    Accept the name of a zone, or an empty one.
    """
    return zone(value) if value else value


def tag(value: str) -> str:
    """
    Accept what can be joined by commas.
    """
    if "," in name(value):
        raise ValueError("must not have a comma")
    return value


def once(values: tuple[str, ...]) -> tuple[str, ...]:
    """
    Accept a list that has nothing twice.
    """
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"has {value} twice")
        seen.add(value)
    return values


def some(values: tuple[str, ...]) -> tuple[str, ...]:
    """
    Accept a list that has something, each once.
    """
    if not values:
        raise ValueError("must not be empty")
    return once(values)


def url(value: str) -> str:
    """
    Accept ``http(s)://host[:port][/path]``; a slash at the end is dropped.
    """
    wanted = "must be a URL such as https://host:8774/prefix"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not value.isascii():
        raise ValueError(wanted)
    if any(character.isspace() for character in value):
        raise ValueError(wanted)
    if parts.query or parts.fragment or "?" in value or "#" in value:
        raise ValueError("must be a URL without ? and #")
    if parts.username is not None:
        raise ValueError("must be a URL without user and password")
    return value.rstrip("/")


def root_url(value: str) -> str:
    """
    Accept the URL of a service without version and project.
    """
    root = url(value)
    if _VERSION_AT_END.search(root):
        raise ValueError(f"must be the service's root, without the version: {_VERSION_AT_END.sub('', root)}")
    return root


def endpoint(value: str) -> str:
    """
    Accept one server endpoint string that Twisted understands; nothing is opened.
    """
    try:
        port = getattr(serverFromString(cast("Any", None), value), "_port", 0)
    except (KeyError, IndexError) as problem:
        # The sockets of systemd are there only when systemd starts the daemon.
        if value.startswith("systemd:"):
            return value
        raise ValueError(f"{value!r} is not an endpoint: {problem}") from None
    except Exception as problem:  # noqa: BLE001 - parsers of plug-ins raise what they like
        raise ValueError(f"{value!r} is not an endpoint that Twisted knows: {problem}") from None
    if isinstance(port, int) and not 0 <= port <= 65535:
        raise ValueError(f"{value!r} has no port from 0 to 65535")
    return value


def readable(value: Path) -> Path:
    """
    Accept a file that can be read.
    """
    try:
        with value.open("rb") as file:
            file.read(1)
    except OSError as problem:
        raise ValueError(f"{value} cannot be read: {problem.strerror}") from None
    return value


def network(value: str) -> str:
    """
    Accept an address or a network (``10.0.0.0/8``).
    """
    try:
        ipaddress.ip_network(value)
    except ValueError:
        raise ValueError(f"{value!r} is not an address or network such as 10.0.0.0/8") from None
    return value


def via(value: str) -> str:
    """
    Accept a pseudonym for the ``Via`` field (RFC 9110).
    """
    if not _TOKEN.fullmatch(value):
        raise ValueError("must be a word of letters, digits and punctuation, as RFC 9110 has it")
    return value


def unknown_names(kind: str, values: Iterable[str], known: Collection[str]) -> list[tuple[str, str]]:
    """
    The unknown ones among some names, each with what to say of it.
    """
    return [
        (value, f"unknown {kind} {value}{suggestion(value, known)}") for value in values if value not in known
    ]


def headers(value: Mapping[str, str]) -> Mapping[str, str]:
    """
    Accept names of header fields (RFC 9110, "token"), each with a text.
    """
    for name in value:
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"has {name!r}, which is no name of a header")
    return value


def some_text(value: str) -> str:
    """
    Accept a text that is not empty: that would be in everything.
    """
    if not value:
        raise ValueError("must not be empty")
    return value
