"""
``/os-server-groups``.
"""

from __future__ import annotations

import uuid
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import body_object, invalid, limit_of, required, text
from trio2o.sandbox.nova.quotas import over_quota
from trio2o.sandbox.nova.store import NovaStore, ServerGroup

_POLICIES = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")


@define
class ServerGroups:
    """
    Server groups.
    """

    store: NovaStore

    @route("GET", "/os-server-groups")
    def index(self, call: Call) -> Answer:
        everything = call.caller.is_admin and call.arg("all_projects") is not None
        found = [
            each for each in self.store.groups.values() if everything or each.project_id == call.project_id
        ]
        offset = call.arg("offset") or "0"
        found = found[int(offset) if offset.isdecimal() else 0 :]
        limit = limit_of(call)
        return Answer(body={"server_groups": [_shown(each, call) for each in found[:limit]]})

    @route("GET", "/os-server-groups/<group_id>")
    def show(self, call: Call, group_id: str) -> Answer:
        return Answer(body={"server_group": _shown(self._find(group_id, call), call)})

    @route("POST", "/os-server-groups")
    def create(self, call: Call) -> Answer:
        wanted = body_object(call, "server_group")
        policy_field = "policy" if call.minor >= 64 else "policies"
        required(wanted, ("name", policy_field), "server_group")
        policy = wanted[policy_field]
        if call.minor < 64:
            policy = policy[0] if isinstance(policy, list) and len(policy) == 1 else policy
        if policy not in _POLICIES:
            raise invalid(policy_field, policy, f"{policy!r} is not one of {list(_POLICIES)!r}")
        limits, used = self.store.limits_of(call.project_id), self.store.used_by(call.project_id)
        if 0 <= limits["server_groups"] <= used["server_groups"]:
            raise over_quota({"server_groups": "1"}, used, limits)
        group = ServerGroup(
            number=self.store.next_number(),
            id=str(uuid.uuid4()),
            name=text(wanted, "name", empty=False) or "",
            project_id=call.project_id,
            user_id=call.caller.user_id,
            policy=policy,
            rules=dict(wanted.get("rules") or {}) if call.minor >= 64 else {},
        )
        self.store.groups[group.id] = group
        return Answer(body={"server_group": _shown(group, call)})

    @route("DELETE", "/os-server-groups/<group_id>")
    def delete(self, call: Call, group_id: str) -> Answer:
        group = self._find(group_id, call)
        del self.store.groups[group.id]
        for member in group.members:
            self.store.servers[member].revision.bump()
        return Answer(status=204)

    def _find(self, group_id: str, call: Call) -> ServerGroup:
        group = self.store.groups.get(group_id)
        if group is None or (group.project_id != call.project_id and not call.caller.is_admin):
            raise not_found(f"Instance group {group_id} could not be found.")
        return group


def _shown(group: ServerGroup, call: Call) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": group.id, "name": group.name}
    if call.minor >= 64:
        shown |= {"policy": group.policy, "rules": dict(group.rules)}
    else:
        shown |= {"policies": [group.policy], "metadata": {}}
    shown["members"] = list(group.members)
    if call.minor >= 13:
        shown |= {"project_id": group.project_id, "user_id": group.user_id}
    return shown
