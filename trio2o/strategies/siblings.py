"""
The servers that one create made beside, or instead of, the one that its answer names.

With ``min_count`` or ``max_count`` Nova's answer names the first server alone, with ``return_reservation_id`` none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from attrs import evolve
from twisted.logger import Logger

from trio2o.errors import GatewayError, PodFailure
from trio2o.exchange import Inbound
from trio2o.model import Kind, Pod, RequestContext, Route
from trio2o.strategies.forwarding import Forwarder
from trio2o.surface.kinds import route_from_body

_log = Logger()

#: Seconds for the question. What is not found now is adopted when somebody asks for it.
_BUDGET = 60.0
#: How many servers others may have made in the meantime and the first ones are found all the same.
_OTHERS = 20
_MOST = 1000


def how_many(server: Mapping[str, Any]) -> int:
    """
    How many servers a create may make, as far as its body is well-formed.
    """
    counts = [1]
    for key in ("min_count", "max_count"):
        value = server.get(key)
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            counts.append(value)
    return max(counts)


def question(server: Mapping[str, Any], made: object) -> list[tuple[str, str]] | None:
    """
    The query of the list that shows the servers made; ``None`` where the answer names all of them.

    By the reservation, where the answer has one. Otherwise by the list's beginning, which is the newest: users are not shown
    the reservation of a server.
    """
    reservation = made.get("reservation_id") if isinstance(made, dict) else None
    count = how_many(server)
    if isinstance(reservation, str) and reservation:
        return [("reservation_id", reservation), ("limit", str(min(count, _MOST)))]
    if count > 1:
        return [("limit", str(min(count + _OTHERS, _MOST)))]
    return None


async def siblings(
    forwarder: Forwarder,
    inbound: Inbound,
    context: RequestContext,
    pod: Pod,
    server: Mapping[str, Any],
    made: object,
) -> list[tuple[Route, Mapping[str, Any]]]:
    """
    The routes of all servers that the pod may have made for this create, and how it shows them: whatever the pod lists is the
    pod's. Never fails.
    """
    query = question(server, made)
    if query is None:
        return []
    target = f"/v2.1/servers/detail?{urlencode(query)}".encode("ascii")
    try:
        status, raw = await forwarder.ask(inbound, context, pod, "compute", target, budget=_BUDGET)
        listed = orjson.loads(raw)["servers"] if status == 200 else None
        routes = [(route_from_body(Kind.SERVER, each, pod.id), each) for each in listed or ()]
    except (PodFailure, GatewayError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        _log.info("the servers of one create are not known yet: {reason}", reason=str(error))
        return []
    return [
        (evolve(route, details={**route.details, "az": pod.az_name}), shown)
        for route, shown in routes
        if route is not None and route.project_id
    ]
