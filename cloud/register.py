"""
What is registered and made by the services' own APIs: regions, endpoints, users; flavors, types, networks, images.

Everything is looked for before it is made, so that a second run changes nothing.
"""

from __future__ import annotations

from typing import Any

import openstack
from attrs import frozen

from cloud.plan import (
    ADMIN_PASSWORD,
    COMPUTE_PORT,
    DEMO_PASSWORD,
    DEMO_USERS,
    SERVICE_PASSWORD,
    SERVICE_USERS,
    TOP_REGION,
    VOLUME_PORT,
    Plan,
    Pod,
)

#: Id, name, MiB of memory, cores, GiB of disk; ids are the same in every pod.
FLAVORS = (
    ("1", "m1.tiny", 512, 1, 1),
    ("2", "m1.small", 2048, 1, 20),
    ("42", "m1.nano", 128, 1, 1),
    ("84", "m1.micro", 192, 1, 1),
)
IMAGES = ("cirros", "cirros-alt")
#: Names and extra specs; ids differ from pod to pod.
VOLUME_TYPES: tuple[tuple[str, dict[str, str]], ...] = (
    ("files", {}),
    ("files-multiattach", {"multiattach": "<is> True"}),
)


@frozen(kw_only=True)
class Registration:
    """
    The administrator at work.
    """

    plan: Plan

    def identity(self) -> None:
        """
        Regions, services, endpoints, roles, projects and users.

        The pods are children of the top region, whose compute and volume endpoints are the gateway's.
        """
        keystone = self._connect(TOP_REGION).identity
        regions = {region.id for region in keystone.regions()}
        for pod in self.plan.pods:
            if pod.region not in regions:
                keystone.create_region(id=pod.region, parent_region_id=TOP_REGION)
        endpoints = _Endpoints(keystone)
        endpoints.are("glance", "image", TOP_REGION, self.plan.glance)
        endpoints.are("nova", "compute", TOP_REGION, f"http://127.0.0.1:{COMPUTE_PORT}/v2.1")
        endpoints.are("cinderv3", "volumev3", TOP_REGION, f"http://127.0.0.1:{VOLUME_PORT}/v3/%(project_id)s")
        for pod in self.plan.pods:
            endpoints.are("keystone", "identity", pod.region, self.plan.keystone)
            endpoints.are("nova", "compute", pod.region, f"{pod.url('nova')}/v2.1")
            endpoints.are("cinderv3", "volumev3", pod.region, f"{pod.url('cinder')}/v3/%(project_id)s")
            endpoints.are("placement", "placement", pod.region, pod.url("placement"))
            endpoints.are("neutron", "network", pod.region, pod.url("neutron"))
        roles = {role.name: role for role in keystone.roles()}
        for name in ("service", "member", "reader"):
            if name not in roles:
                roles[name] = keystone.create_role(name=name)
        for name in SERVICE_USERS:
            _user(keystone, name, SERVICE_PASSWORD, "service", [roles["admin"], roles["service"]])
        for name in DEMO_USERS:
            _user(keystone, name, DEMO_PASSWORD, name, [roles["member"]])

    def resources(self) -> None:
        """
        What users choose from.
        """
        self._images()
        for pod in self.plan.pods:
            cloud = self._connect(pod.region)
            for flavor, name, memory, cores, disk in FLAVORS:
                if not cloud.compute.find_flavor(flavor):
                    cloud.compute.create_flavor(
                        id=flavor, name=name, ram=memory, vcpus=cores, disk=disk, is_public=True
                    )
            types = {each.name for each in cloud.block_storage.types()}
            for name, specs in VOLUME_TYPES:
                if name not in types:
                    cloud.block_storage.create_type(
                        name=name, is_public=True, extra_specs={**specs, "volume_backend_name": "files"}
                    )
            _networks(cloud.network, pod)

    def _images(self) -> None:
        images = self._connect(TOP_REGION).image
        for number, name in enumerate(IMAGES):
            if not images.find_image(name):
                images.create_image(
                    name=name,
                    data=f"not a real disk {number}\n".encode().ljust(1 << 20, b"\0"),
                    disk_format="raw",
                    container_format="bare",
                    visibility="public",
                    min_disk=0,
                    min_ram=0,
                    allow_duplicates=True,
                )

    def _connect(self, region: str) -> Any:
        return openstack.connect(
            auth_url=self.plan.keystone,
            username="admin",
            password=ADMIN_PASSWORD,
            project_name="admin",
            user_domain_id="default",
            project_domain_id="default",
            region_name=region,
            image_region_name=TOP_REGION,
        )


class _Endpoints:
    """
    Services and their endpoints.
    """

    def __init__(self, keystone: Any) -> None:
        self._keystone = keystone
        self._services = {service.type: service for service in keystone.services()}
        self._known = {
            (each.service_id, each.interface, each.region_id): each for each in keystone.endpoints()
        }

    def are(self, name: str, kind: str, region: str, url: str) -> None:
        """
        Make the three endpoints of a service in a region, or change their URLs.
        """
        if kind not in self._services:
            self._services[kind] = self._keystone.create_service(name=name, type=kind)
        service = self._services[kind]
        for interface in ("public", "internal", "admin"):
            known = self._known.get((service.id, interface, region))
            if known is None:
                self._keystone.create_endpoint(
                    service_id=service.id, interface=interface, region_id=region, url=url
                )
            elif known.url != url:
                self._keystone.update_endpoint(known, url=url)


def _user(keystone: Any, name: str, password: str, project_name: str, roles: list[Any]) -> None:
    project = keystone.find_project(project_name, domain_id="default")
    project = project or keystone.create_project(name=project_name, domain_id="default")
    user = keystone.find_user(name, domain_id="default") or keystone.create_user(
        name=name, password=password, domain_id="default", default_project_id=project.id
    )
    for role in roles:
        keystone.assign_project_role_to_user(project, user, role)


def _networks(network: Any, pod: Pod) -> None:
    """
    ``shared-net``, which every project may use, and ``public``, with a router between. Nothing would serve DHCP.
    """
    shared = network.find_network("shared-net") or network.create_network(name="shared-net", shared=True)
    inner = network.find_subnet("shared-subnet") or network.create_subnet(
        name="shared-subnet",
        network_id=shared.id,
        ip_version=4,
        cidr=f"10.{pod.number}.0.0/16",
        is_dhcp_enabled=False,
    )
    public = network.find_network("public")
    if not public:
        public = network.create_network(
            name="public",
            is_router_external=True,
            provider_network_type="flat",
            provider_physical_network="extnet",
        )
        network.create_subnet(
            name="public-subnet",
            network_id=public.id,
            ip_version=4,
            cidr=f"172.2{pod.number}.0.0/16",
            is_dhcp_enabled=False,
        )
    if not network.find_router("shared-router"):
        # without it no floating IP can be given to a port of shared-net
        router = network.create_router(name="shared-router", external_gateway_info={"network_id": public.id})
        network.add_interface_to_router(router, subnet_id=inner.id)
