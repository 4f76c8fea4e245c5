"""
Scenarios of groups of volumes, their snapshots, and the messages that Cinder leaves for users.

Both need what an administrator makes at the pods: a group type, and a volume type that no store can have.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.cloud.caller import INTERVAL, Caller
from tests.cloud.making import NOWHERE, a_volume
from tests.cloud.volume_making import acted, by_stranger, waited

GROUP_TYPE = "side-by-side"
NO_STORE = "side-by-side-no-store"


@contextmanager
def a_group_type(admin: Any) -> Iterator[None]:
    """
    A group type as long as a test runs.
    """
    storage = admin.block_storage
    storage.default_microversion = "3.60"
    for each in list(storage.group_types()):
        if each.name == GROUP_TYPE:
            storage.delete_group_type(each)
    kind = storage.create_group_type(name=GROUP_TYPE)
    try:
        yield
    finally:
        storage.delete_group_type(kind)


def group_life(at: Caller) -> None:
    """
    A group is made, filled, copied and deleted.
    """
    types = at.volume("GET", "/group_types", version="3.11", quiet=True).json()["group_types"]
    kind = next(each["id"] for each in types if each["name"] == GROUP_TYPE)
    at.normal.know(kind, "group type")
    at.volume("GET", f"/group_types/{kind}", version="3.11")
    at.volume("GET", f"/group_types/{kind}/group_specs", version="3.11")
    at.volume("POST", "/group_types", {"group_type": {"name": "x"}}, version="3.11")
    at.volume("DELETE", f"/group_types/{kind}", version="3.11")
    fields = {"group_type": GROUP_TYPE, "volume_types": ["files"]}
    for note, more in (
        ("no such type", {"group_type": "nothing"}),
        ("no such type's id", {"group_type": NOWHERE}),
        ("no such volume type", {"volume_types": ["nothing"]}),
        ("no volume types", {"volume_types": []}),
        ("no such zone", {"availability_zone": "nowhere"}),
        ("long name", {"name": "x" * 256}),
        ("unknown field", {"nothing": 1}),
    ):
        at.volume("POST", "/groups", {"group": {**fields, **more}}, version="3.13", note=note)
    at.volume("POST", "/groups", {"group": fields}, version="3.12", note="before their time")
    paths: list[str] = []
    try:
        a_volume(at, "first", quiet=True)
        _group(at, fields, paths)
        zoned = {"group": {**fields, "availability_zone": at.place.zone}}
        reply = at.volume("POST", "/groups", zoned, version="3.13", note="in a zone")
        if reply.status < 300:
            paths.append(f"/groups/{reply.json()['group']['id']}")
            waited(at, paths[-1], "group", "available", version="3.13")
    finally:
        for path in reversed(paths):
            at.volume(
                "POST", f"{path}/action", {"delete": {"delete-volumes": True}}, version="3.13", quiet=True
            )
            _gone(at, path)


def _group(at: Caller, fields: dict[str, Any], paths: list[str]) -> None:
    body = {"group": {**fields, "name": "g", "description": "d"}}
    group = at.volume("POST", "/groups", body, version="3.13").json()["group"]["id"]
    at.normal.know(group, "group")
    path = f"/groups/{group}"
    paths.append(path)
    waited(at, path, "group", "available", version="3.13")
    inside = {"size": 1, "name": "inside", "volume_type": "files", "group_id": group}
    reply = at.volume("POST", "/volumes", {"volume": inside}, version="3.13", note="in a group")
    volume = reply.json()["volume"]["id"]
    at.normal.know(volume, "volume inside")
    waited(at, f"/volumes/{volume}", "volume", "available")
    other = a_volume(at, "other", quiet=True, volume_type="files")
    inside = {**inside, "volume_type": "files-multiattach"}
    at.volume("POST", "/volumes", {"volume": inside}, version="3.13", note="of another type in a group")
    at.volume("GET", f"/volumes/{volume}", version="3.13", note="in a group")
    at.volume("GET", f"/volumes?group_id={group}", version="3.10")
    acted(at, f"/volumes/{volume}", {"os-retype": {"new_type": "files-multiattach"}}, note="in a group")
    at.volume("DELETE", f"/volumes/{volume}", note="in a group")
    for version in ("3.13", "3.25", "3.38", "latest"):
        at.volume("GET", path, version=version, note=version)
        at.volume("GET", "/groups/detail", version=version, note=version)
        at.volume("GET", f"{path}?list_volume=true", version=version, note=version)
    for query in (
        "",
        "?limit=1",
        f"?marker={NOWHERE}",
        "?sort=name:asc",
        "?name=g",
        "?offset=1",
        "?nothing=1",
    ):
        at.volume("GET", f"/groups{query}", version="latest")
    at.volume("PUT", path, {"group": {"name": "renamed", "add_volumes": other}}, version="3.13")
    waited(at, path, "group", "available", version="3.13")
    at.volume("GET", f"/volumes/{other}", version="3.13", note="put in")
    at.volume("PUT", path, {"group": {"remove_volumes": other}}, version="3.13")
    waited(at, path, "group", "available", version="3.13")
    at.volume("PUT", path, {"group": {"add_volumes": NOWHERE}}, version="3.13")
    at.volume("PUT", path, {"group": {}}, version="3.13", note="nothing")
    actions: tuple[dict[str, Any], ...] = (
        {"reset_status": {"status": "error"}},
        {"enable_replication": {}},
        {"list_replication_targets": {}},
        {"nothing": {}},
    )
    for action in actions:
        at.volume("POST", f"{path}/action", action, version="3.38", note=f"{action}")
    for method in ("GET", "DELETE"):
        at.volume(method, f"/groups/{NOWHERE}", version="3.13")
        by_stranger(at, method, path, version="3.13")
    at.volume("POST", f"{path}/action", {"delete": {}}, version="3.13", note="with a volume")
    _group_snapshot(at, group, paths)


def _group_snapshot(at: Caller, group: str, paths: list[str]) -> None:
    body = {"group_snapshot": {"group_id": group, "name": "gs", "description": "d"}}
    identifier = at.volume("POST", "/group_snapshots", body, version="3.14").json()["group_snapshot"]["id"]
    at.normal.know(identifier, "group snapshot")
    path = f"/group_snapshots/{identifier}"
    waited(at, path, "group_snapshot", "available", version="3.14")
    at.volume("POST", "/group_snapshots", {"group_snapshot": {"group_id": NOWHERE}}, version="3.14")
    at.volume("POST", "/group_snapshots", {"group_snapshot": {}}, version="3.14", note="nothing")
    for version in ("3.14", "3.29", "latest"):
        at.volume("GET", path, version=version, note=version)
        at.volume("GET", "/group_snapshots", version=version, note=version)
        at.volume("GET", "/group_snapshots/detail?limit=1", version=version, note=version)
    at.volume("GET", "/snapshots/detail", version="3.14", note="of a group")
    at.volume("POST", f"{path}/action", {"reset_status": {"status": "error"}}, version="3.19")
    by_stranger(at, "GET", path, version="3.14")
    for note, source in (
        ("snapshot", {"group_snapshot_id": identifier}),
        ("group", {"source_group_id": group}),
    ):
        body = {"create-from-src": {"name": f"of a {note}", **source}}
        reply = at.volume("POST", "/groups/action", body, version="3.14", note=note)
        if reply.status < 300:
            copy = reply.json()["group"]["id"]
            at.normal.know(copy, f"group of a {note}")
            paths.append(f"/groups/{copy}")
            waited(at, paths[-1], "group", "available", version="3.14")
            at.volume("GET", f"{paths[-1]}?list_volume=true", version="3.25", note=f"of a {note}")
    body = {"create-from-src": {"group_snapshot_id": NOWHERE}}
    at.volume("POST", "/groups/action", body, version="3.14", note="nowhere")
    at.volume(
        "POST", f"/groups/{group}/action", {"delete": {"delete-volumes": True}}, version="3.13", note="copied"
    )
    at.volume("DELETE", path, version="3.14")
    _gone(at, path)
    at.volume("GET", path, version="3.14", note="gone")


def _gone(at: Caller, path: str) -> None:
    for _ in range(60):
        if at.volume("GET", path, version="3.14", quiet=True).status == 404:
            return
        time.sleep(INTERVAL)


def messages_with(admin: Any) -> Callable[[Caller], None]:
    """
    The scenario of messages, with an administrator who makes a volume type that no store can have.
    """

    def messages(at: Caller) -> None:
        storage = admin.block_storage
        kind = storage.create_type(
            name=f"{NO_STORE}-{at.account.project_id}",
            is_public=False,
            extra_specs={"volume_backend_name": "none"},
        )
        try:
            storage.add_type_access(kind, at.account.project_id)
            _messages(at, kind.name)
        finally:
            storage.delete_type(kind)

    return messages


def _messages(at: Caller, kind: str) -> None:
    paths = []
    for number in range(2):
        fields = {
            "size": 1,
            "volume_type": kind,
            "availability_zone": at.place.zone,
            "name": f"lost {number}",
        }
        reply = at.volume("POST", "/volumes", {"volume": fields}, note=f"{number}")
        volume = reply.json()["volume"]["id"]
        at.normal.know(volume, f"lost {number}")
        paths.append(f"/volumes/{volume}")
        at.afterwards("volume", paths[-1])
        waited(at, paths[-1], "volume", "error")
        at.volume("GET", paths[-1], version="latest", note="without a store")
        time.sleep(1.1)
    acted(at, paths[0], {"os-extend": {"new_size": 2}}, note="in error")
    acted(at, paths[0], {"os-reserve": None}, note="in error")
    at.volume("POST", "/snapshots", {"snapshot": {"volume_id": paths[0].split("/")[2]}}, note="in error")
    # Cinder lists messages of every project, so that each list asks for those of one volume
    about = f"resource_uuid={paths[0].split('/')[2]}"
    for _ in range(60):
        # a message is written after the state is
        messages = at.volume("GET", f"/messages?{about}", version="3.5", quiet=True).json()["messages"]
        if messages:
            break
        time.sleep(INTERVAL)
    for query in (
        "",
        "&limit=1",
        f"&limit=1&marker={messages[0]['id']}",
        f"&marker={NOWHERE}",
        "&resource_type=VOLUME",
        "&resource_type=NOTHING",
        "&event_id=VOLUME_VOLUME_001_003",
        "&message_level=ERROR",
        "&sort=created_at:asc",
        "&sort=nothing",
        "&offset=1",
        "&limit=x",
        "&nothing=1",
    ):
        at.volume("GET", f"/messages?{about}{query}", version="latest")
        at.volume("GET", f"/messages?{about}{query}", version="3.5", note="3.5")
    path = f"/messages/{messages[0]['id']}"
    at.volume("GET", path, version="3.3")
    at.volume("GET", path, version="3.2", note="before their time")
    at.volume("GET", f"/messages/{NOWHERE}", version="3.3")
    for method in ("GET", "DELETE"):
        by_stranger(at, method, path, version="3.3")
    at.volume("DELETE", path, version="3.3")
    at.volume("DELETE", path, version="3.3", note="again")
    at.volume("GET", f"/messages?{about}", version="3.5", note="none left")
    for path in paths:
        at.volume("DELETE", path, note="in error")
        at.until_gone("volume", path)
