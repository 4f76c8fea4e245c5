"""
Scenarios of changes: updates, rebuilds, resizes, shelving, rescues, metadata and tags, what is told about a server.
"""

from __future__ import annotations

import base64
from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import FLAVOR, KEY, LARGER, NOWHERE, a_server, act, image


def server_updates(at: Caller) -> None:
    """
    Updates at several microversions; the limits of metadata and tags; what is told beside the server.
    """
    server = a_server(at, quiet=True)
    path = f"/servers/{server}"
    for note, version, change in (
        ("name with blanks", None, {"name": "  a b  "}),
        ("long name", None, {"name": "x" * 256}),
        ("addresses", None, {"accessIPv4": "192.0.2.1", "accessIPv6": "2001:db8::1"}),
        ("no addresses", "2.96", {"accessIPv4": "", "accessIPv6": ""}),
        ("disk", None, {"OS-DCF:diskConfig": "MANUAL"}),
        ("no such disk", None, {"OS-DCF:diskConfig": "x"}),
        ("description too early", "2.18", {"description": "x"}),
        ("description", "2.19", {"description": "x"}),
        ("no description", "2.75", {"description": None}),
        ("host's name too early", "2.89", {"hostname": "host"}),
        ("host's name", "2.90", {"hostname": "host"}),
        ("full name", "2.94", {"hostname": "host.example.org"}),
        ("bad host's name", "2.94", {"hostname": "a_b"}),
        ("nothing", "2.94", {}),
        ("an unknown field", None, {"nothing": 1}),
        ("a fixed field", None, {"flavorRef": LARGER}),
    ):
        at.compute("PUT", path, {"server": change}, version=version, note=note)
    at.compute("PUT", path, {"nothing": {}}, note="another key")
    at.compute("PUT", path, raw=b"", note="empty")
    meta = f"{path}/metadata"
    for note, method, below, body in (
        ("long key", "POST", "", {"metadata": {"k" * 256: "v"}}),
        ("long value", "POST", "", {"metadata": {"k": "v" * 256}}),
        ("empty key", "POST", "", {"metadata": {"": "v"}}),
        ("odd key", "POST", "", {"metadata": {"a/b": "v"}}),
        ("value is a number", "POST", "", {"metadata": {"k": 1}}),
        ("too many", "PUT", "", {"metadata": {f"k{number}": "v" for number in range(129)}}),
        ("as many as may be", "PUT", "", {"metadata": {f"k{number}": "v" for number in range(128)}}),
        ("one more", "POST", "", {"metadata": {"more": "v"}}),
        ("one more by its key", "PUT", "/more", {"meta": {"more": "v"}}),
        ("two by one key", "PUT", "/k1", {"meta": {"k1": "v", "k2": "v"}}),
        ("none", "PUT", "", {"metadata": {}}),
        ("no metadata", "PUT", "", {}),
        ("metadata of nothing", "POST", "", {"metadata": None}),
    ):
        at.compute(method, f"{meta}{below}", body, note=note)
    tags = f"{path}/tags"
    at.compute("PUT", tags, {"tags": ["a"]}, version="2.25", note="too early")
    for note, wanted in (
        ("as many as may be", [f"t{number:02}" for number in range(50)]),
        ("too many", [f"t{number:02}" for number in range(51)]),
        ("a comma", ["a,b"]),
        ("a slash", ["a/b"]),
        ("long", ["x" * 61]),
        ("empty", [""]),
        ("no list", "a"),
        ("one twice", ["a", "a"]),
    ):
        at.compute("PUT", tags, {"tags": wanted}, version="2.26", note=note)
    at.compute("PUT", f"{tags}/a%2Cb", version="2.26")
    at.compute("PUT", f"{tags}/{'x' * 61}", version="2.26")
    at.compute("PUT", tags, {"tags": [f"t{number:02}" for number in range(50)]}, version="2.26", note="again")
    at.compute("PUT", f"{tags}/more", version="2.26")
    for query in ("tags=t01,t02", "tags-any=t01,x", "not-tags=t01", "not-tags-any=x,y", "tags=x"):
        at.compute("GET", f"/servers?{query}", version="2.26")
    for version in (None, "2.48", "2.78", "2.96"):
        for below in ("os-server-password", "topology", "diagnostics", "migrations", "shares"):
            at.compute("GET", f"{path}/{below}", version=version, note=version or "")
    at.compute("DELETE", f"{path}/os-server-password")
    at.compute("GET", f"{path}/migrations/1", version="2.23")
    at.compute("GET", f"{path}/consoles")
    act(at, server, {"changePassword": {}})
    act(at, server, {"changePassword": {"adminPass": 1}}, note="no password")
    listed = at.compute("GET", f"{path}/os-instance-actions", version="2.58", quiet=True).json()
    first = listed["instanceActions"][-1]["request_id"]
    for version in (None, "2.51", "2.58", "2.62", "2.84", "2.96"):
        at.compute("GET", f"{path}/os-instance-actions", version=version, note=version or "")
        at.compute("GET", f"{path}/os-instance-actions/{first}", version=version, note=version or "")
    for query in (
        "limit=1",
        "limit=-1",
        "changes-since=x",
        "changes-since=2001-01-01T00:00:00Z",
        "marker=req-x",
    ):
        at.compute("GET", f"{path}/os-instance-actions?{query}", version="2.58")
    early = "changes-before=2001-01-01T00:00:00Z"
    for version in ("2.65", "2.66"):
        at.compute("GET", f"{path}/os-instance-actions?{early}", version=version, note=version)
    at.compute("GET", f"{path}/os-instance-actions/req-{NOWHERE}")


def server_rebuilds(at: Caller) -> None:
    """
    Rebuilds with every field that Nova takes, resizes with all of theirs, and rescues with an image.
    """
    at.compute("POST", "/os-keypairs", {"keypair": {"name": "other", "public_key": KEY}}, quiet=True)
    at.afterwards("compute", "/os-keypairs/other")
    body: dict[str, Any]
    server = a_server(at, quiet=True)
    path = f"/servers/{server}"
    alt = image(at, "cirros-alt")
    fields: dict[str, Any] = {
        "imageRef": alt,
        "name": "again",
        "adminPass": "secret",
        "accessIPv4": "192.0.2.3",
        "accessIPv6": "2001:db8::3",
        "metadata": {"x": "y"},
        "preserve_ephemeral": False,
        "OS-DCF:diskConfig": "AUTO",
        "description": "rebuilt",
        "key_name": "other",
        "user_data": base64.b64encode(b"#!/bin/true\n").decode(),
        "trusted_image_certificates": ["one"],
        "hostname": "again",
    }
    act(at, server, {"rebuild": fields}, "active", version="2.93", note="every field")
    at.compute("GET", path, version="2.93", note="every field")
    for note, version, body in (
        ("no image", "2.93", {}),
        ("image is no id", "2.93", {"imageRef": "cirros"}),
        ("no such key", "2.93", {"imageRef": alt, "key_name": "nothing"}),
        ("a key too early", "2.53", {"imageRef": alt, "key_name": "other"}),
        ("data too early", "2.56", {"imageRef": alt, "user_data": "eA=="}),
        ("certificates too early", "2.62", {"imageRef": alt, "trusted_image_certificates": ["c"]}),
        ("description too early", "2.18", {"imageRef": alt, "description": "x"}),
        ("a host's name too early", "2.89", {"imageRef": alt, "hostname": "x"}),
        ("bad metadata", "2.93", {"imageRef": alt, "metadata": {"k": 1}}),
        ("a flavor", "2.93", {"imageRef": alt, "flavorRef": LARGER}),
        ("empty name", "2.93", {"imageRef": alt, "name": ""}),
    ):
        act(at, server, {"rebuild": body}, version=version, note=f"rebuild: {note}")
    for note, body in (
        ("no flavor", {}),
        ("no such flavor", {"flavorRef": NOWHERE}),
        ("a number", {"flavorRef": 84}),
        ("no such disk", {"flavorRef": LARGER, "OS-DCF:diskConfig": "x"}),
        ("a smaller disk", {"flavorRef": FLAVOR}),
        ("an unknown field", {"flavorRef": LARGER, "nothing": 1}),
    ):
        act(at, server, {"resize": body}, note=f"resize: {note}")
        at.until("compute", path, "server", "active", "verify_resize")
    found = at.compute("GET", path, quiet=True).json()["server"]["status"]
    if found == "VERIFY_RESIZE":
        act(at, server, {"confirmResize": None}, "active")
    target = FLAVOR if found == "VERIFY_RESIZE" else LARGER
    act(at, server, {"resize": {"flavorRef": target, "OS-DCF:diskConfig": "MANUAL"}}, "verify_resize")
    at.compute("GET", path, version="2.96", note="resized")
    at.compute("GET", f"{path}/migrations", version="2.80", note="by its owner")
    act(at, server, {"os-stop": None}, note="stop while resized")
    act(at, server, {"rebuild": {"imageRef": alt}}, note="rebuild while resized")
    act(at, server, {"revertResize": None}, "active")
    act(
        at,
        server,
        {"rescue": {"adminPass": "secret", "rescue_image_ref": alt}},
        "rescue",
        note="rescue by image",
    )
    at.compute("GET", path, version="2.96", note="rescued")
    act(at, server, {"rescue": {}}, note="rescue again")
    act(at, server, {"unrescue": None}, "active")
    for note, body in (
        ("no such image", {"rescue_image_ref": NOWHERE}),
        ("image is no id", {"rescue_image_ref": "x"}),
        ("unknown field", {"nothing": 1}),
    ):
        act(at, server, {"rescue": body}, note=f"rescue: {note}")
        at.until("compute", path, "server", "active", "rescue")


def server_shelving(at: Caller) -> None:
    """
    Shelving, what a shelved server does not do, force-deletes and restores, locks that others do not open.
    """
    server = a_server(at, quiet=True)
    path = f"/servers/{server}"
    act(at, server, {"shelveOffload": None}, note="offload what is not shelved")
    act(at, server, {"unshelve": None}, note="unshelve what is not shelved")
    act(at, server, {"unpause": None}, note="unpause what runs")
    act(at, server, {"resume": None}, note="resume what runs")
    act(at, server, {"unrescue": None}, note="unrescue what runs")
    act(at, server, {"revertResize": None}, note="nothing to revert")
    act(at, server, {"shelve": None}, "shelved_offloaded")
    for version in (None, "2.96"):
        at.compute("GET", path, version=version, note=f"shelved, {version}")
    for action in ("shelve", "shelveOffload", "os-stop", "os-start", "pause", "suspend"):
        act(at, server, {action: None}, note=f"{action} what is shelved")
    for below in ("os-interface", "ips", "diagnostics", "os-volume_attachments"):
        at.compute("GET", f"{path}/{below}", note="shelved")
    act(at, server, {"resize": {"flavorRef": LARGER}}, note="resize what is shelved")
    act(at, server, {"reboot": {"type": "HARD"}}, note="reboot what is shelved")
    for note, version, how in (
        ("a host too early", "2.90", {"host": "pod1-compute"}),
        ("a host", "2.91", {"host": "pod1-compute"}),
        ("a zone too early", "2.76", {"availability_zone": at.place.zone}),
        ("no zone", "2.77", {"availability_zone": None}),
        ("nothing", "2.77", {}),
        ("an unknown field", "2.91", {"nothing": 1}),
    ):
        act(at, server, {"unshelve": how}, version=version, note=f"unshelve: {note}")
    at.until("compute", path, "server", "active", "shelved_offloaded")
    found = at.compute("GET", path, quiet=True).json()["server"]["status"]
    if found != "ACTIVE":
        act(at, server, {"unshelve": {"availability_zone": None}}, "active", version="2.91", note="unpinned")
    at.compute("GET", path, version="2.96", note="back")
    act(at, server, {"lock": {"locked_reason": "x" * 256}}, version="2.73", note="a long reason")
    act(at, server, {"lock": {"locked_reason": "why"}}, version="2.73")
    act(at, server, {"os-stop": None}, token=at.stranger.token, note="a stranger's stop")
    act(at, server, {"unlock": None}, token=at.stranger.token, note="a stranger's unlock")
    at.compute("GET", "/servers/detail?locked=true", version="2.73")
    act(at, server, {"unlock": None})
    act(at, server, {"restore": None}, note="restore what is not deleted")
    act(at, server, {"forceDelete": None}, token=at.stranger.token, note="a stranger's delete")
    act(at, server, {"forceDelete": None})
    at.until_gone("compute", path)
    act(at, server, {"restore": None}, note="restore what is gone")
    act(at, server, {"forceDelete": None}, note="delete what is gone")
    at.compute("GET", f"{path}/os-instance-actions", version="2.58", note="actions of what is gone")
    at.compute("GET", f"{path}/os-instance-actions", version="2.20", note="actions of what is gone")


def server_backups(at: Caller) -> None:
    """
    Backups with their rotation: where the image is told, and how many are kept.
    """
    body: dict[str, Any]
    server = a_server(at, quiet=True)
    for number, version in enumerate((None, "2.45", None)):
        body = {
            "createBackup": {
                "name": f"b{number}",
                "backup_type": "daily",
                "rotation": 1,
                "metadata": {"k": "v"},
            }
        }
        made = act(at, server, body, "active", version=version, note=f"backup {number}")
        identifier = (made.field("Location") or "").rpartition("/")[2] or made.json().get("image_id")
        at.normal.know(identifier, f"backup {number}")
        at.afterwards("image", f"/images/{identifier}")
    listed = at.call("image", "GET", "/images?visibility=private", quiet=True).json()["images"]
    at.note("images that are kept", sorted(each["name"] for each in listed))
    made = act(at, server, {"createBackup": {"name": "b", "backup_type": "x", "rotation": 0}}, "active")
    for note, body in (
        ("rotation below nothing", {"name": "b", "backup_type": "daily", "rotation": -1}),
        ("no type", {"name": "b", "rotation": 1}),
        ("no name", {"backup_type": "daily", "rotation": 1}),
        ("bad metadata", {"name": "b", "backup_type": "daily", "rotation": 1, "metadata": {"k": 1}}),
    ):
        act(at, server, {"createBackup": body}, note=f"backup: {note}")
    for note, body in (
        ("long name", {"name": "x" * 256}),
        ("bad metadata", {"name": "i", "metadata": {"k": 1}}),
        ("unknown field", {"name": "i", "nothing": 1}),
    ):
        act(at, server, {"createImage": body}, note=f"image: {note}")


def server_pinned(at: Caller) -> None:
    """
    A server is let go of its zone and pinned to it again, and to no other.
    """
    server = a_server(at, "pinned", quiet=True)
    path = f"/servers/{server}"
    for note, version, zone in (
        ("as it is", "2.104", at.place.zone),
        ("elsewhere, while pinned", "2.104", "nowhere"),
        ("before its time", "2.103", None),
        ("a number", "2.104", 1),
        ("to nothing", "2.104", None),
        ("to nothing again", "2.104", None),
        ("elsewhere", "2.104", "nowhere"),
        ("to its zone", "2.104", at.place.zone),
        ("to its zone again", "latest", at.place.zone),
    ):
        body = {"server": {"pinned_availability_zone": zone}}
        at.compute("PUT", path, body, version=version, note=note)
        at.compute("GET", path, version="2.104", note=note)
    body = {"server": {"pinned_availability_zone": None}}
    at.compute("PUT", path, body, version="2.104", token=at.stranger.token, note="a stranger's")
    # that path ended with the microversion before, and says nothing of the server
    at.compute("GET", f"/os-volumes_boot/{server}", version="2.103")
    at.compute("GET", path, version="2.103", note="still there")
