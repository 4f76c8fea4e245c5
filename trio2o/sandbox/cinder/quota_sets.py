"""
``/limits``, ``/os-quota-sets`` and ``/os-quota-class-sets``.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body
from trio2o.sandbox.cinder.store import CinderStore

_RULE = "volume_extension:quotas:"
_ABSOLUTE = (
    ("maxTotalVolumes", "volumes"),
    ("maxTotalSnapshots", "snapshots"),
    ("maxTotalVolumeGigabytes", "gigabytes"),
    ("maxTotalBackups", "backups"),
    ("maxTotalBackupGigabytes", "backup_gigabytes"),
)
_USED = (
    ("totalVolumesUsed", "volumes"),
    ("totalGigabytesUsed", "gigabytes"),
    ("totalSnapshotsUsed", "snapshots"),
    ("totalBackupsUsed", "backups"),
    ("totalBackupGigabytesUsed", "backup_gigabytes"),
)


@define(eq=False)
class QuotaSets:
    """
    Limits and usage of projects.
    """

    store: CinderStore

    @route("GET", "/limits")
    def limits(self, call: Call) -> Answer:
        project_id = call.project_id
        if call.minor >= 39 and call.caller.is_admin:
            project_id = call.arg("project_id") or call.arg("tenant_id") or project_id
        limits, used = self.store.quotas.limits(project_id), self.store.quotas.used(project_id)
        absolute = {shown: limits[name] for shown, name in _ABSOLUTE}
        absolute |= {shown: used[name] for shown, name in _USED}
        return Answer(body={"limits": {"rate": [], "absolute": absolute}})

    @route("GET", "/os-quota-sets/<project_id>")
    def show(self, call: Call, project_id: str) -> Answer:
        self._own_or_admin(call, project_id)
        limits = self.store.quotas.limits(project_id)
        if (call.arg("usage") or "").lower() not in ("true", "1"):
            return Answer(body={"quota_set": limits | {"id": project_id}})
        used = self.store.quotas.used(project_id)
        shown: dict[str, Any] = {
            name: {"limit": limit, "in_use": used[name], "reserved": 0} for name, limit in limits.items()
        }
        return Answer(body={"quota_set": shown | {"id": project_id}})

    @route("GET", "/os-quota-sets/<project_id>/defaults")
    def defaults(self, call: Call, project_id: str) -> Answer:
        self._own_or_admin(call, project_id)
        return Answer(body={"quota_set": self._defaults() | {"id": project_id}})

    @route("PUT", "/os-quota-sets/<project_id>")
    def update(self, call: Call, project_id: str) -> Answer:
        body.require_admin(call, _RULE + "update")
        quotas, wanted = self.store.quotas, self._wanted(call, "quota_set", "quota set")
        if not body.section(call, "quota_set"):
            raise body.invalid("quota_set", {}, "{} should be non-empty")
        used = quotas.used(project_id)
        for name, limit in wanted.items():
            if quotas.has_own(project_id, name) and 0 <= limit < used[name]:
                raise bad_request(
                    f"Quota {name} limit must be equal or greater than existing resources. Current usage is "
                    f"{used[name]} and the requested limit is {limit}."
                )
        quotas.set_limits(project_id, wanted)
        return Answer(body={"quota_set": quotas.limits(project_id)})

    @route("DELETE", "/os-quota-sets/<project_id>")
    def delete(self, call: Call, project_id: str) -> Answer:
        body.require_admin(call, _RULE + "delete")
        self.store.quotas.reset(project_id)
        return Answer(body=b"")

    @route("GET", "/os-quota-class-sets/<name>")
    def show_class(self, call: Call, name: str) -> Answer:
        body.require_admin(call, "volume_extension:quota_classes:get")
        return Answer(body={"quota_class_set": self._defaults() | {"id": name}})

    @route("PUT", "/os-quota-class-sets/<name>")
    def update_class(self, call: Call, name: str) -> Answer:
        body.require_admin(call, "volume_extension:quota_classes:update")
        self.store.quotas.defaults.update(self._wanted(call, "quota_class_set", "quota class set"))
        return Answer(body={"quota_class_set": self._defaults()})

    def _own_or_admin(self, call: Call, project_id: str) -> None:
        if project_id != call.project_id:
            body.require_admin(call, _RULE + "show")

    def _defaults(self) -> dict[str, Any]:
        quotas = self.store.quotas
        return {name: quotas.defaults.get(name, -1) for name in quotas.names()}

    def _wanted(self, call: Call, key: str, what: str) -> dict[str, int]:
        known = {*self.store.quotas.names(), "id", "tenant_id"}
        found = body.section(call, key)
        if strange := [name for name in found if name not in known]:
            raise bad_request(f"Invalid input received: Bad key(s) in {what}: {', '.join(strange)}")
        limits = {}
        for name, value in found.items():
            if name in ("id", "tenant_id"):
                continue
            if not isinstance(value, int) or isinstance(value, bool):
                raise bad_request(f"{name} must be an integer")
            if value < -1:
                raise bad_request(f"{name} must be >= -1")
            if value > 0x7FFFFFFF:
                raise bad_request(f"{name} must be <= {0x7FFFFFFF}")
            limits[name] = value
        return limits
