"""
Cases of the volume surface: what administrators do to the machines, quotas and types, and all that no row names.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from tests.functional.rows.case import BROKEN, DOWN, PRIVATE, SILENT, Ask, Case, Scene, Step, Told, nothing
from tests.functional.rows.making import PODS, a_volume, in_each, volume
from tests.functional.rows.patterns import anywhere, asked, held, listed, routed, went

_anywhere, _asked = partial(anywhere, "volume"), partial(asked, "volume", admin=True)
_held, _listed = partial(held, "volume"), partial(listed, "volume")

_HOSTS = ("pod1-storage", "pod2-storage", "pod3-storage")
_hosts = partial(
    _listed, admin=True, shows=_HOSTS, left=("pod1-storage", "pod3-storage"), gone=("pod2-storage",)
)
_HOST = "pod2-storage@files#files"
_CLUSTERS, _CLEANUP, _LOGS = "3.7", "3.24", "3.32"


async def _clusters(scene: Scene) -> None:
    """
    A cluster in each pod.
    """
    for pod in PODS:
        shelf: Any = scene.cloud.pod(pod).fake.state.volumes
        shelf.store.clusters[:] = [f"{pod.lower()}-storage-cluster"]


def _everywhere(
    row: str,
    method: str,
    path: str,
    told: Told,
    *,
    body: Any = None,
    version: str | None = None,
    also: tuple[Step, ...] = (),
    beside: tuple[str, ...] = (),
    faults: Mapping[str, Told] | None = None,
) -> Case:
    """
    What is done in all pods, one after the other; one that fails says so, where nothing else is said.
    """
    return Case(
        surface="volume",
        row=row,
        admin=True,
        steps=(
            Step(
                ask=Ask(method=method, path=path, body=body, version=version),
                told=told,
                got=went(PODS, f"{method} {path}"),
                beside=beside,
            ),
            *also,
        ),
        stranger=Told(status=403),
        fails="Pod2",
        faults=routed() if faults is None else faults,
    )


def _unmanaged(path: str, kind: str, version: str | None) -> tuple[Case, ...]:
    """
    What lies in Pod2's storage, by its host.
    """
    query = f"?host={quote(_HOST, safe='')}"
    return (
        _asked(f"GET {path}", "GET", f"{path}{query}", version=version, shows=(f"pod2-{kind}",)),
        _asked(
            f"GET {path}/detail",
            "GET",
            f"{path}/detail{query}",
            version=version,
            shows=(f"pod2-{kind}", "reason_not_safe"),
        ),
    )


def _taken_over(path: str, version: str | None) -> Case:
    """
    A volume that becomes Cinder's: the gateway knows it from then on, so that nobody but its pod is asked for it.
    """
    wanted = {"host": _HOST, "ref": {"source-name": "pod2-volume"}, "name": PRIVATE}
    return _asked(
        f"POST {path}",
        "POST",
        path,
        body={"volume": wanted},
        version=version,
        status=202,
        values={"volume.name": PRIVATE},
    )


def _snapshot_taken_over(path: str, version: str | None) -> Case:
    wanted = {"volume_id": "{volume}", "ref": {"source-name": "pod2-snapshot"}, "name": PRIVATE}
    return _held(
        f"POST {path}",
        "POST",
        path,
        body={"snapshot": wanted},
        version=version,
        make=volume,
        admin=True,
        stranger=403,
        status=202,
        values={"snapshot.volume_id": "{volume}"},
        beside=("GET /volumes/*",),
    )


_SERVICE = {"binary": "cinder-volume", "host": "pod2-storage@files"}
_CLUSTER = {"name": "pod2-storage-cluster"}
_ZONES = Told(status=200, shows=('"az1"', '"az2"'), hides=('"nova"',))

#: A pod that is away is given a quota by a job.
_BY_A_JOB = dict.fromkeys((DOWN, BROKEN, SILENT), Told(status=200))

CASES: tuple[Case, ...] = (
    _hosts("GET /os-services", "/os-services"),
    _asked(
        "PUT /os-services/{action}",
        "PUT",
        "/os-services/disable",
        body=_SERVICE,
        values={"host": "pod2-storage@files", "status": "disabled"},
    ),
    _everywhere(
        "PUT /os-services/get-log",
        "PUT",
        "/os-services/get-log",
        Told(status=200, shows=_HOSTS),
        body={"binary": "*"},
        version=_LOGS,
    ),
    _everywhere(
        "PUT /os-services/set-log",
        "PUT",
        "/os-services/set-log",
        Told(status=202),
        body={"binary": "*", "level": "DEBUG"},
        version=_LOGS,
    ),
    _everywhere(
        "POST /workers/cleanup",
        "POST",
        "/workers/cleanup",
        Told(status=202, shows=_HOSTS),
        body={},
        version=_CLEANUP,
    ),
    _hosts("GET /os-hosts", "/os-hosts"),
    _asked(
        "GET,PUT /os-hosts/{id}",
        "GET",
        "/os-hosts/pod2-storage@files",
        shows=("pod2-storage",),
        also=(
            Step(
                ask=Ask(method="PUT", path="/os-hosts/pod2-storage@files", body={"status": "enable"}),
                told=Told(status=200, values={"status": "enabled"}),
                got=went(PODS[:2], "PUT /os-hosts/pod2-storage@files"),
            ),
        ),
    ),
    _hosts("GET /scheduler-stats/get_pools", "/scheduler-stats/get_pools"),
    _asked(
        "GET /capabilities/{id}",
        "GET",
        "/capabilities/pod2-storage@files",
        values={"namespace": "OS::Storage::Capabilities::pod2-storage@files"},
    ),
    _hosts("GET /clusters", "/clusters", make=_clusters, version=_CLUSTERS),
    _hosts("GET /clusters/detail", "/clusters/detail", make=_clusters, version=_CLUSTERS),
    _asked(
        "GET /clusters/{id}",
        "GET",
        "/clusters/pod2-storage-cluster",
        make=_clusters,
        version=_CLUSTERS,
        values={"cluster.name": "pod2-storage-cluster"},
    ),
    _asked(
        "PUT /clusters/{action}",
        "PUT",
        "/clusters/disable",
        body=_CLUSTER,
        make=_clusters,
        version=_CLUSTERS,
        values={"cluster.status": "disabled"},
    ),
    *_unmanaged("/manageable_volumes", "volume", "3.8"),
    *_unmanaged("/manageable_snapshots", "snapshot", "3.8"),
    *_unmanaged("/os-volume-manage", "volume", None),
    *_unmanaged("/os-snapshot-manage", "snapshot", None),
    _taken_over("/manageable_volumes", "3.8"),
    _taken_over("/os-volume-manage", None),
    _snapshot_taken_over("/manageable_snapshots", "3.8"),
    _snapshot_taken_over("/os-snapshot-manage", None),
    Case(
        surface="volume",
        row="GET /os-availability-zone",
        steps=(Step(ask=Ask(method="GET", path="/os-availability-zone"), told=_ZONES, got={}),),
        stranger=_ZONES,
        fails="Pod2",
        faults=dict.fromkeys((DOWN, BROKEN, SILENT), _ZONES),
    ),
    _listed(
        "GET /limits",
        "/limits",
        make=in_each(a_volume),
        shows=(),
        values={"limits.absolute.totalVolumesUsed": 3},
        left=('"totalVolumesUsed":2',),
        gone=(),
        stranger=Told(status=200, values={"limits.absolute.totalVolumesUsed": 0}),
    ),
    _listed(
        "GET /os-quota-sets/{id}",
        "/os-quota-sets/{project_id}?usage=true",
        make=in_each(a_volume),
        shows=(),
        values={"quota_set.volumes.in_use": 3},
        left=('"in_use":2',),
        gone=(),
        got="GET /os-quota-sets/{project_id}",
        stranger=Told(status=403),
    ),
    _listed(
        "GET /os-quota-sets/{id}/defaults",
        "/os-quota-sets/{project_id}/defaults",
        make=nothing,
        shows=("volumes",),
        left=("volumes",),
        gone=(),
        stranger=Told(status=403),
    ),
    _everywhere(
        "DELETE,PUT /os-quota-sets/{id}",
        "PUT",
        "/os-quota-sets/{project_id}",
        Told(status=200, values={"quota_set.volumes": 7}),
        body={"quota_set": {"volumes": 7}},
        beside=("GET /os-quota-sets/*",),
        faults=_BY_A_JOB,
        also=(
            Step(
                ask=Ask(method="DELETE", path="/os-quota-sets/{project_id}"),
                told=Told(status=200),
                got=went(PODS, "DELETE /os-quota-sets/{project_id}"),
            ),
        ),
    ),
    _listed(
        "GET /os-quota-class-sets/{id}",
        "/os-quota-class-sets/default",
        make=nothing,
        shows=("volumes",),
        left=("volumes",),
        gone=(),
        admin=True,
        stranger=Told(status=403),
    ),
    _everywhere(
        "PUT /os-quota-class-sets/{id}",
        "PUT",
        "/os-quota-class-sets/default",
        Told(status=200, values={"quota_class_set.volumes": 9}),
        body={"quota_class_set": {"volumes": 9}},
        faults=_BY_A_JOB,
    ),
    _anywhere("EVERY /extensions", "/extensions", shows=("os-admin-actions",)),
    _anywhere("EVERY /extensions/{id}", "/extensions/backups", shows=("backups",)),
    _anywhere("EVERY /resource_filters", "/resource_filters", version="3.33", shows=("resource_filters",)),
    _anywhere("EVERY /**", "/os-nothing", status=404, make=nothing, by_name=False),
)
