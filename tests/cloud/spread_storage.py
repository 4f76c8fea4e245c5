"""
Scenarios of what hangs on volumes, in both pods by turns: listed by pages, shown, changed and deleted as one cloud's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import openstack
from attrs import frozen

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_new_second, a_volume
from tests.cloud.spread import turn, walked
from tests.cloud.volume_groups import GROUP_TYPE, NO_STORE, a_group_type
from tests.cloud.volume_making import by_stranger, gone, made, waited

_COUNT = 4
_PAGES = ("", "limit=1", "limit=2", "limit=4", "sort=name:asc&limit=2", "sort=created_at:asc&limit=3")
_OFFSETS = ("offset=1", "offset=3&limit=2", "offset=9")
_COUNTED = ("with_count=true", "with_count=true&limit=1")


@frozen(kw_only=True)
class Spread:
    """
    A kind of thing whose items are in both pods, and what is asked of it.
    """

    path: str
    single: str
    plural: str
    version: str
    #: What may be asked of lists with pages.
    pages: Sequence[str] = _PAGES
    #: What may be asked of lists beside, each once.
    more: Sequence[str] = _OFFSETS
    details: Sequence[str] = ("", "/detail")
    #: A change that every item takes; empty for a kind that takes none.
    change: Mapping[str, Any] = {}
    #: How one is deleted, where that is not ``DELETE``.
    delete: Mapping[str, Any] | None = None


def as_one(at: Caller, kind: Spread, items: Sequence[str]) -> None:
    """
    All of it, with the items in the order in which they were made: lists, pages from each marker, shows, changes, another
    project, and deletes from the middle on while the rest is listed.
    """
    version = kind.version
    for query in kind.pages:
        for below in kind.details:
            walked(at, "volume", f"{kind.path}{below}?{query}", kind.plural, version)
    for query in kind.more:
        at.volume("GET", f"{kind.path}?{query}", version=version)
    for marker in (*items, NOWHERE):
        at.volume("GET", f"{kind.path}?limit=2&marker={marker}", version=version)
        at.volume("GET", f"{kind.path}?limit=2&marker={marker}&sort=created_at:asc", version=version)
    each_is_there(at, kind, items)
    for item in (*items[1:], items[0]):
        _deleted(at, kind, item)
        at.volume("GET", kind.path, version=version, note=f"without {item}")
    by_stranger(at, "GET", kind.path, version=version)


def each_is_there(at: Caller, kind: Spread, items: Sequence[str]) -> None:
    """
    Show and change every item, which another project can neither.
    """
    for item in items:
        path = f"{kind.path}/{item}"
        at.volume("GET", path, version=kind.version)
        by_stranger(at, "GET", path, version=kind.version)
        if kind.delete is None:
            by_stranger(at, "DELETE", path, version=kind.version)
        if kind.change:
            at.volume("PUT", path, {kind.single: kind.change}, version=kind.version)
            at.volume("GET", path, version=kind.version, note="changed")


def _deleted(at: Caller, kind: Spread, item: str) -> None:
    path = f"{kind.path}/{item}"
    if kind.delete is None:
        at.volume("DELETE", path, version=kind.version)
    else:
        at.volume("POST", f"{path}/action", kind.delete, version=kind.version)
    at.until_gone("volume", path, version=kind.version)
    at.volume("GET", path, version=kind.version, note="gone")


def _volumes(at: Caller, count: int = _COUNT, **more: Any) -> list[str]:
    return [
        a_volume(at, f"v{number}", quiet=True, availability_zone=turn(at, number), **more)
        for number in range(count)
    ]


def backups(at: Caller) -> None:
    """
    Backups of volumes of both pods.
    """
    kind = Spread(
        path="/backups",
        single="backup",
        plural="backups",
        version="3.45",
        more=(*_OFFSETS, *_COUNTED, "name=b1", "status=available&limit=1"),
        change={"name": "renamed", "description": "d"},
    )
    items = []
    for number, volume in enumerate(_volumes(at, 3)):
        a_new_second()
        fields = {"volume_id": volume, "name": f"b{number}"}
        items.append(made(at, "/backups", "backup", fields, f"b{number}", quiet=True))
    as_one(at, kind, items)


def snapshots(at: Caller) -> None:
    """
    Snapshots of volumes of both pods.
    """
    kind = Spread(
        path="/snapshots",
        single="snapshot",
        plural="snapshots",
        version="3.45",
        more=(*_OFFSETS, *_COUNTED, "name=s1", "status=available&limit=1"),
        change={"name": "renamed", "description": "d"},
    )
    items = []
    for number, volume in enumerate(_volumes(at)):
        a_new_second()
        fields = {"volume_id": volume, "name": f"s{number}"}
        items.append(made(at, "/snapshots", "snapshot", fields, f"s{number}", quiet=True))
    as_one(at, kind, items)


def transfers(at: Caller) -> None:
    """
    Transfers of volumes of both pods, by the path of today.
    """
    kind = Spread(path="/volume-transfers", single="transfer", plural="transfers", version="3.59")
    items = []
    for number, volume in enumerate(_volumes(at)):
        a_new_second()
        fields = {"transfer": {"volume_id": volume, "name": f"t{number}"}}
        reply = at.volume("POST", kind.path, fields, version=kind.version)
        items.append(reply.json()["transfer"]["id"])
        at.normal.know(items[-1], f"transfer {number}")
    as_one(at, kind, items)


def attachments(at: Caller) -> None:
    """
    Attachments of volumes of both pods. Their default order is by what they do not show, so that only what the pages have
    together is compared.
    """
    items = []
    for number, volume in enumerate(_volumes(at)):
        a_new_second()
        fields = {"volume_uuid": volume, "instance_uuid": f"{number:08}-0000-4000-8000-000000000000"}
        reply = at.volume("POST", "/attachments", {"attachment": fields}, version="3.27")
        items.append(reply.json()["attachment"]["id"])
        at.normal.know(items[-1], f"attachment {number}")
    for query in ("limit=1", "limit=2", "limit=3", "offset=1&limit=1"):
        for below in ("", "/detail"):
            _walked_by_markers(at, f"/attachments{below}?{query}", items)
    kind = Spread(path="/attachments", single="attachment", plural="attachments", version="3.27")
    for number, item in enumerate(items):
        at.volume("GET", f"/attachments?instance_id={number:08}-0000-4000-8000-000000000000", version="3.27")
        each_is_there(at, kind, [item])
        _deleted(at, kind, item)
    at.volume("GET", "/attachments", version="3.27", note="none left")


def _walked_by_markers(at: Caller, path: str, items: Sequence[str]) -> None:
    """
    Attachments have no links: a client goes on with the last one's id. An offset is the first page's.
    """
    found: list[str] = []
    marker = ""
    while True:
        reply = at.volume("GET", path + marker, version="3.27", quiet=True)
        page = [each["id"] for each in reply.json()["attachments"]]
        found += page
        if not page:
            break
        path = path.replace("offset=1&", "")
        marker = f"&marker={page[-1]}"
    at.note(f"walk of {path}", [len(found), len({*found}), {*found} <= {*items}])


@contextmanager
def group_types() -> Iterator[list[str]]:
    """
    A group type of one name in both pods as long as a test runs; the ids of it and of the pods' volume types, each with its
    name before it.
    """
    with ExitStack() as stack:
        ids = []
        for pod in ("pod1", "pod2"):
            admin = openstack.connect(cloud=pod)
            stack.enter_context(a_group_type(admin))
            storage: Any = admin.block_storage
            ids += [f"group type {each.name}={each.id}" for each in storage.group_types()]
            ids += [f"type {each.name}={each.id}" for each in storage.types()]
        yield ids


def groups_with(types: Sequence[str]) -> Callable[[Caller], None]:
    """
    The scenario of groups, with what :func:`group_types` gives.
    """
    return partial(_groups, types)


def _groups(types: Sequence[str], at: Caller) -> None:
    for each in types:
        name, _, identifier = each.partition("=")
        at.normal.know(identifier, name)
    delete = {"delete": {"delete-volumes": True}}
    groups = Spread(
        path="/groups",
        single="group",
        plural="groups",
        version="3.14",
        change={"name": "renamed", "description": "d"},
        delete=delete,
    )
    of_groups = Spread(
        path="/group_snapshots",
        single="group_snapshot",
        plural="group_snapshots",
        version="3.31",
    )
    made_groups: list[str] = []
    made_snapshots: list[str] = []
    try:
        for number in range(3):
            fields = {"name": f"g{number}", "group_type": GROUP_TYPE, "volume_types": ["files"]}
            body = {"group": {**fields, "availability_zone": turn(at, number)}}
            group = at.volume("POST", "/groups", body, version="3.13").json()["group"]["id"]
            made_groups.append(group)
            at.normal.know(group, f"group {number}")
            waited(at, f"/groups/{group}", "group", "available", version="3.13")
            inside = {"size": 1, "name": f"in{number}", "volume_type": "files", "group_id": group}
            volume = at.volume("POST", "/volumes", {"volume": inside}, version="3.13").json()["volume"]["id"]
            at.normal.know(volume, f"volume in {number}")
            waited(at, f"/volumes/{volume}", "volume", "available")
            snapshot = {"group_snapshot": {"group_id": group, "name": f"gs{number}"}}
            reply = at.volume("POST", "/group_snapshots", snapshot, version="3.14")
            made_snapshots.append(reply.json()["group_snapshot"]["id"])
            at.normal.know(made_snapshots[-1], f"group snapshot {number}")
            waited(
                at, f"/group_snapshots/{made_snapshots[-1]}", "group_snapshot", "available", version="3.14"
            )
        _members(at)
        as_one(at, of_groups, made_snapshots)
        at.volume("GET", "/snapshots", note="gone with their groups'")
        as_one(at, groups, made_groups)
        at.volume("GET", "/volumes", note="gone with their groups")
    finally:
        for identifier in made_snapshots:
            at.volume("DELETE", f"/group_snapshots/{identifier}", version="3.14", quiet=True)
            at.until_gone("volume", f"/group_snapshots/{identifier}", version="3.14")
        for group in made_groups:
            at.volume("POST", f"/groups/{group}/action", delete, version="3.13", quiet=True)
            at.until_gone("volume", f"/groups/{group}", version="3.13")


def _members(at: Caller) -> None:
    """
    What was born in the pods with the groups' snapshots is as any snapshot is.
    """
    for query in ("", "limit=1", "limit=2"):
        walked(at, "volume", f"/snapshots/detail?{query}", "snapshots", "3.14")
    for each in at.volume("GET", "/snapshots/detail", version="3.14", quiet=True).json()["snapshots"]:
        path = f"/snapshots/{each['id']}"
        at.volume("GET", path, version="3.14", note=each["name"])
        at.volume("PUT", path, {"snapshot": {"description": "d"}}, note=each["name"])
        by_stranger(at, "GET", path)


def messages_with(admins: Sequence[Any]) -> Callable[[Caller], None]:
    """
    The scenario of messages, with administrators who make, in each pod, a volume type that no store can have.
    """

    def messages(at: Caller) -> None:
        name = f"{NO_STORE}-{at.account.project_id}"
        with ExitStack() as stack:
            for admin in admins:
                storage = admin.block_storage
                kind = storage.create_type(
                    name=name, is_public=False, extra_specs={"volume_backend_name": "none"}
                )
                stack.callback(storage.delete_type, kind)
                storage.add_type_access(kind, at.account.project_id)
            _messages(at, name)

    return messages


def _messages(at: Caller, kind: str) -> None:
    """
    Cinder lists the messages of every project, so that each volume's are asked for, and of a page only the own ones count.
    """
    volumes = []
    own: list[str] = []
    try:
        for number in range(_COUNT):
            fields = {
                "size": 1,
                "volume_type": kind,
                "name": f"lost {number}",
                "availability_zone": turn(at, number),
            }
            volume = at.volume("POST", "/volumes", {"volume": fields}, quiet=True).json()["volume"]["id"]
            volumes.append(volume)
            at.normal.know(volume, f"lost {number}")
            waited(at, f"/volumes/{volume}", "volume", "error")
            # a message is written after the state is
            about = f"/messages?resource_uuid={volume}"
            for told in at.until_listed("volume", about, "messages", version="3.5"):
                own.append(told["id"])
                at.normal.know(own[-1], f"message {len(own)}")
            at.volume("GET", about, version="3.5")
        for marker in own:
            for order in ("", "&sort=created_at:asc"):
                query = f"limit=100&marker={marker}{order}"
                reply = at.volume("GET", f"/messages?{query}", version="3.5", quiet=True)
                page = [each["id"] for each in reply.json()["messages"]]
                at.note(f"own ones of {query}", [each for each in page if each in own])
        messages = Spread(path="/messages", single="message", plural="messages", version="3.5")
        each_is_there(at, messages, own)
        for message in own:
            _deleted(at, messages, message)
        for volume in volumes:
            at.volume("GET", f"/messages?resource_uuid={volume}", version="3.5", note="none left")
    finally:
        # a type that has volumes cannot be deleted
        gone(at, [f"/volumes/{volume}" for volume in volumes])
