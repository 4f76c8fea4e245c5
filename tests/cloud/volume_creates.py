"""
Scenarios of creating volumes: each field that Cinder takes, and what it refuses.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_volume, image
from tests.cloud.volume_making import acted, gone, known, made, volume_type, waited

_HINTS = "OS-SCH-HNT:scheduler_hints"
#: Volumes that a project may have at once, less one that stays.
_BATCH = 9


def volume_fields(at: Caller) -> None:
    """
    Creates that are accepted, field by field; each volume is shown when it is there.
    """
    zone = at.place.zone
    # the first names its zone, the others follow it
    a_volume(at, "first", quiet=True)
    picture, plain = image(at), volume_type(at, "files")
    volume_type(at, "files-multiattach")
    nulls = ("name", "description", "metadata", "volume_type", "snapshot_id", "source_volid", "imageRef")
    wanted: tuple[tuple[str, dict[str, Any], dict[str, Any], str | None], ...] = (
        ("size alone", {}, {}, None),
        ("size as text", {"size": "1"}, {}, None),
        ("nulls", {**dict.fromkeys(nulls), "availability_zone": None, "consistencygroup_id": None}, {}, None),
        ("later nulls", {"group_id": None, "backup_id": None}, {}, "3.47"),
        (
            "everything",
            {
                "name": "  every field ",
                "description": "ü & <b>",
                "metadata": {"k": "v", "ключ": ""},
                "volume_type": "files",
                "availability_zone": zone,
                "imageRef": picture,
            },
            {_HINTS: {"different_host": [NOWHERE]}},
            "latest",
        ),
        ("older names", {"display_name": "d", "display_description": "dd"}, {}, "3.53"),
        ("empty text", {"name": "", "description": "", "volume_type": ""}, {}, None),
        ("type by id", {"volume_type": plain}, {}, None),
        ("type for many servers", {"volume_type": "files-multiattach"}, {}, "3.50"),
        ("image by name", {"imageRef": "cirros"}, {}, None),
        ("image by address", {"imageRef": f"http://127.0.0.1:9292/v2/images/{picture}"}, {}, None),
        ("image_id", {"image_id": picture}, {}, "3.52"),
        ("unknown field, once accepted", {"nothing": 1, "source_replica": NOWHERE}, {}, "3.52"),
        ("hints inside", {"scheduler_hints": {"same_host": NOWHERE}}, {}, None),
        ("hints", {}, {_HINTS: {"local_to_instance": NOWHERE, "query": "[]", "nothing": [1]}}, None),
        ("empty hints", {}, {_HINTS: {}}, "latest"),
        ("null hints", {}, {_HINTS: None}, "latest"),
    )
    for first in range(0, len(wanted), _BATCH):
        there = []
        for note, fields, beside, version in wanted[first : first + _BATCH]:
            body = {"volume": {"size": 1, **fields}, **beside}
            reply = at.volume("POST", "/volumes", body, version=version, note=note)
            if reply.status < 300:
                there.append((note, f"/volumes/{known(at, reply, '/volumes', 'volume', f'volume {note}')}"))
        for note, path in there:
            waited(at, path, "volume", "available")
            at.volume("GET", path, version="latest", note=note)
        gone(at, [path for _, path in there])


def volume_sources(at: Caller) -> None:
    """
    Volumes made of other things, larger ones too, and with the size left out.
    """
    volume = made(at, "/volumes", "volume", {"size": 1, "availability_zone": at.place.zone}, "source")
    snapshot = made(at, "/snapshots", "snapshot", {"volume_id": volume}, "snapshot", quiet=True)
    paths = []
    for note, fields in (
        ("snapshot", {"snapshot_id": snapshot}),
        ("snapshot, larger", {"snapshot_id": snapshot, "size": 2}),
        ("volume", {"source_volid": volume}),
        ("volume, larger", {"source_volid": volume, "size": 2, "metadata": {"a": "b"}}),
        ("volume in its zone", {"source_volid": volume, "availability_zone": at.place.zone}),
        ("image", {"imageRef": image(at), "size": 1}),
    ):
        body = {"volume": {"name": note, **fields}}
        reply = at.volume("POST", "/volumes", body, version="3.47", note=note)
        if reply.status < 300:
            paths.append((note, f"/volumes/{known(at, reply, '/volumes', 'volume', f'of {note}')}"))
    for note, path in paths:
        waited(at, path, "volume", "available")
        at.volume("GET", path, version="latest", note=note)
    bare = "%7B%22container_format%22:%22bare%22%7D"
    at.volume("GET", f"/volumes/detail?sort=name:asc&glance_metadata={bare}", version="3.4")
    at.volume("GET", "/volumes?sort=name:asc&bootable=true", version="3.2")
    at.volume("DELETE", f"/volumes/{volume}", note="with a snapshot")
    at.volume("DELETE", f"/volumes/{volume}?cascade=True", note="with what is of it")
    at.until_gone("volume", f"/volumes/{volume}")
    at.volume("GET", f"/snapshots/{snapshot}", note="gone with its volume")


def volume_refusals(at: Caller) -> None:
    """
    Creates that are refused, or that should be.
    """
    volume = a_volume(at, quiet=True, size=2)
    snapshot = made(at, "/snapshots", "snapshot", {"volume_id": volume}, "snapshot", quiet=True)
    stays = {"volume": volume, "snapshot": snapshot}
    wanted: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("no such snapshot", {"snapshot_id": NOWHERE}, "3.47"),
        ("no such volume", {"source_volid": NOWHERE}, "3.47"),
        ("no such image", {"imageRef": NOWHERE}, "3.47"),
        ("no such image's name", {"imageRef": "nothing"}, "3.47"),
        ("image as a number", {"imageRef": 5}, "3.47"),
        ("no such backup", {"backup_id": NOWHERE}, "3.47"),
        ("backup before its time", {"backup_id": NOWHERE}, "3.46"),
        ("no such zone", {"availability_zone": "nowhere"}, "3.47"),
        ("zone as a number", {"availability_zone": 1}, "3.47"),
        ("empty zone", {"availability_zone": ""}, "3.47"),
        ("no such type", {"volume_type": "nothing"}, "3.47"),
        ("no such type's id", {"volume_type": NOWHERE}, "3.47"),
        ("type as a number", {"volume_type": 1}, "3.47"),
        ("no size", {"size": None}, "3.47"),
        ("size 0", {"size": 0}, "3.47"),
        ("size -1", {"size": -1}, "3.47"),
        ("size x", {"size": "x"}, "3.47"),
        ("size 1.5", {"size": 1.5}, "3.47"),
        ("size true", {"size": True}, "3.47"),
        ("huge size", {"size": 2**31}, "3.47"),
        ("larger than the quota", {"size": 100000}, "3.47"),
        ("smaller than the snapshot", {"size": 1, "snapshot_id": stays["snapshot"]}, "3.47"),
        ("smaller than the volume", {"size": 1, "source_volid": stays["volume"]}, "3.47"),
        ("long name", {"name": "x" * 256}, "3.47"),
        ("name as a number", {"name": 1}, "3.47"),
        ("long description", {"description": "x" * 256}, "3.47"),
        ("metadata as a list", {"metadata": ["a"]}, "3.47"),
        ("metadata with a number", {"metadata": {"a": 1}}, "3.47"),
        ("metadata with a long key", {"metadata": {"a" * 256: "1"}}, "3.47"),
        ("metadata without a key", {"metadata": {"": "1"}}, "3.47"),
        ("multiattach", {"multiattach": True}, "3.47"),
        ("multiattach x", {"multiattach": "x"}, "3.47"),
        ("no such group", {"group_id": NOWHERE}, "3.47"),
        ("group before its time", {"group_id": NOWHERE}, "3.12"),
        ("no such consistency group", {"consistencygroup_id": NOWHERE}, "3.47"),
        ("a field of the future", {"nothing": 1}, "3.53"),
        ("source_replica", {"source_replica": NOWHERE}, "3.53"),
        ("snapshot is no id", {"snapshot_id": "x"}, "3.47"),
        ("volume is no id", {"source_volid": "x"}, "3.47"),
        ("two sources", {"snapshot_id": stays["snapshot"], "source_volid": stays["volume"]}, "3.47"),
        ("two sources, one image", {"imageRef": image(at), "snapshot_id": stays["snapshot"]}, "3.47"),
        ("hints as text", {"scheduler_hints": "x"}, "3.47"),
    )
    for note, fields, version in wanted:
        refused = at.volume("POST", "/volumes", {"volume": {"size": 1, **fields}}, version=version, note=note)
        if refused.status < 300:
            identifier = known(at, refused, "/volumes", "volume", f"volume of {note}")
            waited(at, f"/volumes/{identifier}", "volume", "available", "error")
            gone(at, [f"/volumes/{identifier}"])
    for note, body in (
        ("hints beside, as text", {"volume": {"size": 1}, _HINTS: "x"}),
        ("another key beside", {"volume": {"size": 1}, "nothing": {}}),
        ("no size and no source", {"volume": {"name": "x"}}),
        ("a list", {"volume": [{"size": 1}]}),
    ):
        at.volume("POST", "/volumes", body, note=note)
    at.volume("GET", "/volumes", note="one is left")


def volume_quota(at: Caller) -> None:
    """
    A quota is filled, and what is told of it; a stranger's gets nothing of that.
    """
    number = 10
    volumes = []
    for count in range(number + 1):
        body = {"volume": {"size": 1, "name": f"q{count}", "availability_zone": at.place.zone}}
        reply = at.volume("POST", "/volumes", body, note=str(count), quiet=count < number)
        if reply.status < 300:
            volumes.append(f"/volumes/{known(at, reply, '/volumes', 'volume', f'volume {count}')}")
    for each in volumes:
        waited(at, each, "volume", "available")
    at.volume("GET", "/limits", note="full")
    at.volume("GET", f"/os-quota-sets/{at.account.project_id}?usage=true", note="full")
    acted(at, volumes[0], {"os-extend": {"new_size": 5000}}, note="beyond the quota")
    gone(at, volumes)
