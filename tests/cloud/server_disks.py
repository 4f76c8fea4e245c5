"""
Scenarios of servers and their disks: what they boot from, what is attached to them, and who may detach it.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_server, a_volume, act, image, leftovers
from tests.cloud.server_making import plain


def _without_image(at: Caller, **more: Any) -> dict[str, Any]:
    server = plain(at, **more)
    del server["imageRef"]
    return {"server": server}


def _booted(at: Caller, note: str, version: str | None, **more: Any) -> str:
    """
    Make a server without an image and wait for it; its id.
    """
    body = _without_image(at, name=note, **more)
    made = at.compute("POST", "/servers", body, version=version, note=note).json()
    identifier: str = made["server"]["id"]
    at.normal.know(identifier, f"server {note}")
    at.afterwards("compute", f"/servers/{identifier}")
    at.until("compute", f"/servers/{identifier}", "server", "active")
    return identifier


def _devices(at: Caller, server: str, note: str) -> list[str]:
    """
    Look at what is attached, in the order of the devices; the volumes' ids, the one that it boots from first.
    """
    path = f"/servers/{server}/os-volume_attachments"
    listed = at.compute("GET", path, quiet=True).json()["volumeAttachments"]
    volumes = [str(each["volumeId"]) for each in sorted(listed, key=lambda each: str(each["device"]))]
    for number, volume in enumerate(volumes):
        at.normal.know(volume, f"volume {number} of {note}")
        at.compute("GET", f"{path}/{volume}", version="2.89", note=note)
        at.volume("GET", f"/volumes/{volume}", note=note)
    return volumes


def booting(at: Caller) -> None:
    """
    A server that boots from a volume made of an image, with a blank one beside it; both end with it.
    """
    root = {
        "source_type": "image",
        "destination_type": "volume",
        "uuid": image(at),
        "boot_index": 0,
        "volume_size": 1,
        "delete_on_termination": True,
    }
    blank = {
        "source_type": "blank",
        "destination_type": "volume",
        "volume_size": 1,
        "volume_type": "files",
        "tag": "data",
        "delete_on_termination": True,
        "boot_index": -1,
    }
    server = _booted(at, "from image", "2.67", block_device_mapping_v2=[root, blank])
    path = f"/servers/{server}"
    at.compute("GET", path, version="2.67", note="from image")
    at.compute("GET", "/servers/detail", note="no image")
    volumes = _devices(at, server, "from image")
    attached = f"{path}/os-volume_attachments"
    at.compute("DELETE", f"{attached}/{volumes[0]}", note="the root volume")
    keep: dict[str, Any] = {"volumeAttachment": {"volumeId": volumes[1], "delete_on_termination": False}}
    at.compute("PUT", f"{attached}/{volumes[1]}", keep, version="2.85", note="keep")
    keep["volumeAttachment"]["delete_on_termination"] = True
    at.compute("PUT", f"{attached}/{volumes[1]}", keep, version="2.85", note="keep no more")
    made = act(at, server, {"createImage": {"name": "of volumes"}}, version="2.45")
    at.normal.know(made.json()["image_id"], "image of volumes")
    at.afterwards("image", f"/images/{made.json()['image_id']}")
    at.until("compute", path, "server", "active")
    listed = at.volume("GET", "/snapshots", quiet=True).json()["snapshots"]
    for snapshot in listed:
        at.afterwards("volume", f"/snapshots/{snapshot['id']}")
    at.note("snapshots of both volumes", len(listed))
    for snapshot in listed:
        at.until("volume", f"/snapshots/{snapshot['id']}", "snapshot", "available")
        at.volume("DELETE", f"/snapshots/{snapshot['id']}", quiet=True)
        at.until_gone("volume", f"/snapshots/{snapshot['id']}")
    act(at, server, {"rebuild": {"imageRef": image(at, "cirros-alt")}}, note="another image below 2.93")
    act(at, server, {"rescue": None}, note="rescue below 2.87")
    act(at, server, {"createBackup": {"name": "b", "backup_type": "daily", "rotation": 1}})
    at.compute("DELETE", path)
    at.until_gone("compute", path)
    for volume in volumes:
        at.until_gone("volume", f"/volumes/{volume}")
        at.volume("GET", f"/volumes/{volume}", note="ended with the server")


def booting_from(at: Caller) -> None:
    """
    Servers that boot from a volume and from a snapshot: mappings of the first kind, ``os-volumes_boot``, ephemeral disks.
    """
    volume = a_volume(at, "root", quiet=True, imageRef=image(at))
    made = at.volume("POST", "/snapshots", {"snapshot": {"volume_id": volume}}, quiet=True).json()["snapshot"]
    snapshot = made["id"]
    at.normal.know(snapshot, "snapshot")
    at.afterwards("volume", f"/snapshots/{snapshot}")
    at.until("volume", f"/snapshots/{snapshot}", "snapshot", "available")
    mapping = [{"volume_id": volume, "device_name": "vda", "delete_on_termination": False}]
    body = _without_image(at, name="first kind", networks=[], block_device_mapping=mapping)
    # Nova 34 answers this one with 500, whatever it is sent
    at.compute("POST", "/os-volumes_boot", body)
    server = _booted(at, "first kind", None, networks=[], block_device_mapping=mapping)
    at.compute("GET", f"/servers/{server}")
    _devices(at, server, "first kind")
    at.compute("POST", "/servers", body, note="in use")
    at.compute("DELETE", f"/servers/{server}")
    at.until_gone("compute", f"/servers/{server}")
    at.until("volume", f"/volumes/{volume}", "volume", "available")
    at.volume("GET", f"/volumes/{volume}", note="kept")
    from_snapshot = {
        "source_type": "snapshot",
        "destination_type": "volume",
        "uuid": snapshot,
        "boot_index": "0",
        "volume_size": "1",
        "delete_on_termination": "true",
        "disk_bus": "virtio",
        "device_type": "disk",
        "device_name": "/dev/vda",
    }
    from_volume = {**from_snapshot, "source_type": "volume", "uuid": volume, "boot_index": None}
    from_volume |= {"delete_on_termination": False, "device_name": "/dev/vdb"}
    server = _booted(at, "from snapshot", "2.42", block_device_mapping_v2=[from_snapshot, from_volume])
    at.compute("GET", f"/servers/{server}", version="2.42")
    _devices(at, server, "from snapshot")
    for method, path in (
        ("GET", "/os-volumes_boot"),
        ("GET", "/os-volumes_boot/detail"),
        ("GET", f"/os-volumes_boot/{server}"),
        ("GET", f"/os-volumes_boot/{NOWHERE}"),
    ):
        at.compute(method, path)


def device_refusals(at: Caller) -> None:
    """
    Block devices that Nova refuses.
    """
    volume = a_volume(at, "empty", quiet=True)
    good = {"source_type": "volume", "destination_type": "volume", "uuid": volume, "boot_index": 0}
    made = {"source_type": "image", "destination_type": "volume", "uuid": image(at), "boot_index": 0}
    local = {**made, "destination_type": "local"}
    blank = {"source_type": "blank", "destination_type": "volume", "boot_index": -1}
    for note, devices in (
        ("not bootable", [good]),
        ("no size", [made]),
        ("size is no number", [{**made, "volume_size": "many"}]),
        ("size of nothing", [{**made, "volume_size": 0}]),
        ("too small a size for a blank one", [blank]),
        ("ephemeral", [local, {**blank, "destination_type": "local", "volume_size": 1}]),
        ("swap", [local, {**blank, "destination_type": "local", "guest_format": "swap", "volume_size": 1}]),
        ("two to boot from", [{**made, "volume_size": 1}, {**made, "volume_size": 1}]),
        ("none to boot from", [{**blank, "volume_size": 1}]),
        ("a volume to a local disk", [{**good, "destination_type": "local"}]),
        ("no source", [{**good, "source_type": "x"}]),
        ("no id", [{"source_type": "volume", "destination_type": "volume", "boot_index": 0}]),
        ("bad id", [{**good, "uuid": "x y"}]),
        ("bad device", [{**good, "device_name": "/dev/v da"}]),
        ("no such image", [{**made, "uuid": NOWHERE, "volume_size": 1}]),
        ("no such type", [{**made, "volume_size": 1, "volume_type": "nothing"}]),
        ("a tag with a comma", [{**made, "volume_size": 1, "tag": "a,b"}]),
        ("an unknown field", [{**good, "nothing": 1}]),
        ("no list", good),
    ):
        body = _without_image(at, name=note, block_device_mapping_v2=devices)
        at.compute("POST", "/servers", body, version="2.67", note=note)
    for note, old in (
        ("first kind, no such volume", [{"volume_id": NOWHERE, "device_name": "vda"}]),
        ("first kind, no id", [{"device_name": "vda"}]),
        ("first kind, bad id", [{"volume_id": "x", "device_name": "vda"}]),
        ("first kind, no such snapshot", [{"snapshot_id": NOWHERE, "device_name": "vda"}]),
    ):
        body = _without_image(at, name=note, block_device_mapping=old)
        at.compute("POST", "/servers", body, version="2.37", note=note)
    both = plain(at, block_device_mapping=[{"volume_id": volume, "device_name": "vda"}])
    both["block_device_mapping_v2"] = [good]
    at.compute("POST", "/servers", {"server": both}, version="2.37", note="both kinds")
    early = plain(at, block_device_mapping_v2=[{**local, "tag": "x"}])
    at.compute("POST", "/servers", {"server": early}, version="2.37", note="a tag between 2.33 and 2.41")
    typed = plain(at, block_device_mapping_v2=[{**made, "volume_size": 1, "volume_type": "files"}])
    at.compute("POST", "/servers", {"server": typed}, version="2.66", note="a type before 2.67")
    at.compute("POST", "/servers", _without_image(at), version="2.37", note="neither image nor device")
    at.compute("POST", "/servers", {"server": plain(at, imageRef="")}, version="2.37", note="empty image")
    leftovers(at)


def attaching_more(at: Caller) -> None:
    """
    Attachments with a tag and a device, kept or ended with their server; swaps and detaches that users may not ask for.
    """
    server = a_server(at, quiet=True)
    first, second = a_volume(at, "first", quiet=True), a_volume(at, "second", quiet=True)
    path = f"/servers/{server}/os-volume_attachments"
    version: str | None
    more: dict[str, Any]
    for note, version, more in (
        ("a tag before 2.49", "2.48", {"tag": "t"}),
        ("a long tag", "2.49", {"tag": "x" * 61}),
        ("an end before 2.79", "2.78", {"delete_on_termination": True}),
        ("no such end", "2.79", {"delete_on_termination": "sometimes"}),
        ("bad device", "2.49", {"device": "not a device"}),
    ):
        wanted = {"volumeAttachment": {"volumeId": first, **more}}
        at.compute("POST", path, wanted, version=version, note=note)
    more = {"volumeId": first, "tag": "t", "delete_on_termination": True}
    at.compute("POST", path, {"volumeAttachment": more}, version="2.79", note="with a tag")
    at.until("volume", f"/volumes/{first}", "volume", "in-use")
    device = {"volumeId": second, "device": "/dev/vdq"}
    at.compute("POST", path, {"volumeAttachment": device}, note="with a device")
    at.until("volume", f"/volumes/{second}", "volume", "in-use")
    at.compute("GET", f"{path}?limit=1", version="2.89", quiet=True)
    at.compute("GET", f"{path}?limit=0", version="2.79")
    at.compute("GET", f"{path}?offset=2", version="2.79")
    for volume in (first, second):
        for version in ("2.69", "2.79", "2.85"):
            at.compute("GET", f"{path}/{volume}", version=version, note=version)
    for version in (None, "2.85"):
        wanted = {"volumeAttachment": {"volumeId": second}}
        at.compute("PUT", f"{path}/{first}", wanted, version=version, note=f"swap, {version}")
    kept = {"volumeAttachment": {"volumeId": first, "delete_on_termination": False, "tag": "other"}}
    at.compute("PUT", f"{path}/{first}", kept, version="2.85", note="another tag")
    at.compute("PUT", f"{path}/{NOWHERE}", {"volumeAttachment": {"volumeId": NOWHERE}}, version="2.85")
    found = at.volume("GET", f"/volumes/{second}", quiet=True).json()["volume"]
    attachment = found["attachments"][0]["attachment_id"]
    at.normal.know(attachment, "attachment of second")
    for note, body in (
        ("os-detach", {"os-detach": {"attachment_id": attachment}}),
        ("os-detach of all", {"os-detach": {}}),
        ("os-force_detach", {"os-force_detach": {"attachment_id": attachment}}),
        ("os-terminate_connection", {"os-terminate_connection": {"connector": {}}}),
        ("os-begin_detaching", {"os-begin_detaching": None}),
        ("os-roll_detaching", {"os-roll_detaching": None}),
    ):
        at.volume("POST", f"/volumes/{second}/action", body, note=note)
        at.volume("GET", f"/volumes/{second}", note=f"after {note}")
    at.volume("DELETE", f"/attachments/{attachment}", version="3.27")
    at.compute("DELETE", f"{path}/{second}")
    at.until("volume", f"/volumes/{second}", "volume", "available")
    at.compute("DELETE", f"/servers/{server}")
    at.until_gone("compute", f"/servers/{server}")
    at.until_gone("volume", f"/volumes/{first}")
    at.volume("GET", f"/volumes/{first}", note="ended with the server")
    at.volume("GET", f"/volumes/{second}", note="is left")
