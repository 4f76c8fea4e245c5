"""
What mostly operators ask: zones, services, hypervisors, usage, and the list of extensions.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, Fault, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import is_uuid, next_link
from trio2o.sandbox.nova.server import Server
from trio2o.sandbox.nova.server_view import long_timestamp
from trio2o.sandbox.nova.store import NovaStore, admin_only, until

_VCPUS, _RAM, _DISK = 1000, 800_000, 600_000
_EXTENSIONS = (
    ("Keypairs", "os-keypairs", "Keypair Support."),
    ("ServerGroups", "os-server-groups", "Server group support."),
    ("AvailabilityZone", "os-availability-zone", "Availability zones and their hosts."),
    ("Quotas", "os-quota-sets", "Quotas management support."),
    ("SimpleTenantUsage", "os-simple-tenant-usage", "Simple tenant usage."),
)


@define
class Operators:
    """
    One compute host, three services, and what they hold.
    """

    store: NovaStore

    @route("GET", "/os-availability-zone")
    def zones(self, call: Call) -> Answer:
        return Answer(
            body={
                "availabilityZoneInfo": [
                    {"zoneName": name, "zoneState": {"available": True}, "hosts": None}
                    for name in self.store.zones
                ]
            }
        )

    @route("GET", "/os-availability-zone/detail")
    def zone_detail(self, call: Call) -> Answer:
        admin_only(call, "os-availability-zone:detail")
        state = {
            "available": True,
            "active": True,
            "updated_at": long_timestamp(self.store.now()),
        }
        found = [
            {
                "zoneName": "internal",
                "zoneState": {"available": True},
                "hosts": {self.store.host: {"nova-conductor": state, "nova-scheduler": state}},
            }
        ]
        for name in self.store.zones:
            hosts = {self.store.host: {"nova-compute": state}}
            found.append({"zoneName": name, "zoneState": {"available": True}, "hosts": hosts})
        return Answer(body={"availabilityZoneInfo": found})

    @route("GET", "/os-services")
    def services(self, call: Call) -> Answer:
        admin_only(call, "os-services:list")
        host, wanted = call.arg("host"), call.arg("binary")
        found = [
            each
            for each in self.services_shown(call)
            if host in (None, each["host"]) and wanted in (None, each["binary"])
        ]
        return Answer(body={"services": found})

    def services_shown(self, call: Call) -> list[dict[str, Any]]:
        """
        The services that are not deleted, as lists show them.
        """
        found = []
        for number, binary in enumerate(("nova-conductor", "nova-scheduler", "nova-compute"), 1):
            if binary in self.store.deleted_services:
                continue
            shown: dict[str, Any] = {
                "binary": binary,
                "host": self.store.host,
                "id": self._service_id(binary) if call.minor >= 53 else number,
                "zone": self.store.zones[0] if binary == "nova-compute" else "internal",
                "status": "disabled" if binary in self.store.disabled_services else "enabled",
                "state": "up",
                "updated_at": long_timestamp(self.store.now()),
                "disabled_reason": self.store.disabled_services.get(binary),
            }
            if call.minor >= 11:
                shown["forced_down"] = False
            found.append(shown)
        return found

    @route("GET", "/os-hypervisors")
    def hypervisors(self, call: Call) -> Answer:
        admin_only(call, "os-hypervisors:list")
        return Answer(body={"hypervisors": [self.hypervisor_view(call, detail=False)]})

    @route("GET", "/os-hypervisors/detail")
    def hypervisor_detail(self, call: Call) -> Answer:
        admin_only(call, "os-hypervisors:list-detail")
        return Answer(body={"hypervisors": [self.hypervisor_view(call, detail=True)]})

    @route("GET", "/os-hypervisors/statistics")
    def statistics(self, call: Call) -> Answer:
        admin_only(call, "os-hypervisors:statistics")
        until(call, 87)
        return Answer(body={"hypervisor_statistics": {"count": 1, **self.numbers()}})

    @route("GET", "/os-hypervisors/<hypervisor_id>")
    def hypervisor(self, call: Call, hypervisor_id: str) -> Answer:
        return Answer(body={"hypervisor": self.hypervisor_shown(call, hypervisor_id, "show", detail=True)})

    def hypervisor_shown(
        self, call: Call, hypervisor_id: str, policy: str, *, detail: bool
    ) -> dict[str, Any]:
        """
        The hypervisor, if it is the one that is asked for.

        :raises Fault: 400 or 404 if it is not.
        """
        admin_only(call, f"os-hypervisors:{policy}")
        if call.minor >= 53 and not is_uuid(hypervisor_id):
            raise bad_request(f"Invalid uuid {hypervisor_id}")
        if hypervisor_id != str(self._hypervisor_id(call)):
            raise not_found(f"Hypervisor with ID '{hypervisor_id}' could not be found.")
        return self.hypervisor_view(call, detail=detail)

    def _service_id(self, binary: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{binary}.{self.store.host}"))

    def _hypervisor_id(self, call: Call) -> str | int:
        return self._service_id("hypervisor") if call.minor >= 53 else 1

    def hypervisor_view(self, call: Call, *, detail: bool) -> dict[str, Any]:
        """
        The hypervisor in the answer to a list or show.
        """
        shown: dict[str, Any] = {
            "id": self._hypervisor_id(call),
            "hypervisor_hostname": self.store.host,
            "state": "up",
            "status": "enabled",
        }
        if detail:
            service_id = self._service_id("nova-compute") if call.minor >= 53 else 3
            shown |= {
                "hypervisor_type": "fake",
                "hypervisor_version": 1000,
                "host_ip": "127.0.0.1",
                "service": {"id": service_id, "host": self.store.host, "disabled_reason": None},
            }
            if call.minor >= 88:
                shown["uptime"] = None
            else:
                info = {"arch": "x86_64", "model": "Nehalem", "vendor": "Intel", "features": []}
                shown |= {**self.numbers(), "cpu_info": info if call.minor >= 28 else json.dumps(info)}
        return shown

    def numbers(self) -> dict[str, int]:
        """
        What the host has and what of it is used.
        """
        placed = [server for server in self.store.live() if server.host is not None]
        vcpus = sum(server.flavor.vcpus for server in placed)
        ram = sum(server.flavor.ram for server in placed)
        disk = sum(server.flavor.disk for server in placed)
        return {
            "current_workload": 0,
            "disk_available_least": 0,
            "free_disk_gb": _DISK - disk,
            "free_ram_mb": _RAM - ram,
            "local_gb": _DISK,
            "local_gb_used": disk,
            "memory_mb": _RAM,
            "memory_mb_used": ram,
            "running_vms": len(placed),
            "vcpus": _VCPUS,
            "vcpus_used": vcpus,
        }

    @route("GET", "/os-agents")
    @route("GET", "/os-cells")
    @route("GET", "/os-fping")
    def removed(self, call: Call) -> Answer:
        raise Fault(410, "This resource is no longer available. No forwarding address is given.")

    @route("GET", "/extensions")
    def extensions(self, call: Call) -> Answer:
        return Answer(body={"extensions": [_extension(*each) for each in _EXTENSIONS]})

    @route("GET", "/extensions/<alias>")
    def extension(self, call: Call, alias: str) -> Answer:
        for each in _EXTENSIONS:
            if each[1] == alias:
                return Answer(body={"extension": _extension(*each)})
        raise not_found("The resource could not be found.")


@define
class Usage:
    """
    ``/os-simple-tenant-usage``: what a project's servers have used between two moments.
    """

    store: NovaStore

    @route("GET", "/os-simple-tenant-usage")
    def index(self, call: Call) -> Answer:
        admin_only(call, "os-simple-tenant-usage:list")
        start, end = self._period(call)
        servers = self._servers(None, start, end)
        projects = list(dict.fromkeys(server.project_id for server in servers))
        detailed = call.arg("detailed") == "1"
        usages = []
        for project in projects:
            own = [server for server in servers if server.project_id == project]
            usages.append(self._usage(project, own, start, end, detailed=detailed))
        body: dict[str, Any] = {"tenant_usages": usages}
        if call.minor >= 40 and servers:
            body["tenant_usages_links"] = next_link(call, "/os-simple-tenant-usage", servers[-1].id)
        return Answer(body=body)

    @route("GET", "/os-simple-tenant-usage/<project>")
    def show(self, call: Call, project: str) -> Answer:
        if project != call.project_id:
            admin_only(call, "os-simple-tenant-usage:show")
        start, end = self._period(call)
        servers = self._servers(project, start, end)
        if call.minor >= 40 and (marker := call.arg("marker")) is not None:
            ids = [server.id for server in servers]
            servers = servers[ids.index(marker) + 1 :] if marker in ids else []
        usage = self._usage(project, servers, start, end, detailed=True) if servers else {}
        body: dict[str, Any] = {"tenant_usage": usage}
        if call.minor >= 40 and servers:
            path = f"/os-simple-tenant-usage/{project}"
            body["tenant_usage_links"] = next_link(call, path, servers[-1].id)
        return Answer(body=body)

    def _period(self, call: Call) -> tuple[datetime, datetime]:
        now = self.store.now()
        moments = []
        for name in ("start", "end"):
            asked = call.arg(name)
            try:
                moment = now if asked is None else datetime.fromisoformat(asked)
            except ValueError as error:
                raise bad_request(f"Datetime is in invalid format: {asked}") from error
            moments.append(moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo))
        if moments[0] > moments[1]:
            raise bad_request("Invalid start time. The start time cannot occur after the end time.")
        return moments[0], moments[1]

    def _servers(self, project: str | None, start: datetime, end: datetime) -> list[Server]:
        return sorted(
            (
                server
                for server in self.store.servers.values()
                if (project is None or server.project_id == project)
                and server.launched is not None
                and server.launched <= end
                and (server.terminated is None or server.terminated >= start)
            ),
            key=lambda server: server.id,
        )

    def _usage(
        self, project: str, servers: list[Server], start: datetime, end: datetime, *, detailed: bool
    ) -> dict[str, Any]:
        usages = [self._server_usage(server, start, end) for server in servers]

        def total(field: str) -> float:
            return float(sum(usage["hours"] * usage[field] for usage in usages))

        usage: dict[str, Any] = {"tenant_id": project}
        if detailed:
            usage["server_usages"] = usages
        return usage | {
            "total_local_gb_usage": total("local_gb"),
            "total_vcpus_usage": total("vcpus"),
            "total_memory_mb_usage": total("memory_mb"),
            "total_hours": float(sum(each["hours"] for each in usages)),
            "start": long_timestamp(start),
            "stop": long_timestamp(end),
        }

    def _server_usage(self, server: Server, start: datetime, end: datetime) -> dict[str, Any]:
        assert server.launched is not None
        began = max(server.launched, start)
        ended = end if server.terminated is None else min(server.terminated, end)
        state = "terminated" if server.terminated is not None else server.vm_state
        return {
            "hours": max((ended - began).total_seconds(), 0) / 3600,
            "flavor": server.flavor.name,
            "instance_id": server.id,
            "name": server.name,
            "tenant_id": server.project_id,
            "memory_mb": server.flavor.ram,
            "local_gb": server.flavor.disk + server.flavor.ephemeral,
            "vcpus": server.flavor.vcpus,
            "started_at": long_timestamp(server.launched),
            "ended_at": long_timestamp(server.terminated),
            "state": state,
            "uptime": int((self.store.now() - server.launched).total_seconds()),
        }


def _extension(name: str, alias: str, description: str) -> dict[str, Any]:
    return {
        "alias": alias,
        "description": description,
        "links": [],
        "name": name,
        "namespace": "http://docs.openstack.org/compute/ext/fake_xml",
        "updated": "2014-12-03T00:00:00Z",
    }
