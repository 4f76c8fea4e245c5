"""
What Nova handed on to Neutron and Glance up to microversion 2.35.
"""

from __future__ import annotations

import uuid
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, Fault, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.neutron.records import FloatingAddress
from trio2o.sandbox.nova.checks import body_object, is_uuid, required
from trio2o.sandbox.nova.imaging import Images
from trio2o.sandbox.nova.store import NovaStore, until

_LAST = 35
#: The one image that is listed; others are found by asking Glance for their id.
_IMAGE = "6b9648cf-4927-462f-8ceb-3beb5e34bcd5"


@define
class NetworkProxies:
    """
    Security groups and their rules, floating addresses, and networks by two paths.
    """

    store: NovaStore

    @route("GET", "/os-security-groups")
    def groups(self, call: Call) -> Answer:
        until(call, _LAST)
        self._neutron.default_group(call.project_id)
        return Answer(body={"security_groups": [_group(each) for each in self._own(call, "groups")]})

    @route("POST", "/os-security-groups")
    def create_group(self, call: Call) -> Answer:
        until(call, _LAST)
        wanted = body_object(call, "security_group")
        required(wanted, ("name", "description"), "security_group")
        made = self._neutron.add_group(call.project_id, wanted["name"], wanted["description"])
        return Answer(body={"security_group": _group(made)})

    @route("GET", "/os-security-groups/<group_id>")
    def group(self, call: Call, group_id: str) -> Answer:
        until(call, _LAST)
        return Answer(body={"security_group": _group(self._group(group_id, call))})

    @route("PUT", "/os-security-groups/<group_id>")
    def update_group(self, call: Call, group_id: str) -> Answer:
        until(call, _LAST)
        group, wanted = self._group(group_id, call), body_object(call, "security_group")
        required(wanted, ("name", "description"), "security_group")
        group.name, group.description = wanted["name"], wanted["description"]
        return Answer(body={"security_group": _group(group)})

    @route("DELETE", "/os-security-groups/<group_id>")
    def delete_group(self, call: Call, group_id: str) -> Answer:
        until(call, _LAST)
        del self._neutron.groups[self._group(group_id, call).id]
        return Answer(status=202)

    @route("POST", "/os-security-group-rules")
    def create_rule(self, call: Call) -> Answer:
        until(call, _LAST)
        wanted = body_object(call, "security_group_rule")
        required(wanted, ("parent_group_id",), "security_group_rule")
        group = self._group(str(wanted["parent_group_id"]), call)
        rule = {
            "id": str(uuid.uuid4()),
            "parent_group_id": group.id,
            "ip_protocol": wanted.get("ip_protocol"),
            "from_port": wanted.get("from_port"),
            "to_port": wanted.get("to_port"),
            "group": {},
            "ip_range": {"cidr": wanted.get("cidr")},
        }
        self._neutron.rules[rule["id"]] = rule
        return Answer(body={"security_group_rule": rule})

    @route("DELETE", "/os-security-group-rules/<rule_id>")
    def delete_rule(self, call: Call, rule_id: str) -> Answer:
        until(call, _LAST)
        rule = self._neutron.rules.get(rule_id)
        group = None if rule is None else self._neutron.groups.get(rule["parent_group_id"])
        if group is None or (group.project_id != call.project_id and not call.caller.is_admin):
            raise not_found(f"Security group with rule {rule_id} not found.")
        del self._neutron.rules[rule_id]
        return Answer(status=202)

    @route("GET", "/os-floating-ips")
    def addresses(self, call: Call) -> Answer:
        until(call, _LAST)
        return Answer(body={"floating_ips": [_address(each) for each in self._own(call, "addresses")]})

    @route("POST", "/os-floating-ips")
    def create_address(self, call: Call) -> Answer:
        until(call, _LAST)
        pool = (call.json() or {}).get("pool")
        external = [each for each in self._neutron.networks.values() if each.external]
        chosen = next((each for each in external if pool in (None, each.name, each.id)), None)
        if chosen is None:
            raise not_found("Floating IP pool not found.")
        made = FloatingAddress(
            id=str(uuid.uuid4()),
            project_id=call.project_id,
            pool=chosen.name,
            address=f"198.51.100.{10 + len(self._neutron.addresses)}",
        )
        self._neutron.addresses[made.id] = made
        return Answer(body={"floating_ip": _address(made)})

    @route("GET", "/os-floating-ips/<address_id>")
    def address(self, call: Call, address_id: str) -> Answer:
        until(call, _LAST)
        return Answer(body={"floating_ip": _address(self._address(address_id, call))})

    @route("DELETE", "/os-floating-ips/<address_id>")
    def delete_address(self, call: Call, address_id: str) -> Answer:
        until(call, _LAST)
        del self._neutron.addresses[self._address(address_id, call).id]
        return Answer(status=202)

    @route("GET", "/os-floating-ip-pools")
    def pools(self, call: Call) -> Answer:
        until(call, _LAST)
        names = [each.name or each.id for each in self._neutron.networks.values() if each.external]
        return Answer(body={"floating_ip_pools": [{"name": name} for name in names]})

    @route("GET", "/os-networks")
    def networks(self, call: Call) -> Answer:
        until(call, _LAST)
        found = self._neutron.networks_of(call.caller)
        return Answer(
            body={"networks": [{"id": each.id, "label": each.name, "cidr": None} for each in found]}
        )

    @route("GET", "/os-networks/<network_id>")
    def network(self, call: Call, network_id: str) -> Answer:
        network = self._network(network_id, call)
        return Answer(body={"network": {"id": network.id, "label": network.name, "cidr": None}})

    @route("GET", "/os-tenant-networks")
    def project_networks(self, call: Call) -> Answer:
        until(call, _LAST)
        found = self._neutron.networks_of(call.caller)
        shown = [{"id": each.id, "label": each.name, "cidr": "None"} for each in found]
        return Answer(body={"networks": shown})

    @route("GET", "/os-tenant-networks/<network_id>")
    def project_network(self, call: Call, network_id: str) -> Answer:
        network = self._network(network_id, call)
        return Answer(body={"network": {"id": network.id, "label": network.name, "cidr": "None"}})

    @route("POST", "/os-networks")
    @route("POST", "/os-tenant-networks")
    def removed(self, call: Call) -> Answer:
        raise _gone()

    @route("DELETE", "/os-networks/<network_id>")
    @route("DELETE", "/os-tenant-networks/<network_id>")
    def removed_one(self, call: Call, network_id: str) -> Answer:
        raise _gone()

    @property
    def _neutron(self) -> Any:
        return self.store.pod.network

    def _own(self, call: Call, shelf: str) -> list[Any]:
        records = getattr(self._neutron, shelf).values()
        return [each for each in records if each.project_id == call.project_id]

    def _group(self, group_id: str, call: Call) -> Any:
        if not is_uuid(group_id):
            raise bad_request("Security group id should be uuid")
        group = self._neutron.groups.get(group_id)
        if group is None or (group.project_id != call.project_id and not call.caller.is_admin):
            raise not_found(f"Security group {group_id} not found.")
        return group

    def _address(self, address_id: str, call: Call) -> Any:
        address = self._neutron.addresses.get(address_id)
        if address is None or (address.project_id != call.project_id and not call.caller.is_admin):
            raise not_found(f"Floating IP not found for ID {address_id}")
        return address

    def _network(self, network_id: str, call: Call) -> Any:
        until(call, _LAST)
        network = self._neutron.find_network(network_id, call.caller)
        if network is None:
            raise not_found("Network not found")
        return network


@define
class ImageProxies:
    """
    ``/images``: one image, and those that Glance has by their ids.
    """

    images: Images

    @route("GET", "/images")
    @route("GET", "/images/detail")
    def index(self, call: Call) -> Answer:
        until(call, _LAST)
        return Answer(body={"images": [_image(_IMAGE, call)]})

    @route("GET", "/images/<image_id>")
    async def show(self, call: Call, image_id: str) -> Answer:
        await self._check(image_id, call)
        return Answer(body={"image": _image(image_id, call)})

    @route("GET", "/images/<image_id>/metadata")
    async def metadata(self, call: Call, image_id: str) -> Answer:
        await self._check(image_id, call)
        return Answer(body={"metadata": {}})

    async def _check(self, image_id: str, call: Call) -> None:
        until(call, _LAST)
        if not is_uuid(image_id) or not await self.images.has(image_id, call):
            raise not_found("Image not found.")


def _gone() -> Fault:
    return Fault(410, "This resource is no longer available. No forwarding address is given.")


def _group(each: Any) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "description": each.description,
        "tenant_id": each.project_id,
        "rules": [],
    }


def _address(each: Any) -> dict[str, Any]:
    return {
        "id": each.id,
        "ip": each.address,
        "pool": each.pool,
        "fixed_ip": None,
        "instance_id": None,
    }


def _image(image_id: str, call: Call) -> dict[str, Any]:
    return {
        "id": image_id,
        "name": "image",
        "links": [{"rel": "self", "href": f"{call.base}/images/{image_id}"}],
    }
