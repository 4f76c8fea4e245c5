"""
Availability zones: a pod's names become the top's in answers (I4), and the top's become the pod's in creates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import orjson

from trio2o.rewriting.spans import elements, members, skip_space

_SERVER = ("OS-EXT-AZ:availability_zone", "pinned_availability_zone")
_PLAIN = ("availability_zone",)
#: Nova shows volumes by its own name for it, up to microversion 2.35.
_VOLUME = ("availability_zone", "availabilityZone")

#: The key of a resource, or a list of them, to the fields of the resource that name a zone.
ZONE_FIELDS: Mapping[str, tuple[str, ...]] = {
    "server": _SERVER,
    "servers": _SERVER,
    "volume": _VOLUME,
    "volumes": _VOLUME,
    "backup": _PLAIN,
    "backups": _PLAIN,
    "group": _PLAIN,
    "groups": _PLAIN,
    "consistencygroup": _PLAIN,
    "consistencygroups": _PLAIN,
}

_SINGLE = re.compile(
    rb'[ \t\r\n]*\{[ \t\r\n]*"(server|volume|backup|group|consistencygroup)"[ \t\r\n]*:[ \t\r\n]*\{'
)
#: Nova's words when a server is to be pinned to a zone that it is not in.
_CURRENT_ZONE = re.compile(rb"can only be pinned to its current availability zone '([^'\\]+)'")
_VALUES = {
    field: re.compile(rb'"' + re.escape(field.encode()) + rb'"[ \t\r\n]*:[ \t\r\n]*("[^"\\]+")')
    for field in {*_SERVER, *_VOLUME}
}


def top_zones(body: bytes, zone: str, kept: Collection[str] = ()) -> bytes:
    """
    The body of an answer with a pod's zones replaced by the top name of the zone that the pod is in.

    Only fields of the resource itself are changed, never those of its metadata; what names no zone stays so.
    Every other byte stays. A single resource takes about as long as parsing it; lists that are parsed anyway are
    better served by :func:`name_zone`.

    :param kept: the names of zones that users know by these names.
    """
    single = _SINGLE.match(body)
    if single is not None:
        splices = _certain_splices(body, single.group(1).decode(), kept)
        if splices is not None:
            return _replaced(body, splices, json.dumps(zone).encode())
    try:
        text = body.decode()
        spans = list(_zone_values(text, kept))
    except (ValueError, RecursionError):
        return body
    return _replaced_text(text, spans, json.dumps(zone)).encode() if spans else body


def name_zone(resource: dict[str, Any], key: str, zone: str, kept: Collection[str] = ()) -> None:
    """
    The same on a parsed resource, in place; ``key`` is what it or its list stands under.
    """
    for field in ZONE_FIELDS.get(key, ()):
        if isinstance(resource.get(field), str) and resource[field] and resource[field] not in kept:
            resource[field] = zone


def pod_zone(body: bytes, single: str, zone: str, field: str = "availability_zone") -> bytes:
    """
    A body with the zone of the resource under a key replaced by the pod's own name for it, or taken out where the pod has
    none; every other byte stays. Nova's ``zone:host:node`` keeps host and node.

    What is malformed is left for the pod to refuse.
    """
    try:
        text = body.decode()
        edits = list(_zone_edits(text, single, zone, field))
    except (ValueError, RecursionError):
        return body
    for start, end, value in reversed(edits):
        text = text[:start] + value + text[end:]
    return text.encode() if edits else body


def zone_in_words(body: bytes, pod_zone: str, zone: str) -> bytes:
    """
    Nova's refusal to pin a server to another zone than its own, with the pod's name for that one made the top's.

    :param pod_zone: the pod's own name; empty where it has no one name, and whatever is named is its.
    """
    found = _CURRENT_ZONE.search(body)
    if found is None or (pod_zone and found.group(1) != pod_zone.encode()):
        return body
    return body[: found.start(1)] + json.dumps(zone)[1:-1].encode() + body[found.end(1) :]


def _certain_splices(body: bytes, single: str, kept: Collection[str]) -> list[tuple[int, int]] | None:
    """
    Where the zone names of one resource stand; ``None`` where that takes a closer look.
    """
    mentioned = [field for field in ZONE_FIELDS[single] if body.find(field.encode()) >= 0]
    if not mentioned:
        return []
    try:
        resource = orjson.loads(body)[single]
    except ValueError:
        return None
    splices = []
    for field in mentioned:
        value = resource.get(field)
        if not isinstance(value, str) or not value or value in kept:
            continue
        token = b'"' + field.encode() + b'"'
        at = body.find(token)
        found = _VALUES[field].match(body, at) if at >= 0 else None
        if found is None or body.find(token, at + 1) >= 0 or orjson.loads(found.group(1)) != value:
            return None
        splices.append(found.span(1))
    return splices


def _replaced(body: bytes, spans: list[tuple[int, int]], value: bytes) -> bytes:
    for start, end in sorted(spans, reverse=True):
        body = body[:start] + value + body[end:]
    return body


def _replaced_text(text: str, spans: list[tuple[int, int]], value: str) -> str:
    pieces = []
    done = 0
    for start, end in spans:
        pieces += [text[done:start], value]
        done = end
    return "".join([*pieces, text[done:]])


def _zone_values(text: str, kept: Collection[str]) -> Iterator[tuple[int, int]]:
    """
    The places of all zone names of an answer's own resources, in order.
    """
    for outer in members(text, skip_space(text, 0)):
        fields = ZONE_FIELDS.get(outer.key, ())
        starts: list[int] = []
        if fields and isinstance(outer.value, dict):
            starts = [outer.value_start]
        elif fields and isinstance(outer.value, list):
            starts = [at for at in elements(text, outer.value_start) if text[at] == "{"]
        for start in starts:
            for inner in members(text, start):
                if (
                    inner.key in fields
                    and isinstance(inner.value, str)
                    and inner.value
                    and inner.value not in kept
                    and text[inner.value_start] == '"'
                ):
                    yield inner.value_start, inner.end


def _zone_edits(text: str, single: str, zone: str, field: str) -> Iterator[tuple[int, int, str]]:
    """
    What to put where in a body, in order and apart from each other.
    """
    for outer in members(text, skip_space(text, 0)):
        if outer.key != single or not isinstance(outer.value, dict):
            continue
        kept_end = outer.value_start + 1
        first = True
        inner = list(members(text, outer.value_start))
        for number, member in enumerate(inner):
            value = _pod_value(member.value, single, zone) if member.key == field else member.value
            if member.key != field:
                kept_end, first = member.end, False
            elif value:
                yield member.value_start, member.end, json.dumps(value)
                kept_end, first = member.end, False
            elif first:
                # nothing stays before it: the comma after it goes with it
                yield member.start, inner[number + 1].start if number + 1 < len(inner) else member.end, ""
            else:
                yield kept_end, member.end, ""
                kept_end = member.end


def _pod_value(asked: object, single: str, zone: str) -> str:
    host = asked.partition(":")[2] if single == "server" and isinstance(asked, str) else ""
    return f"{zone}:{host}" if host else zone
