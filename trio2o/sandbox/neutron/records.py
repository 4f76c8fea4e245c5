"""
What the fake Neutron keeps: networks, subnets, ports and security groups, and how Neutron 29 shows them.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Any

from attrs import define, field


@define(kw_only=True, eq=False)
class Record:
    """
    What all resources have. Times are UTC; ``revision`` counts changes.
    """

    id: str
    project_id: str
    created_at: datetime
    updated_at: datetime
    name: str = ""
    description: str = ""
    revision: int = 0

    def common(self) -> dict[str, Any]:
        """
        The fields that every resource ends with.
        """
        return {
            "tags": [],
            "created_at": f"{self.created_at:%Y-%m-%dT%H:%M:%SZ}",
            "updated_at": f"{self.updated_at:%Y-%m-%dT%H:%M:%SZ}",
            "revision_number": self.revision,
        }


@define(kw_only=True, eq=False)
class Subnet(Record):
    """
    A subnet. Addresses are given out from the second one on; the first is the gateway's.
    """

    network_id: str
    cidr: ipaddress.IPv4Network | ipaddress.IPv6Network
    enable_dhcp: bool = True
    gateway_ip: str | None = None
    #: How far addresses were given out.
    last: int = 1

    def shown(self) -> dict[str, Any]:
        """
        The subnet as JSON.
        """
        first, last = self.cidr[2], self.cidr[-2]
        return {
            "id": self.id,
            "name": self.name,
            "project_id": self.project_id,
            "tenant_id": self.project_id,
            "network_id": self.network_id,
            "ip_version": self.cidr.version,
            "subnetpool_id": None,
            "enable_dhcp": self.enable_dhcp,
            "ipv6_ra_mode": None,
            "ipv6_address_mode": None,
            "gateway_ip": self.gateway_ip,
            "cidr": str(self.cidr),
            "allocation_pools": [{"start": str(first), "end": str(last)}],
            "host_routes": [],
            "dns_nameservers": [],
            "description": self.description,
            "service_types": [],
            **self.common(),
        }

    def next_address(self) -> str:
        """
        An address that no port had before.
        """
        self.last += 1
        return str(self.cidr[self.last])


@define(kw_only=True, eq=False)
class Network(Record):
    """
    A network.
    """

    shared: bool = False
    external: bool = False
    admin_state_up: bool = True
    mtu: int = 1450
    port_security_enabled: bool = True
    segment: int = 0
    subnets: list[Subnet] = field(factory=list)

    def shown(self, *, admin: bool) -> dict[str, Any]:
        """
        The network as JSON; admins see how it is made.
        """
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "tenant_id": self.project_id,
            "project_id": self.project_id,
            "admin_state_up": self.admin_state_up,
            "mtu": self.mtu,
            "status": "ACTIVE",
            "subnets": [subnet.id for subnet in self.subnets],
            "shared": self.shared,
            "availability_zone_hints": [],
            "availability_zones": [],
            "ipv4_address_scope": None,
            "ipv6_address_scope": None,
            "router:external": self.external,
            "qinq": False,
            "vlan_transparent": False,
            "description": self.description,
            "port_security_enabled": self.port_security_enabled,
        }
        if self.external:
            shown["is_default"] = False
        if admin:
            shown |= {
                "provider:network_type": "vxlan",
                "provider:physical_network": None,
                "provider:segmentation_id": self.segment,
            }
        return shown | self.common()


@define(kw_only=True, eq=False)
class SecurityGroup(Record):
    """
    A security group; it has no rules here.
    """

    def shown(self) -> dict[str, Any]:
        """
        The group as JSON.
        """
        return {
            "id": self.id,
            "name": self.name,
            "stateful": True,
            "tenant_id": self.project_id,
            "project_id": self.project_id,
            "description": self.description,
            "shared": False,
            "security_group_rules": [],
            **self.common(),
        }


@define(kw_only=True, eq=False)
class Port(Record):
    """
    A port. ``fixed_ips`` are pairs of subnet id and address; ``device_id`` is the server's id, or empty.
    """

    network_id: str
    mac_address: str
    fixed_ips: list[tuple[str, str]] = field(factory=list)
    device_id: str = ""
    device_owner: str = ""
    admin_state_up: bool = True
    port_security_enabled: bool = True
    vnic_type: str = "normal"
    host: str = ""
    security_groups: list[str] = field(factory=list)

    @property
    def status(self) -> str:
        """
        ``ACTIVE`` while a server has the port.
        """
        return "ACTIVE" if self.device_id else "DOWN"

    def shown(self, *, admin: bool) -> dict[str, Any]:
        """
        The port as JSON; admins see how it is bound.
        """
        shown: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "network_id": self.network_id,
            "project_id": self.project_id,
            "tenant_id": self.project_id,
            "mac_address": self.mac_address,
            "admin_state_up": self.admin_state_up,
            "status": self.status,
            "device_id": self.device_id,
            "device_owner": self.device_owner,
            "fixed_ips": [{"subnet_id": subnet, "ip_address": address} for subnet, address in self.fixed_ips],
            "allowed_address_pairs": [],
            "extra_dhcp_opts": [],
            "security_groups": self.security_groups,
            "description": self.description,
            "binding:vnic_type": self.vnic_type,
            "port_security_enabled": self.port_security_enabled,
        }
        if admin:
            shown |= {
                "binding:host_id": self.host,
                "binding:vif_type": "ovs" if self.device_id else "unbound",
                "binding:vif_details": {},
                "binding:profile": {},
            }
        return shown | self.common()


@define(kw_only=True, eq=False)
class FloatingAddress:
    """
    An address of an external network, which no server has.
    """

    id: str
    project_id: str
    pool: str
    address: str
