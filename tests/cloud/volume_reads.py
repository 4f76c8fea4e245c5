"""
Scenarios of what users read of Block Storage, and of what is the administrator's alone.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_volume
from tests.cloud.volume_making import by_stranger, volume_type


def volume_catalog(at: Caller) -> None:
    """
    Types, quotas, limits, filters, extensions.
    """
    a_volume(at, quiet=True)
    plain, many = volume_type(at, "files"), volume_type(at, "files-multiattach")
    own, other = at.account.project_id, at.stranger.project_id
    for path in (
        "/types",
        "/types?limit=1",
        f"/types?limit=1&marker={many}",
        f"/types?marker={NOWHERE}",
        "/types?sort=name:asc",
        "/types?sort=nothing",
        "/types?is_public=true",
        "/types?is_public=x",
        "/types?name=files",
        "/types?extra_specs=%7B%22multiattach%22:%22%3Cis%3E%20True%22%7D",
        "/types?offset=1",
        f"/types/{plain}",
        f"/types/{many}",
        "/types/default",
        "/types/files",
        f"/types/{many}/extra_specs",
        f"/types/{many}/extra_specs/multiattach",
        f"/types/{plain}/extra_specs/nothing",
        f"/types/{NOWHERE}/extra_specs",
        f"/types/{plain}/encryption",
        f"/types/{plain}/encryption/cipher",
        f"/types/{plain}/os-volume-type-access",
        "/qos-specs",
        f"/qos-specs/{NOWHERE}",
        f"/qos-specs/{NOWHERE}/associations",
        "/group_types",
        "/group_types/default",
        f"/group_types/{NOWHERE}",
        "/limits",
        f"/limits?project_id={other}",
        f"/os-quota-sets/{own}",
        f"/os-quota-sets/{own}?usage=true",
        f"/os-quota-sets/{own}?usage=x",
        f"/os-quota-sets/{own}/defaults",
        f"/os-quota-sets/{own}/nothing",
        f"/os-quota-sets/{other}",
        f"/os-quota-sets/{other}?usage=true",
        f"/os-quota-sets/{other}/defaults",
        "/os-quota-class-sets/default",
        "/os-quota-class-sets/nothing",
        "/extensions",
        "/extensions/os-vol-mig-status-attr",
        "/extensions/nothing",
        "/resource_filters",
        "/resource_filters?resource=volume",
        "/resource_filters?resource=nothing",
    ):
        at.volume("GET", path)
        at.volume("GET", path, version="latest", note="latest")
    for version in ("3.10", "3.11", "3.32", "3.33", "3.51", "3.52", "3.62", "3.63"):
        for path in ("/types", "/group_types", "/resource_filters?resource=backup", "/default-types"):
            at.volume("GET", path, version=version, note=version)


def volume_administration(at: Caller) -> None:
    """
    What an ordinary user may not do, or what is no more.
    """
    volume = a_volume(at, quiet=True)
    plain = volume_type(at, "files")
    own = at.account.project_id
    wanted: tuple[tuple[str, str, Any, str | None], ...] = (
        ("POST", "/types", {"volume_type": {"name": "x"}}, None),
        ("PUT", f"/types/{plain}", {"volume_type": {"name": "x"}}, None),
        ("DELETE", f"/types/{plain}", None, None),
        ("POST", f"/types/{plain}/action", {"addProjectAccess": {"project": own}}, None),
        ("POST", f"/types/{plain}/action", {"nothing": {}}, None),
        ("POST", f"/types/{plain}/extra_specs", {"extra_specs": {"a": "b"}}, None),
        ("PUT", f"/types/{plain}/extra_specs/a", {"a": "b"}, None),
        ("DELETE", f"/types/{plain}/extra_specs/a", None, None),
        ("POST", f"/types/{plain}/encryption", {"encryption": {"provider": "luks"}}, None),
        ("DELETE", f"/types/{plain}/encryption/x", None, None),
        ("POST", "/qos-specs", {"qos_specs": {"name": "x"}}, None),
        ("PUT", f"/qos-specs/{NOWHERE}", {"qos_specs": {"a": "b"}}, None),
        ("DELETE", f"/qos-specs/{NOWHERE}", None, None),
        ("GET", f"/qos-specs/{NOWHERE}/associate?vol_type_id={plain}", None, None),
        ("PUT", f"/os-quota-sets/{own}", {"quota_set": {"volumes": 1}}, None),
        ("DELETE", f"/os-quota-sets/{own}", None, None),
        ("PUT", "/os-quota-class-sets/default", {"quota_class_set": {"volumes": 1}}, None),
        ("GET", "/os-services", None, None),
        ("GET", "/os-services?binary=cinder-volume", None, "latest"),
        ("PUT", "/os-services/enable", {"host": "h", "binary": "cinder-volume"}, None),
        ("PUT", "/os-services/disable", {"host": "h", "binary": "cinder-volume"}, None),
        ("PUT", "/os-services/freeze", {"host": "h"}, "3.26"),
        ("PUT", "/os-services/failover_host", {"host": "h"}, None),
        ("PUT", "/os-services/failover", {"host": "h"}, "3.26"),
        ("PUT", "/os-services/get-log", {}, "3.32"),
        ("PUT", "/os-services/nothing", {}, None),
        ("GET", "/scheduler-stats/get_pools", None, None),
        ("GET", "/scheduler-stats/get_pools?detail=true", None, "latest"),
        ("GET", "/capabilities/h@files", None, None),
        ("GET", "/os-hosts", None, None),
        ("GET", "/os-hosts/h", None, None),
        ("PUT", "/os-hosts/h", {"status": "disable"}, None),
        ("GET", "/clusters", None, "3.7"),
        ("GET", "/clusters/detail", None, "3.7"),
        ("GET", "/clusters/x", None, "3.7"),
        ("GET", "/clusters", None, "3.6"),
        ("GET", "/manageable_volumes?host=h", None, "3.8"),
        ("GET", "/manageable_volumes/detail?host=h", None, "3.8"),
        ("POST", "/manageable_volumes", {"volume": {"host": "h", "ref": {"source-name": "x"}}}, "3.8"),
        ("GET", "/manageable_snapshots?host=h", None, "3.8"),
        ("POST", "/manageable_snapshots", {"snapshot": {"volume_id": volume, "ref": {"a": "b"}}}, "3.8"),
        ("GET", "/os-volume-manage?host=h", None, None),
        ("POST", "/os-volume-manage", {"volume": {"host": "h", "ref": {"source-name": "x"}}}, None),
        ("POST", "/os-snapshot-manage", {"snapshot": {"volume_id": volume, "ref": {"a": "b"}}}, None),
        ("POST", "/workers/cleanup", {}, "3.24"),
        ("POST", "/workers/cleanup", {}, "3.23"),
        ("GET", "/workers", None, "3.24"),
        ("GET", "/default-types", None, "3.62"),
        ("GET", f"/default-types/{own}", None, "3.62"),
        ("PUT", f"/default-types/{own}", {"default_type": {"volume_type": "files"}}, "3.62"),
        ("DELETE", f"/default-types/{own}", None, "3.62"),
        ("GET", "/consistencygroups/detail", None, None),
        ("POST", "/consistencygroups", {"consistencygroup": {"volume_types": "files", "name": "x"}}, None),
        ("POST", "/consistencygroups/create_from_src", {"consistencygroup-from-src": {}}, None),
        ("GET", f"/consistencygroups/{NOWHERE}", None, None),
        ("POST", f"/consistencygroups/{NOWHERE}/delete", {"consistencygroup": {"force": True}}, None),
        ("GET", "/cgsnapshots/detail", None, None),
        ("POST", "/cgsnapshots", {"cgsnapshot": {"consistencygroup_id": NOWHERE}}, None),
        ("GET", f"/cgsnapshots/{NOWHERE}", None, None),
        ("GET", "/os-volume-replication", None, None),
        ("GET", "/snapshots/detail?all_tenants=1", None, None),
        ("GET", "/volumes/detail?all_tenants=1", None, None),
        ("DELETE", f"/volumes/{volume}?force=true", None, "3.23"),
        ("GET", f"/volumes/{volume}/encryption", None, None),
        ("GET", f"/volumes/{volume}/encryption/cipher", None, None),
        ("GET", f"/volumes/{volume}/nothing", None, None),
    )
    for method, path, body, version in wanted:
        at.volume(method, path, body, version=version, note=version or "")


def volume_urls(at: Caller) -> None:
    """
    The same with the project's id in the URL, without, and with a wrong one.
    """
    volume = a_volume(at, quiet=True)
    own, other = at.account.project_id, at.stranger.project_id
    spellings = (
        ("with", f"/v3/{own}"),
        ("without", "/v3"),
        ("a stranger's", f"/v3/{other}"),
        ("unknown", "/v3/" + "0" * 32),
        ("with dashes", f"/v3/{NOWHERE}"),
    )
    for note, prefix in spellings:
        for path in (
            "/volumes",
            "/volumes/detail?limit=1",
            f"/volumes/{volume}",
            f"/volumes/{volume}/metadata",
            "/snapshots/detail",
            "/backups",
            "/types",
            "/types/default",
            "/limits",
            "/os-availability-zone",
            f"/os-quota-sets/{own}",
            "/attachments",
            "/nothing",
        ):
            at.call("volume", "GET", f"{prefix}{path}", bare=True, version="3.67", note=note)
        at.call(
            "volume", "PUT", f"{prefix}/volumes/{volume}", {"volume": {"name": note}}, bare=True, note=note
        )
        body = {"os-set_bootable": {"bootable": True}}
        at.call("volume", "POST", f"{prefix}/volumes/{volume}/action", body, bare=True, note=note)
        wanted = {"snapshot": {"volume_id": volume, "name": note}}
        reply = at.call("volume", "POST", f"{prefix}/snapshots", wanted, bare=True, note=note)
        if reply.status < 300:
            snapshot = reply.json()["snapshot"]["id"]
            at.normal.know(snapshot, f"snapshot {note}")
            at.afterwards("volume", f"/snapshots/{snapshot}")
            at.until("volume", f"/snapshots/{snapshot}", "snapshot", "available")
    for version in ("3.0", "3.66"):
        at.call("volume", "GET", f"/v3/volumes/{volume}", bare=True, version=version, note=version)
    by_stranger(at, "GET", f"/volumes/{volume}")
