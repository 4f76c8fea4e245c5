"""
Servers of a pod that is silent, as Nova shows those of a cell that is down (I8).

The fields are those of the Compute API guide's "Handling Down Cells": what a list and a show have at 2.69 and later.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import evolve

from trio2o.exchange import Inbound
from trio2o.model import Kind, RequestContext, Route
from trio2o.surface.surfaces import SURFACES

UNKNOWN = "UNKNOWN"

#: Marks the route of a server whose deletion its pod has accepted, as Nova's mapping has ``queued_for_delete``.
_LEAVING = "leaving"


def leaves(route: Route) -> bool:
    """
    True for a server that is being deleted: nobody is shown it when its pod is silent.
    """
    return bool(route.details.get(_LEAVING))


def marked(route: Route, *, leaving: bool) -> Route:
    """
    The route of a server that is being deleted, or is not any more.
    """
    details = {name: value for name, value in route.details.items() if name != _LEAVING}
    if leaving:
        details[_LEAVING] = True
    return evolve(route, details=details)


def shows_unknown(inbound: Inbound, context: RequestContext) -> bool:
    """
    True where the request's microversion has such servers.
    """
    since = SURFACES[context.surface].unknown_from
    return (
        inbound.operation.kind is Kind.SERVER
        and since is not None
        and inbound.microversion is not None
        and inbound.microversion >= since
    )


def listed(route: Route, inbound: Inbound, *, detailed: bool) -> dict[str, Any]:
    """
    A server in a list.
    """
    server: dict[str, Any] = {"id": route.resource_id, "status": UNKNOWN}
    if detailed:
        server["created"] = _created(route)
        server["tenant_id"] = route.project_id
    server["links"] = _links(route, inbound)
    return server


def shown(route: Route, inbound: Inbound) -> dict[str, Any]:
    """
    The body of a show.
    """
    server = listed(route, inbound, detailed=True)
    details = route.details
    server["user_id"] = details.get("user_id", "")
    server["image"] = _bare(details.get("image")) or ""
    if details.get("flavor"):
        server["flavor"] = details["flavor"]
    server["OS-EXT-AZ:availability_zone"] = details.get("az", "")
    server["OS-EXT-STS:power_state"] = 0
    return {"server": server}


def _created(route: Route) -> str | None:
    moment = route.created_at
    noted = route.details.get("noted_at")
    if moment is None and isinstance(noted, int):
        moment = datetime.fromtimestamp(noted, UTC)
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bare(image: Any) -> Any:
    return {"id": image["id"]} if isinstance(image, dict) and "id" in image else None


def _links(route: Route, inbound: Inbound) -> list[dict[str, str]]:
    root = inbound.public_root.decode("latin-1")
    version = inbound.path.split(b"/", 2)[1].decode("latin-1")
    return [
        {"rel": "self", "href": f"{root}/{version}/servers/{route.resource_id}"},
        {"rel": "bookmark", "href": f"{root}/servers/{route.resource_id}"},
    ]
