"""
What else can be asked about one server.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import define

from trio2o.sandbox.answers import Answer, conflict, not_found
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.nova.checks import body_object, invalid, next_link, page, required
from trio2o.sandbox.nova.other_actions import console_url
from trio2o.sandbox.nova.server import Event
from trio2o.sandbox.nova.server_view import long_timestamp
from trio2o.sandbox.nova.store import NovaStore, admin_only, since

_CONSOLES = {"vnc": "novnc", "spice": "spice-html5", "serial": "serial", "rdp": "rdp-html5", "mks": "webmks"}


@define
class ServerDetails:
    """
    Instance actions, consoles, security groups, password, diagnostics, topology, shares.
    """

    store: NovaStore

    @route("GET", "/servers/<server_id>/os-instance-actions")
    def list_actions(self, call: Call, server_id: str) -> Answer:
        server = self.store.get(server_id, call)
        if call.minor < 58:
            return Answer(
                body={"instanceActions": [self._action(server_id, each, call) for each in server.events]}
            )
        events, more = page(
            server.events, call, lambda event: event.request_id, "Marker {} could not be found."
        )
        body: dict[str, Any] = {"instanceActions": [self._action(server_id, each, call) for each in events]}
        if more:
            path = f"/servers/{server_id}/os-instance-actions"
            body["links"] = next_link(call, path, events[-1].request_id)
        return Answer(body=body)

    @route("GET", "/servers/<server_id>/os-instance-actions/<request_id>")
    def show_action(self, call: Call, server_id: str, request_id: str) -> Answer:
        server = self.store.get(server_id, call)
        event = next((each for each in server.events if each.request_id == request_id), None)
        if event is None:
            raise not_found(f"Action {request_id} not found")
        shown = self._action(server_id, event, call)
        if call.caller.is_admin or call.minor >= 51:
            shown["events"] = [self._event(event, server.host_id, call)]
        return Answer(body={"instanceAction": shown})

    def _action(self, server_id: str, event: Event, call: Call) -> dict[str, Any]:
        shown = {
            "action": event.action,
            "instance_uuid": server_id,
            "request_id": event.request_id,
            "user_id": event.user_id,
            "project_id": event.project_id,
            "start_time": long_timestamp(event.start),
            "message": event.message,
        }
        if call.minor >= 58:
            shown["updated_at"] = long_timestamp(event.finish or event.start)
        return shown

    def _event(self, event: Event, host_id: str, call: Call) -> dict[str, Any]:
        finish: datetime | None = event.finish
        shown: dict[str, Any] = {
            "event": f"compute_{event.action}",
            "start_time": long_timestamp(event.start),
            "finish_time": long_timestamp(finish),
            "result": None if finish is None else event.message or "Success",
        }
        if call.caller.is_admin:
            shown |= {"traceback": None, "host": self.store.host}
        if call.minor >= 62:
            shown["hostId"] = host_id
        if call.minor >= 84:
            shown["details"] = event.message
        return shown

    @route("POST", "/servers/<server_id>/remote-consoles")
    def create_console(self, call: Call, server_id: str) -> Answer:
        since(call, 6)
        wanted = body_object(call, "remote_console")
        required(wanted, ("protocol", "type"), "remote_console")
        protocol, kind = wanted["protocol"], wanted["type"]
        if protocol not in _CONSOLES:
            raise invalid("protocol", protocol, f"{protocol!r} is not one of {list(_CONSOLES)!r}")
        server = self.store.get(server_id, call)
        if server.vm_state == "building":
            raise conflict(f"Instance {server.id} is not ready")
        page_name = "vnc_auto.html" if protocol == "vnc" else f"{protocol}_auto.html"
        url = console_url(page_name, kind)
        self.store.consoles[url[-36:]] = server.id
        return Answer(body={"remote_console": {"protocol": protocol, "type": kind, "url": url}})

    @route("GET", "/servers/<server_id>/os-security-groups")
    def list_security_groups(self, call: Call, server_id: str) -> Answer:
        server = self.store.get(server_id, call)
        network = self.store.pod.network
        found = []
        for name in server.security_groups:
            group = None if network is None else network.find_security_group(name, call.caller)
            if group is not None:
                found.append(
                    {
                        "id": group.id,
                        "description": group.description,
                        "name": group.name,
                        "tenant_id": server.project_id,
                        "rules": [],
                    }
                )
        return Answer(body={"security_groups": found})

    @route("GET", "/servers/<server_id>/os-server-password")
    def show_password(self, call: Call, server_id: str) -> Answer:
        self.store.get(server_id, call)
        return Answer(body={"password": ""})

    @route("DELETE", "/servers/<server_id>/os-server-password")
    def clear_password(self, call: Call, server_id: str) -> Answer:
        self.store.get(server_id, call)
        return Answer(status=204)

    @route("GET", "/servers/<server_id>/diagnostics")
    def diagnostics(self, call: Call, server_id: str) -> Answer:
        admin_only(call, "os-server-diagnostics")
        server = self.store.get(server_id, call)
        if call.minor < 48:
            return Answer(body={"cpu0_time": 17300000000, "memory": server.flavor.ram * 1024})
        return Answer(
            body={
                "state": "running" if server.vm_state == "active" else server.vm_state,
                "driver": "libvirt",
                "hypervisor": "kvm",
                "hypervisor_os": "linux",
                "uptime": 46664,
                "config_drive": server.config_drive,
                "num_cpus": server.flavor.vcpus,
                "num_nics": len(server.interfaces),
                "num_disks": 1 + len(server.attachments),
                "disk_details": [],
                "cpu_details": [
                    {"id": number, "time": 17300000000, "utilisation": 15}
                    for number in range(server.flavor.vcpus)
                ],
                "nic_details": [],
                "memory_details": {"maximum": server.flavor.ram * 1024, "used": 0},
            }
        )

    @route("GET", "/servers/<server_id>/topology")
    def topology(self, call: Call, server_id: str) -> Answer:
        since(call, 78)
        self.store.get(server_id, call)
        return Answer(body={"nodes": [], "pagesize_kb": None})

    @route("GET", "/servers/<server_id>/shares")
    def list_shares(self, call: Call, server_id: str) -> Answer:
        since(call, 97)
        self.store.get(server_id, call)
        return Answer(body={"shares": []})
