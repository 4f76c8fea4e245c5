"""
A create's body, as far as the gateway reads it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from attrs import frozen

from trio2o.errors import BadRequest
from trio2o.exchange import Inbound
from trio2o.model import Kind, Pod
from trio2o.scheduling.asked import tolerated
from trio2o.surface.references import Reference, references

#: The fields of a server that name its host.
_FORCED = frozenset({"host", "hypervisor_hostname"})


async def _untold(_: Pod) -> None:
    """
    Nobody wants to know.
    """


@frozen(kw_only=True)
class Wanted:
    """
    A create as far as the gateway reads it.
    """

    #: The body as the client sent it, but for what the gateway adds.
    raw: bytes
    #: What of it is under the resource's key; empty where the pod will say that it is malformed.
    resource: dict[str, Any]
    #: The top zone that it names.
    zone: str | None
    references: tuple[Reference, ...]
    #: The taints that it says do not keep it away.
    tolerated: frozenset[str] = frozenset()
    #: Awaited before each pod is sent the create.
    trying: Callable[[Pod], Awaitable[None]] = _untold
    #: Called when that pod has surely accepted nothing.
    declined: Callable[[], None] = lambda: None
    #: True where any host may take it: it names none, and has no hints for the choice.
    any_host: bool = False


def parsed(raw: bytes, inbound: Inbound) -> Wanted:
    """
    Read a create body as far as placing needs; what is not a body of this kind is left for the pod to refuse.

    :raises BadRequest: in the services' words, if it is not JSON.
    """
    body = _loaded(raw)
    resource = body.get(request_key(inbound)) if isinstance(body, dict) else None
    if not isinstance(resource, dict):
        return Wanted(raw=raw, resource={}, zone=None, references=())
    any_host = len(body) == 1 and not (resource.keys() & _FORCED)
    kind = inbound.operation.kind
    assert kind is not None
    zone = resource.get("availability_zone")
    if kind is Kind.SERVER and isinstance(zone, str):
        # zone:host:node; without a zone it is the pod's default that is meant
        zone, forced, _ = zone.partition(":")
        any_host = any_host and not forced
    return Wanted(
        raw=raw,
        resource=resource,
        zone=zone if isinstance(zone, str) and zone else None,
        references=tuple(references(kind, body)),
        tolerated=tolerated(kind, body),
        any_host=any_host,
    )


def request_key(inbound: Inbound) -> str:
    """
    The key that a create's fields stand under; mostly the one that the answer has too.
    """
    key: str = inbound.operation.options.get("request", inbound.operation.single)
    return key


def _loaded(raw: bytes) -> Any:
    """
    JSON as the services read it: theirs is Python's own reader, which takes NaN, and refuses its value afterwards.

    :raises BadRequest: if it is none, or holds what no UTF-8 can carry.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        try:
            body = json.loads(raw)
            json.dumps(body, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError):
            raise BadRequest("Malformed request body") from error
        return body
