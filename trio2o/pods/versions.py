"""
What the version documents of a pod's services tell: the microversions, and what the service puts before its links.

Formats: "API versions" of the Compute and Block Storage API references. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from attrs import field, frozen

from trio2o.surface.roots import root_url

#: The version of each service whose microversions count, by the beginning of its id.
_MAJOR = {"compute": "v2.1", "volume": "v3"}

_MICROVERSION = re.compile(r"([0-9]+)\.([0-9]+)\Z")


@frozen(kw_only=True)
class ServiceFacts:
    """
    What one service of a pod said of itself.
    """

    microversion_min: tuple[int, int]
    microversion_max: tuple[int, int]
    #: The roots that stand before its links, without version and trailing slash, longest first.
    link_prefixes: tuple[bytes, ...]


@frozen(kw_only=True)
class PodFacts:
    """
    What is known of a pod from its version documents.
    """

    #: By service type. A service that has not answered yet is absent; one that is down keeps what it said last.
    services: Mapping[str, ServiceFacts] = field(factory=dict)
    #: When a service of the pod last answered, seconds of the reactor's clock.
    last_seen: float


def parse_versions(service: str, document: bytes) -> ServiceFacts | None:
    """
    The facts of a version document, of a list as of a single version; ``None`` when it is none of this service.
    """
    try:
        told = orjson.loads(document)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict):
        return None
    single = told.get("version")
    listed = told.get("versions")
    entries: list[Any] = [single] if isinstance(single, dict) else listed if isinstance(listed, list) else []
    major = _MAJOR[service]
    for entry in entries:
        if not isinstance(entry, dict) or not str(entry.get("id", "")).startswith(major):
            continue
        lowest, highest = microversion(entry.get("min_version")), microversion(entry.get("version"))
        prefix = _link_prefix(entry.get("links"))
        if lowest is not None and highest is not None and prefix is not None:
            return ServiceFacts(microversion_min=lowest, microversion_max=highest, link_prefixes=(prefix,))
    return None


def microversion(text: object) -> tuple[int, int] | None:
    """
    ``2.79`` as numbers; ``None`` when it is no microversion.
    """
    found = _MICROVERSION.match(text) if isinstance(text, str) else None
    return (int(found[1]), int(found[2])) if found else None


def _link_prefix(links: object) -> bytes | None:
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "self" and isinstance(link.get("href"), str):
            root = root_url(link["href"])
            return root.encode() if root.startswith(("http://", "https://")) else None
    return None
