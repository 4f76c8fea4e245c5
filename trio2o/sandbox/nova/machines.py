"""
The machine behind the servers: its hypervisor's older questions, its services' switches, ``/os-hosts``, the audit of usage.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, Fault, bad_request, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import is_uuid
from trio2o.sandbox.nova.operator import Operators
from trio2o.sandbox.nova.store import NovaStore, admin_only, since, until

_ACTIONS = ("enable", "disable", "disable-log-reason", "force-down")


@define
class Machines:
    """
    One compute host. As with Nova's fake driver, what is done to it changes nothing but what is told.
    """

    store: NovaStore
    operators: Operators

    @route("GET", "/os-hypervisors/<pattern>/search")
    def search(self, call: Call, pattern: str) -> Answer:
        admin_only(call, "os-hypervisors:search")
        until(call, 52)
        return Answer(body={"hypervisors": [self._matching(call, pattern)]})

    @route("GET", "/os-hypervisors/<pattern>/servers")
    def servers(self, call: Call, pattern: str) -> Answer:
        admin_only(call, "os-hypervisors:servers")
        until(call, 52)
        shown = self._matching(call, pattern)
        found = [{"name": each.instance_name, "uuid": each.id} for each in self._placed()]
        return Answer(body={"hypervisors": [shown | ({"servers": found} if found else {})]})

    @route("GET", "/os-hypervisors/<hypervisor_id>/uptime")
    def uptime(self, call: Call, hypervisor_id: str) -> Answer:
        until(call, 87)
        shown = self.operators.hypervisor_shown(call, hypervisor_id, "uptime", detail=False)
        return Answer(body={"hypervisor": shown | {"uptime": " 08:32:11 up 93 days, 18:25, 12 users"}})

    @route("PUT", "/os-services/<service>")
    def set_service(self, call: Call, service: str) -> Answer:
        admin_only(call, "os-services:update")
        wanted = call.json() or {}
        if call.minor >= 53:
            return self._set_by_id(call, service, wanted)
        if service not in _ACTIONS or (service == "force-down" and call.minor < 11):
            raise not_found("Unknown action")
        host, binary = str(wanted.get("host")), str(wanted.get("binary"))
        if binary != "nova-compute":
            raise bad_request(
                f"Updating a {binary} service is not supported. Only nova-compute services can be updated."
            )
        if host != self.store.host:
            raise not_found(f"Host '{host}' is not mapped to any cell")
        shown: dict[str, Any] = {"host": host, "binary": binary}
        if service == "force-down":
            return Answer(body={"service": shown | {"forced_down": bool(wanted.get("forced_down"))}})
        reason = wanted.get("disabled_reason") if service == "disable-log-reason" else None
        self._switch(binary, on=service == "enable", reason=reason)
        shown["status"] = "enabled" if service == "enable" else "disabled"
        return Answer(body={"service": shown | ({"disabled_reason": reason} if reason else {})})

    @route("DELETE", "/os-services/<service_id>")
    def delete_service(self, call: Call, service_id: str) -> Answer:
        admin_only(call, "os-services:delete")
        if call.minor >= 53 and not is_uuid(service_id):
            raise bad_request(f"Invalid uuid {service_id}")
        if call.minor < 53 and not service_id.isdecimal():
            raise bad_request("Invalid input received: id must be an integer")
        binary = self._binary(call, service_id)
        if binary is None:
            raise not_found(f"Service {service_id} not found.")
        if binary == "nova-compute" and self._placed():
            raise Fault(
                409,
                "Unable to delete compute service that is hosting instances. "
                "Migrate or delete the instances first.",
            )
        self.store.deleted_services.add(binary)
        return Answer(status=204)

    @route("GET", "/os-hosts")
    def hosts(self, call: Call) -> Answer:
        admin_only(call, "os-hosts:list")
        until(call, 42)
        wanted = call.arg("zone")
        found = [
            {"host_name": each["host"], "service": each["binary"].removeprefix("nova-"), "zone": each["zone"]}
            for each in self.operators.services_shown(call)
        ]
        return Answer(body={"hosts": [each for each in found if wanted in (None, each["zone"])]})

    @route("GET", "/os-hosts/<host>")
    def host(self, call: Call, host: str) -> Answer:
        admin_only(call, "os-hosts:show")
        until(call, 42)
        self._check_host(host)
        numbers = self.operators.numbers()
        used = {"(total)": "", "(used_now)": "_used"}
        return Answer(
            body={
                "host": [
                    {
                        "resource": {
                            "host": host,
                            "project": project,
                            "cpu": numbers[f"vcpus{suffix}"],
                            "memory_mb": numbers[f"memory_mb{suffix}"],
                            "disk_gb": numbers[f"local_gb{suffix}"],
                        }
                    }
                    for project, suffix in used.items()
                ]
            }
        )

    @route("PUT", "/os-hosts/<host>")
    def set_host(self, call: Call, host: str) -> Answer:
        admin_only(call, "os-hosts:update")
        until(call, 42)
        wanted = call.json() or {}
        self._check_host(host)
        shown = {"host": host}
        if "status" in wanted:
            shown["status"] = "enabled" if wanted["status"].strip().lower() == "enable" else "disabled"
        if "maintenance_mode" in wanted:
            on = wanted["maintenance_mode"].strip().lower() == "enable"
            shown["maintenance_mode"] = "on_maintenance" if on else "off_maintenance"
        return Answer(body=shown)

    @route("GET", "/os-hosts/<host>/<any(startup, shutdown, reboot):action>")
    def act_on_host(self, call: Call, host: str, action: str) -> Answer:
        admin_only(call, f"os-hosts:{'start' if action == 'startup' else action}")
        until(call, 42)
        self._check_host(host)
        return Answer(body={"host": host, "power_action": action})

    @route("GET", "/os-instance_usage_audit_log")
    def audits(self, call: Call) -> Answer:
        admin_only(call, "os-instance-usage-audit-log:list")
        return Answer(body={"instance_usage_audit_logs": self._audit(self.store.now())})

    @route("GET", "/os-instance_usage_audit_log/<before>")
    def audit(self, call: Call, before: str) -> Answer:
        admin_only(call, "os-instance-usage-audit-log:show")
        try:
            moment = datetime.fromisoformat(f"{before}+00:00")
        except ValueError as error:
            raise bad_request(f"Invalid timestamp for date {before}") from error
        return Answer(body={"instance_usage_audit_log": self._audit(moment)})

    def _set_by_id(self, call: Call, service_id: str, wanted: dict[str, Any]) -> Answer:
        since(call, 53)
        if not is_uuid(service_id):
            raise bad_request(f"Invalid uuid {service_id}")
        binary = self._binary(call, service_id)
        if binary is None:
            raise not_found(f"Service {service_id} not found.")
        if "status" in wanted:
            self._switch(binary, on=wanted["status"] == "enabled", reason=wanted.get("disabled_reason"))
        (shown,) = [each for each in self.operators.services_shown(call) if each["binary"] == binary]
        return Answer(body={"service": shown})

    def _binary(self, call: Call, service_id: str) -> str | None:
        for each in self.operators.services_shown(call):
            if str(each["id"]) == service_id:
                return str(each["binary"])
        return None

    def _switch(self, binary: str, *, on: bool, reason: str | None) -> None:
        if on:
            self.store.disabled_services.pop(binary, None)
        else:
            self.store.disabled_services[binary] = reason

    def _check_host(self, host: str) -> None:
        if host != self.store.host:
            raise not_found(f"Host '{host}' is not mapped to any cell")

    def _matching(self, call: Call, pattern: str) -> dict[str, Any]:
        if pattern not in self.store.host:
            raise not_found(f"No hypervisor matching '{pattern}' could be found.")
        return self.operators.hypervisor_view(call, detail=False)

    def _placed(self) -> list[Any]:
        return [server for server in self.store.live() if server.host is not None]

    def _audit(self, before: datetime) -> dict[str, Any]:
        """
        The last whole month before a moment, of which no host has made a log: nobody has asked for audits.
        """
        end = before.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        begin = (end - timedelta(days=1)).replace(day=1)
        return {
            "period_beginning": f"{begin:%Y-%m-%d %H:%M:%S}",
            "period_ending": f"{end:%Y-%m-%d %H:%M:%S}",
            "num_hosts": 1,
            "num_hosts_done": 0,
            "num_hosts_running": 0,
            "num_hosts_not_run": 1,
            "hosts_not_run": [self.store.host],
            "total_instances": 0,
            "total_errors": 0,
            "overall_status": "0 of 1 hosts done. 0 errors.",
            "log": {},
        }
