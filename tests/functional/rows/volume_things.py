"""
Cases of the volume surface: volumes, snapshots, backups, attachments, transfers and messages.
"""

from __future__ import annotations

from functools import partial

from attrs import evolve

from tests.functional.cloud import NOTHING
from tests.functional.rows.case import BROKEN, DOWN, PRIVATE, SILENT, Ask, Case, Scene, Step, Told
from tests.functional.rows.making import (
    a_backup,
    a_message,
    a_server,
    a_snapshot,
    a_transfer,
    a_volume,
    an_attachment,
    in_each,
    server,
    volume,
)
from tests.functional.rows.patterns import held, listed, unsaid
from tests.functional.rows.volume_patterns import forced, known, made, more, of_one

_held, _listed = partial(held, "volume"), partial(listed, "volume")

_ELSEWHERE = Told(status=400, shows=("in different parts of the cloud",))
_ATTACHMENTS, _TRANSFERS, _MESSAGES = "3.27", "3.55", "3.5"


async def _volume_and_servers(scene: Scene) -> None:
    """
    A volume in Pod2, servers in Pod2 and Pod3.
    """
    await volume(scene)
    await server(scene)
    scene.things["near"] = scene.things["server"]
    scene.things["far"] = await a_server(scene, "Pod3")


async def _backup_and_volume(scene: Scene) -> None:
    """
    A backup in Pod2 that the gateway knows, and a volume in Pod3.
    """
    await _BACKUP(scene)
    scene.things["far"] = await a_volume(scene, "Pod3")


async def _record(scene: Scene) -> None:
    """
    The record of a backup, as an admin exports it.
    """
    backup = await a_backup(scene, "Pod2")
    told = await scene.at_pod("Pod2", "GET", f"/backups/{backup}/export_record")
    scene.things["url"] = told["backup-record"]["backup_url"]
    scene.things["service"] = told["backup-record"]["backup_service"]
    await scene.at_pod("Pod2", "DELETE", f"/backups/{backup}")


async def _offered(scene: Scene) -> None:
    """
    A transfer in Pod2 that somebody else offers, ``{transfer}``, and its key.
    """
    (donor,) = scene.cloud.projects(1)
    theirs = evolve(scene, owner=donor)
    scene.things["transfer"] = await a_transfer(theirs, "Pod2")
    scene.things["key"] = theirs.things["key"]


_VOLUME = volume
_SNAPSHOT = known("snapshot", a_snapshot, "/snapshots", None)
_BACKUP = known("backup", a_backup, "/backups", None)
_ATTACHMENT = known("attachment", an_attachment, "/attachments", _ATTACHMENTS)
_MESSAGE = known("message", a_message, "/messages", _MESSAGES)

_IN_ZONE = {"volume": {"name": PRIVATE, "size": 1, "availability_zone": "az2"}}
_NEW_NAME = {"name": "new"}


def _transfers(path: str, version: str | None) -> tuple[Case, ...]:
    """
    Transfers by one of their two paths.
    """
    make = known("transfer", a_transfer, path, version)
    accepted = {"accept": {"auth_key": "{key}"}}
    return (
        _listed(f"GET {path}", path, make=in_each(a_transfer), version=version, got=f"GET {path}/detail"),
        _listed(f"GET {path}/detail", f"{path}/detail", make=in_each(a_transfer), version=version),
        made(
            f"POST {path}",
            path,
            {"transfer": {"volume_id": "{volume}", "name": PRIVATE}},
            make=_VOLUME,
            version=version,
            values={"transfer.volume_id": "{volume}"},
        ),
        *of_one(path, "transfer", make, version=version),
        Case(
            surface="volume",
            row=f"POST {path}/{{id}}/accept",
            make=_offered,
            steps=(
                Step(
                    ask=Ask(
                        method="POST", path=f"{path}/{{transfer}}/accept", body=accepted, version=version
                    ),
                    told=Told(status=202, values={"transfer.id": "{transfer}"}),
                    got=dict.fromkeys(("Pod1", "Pod2"), (f"POST {path}/{{transfer}}/accept",)),
                    # nobody shows it to whom it is offered; afterwards it is asked what came with it
                    beside=("GET /os-volume-transfer/*", "GET /volumes/*", "GET /snapshots/*"),
                ),
            ),
            # whoever has no key
            stranger=Told(status=400, shows=("auth key",)),
            strange=Ask(
                method="POST",
                path=f"{path}/{{transfer}}/accept",
                body={"accept": {"auth_key": "guessed"}},
                version=version,
            ),
            fails="Pod2",
            faults={DOWN: Told(status=503)},
        ),
    )


CASES: tuple[Case, ...] = (
    _listed("GET /volumes", "/volumes", make=in_each(a_volume), got="GET /volumes/detail"),
    Case(
        surface="volume",
        row="POST /volumes",
        steps=(
            Step(
                ask=Ask(method="POST", path="/volumes", body=_IN_ZONE),
                told=Told(status=202, values={"volume.availability_zone": "az2"}),
                got={"Pod3": ("POST /volumes",)},
                # whose quota it takes of
                beside=("GET /types/default",),
            ),
        ),
        stranger=Told(status=202),
        strange=Ask(method="POST", path="/volumes", body={"volume": {"size": 1}}),
        fails="Pod3",
        faults={DOWN: Told(status=503), BROKEN: Told(status=500), SILENT: Told(status=504)},
    ),
    _listed("GET /volumes/detail", "/volumes/detail", make=in_each(a_volume)),
    _listed(
        "GET /volumes/summary",
        "/volumes/summary",
        version="3.12",
        make=in_each(a_volume),
        shows=(),
        values={"volume-summary.total_count": 3},
        left=('"total_count":2',),
        gone=(),
        stranger=Told(status=200, values={"volume-summary.total_count": 0}),
    ),
    *of_one("/volumes", "volume", _VOLUME, below="metadata", put={"volume": _NEW_NAME}),
    _held(
        "POST /volumes/{id}/action",
        "POST",
        "/volumes/{volume}/action",
        body={"os-attach": {"instance_uuid": "{near}", "mountpoint": "/dev/vdb"}},
        make=_volume_and_servers,
        status=202,
        beside=("nova: GET /servers/*",),
        also=(
            more(
                "POST",
                "/volumes/{volume}/action",
                400,
                {},
                body={"os-attach": {"instance_uuid": "{far}", "mountpoint": "/dev/vdb"}},
                shows=_ELSEWHERE.shows,
                beside=("nova: GET /servers/*",),
            ),
        ),
    ),
    _listed("GET /snapshots", "/snapshots", make=in_each(a_snapshot)),
    made(
        "POST /snapshots",
        "/snapshots",
        {"snapshot": {"volume_id": "{volume}", "name": PRIVATE}},
        make=_VOLUME,
        values={"snapshot.volume_id": "{volume}"},
    ),
    _listed("GET /snapshots/detail", "/snapshots/detail", make=in_each(a_snapshot)),
    *of_one("/snapshots", "snapshot", _SNAPSHOT, below="metadata", put={"snapshot": _NEW_NAME}),
    forced("/snapshots", "snapshot", _SNAPSHOT),
    _listed("GET /backups", "/backups", make=in_each(a_backup), got="GET /backups/detail"),
    _listed("GET /backups/detail", "/backups/detail", make=in_each(a_backup)),
    made(
        "POST /backups",
        "/backups",
        {"backup": {"volume_id": "{volume}", "name": PRIVATE}},
        make=_VOLUME,
        values={"backup.name": PRIVATE},
    ),
    _held(
        "POST /backups/import_record",
        "POST",
        "/backups/import_record",
        body={"backup-record": {"backup_service": "{service}", "backup_url": "{url}"}},
        make=_record,
        admin=True,
        stranger=403,
        status=201,
        shows=(PRIVATE,),
        # the record names its volume, and a pod that does not say may have it
        beside=("GET /backups/*", "GET /volumes/*", "GET /types/default"),
        faults=unsaid(),
    ),
    *of_one("/backups", "backup", _BACKUP, below="export_record", below_admin=True),
    forced("/backups", "backup", _BACKUP),
    _held(
        "POST /backups/{id}/restore",
        "POST",
        "/backups/{backup}/restore",
        body={"restore": {}},
        make=_backup_and_volume,
        status=202,
        # how large a volume it makes, and that volume
        beside=("GET /backups/*", "GET /volumes/*", "GET /types/default"),
        also=(
            more(
                "POST",
                "/backups/{backup}/restore",
                400,
                {},
                body={"restore": {"volume_id": "{far}"}},
                shows=_ELSEWHERE.shows,
                beside=("GET /volumes/*",),
            ),
        ),
    ),
    _listed(
        "GET /attachments",
        "/attachments",
        make=in_each(an_attachment),
        version=_ATTACHMENTS,
    ),
    _listed(
        "GET /attachments/detail", "/attachments/detail", make=in_each(an_attachment), version=_ATTACHMENTS
    ),
    made(
        "POST /attachments",
        "/attachments",
        {"attachment": {"volume_uuid": "{volume}", "instance_uuid": NOTHING}},
        make=_VOLUME,
        version=_ATTACHMENTS,
        status=200,
        values={"attachment.volume_id": "{volume}"},
        beside=("GET /volumes/*", "nova: GET /servers/*"),
    ),
    *of_one(
        "/attachments",
        "attachment",
        _ATTACHMENT,
        version=_ATTACHMENTS,
        shown="{attachment}",
        deleted=200,
        put={"attachment": {"connector": {"host": "here"}}},
    ),
    *_transfers("/volume-transfers", _TRANSFERS),
    *_transfers("/os-volume-transfer", None),
    _listed("GET /messages", "/messages", make=in_each(a_message), version=_MESSAGES),
    *of_one("/messages", "message", _MESSAGE, version=_MESSAGES, shown="{message}", deleted=204),
)
