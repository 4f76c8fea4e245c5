"""
What a create's body names that lives in a pod (I6).

The fields are those of the Compute API v2.1 and the Block Storage API v3. Only what is well-formed is collected: the pod
says what is wrong with the rest.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from trio2o.model import Kind

_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@frozen
class Reference:
    """
    One thing that a body names.
    """

    kind: Kind
    id: str
    #: Where the body names it: ``server.networks[0].port``.
    path: str


def references(kind: Kind, body: object) -> tuple[Reference, ...]:
    """
    What the body of a create of this kind names, in the order of its fields. Never fails, whatever the body is.
    """
    reader = _READERS.get(kind)
    if reader is None or not isinstance(body, dict):
        return ()
    return tuple(reader(body))


def _of_server(body: dict[str, Any]) -> Iterator[Reference]:
    server = _object(body.get("server"))
    for at, device in _objects(server, "block_device_mapping"):
        yield from _named(
            device,
            f"server.block_device_mapping[{at}]",
            {"volume_id": Kind.VOLUME, "snapshot_id": Kind.SNAPSHOT},
        )
    for at, device in _objects(server, "block_device_mapping_v2"):
        source = _BLOCK_DEVICE_SOURCES.get(_text(device.get("source_type")))
        if source is not None:
            yield from _named(device, f"server.block_device_mapping_v2[{at}]", {"uuid": source})
    for at, network in _objects(server, "networks"):
        yield from _named(network, f"server.networks[{at}]", {"port": Kind.PORT, "uuid": Kind.NETWORK})
    for at, group in _objects(server, "security_groups"):
        # a name is looked up in whatever pod it comes to; only an id is somewhere
        if _UUID.fullmatch(_text(group.get("name"))):
            yield Reference(Kind.SECURITY_GROUP, group["name"], f"server.security_groups[{at}].name")
    for key in ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"):
        yield from _hints(
            body.get(key),
            key,
            {"group": Kind.SERVER_GROUP, "same_host": Kind.SERVER, "different_host": Kind.SERVER},
        )


def _of_volume(body: dict[str, Any]) -> Iterator[Reference]:
    volume = _object(body.get("volume"))
    yield from _named(
        volume,
        "volume",
        {
            "snapshot_id": Kind.SNAPSHOT,
            "source_volid": Kind.VOLUME,
            "source_replica": Kind.VOLUME,
            "backup_id": Kind.BACKUP,
            "group_id": Kind.GROUP,
            "consistencygroup_id": Kind.CONSISTENCY_GROUP,
        },
    )
    kinds = {"same_host": Kind.VOLUME, "different_host": Kind.VOLUME, "local_to_instance": Kind.SERVER}
    yield from _hints(body.get("OS-SCH-HNT:scheduler_hints"), "OS-SCH-HNT:scheduler_hints", kinds)
    yield from _hints(volume.get("scheduler_hints"), "volume.scheduler_hints", kinds)


def _of_backup(body: dict[str, Any]) -> Iterator[Reference]:
    yield from _named(
        _object(body.get("backup")), "backup", {"volume_id": Kind.VOLUME, "snapshot_id": Kind.SNAPSHOT}
    )
    yield from _named(
        _exported(_text(_object(body.get("backup-record")).get("backup_url"))),
        "backup-record.backup_url",
        {"id": Kind.BACKUP, "volume_id": Kind.VOLUME},
    )


def _exported(url: str) -> Mapping[str, Any]:
    """
    What Cinder has put into the ``backup_url`` of an exported backup, base64 and JSON; nothing where it is something else.
    """
    try:
        return _object(json.loads(base64.b64decode(url)))
    except (ValueError, RecursionError):
        return {}


def _plain(kinds: Mapping[str, Mapping[str, Kind]]) -> Callable[[dict[str, Any]], Iterator[Reference]]:
    """
    The reader of bodies whose fields each name one thing, by the key that those stand under.
    """

    def read(body: dict[str, Any]) -> Iterator[Reference]:
        for key, fields in kinds.items():
            yield from _named(_object(body.get(key)), key, fields)

    return read


_BLOCK_DEVICE_SOURCES = {"volume": Kind.VOLUME, "snapshot": Kind.SNAPSHOT}

_READERS: Mapping[Kind, Callable[[dict[str, Any]], Iterator[Reference]]] = {
    Kind.SERVER: _of_server,
    Kind.VOLUME: _of_volume,
    Kind.SNAPSHOT: _plain({"snapshot": {"volume_id": Kind.VOLUME}}),
    Kind.BACKUP: _of_backup,
    Kind.TRANSFER: _plain({"transfer": {"volume_id": Kind.VOLUME}}),
    Kind.ATTACHMENT: _plain({"attachment": {"volume_uuid": Kind.VOLUME, "instance_uuid": Kind.SERVER}}),
    Kind.GROUP: _plain(
        {"create-from-src": {"group_snapshot_id": Kind.GROUP_SNAPSHOT, "source_group_id": Kind.GROUP}}
    ),
    Kind.GROUP_SNAPSHOT: _plain({"group_snapshot": {"group_id": Kind.GROUP}}),
    Kind.CONSISTENCY_GROUP: _plain(
        {
            "consistencygroup-from-src": {
                "cgsnapshot_id": Kind.CONSISTENCY_GROUP_SNAPSHOT,
                "source_cgid": Kind.CONSISTENCY_GROUP,
            }
        }
    ),
    Kind.CONSISTENCY_GROUP_SNAPSHOT: _plain({"cgsnapshot": {"consistencygroup_id": Kind.CONSISTENCY_GROUP}}),
}


def _named(holder: Mapping[str, Any], path: str, kinds: Mapping[str, Kind]) -> Iterator[Reference]:
    for key, kind in kinds.items():
        if _text(holder.get(key)):
            yield Reference(kind, holder[key], f"{path}.{key}")


def _hints(hints: object, path: str, kinds: Mapping[str, Kind]) -> Iterator[Reference]:
    """
    Hints take one id or a list of ids.
    """
    for key, kind in kinds.items():
        value = _object(hints).get(key)
        if isinstance(value, str) and value:
            yield Reference(kind, value, f"{path}.{key}")
        elif isinstance(value, list):
            for at, item in enumerate(value):
                if isinstance(item, str) and item:
                    yield Reference(kind, item, f"{path}.{key}[{at}]")


def _objects(holder: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    value = holder.get(key)
    for at, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield at, item


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
