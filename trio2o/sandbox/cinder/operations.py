"""
What operators ask of Cinder: services, pools, hosts, clusters, extensions.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field

from trio2o.sandbox.answers import Answer, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.store import CinderStore

_FILTERS = {
    "volume": [
        "name",
        "status",
        "metadata",
        "bootable",
        "migration_status",
        "availability_zone",
        "group_id",
        "size",
        "created_at",
        "updated_at",
        "consumes_quota",
    ],
    "backup": ["name", "status", "volume_id"],
    "snapshot": ["name", "status", "volume_id", "metadata", "availability_zone", "consumes_quota"],
    "group": ["name"],
    "group_snapshot": ["name", "status", "group_id"],
    "attachment": ["volume_id", "status", "instance_id", "attach_status"],
    "message": ["resource_uuid", "resource_type", "event_id", "request_id", "message_level"],
    "pool": ["name", "volume_type"],
    "volume_type": ["is_public", "extra_specs"],
}
_EXTENSIONS = (
    ("VolumeImageMetadata", "os-vol-image-meta", "2012-12-07"),
    ("VolumeUnmanage", "os-volume-unmanage", "2012-05-31"),
    ("UsedLimits", "os-used-limits", "2013-10-03"),
    ("AdminActions", "os-admin-actions", "2012-08-25"),
    ("Backups", "backups", "2012-12-12"),
    ("AvailabilityZones", "os-availability-zone", "2013-06-27"),
    ("Quotas", "os-quota-sets", "2011-08-08"),
    ("VolumeTransfer", "os-volume-transfer", "2013-05-29"),
    ("VolumeTypeAccess", "os-volume-type-access", "2014-06-26"),
    ("Scheduler_stats", "scheduler-stats", "2014-09-07"),
)


@define(eq=False)
class Operations:
    """
    One storage host with one pool.
    """

    store: CinderStore
    capacity: float
    _disabled: dict[tuple[str, str], str | None] = field(factory=dict, init=False)

    @route("GET", "/os-availability-zone")
    def zones(self, call: Call) -> Answer:
        zones = [{"zoneName": zone, "zoneState": {"available": True}} for zone in self.store.zones]
        return Answer(body={"availabilityZoneInfo": zones})

    @route("GET", "/os-services")
    def services(self, call: Call) -> Answer:
        body.require_admin(call, "volume_extension:services:index")
        found = self.services_shown(call)
        for name in ("binary", "host"):
            if call.arg(name) is not None:
                found = [each for each in found if each[name] == call.arg(name)]
        return Answer(body={"services": found})

    @route("PUT", "/os-services/<any(enable, disable, 'disable-log-reason'):action>")
    def set_service(self, call: Call, action: str) -> Answer:
        body.require_admin(call, "volume_extension:services:update")
        wanted = call.json() or {}
        host, binary = str(wanted.get("host")), str(wanted.get("binary"))
        if not any(each["host"] == host and each["binary"] == binary for each in self.services_shown(call)):
            raise not_found(f"Service {binary} could not be found on host {host}.")
        reason = wanted.get("disabled_reason") if action == "disable-log-reason" else None
        if action == "enable":
            self._disabled.pop((host, binary), None)
        else:
            self._disabled[host, binary] = reason
        status = "enabled" if action == "enable" else "disabled"
        shown = {
            "host": host,
            "service": binary,
            "binary": binary,
            "disabled": status == "disabled",
            "status": status,
        }
        return Answer(body=shown | ({"disabled_reason": reason} if reason else {}))

    @route("GET", "/os-hosts")
    def hosts(self, call: Call) -> Answer:
        body.require_admin(call, "volume_extension:hosts")
        hosts = [
            {
                "host_name": each["host"],
                "service": each["binary"],
                "zone": each["zone"],
                "service-status": "available",
                "service-state": each["status"],
                "last-update": each["updated_at"],
            }
            for each in self.services_shown(call)
        ]
        return Answer(body={"hosts": hosts})

    @route("GET", "/scheduler-stats/get_pools")
    def pools(self, call: Call) -> Answer:
        body.require_admin(call, "scheduler_extension:scheduler_stats:get_pools")
        pool: dict[str, Any] = {"name": self.store.host}
        if (call.arg("detail") or "").lower() in ("true", "1"):
            pool["capabilities"] = self._capabilities()
        return Answer(body={"pools": [pool]})

    @route("GET", "/capabilities/<path:host>")
    def capabilities(self, call: Call, host: str) -> Answer:
        body.require_admin(call, "volume_extension:capabilities")
        if host.partition("#")[0] != self.store.host.partition("#")[0]:
            raise not_found(f"Host {host} could not be found.")
        shown: dict[str, Any] = {
            "namespace": f"OS::Storage::Capabilities::{host}",
            "vendor_name": "Trio2o sandbox",
            "volume_backend_name": "files",
            "pool_name": None,
            "driver_version": "1.0",
            "storage_protocol": "local",
            "display_name": None,
            "description": None,
            "visibility": None,
            "replication_targets": [],
            "properties": {},
        }
        return Answer(body=shown)

    @route("GET", "/extensions")
    def extensions(self, call: Call) -> Answer:
        shown = [
            {
                "name": name,
                "alias": alias,
                "description": f"{name}.",
                "updated": f"{day}T00:00:00+00:00",
                "links": [],
            }
            for name, alias, day in _EXTENSIONS
        ]
        return Answer(body={"extensions": shown})

    @route("GET", "/extensions/<alias>")
    def extension(self, call: Call, alias: str) -> Answer:
        for name, own, day in _EXTENSIONS:
            if own == alias:
                shown = {"name": name, "alias": own, "updated": f"{day}T00:00:00+00:00", "links": []}
                return Answer(body={"extension": shown})
        raise not_found("The resource could not be found.")

    @route("GET", "/resource_filters")
    def resource_filters(self, call: Call) -> Answer:
        body.since(call, 33)
        wanted = call.arg("resource")
        shown = [
            {"resource": resource, "filters": filters}
            for resource, filters in _FILTERS.items()
            if wanted in (None, resource)
        ]
        return Answer(body={"resource_filters": shown})

    @route("GET", "/clusters")
    def clusters(self, call: Call) -> Answer:
        body.since(call, 7)
        body.require_admin(call, "clusters:get_all")
        shown = [
            {"name": name, "binary": "cinder-volume", "state": "up", "status": "enabled"}
            for name in self.store.clusters
        ]
        return Answer(body={"clusters": shown})

    def services_shown(self, call: Call) -> list[dict[str, Any]]:
        """
        The services, as lists show them.
        """
        backend, node = self.store.host.partition("#")[0], self.store.host.partition("@")[0]
        hosts = {"cinder-backup": node, "cinder-volume": backend, "cinder-scheduler": node}
        found = []
        for binary, host in hosts.items():
            shown: dict[str, Any] = {
                "binary": binary,
                "host": host,
                "zone": self.store.zones[0],
                "status": "disabled" if (host, binary) in self._disabled else "enabled",
                "state": "up",
                "updated_at": views.moment(self.store.now()),
            }
            if binary == "cinder-volume" and call.minor >= 49:
                shown["backend_state"] = "up"
            if call.minor >= 7:
                shown["cluster"] = None
            shown["disabled_reason"] = self._disabled.get((host, binary))
            if binary == "cinder-volume":
                shown |= {"replication_status": "disabled", "active_backend_id": None, "frozen": False}
            found.append(shown)
        return found

    def _capabilities(self) -> dict[str, Any]:
        allocated = sum(volume.size for volume in self.store.volumes.values())
        return {
            "pool_name": "files",
            "total_capacity_gb": self.capacity,
            "free_capacity_gb": max(self.capacity - allocated, 0),
            "reserved_percentage": 0,
            "thin_provisioning_support": True,
            "thick_provisioning_support": False,
            "max_over_subscription_ratio": "20.0",
            "provisioned_capacity_gb": allocated,
            "multiattach": True,
            "QoS_support": False,
            "online_extend_support": True,
            "allocated_capacity_gb": allocated,
            "volume_backend_name": "files",
            "storage_protocol": "local",
            "vendor_name": "Trio2o sandbox",
            "driver_version": "1.0",
            "timestamp": views.moment(self.store.pod.clock.now()),
            "filter_function": None,
            "goodness_function": None,
        }
