"""
Scenarios of lists of volumes: filters, orders, pages, summaries.
"""

from __future__ import annotations

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_new_second
from tests.cloud.volume_making import by_stranger, known, waited

_METADATA = "%7B%22n%22:%221%22%7D"


def volume_lists(at: Caller) -> None:
    """
    Lists of five volumes that differ in name, size, type and metadata, also at older microversions.
    """
    volumes = _five(at)
    for query in (
        "",
        "?limit=2",
        "?limit=1&marker=" + volumes[1],
        "?limit=0",
        "?limit=-1",
        "?limit=x",
        "?limit=",
        "?limit=100000",
        "?marker=" + NOWHERE,
        "?marker=x",
        "?marker=",
        "?name=list-1",
        "?display_name=list-1",
        "?name~=list",
        "?name~=ist-3&limit=1",
        "?status=available",
        "?status=nothing",
        "?sort=name:asc",
        "?sort=name:desc,id:asc",
        "?sort=size:desc,name:asc&limit=2",
        "?sort=size:desc,name:asc&limit=2&marker=" + volumes[4],
        "?sort=nothing",
        "?sort=name:up",
        "?sort=",
        "?sort_key=name&sort_dir=asc",
        "?sort_key=name&sort_dir=up",
        "?sort_key=size",
        "?sort_key=name&sort=size",
        "?sort_dir=asc",
        "?offset=1",
        "?offset=1&limit=1",
        "?offset=x",
        "?offset=-1",
        "?offset=100",
        "?with_count=true",
        "?limit=1&with_count=true",
        "?with_count=x",
        "?with_count=false",
        "?all_tenants=1",
        "?all_tenants=x",
        "?nothing=1",
        f"?metadata={_METADATA}",
        f"?metadata={_METADATA}&limit=1",
        "?metadata=x",
        "?glance_metadata=%7B%22a%22:%22b%22%7D",
        "?bootable=true",
        "?bootable=false",
        "?bootable=x",
        "?created_at=gt:2001-01-01",
        "?created_at=lt:2001-01-01",
        "?created_at=gt:2001-01-01,lt:2099-01-01",
        "?updated_at=gte:2001-01-01T00:00:00",
        "?created_at=x",
        "?limit=2&sort=name:asc&marker=" + volumes[0],
        "?size=1",
        "?size=1&status=available&limit=1",
        "?group_id=" + NOWHERE,
        "?consumes_quota=true",
        "?consumes_quota=x",
        "?availability_zone=" + at.place.zone,
        "?availability_zone=nowhere",
        "?migration_status=none",
        f"?project_id={at.stranger.project_id}",
        "?user_id=x",
        "?id=" + volumes[0],
        "?changes-since=2001-01-01T00:00:00Z",
        "?name=list-1&name=list-2",
        "?multiattach=true",
    ):
        at.volume("GET", f"/volumes{query}")
        at.volume("GET", f"/volumes/detail{query}", version="3.70", note="3.70")
    by_stranger(at, "GET", "/volumes/detail", note="a stranger's")
    by_stranger(at, "GET", f"/volumes?marker={volumes[0]}", note="a marker that is not one's own")
    _versions(at)


def _versions(at: Caller) -> None:
    """
    What lists take and show at the microversions that changed them; summaries.
    """
    for version in (
        "3.0", "3.1", "3.2", "3.3", "3.4", "3.9", "3.10", "3.13", "3.20", "3.21", "3.30", "3.31", "3.33", "3.34",
        "3.44", "3.45", "3.47", "3.48", "3.59", "3.60", "3.61", "3.63", "3.64", "3.65", "3.69", "latest",
    ):  # fmt: skip
        for query in (
            "limit=1&with_count=true&sort=name:asc",
            "name~=list&limit=2",
            "bootable=x",
            "created_at=gt:2001-01-01&limit=1",
        ):
            at.volume("GET", f"/volumes/detail?{query}", version=version, note=version)
    for version in ("3.11", "3.12", "3.35", "3.36", "latest"):
        at.volume("GET", "/volumes/summary", version=version, note=version)
    for query in ("all_tenants=1", "name=list-1", "nothing=1", "name~=list", f"metadata={_METADATA}"):
        at.volume("GET", f"/volumes/summary?{query}", version="3.36")


def _five(at: Caller) -> list[str]:
    volumes = []
    for number in range(5):
        a_new_second()
        fields = {
            "name": f"list-{number}",
            "size": 1 + number % 2,
            "availability_zone": at.place.zone,
            "volume_type": "files" if number < 3 else "files-multiattach",
            "metadata": {"n": str(number % 2)},
        }
        reply = at.volume("POST", "/volumes", {"volume": fields}, quiet=True)
        volumes.append(known(at, reply, "/volumes", "volume", f"volume {number}"))
    for each in volumes:
        waited(at, f"/volumes/{each}", "volume", "available")
    return volumes
