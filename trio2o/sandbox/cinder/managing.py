"""
What operators do to the machines of a Cinder: hosts, clusters, logs, clean-ups, and taking over what lies in the storage.
"""

from __future__ import annotations

from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.cinder import body, views
from trio2o.sandbox.cinder.operations import Operations
from trio2o.sandbox.cinder.records import Snapshot, new_id
from trio2o.sandbox.cinder.store import CinderStore
from trio2o.sandbox.cinder.style import DONE

_CLUSTERS, _MANAGEABLE, _CLEANUP, _LOGS = 7, 8, 24, 32


@define(eq=False)
class Machines:
    """
    One storage host, in a cluster where ``store.clusters`` names one.
    """

    store: CinderStore
    operations: Operations

    @route("GET", "/os-hosts/<path:host>")
    def host(self, call: Call, host: str) -> Answer:
        body.require_admin(call, "volume_extension:hosts")
        self._check_host(call, host, f"Service cinder-volume could not be found on host {host}.")
        volumes = list(self.store.volumes.values())
        resource = {
            "host": host,
            "project": "(total)",
            "volume_count": str(len(volumes)),
            "total_volume_gb": str(sum(volume.size for volume in volumes)),
            "snapshot_count": str(len(self.store.snapshots)),
            "total_snapshot_gb": str(sum(each.size for each in self.store.snapshots.values())),
        }
        return Answer(body={"host": [{"resource": resource}]})

    @route("PUT", "/os-hosts/<path:host>")
    def set_host(self, call: Call, host: str) -> Answer:
        body.require_admin(call, "volume_extension:hosts")
        self._check_host(call, host, f"Host {host} could not be found.")
        wanted = str((call.json() or {}).get("status")).lower()
        if wanted not in ("enable", "disable"):
            raise bad_request(f"Invalid status: '{wanted}'")
        return Answer(body={"host": host, "status": f"{wanted}d"})

    @route("GET", "/clusters/detail")
    def clusters(self, call: Call) -> Answer:
        body.since(call, _CLUSTERS)
        body.require_admin(call, "clusters:get_all")
        return Answer(body={"clusters": [self._cluster(name) for name in self.store.clusters]})

    @route("GET", "/clusters/<name>")
    def cluster(self, call: Call, name: str) -> Answer:
        body.since(call, _CLUSTERS)
        body.require_admin(call, "clusters:get")
        self._check_cluster(name)
        return Answer(body={"cluster": self._cluster(name)})

    @route("PUT", "/clusters/<any(enable, disable):action>")
    def set_cluster(self, call: Call, action: str) -> Answer:
        body.since(call, _CLUSTERS)
        body.require_admin(call, "clusters:update")
        name = str((call.json() or {}).get("name"))
        self._check_cluster(name)
        shown = {"name": name, "binary": "cinder-volume", "state": "up", "status": f"{action}d"}
        return Answer(body={"cluster": shown | {"disabled_reason": None}})

    @route("PUT", "/os-services/get-log")
    def log_levels(self, call: Call) -> Answer:
        body.since(call, _LOGS)
        body.require_admin(call, "volume_extension:services:update")
        levels = [
            {"binary": binary, "host": host, "levels": {"cinder": "INFO"}}
            for binary, host in self._services(call)
        ]
        return Answer(body={"log_levels": levels})

    @route("PUT", "/os-services/set-log")
    def set_log_levels(self, call: Call) -> Answer:
        body.since(call, _LOGS)
        body.require_admin(call, "volume_extension:services:update")
        return DONE

    @route("POST", "/workers/cleanup")
    def clean_up(self, call: Call) -> Answer:
        body.since(call, _CLEANUP)
        body.require_admin(call, "workers:cleanup")
        wanted = call.json() or {}
        resource = wanted.get("resource_id")
        if resource is not None and not {"service_id", "cluster_name", "host"} & wanted.keys():
            raise bad_request(
                f"Invalid input received: There is no resource with UUID {resource} pending cleanup."
            )
        cleaning = [
            {"id": number, "host": host, "binary": binary, "cluster_name": None}
            for number, (binary, host) in enumerate(self._services(call), 1)
            if binary == "cinder-volume" and wanted.get("host") in (None, host)
        ]
        return Answer(status=202, body={"cleaning": cleaning, "unavailable": []})

    def _services(self, call: Call) -> list[tuple[str, str]]:
        wanted = call.json() or {}
        return [
            (each["binary"], each["host"])
            for each in self.operations.services_shown(call)
            if wanted.get("binary") in (None, "", "*", each["binary"])
        ]

    def _check_host(self, call: Call, host: str, words: str) -> None:
        if all(each["host"] != host for each in self.operations.services_shown(call)):
            raise not_found(words)

    def _check_cluster(self, name: str) -> None:
        if name not in self.store.clusters:
            named = {"binary": "cinder-volume", "name": name}
            raise not_found(f"Cluster {named} could not be found.")

    def _cluster(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "binary": "cinder-volume",
            "state": "up",
            "status": "enabled",
            "num_hosts": 1,
            "num_down_hosts": 0,
            "last_heartbeat": views.moment(self.store.now()),
            "disabled_reason": None,
            "created_at": views.moment(self.store.now()),
            "updated_at": None,
        }


@define(eq=False)
class Unmanaged:
    """
    One volume and one snapshot that lie in the storage and are not Cinder's yet, by the two paths of each.
    """

    store: CinderStore

    @route("GET", "/<any('manageable_volumes', 'os-volume-manage'):name>")
    @route("GET", "/<any('manageable_volumes', 'os-volume-manage'):name>/detail")
    def volumes(self, call: Call, name: str) -> Answer:
        self._check(call, name, "volume_extension:list_manageable")
        self._check_host(call.arg("host"))
        return Answer(body={"manageable-volumes": [self._found(call, "volume")]})

    @route("POST", "/<any('manageable_volumes', 'os-volume-manage'):name>")
    def manage_volume(self, call: Call, name: str) -> Answer:
        wanted = body.section(call, "volume", required=("ref",))
        self._check(call, name, "volume_extension:volume_manage")
        if not self._is_own(wanted.get("host")):
            raise bad_request(f"Host '{wanted.get('host')}' not found")
        made = self.store.add_volume(
            call.caller,
            size=1,
            volume_type=self.store.types.default,
            name=body.text("name", wanted.get("name")),
            description=body.text("description", wanted.get("description")),
        )
        return Answer(status=202, body={"volume": views.volume_created(call, made)})

    @route("GET", "/<any('manageable_snapshots', 'os-snapshot-manage'):name>")
    @route("GET", "/<any('manageable_snapshots', 'os-snapshot-manage'):name>/detail")
    def snapshots(self, call: Call, name: str) -> Answer:
        self._check(call, name, "snapshot_extension:list_manageable")
        self._check_host(call.arg("host"))
        return Answer(body={"manageable-snapshots": [self._found(call, "snapshot")]})

    @route("POST", "/<any('manageable_snapshots', 'os-snapshot-manage'):name>")
    def manage_snapshot(self, call: Call, name: str) -> Answer:
        wanted = body.section(call, "snapshot", required=("ref", "volume_id"))
        self._check(call, name, "snapshot_extension:snapshot_manage")
        volume = self.store.volume(str(wanted["volume_id"]), call.caller)
        snapshot = Snapshot(
            id=new_id(),
            volume_id=volume.id,
            project_id=volume.project_id,
            user_id=call.caller.user_id,
            size=volume.size,
            born=self.store.pod.clock.now(),
            created_at=self.store.now(),
            volume_type=volume.volume_type,
            name=body.text("name", wanted.get("name")),
        )
        self.store.snapshots[snapshot.id] = snapshot
        self.store.later(snapshot, lambda: self.store.change(snapshot, status="available"))
        return Answer(status=202, body={"snapshot": views.snapshot_created(call, snapshot)})

    def _check(self, call: Call, name: str, rule: str) -> None:
        if name.startswith("manageable"):
            body.since(call, _MANAGEABLE)
        body.require_admin(call, rule)

    def _check_host(self, host: str | None) -> None:
        if host is None:
            raise bad_request("Invalid input received: One and only one of cluster and host must be set.")
        if not self._is_own(host):
            raise not_found(f"Service cinder-volume could not be found on host {host}.")

    def _is_own(self, host: object) -> bool:
        return str(host).partition("#")[0] == self.store.host.partition("#")[0]

    def _found(self, call: Call, kind: str) -> dict[str, Any]:
        name = f"{self.store.pod.name.lower()}-{kind}"
        shown: dict[str, Any] = {
            "reference": {"source-name": name},
            "size": 1,
            "safe_to_manage": True,
        }
        if kind == "snapshot":
            shown["source_reference"] = {"source-name": f"{self.store.pod.name.lower()}-volume"}
        if call.path.endswith("/detail"):
            shown |= {"reason_not_safe": None, "cinder_id": None, "extra_info": None}
        return shown
