"""
Scenarios of volumes that are given to another project, by both of Cinder's paths.
"""

from __future__ import annotations

from functools import partial

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_volume
from tests.cloud.volume_making import acted, by_stranger, gone, made, stranger_has_none

_KEY = "0123456789abcdef"


def transfers_of(path: str, version: str | None) -> partial[None]:
    """
    The scenario by one of the two paths.
    """
    return partial(_transfers, path, version)


def _transfers(path: str, version: str | None, at: Caller) -> None:
    volume = a_volume(at, quiet=True)
    snapshot = made(at, "/snapshots", "snapshot", {"volume_id": volume}, "snapshot", quiet=True)
    for note, fields in (
        ("of no volume", {"volume_id": NOWHERE}),
        ("of no id", {"volume_id": "x"}),
        ("of nothing", {}),
        ("long name", {"volume_id": volume, "name": "x" * 256}),
        ("unknown field", {"volume_id": volume, "nothing": 1}),
    ):
        at.volume("POST", path, {"transfer": fields}, version=version, note=note)
    by_stranger(at, "POST", path, {"transfer": {"volume_id": volume}}, version=version)
    if version is None:
        # the older kind does not take snapshots with it, so there must be none
        at.volume("POST", path, {"transfer": {"volume_id": volume}}, note="with a snapshot")
        gone(at, [f"/snapshots/{snapshot}"])
    reply = at.volume("POST", path, {"transfer": {"volume_id": volume, "name": "t"}}, version=version)
    if reply.status >= 300:
        # told again by a later request: with the pod's answer the comparison has failed already
        return
    transfer = reply.json()["transfer"]
    key = transfer["auth_key"]
    at.normal.know(transfer["id"], "transfer")
    there = f"{path}/{transfer['id']}"
    at.volume("POST", path, {"transfer": {"volume_id": volume}}, version=version, note="twice")
    at.volume("GET", f"/volumes/{volume}", note="awaiting")
    acted(at, f"/volumes/{volume}", {"os-extend": {"new_size": 2}}, note="awaiting")
    at.volume("DELETE", f"/volumes/{volume}", note="awaiting")
    at.volume("GET", there, version=version)
    for query in ("", "?limit=1", f"?marker={NOWHERE}", "?sort=name:asc", "?all_tenants=1", "?offset=1"):
        at.volume("GET", f"{path}{query}", version=version or "latest")
        at.volume("GET", f"{path}/detail{query}", version=version)
    for method in ("GET", "DELETE"):
        by_stranger(at, method, there, version=version)
        at.volume(method, f"{path}/{NOWHERE}", version=version)
    by_stranger(at, "GET", f"{path}/detail", version=version)
    accept = {"accept": {"auth_key": key}}
    by_stranger(at, "GET", f"/volumes/{volume}", note="not yet the stranger's")
    by_stranger(at, "POST", f"{path}/{NOWHERE}/accept", accept, version=version)
    by_stranger(
        at, "POST", f"{there}/accept", {"accept": {"auth_key": _KEY}}, version=version, note="wrong key"
    )
    by_stranger(at, "POST", f"{there}/accept", {"accept": {}}, version=version, note="no key")
    by_stranger(at, "POST", f"{there}/accept", {}, version=version, note="nothing")
    by_stranger(at, "POST", f"{there}/accept", accept, version=version)
    try:
        _given(at, volume, snapshot, there, accept, version)
    finally:
        stranger_has_none(at)


def _given(
    at: Caller, volume: str, snapshot: str, there: str, accept: dict[str, dict[str, str]], version: str | None
) -> None:
    by_stranger(at, "POST", f"{there}/accept", accept, version=version, note="again")
    at.volume("GET", there, version=version, note="accepted")
    by_stranger(at, "GET", f"/volumes/{volume}", note="the stranger's")
    by_stranger(at, "GET", "/volumes/detail", note="the stranger's")
    by_stranger(at, "PUT", f"/volumes/{volume}", {"volume": {"name": "mine"}})
    at.volume("GET", f"/volumes/{volume}", note="given away")
    at.volume("PUT", f"/volumes/{volume}", {"volume": {"name": "mine"}}, note="given away")
    at.volume("DELETE", f"/volumes/{volume}", note="given away")
    at.volume("GET", "/volumes/detail", note="given away")
    if version is not None:
        by_stranger(at, "GET", f"/snapshots/{snapshot}", note="given with its volume")
        at.volume("GET", f"/snapshots/{snapshot}", note="given away")
    by_stranger(at, "DELETE", f"/volumes/{volume}?cascade=true", note="the stranger's")
    stranger_has_none(at)
    by_stranger(at, "GET", f"/volumes/{volume}", note="gone")


def transfer_withdrawn(at: Caller) -> None:
    """
    A transfer is taken back; with and without snapshots.
    """
    volume = a_volume(at, quiet=True)
    path = "/volume-transfers"
    for version, more in (
        ("3.55", {"no_snapshots": True}),
        ("3.57", {"no_snapshots": False}),
        ("latest", {}),
    ):
        fields = {"volume_id": volume, "name": "ü", **more}
        reply = at.volume("POST", path, {"transfer": fields}, version=version, note=version)
        there = f"{path}/{reply.json()['transfer']['id']}"
        at.volume("GET", there, version=version, note=version)
        at.volume("DELETE", there, version=version, note=version)
        at.volume("DELETE", there, version=version, note=f"{version}, again")
        at.volume("GET", f"/volumes/{volume}", note=f"back, {version}")
    at.volume("POST", path, {"transfer": {"volume_id": volume, "no_snapshots": "x"}}, version="3.55")
    at.volume("POST", path, {"transfer": {"volume_id": volume, "no_snapshots": True}}, version="3.54")
    at.volume("GET", path, version="3.54", note="none left")
