"""
Scenarios of whole lives: servers, volumes, and both together.
"""

from __future__ import annotations

import base64
import time
from typing import Any

from tests.cloud.caller import Caller

FLAVOR, LARGER = "42", "84"


def image(at: Caller, name: str = "cirros") -> str:
    """
    The id of an image in Glance; it is the same at both places.
    """
    found: str = at.call("image", "GET", f"/v2/images?name={name}", bare=True, quiet=True).json()["images"][
        0
    ]["id"]
    at.normal.know(found, name)
    return found


def network(at: Caller) -> str:
    """
    The id of the network that every project may use, at the pod that the scenario works in.
    """
    networks = at.call("network", "GET", "/v2.0/networks?name=shared-net", bare=True, quiet=True).json()[
        "networks"
    ]
    found: str = networks[0]["id"]
    at.normal.know(found, "network")
    return found


def a_server(
    at: Caller, name: str = "one", *, quiet: bool = False, version: str | None = "2.37", **more: Any
) -> str:
    """
    Make a server in the scenario's zone and wait for it; its id.
    """
    server = {
        "name": name,
        "flavorRef": FLAVOR,
        "imageRef": image(at),
        "networks": "none",
        "availability_zone": at.place.zone,
        **more,
    }
    made = at.compute("POST", "/servers", {"server": server}, version=version, quiet=quiet).json()
    identifier: str = made["server"]["id"]
    at.normal.know(identifier, f"server {name}")
    at.afterwards("compute", f"/servers/{identifier}")
    at.until("compute", f"/servers/{identifier}", "server", "active")
    return identifier


def a_volume(at: Caller, name: str = "one", *, quiet: bool = False, **more: Any) -> str:
    """
    Make a volume in the scenario's zone and wait for it; its id.
    """
    volume = {"name": name, "size": 1, "availability_zone": at.place.zone, **more}
    made = at.volume("POST", "/volumes", {"volume": volume}, quiet=quiet).json()
    identifier: str = made["volume"]["id"]
    at.normal.know(identifier, f"volume {name}")
    at.afterwards("volume", f"/volumes/{identifier}")
    at.until("volume", f"/volumes/{identifier}", "volume", "available")
    return identifier


def a_new_second() -> None:
    """
    Wait until another second has begun: things that were made within one are listed by their ids, which chance gives.
    """
    time.sleep(1.1)


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


def server_everything(at: Caller) -> None:
    """
    A create with every field that Nova takes, and what it makes of them.
    """
    net = network(at)
    at.compute("POST", "/os-keypairs", {"keypair": {"name": "side", "public_key": KEY}}, version="2.2")
    at.afterwards("compute", "/os-keypairs/side")
    group = at.compute(
        "POST", "/os-server-groups", {"server_group": {"name": "g", "policies": ["anti-affinity"]}}
    ).json()
    at.afterwards("compute", f"/os-server-groups/{group['server_group']['id']}")
    body = {
        "server": {
            "name": "all",
            "flavorRef": FLAVOR,
            "imageRef": image(at),
            "networks": [{"uuid": net, "tag": "first"}],
            "availability_zone": at.place.zone,
            "metadata": {"a": "b"},
            "key_name": "side",
            "config_drive": True,
            "user_data": base64.b64encode(b"#!/bin/sh\n").decode(),
            "security_groups": [{"name": "default"}],
            "description": "with everything",
            "tags": ["x"],
            "min_count": 1,
            "max_count": 2,
            "hostname": "host-of-all",
            "OS-DCF:diskConfig": "MANUAL",
            "adminPass": "secret",
            "accessIPv4": "192.0.2.7",
            "trusted_image_certificates": None,
        },
        "os:scheduler_hints": {"group": group["server_group"]["id"]},
    }
    made = at.compute("POST", "/servers", body, version="2.90").json()
    del body["os:scheduler_hints"]
    body["server"]["max_count"] = 1
    made = at.compute("POST", "/servers", body, version="2.90", note="without a group").json()
    server = made["server"]["id"]
    at.afterwards("compute", f"/servers/{server}")
    for each in at.compute("GET", "/servers", quiet=True).json()["servers"]:
        at.afterwards("compute", f"/servers/{each['id']}")
    at.until("compute", f"/servers/{server}", "server", "active")
    at.normal.know(server, "server")
    path = f"/servers/{server}"
    at.compute("GET", path, version="2.90", note="all of it")
    at.compute("GET", f"{path}/os-security-groups")
    at.compute("GET", f"{path}/ips")
    ports = at.compute("GET", f"{path}/os-interface").json()["interfaceAttachments"]
    at.compute("GET", f"{path}/os-interface/{ports[0]['port_id']}")
    added = at.compute("POST", f"{path}/os-interface", {"interfaceAttachment": {"net_id": net}}).json()
    port = added["interfaceAttachment"]["port_id"]
    at.compute("DELETE", f"{path}/os-interface/{port}")
    at.compute(
        "POST", f"{path}/os-interface", {"interfaceAttachment": {"net_id": NOWHERE}}, note="no such network"
    )
    at.compute(
        "POST", f"{path}/os-interface", {"interfaceAttachment": {"port_id": NOWHERE}}, note="no such port"
    )
    at.compute(
        "POST", f"{path}/os-interface", {"interfaceAttachment": {}}, version="2.49", note="any network"
    )
    actions = at.compute("GET", f"{path}/os-instance-actions", quiet=True).json()["instanceActions"]
    at.compute("GET", f"{path}/os-instance-actions/{actions[-1]['request_id']}", version="2.58")
    at.compute("GET", f"{path}/os-instance-actions/req-{NOWHERE}")


NOWHERE = "00000000-0000-4000-8000-000000000000"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPV0tXq0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0 side-by-side"


def server_refusals(at: Caller) -> None:
    """
    Creates that Nova refuses for what they ask.
    """
    good: dict[str, Any] = {"name": "x", "flavorRef": FLAVOR, "imageRef": image(at), "networks": "none"}
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("no such flavor", {"flavorRef": "nothing"}),
        ("no such image", {"imageRef": NOWHERE}),
        ("image is no id", {"imageRef": "cirros"}),
        ("no such network", {"networks": [{"uuid": NOWHERE}]}),
        ("no such port", {"networks": [{"port": NOWHERE}]}),
        ("network is no id", {"networks": [{"uuid": "x"}]}),
        ("no such key", {"key_name": "nothing"}),
        ("no such zone", {"availability_zone": "nowhere"}),
        ("empty zone", {"availability_zone": ""}),
        ("zone and host", {"availability_zone": f"{at.place.zone}:somewhere"}),
        ("zone of three parts", {"availability_zone": f"{at.place.zone}:a:b"}),
        ("zone is a number", {"availability_zone": 1}),
        (
            "no such volume",
            {
                "block_device_mapping_v2": [
                    {"source_type": "volume", "destination_type": "volume", "uuid": NOWHERE, "boot_index": 0}
                ]
            },
        ),
        (
            "no such snapshot",
            {
                "block_device_mapping_v2": [
                    {
                        "source_type": "snapshot",
                        "destination_type": "volume",
                        "uuid": NOWHERE,
                        "boot_index": 0,
                    }
                ]
            },
        ),
        ("no such group of rules", {"security_groups": [{"name": "nothing"}]}),
        ("minimum above maximum", {"min_count": 3, "max_count": 2}),
        ("none of them", {"min_count": 0}),
        ("long name", {"name": "x" * 256}),
        ("no base64", {"user_data": "%%%"}),
        ("metadata is a list", {"metadata": []}),
        ("long metadata", {"metadata": {"k": "x" * 256}}),
        ("too much metadata", {"metadata": {f"k{n}": "v" for n in range(129)}}),
        ("too many", {"min_count": 100}),
        ("a field of the future", {"nothing": 1}),
        ("flavor is missing", {"flavorRef": None}),
    ]
    for note, change in wrong:
        at.compute("POST", "/servers", {"server": {**good, **change}}, version="2.37", note=note)
    for hints in (
        {"group": NOWHERE},
        {"group": "x"},
        {"same_host": NOWHERE},
        {"different_host": [NOWHERE]},
        {"same_host": "x"},
        [],
    ):
        at.compute(
            "POST",
            "/servers",
            {"server": {**good, "flavorRef": "nothing"}, "os:scheduler_hints": hints},
            version="2.37",
            note=f"hints {hints}",
        )
    at.compute(
        "POST", "/servers", {"server": {**good, "networks": None}}, version="2.37", note="networks is null"
    )
    at.compute("POST", "/servers", {"server": good}, note="networks none before 2.37")
    left = at.compute("GET", "/servers", quiet=True).json()["servers"]
    for each in left:
        at.afterwards("compute", f"/servers/{each['id']}")
    at.compute("GET", "/servers", note="what is left")


def server_lists(at: Caller) -> None:
    """
    Lists of servers: filters, orders, pages.
    """
    servers = []
    for number in range(3):
        a_new_second()
        servers.append(a_server(at, f"list-{number}", quiet=True))
    wanted = (
        "",
        "?limit=2",
        "?limit=1&marker=" + servers[1],
        "?limit=0",
        "?limit=-1",
        "?limit=x",
        "?limit=100000",
        "?marker=" + NOWHERE,
        "?marker=x",
        "?name=list-1",
        "?name=list-.",
        "?name=(",
        "?status=ACTIVE",
        "?status=active",
        "?status=BUILD",
        "?status=nothing",
        "?image=" + image(at),
        "?flavor=42",
        "?flavor=none",
        "?host=x",
        "?sort_key=display_name&sort_dir=asc",
        "?sort_key=display_name&sort_dir=desc",
        "?sort_key=nothing",
        "?sort_dir=up",
        "?sort_key=created_at&sort_dir=asc&limit=2",
        "?sort_key=display_name&sort_key=uuid&sort_dir=asc",
        "?changes-since=2001-01-01T00:00:00Z",
        "?changes-since=x",
        "?all_tenants=1",
        "?all_tenants=x",
        "?deleted=1",
        "?ip=10",
        "?nothing=1",
        "?limit=1&limit=2",
        "?availability_zone=" + at.place.zone,
        "?availability_zone=nowhere",
        "?tags=x",
        "?reservation_id=none",
        "?uuid=" + servers[0],
        "?limit=2&sort_key=display_name&sort_dir=asc&marker=" + servers[0],
        "?locked=true",
        "?hostname=list-1",
        "?user_id=x",
    )
    for query in wanted:
        at.compute("GET", f"/servers{query}")
        at.compute("GET", f"/servers/detail{query}")
    for query in wanted:
        at.compute("GET", f"/servers/detail{query}", version="2.96", note="2.96")
    at.compute("GET", "/servers?limit=2", version="latest", note="latest")


def volume_life(at: Caller) -> None:
    """
    Create a volume, look at it, change it, and delete it.
    """
    volume = a_volume(at, metadata={"k": "v"}, description="a volume")
    path = f"/volumes/{volume}"
    for version in (None, "3.13", "3.44", "3.61", "latest"):
        at.volume("GET", path, version=version, note=version or "")
        at.volume("GET", "/volumes/detail", version=version, note=version or "")
    at.volume("GET", "/volumes")
    at.volume("GET", "/volumes/summary", version="3.36")
    at.volume("PUT", path, {"volume": {"name": "renamed", "description": "new"}})
    at.volume("PUT", path, {"volume": {}}, note="nothing")
    at.volume("PUT", path, {}, note="empty")
    at.volume("POST", f"{path}/metadata", {"metadata": {"a": "1"}})
    at.volume("PUT", f"{path}/metadata", {"metadata": {"b": "ü"}})
    at.volume("GET", f"{path}/metadata")
    at.volume("GET", f"{path}/metadata/b")
    at.volume("PUT", f"{path}/metadata/b", {"meta": {"b": "3"}})
    at.volume("DELETE", f"{path}/metadata/b")
    at.volume("DELETE", f"{path}/metadata/b", note="again")
    at.volume("GET", f"{path}/encryption")

    def act(body: Any, *then: str, version: str | None = None, note: str = "") -> None:
        at.volume("POST", f"{path}/action", body, version=version, note=note or next(iter(body)))
        if then:
            at.until("volume", path, "volume", *then)

    act({"os-extend": {"new_size": 2}}, "available")
    act({"os-extend": {"new_size": 1}}, note="smaller")
    act({"os-extend": {"new_size": "x"}}, note="no size")
    act({"os-update_readonly_flag": {"readonly": True}})
    act({"os-set_bootable": {"bootable": True}})
    act({"os-set_image_metadata": {"metadata": {"os_type": "linux"}}})
    act({"os-show_image_metadata": {}})
    act({"os-unset_image_metadata": {"key": "os_type"}})
    act({"os-retype": {"new_type": "files-multiattach", "migration_policy": "never"}}, "available")
    act({"os-retype": {"new_type": "nothing"}}, note="no such type")
    act({"os-reserve": {}})
    act({"os-unreserve": {}})
    act({"os-begin_detaching": {}})
    act({"os-detach": {}})
    act({"os-reset_status": {"status": "error"}})
    act({"os-force_delete": {}})
    act({"os-attach": {"instance_uuid": NOWHERE, "mountpoint": "/dev/vdb"}}, note="os-attach of no server")
    act({"nothing": {}})
    act({"os-volume_upload_image": {"image_name": "up"}}, note="upload without a right size")
    at.until("volume", path, "volume", "available", "in-use", "error")
    for each in at.call("image", "GET", "/v2/images?name=up", bare=True, quiet=True).json()["images"]:
        at.call("image", "DELETE", f"/v2/images/{each['id']}", bare=True, quiet=True)
    act({"os-detach": {}}, note="after the attachment")
    at.volume("DELETE", path)
    at.until_gone("volume", path)
    at.volume("GET", path, note="gone")
    at.volume("DELETE", path, note="gone")


def volume_copies(at: Caller) -> None:
    """
    Snapshots, clones, backups, transfers, volumes from images.
    """
    volume = a_volume(at, quiet=True)
    made = at.volume(
        "POST", "/snapshots", {"snapshot": {"volume_id": volume, "name": "s", "metadata": {"a": "b"}}}
    ).json()
    snapshot = made["snapshot"]["id"]
    at.normal.know(snapshot, "snapshot")
    at.afterwards("volume", f"/snapshots/{snapshot}")
    at.until("volume", f"/snapshots/{snapshot}", "snapshot", "available")
    for version in (None, "latest"):
        at.volume("GET", f"/snapshots/{snapshot}", version=version, note=version or "")
        at.volume("GET", "/snapshots/detail", version=version, note=version or "")
    at.volume("GET", "/snapshots")
    at.volume("GET", "/snapshots?limit=1")
    at.volume("PUT", f"/snapshots/{snapshot}", {"snapshot": {"name": "renamed"}})
    at.volume("GET", f"/snapshots/{snapshot}/metadata")
    at.volume("POST", f"/snapshots/{snapshot}/metadata", {"metadata": {"c": "d"}})
    at.volume("DELETE", f"/volumes/{volume}", note="with a snapshot")
    at.volume("POST", "/snapshots", {"snapshot": {"volume_id": NOWHERE}}, note="of no volume")
    at.volume("POST", "/snapshots", {"snapshot": {}}, note="of nothing")
    at.volume("GET", f"/snapshots/{NOWHERE}")
    at.volume("DELETE", f"/snapshots/{NOWHERE}")
    at.volume("POST", f"/volumes/{volume}/action", {"revert": {"snapshot_id": snapshot}}, version="3.40")
    at.until("volume", f"/volumes/{volume}", "volume", "available")
    at.until("volume", f"/snapshots/{snapshot}", "snapshot", "available")
    for note, source in (
        ("snapshot_id", {"snapshot_id": snapshot}),
        ("source_volid", {"source_volid": volume}),
        ("imageRef", {"imageRef": image(at)}),
    ):
        body = {"volume": {"size": 1, "name": note, **source}}
        copy = at.volume("POST", "/volumes", body, note=note).json()["volume"]["id"]
        at.normal.know(copy, f"from {note}")
        at.afterwards("volume", f"/volumes/{copy}")
        at.until("volume", f"/volumes/{copy}", "volume", "available")
        at.volume("GET", f"/volumes/{copy}", note=note)
    for note, source in (
        ("no such snapshot", {"snapshot_id": NOWHERE}),
        ("no such volume", {"source_volid": NOWHERE}),
        ("no such image", {"imageRef": NOWHERE}),
        ("no such backup", {"backup_id": NOWHERE}),
        ("no such zone", {"availability_zone": "nowhere"}),
        ("no such type", {"volume_type": "nothing"}),
        ("no size", {"size": None}),
        ("size 0", {"size": 0}),
        ("size -1", {"size": -1}),
        ("size x", {"size": "x"}),
        ("larger than the quota", {"size": 100000}),
        ("long name", {"name": "x" * 256}),
        ("no such group", {"group_id": NOWHERE}),
        ("a field of the future", {"nothing": 1}),
        ("snapshot is no id", {"snapshot_id": "x"}),
        ("two sources", {"snapshot_id": snapshot, "source_volid": volume}),
    ):
        refused = at.volume("POST", "/volumes", {"volume": {"size": 1, **source}}, version="3.47", note=note)
        if refused.status < 300:
            at.afterwards("volume", f"/volumes/{refused.json()['volume']['id']}")
    transfer = at.volume(
        "POST", "/volume-transfers", {"transfer": {"volume_id": volume, "name": "t"}}, version="3.55"
    )
    if transfer.status < 300:
        identifier = transfer.json()["transfer"]["id"]
        at.volume("GET", f"/volume-transfers/{identifier}", version="3.55")
        at.volume("GET", "/volume-transfers/detail", version="3.55")
        at.volume("DELETE", f"/volume-transfers/{identifier}", version="3.55")
    backup = at.volume("POST", "/backups", {"backup": {"volume_id": volume, "name": "b", "force": True}})
    if backup.status < 300:
        identifier = backup.json()["backup"]["id"]
        at.normal.know(identifier, "backup")
        at.afterwards("volume", f"/backups/{identifier}")
        at.until("volume", f"/backups/{identifier}", "backup", "available")
        at.volume("GET", f"/backups/{identifier}")
        at.volume("GET", "/backups/detail")
        restored = at.volume("POST", f"/backups/{identifier}/restore", {"restore": {"name": "restored"}})
        if restored.status < 300:
            fresh = restored.json()["restore"]["volume_id"]
            at.afterwards("volume", f"/volumes/{fresh}")
            at.until("volume", f"/volumes/{fresh}", "volume", "available")
            at.volume("GET", f"/volumes/{fresh}", note="restored")
        at.until("volume", f"/backups/{identifier}", "backup", "available")
    at.volume("DELETE", f"/snapshots/{snapshot}")
    at.until_gone("volume", f"/snapshots/{snapshot}")


def volume_lists(at: Caller) -> None:
    """
    Lists of volumes: filters, orders, pages.
    """
    volumes = []
    for number in range(3):
        a_new_second()
        volumes.append(a_volume(at, f"list-{number}", quiet=True))
    wanted = (
        "",
        "?limit=2",
        "?limit=1&marker=" + volumes[1],
        "?limit=0",
        "?limit=-1",
        "?limit=x",
        "?limit=100000",
        "?marker=" + NOWHERE,
        "?marker=x",
        "?name=list-1",
        "?name~=list",
        "?status=available",
        "?status=nothing",
        "?sort=name:asc",
        "?sort=name:desc,id:asc",
        "?sort=nothing",
        "?sort=name:up",
        "?sort_key=name&sort_dir=asc",
        "?sort_key=size",
        "?offset=1",
        "?offset=1&limit=1",
        "?offset=x",
        "?offset=-1",
        "?with_count=true",
        "?limit=1&with_count=true",
        "?all_tenants=1",
        "?nothing=1",
        "?metadata={'a':'b'}".replace("'", "%22"),
        "?bootable=true",
        "?created_at=gt:2001-01-01",
        "?limit=2&sort=name:asc&marker=" + volumes[0],
        "?size=1",
        "?availability_zone=" + at.place.zone,
    )
    for query in wanted:
        at.volume("GET", f"/volumes{query}")
        at.volume("GET", f"/volumes/detail{query}")
    for query in wanted:
        at.volume("GET", f"/volumes/detail{query}", version="3.70", note="3.70")
    at.volume("GET", "/volumes/summary", version="3.36")


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
            "/os-networks",
            "/os-floating-ips",
            "/os-security-groups",
            "/os-volumes",
            "/os-snapshots",
            "/os-agents",
            "/os-cells",
            "/os-cert",
            "/os-fping",
            "/os-hosts",
            "/os-instance_usage_audit_log",
            "/os-tenant-networks",
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
            "/messages",
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
