"""
Scenarios of what servers need: key pairs, groups, flavors, limits and usage; and of what Compute hands on or has given up.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import KEY, NOWHERE, a_server, act, by_chance, image, network
from tests.cloud.server_making import plain


def key_pairs(at: Caller) -> None:
    """
    Key pairs: given and generated ones, their types, what 2.2, 2.10 and 2.92 changed.
    """
    path = "/os-keypairs"
    for note, version, body in (
        ("given", None, {"name": "k1", "public_key": KEY}),
        ("given at 2.2", "2.2", {"name": "k2", "public_key": KEY, "type": "ssh"}),
        ("again", "2.2", {"name": "k1", "public_key": KEY}),
        ("generated", None, {"name": "k3"}),
        ("generated at 2.2", "2.2", {"name": "k4", "type": "ssh"}),
        ("generated at 2.92", "2.92", {"name": "k5"}),
        ("given at 2.92", "2.92", {"name": "k.5@x", "public_key": KEY}),
        ("odd name before 2.92", "2.91", {"name": "k.6@x", "public_key": KEY}),
        ("a type before 2.2", None, {"name": "k7", "public_key": KEY, "type": "ssh"}),
        ("no such type", "2.2", {"name": "k7", "public_key": KEY, "type": "x"}),
        ("a certificate that is none", "2.92", {"name": "k8", "public_key": "x", "type": "x509"}),
        ("a user before 2.10", "2.9", {"name": "k8", "public_key": KEY, "user_id": at.account.user_id}),
        ("a user of one's own", "2.10", {"name": "k8", "public_key": KEY, "user_id": at.account.user_id}),
        ("another user", "2.10", {"name": "k9", "public_key": KEY, "user_id": at.stranger.user_id}),
        ("no key", "2.2", {"name": "k9", "public_key": "x"}),
        ("empty name", "2.2", {"name": "", "public_key": KEY}),
        ("long name", "2.2", {"name": "x" * 256, "public_key": KEY}),
        ("no name", "2.2", {"public_key": KEY}),
    ):
        made = at.compute("POST", path, {"keypair": body}, version=version, note=note)
        if made.status < 300:
            at.afterwards("compute", f"{path}/{body['name']}")
    own = f"user_id={at.account.user_id}"
    for version in (None, "2.2", "2.10", "2.35", "2.92"):
        at.compute("GET", path, version=version, note=version or "")
        for name in ("k1", "k2", "nothing"):
            at.compute("GET", f"{path}/{name}", version=version, note=version or "")
            by_chance(at, "keypair", "id")
    for version in ("2.9", "2.10", "2.35"):
        at.compute("GET", f"{path}?{own}", version=version, note=version)
        at.compute("GET", f"{path}?user_id={at.stranger.user_id}", version=version, note=version)
        at.compute("GET", f"{path}/k1?{own}", version=version, note=version)
        by_chance(at, "keypair", "id")
    for query in ("limit=1", "limit=2&marker=k1", "marker=nothing", "limit=x", "limit=-1", "nothing=1"):
        for version in ("2.34", "2.35", "2.75"):
            at.compute("GET", f"{path}?{query}", version=version, note=version)
    at.compute("GET", f"{path}/k1", token=at.stranger.token, note="a stranger")
    at.compute("DELETE", f"{path}/k1", token=at.stranger.token, note="a stranger")
    for name, version in (("k1", None), ("k1", None), ("k2", "2.2"), ("k8", "2.10"), ("nothing", "2.92")):
        at.compute("DELETE", f"{path}/{name}", version=version, note=version or "")


def server_groups(at: Caller) -> None:
    """
    Groups of servers: their policies at several microversions, their members, their limits.
    """
    path = "/os-server-groups"
    groups = []
    for note, version, body in (
        ("affinity", None, {"name": "g1", "policies": ["affinity"]}),
        ("soft, too early", "2.14", {"name": "g2", "policies": ["soft-affinity"]}),
        ("soft", "2.15", {"name": "g2", "policies": ["soft-affinity"]}),
        (
            "one policy",
            "2.64",
            {"name": "g3", "policy": "anti-affinity", "rules": {"max_server_per_host": 1}},
        ),
        (
            "rules of another",
            "2.64",
            {"name": "g4", "policy": "affinity", "rules": {"max_server_per_host": 1}},
        ),
        ("policies too late", "2.64", {"name": "g4", "policies": ["affinity"]}),
        ("two policies", None, {"name": "g4", "policies": ["affinity", "anti-affinity"]}),
        ("no policy", None, {"name": "g4", "policies": []}),
        ("no such policy", None, {"name": "g4", "policies": ["x"]}),
        ("no name", None, {"policies": ["affinity"]}),
        ("empty name", None, {"name": "", "policies": ["affinity"]}),
        ("an unknown field", None, {"name": "g4", "policies": ["affinity"], "nothing": 1}),
    ):
        made = at.compute("POST", path, {"server_group": body}, version=version, note=note)
        if made.status == 200:
            identifier = made.json()["server_group"]["id"]
            at.normal.know(identifier, f"group {body['name']}")
            at.afterwards("compute", f"{path}/{identifier}")
            groups.append(identifier)
    member: dict[str, Any] = {"server": plain(at), "os:scheduler_hints": {"group": groups[0]}}
    server = at.compute("POST", "/servers", member, version="2.37", note="a member").json()["server"]["id"]
    at.normal.know(server, "member")
    at.afterwards("compute", f"/servers/{server}")
    at.until("compute", f"/servers/{server}", "server", "active")
    for version in (None, "2.13", "2.15", "2.64", "latest"):
        at.compute("GET", path, version=version, note=version or "")
        for group in groups:
            at.compute("GET", f"{path}/{group}", version=version, note=version or "")
    at.compute("GET", f"/servers/{server}", version="2.71", note="its group")
    for query in ("limit=1", "offset=1", "limit=1&offset=1", "limit=x", "all_projects=1", "nothing=1"):
        at.compute("GET", f"{path}?{query}")
        at.compute("GET", f"{path}?{query}", version="2.75", note="2.75")
    at.compute("GET", f"{path}/{groups[0]}", token=at.stranger.token, note="a stranger")
    at.compute("DELETE", f"{path}/{groups[0]}", token=at.stranger.token, note="a stranger")
    for group in (groups[1], groups[1], NOWHERE, "nothing"):
        at.compute("DELETE", f"{path}/{group}")
        at.compute("GET", f"{path}/{group}")


def flavors(at: Caller) -> None:
    """
    Flavors with every filter, and what users may not do to them.
    """
    for query in (
        "",
        "is_public=true",
        "is_public=none",
        "is_public=x",
        "minRam=512",
        "minRam=x",
        "minDisk=20",
        "minDisk=-1",
        "limit=2",
        "limit=2&marker=1",
        "limit=0",
        "limit=x",
        "limit=-1",
        "marker=nothing",
        "sort_key=memory_mb&sort_dir=desc",
        "sort_key=name",
        "sort_key=nothing",
        "sort_dir=x",
        "nothing=1",
    ):
        for version in (None, "2.75"):
            at.compute("GET", f"/flavors?{query}", version=version, note=version or "")
            at.compute("GET", f"/flavors/detail?{query}", version=version, note=version or "")
    for version in (None, "2.55", "2.61"):
        for flavor in ("42", "84", "nothing"):
            for below in ("", "/os-extra_specs", "/os-extra_specs/x", "/os-flavor-access"):
                at.compute("GET", f"/flavors/{flavor}{below}", version=version, note=version or "")
    path: str
    body: Any
    for method, path, body in (
        ("POST", "/flavors", {"flavor": {"name": "mine", "ram": 1, "vcpus": 1, "disk": 0}}),
        ("PUT", "/flavors/42", {"flavor": {"description": "mine"}}),
        ("DELETE", "/flavors/42", None),
        ("POST", "/flavors/42/os-extra_specs", {"extra_specs": {"a": "b"}}),
        ("PUT", "/flavors/42/os-extra_specs/a", {"a": "b"}),
        ("DELETE", "/flavors/42/os-extra_specs/a", None),
        ("POST", "/flavors/42/action", {"addTenantAccess": {"tenant": at.account.project_id}}),
        ("POST", "/flavors/42/action", {"removeTenantAccess": {"tenant": at.account.project_id}}),
    ):
        at.compute(method, path, body, version="2.61", note="by a user")


def usage(at: Caller) -> None:
    """
    Limits, quotas and usage of a project that has servers in every zone.
    """
    for number, zone in enumerate(at.place.zones):
        a_server(at, f"u{number}", quiet=True, availability_zone=zone)
    if len(at.place.zones) == 1:
        a_server(at, "u1", quiet=True)
    own = at.account.project_id
    at.compute("GET", "/limits", version="2.57", note="used")
    at.compute("GET", "/limits?reserved=1", note="used")
    for below in ("", "/detail", "/defaults"):
        for version in (None, "2.36", "2.57"):
            at.compute("GET", f"/os-quota-sets/{own}{below}", version=version, note=version or "")
    at.compute("GET", f"/os-quota-sets/{own}?user_id={at.account.user_id}")
    at.compute("PUT", f"/os-quota-sets/{own}", {"quota_set": {"cores": 1}}, note="by a user")
    at.compute("DELETE", f"/os-quota-sets/{own}", note="by a user")
    at.compute("PUT", "/os-quota-class-sets/default", {"quota_class_set": {"cores": 1}}, note="by a user")
    report = f"/os-simple-tenant-usage/{own}?start=2026-01-01T00:00:00"
    for version in (None, "2.40"):
        said = at.compute("GET", report, version=version, quiet=True).json().get("tenant_usage", {})
        told = sorted(each["name"] for each in said.get("server_usages", ()))
        at.note(f"servers in the usage report, {version}", told)
    for query in ("start=x", "end=x", "start=2026-02-01T00:00:00&end=2026-01-01T00:00:00"):
        at.compute("GET", f"/os-simple-tenant-usage/{own}?{query}")
    at.compute("GET", "/os-simple-tenant-usage?detailed=1", note="by a user")
    at.compute("GET", f"/os-simple-tenant-usage/{at.stranger.project_id}", note="by a user")


def other_zone(at: Caller) -> None:
    """
    What was made before is there for servers of every zone: a key pair, a group.
    """
    at.compute("POST", "/os-keypairs", {"keypair": {"name": "everywhere", "public_key": KEY}}, quiet=True)
    at.afterwards("compute", "/os-keypairs/everywhere")
    policy = {"name": "g", "policies": ["soft-affinity"]}
    made = at.compute("POST", "/os-server-groups", {"server_group": policy}, version="2.15", quiet=True)
    group = made.json()["server_group"]["id"]
    at.normal.know(group, "group")
    at.afterwards("compute", f"/os-server-groups/{group}")
    for zone in reversed(at.place.zones * (3 - len(at.place.zones))):
        for note, more, hints in (
            ("a key", {"key_name": "everywhere"}, {}),
            ("a group", {}, {"os:scheduler_hints": {"group": group}}),
        ):
            body = {"server": plain(at, name=note, availability_zone=zone, **more), **hints}
            reply = at.compute("POST", "/servers", body, version="2.37", quiet=True)
            at.note(note, reply.status)
            if reply.status == 202:
                at.afterwards("compute", f"/servers/{reply.json()['server']['id']}")


def given_up(at: Caller) -> None:
    """
    What Compute hands on to the other services below 2.36, and what it has removed.
    """
    picture, net = image(at), network(at)
    for version in (None, "2.35", "2.36"):
        for path in (
            "/images",
            "/images?limit=1",
            f"/images/{picture}",
            f"/images/{picture}/metadata",
            f"/images/{picture}/metadata/x",
            f"/images/{NOWHERE}",
            f"/os-networks/{net}",
            f"/os-networks/{NOWHERE}",
            f"/os-tenant-networks/{net}",
            "/os-floating-ips",
            f"/os-floating-ips/{NOWHERE}",
            "/os-floating-ip-pools",
            "/os-floating-ip-dns",
            "/os-floating-ips-bulk",
            f"/os-security-groups/{NOWHERE}",
            "/os-security-group-default-rules",
            f"/os-volumes/{NOWHERE}",
            "/os-volumes/detail",
            f"/os-snapshots/{NOWHERE}",
            "/os-baremetal-nodes",
            "/os-fixed-ips/10.0.0.1",
            "/os-fping",
            "/os-cloudpipe",
            "/os-certificates/root",
            "/os-cells/capacities",
            "/os-hosts/pod1-compute",
            "/os-consoles",
        ):
            at.compute("GET", path, version=version, note=version or "")
        for path, body in (
            ("/os-networks", {"network": {"label": "x"}}),
            ("/os-networks/add", {"id": net}),
            ("/os-security-groups", {"security_group": {"name": "", "description": "x"}}),
            ("/os-security-group-rules", {"security_group_rule": {"parent_group_id": NOWHERE}}),
            ("/os-floating-ips", {"pool": "nothing"}),
            ("/os-volumes", {"volume": {"size": "x"}}),
            ("/os-snapshots", {"snapshot": {"volume_id": NOWHERE}}),
            ("/os-agents", {"agent": {}}),
            ("/os-cloudpipe", {"cloudpipe": {}}),
            ("/os-certificates", {}),
            (f"/images/{picture}/metadata", {"metadata": {"a": "b"}}),
        ):
            at.compute("POST", path, body, version=version, note=version or "")
        at.compute("DELETE", f"/images/{picture}", version=version, note=version or "")
        at.compute("DELETE", f"/os-networks/{net}", version=version, note=version or "")


def refused_to_users(at: Caller) -> None:
    """
    What an ordinary user may not do: an administrator's actions and lists.
    """
    server = a_server(at, quiet=True)
    path = f"/servers/{server}"
    body: Any
    for version, body in (
        ("2.55", {"migrate": None}),
        ("2.56", {"migrate": {"host": "pod1-compute"}}),
        (None, {"os-migrateLive": {"host": None, "block_migration": False, "disk_over_commit": False}}),
        ("2.30", {"os-migrateLive": {"host": None, "block_migration": "auto", "force": True}}),
        (None, {"evacuate": {"onSharedStorage": False}}),
        ("2.29", {"evacuate": {"host": "pod1-compute"}}),
        (None, {"os-resetState": {"state": "active"}}),
        (None, {"resetNetwork": None}),
        ("2.93", {"resetNetwork": None}),
        (None, {"injectNetworkInfo": None}),
        ("2.16", {"trigger_crash_dump": None}),
        ("2.17", {"trigger_crash_dump": None}),
        ("2.5", {"os-getSPICEConsole": {"type": "spice-html5"}}),
        (None, {"os-getRDPConsole": {"type": "rdp-html5"}}),
        (None, {"os-getSerialConsole": {"type": "serial"}}),
        ("2.98", {"os-getVNCConsole": {"type": "novnc"}}),
        (None, {"os-getVNCConsole": {"type": "x"}}),
    ):
        act(at, server, body, version=version, note=f"{next(iter(body))}, {version}")
    for protocol, kind in (("spice", "spice-html5"), ("serial", "serial"), ("mks", "webmks"), ("x", "y")):
        wanted = {"remote_console": {"protocol": protocol, "type": kind}}
        at.compute("POST", f"{path}/remote-consoles", wanted, version="2.8", note=protocol)
    for method, below in (
        ("GET", "migrations"),
        ("GET", "migrations/1"),
        ("DELETE", "migrations/1"),
        ("POST", "migrations/1/action"),
    ):
        body = {"force_complete": None} if method == "POST" else None
        at.compute(method, f"{path}/{below}", body, version="2.80")
    events = {"events": [{"name": "network-changed", "server_uuid": server}]}
    at.compute("POST", "/os-server-external-events", events)
    for method, other, body in (
        ("GET", "/os-migrations", None),
        ("GET", "/os-hypervisors/detail", None),
        ("GET", f"/os-hypervisors/{NOWHERE}", None),
        ("PUT", f"/os-services/{NOWHERE}", {"status": "disabled"}),
        ("PUT", "/os-services/disable", {"host": "pod1-compute", "binary": "nova-compute"}),
        ("POST", "/os-aggregates", {"aggregate": {"name": "x"}}),
        ("GET", "/os-aggregates/1", None),
        ("DELETE", "/os-aggregates/1", None),
        ("POST", "/os-aggregates/1/action", {"add_host": {"host": "pod1-compute"}}),
        ("POST", "/os-assisted-volume-snapshots", {"snapshot": {"volume_id": NOWHERE, "create_info": {}}}),
        ("GET", "/os-console-auth-tokens/x", None),
        ("GET", "/os-instance_usage_audit_log/2026-11-22", None),
    ):
        at.compute(method, other, body, version="2.90", note="by a user")
    for query in ("host=x", "node=x", "all_tenants=1", f"project_id={at.stranger.project_id}", "tenant_id=x"):
        at.compute("GET", f"/servers/detail?{query}", version="2.96")


def network_proxies(at: Caller) -> None:
    """
    What Nova hands on to Neutron up to 2.35. Every pod has its own of it: what is told is compared, not how often.
    """
    for path, key, name in (
        ("/os-networks", "networks", "label"),
        ("/os-tenant-networks", "networks", "label"),
        ("/os-security-groups", "security_groups", "name"),
    ):
        listed = at.compute("GET", path, quiet=True).json()[key]
        at.note(path, sorted({(each[name], *sorted(each)) for each in listed}))
        shown = [at.compute("GET", f"{path}/{each['id']}", quiet=True) for each in listed]
        at.note(f"{path}, one by one", sorted({(reply.status, *sorted(reply.json())) for reply in shown}))
        for version in ("2.36", "latest"):
            at.compute("GET", path, version=version, note=version)
    made = at.compute(
        "POST", "/os-security-groups", {"security_group": {"name": "mine", "description": "d"}}
    ).json()["security_group"]["id"]
    at.afterwards("compute", f"/os-security-groups/{made}")
    rule = {
        "parent_group_id": made,
        "ip_protocol": "tcp",
        "from_port": 22,
        "to_port": 22,
        "cidr": "10.0.0.0/8",
    }
    added = at.compute("POST", "/os-security-group-rules", {"security_group_rule": rule}).json()
    at.compute(
        "POST", "/os-security-group-rules", {"security_group_rule": {**rule, "parent_group_id": NOWHERE}}
    )
    at.compute("GET", f"/os-security-groups/{made}")
    at.compute("PUT", f"/os-security-groups/{made}", {"security_group": {"name": "ours", "description": "e"}})
    at.compute("DELETE", f"/os-security-group-rules/{added['security_group_rule']['id']}")
    at.compute("DELETE", f"/os-security-groups/{made}")
    at.compute("DELETE", f"/os-security-groups/{made}", note="again")
