"""
Host aggregates: a pod's numbers and zones become the top's in answers, and the top's become the pod's in requests (I4).

A pod in a zone calls that zone by its own name, also in the metadata of aggregates, so that their hosts are in it. Every other
zone that an aggregate names has one name everywhere: Nova takes any, and hosts that are added to it are in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from trio2o.model import Pod
from trio2o.rewriting.spans import members, skip_space

ZONE = "availability_zone"

#: What users call a pod's number.
Numbers = Callable[[int], int]

#: Stands before the name of a zone which the pod calls its own by, though it is in another one.
_ELSEWHERE = "elsewhere."

_NUMBER = re.compile(r"(?<=ggregate )(-?[0-9]+)(?! already exists)\b")
_QUOTED = re.compile(r"'([^']*)'")


def zone_at(pod: Pod, zone: str) -> str:
    """
    What a pod calls the zone of an aggregate.
    """
    if zone == pod.az_name:
        return pod.pod_az_name or zone
    return _ELSEWHERE + zone if zone == pod.pod_az_name else zone


def zone_of(pod: Pod, own: str) -> str:
    """
    What users call it: the other way round.
    """
    if pod.pod_az_name and own == pod.pod_az_name:
        return pod.az_name
    return pod.pod_az_name if pod.pod_az_name and own == _ELSEWHERE + pod.pod_az_name else own


def aggregate_for_pod(body: bytes, pod: Pod) -> bytes:
    """
    The body of a create, update or ``set_metadata`` with the pod's name of the zone; every other byte stays.
    """
    try:
        text = body.decode()
        edits = [
            (start, end, value) for start, end, zone in _zones(text) if (value := zone_at(pod, zone)) != zone
        ]
    except (ValueError, RecursionError):
        return body
    for start, end, value in reversed(edits):
        text = text[:start] + json.dumps(value) + text[end:]
    return text.encode() if edits else body


def aggregate_for_client(body: bytes, pod: Pod, top: Numbers) -> bytes:
    """
    A pod's answer about one aggregate, or its refusal, with what users call number and zone.
    """
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    shown = said.get("aggregate") if isinstance(said, dict) else None
    if isinstance(shown, dict):
        aggregate_shown(shown, pod, top)
        return orjson.dumps(said)
    fault = next(iter(said.values()), None) if isinstance(said, dict) and len(said) == 1 else None
    if isinstance(fault, dict) and isinstance(fault.get("message"), str):
        fault["message"] = words_for_client(fault["message"], pod, top)
        return orjson.dumps(said)
    return body


def aggregate_shown(item: dict[str, Any], pod: Pod, top: Numbers) -> None:
    """
    The same on a parsed aggregate, in place.
    """
    number = item.get("id")
    if isinstance(number, int) and not isinstance(number, bool):
        item["id"] = top(number)
    for holder in (item, item.get("metadata")):
        if isinstance(holder, dict) and isinstance(holder.get(ZONE), str):
            holder[ZONE] = zone_of(pod, holder[ZONE])


def words_for_client(words: str, pod: Pod, top: Numbers) -> str:
    """
    Nova's words for a refusal about an aggregate, with what users call number and zones.
    """

    def number(found: re.Match[str]) -> str:
        own = int(found.group(1))
        return str(top(own)) if own > 0 else found.group(1)

    told = _NUMBER.sub(number, words)
    if "availability zone" not in told:
        return told
    return _QUOTED.sub(lambda found: f"'{zone_of(pod, found.group(1))}'", told)


def zone_asked(body: bytes) -> str | None:
    """
    The zone that a create, update or ``set_metadata`` names; ``None`` for none.
    """
    try:
        zones = [zone for _, _, zone in _zones(body.decode())]
    except (ValueError, RecursionError):
        return None
    return zones[-1] if zones else None


def _zones(text: str) -> Iterator[tuple[int, int, str]]:
    """
    Where a body names a zone, in order.
    """
    for outer in members(text, skip_space(text, 0)):
        if not isinstance(outer.value, dict):
            continue
        if outer.key == "aggregate":
            yield from _zone_in(text, outer.value_start)
        elif outer.key == "set_metadata":
            for inner in members(text, outer.value_start):
                if inner.key == "metadata" and isinstance(inner.value, dict):
                    yield from _zone_in(text, inner.value_start)


def _zone_in(text: str, at: int) -> Iterator[tuple[int, int, str]]:
    for member in members(text, at):
        if member.key == ZONE and isinstance(member.value, str) and text[member.value_start] == '"':
            yield member.value_start, member.end, member.value
