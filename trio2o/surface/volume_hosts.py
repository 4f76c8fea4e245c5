"""
The volume surface's rows for administrators: the machines behind the pods, and what lies in their storage.
"""

from __future__ import annotations

from collections.abc import Iterator

from trio2o.surface.compute import GET, POST
from trio2o.surface.mapped_ids import A_VOLUME, POOLS
from trio2o.surface.operations import Operation
from trio2o.surface.volume_rows import PUT, SNAPSHOT, VOLUME, create


def _managed(path: str) -> Iterator[Operation]:
    """
    What lies in the storage of one pod's host and is not Cinder's yet, or from now on.
    """
    elsewhere = {"elsewhere": (400, 404)}
    yield Operation(methods=GET, path=path, strategy="ask", options=elsewhere)
    yield Operation(methods=GET, path=f"{path}/detail", strategy="ask", options=elsewhere)


#: What administrators see of the machines behind the pods.
HOSTS = (
    Operation(
        methods=GET, path="/os-services", strategy="join", options={"keys": ("services",), "zone": "zone"}
    ),
    Operation(methods=PUT, path="/os-services/{action}", strategy="ask", options={"elsewhere": (400, 404)}),
    Operation(methods=PUT, path="/os-services/get-log", strategy="every", options={"keys": ("log_levels",)}),
    Operation(methods=PUT, path="/os-services/set-log", strategy="every"),
    Operation(
        methods=POST,
        path="/workers/cleanup",
        strategy="every",
        options={"keys": ("cleaning", "unavailable"), "elsewhere": (400,)},
    ),
    Operation(methods=GET, path="/os-hosts", strategy="join", options={"keys": ("hosts",), "zone": "zone"}),
    Operation(methods=GET | PUT, path="/os-hosts/{id}", strategy="ask"),
    Operation(
        methods=GET,
        path="/scheduler-stats/get_pools",
        strategy="join",
        options={"keys": ("pools",)},
        ids=POOLS,
    ),
    Operation(methods=GET, path="/capabilities/{id}", strategy="ask"),
    Operation(methods=GET, path="/clusters", strategy="join", options={"keys": ("clusters",)}),
    Operation(methods=GET, path="/clusters/detail", strategy="join", options={"keys": ("clusters",)}),
    Operation(methods=GET, path="/clusters/{id}", strategy="ask"),
    Operation(methods=PUT, path="/clusters/{action}", strategy="ask", options={"elsewhere": (400, 404)}),
    *_managed("/manageable_volumes"),
    *_managed("/manageable_snapshots"),
    *_managed("/os-volume-manage"),
    *_managed("/os-snapshot-manage"),
    *(
        Operation(
            methods=POST,
            path=path,
            strategy="follow",
            **VOLUME,
            options={"by": "ask", "then": "made", "elsewhere": (400, 404), "zoned": "volume"},
            ids=A_VOLUME,
        )
        for path in ("/manageable_volumes", "/os-volume-manage")
    ),
    create("/manageable_snapshots", SNAPSHOT),
    create("/os-snapshot-manage", SNAPSHOT),
)
