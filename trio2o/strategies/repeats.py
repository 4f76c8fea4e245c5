"""
What is kept of a keyed create and its answer, and how a repeat is answered with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from trio2o.errors import Conflict
from trio2o.exchange import Answer, HeaderList, Inbound
from trio2o.intents import KeptAnswer
from trio2o.strategies.siblings import how_many

#: The largest answer that is kept, in bytes.
_MOST = 65_536
_KEPT_FIELDS = frozenset(
    {b"content-type", b"location", b"openstack-api-version", b"vary", b"x-openstack-nova-api-version"}
)
#: What an answer holds that is shown once.
_SECRETS = ("adminPass",)

#: What Nova takes for true.
_TRUE = frozenset({"1", "t", "true", "on", "y", "yes"})


def refuses(status: int) -> bool:
    """
    True for an answer after which surely nothing was made. A pod's 5xx, and a 408 of whatever stands before it, may come after
    it has begun.
    """
    return status < 200 or (300 <= status < 500 and status != 408) or status == 501


def digest(inbound: Inbound, raw: bytes) -> bytes:
    """
    Of what a repeat has to have in common with the first: the microversion, the query and each byte of the body.
    """
    version = "" if inbound.microversion is None else ".".join(str(part) for part in inbound.microversion)
    head = b"\n".join((version.encode("ascii"), inbound.query or b"", b""))
    return sha256(head + raw).digest()


def recipe(inbound: Inbound, resource: Mapping[str, Any]) -> dict[str, Any]:
    """
    What an answer is made from where the pod's was lost.
    """
    at, found, _ = inbound.path.rpartition(inbound.operation.path.encode("ascii"))
    version = inbound.microversion
    reserved = str(resource.get("return_reservation_id")).strip().lower() in _TRUE
    return {
        "root": inbound.public_root.decode("latin-1"),
        "at": at.decode("latin-1") if found else "",
        "version": "" if version is None else f"{version[0]}.{version[1]}",
        "reserved": reserved,
        "several": reserved or how_many(resource) > 1,
    }


def kept_answer(answer: Answer, made: dict[str, Any], single: str) -> KeptAnswer:
    """
    What of an answer is kept. Its secrets are not: the database, its copies and whoever repeats need not know them.
    """
    assert isinstance(answer.body, bytes)
    headers: HeaderList = [pair for pair in answer.headers if pair[0].lower() in _KEPT_FIELDS]
    body: bytes | None = answer.body
    resource = made.get(single)
    if isinstance(resource, dict) and any(name in resource for name in _SECRETS):
        public = {name: value for name, value in resource.items() if name not in _SECRETS}
        body = orjson.dumps({**made, single: public})
    return KeptAnswer(
        status=answer.status,
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers),
        body=body if body is not None and len(body) <= _MOST else None,
    )


def given_again(kept: KeptAnswer) -> Answer:
    """
    The answer to a repeat: the first one, marked as such, with an id of its own.

    :raises Conflict: if it was too large to be kept.
    """
    if kept.body is None:
        raise Conflict(
            "The request with this Idempotency-Key was carried out. Its answer was too large to be kept."
        )
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.headers]
    return Answer(status=kept.status, headers=[*headers, (b"X-Trio2o-Replayed", b"true")], body=kept.body)
