"""
``/v2.0``: security groups, extensions, quotas, and lists that stay empty.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, Fault
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.neutron.handlers import check_quota, owner
from trio2o.sandbox.neutron.lists import chosen, listed
from trio2o.sandbox.neutron.records import SecurityGroup
from trio2o.sandbox.neutron.store import NeutronStore, missing, owns
from trio2o.sandbox.neutron.style import section

_EXTENSIONS = (
    ("Allowed Address Pairs", "allowed-address-pairs"),
    ("Availability Zone", "availability_zone"),
    ("Port Binding", "binding"),
    ("Neutron external network", "external-net"),
    ("Network MTU", "net-mtu"),
    ("Port Security", "port-security"),
    ("Provider Network", "provider"),
    ("Quota management support", "quotas"),
    ("security-group", "security-group"),
    ("Resource timestamps", "standard-attr-timestamp"),
)
_EMPTY = "any(availability_zones, routers, floatingips, trunks, subnetpools, 'security-group-rules', 'address-scopes', agents)"


@define(eq=False)
class Others:
    """
    Security groups, extensions, quotas, and what there is none of.
    """

    store: NeutronStore

    @route("GET", "/")
    def resources(self, call: Call) -> Answer:
        shown = [
            {
                "name": name,
                "collection": f"{name}s",
                "links": [{"rel": "self", "href": f"{call.origin}/v2.0/{name}s"}],
            }
            for name in ("network", "subnet", "subnetpool", "port")
        ]
        return Answer(body={"resources": shown})

    @route("GET", "/security-groups")
    def groups(self, call: Call) -> Answer:
        default = self.store.default_group(call.project_id)
        visible = [
            each for each in self.store.groups.values() if call.caller.is_admin or owns(each, call.caller)
        ]
        return listed(call, "security_groups", (each.shown() for each in visible), list(default.shown()))

    @route("POST", "/security-groups")
    def create_group(self, call: Call) -> Answer:
        fields = frozenset({"name", "description", "stateful", "tenant_id", "project_id"})
        wanted = section(call, "security_group", fields)
        check_quota(call, "security_group")
        name = str(wanted.get("name", ""))
        group = self.store.add_group(owner(call, wanted), name, wanted.get("description", ""))
        return Answer(status=201, body={"security_group": group.shown()})

    @route("GET", "/security-groups/<group_id>")
    def group(self, call: Call, group_id: str) -> Answer:
        return Answer(body={"security_group": chosen(call, self._group(call, group_id).shown())})

    @route("DELETE", "/security-groups/<group_id>")
    def delete_group(self, call: Call, group_id: str) -> Answer:
        group = self._group(call, group_id)
        if any(group.id in port.security_groups for port in self.store.ports.values()):
            raise Fault(409, f"Security Group {group.id} in use.", "SecurityGroupInUse")
        del self.store.groups[group.id]
        return Answer(status=204)

    @route("GET", "/extensions")
    def extensions(self, call: Call) -> Answer:
        return Answer(body={"extensions": [_extension(name, alias) for name, alias in _EXTENSIONS]})

    @route("GET", "/extensions/<alias>")
    def extension(self, call: Call, alias: str) -> Answer:
        for name, each in _EXTENSIONS:
            if each == alias:
                return Answer(body={"extension": _extension(name, alias)})
        raise Fault(404, f"Extension with alias {alias} does not exist", "HTTPNotFound")

    @route("GET", "/quotas/<project_id>")
    def quotas(self, call: Call, project_id: str) -> Answer:
        quota = {
            "network": 100,
            "subnet": 100,
            "port": 500,
            "security_group": 10,
            "floatingip": 50,
            "router": 10,
        }
        return Answer(body={"quota": quota})

    @route("DELETE", "/quotas/<project_id>")
    def forget_quotas(self, call: Call, project_id: str) -> Answer:
        # everybody has the same: there is nothing to forget, but `openstack quota delete` asks for it
        return Answer(status=204)

    @route("GET", f"/<{_EMPTY}:collection>")
    def nothing(self, call: Call, collection: str) -> Answer:
        return Answer(body={collection.replace("-", "_"): []})

    def _group(self, call: Call, group_id: str) -> SecurityGroup:
        group = self.store.groups.get(group_id)
        if group is None or not (call.caller.is_admin or owns(group, call.caller)):
            raise missing("Security group", group_id)
        return group


def _extension(name: str, alias: str) -> dict[str, Any]:
    return {
        "name": name,
        "alias": alias,
        "description": f"{name}.",
        "updated": "2016-01-01T00:00:00-00:00",
        "links": [],
    }
