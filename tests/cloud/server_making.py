"""
Scenarios of creates: every field that Nova takes, several servers at once, and what Nova refuses.
"""

from __future__ import annotations

import base64
from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import FLAVOR, KEY, NOWHERE, a_server, act, image, leftovers, network

FILE = {"path": "/etc/motd", "contents": base64.b64encode(b"hello").decode()}


def plain(at: Caller, **more: Any) -> dict[str, Any]:
    """
    The body of a create, with fields in place of the usual ones, or more.
    """
    return {
        "name": "x",
        "flavorRef": FLAVOR,
        "imageRef": image(at),
        "networks": "none",
        "availability_zone": at.place.zone,
        **more,
    }


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
        "server": plain(
            at,
            name="all",
            networks=[{"uuid": net, "tag": "first"}],
            metadata={"a": "b"},
            key_name="side",
            config_drive=True,
            user_data=base64.b64encode(b"#!/bin/sh\n").decode(),
            security_groups=[{"name": "default"}],
            description="with everything",
            tags=["x"],
            min_count=1,
            max_count=2,
            hostname="host-of-all",
            adminPass="secret",
            accessIPv4="192.0.2.7",
            accessIPv6="2001:db8::7",
            trusted_image_certificates=["674736e3-f25c-405c-8362-bbf991e0ce0a"],
            **{"OS-DCF:diskConfig": "MANUAL"},
        ),
        "os:scheduler_hints": {"group": group["server_group"]["id"]},
    }
    made = at.compute("POST", "/servers", body, version="2.90").json()
    body["server"]["max_count"] = 1
    made = at.compute("POST", "/servers", body, version="2.90", note="one").json()
    server = made["server"]["id"]
    leftovers(at)
    at.until("compute", f"/servers/{server}", "server", "active")
    at.normal.know(server, "server")
    path = f"/servers/{server}"
    for version in (None, "2.26", "2.63", "2.90", "latest"):
        at.compute("GET", path, version=version, note=f"all of it, {version}")
    at.compute("GET", "/servers/detail?tags=x", version="2.90")
    for below in ("metadata", "ips", "ips/shared-net", "ips/nothing", "os-security-groups", "os-interface"):
        at.compute("GET", f"{path}/{below}")
    at.compute("GET", f"/os-server-groups/{group['server_group']['id']}", version="2.64", note="its member")
    body["server"].pop("hostname")
    act_twice = at.compute("POST", "/servers", body, version="2.90", note="anti-affinity on one host").json()
    second = act_twice["server"]["id"]
    at.afterwards("compute", f"/servers/{second}")
    at.until("compute", f"/servers/{second}", "server", "error", "active")
    at.compute("GET", f"/servers/{second}", version="2.90", note="no valid host")


def server_files(at: Caller) -> None:
    """
    Personality, which 2.57 took away, in creates and rebuilds; the quotas of it.
    """
    server = a_server(at, version=None, networks=[], personality=[FILE])
    at.compute("GET", f"/servers/{server}")
    rebuild = {"imageRef": image(at), "personality": [FILE]}
    act(at, server, {"rebuild": rebuild}, "active", note="rebuild with a file")
    act(at, server, {"rebuild": rebuild}, version="2.57", note="rebuild, 2.57")
    for note, files in (
        ("too many", [{**FILE, "path": f"/etc/{number}"} for number in range(6)]),
        ("no base64", [{"path": "/etc/motd", "contents": "%%"}]),
        ("no path", [{"contents": FILE["contents"]}]),
        ("long path", [{**FILE, "path": "/" + "x" * 300}]),
        ("long contents", [{**FILE, "contents": base64.b64encode(b"x" * 11_000).decode()}]),
        ("no list", FILE),
    ):
        wanted = plain(at, networks=[], personality=files)
        at.compute("POST", "/servers", {"server": wanted}, note=note)
    at.compute("POST", "/servers", {"server": plain(at, personality=[FILE])}, version="2.57", note="2.57")
    leftovers(at)


def server_several(at: Caller) -> None:
    """
    Several servers by one request: their names, a reservation, hosts' names; the hints of hosts.
    """
    wanted = plain(at, name="many", min_count=2, max_count=2, return_reservation_id=True)
    at.compute("POST", "/servers", {"server": wanted}, version="2.37", note="two, with a reservation")
    ordered = "sort_key=display_name&sort_dir=asc"
    made = at.compute("GET", f"/servers?{ordered}", version="2.37").json()["servers"]
    for each in made:
        at.normal.know(each["id"], each["name"])
        at.afterwards("compute", f"/servers/{each['id']}")
        at.until("compute", f"/servers/{each['id']}", "server", "active")
        at.compute("GET", f"/servers/{each['id']}", version="2.3")
    at.compute("GET", f"/servers/detail?{ordered}", version="2.90")
    at.compute("GET", "/servers?reservation_id=r-00000000", version="2.90")
    first, second = made[0]["id"], made[1]["id"]
    for note, hints in (
        ("same host", {"same_host": first}),
        ("different host", {"different_host": [first, second]}),
        ("others", {"same_host": [first], "query": '[">=", "$free_ram_mb", 1]', "nothing": "x"}),
    ):
        body = {"server": plain(at, name=note), "os:scheduler_hints": hints}
        server = at.compute("POST", "/servers", body, version="2.37", note=note).json()["server"]["id"]
        at.afterwards("compute", f"/servers/{server}")
        at.until("compute", f"/servers/{server}", "server", "active", "error")
        at.compute("GET", f"/servers/{server}", version="2.96", note=note)
    for note, more, version in (
        ("several with a host's name", {"hostname": "host", "max_count": 2}, "2.90"),
        ("a host's name too early", {"hostname": "host"}, "2.89"),
        ("a full name", {"hostname": "h.example.org"}, "2.90"),
        ("no full name", {"hostname": "h_.example.org"}, "2.94"),
        ("counts are text", {"min_count": "2", "max_count": "1"}, "2.90"),
        ("a count of nothing", {"max_count": 0}, "2.90"),
        ("a count is no number", {"max_count": "two"}, "2.90"),
        ("no such answer", {"return_reservation_id": "maybe"}, "2.90"),
    ):
        at.compute("POST", "/servers", {"server": plain(at, **more)}, version=version, note=note)
    leftovers(at)


def server_refusals(at: Caller) -> None:
    """
    Creates that Nova refuses for what they ask.
    """
    good: dict[str, Any] = {"name": "x", "flavorRef": FLAVOR, "imageRef": image(at), "networks": "none"}
    device = {"source_type": "volume", "destination_type": "volume", "uuid": NOWHERE, "boot_index": 0}
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
        ("no such volume", {"block_device_mapping_v2": [device]}),
        ("no such snapshot", {"block_device_mapping_v2": [{**device, "source_type": "snapshot"}]}),
        ("no such group of rules", {"security_groups": [{"name": "nothing"}]}),
        ("minimum above maximum", {"min_count": 3, "max_count": 2}),
        ("none of them", {"min_count": 0}),
        ("long name", {"name": "x" * 256}),
        ("no base64", {"user_data": "x"}),
        ("long data", {"user_data": base64.b64encode(b"x" * 65_536).decode()}),
        ("metadata is a list", {"metadata": []}),
        ("long metadata", {"metadata": {"k": "x" * 256}}),
        ("too much metadata", {"metadata": {f"k{n}": "v" for n in range(129)}}),
        ("too many", {"min_count": 100}),
        ("a field of the future", {"nothing": 1}),
        ("flavor is missing", {"flavorRef": None}),
        ("no such drive", {"config_drive": "maybe"}),
        ("no address", {"accessIPv4": "x"}),
        ("no such disk", {"OS-DCF:diskConfig": "SOMETIMES"}),
        ("tags too early", {"tags": ["x"]}),
        ("description is no text", {"description": 1}),
        ("long description", {"description": "x" * 256}),
    ]
    for note, change in wrong:
        at.compute("POST", "/servers", {"server": {**good, **change}}, version="2.37", note=note)
    later: list[tuple[str, dict[str, Any]]] = [
        ("a tag with a comma", {"tags": ["a,b"]}),
        ("a long tag", {"tags": ["x" * 61]}),
        ("too many tags", {"tags": [f"t{number}" for number in range(51)]}),
        ("too many certificates", {"trusted_image_certificates": [f"c{number}" for number in range(51)]}),
        ("certificate twice", {"trusted_image_certificates": ["c", "c"]}),
        ("a host", {"host": "pod1-compute"}),
        ("a hypervisor", {"hypervisor_hostname": "pod1-compute"}),
        ("no name of a host", {"hostname": "-"}),
        ("no network of its own", {"networks": "auto"}),
        ("networks of another word", {"networks": "all"}),
        ("networks are absent", {"networks": None}),
    ]
    for note, change in later:
        at.compute("POST", "/servers", {"server": {**good, **change}}, version="2.90", note=note)
    hints: Any
    for hints in (
        {"group": NOWHERE},
        {"group": "x"},
        {"same_host": NOWHERE},
        {"different_host": [NOWHERE]},
        {"same_host": "x"},
        {"build_near_host_ip": "x"},
        {"query": 1},
        [],
    ):
        body = {"server": {**good, "flavorRef": "nothing"}, "os:scheduler_hints": hints}
        at.compute("POST", "/servers", body, version="2.37", note=f"hints {hints}")
    at.compute("POST", "/servers", {"server": good}, note="networks none before 2.37")
    at.compute("GET", "/servers", note="what is left")
    leftovers(at)
