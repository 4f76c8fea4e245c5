"""
Scenarios of servers: a plain life, actions at the right and at the wrong moment, images and backups.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import FLAVOR, LARGER, a_server, image


def server_life(at: Caller) -> None:
    """
    Create a plain server, look at it at several microversions, change it, and delete it.
    """
    server = a_server(at)
    path = f"/servers/{server}"
    for version in (None, "2.3", "2.19", "2.47", "2.69", "2.75", "2.96", "latest"):
        at.compute("GET", path, version=version, note=version or "")
        at.compute("GET", "/servers/detail", version=version, note=version or "")
    at.compute("GET", "/servers")
    at.compute("GET", "/servers", version="latest", note="latest")
    for below in (
        "metadata",
        "ips",
        "os-interface",
        "os-instance-actions",
        "os-volume_attachments",
        "os-security-groups",
        "os-server-password",
        "diagnostics",
    ):
        at.compute("GET", f"{path}/{below}", note="")
        at.compute("GET", f"{path}/{below}", version="latest", note="latest")
    at.compute("PUT", path, {"server": {"name": "renamed"}})
    at.compute(
        "PUT",
        path,
        {"server": {"name": "renamed", "description": "what it is for"}},
        version="2.19",
        note="2.19",
    )
    at.compute("PUT", path, {"server": {"name": ""}}, note="empty name")
    at.compute("PUT", path, {"server": {"accessIPv4": "not an address"}}, note="no address")
    at.compute("POST", f"{path}/metadata", {"metadata": {"a": "1", "b": "two"}})
    at.compute("PUT", f"{path}/metadata/a", {"meta": {"a": "one"}})
    at.compute("PUT", f"{path}/metadata/a", {"meta": {"b": "one"}}, note="another key")
    at.compute("GET", f"{path}/metadata/a")
    at.compute("GET", f"{path}/metadata/none")
    at.compute("PUT", f"{path}/metadata", {"metadata": {"c": "ü"}})
    at.compute("DELETE", f"{path}/metadata/c")
    at.compute("DELETE", f"{path}/metadata/c", note="again")
    at.compute("PUT", f"{path}/tags", {"tags": ["x", "y"]}, version="2.26")
    at.compute("PUT", f"{path}/tags/z", version="2.26")
    at.compute("PUT", f"{path}/tags/z", version="2.26", note="again")
    at.compute("GET", f"{path}/tags", version="2.26")
    at.compute("GET", f"{path}/tags/z", version="2.26")
    at.compute("DELETE", f"{path}/tags/z", version="2.26")
    at.compute("GET", f"{path}/tags/none", version="2.26")
    at.compute("DELETE", f"{path}/tags", version="2.26")
    at.compute("DELETE", path)
    at.until_gone("compute", path)
    at.compute("GET", path, note="gone")
    at.compute("DELETE", path, note="gone")


def server_actions(at: Caller) -> None:
    """
    What is done to a server, right and at the wrong moment.
    """
    server = a_server(at, quiet=True)
    path = f"/servers/{server}"
    action = f"{path}/action"

    def act(body: Any, *then: str, version: str | None = None, note: str = "") -> None:
        at.compute("POST", action, body, version=version, note=note or next(iter(body)))
        if then:
            at.until("compute", path, "server", *then)

    act({"os-start": None}, note="os-start of a running one")
    act({"os-stop": None}, "shutoff")
    act({"os-stop": None}, note="os-stop of a stopped one")
    at.compute("GET", path, version="latest", note="stopped")
    act({"os-start": None}, "active")
    act({"reboot": {"type": "SOFT"}}, "active")
    act({"reboot": {"type": "COLD"}}, note="no such reboot")
    act({"reboot": {}}, note="reboot without a type")
    act({"pause": None}, "paused")
    act({"unpause": None}, "active")
    act({"suspend": None}, "suspended")
    act({"resume": None}, "active")
    act({"lock": None})
    act({"lock": {"locked_reason": "because"}}, version="2.73")
    at.compute("GET", path, version="2.73", note="locked")
    act({"unlock": None})
    act({"os-getConsoleOutput": {"length": 3}})
    act({"os-getConsoleOutput": {}}, note="all of the console")
    act({"os-getConsoleOutput": {"length": "many"}}, note="no length")
    act({"os-getVNCConsole": {"type": "novnc"}})
    at.compute(
        "POST",
        f"{path}/remote-consoles",
        {"remote_console": {"protocol": "vnc", "type": "novnc"}},
        version="2.6",
    )
    act({"rebuild": {"imageRef": image(at, "cirros-alt"), "name": "rebuilt"}}, "active")
    act({"rebuild": {"imageRef": "00000000-0000-4000-8000-000000000000"}}, note="rebuild with no such image")
    at.compute("GET", path, version="2.64", note="rebuilt")
    act({"resize": {"flavorRef": LARGER}}, "verify_resize")
    at.compute("GET", path, version="2.64", note="resized")
    act({"revertResize": None}, "active")
    act({"resize": {"flavorRef": "nothing"}}, note="no such flavor")
    act({"resize": {"flavorRef": FLAVOR}}, note="same flavor")
    act({"resize": {"flavorRef": LARGER}}, "verify_resize", note="resize again")
    act({"confirmResize": None}, "active")
    act({"confirmResize": None}, note="nothing to confirm")
    act({"rescue": None}, "rescue")
    act({"unrescue": None}, "active")
    act({"shelve": None}, "shelved_offloaded")
    at.compute("GET", path, version="2.64", note="shelved")
    act({"unshelve": None}, "active")
    act({"shelve": None}, "shelved_offloaded", note="shelve again")
    act({"unshelve": {"availability_zone": "nowhere"}}, version="2.77", note="unshelve into no zone")
    act(
        {"unshelve": {"availability_zone": at.place.zone}},
        "active",
        version="2.77",
        note="unshelve into the zone",
    )
    act({"changePassword": {"adminPass": "secret"}})
    act({"createBackup": {"name": "b", "backup_type": "daily"}}, note="backup without a rotation")
    act({"addSecurityGroup": {"name": "nothing"}})
    act({"addFloatingIp": {"address": "10.0.0.1"}})
    act({"os-migrateLive": {"host": None, "block_migration": "auto"}}, version="2.25")
    act({"migrate": None})
    act({"os-resetState": {"state": "error"}})
    act({"evacuate": {}}, version="2.14")
    act({"injectNetworkInfo": None})
    act({"restore": None})
    act({"nothing": None})
    act({"os-start": None, "os-stop": None}, note="two actions")
    at.compute("POST", action, raw=b"{", note="cut")
    at.compute("POST", action, raw=b"", note="empty")
    act({"forceDelete": None})
    at.until_gone("compute", path)


def server_image(at: Caller) -> None:
    """
    ``createImage``: the Location of the image, and its id in newer microversions.
    """
    server = a_server(at, quiet=True)
    for version in (None, "2.45"):
        body = {"createImage": {"name": "snapshot", "metadata": {"k": "v"}}}
        made = at.compute("POST", f"/servers/{server}/action", body, version=version, note=version or "")
        identifier = (made.field("Location") or "").rpartition("/")[2] or made.json().get("image_id")
        at.until("compute", f"/servers/{server}", "server", "active")
        at.call("image", "DELETE", f"/v2/images/{identifier}", bare=True, quiet=True)
    at.compute("POST", f"/servers/{server}/action", {"createImage": {}}, note="without a name")
