"""
Endpoints of a catalog as the daemon needs them: one root URL for each region and service. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from keystoneauth1.access.service_catalog import ServiceCatalog, ServiceCatalogV3

from trio2o.surface.roots import root_url

#: The catalog's types for what the daemon calls ``volume``, the best first (service-types authority). An
#: endpoint of the removed v2 has the same root.
_VOLUME_TYPES = ("block-storage", "volumev3", "volume", "block-store", "volumev2")

#: Region and service to root URL.
Endpoints = Mapping[tuple[str, str], str]


def resolve(catalog: ServiceCatalog, interfaces: Sequence[str]) -> Endpoints:
    """
    The root URL of every service in every region; of several interfaces the first in ``interfaces`` that is
    there.
    """
    best: dict[tuple[str, str], tuple[int, int, str]] = {}
    for service in catalog.normalize_catalog():
        name, rank = _service(service["type"])
        for endpoint in service["endpoints"]:
            region, interface = endpoint.get("region_name"), endpoint.get("interface")
            if not region or interface not in interfaces:
                continue
            root = root_url(str(endpoint.get("url")))
            if not _is_http(root):
                continue
            candidate = (rank, interfaces.index(interface), root)
            best[region, name] = min(candidate, best.get((region, name), candidate))
    return {key: root for key, (_, _, root) in best.items()}


def catalog_of(
    services: Iterable[Mapping[str, Any]], endpoints: Iterable[Mapping[str, Any]]
) -> ServiceCatalogV3:
    """
    A catalog made of Keystone's own lists ``/v3/services`` and ``/v3/endpoints``; what is disabled is left
    out.
    """
    by_service: dict[str, list[dict[str, Any]]] = {}
    for endpoint in endpoints:
        if endpoint.get("enabled", True):
            by_service.setdefault(endpoint["service_id"], []).append(
                {key: endpoint.get(key) for key in ("id", "interface", "region_id", "region", "url")}
            )
    return ServiceCatalogV3(
        [
            {
                "id": service["id"],
                "type": service["type"],
                "name": service.get("name"),
                "endpoints": by_service.get(service["id"], []),
            }
            for service in services
            if service.get("enabled", True)
        ]
    )


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _service(service_type: str) -> tuple[str, int]:
    """
    The daemon's name for a service type, and the type's rank among those with that name.
    """
    if service_type in _VOLUME_TYPES:
        return "volume", _VOLUME_TYPES.index(service_type)
    return service_type, 0
