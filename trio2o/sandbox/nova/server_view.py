"""
How a server is shown, by microversion and caller.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trio2o.sandbox.call import Call
from trio2o.sandbox.nova.flavor import bookmark
from trio2o.sandbox.nova.server import Server

_WITH_PROGRESS = frozenset({"ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"})
_WITH_FAULT = frozenset({"ERROR", "DELETED"})


#: What answers have that webob made without Nova's serializer.
HTML = "text/html; charset=UTF-8"


def timestamp(moment: datetime) -> str:
    """
    The form of ``created`` and ``updated``.
    """
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def long_timestamp(moment: datetime | None) -> str | None:
    """
    The form of the other times.
    """
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.000000")


def server_links(server_id: str, call: Call) -> list[dict[str, str]]:
    """
    The self and bookmark links of a server.
    """
    return [
        {"rel": "self", "href": f"{call.base}/servers/{server_id}"},
        {"rel": "bookmark", "href": bookmark(call, f"/servers/{server_id}")},
    ]


def summary(server: Server, call: Call) -> dict[str, Any]:
    """
    The form in ``GET /servers``.
    """
    return {"id": server.id, "name": server.name, "links": server_links(server.id, call)}


def shown(
    server: Server, call: Call, *, extended: bool = True, groups: list[str] | None = None
) -> dict[str, Any]:
    """
    The whole form. ``extended`` is False for the answers to an update or a rebuild, which had fewer fields
    below 2.75; ``groups`` are the ids of its server groups, for the answers that have them.
    """
    minor = call.minor
    extended = extended or minor >= 75
    view: dict[str, Any] = {
        "accessIPv4": server.access_ipv4,
        "accessIPv6": server.access_ipv6,
        "addresses": addresses(server, extended=extended),
        "created": timestamp(server.created),
        "flavor": _flavor(server, call),
        "hostId": server.host_id,
        "id": server.id,
        "image": _image(server, call),
        "links": server_links(server.id, call),
        "metadata": dict(server.metadata),
        "name": server.name,
        "status": server.status,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "updated": timestamp(server.updated),
        "OS-DCF:diskConfig": server.disk_config,
    }
    if server.fault is not None and view["status"] in _WITH_FAULT:
        view["fault"] = _fault(server, call)
    if view["status"] in _WITH_PROGRESS:
        view["progress"] = 0
    if extended:
        view |= _extended(server, call)
    if minor >= 9:
        view["locked"] = server.locked_by is not None
    if minor >= 16 and extended and call.caller.is_admin:
        view["host_status"] = "UP" if server.host is not None else ""
    if minor >= 19:
        view["description"] = server.description
    if minor >= 26:
        view["tags"] = sorted(server.tags)
    if minor >= 63:
        view["trusted_image_certificates"] = server.trusted_certificates
    if minor >= 71 and groups is not None:
        view["server_groups"] = groups
    if minor >= 73:
        view["locked_reason"] = server.locked_reason
    if minor >= 90:
        view.setdefault("OS-EXT-SRV-ATTR:hostname", server.hostname)
    if minor >= 96:
        view["pinned_availability_zone"] = server.requested_zone
    if minor >= 100:
        view["scheduler_hints"] = dict(server.hints)
    return view


def addresses(server: Server, *, extended: bool) -> dict[str, list[dict[str, Any]]]:
    """
    The addresses by network name.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for interface in server.interfaces:
        for _, address in interface.fixed_ips:
            entry: dict[str, Any] = {"version": 6 if ":" in address else 4, "addr": address}
            if extended:
                entry["OS-EXT-IPS:type"] = "fixed"
                entry["OS-EXT-IPS-MAC:mac_addr"] = interface.mac_address
            found.setdefault(interface.network_name, []).append(entry)
    return found


def _extended(server: Server, call: Call) -> dict[str, Any]:
    minor = call.minor
    view: dict[str, Any] = {
        "OS-EXT-AZ:availability_zone": server.shown_zone,
        "config_drive": "True" if server.config_drive else "",
        "key_name": server.key_name,
        "OS-SRV-USG:launched_at": long_timestamp(server.launched),
        "OS-SRV-USG:terminated_at": long_timestamp(server.terminated),
    }
    if server.security_groups:
        view["security_groups"] = [{"name": name} for name in server.security_groups]
    if call.caller.is_admin:
        view["OS-EXT-SRV-ATTR:host"] = server.host
        view["OS-EXT-SRV-ATTR:instance_name"] = server.instance_name
        view["OS-EXT-SRV-ATTR:hypervisor_hostname"] = server.host
        if minor >= 3:
            view |= {
                "OS-EXT-SRV-ATTR:hostname": server.hostname,
                "OS-EXT-SRV-ATTR:kernel_id": "",
                "OS-EXT-SRV-ATTR:launch_index": server.launch_index,
                "OS-EXT-SRV-ATTR:ramdisk_id": "",
                "OS-EXT-SRV-ATTR:reservation_id": server.reservation_id,
                "OS-EXT-SRV-ATTR:root_device_name": "/dev/sda" if server.host is not None else None,
                "OS-EXT-SRV-ATTR:user_data": server.user_data,
            }
    view |= {
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": server.vm_state,
        "OS-EXT-STS:power_state": server.power_state,
        "os-extended-volumes:volumes_attached": [
            {"id": each.volume_id, "delete_on_termination": each.delete_on_termination}
            if minor >= 3
            else {"id": each.volume_id}
            for each in server.attachments
        ],
    }
    return view


def _flavor(server: Server, call: Call) -> dict[str, Any]:
    if call.minor >= 47:
        return server.flavor.embedded()
    link = {"rel": "bookmark", "href": bookmark(call, f"/flavors/{server.flavor.id}")}
    return {"id": server.flavor.id, "links": [link]}


def _image(server: Server, call: Call) -> Any:
    if server.image_id is None:
        return ""
    link = {"rel": "bookmark", "href": bookmark(call, f"/images/{server.image_id}")}
    image: dict[str, Any] = {"id": server.image_id, "links": [link]}
    if call.minor >= 98:
        image["properties"] = {}
    return image


def _fault(server: Server, call: Call) -> dict[str, Any]:
    assert server.fault is not None
    message, moment = server.fault
    fault: dict[str, Any] = {"code": 500, "created": timestamp(moment), "message": message}
    if call.caller.is_admin:
        fault["details"] = f"Traceback (most recent call last):\n{message}\n"
    return fault
