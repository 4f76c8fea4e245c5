"""
The compute surface: Nova's API v2.1, a row per operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trio2o.model import Kind
from trio2o.surface.compute_shared import SHARED
from trio2o.surface.mapped_ids import SERVER_CREATE, VOLUME_PROXY, MappedIds
from trio2o.surface.operations import Operation

GET = frozenset({"GET"})
POST = frozenset({"POST"})
PUT = frozenset({"PUT"})
DELETE = frozenset({"DELETE"})
EVERY = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_SERVER: dict[str, Any] = {"kind": Kind.SERVER, "single": "server", "plural": "servers"}
_VOLUME: dict[str, Any] = {"kind": Kind.VOLUME, "single": "volume", "plural": "volumes"}
_SNAPSHOT: dict[str, Any] = {"kind": Kind.SNAPSHOT, "single": "snapshot", "plural": "snapshots"}
_SERVER_GROUP: dict[str, Any] = {
    "kind": Kind.SERVER_GROUP,
    "single": "server_group",
    "plural": "server_groups",
}

_HYPERVISORS: dict[str, Any] = {"keys": ("hypervisors",), "integers": ("id", "service.id")}
_HYPERVISOR: dict[str, Any] = {
    "missing": "Hypervisor with ID '{id}' could not be found.",
    "numbers_below": (2, 53),
    "integers": ("hypervisor.id", "hypervisor.service.id"),
}

#: What administrators ask about the machines behind the pods.
_HOSTS: tuple[Operation, ...] = (
    Operation(
        methods=GET,
        path="/os-hypervisors",
        strategy="join",
        options={**_HYPERVISORS, "pages_from": (2, 33)},
    ),
    Operation(
        methods=GET,
        path="/os-hypervisors/detail",
        strategy="join",
        options={**_HYPERVISORS, "pages_from": (2, 33)},
    ),
    Operation(methods=GET, path="/os-hypervisors/{id}/search", strategy="join", options=_HYPERVISORS),
    Operation(methods=GET, path="/os-hypervisors/{id}/servers", strategy="join", options=_HYPERVISORS),
    Operation(methods=GET, path="/os-hypervisors/{id}", strategy="ask", options=_HYPERVISOR),
    Operation(methods=GET, path="/os-hypervisors/{id}/uptime", strategy="ask", options=_HYPERVISOR),
    Operation(
        methods=GET,
        path="/os-hypervisors/statistics",
        strategy="sum",
        options={"key": "hypervisor_statistics"},
    ),
    Operation(
        methods=GET,
        path="/os-services",
        strategy="join",
        options={"keys": ("services",), "integers": ("id",), "zone": "zone"},
    ),
    Operation(methods=PUT, path="/os-services/{id}", strategy="ask", options={"zone_of": "service"}),
    Operation(
        methods=DELETE,
        path="/os-services/{id}",
        strategy="ask",
        options={"missing": "Service {id} not found.", "numbers_below": (2, 53)},
    ),
    Operation(methods=GET, path="/os-hosts", strategy="join", options={"keys": ("hosts",), "zone": "zone"}),
    Operation(methods=GET | PUT, path="/os-hosts/{id}", strategy="ask"),
    Operation(methods=GET, path="/os-hosts/{id}/{action}", strategy="ask"),
    Operation(
        methods=GET,
        path="/os-migrations",
        strategy="join",
        options={
            "keys": ("migrations",),
            "integers": ("id",),
            "pages_from": (2, 59),
            "marker": "uuid",
            "newest_by": "created_at",
        },
    ),
)

#: What is used, added up.
_REPORTS: tuple[Operation, ...] = (
    Operation(
        methods=GET,
        path="/os-instance_usage_audit_log",
        strategy="sum",
        options={"key": "instance_usage_audit_logs", "combine": "audit"},
    ),
    Operation(
        methods=GET,
        path="/os-instance_usage_audit_log/{before}",
        strategy="sum",
        options={"key": "instance_usage_audit_log", "combine": "audit"},
    ),
    Operation(
        methods=GET,
        path="/os-simple-tenant-usage",
        strategy="usage",
        options={"key": "tenant_usages"},
    ),
    Operation(
        methods=GET,
        path="/os-simple-tenant-usage/{project}",
        strategy="usage",
        options={"key": "tenant_usage"},
    ),
)

#: What other services say and ask of Nova.
_SERVICES: tuple[Operation, ...] = (
    Operation(methods=POST, path="/os-server-external-events", strategy="split"),
    Operation(methods=GET, path="/os-console-auth-tokens/{token}", strategy="ask"),
    Operation(
        methods=POST,
        path="/os-assisted-volume-snapshots",
        strategy="schedule",
        **_SNAPSHOT,
        options={"pinned": True, "records": False},
    ),
    # another pod's volume is 400 here
    Operation(
        methods=DELETE,
        path="/os-assisted-volume-snapshots/{id}",
        strategy="ask",
        options={"elsewhere": (400, 404)},
    ),
)


def _proxied(
    path: str, kind: Mapping[str, Any], *, ids: MappedIds | None = None, **options: Any
) -> Iterator[Operation]:
    """
    Cinder's things by Nova's old paths, which end with microversion 2.35. So a 404 ends no route here.
    """
    listed = {"keys": (kind["plural"],), "distinct": "id", "zone": "availabilityZone"}
    yield Operation(methods=GET, path=path, strategy="join", options=listed)
    yield Operation(methods=GET, path=f"{path}/detail", strategy="join", options=listed)
    yield Operation(methods=POST, path=path, strategy="schedule", **kind, options=options, ids=ids)
    yield Operation(
        methods=GET | DELETE, path=f"{path}/{{id}}", strategy="route", **kind, options={"zones": True}
    )


def _elsewhere(path: str, plural: str) -> Iterator[Operation]:
    """
    Neutron's things by Nova's old paths: what is made is made in the project's pod, the rest is where it is.
    """
    yield Operation(methods=GET, path=path, strategy="join", options={"keys": (plural,), "distinct": "id"})
    yield Operation(methods=_WRITES, path=path, strategy="any")
    yield Operation(methods=GET | PUT | DELETE, path=f"{path}/{{id}}", strategy="ask")
    yield Operation(methods=_WRITES - PUT - DELETE, path=f"{path}/{{id}}", strategy="any")


#: What Nova handed on to Cinder and Neutron up to microversion 2.35.
_PROXIES: tuple[Operation, ...] = (
    *_proxied("/os-volumes", _VOLUME, ids=VOLUME_PROXY),
    *_proxied("/os-snapshots", _SNAPSHOT, pinned=True),
    *_elsewhere("/os-security-groups", "security_groups"),
    Operation(methods=POST, path="/os-security-group-rules", strategy="ask"),
    Operation(methods=DELETE, path="/os-security-group-rules/{id}", strategy="ask"),
    *_elsewhere("/os-floating-ips", "floating_ips"),
    Operation(
        methods=GET,
        path="/os-floating-ip-pools",
        strategy="join",
        options={"keys": ("floating_ip_pools",), "distinct": "name"},
    ),
    *_elsewhere("/os-networks", "networks"),
    *_elsewhere("/os-tenant-networks", "networks"),
    # Glance is every pod's
    Operation(methods=GET, path="/images", strategy="any"),
    Operation(methods=GET, path="/images/detail", strategy="any"),
    Operation(methods=EVERY, path="/images/{id}", strategy="any"),
    Operation(methods=EVERY, path="/images/{id}/**", strategy="any"),
    Operation(methods=GET, path="/extensions", strategy="any"),
    Operation(methods=GET, path="/extensions/{alias}", strategy="any"),
)


def _servers(path: str) -> Iterator[Operation]:
    """
    Servers by one of their two paths: Nova takes ``/os-volumes_boot`` for another name of ``/servers``, and
    has nothing but actions below its servers.
    """
    yield Operation(
        methods=GET,
        path=path,
        strategy="merge",
        **_SERVER,
        options={"read": f"{path}/detail", "keep": ("id", "name", "links")},
    )
    yield Operation(methods=POST, path=path, strategy="schedule", **_SERVER, ids=SERVER_CREATE)
    yield Operation(methods=GET, path=f"{path}/detail", strategy="merge", **_SERVER)
    yield Operation(
        methods=frozenset({"GET", "HEAD", "PUT", "DELETE"}),
        path=f"{path}/{{id}}",
        strategy="route",
        **_SERVER,
        options={"zones": True, "itself": True},
    )
    yield Operation(
        methods=POST,
        path=f"{path}/{{id}}/action",
        strategy="route",
        **_SERVER,
        options={"zones": True, "acts": True},
    )


OPERATIONS: tuple[Operation, ...] = (
    *_servers("/servers"),
    *_servers("/os-volumes_boot"),
    # the list of all migrations has them by numbers that are unique
    *(
        Operation(
            methods=EVERY,
            path=f"/servers/{{id}}/migrations/{{migration_id}}{below}",
            strategy="route",
            **_SERVER,
            options={"number": "migration_id"},
        )
        for below in ("", "/action")
    ),
    Operation(methods=EVERY, path="/servers/{id}/**", strategy="route", **_SERVER),
    Operation(
        methods=POST,
        path="/servers/{id}/os-volume_attachments",
        strategy="route",
        **_SERVER,
        options={"mates": (("volumeAttachment", "volumeId", Kind.VOLUME),)},
    ),
    Operation(
        methods=frozenset({"PUT"}),
        path="/servers/{id}/os-volume_attachments/{volume_id}",
        strategy="route",
        **_SERVER,
        options={"mates": (("volumeAttachment", "volumeId", Kind.VOLUME),)},
    ),
    Operation(
        methods=POST,
        path="/servers/{id}/os-interface",
        strategy="route",
        **_SERVER,
        options={
            "mates": (
                ("interfaceAttachment", "port_id", Kind.PORT),
                ("interfaceAttachment", "net_id", Kind.NETWORK),
            )
        },
    ),
    Operation(methods=GET, path="/os-availability-zone", strategy="local", options={"name": "zones"}),
    Operation(
        methods=GET, path="/os-availability-zone/detail", strategy="local", options={"name": "zones_detail"}
    ),
    *SHARED,
    Operation(
        methods=GET,
        path="/os-server-groups",
        strategy="join",
        options={"keys": ("server_groups",), "offset": True},
    ),
    Operation(methods=POST, path="/os-server-groups", strategy="schedule", **_SERVER_GROUP),
    Operation(
        methods=GET | DELETE,
        path="/os-server-groups/{id}",
        strategy="route",
        **_SERVER_GROUP,
        options={"itself": True},
    ),
    *_HOSTS,
    *_REPORTS,
    *_SERVICES,
    *_PROXIES,
    Operation(methods=EVERY, path="/**", strategy="any", options={"default": True}),
)
