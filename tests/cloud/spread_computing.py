"""
Scenarios of what Nova has beside plain servers, in both pods by turns: groups, servers on volumes of their own, several
servers by one request, migrations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from tests.cloud.caller import Caller
from tests.cloud.making import LARGER, a_new_second, a_server, act, administrator, image
from tests.cloud.places import both_pods
from tests.cloud.server_making import plain
from tests.cloud.spread import turn, walked
from tests.cloud.volume_making import by_stranger, gone

_COUNT = 4


def server_groups(at: Caller) -> None:
    """
    Groups of servers that were made at the pods themselves. They are listed pod by pod, so that only what the pages have
    together is compared.
    """
    path = "/os-server-groups"
    made = []
    for number in range(_COUNT):
        a_new_second()
        wanted = {"server_group": {"name": f"g{number}", "policy": "affinity"}}
        reply = _at_pod(at, number).compute("POST", path, wanted, version="2.64", quiet=True)
        made.append(reply.json()["server_group"]["id"])
        at.normal.know(made[-1], f"group {number}")
        at.afterwards("compute", f"{path}/{made[-1]}")
    for size in (1, 2, 3, _COUNT):
        found: list[str] = []
        while True:
            query = f"limit={size}&offset={len(found)}"
            page = at.compute("GET", f"{path}?{query}", version="2.64", quiet=True).json()["server_groups"]
            if not page:
                break
            found += [each["id"] for each in page]
        at.note(f"groups by {size}", sorted(made.index(each) for each in found))
    for group in made:
        at.compute("GET", f"{path}/{group}", version="2.64")
        for method in ("GET", "DELETE"):
            at.compute(method, f"{path}/{group}", version="2.64", token=at.stranger.token, note="stranger")
        at.compute("DELETE", f"{path}/{group}")
        at.compute("GET", f"{path}/{group}", note="gone")
    at.compute("GET", path, note="none left")


def _at_pod(at: Caller, number: int) -> Caller:
    """
    The same client at the pod whose turn it is, where the scenario's place is the top region.
    """
    if at.place.name != "top":
        return at
    pod = both_pods()[number % 2]
    return Caller(
        place=evolve(pod, name=f"top past {pod.name}"),
        account=at.account,
        stranger=at.stranger,
        normal=at.normal,
    )


def booted(at: Caller) -> None:
    """
    Servers of both pods on volumes that Nova makes for them, and images of those, which are snapshots: all of it is listed,
    shown and changed though no request has named it, and ends with the servers.
    """
    device = {
        "source_type": "image",
        "destination_type": "volume",
        "uuid": image(at),
        "boot_index": 0,
        "volume_size": 1,
        "delete_on_termination": True,
    }
    servers, volumes = [], []
    for number in range(2):
        body = plain(at, name=f"on {number}", availability_zone=turn(at, number))
        del body["imageRef"]
        body["block_device_mapping_v2"] = [device]
        server = at.compute("POST", "/servers", {"server": body}, version="2.37").json()["server"]["id"]
        at.normal.know(server, f"server {number}")
        at.afterwards("compute", f"/servers/{server}")
        at.until("compute", f"/servers/{server}", "server", "active")
        servers.append(server)
        attached = at.compute("GET", f"/servers/{server}/os-volume_attachments", quiet=True).json()
        volumes.append(attached["volumeAttachments"][0]["volumeId"])
        at.normal.know(volumes[-1], f"volume of {number}")
        made = act(at, server, {"createImage": {"name": f"of {number}"}}, version="2.45").json()["image_id"]
        at.normal.know(made, f"image of {number}")
        at.afterwards("image", f"/images/{made}")
        at.until("compute", f"/servers/{server}", "server", "active")
    snapshots = [each["id"] for each in at.volume("GET", "/snapshots", quiet=True).json()["snapshots"]]
    for number, snapshot in enumerate(snapshots):
        at.normal.know(snapshot, f"snapshot {number}")
        at.until("volume", f"/snapshots/{snapshot}", "snapshot", "available")
    for query in ("limit=1", "limit=2"):
        walked(at, "volume", f"/volumes?{query}", "volumes")
        walked(at, "volume", f"/snapshots?{query}", "snapshots")
    _are_own(at, "volume", "/volumes", volumes)
    _are_own(at, "snapshot", "/snapshots", snapshots)
    gone(at, [f"/snapshots/{snapshot}" for snapshot in snapshots])
    for server, volume in zip(servers, volumes, strict=True):
        at.compute("DELETE", f"/servers/{server}")
        at.until_gone("compute", f"/servers/{server}")
        at.until_gone("volume", f"/volumes/{volume}")
        at.volume("GET", f"/volumes/{volume}", note="ended with its server")
        at.volume("GET", "/volumes", note=f"without {volume}")


def _are_own(at: Caller, single: str, path: str, identifiers: Sequence[str]) -> None:
    """
    The project shows and changes each, and nobody else does.
    """
    for identifier in identifiers:
        here = f"{path}/{identifier}"
        by_stranger(at, "GET", here)
        by_stranger(at, "PUT", here, {single: {"description": "theirs"}})
        at.volume("PUT", here, {single: {"description": "d"}})
        at.volume("GET", here, version="3.14")


def several(at: Caller) -> None:
    """
    Several servers by one request in each pod: every one of them is there at once, and is changed and deleted by itself.
    """
    for number in range(2):
        body = plain(at, name=f"m{number}", min_count=3, max_count=3, availability_zone=turn(at, number))
        at.compute("POST", "/servers", {"server": body}, version="2.37")
    ordered = "sort_key=display_name&sort_dir=asc"
    # Nova lists what is not built yet ahead of the rest, whatever the order
    servers = sorted(
        at.compute("GET", "/servers", quiet=True).json()["servers"], key=lambda each: str(each["name"])
    )
    at.note("at once", len(servers))
    for each in servers:
        at.normal.know(each["id"], each["name"])
        at.afterwards("compute", f"/servers/{each['id']}")
    for each in servers:
        at.until("compute", f"/servers/{each['id']}", "server", "active")
    for size in (1, 2, 4):
        walked(at, "compute", f"/servers/detail?{ordered}&limit={size}", "servers", "2.96")
    for each in servers:
        path = f"/servers/{each['id']}"
        for method in ("GET", "DELETE"):
            at.compute(method, path, token=at.stranger.token, note="stranger")
        at.compute("PUT", path, {"server": {"name": f"{each['name']} again"}})
        at.compute("DELETE", path)
        at.until_gone("compute", path)
        at.compute("GET", f"/servers?{ordered}", note=f"without {each['name']}")


def migrations(at: Caller) -> None:
    """
    What was resized in both pods is one list for an administrator, the newest first, by pages.
    """
    servers = []
    for number in range(_COUNT - 1):
        server = a_server(at, f"r{number}", quiet=True, availability_zone=turn(at, number))
        a_new_second()
        act(at, server, {"resize": {"flavorRef": LARGER}}, "verify_resize")
        servers.append(server)
    admin = administrator()
    own = f"project_id={at.account.project_id}"

    def listed(query: str) -> list[dict[str, Any]]:
        reply = at.compute("GET", f"/os-migrations?{query}", version="2.80", token=admin, quiet=True)
        found: list[dict[str, Any]] = reply.json()["migrations"]
        return found

    everything = listed(own)
    at.note("migrations", [[each["instance_uuid"], each["status"]] for each in everything])
    at.note("of their own", len({each["id"] for each in everything}))
    for size in (1, 2, 3):
        found: list[dict[str, Any]] = []
        query = f"{own}&limit={size}"
        while page := listed(query):
            found += page
            query = f"{own}&limit={size}&marker={page[-1]['uuid']}"
        at.note(f"migrations by {size}", [each["instance_uuid"] for each in found])
    for each in everything:
        at.note(
            f"of {each['instance_uuid']}",
            [
                [one["instance_uuid"], one["id"] == each["id"]]
                for one in listed(f"instance_uuid={each['instance_uuid']}")
            ],
        )
    for server in servers:
        act(at, server, {"revertResize": None}, "active")
    at.note("afterwards", [[each["instance_uuid"], each["status"]] for each in listed(own)])
    at.compute("GET", "/os-migrations", version="2.80", note="as a user")
