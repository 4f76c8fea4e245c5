"""
Scenarios of backups: full and incremental ones, lists, restores, and volumes made of them.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_new_second, a_volume
from tests.cloud.volume_making import by_stranger, gone, known, made, waited


def backup_life(at: Caller) -> None:
    """
    A full backup and one of a snapshot upon it; both are looked at, changed, restored and deleted.

    Each is of 1 GiB, which Cinder reads to its end: there are no more than the facts need.
    """
    volume = a_volume(at, quiet=True)
    fields: dict[str, Any] = {
        "volume_id": volume,
        "name": "full",
        "description": "d",
        "metadata": {"a": "b"},
        "availability_zone": at.place.zone,
    }
    full = made(at, "/backups", "backup", fields, "full", version="3.51")
    snapshot = made(at, "/snapshots", "snapshot", {"volume_id": volume}, "snapshot", quiet=True)
    fields = {
        "volume_id": volume,
        "snapshot_id": snapshot,
        "name": "upon it",
        "incremental": True,
        "force": True,
    }
    upon = made(at, "/backups", "backup", fields, "upon it")
    at.volume("DELETE", f"/snapshots/{snapshot}", note="with a backup")
    at.until_gone("volume", f"/snapshots/{snapshot}")
    path = f"/backups/{full}"
    for version in (None, "3.18", "3.43", "3.45", "3.56", "latest"):
        at.volume("GET", path, version=version, note=version or "")
        at.volume("GET", f"/backups/{upon}", version=version, note=version or "")
        at.volume("GET", "/backups/detail", version=version, note=version or "")
    for query in (
        "",
        "?limit=1",
        f"?limit=1&marker={upon}",
        f"?marker={NOWHERE}",
        "?limit=x",
        "?offset=1",
        "?sort=name:asc",
        "?sort=created_at:asc",
        "?sort=nothing",
        "?name=full",
        "?name~=u",
        "?status=available",
        f"?volume_id={volume}",
        f"?volume_id={NOWHERE}",
        "?with_count=true&limit=1",
        "?all_tenants=1",
        "?nothing=1",
    ):
        at.volume("GET", f"/backups{query}", version="latest")
        at.volume("GET", f"/backups/detail{query}")
    change = {"name": "renamed", "description": "ü", "metadata": {"c": "d"}}
    for version in (None, "3.9", "3.43"):
        at.volume("PUT", path, {"backup": change}, version=version, note=version or "")
    at.volume("PUT", path, {"backup": {"name": "again"}}, version="3.9")
    at.volume("PUT", path, {"backup": {}}, version="3.9", note="nothing")
    at.volume("PUT", path, {}, version="3.9", note="empty")
    refused: tuple[tuple[str, dict[str, Any], str | None], ...] = (
        ("of no volume", {"volume_id": NOWHERE}, None),
        ("of no id", {"volume_id": "x"}, None),
        ("of nothing", {}, None),
        ("of no snapshot", {"volume_id": volume, "snapshot_id": NOWHERE}, None),
        ("long name", {"volume_id": volume, "name": "x" * 256}, None),
        ("unknown field", {"volume_id": volume, "nothing": 1}, None),
        ("metadata before its time", {"volume_id": volume, "metadata": {}}, "3.42"),
        ("zone before its time", {"volume_id": volume, "availability_zone": "nowhere"}, "3.50"),
        ("incremental x", {"volume_id": volume, "incremental": "x"}, None),
    )
    for note, wrong, version in refused:
        at.volume("POST", "/backups", {"backup": wrong}, version=version, note=note)
    at.volume("GET", f"{path}/export_record")
    at.volume(
        "POST", "/backups/import_record", {"backup-record": {"backup_service": "x", "backup_url": "eA=="}}
    )
    for body in ({"os-reset_status": {"status": "error"}}, {"os-force_delete": None}, {"nothing": None}):
        at.volume("POST", f"{path}/action", body, note=f"{body}")
    for method in ("GET", "DELETE"):
        by_stranger(at, method, path)
        at.volume(method, f"/backups/{NOWHERE}")
        at.volume(method, "/backups/x")
    by_stranger(at, "POST", f"{path}/restore", {"restore": {}})
    at.volume("DELETE", path, note="with one upon it")
    _restores(at, volume, full)
    gone(at, [f"/backups/{upon}"])
    at.volume("DELETE", path)
    at.until_gone("volume", path)
    at.volume("GET", path, note="gone")


def _restores(at: Caller, volume: str, backup: str) -> None:
    path = f"/backups/{backup}"
    small = a_volume(at, "small", quiet=True)
    for note, body in (
        ("into nothing that is there", {"restore": {"volume_id": NOWHERE}}),
        ("into no id", {"restore": {"volume_id": "x"}}),
        ("unknown field", {"restore": {"nothing": 1}}),
        ("nothing", {}),
    ):
        at.volume("POST", f"{path}/restore", body, note=note)
    reply = at.volume("POST", f"{path}/restore", {"restore": {"volume_id": small}}, note="into a volume")
    waited(at, path, "backup", "available")
    waited(at, f"/volumes/{small}", "volume", "available")
    at.volume("GET", f"/volumes/{small}", note="restored into")
    reply = at.volume("POST", f"{path}/restore", {"restore": {"name": "restored"}})
    if reply.status < 300:
        fresh = reply.json()["restore"]["volume_id"]
        at.normal.know(fresh, "restored volume")
        at.afterwards("volume", f"/volumes/{fresh}")
        waited(at, path, "backup", "available")
        waited(at, f"/volumes/{fresh}", "volume", "available")
        at.volume("GET", f"/volumes/{fresh}", note="restored")
        at.volume("PUT", f"/volumes/{fresh}", {"volume": {"name": "mine"}}, note="restored")
    fields = {"backup_id": backup, "size": 1, "name": "of a backup", "availability_zone": at.place.zone}
    at.volume(
        "POST", "/volumes", {"volume": {**fields, "source_volid": volume}}, version="3.47", note="of two"
    )
    # a backup is restored to one volume at a time, and Cinder heeds the field before its microversion, too
    _of_backup(at, backup, fields, "3.46", "volume of a backup, early")
    a_new_second()
    _of_backup(at, backup, {"backup_id": backup, "name": "of a backup"}, "3.47", "volume of a backup")
    at.volume("GET", "/volumes?sort=created_at:asc", note="all that came of it")


def _of_backup(at: Caller, backup: str, fields: dict[str, Any], version: str, word: str) -> None:
    reply = at.volume("POST", "/volumes", {"volume": fields}, version=version, note=word)
    if reply.status < 300:
        volume = known(at, reply, "/volumes", "volume", word)
        waited(at, f"/volumes/{volume}", "volume", "available")
        waited(at, f"/backups/{backup}", "backup", "available")
        at.volume("GET", f"/volumes/{volume}", version="latest", note=word)
