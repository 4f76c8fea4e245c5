"""
Scenarios of servers.
"""

from __future__ import annotations

import base64
from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import FLAVOR, KEY, LARGER, NOWHERE, a_new_second, a_server, image, network


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
    every: tuple[Any, ...] = (
        {"group": NOWHERE},
        {"group": "x"},
        {"same_host": NOWHERE},
        {"different_host": [NOWHERE]},
        {"same_host": "x"},
        [],
    )
    for hints in every:
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
