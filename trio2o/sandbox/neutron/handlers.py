"""
``/v2.0``: networks, subnets and ports.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, Fault
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.neutron.lists import chosen, listed
from trio2o.sandbox.neutron.records import Network, Port, Subnet
from trio2o.sandbox.neutron.store import NeutronStore, missing, owns
from trio2o.sandbox.neutron.style import bad_request, section

_NETWORK_FIELDS = frozenset(
    {
        *(
            "name",
            "description",
            "admin_state_up",
            "shared",
            "mtu",
            "router:external",
            "port_security_enabled",
        ),
        *("tenant_id", "project_id", "availability_zone_hints", "is_default", "vlan_transparent"),
        *("provider:network_type", "provider:physical_network", "provider:segmentation_id"),
    }
)
_SUBNET_FIELDS = frozenset(
    {
        *(
            "name",
            "description",
            "network_id",
            "ip_version",
            "cidr",
            "enable_dhcp",
            "gateway_ip",
            "tenant_id",
        ),
        *("project_id", "allocation_pools", "dns_nameservers", "host_routes", "subnetpool_id"),
    }
)
_PORT_FIELDS = frozenset(
    {
        *("name", "description", "network_id", "admin_state_up", "mac_address", "fixed_ips", "device_id"),
        *("device_owner", "security_groups", "port_security_enabled", "allowed_address_pairs", "tenant_id"),
        *("project_id", "extra_dhcp_opts", "binding:vnic_type", "binding:host_id", "binding:profile"),
    }
)


@define(eq=False)
class Networks:
    """
    Networks and subnets.
    """

    store: NeutronStore

    @route("GET", "/networks")
    def index(self, call: Call) -> Answer:
        admin = call.caller.is_admin
        shown = [each.shown(admin=admin) for each in self._visible(call)]
        return listed(call, "networks", shown, self.store.network_fields)

    @route("POST", "/networks")
    def create(self, call: Call) -> Answer:
        wanted = section(call, "network", _NETWORK_FIELDS)
        for name in ("shared", "router:external", "provider:network_type"):
            if wanted.get(name) and not call.caller.is_admin:
                message = f"(rule:create_network and rule:create_network:{name}) is disallowed by policy"
                raise Fault(403, message, "PolicyNotAuthorized")
        check_quota(call, "network")
        network = self.store.add_network(
            owner(call, wanted),
            name=wanted.get("name", ""),
            description=wanted.get("description", ""),
            shared=bool(wanted.get("shared", False)),
            external=bool(wanted.get("router:external", False)),
            admin_state_up=bool(wanted.get("admin_state_up", True)),
            mtu=wanted.get("mtu") or 1450,
            port_security_enabled=bool(wanted.get("port_security_enabled", True)),
        )
        self.store.touch(network)
        return Answer(status=201, body={"network": network.shown(admin=call.caller.is_admin)})

    @route("GET", "/networks/<network_id>")
    def show(self, call: Call, network_id: str) -> Answer:
        network = self._network(call, network_id)
        return Answer(body={"network": chosen(call, network.shown(admin=call.caller.is_admin))})

    @route("PUT", "/networks/<network_id>")
    def update(self, call: Call, network_id: str) -> Answer:
        network = self._own(call, network_id, "update_network")
        wanted = section(call, "network", _NETWORK_FIELDS)
        for name in ("name", "description", "admin_state_up", "mtu", "shared", "port_security_enabled"):
            if name in wanted:
                setattr(network, name, wanted[name])
        self.store.touch(network)
        return Answer(body={"network": network.shown(admin=call.caller.is_admin)})

    @route("DELETE", "/networks/<network_id>")
    def delete(self, call: Call, network_id: str) -> Answer:
        network = self._own(call, network_id, "delete_network")
        ports = ", ".join(port.id for port in self.store.ports.values() if port.network_id == network.id)
        if ports:
            message = (
                f"Unable to complete operation on network {network.id}. There are one or more ports still in "
                f"use on the network, id for these ports is: {ports}."
            )
            raise Fault(409, message, "NetworkInUse")
        for subnet in network.subnets:
            del self.store.subnets[subnet.id]
        del self.store.networks[network.id]
        return Answer(status=204)

    @route("GET", "/subnets")
    def subnets(self, call: Call) -> Answer:
        visible = [each for each in self.store.subnets.values() if self.store.sees_subnet(each, call.caller)]
        return listed(call, "subnets", (each.shown() for each in visible), self.store.subnet_fields)

    @route("POST", "/subnets")
    def create_subnet(self, call: Call) -> Answer:
        wanted = section(call, "subnet", _SUBNET_FIELDS)
        if "network_id" not in wanted:
            raise bad_request("Failed to parse request. Required attribute 'network_id' not specified")
        network = self._network(call, str(wanted["network_id"]))
        check_quota(call, "subnet")
        try:
            subnet = self.store.add_subnet(
                network,
                str(wanted.get("cidr")),
                name=wanted.get("name", ""),
                enable_dhcp=bool(wanted.get("enable_dhcp", True)),
                project_id=owner(call, wanted),
            )
        except (ValueError, IndexError):
            message = f"Invalid input for cidr. Reason: '{wanted.get('cidr')}' is not a valid IP subnet."
            raise bad_request(message) from None
        if "gateway_ip" in wanted:
            subnet.gateway_ip = wanted["gateway_ip"]
        return Answer(status=201, body={"subnet": subnet.shown()})

    @route("GET", "/subnets/<subnet_id>")
    def show_subnet(self, call: Call, subnet_id: str) -> Answer:
        return Answer(body={"subnet": chosen(call, self._subnet(call, subnet_id).shown())})

    @route("DELETE", "/subnets/<subnet_id>")
    def delete_subnet(self, call: Call, subnet_id: str) -> Answer:
        subnet = self._subnet(call, subnet_id)
        if any(subnet.id == each for port in self.store.ports.values() for each, _ in port.fixed_ips):
            message = (
                f"Unable to complete operation on subnet {subnet.id}: One or more ports have an IP allocation "
                "from this subnet."
            )
            raise Fault(409, message, "SubnetInUse")
        del self.store.subnets[subnet.id]
        self.store.networks[subnet.network_id].subnets.remove(subnet)
        return Answer(status=204)

    def _visible(self, call: Call) -> list[Network]:
        return [each for each in self.store.networks.values() if self.store.sees_network(each, call.caller)]

    def _network(self, call: Call, network_id: str) -> Network:
        network = self.store.find_network(network_id, call.caller)
        if network is None:
            raise missing("Network", network_id)
        return network

    def _own(self, call: Call, network_id: str, rule: str) -> Network:
        network = self._network(call, network_id)
        if not owns(network, call.caller) and not call.caller.is_admin:
            raise Fault(403, f"rule:{rule} is disallowed by policy", "PolicyNotAuthorized")
        return network

    def _subnet(self, call: Call, subnet_id: str) -> Subnet:
        subnet = self.store.subnets.get(subnet_id)
        if subnet is None or not self.store.sees_subnet(subnet, call.caller):
            raise missing("Subnet", subnet_id)
        return subnet


@define(eq=False)
class Ports:
    """
    Ports.
    """

    store: NeutronStore

    @route("GET", "/ports")
    def index(self, call: Call) -> Answer:
        admin = call.caller.is_admin
        visible = [each for each in self.store.ports.values() if admin or owns(each, call.caller)]
        known = [
            *(_PORT_FIELDS | {"id", "status", "revision_number", "created_at", "updated_at", "tags"}),
            "binding:vif_type",
        ]
        return listed(call, "ports", (each.shown(admin=admin) for each in visible), known)

    @route("POST", "/ports")
    def create(self, call: Call) -> Answer:
        wanted = section(call, "port", _PORT_FIELDS)
        if "network_id" not in wanted:
            raise bad_request("Failed to parse request. Required attribute 'network_id' not specified")
        network_id = str(wanted["network_id"])
        network = self.store.find_network(network_id, call.caller)
        if network is None:
            raise missing("Network", network_id)
        check_quota(call, "port")
        port = self.store.add_port(
            owner(call, wanted),
            network,
            name=wanted.get("name", ""),
            description=wanted.get("description", ""),
            device_id=wanted.get("device_id", ""),
            device_owner=wanted.get("device_owner", ""),
            fixed_ips=_wished(wanted["fixed_ips"]) if wanted.get("fixed_ips") is not None else None,
            security_groups=wanted.get("security_groups"),
            admin_state_up=bool(wanted.get("admin_state_up", True)),
            mac_address=wanted.get("mac_address"),
            vnic_type=wanted.get("binding:vnic_type", "normal"),
            port_security_enabled=bool(wanted.get("port_security_enabled", True)),
        )
        port.host = wanted.get("binding:host_id") or ""
        return Answer(status=201, body={"port": port.shown(admin=call.caller.is_admin)})

    @route("GET", "/ports/<port_id>")
    def show(self, call: Call, port_id: str) -> Answer:
        shown = self._port(call, port_id).shown(admin=call.caller.is_admin)
        return Answer(body={"port": chosen(call, shown)})

    @route("PUT", "/ports/<port_id>")
    def update(self, call: Call, port_id: str) -> Answer:
        port = self._port(call, port_id)
        wanted = section(call, "port", _PORT_FIELDS)
        for name in ("name", "description", "admin_state_up", "device_id", "device_owner", "security_groups"):
            if name in wanted:
                setattr(port, name, wanted[name])
        self.store.touch(port)
        return Answer(body={"port": port.shown(admin=call.caller.is_admin)})

    @route("DELETE", "/ports/<port_id>")
    def delete(self, call: Call, port_id: str) -> Answer:
        self.store.delete_port(self._port(call, port_id).id)
        return Answer(status=204)

    def _port(self, call: Call, port_id: str) -> Port:
        port = self.store.find_port(port_id, call.caller)
        if port is None:
            raise missing("Port", port_id)
        return port


def owner(call: Call, wanted: dict[str, Any]) -> str:
    """
    The project of a new resource: an admin may name another.
    """
    named = wanted.get("project_id") or wanted.get("tenant_id")
    return str(named) if named and call.caller.is_admin else call.project_id


def _wished(fixed_ips: list[dict[str, str]]) -> list[tuple[str | None, str | None]]:
    return [(each.get("subnet_id"), each.get("ip_address")) for each in fixed_ips]


def check_quota(call: Call, resource: str) -> None:
    """
    Refuse a create where that is wanted.

    :raises Fault: 409.
    """
    if call.injected("quota"):
        raise Fault(409, f"Quota exceeded for resources: ['{resource}'].", "OverQuota")
