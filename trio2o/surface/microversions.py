"""
Microversions: what a request asks for, what all pods share, and ``latest``.

Nova and Cinder read ``OpenStack-API-Version`` differently, and so does this module (tried with Nova 34 and Cinder 29):

- Nova takes the last entry of its service, whatever the case; without one it looks at
  ``X-OpenStack-Nova-API-Version``, whose last entry counts; without that it serves its lowest version.
- Cinder takes the first entry that has its service's name anywhere in it, and refuses a header without one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from attrs import frozen

from trio2o.errors import BadRequest, NotAcceptable

STANDARD_HEADER = b"openstack-api-version"
LATEST = "latest"

#: Bounded, since int() refuses thousands of digits.
_VERSION = re.compile(r"([1-9][0-9]{0,99})\.(0|[1-9][0-9]{0,99})")
_Headers = Sequence[tuple[bytes, bytes]]


class Version(NamedTuple):
    """
    A microversion, ordered as numbers.
    """

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


class Range(NamedTuple):
    """
    The microversions from one to another, both included.
    """

    minimum: Version
    maximum: Version


def parse_version(text: str) -> Version:
    """
    ``2.79`` as numbers.

    :raises BadRequest: in the services' words, if it is no microversion.
    """
    found = _VERSION.fullmatch(text)
    if found is None:
        raise BadRequest(
            f"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum."
        )
    return Version(int(found.group(1)), int(found.group(2)))


def shared_range(ranges: Iterable[Range]) -> Range | None:
    """
    What all pods have: from the highest of the minima to the lowest of the maxima.

    ``None`` without pods, and where no version is common to all.
    """
    known = list(ranges)
    if not known:
        return None
    minimum = max(one.minimum for one in known)
    maximum = min(one.maximum for one in known)
    return Range(minimum, maximum) if minimum <= maximum else None


@frozen(kw_only=True)
class MicroversionRules:
    """
    How one service is asked for a microversion.
    """

    #: Its name in ``OpenStack-API-Version``.
    service: str
    #: The header of its own from before, in lower case; empty for none.
    legacy_header: bytes = b""
    #: How the standard header is read: the version it asks for, ``""`` for none.
    read: Callable[[str, str], str]

    def asked(self, headers: _Headers, advertised: Range) -> Version | None:
        """
        The version that a request asks for, ``latest`` as the advertised maximum; ``None`` where it asks for none and
        the service takes its lowest.

        :raises BadRequest: in the service's words, if the header is malformed.
        :raises NotAcceptable: in the service's words, if it is outside of the advertised range.
        """
        return self.negotiated(list(headers), advertised)[0]

    def negotiated(
        self, headers: list[tuple[bytes, bytes]], advertised: Range
    ) -> tuple[Version | None, list[tuple[bytes, bytes]]]:
        """
        :meth:`asked` and :meth:`forwarded` in one look at the headers.

        :raises BadRequest: as :meth:`asked` does.
        :raises NotAcceptable: as :meth:`asked` does.
        """
        standard: list[bytes] = []
        legacy: list[bytes] = []
        for name, value in headers:
            lowered = name.lower()
            if lowered == STANDARD_HEADER:
                standard.append(value)
            elif lowered == self.legacy_header:
                legacy.append(value)
        if not (standard or legacy):
            return None, headers
        version = self._version(standard, legacy, advertised)
        latest = any(b"latest" in value for value in (*standard, *legacy))
        return version, self.forwarded(headers, advertised) if latest else headers

    def _version(
        self, standard: Sequence[bytes], legacy: Sequence[bytes], advertised: Range
    ) -> Version | None:
        text = self.read(b",".join(standard).decode("latin-1"), self.service) if standard else ""
        if not text:
            if not legacy:
                return None
            text = legacy[-1].decode("latin-1").rpartition(",")[2].strip()
        if text == LATEST:
            return advertised.maximum
        version = parse_version(text)
        if not advertised.minimum <= version <= advertised.maximum:
            raise NotAcceptable(
                f"Version {version} is not supported by the API. "
                f"Minimum is {advertised.minimum} and maximum is {advertised.maximum}."
            )
        return version

    def forwarded(self, headers: _Headers, advertised: Range) -> list[tuple[bytes, bytes]]:
        """
        The headers with ``latest`` for this service replaced by the advertised maximum, so that all pods answer alike.
        What asks for other services and versions stays byte for byte.
        """
        result = []
        for name, value in headers:
            lowered = name.lower()
            if lowered == STANDARD_HEADER and b"latest" in value:
                value = b",".join(self._pinned(entry, advertised) for entry in value.split(b","))
            elif self.legacy_header and lowered == self.legacy_header and b"latest" in value:
                value = b",".join(
                    entry.replace(b"latest", str(advertised.maximum).encode())
                    if entry.strip() == b"latest"
                    else entry
                    for entry in value.split(b",")
                )
            result.append((name, value))
        return result

    def _pinned(self, entry: bytes, advertised: Range) -> bytes:
        words = entry.split()
        if len(words) != 2 or words[1] != b"latest" or self.service.encode() not in words[0].lower():
            return entry
        return entry.replace(b"latest", str(advertised.maximum).encode())


def last_entry(header: str, service: str) -> str:
    """
    The way of Nova: the last entry of the service counts, and what is no entry is passed over.
    """
    for entry in reversed(header.split(",")):
        words = entry.split(None, 1)
        if len(words) == 2 and words[0].lower() == service:
            return words[1].strip()
    return ""


def first_entry(header: str, service: str) -> str:
    """
    The way of Cinder: the first entry with the service's name in it counts, and there must be one.

    :raises BadRequest: in Cinder's words if there is none, or if it is not a name and a version (Cinder itself fails
        with a 500 then).
    """
    for entry in header.split(","):
        if service in entry:
            words = entry.split()
            if len(words) == 2:
                return words[1]
            break
    raise BadRequest(
        "The server could not comply with the request since it is either malformed or otherwise incorrect."
    )


#: By the service's name in ``OpenStack-API-Version``.
RULES: Mapping[str, MicroversionRules] = {
    "compute": MicroversionRules(
        service="compute", legacy_header=b"x-openstack-nova-api-version", read=last_entry
    ),
    "volume": MicroversionRules(service="volume", read=first_entry),
}
