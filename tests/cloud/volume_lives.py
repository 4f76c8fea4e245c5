"""
Scenarios of volumes.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_new_second, a_volume, image


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
