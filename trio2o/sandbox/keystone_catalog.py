"""
The fake Keystone's regions, services and endpoints, and the catalog made of them (Identity API v3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from trio2o.sandbox.keystone_values import new_id

INTERFACES = ("public", "internal", "admin")

#: The names that Keystone's own tools give to services, by type.
SERVICE_NAMES: Mapping[str, str] = {
    "compute": "nova",
    "volumev3": "cinderv3",
    "block-storage": "cinder",
    "identity": "keystone",
    "image": "glance",
    "network": "neutron",
    "placement": "placement",
}


@frozen(kw_only=True)
class Region:
    """
    A region; its id is its name.
    """

    id: str
    description: str = ""
    parent_region_id: str | None = None


@frozen(kw_only=True)
class Service:
    """
    A service type in the catalog.
    """

    id: str
    type: str
    name: str


@frozen(kw_only=True)
class CatalogEndpoint:
    """
    One URL of one service in one region. ``url`` may hold ``%(project_id)s``, ``$(project_id)s``,
    ``%(tenant_id)s`` and ``%(user_id)s`` forms.
    """

    id: str
    service_id: str
    region_id: str
    interface: str
    url: str
    enabled: bool = True


@define
class Catalog:
    """
    What is where. Every change raises :attr:`version`.
    """

    regions: dict[str, Region] = field(factory=dict)
    services: dict[str, Service] = field(factory=dict)
    endpoints: dict[str, CatalogEndpoint] = field(factory=dict)
    version: int = 0

    def add_region(self, id: str, *, description: str = "", parent: str | None = None) -> Region:
        """
        Make a region, or replace the one with the id.
        """
        region = Region(id=id, description=description, parent_region_id=parent)
        self.regions[id] = region
        self.version += 1
        return region

    def add_service(self, type: str, *, name: str | None = None) -> Service:
        """
        Make a service, or give the one of the type that is there already.
        """
        for service in self.services.values():
            if service.type == type:
                return service
        service = Service(id=new_id(), type=type, name=name or SERVICE_NAMES.get(type, type))
        self.services[service.id] = service
        self.version += 1
        return service

    def set_endpoint(
        self, region: str, service_type: str, url: str, *, interfaces: Sequence[str] = INTERFACES
    ) -> Sequence[CatalogEndpoint]:
        """
        Make a service answer at this URL in a region; region and service are made when they are new, and
        the ids of endpoints that were there stay.
        """
        if region not in self.regions:
            self.add_region(region)
        service = self.add_service(service_type)
        made = []
        for interface in interfaces:
            key = (service.id, region, interface)
            old = next(
                (
                    each
                    for each in self.endpoints.values()
                    if (each.service_id, each.region_id, each.interface) == key
                ),
                None,
            )
            endpoint = CatalogEndpoint(
                id=old.id if old else new_id(),
                service_id=service.id,
                region_id=region,
                interface=interface,
                url=url,
            )
            self.endpoints[endpoint.id] = endpoint
            made.append(endpoint)
        self.version += 1
        return made

    def remove_endpoints(self, region: str, service_type: str | None = None) -> None:
        """
        Remove a region's endpoints, of one service or of all.
        """
        for endpoint in list(self.endpoints.values()):
            right_type = service_type in (None, self.services[endpoint.service_id].type)
            if endpoint.region_id == region and right_type:
                del self.endpoints[endpoint.id]
        self.version += 1

    def rendered(self, *, user_id: str, project_id: str | None) -> Sequence[Mapping[str, Any]]:
        """
        The catalog of a token, services and endpoints by id. A token without a project gets no endpoint whose
        template wants one; the service then stays, with an empty list, as in Keystone.
        """
        by_service: dict[str, list[Mapping[str, Any]]] = {
            service_id: [] for service_id in sorted(self.services)
        }
        for endpoint in sorted(self.endpoints.values(), key=lambda each: each.id):
            url = filled(endpoint.url, user_id=user_id, project_id=project_id)
            if url is None or not endpoint.enabled:
                continue
            by_service[endpoint.service_id].append(
                {
                    "id": endpoint.id,
                    "interface": endpoint.interface,
                    "region_id": endpoint.region_id,
                    "url": url,
                    "region": endpoint.region_id,
                }
            )
        return [
            {
                "endpoints": endpoints,
                "id": service_id,
                "type": self.services[service_id].type,
                "name": self.services[service_id].name,
            }
            for service_id, endpoints in by_service.items()
        ]


def filled(template: str, *, user_id: str, project_id: str | None) -> str | None:
    """
    An endpoint template with the token's ids, or ``None`` when it wants a project and the token has none.
    """
    values = {"user_id": user_id, "project_id": project_id, "tenant_id": project_id}
    url = template
    for name, value in values.items():
        for form in (f"%({name})s", f"$({name})s"):
            if form in url:
                if value is None:
                    return None
                url = url.replace(form, value)
    return url
