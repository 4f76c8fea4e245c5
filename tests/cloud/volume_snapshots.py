"""
Scenarios of snapshots: their life, what volumes are reverted to, and lists of them.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_new_second, a_volume
from tests.cloud.volume_making import acted, by_stranger, gone, known, made, waited


def snapshot_life(at: Caller) -> None:
    """
    A snapshot is made, changed, reverted to and deleted.
    """
    volume = a_volume(at, quiet=True)
    fields = {"volume_id": volume, "name": "s", "description": "d", "metadata": {"a": "b"}, "force": False}
    snapshot = made(at, "/snapshots", "snapshot", fields, "snapshot", note="every field")
    path = f"/snapshots/{snapshot}"
    for version in (None, "3.41", "3.65", "latest"):
        at.volume("GET", path, version=version, note=version or "")
        at.volume("GET", "/snapshots/detail", version=version, note=version or "")
    refused: tuple[tuple[str, dict[str, Any], str | None], ...] = (
        ("of no volume", {"volume_id": NOWHERE}, None),
        ("of no id", {"volume_id": "x"}, None),
        ("of null", {"volume_id": None}, None),
        ("of nothing", {}, None),
        ("long name", {"volume_id": volume, "name": "x" * 256}, None),
        ("metadata as a list", {"volume_id": volume, "metadata": []}, None),
        ("metadata with a number", {"volume_id": volume, "metadata": {"a": 1}}, None),
        ("force x", {"volume_id": volume, "force": "x"}, None),
        ("not forced any more", {"volume_id": volume, "force": False}, "3.66"),
        ("unknown field", {"volume_id": volume, "nothing": 1}, None),
    )
    for note, wrong, version in refused:
        at.volume("POST", "/snapshots", {"snapshot": wrong}, version=version, note=note)
    at.volume("POST", "/snapshots", {"snapshot": [], "nothing": 1}, note="a list")
    for note, change in (
        ("both", {"name": "renamed", "description": "ü"}),
        ("older names", {"display_name": "older", "display_description": None}),
        ("nothing", {}),
        ("long", {"name": "x" * 256}),
        ("unknown field", {"metadata": {}}),
    ):
        at.volume("PUT", path, {"snapshot": change}, note=note)
    at.volume("GET", path, note="changed")
    at.volume("GET", f"{path}/metadata")
    at.volume("POST", f"{path}/metadata", {"metadata": {"c": "d"}})
    at.volume("PUT", f"{path}/metadata", {"metadata": {"e": "ü"}})
    at.volume("PUT", f"{path}/metadata/e", {"meta": {"e": "f"}})
    at.volume("PUT", f"{path}/metadata/e", {"meta": {"g": "f"}}, note="another key")
    at.volume("GET", f"{path}/metadata/e")
    at.volume("DELETE", f"{path}/metadata/e")
    at.volume("DELETE", f"{path}/metadata/e", note="again")
    at.volume("GET", f"/snapshots/{NOWHERE}/metadata")
    for body in (
        {"os-reset_status": {"status": "error"}},
        {"os-force_delete": None},
        {"os-update_snapshot_status": {"status": "available"}},
        {"os-unmanage": None},
        {"nothing": None},
    ):
        at.volume("POST", f"{path}/action", body, note=f"{body}")
    for method in ("GET", "DELETE"):
        by_stranger(at, method, path)
    by_stranger(at, "PUT", path, {"snapshot": {"name": "mine"}})
    by_stranger(at, "POST", "/volumes", {"volume": {"size": 1, "snapshot_id": snapshot}})
    for identifier in (NOWHERE, "x"):
        for method in ("GET", "DELETE"):
            at.volume(method, f"/snapshots/{identifier}")
        at.volume("PUT", f"/snapshots/{identifier}", {"snapshot": {"name": "x"}})
    at.volume("DELETE", f"/volumes/{volume}", note="with a snapshot")
    at.volume("DELETE", path)
    at.until_gone("volume", path)
    at.volume("GET", path, note="gone")
    at.volume("DELETE", path, note="gone")


def volume_revert(at: Caller) -> None:
    """
    A volume goes back to its newest snapshot, and to no other.
    """
    volume = a_volume(at, quiet=True)
    path = f"/volumes/{volume}"
    older = made(at, "/snapshots", "snapshot", {"volume_id": volume}, "older", quiet=True)
    a_new_second()
    newer = made(at, "/snapshots", "snapshot", {"volume_id": volume, "force": True}, "newer", quiet=True)
    acted(at, path, {"revert": {"snapshot_id": newer}}, version="3.39")
    acted(at, path, {"revert": {"snapshot_id": older}}, version="3.40")
    acted(at, path, {"revert": {"snapshot_id": None}}, version="3.40")
    acted(at, path, {"revert": {}}, version="3.40")
    acted(at, path, {"revert": {"snapshot_id": NOWHERE}}, version="3.40")
    acted(at, path, {"revert": {"snapshot_id": newer}}, "available", version="3.40")
    waited(at, f"/snapshots/{newer}", "snapshot", "available")
    at.volume("GET", path, note="reverted")
    acted(at, path, {"os-extend": {"new_size": 2}}, "available")
    acted(at, path, {"revert": {"snapshot_id": newer}}, version="3.40", note="of another size")
    gone(at, [f"/snapshots/{newer}", f"/snapshots/{older}"])


def snapshot_lists(at: Caller) -> None:
    """
    Filters, orders and pages of snapshots.
    """
    volumes = [a_volume(at, f"v{number}", quiet=True) for number in range(2)]
    snapshots = []
    for number in range(4):
        a_new_second()
        fields = {"volume_id": volumes[number % 2], "name": f"s{number}", "metadata": {"n": str(number % 2)}}
        reply = at.volume("POST", "/snapshots", {"snapshot": fields}, quiet=True)
        snapshots.append(known(at, reply, "/snapshots", "snapshot", f"snapshot {number}"))
    for each in snapshots:
        waited(at, f"/snapshots/{each}", "snapshot", "available")
    for query in (
        "",
        "?limit=2",
        "?limit=0",
        "?limit=-1",
        "?limit=x",
        f"?limit=2&marker={snapshots[2]}",
        f"?marker={snapshots[0]}",
        f"?marker={NOWHERE}",
        "?marker=x",
        "?offset=1",
        "?offset=1&limit=2",
        "?offset=x",
        "?sort=name:asc",
        "?sort=name:desc,id:asc&limit=2",
        f"?sort=name:asc&limit=2&marker={snapshots[1]}",
        "?sort=created_at:asc",
        "?sort=nothing",
        "?sort_key=name&sort_dir=asc",
        "?name=s1",
        "?name~=s",
        "?status=available",
        "?status=nothing",
        f"?volume_id={volumes[0]}",
        f"?volume_id={volumes[0]}&limit=1",
        "?metadata=%7B%22n%22:%221%22%7D",
        "?with_count=true",
        "?with_count=true&limit=1",
        "?with_count=x",
        "?all_tenants=1",
        f"?project_id={at.stranger.project_id}&all_tenants=1",
        "?availability_zone=" + at.place.zone,
        "?created_at=gt:2001-01-01",
        "?consumes_quota=true",
        "?nothing=1",
    ):
        at.volume("GET", f"/snapshots{query}", version="latest")
        at.volume("GET", f"/snapshots/detail{query}")
    for version in ("3.21", "3.22", "3.29", "3.30", "3.34", "3.45"):
        query = "?sort=name:asc&limit=1&with_count=true&name~=s&metadata=%7B%22n%22:%220%22%7D"
        at.volume("GET", f"/snapshots/detail{query}", version=version, note=version)
    by_stranger(at, "GET", "/snapshots/detail")
