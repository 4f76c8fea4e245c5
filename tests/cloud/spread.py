"""
Scenarios of lists whose items are in both pods by turns; the pod that they are compared with has all of them.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.cloud.caller import Caller
from tests.cloud.making import a_new_second, a_server, a_volume

#: How many there are of each thing at most.
COUNT = 5


def servers(at: Caller) -> None:
    """
    Servers of both pods as one list: orders, pages walked to their end, filters, deleted markers.
    """
    made = [a_server(at, f"s{n}", quiet=True, availability_zone=turn(at, n)) for n in range(COUNT)]
    at.compute("POST", f"/servers/{made[1]}/action", {"os-stop": None}, quiet=True)
    at.until("compute", f"/servers/{made[1]}", "server", "shutoff")
    for query in (
        "",
        "limit=1",
        "limit=2",
        "limit=3",
        "limit=5",
        "sort_key=display_name&sort_dir=asc&limit=2",
        "sort_key=display_name&sort_dir=desc&limit=2",
        "sort_key=created_at&sort_dir=asc&limit=2",
        "status=ACTIVE&limit=2",
        "status=SHUTOFF",
        "name=s[1-3]&limit=2",
        "changes-since=2001-01-01T00:00:00Z&limit=2",
    ):
        for path in ("/servers", "/servers/detail"):
            walked(at, "compute", f"{path}?{query}", "servers")
    for query in ("limit=2", "sort_key=display_name&sort_dir=asc&limit=2", "status=ACTIVE&limit=2"):
        walked(at, "compute", f"/servers/detail?{query}", "servers", version="2.96")
    two_keys = "sort_key=vm_state&sort_dir=asc&sort_key=display_name&sort_dir=desc&limit=2"
    at.compute("GET", f"/servers?{two_keys}")
    for marker in made:
        at.compute("GET", f"/servers?{two_keys}&marker={marker}")
        at.compute("GET", f"/servers?limit=2&marker={marker}")
        at.compute("GET", f"/servers?limit=2&sort_key=display_name&sort_dir=asc&marker={marker}")
    at.compute("DELETE", f"/servers/{made[2]}", quiet=True)
    at.until_gone("compute", f"/servers/{made[2]}")
    at.compute("GET", f"/servers?limit=2&marker={made[2]}", note="a deleted marker")
    at.compute(
        "GET", f"/servers?marker={made[2]}&sort_key=display_name&sort_dir=asc", note="a deleted marker"
    )
    at.compute("GET", "/servers/detail", note="four left")


def volumes(at: Caller) -> None:
    """
    Volumes and snapshots of both pods as one list.
    """
    made = [a_volume(at, f"v{n}", quiet=True, availability_zone=turn(at, n)) for n in range(COUNT)]
    for query in (
        "",
        "limit=1",
        "limit=2",
        "limit=5",
        "sort=name:asc&limit=2",
        "sort=name:desc&limit=2",
        "sort=size:asc,name:desc&limit=2",
        "sort=created_at:asc&limit=2",
        "status=available&limit=3",
        "name=v3",
    ):
        for path in ("/volumes", "/volumes/detail"):
            walked(at, "volume", f"{path}?{query}", "volumes")
    for query in (
        "offset=1",
        "offset=2&limit=2",
        "offset=4",
        "offset=9",
        "with_count=true",
        "with_count=true&limit=2",
    ):
        at.volume("GET", f"/volumes/detail?{query}", version="3.45")
    for marker in made:
        at.volume("GET", f"/volumes?limit=2&marker={marker}")
        at.volume("GET", f"/volumes?limit=2&sort=name:asc&marker={marker}")
    at.volume("GET", "/volumes/summary", version="3.36")
    for number in range(3):
        a_new_second()
        body = {"snapshot": {"volume_id": made[number], "name": f"snap{number}"}}
        snapshot = at.volume("POST", "/snapshots", body).json()["snapshot"]["id"]
        at.normal.know(snapshot, f"snapshot {number}")
        at.afterwards("volume", f"/snapshots/{snapshot}")
        at.until("volume", f"/snapshots/{snapshot}", "snapshot", "available")
    for query in ("", "limit=1", "limit=2", "sort=name:asc&limit=2", f"volume_id={made[1]}", "name=snap2"):
        for path in ("/snapshots", "/snapshots/detail"):
            walked(at, "volume", f"{path}?{query}", "snapshots")
    at.volume("DELETE", f"/volumes/{made[4]}", quiet=True)
    at.until_gone("volume", f"/volumes/{made[4]}")
    at.volume("GET", f"/volumes?limit=2&marker={made[4]}", note="a deleted marker")
    at.volume("GET", "/volumes", note="four left")


def turn(at: Caller, number: int) -> str:
    """
    The zone whose turn it is, in another second than the one before.
    """
    a_new_second()
    return at.place.zones[number % len(at.place.zones)]


def walked(at: Caller, service: str, path: str, plural: str, version: str | None = None) -> None:
    """
    Follow a list's links to its end.
    """
    first = path
    for page in range(2 * COUNT):
        reply = at.call(service, "GET", path, version=version, bare=page > 0, note=f"page {page} of {first}")
        following = [
            each["href"] for each in reply.json().get(f"{plural}_links", ()) if each["rel"] == "next"
        ]
        if not following:
            return
        link = urlsplit(following[0])
        path = f"{link.path}?{link.query}"
    raise AssertionError(f"{at.place.name}: {first} does not end")
