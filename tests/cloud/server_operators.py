"""
Scenarios of an administrator: what is in every project, hypervisors, services, migrations, events, reports.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_server, act, administrator


def administration(at: Caller) -> None:
    """
    An administrator at work on a server of the last zone, which is in the other pod where there are two.
    """
    admin = administrator()
    server = a_server(at, "watched", quiet=True, availability_zone=at.place.zones[-1])
    path = f"/servers/{server}"
    own = f"all_tenants=1&project_id={at.account.project_id}"
    found = at.compute("GET", path, token=admin, version="2.96", quiet=True).json()["server"]
    host, node = found["OS-EXT-SRV-ATTR:host"], found["OS-EXT-SRV-ATTR:hypervisor_hostname"]

    def get(wanted: str, version: str | None = None, note: str = "") -> Any:
        label = ", ".join(each for each in (note, version) if each)
        return at.compute("GET", wanted, token=admin, version=version, note=label)

    for version in (None, "2.3", "2.16", "2.96"):
        get(path, version)
    for query in (
        own,
        f"{own}&host={host}",
        f"{own}&host=nothing",
        f"{own}&node={node}",
        f"{own}&status=deleted",
    ):
        get(f"/servers?{query}", "2.96")
        get(f"/servers/detail?{query}", "2.96")
    for version in (None, "2.58", "2.84"):
        listed = get(f"{path}/os-instance-actions", version).json()["instanceActions"]
        get(f"{path}/os-instance-actions/{listed[-1]['request_id']}", version, "with events")
    for below in ("topology", "diagnostics", "migrations", "os-server-password", "os-interface"):
        get(f"{path}/{below}", "2.96")
    body: Any
    for note, version, body in (
        ("to error", None, {"os-resetState": {"state": "error"}}),
        ("to active", None, {"os-resetState": {"state": "active"}}),
        ("to nothing", None, {"os-resetState": {"state": "nothing"}}),
        ("migrate", None, {"migrate": None}),
        ("migrate to nothing", "2.56", {"migrate": {"host": "nothing"}}),
        ("live migrate to itself", "2.30", {"os-migrateLive": {"host": host, "block_migration": "auto"}}),
        (
            "live migrate to nothing",
            "2.30",
            {"os-migrateLive": {"host": "nothing", "block_migration": "auto"}},
        ),
        ("evacuate from what is up", "2.14", {"evacuate": {}}),
        ("resetNetwork", None, {"resetNetwork": None}),
        ("injectNetworkInfo", None, {"injectNetworkInfo": None}),
        ("unshelve to a host", "2.91", {"unshelve": {"host": host}}),
        ("lock", "2.73", {"lock": {"locked_reason": "by the administrator"}}),
        ("unlock", None, {"unlock": None}),
    ):
        act(at, server, body, version=version, note=note, token=admin)
        if note in ("to error", "to active", "lock"):
            at.compute("GET", path, version="2.73", note=f"after {note}")
        elif note == "migrate":
            # a migration to the only host stays on it
            at.until("compute", path, "server", "active", "verify_resize")
            at.compute("GET", path, note="after migrate")
            act(at, server, {"confirmResize": None}, "active", token=admin)
    get(f"{path}/migrations", "2.80", "after the migration")
    at.compute("DELETE", f"{path}/migrations/999999", token=admin, version="2.24")
    at.compute(
        "POST", f"{path}/migrations/999999/action", {"force_complete": None}, token=admin, version="2.22"
    )
    events: list[tuple[str, dict[str, Any]]] = [
        ("known", {"name": "network-changed", "server_uuid": server, "tag": NOWHERE}),
        ("unknown server", {"name": "network-changed", "server_uuid": NOWHERE}),
        ("unknown event", {"name": "nothing", "server_uuid": server}),
        ("no server", {"name": "network-changed"}),
    ]
    for note, event in events:
        at.compute("POST", "/os-server-external-events", {"events": [event]}, token=admin, note=note)
    both = {"events": [events[0][1], events[1][1]]}
    at.compute("POST", "/os-server-external-events", both, token=admin, note="one of two")
    at.compute("DELETE", path, token=admin)
    at.until_gone("compute", path)
    get(path, note="gone")
    get(f"/servers/detail?{own}&deleted=1&changes-since=2026-01-01T00:00:00Z", "2.58", "deleted")


def operations(at: Caller) -> None:
    """
    What an administrator looks at beside servers, at the host of a server in the last zone.
    """
    admin = administrator()
    server = a_server(at, "watched", quiet=True, availability_zone=at.place.zones[-1])
    found = at.compute("GET", f"/servers/{server}", token=admin, version="2.96", quiet=True).json()["server"]
    host, node = found["OS-EXT-SRV-ATTR:host"], found["OS-EXT-SRV-ATTR:hypervisor_hostname"]

    def get(wanted: str, version: str | None = None, note: str = "") -> Any:
        label = ", ".join(each for each in (note, version) if each)
        return at.compute("GET", wanted, token=admin, version=version, note=label)

    def told(label: str, wanted: str, key: str, field: str, version: str | None = None) -> list[Any]:
        """
        Only what is told of this host: others work in the same cloud.
        """
        listed = at.compute("GET", wanted, token=admin, version=version, quiet=True).json().get(key, [])
        mine = [each for each in listed if each.get(field) in (host, node)]
        at.note(f"{label}, {version}", sorted([sorted(each) for each in mine]))
        return mine

    for version in (None, "2.53", "2.88"):
        for wanted in ("/os-hypervisors", "/os-hypervisors/detail"):
            told(wanted, wanted, "hypervisors", "hypervisor_hostname", version)
    told(
        "search",
        f"/os-hypervisors?hypervisor_hostname_pattern={node}",
        "hypervisors",
        "hypervisor_hostname",
        "2.53",
    )
    hypervisors = told(
        "with servers", "/os-hypervisors?with_servers=true", "hypervisors", "hypervisor_hostname", "2.53"
    )
    for each in hypervisors:
        for below in ("", "/uptime"):
            at.compute("GET", f"/os-hypervisors/{each['id']}{below}", token=admin, version="2.53", quiet=True)
    at.note(
        "servers of the hypervisor",
        [mine["name"] for each in hypervisors for mine in each.get("servers", ()) if mine["uuid"] == server],
    )
    statistics = at.compute("GET", "/os-hypervisors/statistics", token=admin, quiet=True).json()
    at.note(
        "hypervisors that are counted", statistics["hypervisor_statistics"]["count"] >= len(at.place.zones)
    )
    get(f"/os-hypervisors/{NOWHERE}", "2.53")
    get("/os-hypervisors/999999")
    get("/os-hypervisors/nothing/search")
    get("/os-hypervisors?hypervisor_hostname_pattern=nothing", "2.53")
    get("/os-hypervisors?limit=x", "2.53")
    for version in (None, "2.53", "2.69"):
        told("services", "/os-services", "services", "host", version)
        told("services of the host", f"/os-services?host={host}", "services", "host", version)
    get("/os-services?binary=nothing")
    told("one service", f"/os-services?host={host}&binary=nova-compute", "services", "host", "2.11")
    body = {"status": "disabled", "disabled_reason": "x"}
    at.compute("PUT", f"/os-services/{NOWHERE}", body, token=admin, version="2.53", note="no such service")
    at.compute("PUT", "/os-services/999", body, token=admin, version="2.53", note="no id")
    old = {"host": "nothing", "binary": "nova-compute"}
    at.compute("PUT", "/os-services/enable", old, token=admin, note="no such host")
    for query in (
        "limit=x",
        "host=nothing",
        f"instance_uuid={server}",
        f"project_id={at.account.project_id}",
    ):
        get(f"/os-migrations?{query}", "2.80")
    for version in (None, "2.58"):
        get("/os-migrations?status=nothing", version)
    get("/os-aggregates/999999")
    get("/os-aggregates/nothing")
    at.compute("POST", "/os-aggregates", {"aggregate": {}}, token=admin, note="no name")
    at.compute("DELETE", "/os-aggregates/999999", token=admin)
    for below in ("", "/2026-01-01%2000:00:00"):
        log = at.compute("GET", f"/os-instance_usage_audit_log{below}", token=admin, quiet=True).json()
        at.note(f"the usage log{below}", [[key, sorted(log[key])] for key in log])
    get("/os-instance_usage_audit_log/nothing")
    told("hosts", "/os-hosts", "hosts", "host_name")
    shown = at.compute("GET", f"/os-hosts/{host}", token=admin, quiet=True).json()["host"]
    at.note("resources of the host", [sorted(each["resource"]) for each in shown[:2]])
    for wanted in ("/os-hosts/nothing", "/os-console-auth-tokens/nothing", "/os-cells"):
        get(wanted)
    get("/os-availability-zone/detail")
    get("/os-console-auth-tokens/nothing", "2.99")
    own = at.account.project_id
    for version in (None, "2.57"):
        get(f"/os-quota-sets/{own}", version)
        get(f"/os-quota-sets/{own}/detail", version)
    report = at.compute(
        "GET", "/os-simple-tenant-usage?start=2026-01-01T00:00:00&detailed=1", token=admin, quiet=True
    ).json()["tenant_usages"]
    at.note("projects in the report", [each["tenant_id"] for each in report if each["tenant_id"] == own])
    get(f"/os-keypairs?user_id={at.account.user_id}", "2.10")
    volume = {
        "snapshot": {
            "volume_id": NOWHERE,
            "create_info": {"snapshot_id": NOWHERE, "type": "qcow2", "new_file": "x"},
        }
    }
    at.compute("POST", "/os-assisted-volume-snapshots", volume, token=admin)
    at.compute("DELETE", f"/os-assisted-volume-snapshots/{NOWHERE}?delete_info={{}}", token=admin)
