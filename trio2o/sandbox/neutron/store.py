"""
The fake Neutron's state, and what the fake Nova of its pod does with it
(`trio2o.sandbox.pod_state.NetworkShelf`).
"""

from __future__ import annotations

import ipaddress
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import define, field

from trio2o.sandbox.answers import Fault
from trio2o.sandbox.call import Caller
from trio2o.sandbox.neutron.records import FloatingAddress, Network, Port, Record, SecurityGroup, Subnet
from trio2o.sandbox.pod_state import PodState


def new_id() -> str:
    """
    An id as Neutron makes them.
    """
    return str(uuid.uuid4())


def missing(kind: str, item_id: str) -> Fault:
    """
    Neutron's 404 for one kind of resource.
    """
    if kind == "Security group":
        return Fault(404, f"Security group {item_id} does not exist", "SecurityGroupNotFound")
    return Fault(404, f"{kind} {item_id} could not be found.", f"{kind}NotFound")


@define(eq=False)
class NeutronStore:
    """
    One pod's networks. ``cidr`` is of the network ``shared-net`` that every project can use.
    """

    pod: PodState
    cidr: str
    networks: dict[str, Network] = field(factory=dict, init=False)
    subnets: dict[str, Subnet] = field(factory=dict, init=False)
    ports: dict[str, Port] = field(factory=dict, init=False)
    groups: dict[str, SecurityGroup] = field(factory=dict, init=False)
    #: Known through Nova's old paths alone: rules by their ids, and floating addresses.
    rules: dict[str, dict[str, Any]] = field(factory=dict, init=False)
    addresses: dict[str, FloatingAddress] = field(factory=dict, init=False)
    #: The fields that lists can be filtered by.
    network_fields: Sequence[str] = field(init=False)
    subnet_fields: Sequence[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        owner = uuid.uuid4().hex
        shared = self.add_network(owner, name="shared-net", shared=True)
        self.add_subnet(shared, self.cidr, name="shared-subnet", enable_dhcp=False)
        public = self.add_network(owner, name="public", external=True)
        self.add_subnet(public, "198.51.100.0/24", name="public-subnet", enable_dhcp=False)
        self.network_fields = tuple(public.shown(admin=True))
        self.subnet_fields = tuple(public.subnets[0].shown())

    def now(self) -> datetime:
        """
        The pod's time in whole seconds.
        """
        return self.pod.clock.now().replace(microsecond=0)

    def touch(self, record: Record) -> None:
        """
        Note that a resource changed.
        """
        record.updated_at = self.now()
        record.revision += 1

    def add_network(
        self,
        project_id: str,
        *,
        name: str = "",
        description: str = "",
        shared: bool = False,
        external: bool = False,
        admin_state_up: bool = True,
        mtu: int = 1450,
        port_security_enabled: bool = True,
    ) -> Network:
        """
        Make a network.
        """
        moment = self.now()
        network = Network(
            id=new_id(),
            project_id=project_id,
            created_at=moment,
            updated_at=moment,
            name=name,
            description=description,
            shared=shared,
            external=external,
            admin_state_up=admin_state_up,
            mtu=mtu,
            port_security_enabled=port_security_enabled,
            segment=1000 + len(self.networks),
        )
        self.networks[network.id] = network
        return network

    def add_subnet(
        self,
        network: Network,
        cidr: str,
        *,
        name: str = "",
        enable_dhcp: bool = True,
        project_id: str | None = None,
    ) -> Subnet:
        """
        Make a subnet; its gateway is the first address.

        :raises ValueError: if ``cidr`` is none.
        """
        moment = self.now()
        addresses = ipaddress.ip_network(cidr)
        subnet = Subnet(
            id=new_id(),
            project_id=project_id or network.project_id,
            created_at=moment,
            updated_at=moment,
            name=name,
            network_id=network.id,
            cidr=addresses,
            enable_dhcp=enable_dhcp,
            gateway_ip=str(addresses[1]),
        )
        self.subnets[subnet.id] = subnet
        network.subnets.append(subnet)
        self.touch(network)
        return subnet

    def add_port(
        self,
        project_id: str,
        network: Network,
        *,
        name: str = "",
        description: str = "",
        device_id: str = "",
        device_owner: str = "",
        fixed_ips: Sequence[tuple[str | None, str | None]] | None = None,
        security_groups: Sequence[str] | None = None,
        admin_state_up: bool = True,
        mac_address: str | None = None,
        vnic_type: str = "normal",
        port_security_enabled: bool = True,
    ) -> Port:
        """
        Make a port. ``fixed_ips`` are wished pairs of subnet id and address, either perhaps None; without
        them it has one address of the network's first subnet, if there is one.

        :raises Fault: 404 for an unknown subnet.
        """
        wished = fixed_ips if fixed_ips is not None else [(None, None)] if network.subnets else []
        given = []
        for subnet_id, address in wished:
            subnet = self.subnets.get(subnet_id) if subnet_id else next(iter(network.subnets), None)
            if subnet is None or subnet.network_id != network.id:
                raise missing("Subnet", str(subnet_id))
            given.append((subnet.id, address or subnet.next_address()))
        if security_groups is None:
            security_groups = [self.default_group(project_id).id] if port_security_enabled else []
        moment = self.now()
        tail = ":".join(f"{byte:02x}" for byte in secrets.token_bytes(3))
        port = Port(
            id=new_id(),
            project_id=project_id,
            created_at=moment,
            updated_at=moment,
            revision=1,
            name=name,
            description=description,
            network_id=network.id,
            mac_address=mac_address or f"fa:16:3e:{tail}",
            fixed_ips=given,
            device_id=device_id,
            device_owner=device_owner,
            security_groups=list(security_groups),
            admin_state_up=admin_state_up,
            vnic_type=vnic_type,
            port_security_enabled=port_security_enabled,
        )
        self.ports[port.id] = port
        return port

    def default_group(self, project_id: str) -> SecurityGroup:
        """
        A project's group ``default``, which is there as soon as somebody asks.
        """
        for group in self.groups.values():
            if (group.project_id, group.name) == (project_id, "default"):
                return group
        return self.add_group(project_id, "default", "Default security group")

    def add_group(self, project_id: str, name: str, description: str) -> SecurityGroup:
        """
        Make a security group.
        """
        moment = self.now()
        group = SecurityGroup(
            id=new_id(),
            project_id=project_id,
            created_at=moment,
            updated_at=moment,
            name=name,
            description=description,
            revision=1,
        )
        self.groups[group.id] = group
        return group

    def sees_network(self, network: Network, caller: Caller) -> bool:
        """
        Own, shared and external networks; all for admins.
        """
        return caller.is_admin or network.shared or network.external or owns(network, caller)

    def sees_subnet(self, subnet: Subnet, caller: Caller) -> bool:
        """
        Own subnets and those of shared networks; all for admins.
        """
        return caller.is_admin or owns(subnet, caller) or self.networks[subnet.network_id].shared

    def networks_of(self, caller: Caller) -> Sequence[Network]:
        """
        The networks that servers of the caller can be on: own and shared ones, external ones not.
        """
        return [
            each
            for each in self.networks.values()
            if not each.external and (each.shared or owns(each, caller))
        ]

    def find_network(self, network_id: str, caller: Caller) -> Network | None:
        """
        A network that the caller may see.
        """
        found = self.networks.get(network_id)
        return found if found is not None and self.sees_network(found, caller) else None

    def find_port(self, port_id: str, caller: Caller) -> Port | None:
        """
        A port that the caller may see.
        """
        found = self.ports.get(port_id)
        return found if found is not None and (caller.is_admin or owns(found, caller)) else None

    def find_security_group(self, name_or_id: str, caller: Caller) -> SecurityGroup | None:
        """
        An own security group by id or name.
        """
        if name_or_id == "default":
            return self.default_group(caller.project_id or "")
        for group in self.groups.values():
            if owns(group, caller) and name_or_id in (group.id, group.name):
                return group
        return None

    def ports_of(self, server_id: str) -> Sequence[Port]:
        """
        The ports whose device is this server, oldest first.
        """
        return [port for port in self.ports.values() if port.device_id == server_id]

    def create_port(
        self,
        caller: Caller,
        *,
        network_id: str,
        server_id: str,
        fixed_ip: str | None = None,
        security_group_ids: Sequence[str] = (),
    ) -> Port:
        """
        Make a port for a server.

        :raises Fault: 404 for an unknown network.
        """
        network = self.find_network(network_id, caller)
        if network is None:
            raise missing("Network", network_id)
        return self.add_port(
            caller.project_id or "",
            network,
            device_id=server_id,
            device_owner="compute:nova",
            fixed_ips=[(None, fixed_ip)] if fixed_ip and network.subnets else None,
            security_groups=security_group_ids or None,
        )

    def bind_port(self, port_id: str, server_id: str) -> None:
        """
        Give a port that a user made to a server.
        """
        port = self.ports[port_id]
        port.device_id, port.device_owner = server_id, "compute:nova"
        self.touch(port)

    def release_port(self, port_id: str) -> None:
        """
        Take a port off its server and keep it. An unknown id is ignored.
        """
        port = self.ports.get(port_id)
        if port is not None:
            port.device_id = port.device_owner = ""
            self.touch(port)

    def delete_port(self, port_id: str) -> None:
        """
        Delete a port. An unknown id is ignored.
        """
        self.ports.pop(port_id, None)


def owns(record: Record, caller: Caller) -> bool:
    """
    True for a resource of the caller's project.
    """
    return record.project_id == caller.project_id
