"""
Scenarios of Nova's quotas: what is refused past them, how an administrator sets them, and what is told of them.

What is used is looked at when servers have been built or are gone: in between Nova counts none that is begun.
"""

from __future__ import annotations

import base64
from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import KEY, NOWHERE, a_server, act, as_administrator, image, leftovers
from tests.cloud.server_making import plain

RECENT = "2.96"


def _quota(at: Caller, **limits: Any) -> None:
    admin = as_administrator(at)
    path = f"/os-quota-sets/{at.account.project_id}"
    admin.compute("PUT", path, {"quota_set": limits}, version=RECENT, note=str(limits))


def _create(at: Caller, note: str, *, version: str = RECENT, hints: Any = None, **more: Any) -> Any:
    body: dict[str, Any] = {"server": plain(at, **more)}
    if version == "2.1":
        del body["server"]["networks"]
    if hints is not None:
        body["os:scheduler_hints"] = hints
    reply = at.compute("POST", "/servers", body, version=version, note=note)
    if reply.status == 202:
        leftovers(at)
    return reply


def server_quotas(at: Caller) -> None:
    """
    Servers past the limits of instances, cores and memory, one by one and several at once.
    """
    own = at.account.project_id
    _quota(at, instances=0)
    _create(at, "none may be")
    _create(at, "none may be", version="2.1")
    _create(at, "three to five", min_count=3, max_count=5)
    _create(at, "one to five", min_count=1, max_count=5)
    _quota(at, instances=2)
    _create(at, "three to five of two", min_count=3, max_count=5)
    _create(at, "one to five of two", name="m", min_count=1, max_count=5)
    for each in at.compute("GET", "/servers", quiet=True).json()["servers"]:
        at.until("compute", f"/servers/{each['id']}", "server", "active")
    at.note(
        "as many as may be",
        sorted(each["name"] for each in at.compute("GET", "/servers", quiet=True).json()["servers"]),
    )
    at.compute("GET", f"/os-quota-sets/{own}/detail", version=RECENT, note="full")
    at.compute("GET", "/limits", version=RECENT, note="full")
    _create(at, "one more")
    _create(at, "two more", min_count=2, max_count=2)
    for limits in (
        {"instances": 10, "cores": 2},
        {"instances": 10, "cores": 20, "ram": 300},
        {"instances": 2, "cores": 2, "ram": 256},
        {"instances": 10, "cores": 20, "ram": 256},
    ):
        _quota(at, **limits)
        _create(at, f"past {limits}")
        _create(at, f"several past {limits}", min_count=1, max_count=3)
        _create(at, f"a larger one past {limits}", flavorRef="84")
    first = at.compute("GET", "/servers", quiet=True).json()["servers"][-1]["id"]
    at.normal.know(first, "first")
    _quota(at, instances=10, cores=20, ram=300)
    act(at, first, {"resize": {"flavorRef": "84"}}, note="resize past the limit")
    _quota(at, ram=1000)
    act(at, first, {"resize": {"flavorRef": "84"}}, "verify_resize", note="resize")
    at.compute("GET", "/limits", version=RECENT, note="resized")
    act(at, first, {"revertResize": None}, "active")
    at.compute("GET", "/limits", version=RECENT, note="as before")
    act(at, first, {"shelve": None}, "shelved_offloaded", "shelved")
    at.until("compute", f"/servers/{first}", "server", "shelved_offloaded")
    at.compute("GET", "/limits", version=RECENT, note="shelved")
    _quota(at, instances=1, cores=1, ram=1, force=True)
    act(at, first, {"unshelve": None}, "active", note="it was counted all the time")
    at.compute("DELETE", f"/servers/{first}")
    at.until_gone("compute", f"/servers/{first}")
    at.compute("GET", "/limits", version=RECENT, note="deleted")
    _create(at, "still more than may be")


def items_of_servers(at: Caller) -> None:
    """
    What a request may carry: metadata and files; and members of groups, groups, key pairs.
    """
    server = a_server(at, quiet=True)
    _quota(at, metadata_items=1)
    two = {"a": "1", "b": "2"}
    _create(at, "two items", metadata=two)
    at.compute("POST", f"/servers/{server}/metadata", {"metadata": two})
    at.compute("PUT", f"/servers/{server}/metadata", {"metadata": two})
    at.compute("PUT", f"/servers/{server}/metadata/a", {"meta": {"a": "1"}})
    at.compute("PUT", f"/servers/{server}/metadata/b", {"meta": {"b": "1"}})
    act(at, server, {"rebuild": {"imageRef": image(at), "metadata": two}})
    admin, path = as_administrator(at), f"/os-quota-sets/{at.account.project_id}"
    files = {"injected_files": 1, "injected_file_content_bytes": 10, "injected_file_path_bytes": 12}
    admin.compute("PUT", path, {"quota_set": files}, version="2.56", note="files")
    for note, wanted in (
        ("two", (("/a", "1"), ("/b", "2"))),
        ("large", (("/a", "1" * 11),)),
        ("deep", (("/a" * 10, "1"),)),
    ):
        personality = [
            {"path": where, "contents": base64.b64encode(said.encode()).decode()} for where, said in wanted
        ]
        _create(at, note, version="2.56", personality=personality)
    _quota(at, server_groups=1)
    made = at.compute("POST", "/os-server-groups", _group("g1"), version=RECENT, note="one").json()
    group = made["server_group"]["id"]
    at.normal.know(group, "group")
    at.afterwards("compute", f"/os-server-groups/{group}")
    at.compute("POST", "/os-server-groups", _group("g2"), version=RECENT, note="two")
    old = {"server_group": {"name": "g2", "policies": ["affinity"]}}
    at.compute("POST", "/os-server-groups", old, note="two, as it was")
    at.compute("GET", f"{path}/detail", version=RECENT, note="groups")
    _quota(at, metadata_items=128, server_group_members=0)
    _create(at, "a member too many", hints={"group": group})
    at.compute("DELETE", f"/os-server-groups/{group}")
    at.compute("POST", "/os-server-groups", _group("g2"), version=RECENT, note="again one")
    for each in at.compute("GET", "/os-server-groups", quiet=True).json()["server_groups"]:
        at.afterwards("compute", f"/os-server-groups/{each['id']}")
    _quota(at, key_pairs=1)
    for note, name in (("one", "k1"), ("two", "k2"), ("one again", "k1")):
        at.compute("POST", "/os-keypairs", {"keypair": {"name": name, "public_key": KEY}}, note=note)
    at.compute("POST", "/os-keypairs", {"keypair": {"name": "k3"}}, note="a generated one")
    at.afterwards("compute", "/os-keypairs/k1")


def quota_sets(at: Caller) -> None:
    """
    An administrator's changes of a project's and a user's limits, right and wrong ones.
    """
    admin, own, user = as_administrator(at), at.account.project_id, at.account.user_id
    path, whose = f"/os-quota-sets/{own}", f"?user_id={user}"

    def show(note: str, *queries: str) -> None:
        for query in queries or ("", "/detail", "/defaults"):
            for version in (None, "2.36", "2.57", RECENT):
                admin.compute("GET", f"{path}{query}", version=version, note=f"{note}, {version}")

    def put(body: Any, version: str | None = RECENT, query: str = "", note: str = "") -> None:
        label = f"{note or body}, {version}"
        admin.compute("PUT", f"{path}{query}", body, version=version, note=label)

    body: Any
    show("none of its own")
    for value in (11, "14", -1, 0, 0x7FFFFFFF, -2, 0x80000000, "x", 1.5, None, "", True):
        put({"quota_set": {"instances": value}})
    for version in (None, "2.35", "2.36", "2.56", "2.57"):
        put({"quota_set": {"instances": 12}}, version)
        put({"quota_set": {"floating_ips": 5}}, version)
        put({"quota_set": {"injected_files": 6}}, version)
    for body in (
        {"quota_set": {}},
        {},
        {"quota_set": {"nothing": 1}},
        {"quota_set": {"instances": 5, "nothing": 1}},
        {"quota_set": {"instances": 5}, "x": 1},
        {"quota_set": {"tenant_id": own, "instances": 6}},
        {"quota_set": {"id": own, "instances": 6}},
        {"quota_set": {"instances": 5, "force": True}},
        {"quota_set": {"instances": 5, "force": "maybe"}},
        {"quota_set": {"force": True}},
        {"quota_set": {"server_groups": 3, "server_group_members": 4, "key_pairs": 7}},
    ):
        put(body)
    for version in ("2.74", "2.75"):
        put({"quota_set": {"instances": 5}}, version, "?nothing=1")
        admin.compute("GET", f"{path}?nothing=1", version=version, note=version)
    show("of its own")
    for note, body in (("a user's", {"instances": 4}), ("more than the project's", {"instances": 50})):
        put({"quota_set": body}, query=whose, note=note)
    put({"quota_set": {"instances": -1}}, query=whose, note="a user's without end")
    put({"quota_set": {"instances": 3}}, note="less than the user's")
    show("a user's", whose, f"/detail{whose}", "")
    admin.compute("DELETE", f"{path}{whose}", note="the user's")
    show("no more a user's", whose)
    for asker, note in ((at, "by a user"), (admin, "by the administrator")):
        for whom in (own, at.stranger.project_id, NOWHERE.replace("-", "")):
            for below in ("", "/detail", "/defaults"):
                asker.compute("GET", f"/os-quota-sets/{whom}{below}", version=RECENT, note=note)
            asker.compute("GET", f"/limits?tenant_id={whom}", version=RECENT, note=note)
    for version in (None, "2.35", "2.36", "2.38", "2.39", "2.56", "2.57", RECENT, "latest"):
        at.compute("GET", "/limits", version=version, note=version or "")
    for query in ("reserved=1", "nothing=1"):
        for version in ("2.74", "2.75"):
            at.compute("GET", f"/limits?{query}", version=version, note=version)
    admin.compute("PUT", f"/os-quota-sets/{NOWHERE.replace('-', '')}", {"quota_set": {"instances": 3}})
    admin.compute("DELETE", path)
    admin.compute("DELETE", path, note="again")
    show("no more of its own")


def used_limits(at: Caller) -> None:
    """
    Limits below what is used, with and without force.
    """
    admin, path = as_administrator(at), f"/os-quota-sets/{at.account.project_id}"
    for number, zone in enumerate(at.place.zones * (3 - len(at.place.zones))):
        a_server(at, f"u{number}", quiet=True, availability_zone=zone)
    for body in (
        {"instances": 1},
        {"cores": 1, "instances": 1},
        {"instances": 0},
        {"instances": 1, "force": True},
        {"instances": 1},
        {"instances": 2},
    ):
        admin.compute("PUT", path, {"quota_set": body}, version=RECENT, note=str(body))
        admin.compute("GET", f"{path}/detail", version=RECENT, note=f"after {body}")
    admin.compute("DELETE", path)


def quotas_over_zones(at: Caller) -> None:
    """
    Servers in both zones, that only together are as many as may be; and room that a delete leaves.
    """

    def create(note: str, zone: str, **more: Any) -> Any:
        return _create(at, note, name=note.replace(" ", "-"), availability_zone=zone, **more)

    def settled() -> list[dict[str, Any]]:
        servers = at.compute("GET", "/servers/detail", quiet=True).json()["servers"]
        for each in servers:
            at.until("compute", f"/servers/{each['id']}", "server", "active")
        return list(servers)

    here, there = at.place.zones[0], at.place.zones[-1]
    _quota(at, instances=3)
    create("one", here)
    create("two", there)
    create("three", here)
    # Nova counts a server when it has found a place for it
    settled()
    for zone in (here, there):
        create("four", zone)
        create("several more", zone, min_count=1, max_count=3)
    at.compute("GET", "/limits", version=RECENT, note="full")
    two = next(each for each in settled() if each["name"] == "two")["id"]
    at.normal.know(two, "two")
    at.compute("DELETE", f"/servers/{two}")
    at.until_gone("compute", f"/servers/{two}")
    create("in its place", here)
    settled()
    create("and one too many", there)
    _quota(at, instances=5)
    create("as many as fit", there, min_count=1, max_count=4)
    at.note("all", sorted(each["name"] for each in settled()))
    at.compute("GET", "/limits", version=RECENT, note="full again")
    create("none fits", here, min_count=1, max_count=4)


def quota_classes(at: Caller) -> None:
    """
    Classes of quotas; a change of the default one is looked at in another test, since it is everybody's.
    """
    admin, own = as_administrator(at), f"/os-quota-class-sets/{at.account.project_name}"
    for version in (None, "2.49", "2.50", "2.56", "2.57", RECENT):
        admin.compute("GET", "/os-quota-class-sets/default", version=version, note=version or "")
        admin.compute("GET", own, version=version, note=version or "")
    at.compute("GET", "/os-quota-class-sets/default", note="by a user")
    at.compute("PUT", "/os-quota-class-sets/default", {"quota_class_set": {"cores": 1}}, note="by a user")
    body: Any
    for version, body in (
        (RECENT, {"quota_class_set": {"instances": 7}}),
        (None, {"quota_class_set": {"instances": 8}}),
        ("2.50", {"quota_class_set": {"instances": 8}}),
        (RECENT, {"quota_class_set": {"instances": -2}}),
        (RECENT, {"quota_class_set": {"nothing": 1}}),
        (RECENT, {"quota_class_set": {}}),
        (RECENT, {}),
        (RECENT, {"quota_class_set": {"instances": 5, "force": True}}),
        ("2.49", {"quota_class_set": {"floating_ips": 5}}),
        ("2.50", {"quota_class_set": {"floating_ips": 5}}),
        ("2.57", {"quota_class_set": {"injected_files": 5}}),
    ):
        admin.compute("PUT", own, body, version=version, note=f"{body}, {version}")
    admin.compute("GET", own, version=RECENT, note="changed")


def _group(name: str) -> dict[str, Any]:
    return {"server_group": {"name": name, "policy": "anti-affinity"}}
