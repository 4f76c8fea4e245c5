"""
Scenarios of servers with volumes, of what is only read, and of what is somebody else's.
"""

from __future__ import annotations

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_server, a_volume


def attaching(at: Caller) -> None:
    """
    A volume is attached to a server, looked at from both sides, swapped, and detached.
    """
    server, volume = a_server(at, quiet=True), a_volume(at, quiet=True)
    path = f"/servers/{server}/os-volume_attachments"
    at.compute("POST", path, {"volumeAttachment": {"volumeId": volume}})
    at.until("volume", f"/volumes/{volume}", "volume", "in-use")
    for version in (None, "2.70", "2.89", "latest"):
        at.compute("GET", path, version=version, note=version or "")
        at.compute("GET", f"{path}/{volume}", version=version, note=version or "")
    at.compute("GET", f"/servers/{server}", version="2.3")
    at.volume("GET", f"/volumes/{volume}")
    at.volume("GET", f"/volumes/{volume}", version="3.61", note="3.61")
    attachments = at.volume("GET", "/attachments", version="3.27").json()["attachments"]
    at.volume("GET", f"/attachments/{attachments[0]['id']}", version="3.27")
    at.volume("GET", "/attachments/detail", version="3.27")
    at.compute("POST", path, {"volumeAttachment": {"volumeId": volume}}, note="again")
    at.compute("POST", path, {"volumeAttachment": {"volumeId": NOWHERE}}, note="no such volume")
    at.compute("POST", path, {"volumeAttachment": {"volumeId": "x"}}, note="no id")
    at.compute("POST", path, {"volumeAttachment": {}}, note="nothing")
    at.compute(
        "PUT",
        f"{path}/{volume}",
        {"volumeAttachment": {"volumeId": volume, "delete_on_termination": True}},
        version="2.85",
    )
    at.compute(
        "PUT", f"{path}/{volume}", {"volumeAttachment": {"volumeId": NOWHERE}}, note="swap with nothing"
    )
    at.volume("DELETE", f"/volumes/{volume}", note="in use")
    at.compute(
        "PUT",
        f"{path}/{volume}",
        {"volumeAttachment": {"volumeId": volume, "delete_on_termination": False}},
        version="2.85",
        note="keep",
    )
    at.compute("DELETE", f"{path}/{volume}")
    at.until("volume", f"/volumes/{volume}", "volume", "available")
    at.compute("DELETE", f"{path}/{volume}", note="again")
    at.compute("GET", path, note="none left")


def reads(at: Caller) -> None:
    """
    What is only read: flavors, zones, limits, quotas, types, extensions.
    """
    for version in (None, "2.55", "latest"):
        for path in (
            "/flavors",
            "/flavors/detail",
            "/flavors?limit=1",
            "/flavors/42",
            "/flavors/nothing",
            "/flavors?minRam=x",
            "/flavors/42/os-extra_specs",
            "/flavors/42/os-flavor-access",
            "/os-availability-zone",
            "/os-availability-zone/detail",
            "/limits",
            f"/os-quota-sets/{at.account.project_id}",
            f"/os-quota-sets/{at.account.project_id}/detail",
            f"/os-quota-sets/{at.account.project_id}/defaults",
            f"/os-quota-sets/{at.stranger.project_id}",
            "/os-quota-class-sets/default",
            "/extensions",
            "/extensions/os-nothing",
            "/images",
            "/images/detail",
            "/os-keypairs",
            "/os-keypairs/nothing",
            "/os-server-groups",
            "/os-aggregates",
            "/os-hypervisors",
            "/os-hypervisors/statistics",
            "/os-services",
            "/os-migrations",
            "/os-simple-tenant-usage",
            f"/os-simple-tenant-usage/{at.account.project_id}",
            "/os-floating-ips",
            "/os-volumes",
            "/os-snapshots",
            "/os-agents",
            "/os-cells",
            "/os-cert",
            "/os-fping",
            "/os-hosts",
            "/os-instance_usage_audit_log",
            "/os-virtual-interfaces",
            "/os-console-auth-tokens/x",
        ):
            at.compute("GET", path, version=version, note=version or "")
    for version in (None, "latest"):
        for path in (
            "/types",
            "/types/detail",
            "/types/default",
            f"/types/{NOWHERE}",
            "/types?is_public=none",
            "/os-availability-zone",
            "/limits",
            f"/os-quota-sets/{at.account.project_id}",
            f"/os-quota-sets/{at.account.project_id}?usage=true",
            f"/os-quota-sets/{at.account.project_id}/defaults",
            f"/os-quota-sets/{at.stranger.project_id}",
            "/os-quota-class-sets/default",
            "/extensions",
            "/qos-specs",
            "/group_types",
            "/groups",
            "/groups/detail",
            "/group_snapshots",
            "/backups",
            "/backups/detail",
            "/attachments",
            "/os-services",
            "/scheduler-stats/get_pools",
            # those of every project are listed, so that only one thing's can be compared
            f"/messages?resource_uuid={NOWHERE}",
            "/resource_filters",
            "/volume-transfers",
            "/os-volume-transfer",
            "/default-types",
            "/clusters",
            "/capabilities/x",
            "/manageable_volumes",
            "/consistencygroups",
            "/cgsnapshots",
            "/os-hosts",
        ):
            at.volume("GET", path, version=version, note=version or "")


def strangers(at: Caller) -> None:
    """
    What belongs to another project is not found, and stays as it is.
    """
    server, volume = a_server(at, quiet=True), a_volume(at, quiet=True)
    other = at.stranger.token
    for method in ("GET", "DELETE"):
        at.compute(method, f"/servers/{server}", token=other)
    at.compute("PUT", f"/servers/{server}", {"server": {"name": "mine"}}, token=other)
    at.compute("POST", f"/servers/{server}/action", {"os-stop": None}, token=other)
    at.compute("GET", f"/servers/{server}/os-interface", token=other)
    at.compute(
        "POST",
        f"/servers/{server}/os-volume_attachments",
        {"volumeAttachment": {"volumeId": volume}},
        token=other,
    )
    own = f"/v3/{at.stranger.project_id}/volumes/{volume}"
    for method in ("GET", "DELETE"):
        at.call("volume", method, own, bare=True, token=other)
    at.call("volume", "PUT", own, {"volume": {"name": "mine"}}, bare=True, token=other)
    at.call("volume", "POST", f"{own}/action", {"os-extend": {"new_size": 2}}, bare=True, token=other)
    at.call(
        "volume",
        "POST",
        f"/v3/{at.stranger.project_id}/snapshots",
        {"snapshot": {"volume_id": volume}},
        bare=True,
        token=other,
    )
    at.call(
        "volume",
        "POST",
        f"/v3/{at.stranger.project_id}/volumes",
        {"volume": {"size": 1, "source_volid": volume}},
        bare=True,
        token=other,
    )
    at.compute("GET", "/servers/detail", token=other, note="a stranger's list")
    at.compute("GET", f"/servers/detail?all_tenants=1&project_id={at.account.project_id}", token=other)
    at.compute("GET", f"/servers/{server}", note="still the owner's")
    at.volume("GET", f"/volumes/{volume}", note="still the owner's")
