"""
``/limits``, ``/os-quota-sets`` and ``/os-quota-class-sets``.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import body_object, boolean, only, whole_number
from trio2o.sandbox.nova.quotas import DEFAULT_QUOTAS, resources_at
from trio2o.sandbox.nova.store import NovaStore, admin_only

#: Limits in the order of ``/limits``, with the last minor version that shows each (None: all).
_ABSOLUTE = (
    ("maxTotalCores", "cores", None),
    ("maxPersonality", "injected_files", 56),
    ("maxPersonalitySize", "injected_file_content_bytes", 56),
    ("maxTotalInstances", "instances", None),
    ("maxTotalKeypairs", "key_pairs", None),
    ("maxServerMeta", "metadata_items", None),
    ("maxImageMeta", "metadata_items", 38),
    ("maxTotalRAMSize", "ram", None),
    ("maxServerGroups", "server_groups", None),
    ("maxServerGroupMembers", "server_group_members", None),
    ("maxTotalFloatingIps", "floating_ips", 35),
    ("maxSecurityGroups", "security_groups", 35),
    ("maxSecurityGroupRules", "security_group_rules", 35),
)
_USED = (
    ("totalRAMUsed", "ram", None),
    ("totalCoresUsed", "cores", None),
    ("totalInstancesUsed", "instances", None),
    ("totalFloatingIpsUsed", "floating_ips", 35),
    ("totalSecurityGroupsUsed", "security_groups", 35),
    ("totalServerGroupsUsed", "server_groups", None),
)
_CLASS_HIDDEN = frozenset({"server_groups", "server_group_members"})


@define
class Limits:
    """
    What projects may use, and use.
    """

    store: NovaStore

    @route("GET", "/limits")
    def show_limits(self, call: Call) -> Answer:
        named = call.arg("tenant_id")
        if named is not None:
            admin_only(call, "limits:other_project")
        project = call.project_id if named is None else named
        limits, used = self.store.limits_of(project), self.store.used_by(project)
        absolute = {
            name: limits[resource] for name, resource, last in _ABSOLUTE if last is None or call.minor <= last
        }
        absolute |= {
            name: used.get(resource, 0)
            for name, resource, last in _USED
            if last is None or call.minor <= last
        }
        return Answer(body={"limits": {"rate": [], "absolute": absolute}})

    @route("GET", "/os-quota-sets/<project>")
    def show(self, call: Call, project: str) -> Answer:
        self._own_or_admin(project, call, "show")
        limits = self.store.limits_of(project, call.arg("user_id") or "")
        shown = {name: limits[name] for name in resources_at(call.minor)}
        return Answer(body={"quota_set": {"id": project, **shown}})

    @route("GET", "/os-quota-sets/<project>/detail")
    def detail(self, call: Call, project: str) -> Answer:
        self._own_or_admin(project, call, "detail")
        user = call.arg("user_id") or ""
        limits, used = self.store.limits_of(project, user), self.store.used_by(project, user)
        shown = {
            name: {"limit": limits[name], "in_use": used.get(name, 0), "reserved": 0}
            for name in resources_at(call.minor)
        }
        return Answer(body={"quota_set": {"id": project, **shown}})

    @route("GET", "/os-quota-sets/<project>/defaults")
    def defaults(self, call: Call, project: str) -> Answer:
        shown = {name: self.store.quota_class[name] for name in resources_at(call.minor)}
        return Answer(body={"quota_set": {"id": project, **shown}})

    @route("PUT", "/os-quota-sets/<project>")
    def update(self, call: Call, project: str) -> Answer:
        admin_only(call, "os-quota-sets:update")
        wanted = body_object(call, "quota_set")
        names = resources_at(call.minor)
        only(wanted, {*names, "force"}, "quota_set")
        user = call.arg("user_id") or ""
        changes = self._changes(wanted)
        if not boolean(wanted, "force"):
            self._check(project, user, changes)
        given = self.store.quotas if not user else self.store.user_quotas.setdefault(project, {})
        given.setdefault(user or project, {}).update(changes)
        limits = self.store.limits_of(project, user)
        return Answer(body={"quota_set": {name: limits[name] for name in names}})

    def _check(self, project: str, user: str, changes: dict[str, int]) -> None:
        """
        Refuse limits that do not hold what is used, or, a user's, do not fit into the project's.

        :raises Fault: 400.
        """
        used, limits = self.store.used_by(project, user), self.store.limits_of(project)
        given = self.store.user_quotas.get(project, {})
        for name, limit in changes.items():
            promised = sum(each.get(name, 0) for each in given.values())
            least = used.get(name, 0)
            if not user and 0 <= promised <= limits[name]:
                least = max(least, promised)
            if 0 <= limit < least:
                raise bad_request(
                    f"Quota limit {limit} for {name} must be greater than or equal to already used and "
                    f"reserved {least}."
                )
            most = limits[name] - promised + given.get(user, {}).get(name, 0)
            if user and 0 <= promised <= limits[name] and not 0 <= limit <= most:
                raise bad_request(f"Quota limit {limit} for {name} must be less than or equal to {most}.")

    @route("DELETE", "/os-quota-sets/<project>")
    def delete(self, call: Call, project: str) -> Answer:
        admin_only(call, "os-quota-sets:delete")
        user = call.arg("user_id") or ""
        if user:
            self.store.user_quotas.get(project, {}).pop(user, None)
        else:
            self.store.quotas.pop(project, None)
            self.store.user_quotas.pop(project, None)
        return Answer(status=202)

    @route("GET", "/os-quota-class-sets/<name>")
    def show_class(self, call: Call, name: str) -> Answer:
        admin_only(call, "os-quota-class-sets:show")
        limits = self.store.quota_class if name == "default" else DEFAULT_QUOTAS
        return Answer(body={"quota_class_set": {"id": name, **self._class_shown(limits, call)}})

    @route("PUT", "/os-quota-class-sets/<name>")
    def update_class(self, call: Call, name: str) -> Answer:
        admin_only(call, "os-quota-class-sets:update")
        wanted = body_object(call, "quota_class_set")
        only(wanted, set(resources_at(call.minor)), "quota_class_set")
        if name == "default":
            self.store.quota_class.update(self._changes(wanted))
        return Answer(body={"quota_class_set": self._class_shown(self.store.quota_class, call)})

    def _class_shown(self, limits: Any, call: Call) -> dict[str, int]:
        hidden = _CLASS_HIDDEN if call.minor < 50 else frozenset()
        return {name: limits[name] for name in resources_at(call.minor) if name not in hidden}

    def _changes(self, wanted: dict[str, Any]) -> dict[str, int]:
        changes = {}
        for name in wanted:
            if name != "force":
                value = wanted[name]
                limit = -1 if value in (-1, "-1") else whole_number(wanted, name, 0)
                if limit > 0x7FFFFFFF:
                    raise bad_request(
                        f"Invalid input for field/attribute {name}. Value: {value}. {value} is greater than the "
                        f"maximum of {0x7FFFFFFF}"
                    )
                changes[name] = limit
        return changes

    def _own_or_admin(self, project: str, call: Call, operation: str) -> None:
        if project != call.project_id:
            admin_only(call, f"os-quota-sets:{operation}")
