"""
Scenarios of what Nova does to volumes when it attaches them, done by an ordinary user: the actions of old and the attachments.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_new_second, a_server, a_volume
from tests.cloud.volume_making import acted, by_stranger, waited

_CONNECTOR = {"host": "h", "ip": "127.0.0.1", "initiator": "iqn.h", "platform": "x86_64", "os_type": "linux"}


def volume_by_hand(at: Caller) -> None:
    """
    Reserve, attach, connect and detach without a server, in the right and in the wrong order.
    """
    volume = a_volume(at, quiet=True)
    path = f"/volumes/{volume}"
    steps: tuple[tuple[dict[str, Any], str], ...] = (
        ({"os-unreserve": None}, "before"),
        ({"os-begin_detaching": None}, "before"),
        ({"os-roll_detaching": None}, "before"),
        ({"os-reserve": None}, ""),
        ({"os-reserve": None}, "again"),
        ({"os-extend": {"new_size": 2}}, "reserved"),
        ({"os-unreserve": None}, ""),
        ({"os-initialize_connection": {"connector": _CONNECTOR}}, ""),
        ({"os-initialize_connection": {"connector": {}}}, "empty"),
        ({"os-initialize_connection": {"connector": "x"}}, "text"),
        ({"os-initialize_connection": {}}, "none"),
        ({"os-terminate_connection": {"connector": _CONNECTOR}}, ""),
        ({"os-terminate_connection": {}}, "none"),
        ({"os-attach": {"mountpoint": "/dev/vdb"}}, "to nothing"),
        ({"os-attach": {"instance_uuid": "x", "mountpoint": "/dev/vdb"}}, "to no id"),
        ({"os-attach": {"instance_uuid": NOWHERE}}, "nowhere"),
        ({"os-attach": {"host_name": "h", "mountpoint": "/dev/vdb", "mode": "x"}}, "mode x"),
        ({"os-detach": {}}, "before"),
        ({"os-detach": {"attachment_id": "x"}}, "no id"),
        ({"os-detach": {"attachment_id": NOWHERE}}, "no such attachment"),
    )
    for body, note in steps:
        acted(at, path, body, note=f"{next(iter(body))} {note}")
    waited(at, path, "volume", "available")
    attach = {"os-attach": {"host_name": "h", "mountpoint": "/dev/vdb", "mode": "ro"}}
    acted(at, path, attach, "in-use", "available", note="os-attach to a host")
    at.volume("GET", path, note="attached to a host")
    acted(at, path, attach, note="os-attach to a host, again")
    acted(at, path, {"os-begin_detaching": None}, note="os-begin_detaching")
    acted(at, path, {"os-roll_detaching": None}, note="os-roll_detaching")
    acted(at, path, {"os-detach": None}, "available", "in-use", note="os-detach")
    at.volume("GET", path, note="detached")
    for body in (
        {"os-reset_status": {"status": "error"}},
        {"os-reset_status": {"status": "nothing"}},
        {"os-force_delete": None},
        {"os-force_detach": {"attachment_id": NOWHERE}},
        {"os-migrate_volume": {"host": "h"}},
        {"os-migrate_volume_completion": {"new_volume": NOWHERE}},
        {"os-extend_volume_completion": {"error": False}},
        {"os-unmanage": None},
        {"os-update_readonly_flag": {"readonly": "x"}},
        {"os-update_readonly_flag": {}},
        {"os-retype": {"new_type": "files"}},
        {"os-retype": {"new_type": "files-multiattach", "migration_policy": "x"}},
        {"os-retype": {}},
        {"os-extend": {"new_size": 0}},
        {"os-extend": {"new_size": None}},
        {"os-extend": {}},
        {"os-extend": {"new_size": 100000}},
        {"os-extend": {"new_size": 2}, "os-unreserve": None},
        {"revert": {"snapshot_id": NOWHERE}},
        {},
    ):
        acted(at, path, body, note=f"{body}")
    acted(at, path, {"revert": {"snapshot_id": NOWHERE}}, version="3.40", note="revert without a snapshot")
    acted(at, path, {"os-update_readonly_flag": {"readonly": "true"}})
    at.volume("GET", path, note="as it is")


def volume_in_use(at: Caller) -> None:
    """
    What may be done to a volume that a server has.
    """
    server, volume = a_server(at, quiet=True), a_volume(at, quiet=True)
    path = f"/volumes/{volume}"
    at.compute("POST", f"/servers/{server}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}})
    waited(at, path, "volume", "in-use")
    steps: tuple[tuple[dict[str, Any], str, str | None], ...] = (
        ({"os-extend": {"new_size": 2}}, "before 3.42", "3.41"),
        ({"os-volume_upload_image": {"image_name": "x"}}, "", None),
        ({"os-reserve": None}, "", None),
        ({"os-unreserve": None}, "", None),
        ({"os-detach": {}}, "", None),
        ({"os-begin_detaching": None}, "", None),
        ({"os-roll_detaching": None}, "", None),
        ({"os-terminate_connection": {"connector": _CONNECTOR}}, "", None),
        ({"os-attach": {"instance_uuid": server, "mountpoint": "/dev/vdc"}}, "", None),
        ({"os-update_readonly_flag": {"readonly": True}}, "", None),
        ({"os-retype": {"new_type": "files-multiattach"}}, "", None),
        ({"os-set_bootable": {"bootable": True}}, "", None),
    )
    for body, note, version in steps:
        acted(at, path, body, version=version, note=f"{next(iter(body))} {note}")
    at.volume("POST", "/snapshots", {"snapshot": {"volume_id": volume}}, note="not forced")
    at.volume("POST", "/backups", {"backup": {"volume_id": volume}}, note="not forced")
    at.volume("POST", "/volume-transfers", {"transfer": {"volume_id": volume}}, version="3.55")
    at.volume("DELETE", path)
    at.volume("DELETE", f"{path}?force=true", version="3.23", note="forced")
    at.volume("GET", path, note="still in use")
    acted(at, path, {"os-extend": {"new_size": 2}}, "in-use", version="3.42", note="extend")
    at.volume("GET", path, note="extended")
    reply = at.volume("GET", "/attachments", version="3.27").json()
    attachment = f"/attachments/{reply['attachments'][0]['id']}"
    at.volume("GET", attachment, version="3.27")
    at.volume("DELETE", attachment, version="3.27")
    at.volume("POST", f"{attachment}/action", {"os-complete": None}, version="3.44")
    by_stranger(at, "GET", attachment, version="3.27")
    at.compute("DELETE", f"/servers/{server}/os-volume_attachments/{volume}")
    waited(at, path, "volume", "available")


def volume_attachments(at: Caller) -> None:
    """
    Attachments made, changed, completed and deleted without a server; listed, filtered, paged.
    """
    volume, other = (
        a_volume(at, "many", quiet=True, volume_type="files-multiattach"),
        a_volume(at, quiet=True),
    )
    one, two = "11111111-0000-4000-8000-000000000000", "22222222-0000-4000-8000-000000000000"
    made: list[str] = []
    for note, fields, version in (
        ("reserved", {"volume_uuid": volume, "instance_uuid": one}, "3.27"),
        ("again", {"volume_uuid": volume, "instance_uuid": two, "mode": "ro"}, "3.54"),
        ("connected", {"volume_uuid": other, "instance_uuid": one, "connector": _CONNECTOR}, "3.27"),
        ("another", {"volume_uuid": other, "instance_uuid": two}, "3.27"),
        ("no such volume", {"volume_uuid": NOWHERE, "instance_uuid": one}, "3.27"),
        ("no id", {"volume_uuid": "x", "instance_uuid": one}, "3.27"),
        ("no volume", {"instance_uuid": one}, "3.27"),
        ("mode before its time", {"volume_uuid": volume, "mode": "ro"}, "3.53"),
        ("mode x", {"volume_uuid": volume, "mode": "x"}, "3.54"),
        ("before their time", {"volume_uuid": volume}, "3.26"),
    ):
        if len(made) < 4:
            a_new_second()
        reply = at.volume("POST", "/attachments", {"attachment": fields}, version=version, note=note)
        if reply.status < 300:
            made.append(reply.json()["attachment"]["id"])
            at.normal.know(made[-1], f"attachment {note}")
    for version in ("3.27", "3.54", "latest"):
        for identifier in made:
            at.volume("GET", f"/attachments/{identifier}", version=version, note=version)
    for query in (
        "",
        f"?volume_id={volume}",
        f"?instance_id={two}",
        "?status=reserved",
        "?limit=1",
        f"?limit=1&marker={made[-1]}",
        f"?marker={NOWHERE}",
        "?sort_key=created_at&sort_dir=asc",
        "?sort=attach_status:asc,created_at:desc",
        "?offset=1",
        "?limit=x",
        "?nothing=1",
        "?all_tenants=1",
    ):
        at.volume("GET", f"/attachments{query}", version="latest")
        at.volume("GET", f"/attachments/detail{query}", version="3.27")
    path = f"/attachments/{made[0]}"
    connect = {"attachment": {"connector": _CONNECTOR}}
    at.volume("POST", f"{path}/action", {"os-complete": None}, version="3.44", note="too soon")
    at.volume("PUT", path, connect, version="3.27")
    at.volume("PUT", path, {"attachment": {"connector": {}}}, version="3.27", note="empty")
    at.volume("PUT", path, {"attachment": {}}, version="3.27", note="none")
    at.volume("PUT", f"/attachments/{NOWHERE}", connect, version="3.27")
    at.volume("POST", f"{path}/action", {"os-complete": None}, version="3.43", note="before its time")
    at.volume("POST", f"{path}/action", {"os-complete": None}, version="3.44")
    at.volume("POST", f"{path}/action", {"nothing": None}, version="3.44")
    at.volume("GET", path, version="latest", note="complete")
    at.volume("GET", f"/volumes/{volume}", version="latest", note="attached")
    by_stranger(at, "GET", path, version="3.27")
    by_stranger(at, "DELETE", path, version="3.27")
    for identifier in made:
        at.volume("DELETE", f"/attachments/{identifier}", version="3.27")
    at.volume("DELETE", path, version="3.27", note="again")
    for each in (volume, other):
        waited(at, f"/volumes/{each}", "volume", "available")
    at.volume("GET", "/attachments", version="3.27", note="none left")
