"""
Scenarios of Cinder's quotas: what is refused past them, how an administrator sets them, and what is told of them.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_volume, as_administrator
from tests.cloud.volume_making import waited
from tests.cloud.wire import Reply

RECENT = "3.71"


def _quota(at: Caller, **limits: Any) -> None:
    admin = as_administrator(at)
    path = f"/os-quota-sets/{at.account.project_id}"
    reply = admin.volume("PUT", path, {"quota_set": limits}, quiet=True)
    at.note(f"limits {limits}", reply.status)


def _used(at: Caller, note: str) -> None:
    """
    What of each limit is used and reserved, without the limits of types that others make meanwhile.
    """
    admin = as_administrator(at)
    path = f"/os-quota-sets/{at.account.project_id}?usage=true"
    told = admin.volume("GET", path, quiet=True).json()["quota_set"]
    at.note(f"used: {note}", {key: told[key] for key in sorted(told) if key != "id" and told[key]["in_use"]})


def _try(at: Caller, note: str, path: str, body: Any, *, version: str | None = RECENT) -> Reply:
    reply = at.volume("POST", path, body, version=version, note=note)
    if reply.status == 202 and path in ("/volumes", "/snapshots", "/backups"):
        made = next(iter(reply.json().values()))["id"]
        at.afterwards("volume", f"{path}/{made}")
    return reply


def _volume(at: Caller, **fields: Any) -> dict[str, Any]:
    return {"volume": {"name": "v", "size": 1, "availability_zone": at.place.zone, **fields}}


def volume_quotas(at: Caller) -> None:
    """
    Volumes past the limits of number and size, all and of a type; extended and retyped ones.
    """
    _quota(at, volumes=0)
    for version in (RECENT, None):
        _try(at, f"none may be, {version}", "/volumes", _volume(at), version=version)
    _quota(at, volumes=1)
    volume = a_volume(at)
    action = f"/volumes/{volume}/action"
    _used(at, "one volume")
    for limits, size in (
        ({"volumes": 1}, 1),
        ({"volumes": 10, "gigabytes": 3}, 3),
        ({"volumes": 1, "gigabytes": 1}, 1),
        ({"volumes": 10, "gigabytes": 1000, "per_volume_gigabytes": 2}, 3),
        ({"per_volume_gigabytes": -1, "volumes_files": 1}, 1),
        ({"volumes_files": -1, "gigabytes_files": 2}, 2),
        ({"volumes_files": 1, "gigabytes_files": 1, "volumes": 1, "gigabytes": 1}, 2),
    ):
        _quota(at, **limits)
        _try(at, f"past {limits}", "/volumes", _volume(at, size=size))
    _quota(at, volumes=10, gigabytes=1000, volumes_files=1, gigabytes_files=-1)
    _try(at, "a type that is named", "/volumes", _volume(at, volume_type="files"))
    for limits in (
        {"volumes_files": -1, "gigabytes": 2},
        {"gigabytes": 1000, "gigabytes_files": 2},
        {"gigabytes_files": -1, "per_volume_gigabytes": 2},
    ):
        _quota(at, **limits)
        _try(at, f"extended past {limits}", action, {"os-extend": {"new_size": 5}})
    _quota(at, per_volume_gigabytes=-1)
    _try(at, "extended", action, {"os-extend": {"new_size": 2}})
    at.until("volume", f"/volumes/{volume}", "volume", "available")
    _used(at, "extended")
    other = {"os-retype": {"new_type": "files-multiattach", "migration_policy": "never"}}
    for limits in (
        {"volumes_files-multiattach": 0},
        {"volumes_files-multiattach": -1, "gigabytes_files-multiattach": 0},
    ):
        _quota(at, **limits)
        _try(at, f"retyped past {limits}", action, other)
    _quota(at, **{"gigabytes_files-multiattach": -1, "volumes": 1})
    _try(at, "retyped", action, other)
    at.until("volume", f"/volumes/{volume}", "volume", "available")
    _used(at, "retyped")
    at.volume("GET", "/limits", version=RECENT, note="used")
    at.volume("DELETE", f"/volumes/{volume}")
    at.until_gone("volume", f"/volumes/{volume}")
    _used(at, "deleted")
    at.volume("GET", "/limits", version=RECENT, note="deleted")


def quotas_over_zones(at: Caller) -> None:
    """
    Volumes in both zones, that only together are as many, or as large, as may be, all or of a type; and room that a delete
    leaves.
    """
    here, there = at.place.zones[0], at.place.zones[-1]

    def create(note: str, zone: str, **more: Any) -> Reply:
        return _try(at, note, "/volumes", _volume(at, availability_zone=zone, volume_type="files", **more))

    def made(note: str, zone: str, **more: Any) -> str:
        reply = create(note, zone, **more)
        assert reply.status == 202, f"{at.place.name}: {note}: {reply.body!r}"
        volume: str = reply.json()["volume"]["id"]
        at.normal.know(volume, f"volume {note}")
        at.until("volume", f"/volumes/{volume}", "volume", "available")
        return volume

    _quota(at, volumes_files=2)
    made("one", here)
    two = made("two", there)
    for zone in (here, there):
        create("three", zone)
    other = {
        "volume": {"name": "o", "size": 1, "availability_zone": here, "volume_type": "files-multiattach"}
    }
    _try(at, "of another type", "/volumes", other)
    _quota(at, volumes_files=-1, gigabytes_files=3)
    for zone in (here, there):
        create("too large", zone, size=2)
    made("just right", here)
    _used(at, "three of a type")
    at.volume("DELETE", f"/volumes/{two}")
    at.until_gone("volume", f"/volumes/{two}")
    made("in its place", here)
    create("and one too many", there)
    _quota(at, gigabytes_files=-1, volumes=4)
    for zone in (here, there):
        create("whatever the type", zone)
    _used(at, "all")


def copy_quotas(at: Caller) -> None:
    """
    Snapshots, backups and what is made of them past the limits.
    """
    volume = a_volume(at)
    snapshot = {"snapshot": {"volume_id": volume, "name": "s"}}
    for limits in (
        {"snapshots": 0},
        {"snapshots": 10, "gigabytes": 1},
        {"gigabytes": 9, "snapshots_files": 0},
    ):
        _quota(at, **limits)
        _try(at, f"a snapshot past {limits}", "/snapshots", snapshot)
    _quota(at, snapshots_files=-1)
    made = _try(at, "a snapshot", "/snapshots", snapshot).json()["snapshot"]["id"]
    at.until("volume", f"/snapshots/{made}", "snapshot", "available")
    _used(at, "a snapshot")
    _quota(at, gigabytes=2)
    _try(at, "of the snapshot", "/volumes", {"volume": {"snapshot_id": made, "name": "x"}})
    _try(at, "of the volume", "/volumes", {"volume": {"source_volid": volume, "name": "x"}})
    _quota(at, gigabytes=1000)
    backup = {"backup": {"volume_id": volume, "name": "b"}}
    for limits in (
        {"backups": 0},
        {"backups": 10, "backup_gigabytes": 0},
        {"backups": 0, "backup_gigabytes": 0},
    ):
        _quota(at, **limits)
        _try(at, f"a backup past {limits}", "/backups", backup)
    _quota(at, backups=10, backup_gigabytes=1000)
    kept = _try(at, "a backup", "/backups", backup).json()["backup"]["id"]
    at.until("volume", f"/backups/{kept}", "backup", "available")
    _used(at, "a backup")
    restore = f"/backups/{kept}/restore"
    _quota(at, volumes=1)
    _try(at, "restored past the volumes", restore, {"restore": {}})
    _quota(at, volumes=10, gigabytes=2)
    _try(at, "restored past the gigabytes", restore, {"restore": {}})
    _try(at, "of the backup", "/volumes", {"volume": {"backup_id": kept, "size": 1}})
    at.volume("GET", "/limits", version=RECENT, note="used")
    for path in (f"/snapshots/{made}", f"/backups/{kept}"):
        at.volume("DELETE", path)
        at.until_gone("volume", path)
        _used(at, "less")


def transfer_quotas(at: Caller) -> None:
    """
    A volume that somebody takes whose limits are reached, and then are not.
    """
    volume = a_volume(at)
    offer = at.volume("POST", "/os-volume-transfer", {"transfer": {"volume_id": volume}}, note="offered")
    transfer = offer.json()["transfer"]
    accept = {"accept": {"auth_key": transfer["auth_key"]}}
    admin, whose = as_administrator(at), f"/os-quota-sets/{at.stranger.project_id}"
    taker = {"token": at.stranger.token, "bare": True}
    path = f"/v3/{at.stranger.project_id}/os-volume-transfer/{transfer['id']}/accept"
    for limits in ({"volumes": 0}, {"volumes": 10, "gigabytes": 0}):
        admin.volume("PUT", whose, {"quota_set": limits}, quiet=True)
        at.volume("POST", path, accept, note=f"past {limits}", **taker)
    admin.volume("PUT", whose, {"quota_set": {"gigabytes": 10}}, quiet=True)
    at.volume("POST", path, accept, note="taken", **taker)
    _used(at, "given away")
    told = admin.volume("GET", f"{whose}?usage=true", quiet=True).json()["quota_set"]
    at.note("taken", [told[name] for name in ("volumes", "gigabytes", "volumes_files", "gigabytes_files")])
    at.volume("DELETE", f"/v3/{at.stranger.project_id}/volumes/{volume}", **taker)
    at.until_gone("volume", f"/volumes/{volume}")


def group_quotas(at: Caller) -> None:
    """
    Groups of volumes past the limits.
    """
    _quota(at, groups=0)
    kinds = at.volume("GET", "/group_types", version="3.11", quiet=True).json()["group_types"]
    fields = {
        "group_type": next(each["id"] for each in kinds if "cgsnapshot" not in each["name"]),
        "volume_types": ["files"],
        "name": "g",
    }
    _try(at, "a group past the limit", "/groups", {"group": fields})
    _quota(at, groups=1)
    group = _try(at, "a group", "/groups", {"group": fields}).json()["group"]["id"]
    at.normal.know(group, "group")
    path = f"/groups/{group}"
    waited(at, path, "group", "available", version="3.13")
    _used(at, "a group")
    _try(at, "a second one", "/groups", {"group": fields})
    at.volume("POST", f"{path}/action", {"delete": {"delete-volumes": True}}, version="3.13")
    at.until_gone("volume", path, version="3.13")
    _used(at, "none")


def volume_quota_sets(at: Caller) -> None:
    """
    An administrator's changes of a project's limits, right and wrong ones.
    """
    admin, own = as_administrator(at), at.account.project_id
    path = f"/os-quota-sets/{own}"

    def show(note: str) -> None:
        for query in ("", "?usage=true", "?usage=false", "?usage=maybe", "/defaults", "/detail"):
            admin.volume("GET", f"{path}{query}", note=note)

    body: Any
    show("none of its own")
    for value in (11, -1, 0, 0x7FFFFFFF, -2, 0x80000000, "13", "x", "", None, 1.5):
        admin.volume("PUT", path, {"quota_set": {"volumes": value}}, note=repr(value))
    for body in (
        {"quota_set": {}},
        {},
        {"quota_set": {"nothing": 1}},
        {"quota_set": {"volumes": 5, "nothing": 1}},
        {"quota_set": {"volumes": 5}, "x": 1},
        {"quota_set": {"volumes_nothing": 5}},
        {"quota_set": {"volumes_files": 5, "gigabytes_files": 50, "snapshots_files": 7}},
        {"quota_set": {"tenant_id": own, "volumes": 6}},
        {"quota_set": {"volumes": 5, "force": True}},
        {"quota_set": {"groups": 5, "per_volume_gigabytes": 5, "backups": -1}},
    ):
        admin.volume("PUT", path, body, note=str(body))
    show("of its own")
    for number in (1, 2):
        a_volume(at, f"v{number}", quiet=True)
    for body in ({"volumes": 1}, {"gigabytes": 1, "volumes": 1}, {"volumes": 2}):
        for query in ("", "?skip_validation=false"):
            admin.volume("PUT", f"{path}{query}", {"quota_set": body}, note=f"{body}, two are used")
    for asker, note in ((at, "by a user"), (admin, "by the administrator")):
        for whom in (own, at.stranger.project_id, NOWHERE.replace("-", "")):
            for below in ("", "/defaults"):
                asker.volume("GET", f"/os-quota-sets/{whom}{below}", note=note)
            for version in ("3.38", "3.39"):
                label = f"{note}, {version}"
                asker.volume("GET", f"/limits?project_id={whom}", version=version, note=label)
    at.volume("PUT", path, {"quota_set": {"volumes": 5}}, note="by a user")
    at.volume("DELETE", path, note="by a user")
    admin.volume("DELETE", path)
    admin.volume("DELETE", path, note="again")
    show("no more of its own")


def volume_quota_classes(at: Caller) -> None:
    """
    Classes of quotas.
    """
    admin, own = as_administrator(at), f"/os-quota-class-sets/{at.account.project_name}"
    for path in ("/os-quota-class-sets/default", own):
        admin.volume("GET", path)
        at.volume("GET", path, note="by a user")
    at.volume("PUT", own, {"quota_class_set": {"volumes": 5}}, note="by a user")
    body: Any
    for body in (
        {"quota_class_set": {"volumes": 7, "gigabytes_files": 9}},
        {"quota_class_set": {"volumes": -2}},
        {"quota_class_set": {"volumes": "x"}},
        {"quota_class_set": {"nothing": 1}},
        {"quota_class_set": {"volumes": 7, "nothing": 1}},
        {"quota_class_set": {}},
        {},
    ):
        admin.volume("PUT", own, body, note=str(body))
    admin.volume("GET", own, note="changed")
