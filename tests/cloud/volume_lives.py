"""
Scenarios of volumes.
"""

from __future__ import annotations

from tests.cloud.caller import Caller
from tests.cloud.making import a_volume
from tests.cloud.volume_making import acted


def volume_life(at: Caller) -> None:
    """
    Create a volume, look at it, change it, and delete it.
    """
    volume = a_volume(at, metadata={"k": "v"}, description="a volume")
    path = f"/volumes/{volume}"
    for version in (None, "3.13", "3.21", "3.44", "3.48", "3.61", "3.63", "3.65", "latest"):
        at.volume("GET", path, version=version, note=version or "")
    at.volume("GET", "/volumes")
    at.volume("GET", "/volumes/detail")
    at.volume("GET", "/volumes/summary", version="3.36")
    for note, change in (
        ("both", {"name": "renamed", "description": "new"}),
        ("older names", {"display_name": "older", "display_description": "ü"}),
        ("nulls", {"name": None, "description": None}),
        ("metadata", {"metadata": {"k": "w"}}),
        ("nothing", {}),
        ("long", {"name": "x" * 256}),
        ("unknown field", {"size": 2}),
    ):
        for version in (None, "3.53"):
            at.volume("PUT", path, {"volume": change}, version=version, note=f"{note} {version or ''}")
    at.volume("PUT", path, {}, note="empty")
    _metadata(at, f"{path}/metadata")
    at.volume("GET", f"{path}/encryption")
    acted(at, path, {"os-extend": {"new_size": 2}}, "available")
    acted(at, path, {"os-extend": {"new_size": 1}}, note="smaller")
    acted(at, path, {"os-extend": {"new_size": 2}}, note="the same")
    acted(at, path, {"os-extend": {"new_size": "x"}}, note="no size")
    acted(at, path, {"os-update_readonly_flag": {"readonly": True}})
    at.volume("GET", path, note="read only")
    acted(at, path, {"os-update_readonly_flag": {"readonly": False}})
    acted(at, path, {"os-set_bootable": {"bootable": True}})
    at.volume("GET", path, note="bootable")
    acted(
        at, path, {"os-retype": {"new_type": "files-multiattach", "migration_policy": "never"}}, "available"
    )
    at.volume("GET", path, version="latest", note="retyped")
    acted(at, path, {"os-retype": {"new_type": "files-multiattach"}}, note="to the same type")
    acted(at, path, {"os-retype": {"new_type": "nothing"}}, note="no such type")
    acted(at, path, {"os-retype": {"new_type": "files", "migration_policy": "on-demand"}}, "available")
    acted(at, path, {"nothing": {}})
    at.volume("DELETE", path)
    at.until_gone("volume", path)
    at.volume("GET", path, note="gone")
    at.volume("DELETE", path, note="gone")
    at.volume("GET", f"{path}/metadata", note="gone")
    acted(at, path, {"os-extend": {"new_size": 2}}, note="gone")


def _metadata(at: Caller, path: str) -> None:
    at.volume("POST", path, {"metadata": {"a": "1"}})
    at.volume("PUT", path, {"metadata": {"b": "ü", "c": ""}})
    at.volume("GET", path)
    at.volume("GET", path, version="3.15", note="3.15")
    at.volume("GET", f"{path}/b")
    at.volume("PUT", f"{path}/b", {"meta": {"b": "3"}})
    at.volume("PUT", f"{path}/b", {"meta": {"other": "3"}}, note="another key")
    at.volume("PUT", f"{path}/b", {"meta": {"b": "3", "c": "4"}}, note="two")
    at.volume("PUT", f"{path}/b", {"meta": {"b": 3}}, note="a number")
    for note, wrong in (
        ("a list", {"metadata": []}),
        ("a number", {"metadata": {"a": 1}}),
        ("null", {"metadata": {"a": None}}),
        ("a long key", {"metadata": {"x" * 256: "1"}}),
        ("a long value", {"metadata": {"a": "x" * 256}}),
        ("no key", {"metadata": {"": "1"}}),
        ("another word", {"meta": {"a": "1"}}),
        ("many", {"metadata": {f"k{number}": "v" for number in range(200)}}),
    ):
        at.volume("POST", path, wrong, note=note)
    at.volume("DELETE", f"{path}/b")
    at.volume("DELETE", f"{path}/b", note="again")
    at.volume("GET", f"{path}/b", note="gone")
    at.volume("PUT", path, {"metadata": {}}, note="none")
    at.volume("GET", path, note="none")
