"""
Scenarios of an administrator with what every pod's Nova should have the same: flavors, key pairs of others, host aggregates.
"""

from __future__ import annotations

import json
import re
from typing import Any

from attrs import evolve

from tests.cloud.caller import Caller, Step
from tests.cloud.making import KEY, NOWHERE, as_administrator
from tests.cloud.wire import Reply

#: The newest microversion before the one that looks at unknown parameters everywhere.
RECENT = "2.96"


def flavor_creates(at: Caller) -> None:
    """
    Flavors are made, right and wrong ones, and changed where they may be.
    """
    admin, own = as_administrator(at), at.account.project_name
    small = {"ram": 64, "vcpus": 1, "disk": 1}
    for note, version, fields in (
        ("an id of Nova's", None, {"name": f"{own}-1"}),
        ("an id", "2.55", {"name": f"{own}-2", "id": f"{own}-2", "description": "words"}),
        ("private", RECENT, {"name": f"{own}-3", "id": f"{own}-3", "os-flavor-access:is_public": False}),
        ("an empty id", RECENT, {"name": f"{own}-4", "id": ""}),
        ("numbers as text", RECENT, {"name": f"{own}-5", "ram": "64", "vcpus": "1", "disk": "1"}),
        ("name taken", RECENT, {"name": f"{own}-1"}),
        ("id taken", RECENT, {"name": f"{own}-6", "id": f"{own}-2"}),
        ("no name", RECENT, {"name": ""}),
        ("no memory", RECENT, {"name": f"{own}-7", "ram": 0}),
        ("no core", RECENT, {"name": f"{own}-7", "vcpus": 0}),
        ("memory is no number", RECENT, {"name": f"{own}-7", "ram": "x"}),
        ("unknown field", RECENT, {"name": f"{own}-7", "nothing": 1}),
        ("description too early", "2.54", {"name": f"{own}-7", "description": "x"}),
        ("a slash in the id", RECENT, {"name": f"{own}-7", "id": "a/b"}),
    ):
        made = admin.compute("POST", "/flavors", {"flavor": {**small, **fields}}, version=version, note=note)
        if made.status == 200:
            admin.afterwards("compute", f"/flavors/{made.json()['flavor']['id']}")
    at.compute("POST", "/flavors", {"flavor": {"name": f"{own}-8", **small}}, note="by a user")
    path = f"/flavors/{own}-2"
    for version in (None, "2.55", "2.61", RECENT):
        admin.compute("GET", path, version=version, note=version or "")
        at.compute("GET", path, version=version, note=f"by a user, {version}")
    for note, version, body in (
        ("described", "2.55", {"description": "others"}),
        ("not described", "2.55", {"description": None}),
        ("too early", "2.54", {"description": "x"}),
        ("another name", "2.55", {"name": "x"}),
    ):
        admin.compute("PUT", path, {"flavor": body}, version=version, note=note)
    admin.compute("PUT", "/flavors/nothing", {"flavor": {"description": "x"}}, version="2.55")
    at.compute("PUT", path, {"flavor": {"description": "x"}}, version="2.55", note="by a user")
    at.compute("DELETE", path, note="by a user")
    admin.compute("DELETE", path)
    admin.compute("DELETE", path, note="again")
    admin.compute("GET", path, note="gone")


def flavor_specs(at: Caller) -> None:
    """
    Extra specs of a flavor.
    """
    body: Any
    admin, own = as_administrator(at), at.account.project_name
    _flavor(admin, own)
    path = f"/flavors/{own}/os-extra_specs"
    admin.compute("GET", path, note="none")
    for note, version, specs in (
        ("two", RECENT, {"a:b": "1", "c": "2"}),
        ("a known one", RECENT, {"hw:cpu_policy": "shared"}),
        ("a wrong value", RECENT, {"hw:cpu_policy": "wrong"}),
        ("a wrong value that is not looked at", "2.85", {"hw:cpu_policy": "wrong"}),
        ("unknown in a known room", RECENT, {"hw:nothing": "1"}),
        ("none", RECENT, {}),
        ("a number", RECENT, {"k": 1}),
        ("nothing", RECENT, {"k": None}),
        ("an odd name", RECENT, {"k/x": "1"}),
    ):
        admin.compute("POST", path, {"extra_specs": specs}, version=version, note=note)
    admin.compute("POST", path, {}, note="no body")
    for name in ("a:b", "nothing"):
        admin.compute("GET", f"{path}/{name}")
    for note, body in (("changed", {"c": "3"}), ("another", {"d": "3"}), ("two", {"c": "3", "d": "4"})):
        admin.compute("PUT", f"{path}/c", body, note=note)
    for asker, note in ((admin, "by the administrator"), (at, "by a user")):
        asker.compute("GET", path, note=note)
        for version in ("2.60", "2.61"):
            asker.compute("GET", f"/flavors/{own}", version=version, note=f"{note}, {version}")
    at.compute("POST", path, {"extra_specs": {"z": "1"}}, note="by a user")
    admin.compute("DELETE", f"{path}/c")
    admin.compute("DELETE", f"{path}/c", note="again")
    for method, below, body in (
        ("GET", "", None),
        ("POST", "", {"extra_specs": {"z": "1"}}),
        ("PUT", "/z", {"z": "1"}),
        ("DELETE", "/z", None),
    ):
        admin.compute(method, f"/flavors/nothing/os-extra_specs{below}", body)


def flavor_access(at: Caller) -> None:
    """
    Who may use a private flavor.
    """
    admin, own, mine = as_administrator(at), at.account.project_name, at.account.project_id
    _flavor(admin, own, **{"os-flavor-access:is_public": False})
    listed, action = f"/flavors/{own}/os-flavor-access", f"/flavors/{own}/action"
    at.compute("GET", f"/flavors/{own}", note="a stranger")
    admin.compute("GET", listed, note="nobody")
    for note, body in (
        ("mine", {"addTenantAccess": {"tenant": mine}}),
        ("again", {"addTenantAccess": {"tenant": mine}}),
        ("no such project", {"addTenantAccess": {"tenant": NOWHERE.replace("-", "")}}),
        ("a stranger's", {"addTenantAccess": {"tenant": at.stranger.project_id}}),
        ("one who has none", {"removeTenantAccess": {"tenant": at.stranger.project_id}}),
        ("again", {"removeTenantAccess": {"tenant": at.stranger.project_id}}),
        ("no project", {"addTenantAccess": {}}),
        ("no such action", {"nothing": {}}),
    ):
        at.note(note, _told(at, admin.compute("POST", action, body, version=RECENT, quiet=True)))
    admin.compute("GET", listed, note="one")
    at.compute("GET", f"/flavors/{own}", note="one who has it")
    names = [each["name"] for each in at.compute("GET", "/flavors", quiet=True).json()["flavors"]]
    at.note("it is listed", names.count(own))
    at.compute("GET", listed, note="by a user")
    at.compute("POST", action, {"addTenantAccess": {"tenant": mine}}, note="by a user")
    admin.compute("POST", action, {"removeTenantAccess": {"tenant": mine}}, version=RECENT, note="not mine")
    at.compute("GET", f"/flavors/{own}", note="a stranger again")
    for flavor in ("42", "nothing"):
        admin.compute("GET", f"/flavors/{flavor}/os-flavor-access")
        body = {"addTenantAccess": {"tenant": mine}}
        admin.compute("POST", f"/flavors/{flavor}/action", body, version=RECENT)


def key_pairs_of_others(at: Caller) -> None:
    """
    The administrator's hands on users' key pairs.
    """
    admin = as_administrator(at)
    of_user, of_stranger = f"user_id={at.account.user_id}", f"user_id={at.stranger.user_id}"
    for note, version, body in (
        ("for a user", "2.10", {"name": "k1", "public_key": KEY, "user_id": at.account.user_id}),
        ("again", "2.10", {"name": "k1", "public_key": KEY, "user_id": at.account.user_id}),
        ("for a stranger", "2.10", {"name": "k1", "public_key": KEY, "user_id": at.stranger.user_id}),
        ("for nobody", "2.9", {"name": "k2", "public_key": KEY, "user_id": at.account.user_id}),
    ):
        admin.compute("POST", "/os-keypairs", {"keypair": body}, version=version, note=note)
    for whose in (of_user, of_stranger):
        admin.compute("GET", f"/os-keypairs?{whose}", version="2.10")
        admin.compute("DELETE", f"/os-keypairs/k1?{whose}", version="2.10")
        admin.compute("DELETE", f"/os-keypairs/k1?{whose}", version="2.10", note="again")
    at.compute("GET", "/os-keypairs", note="all are gone")


def aggregates(at: Caller) -> None:
    """
    Aggregates without hosts: made, renamed, described, deleted, and what is refused.
    """
    admin, own = as_administrator(at), at.account.project_name
    number = 0

    def ask(method: str, below: str, body: Any = None, version: str | None = RECENT, note: str = "") -> Reply:
        reply = admin.compute(method, f"/os-aggregates{below}", body, version=version, quiet=True)
        path = f"/os-aggregates{below}".replace(f"/{number}", "/<number>")
        said = at.normal.reply(evolve(reply, body=_unnumbered(reply.body, number)))
        at.steps.append(Step(label=at.normal.text(f"{method} {path} ({note}, {version})"), answer=said))
        return reply

    made = admin.compute("POST", "/os-aggregates", {"aggregate": {"name": own}}, version="2.41", quiet=True)
    number = made.json()["aggregate"]["id"]
    at.note("a number", isinstance(number, int))
    admin.afterwards("compute", f"/os-aggregates/{number}")
    here = f"/{number}"
    for version in (None, "2.40", "2.41", RECENT):
        ask("GET", here, version=version)
    listed = admin.compute("GET", "/os-aggregates", version=RECENT, quiet=True).json()["aggregates"]
    at.note("listed", [[each["id"] == number, sorted(each)] for each in listed if each["name"] == own])
    uuid = made.json()["aggregate"]["uuid"]
    for note, method, below, body in (
        ("by its UUID", "GET", f"/{uuid}", None),
        ("by its UUID", "DELETE", f"/{uuid}", None),
        ("name taken", "POST", "", {"aggregate": {"name": own}}),
        ("no name", "POST", "", {"aggregate": {"name": ""}}),
        ("spaces", "POST", "", {"aggregate": {"name": " x "}}),
        ("nothing", "POST", "", {"aggregate": {}}),
        ("no body", "POST", "", {}),
        ("no zone", "POST", "", {"aggregate": {"name": f"{own}-x", "availability_zone": ""}}),
        ("odd zone", "POST", "", {"aggregate": {"name": f"{own}-x", "availability_zone": "a:b"}}),
        ("unknown field", "POST", "", {"aggregate": {"name": f"{own}-x", "metadata": {}}}),
        ("renamed", "PUT", here, {"aggregate": {"name": f"{own}-y"}}),
        ("its own name", "PUT", here, {"aggregate": {"name": f"{own}-y"}}),
        ("nothing", "PUT", here, {"aggregate": {}}),
        ("no name", "PUT", here, {"aggregate": {"name": ""}}),
        ("unknown field", "PUT", here, {"aggregate": {"nothing": "x"}}),
        ("none such", "PUT", "/999999", {"aggregate": {"name": "x"}}),
        ("described", "POST", f"{here}/action", {"set_metadata": {"metadata": {"k": "v", "l": "w"}}}),
        ("less", "POST", f"{here}/action", {"set_metadata": {"metadata": {"k": None}}}),
        ("empty", "POST", f"{here}/action", {"set_metadata": {"metadata": {}}}),
        ("a number", "POST", f"{here}/action", {"set_metadata": {"metadata": {"k": 5}}}),
        ("nothing", "POST", f"{here}/action", {"set_metadata": {}}),
        ("none such", "POST", "/999999/action", {"set_metadata": {"metadata": {"k": "v"}}}),
        ("no such action", "POST", f"{here}/action", {"nothing": {}}),
        ("no such host", "POST", f"{here}/action", {"add_host": {"host": "nothing"}}),
        ("no host", "POST", f"{here}/action", {"add_host": {}}),
        ("not its host", "POST", f"{here}/action", {"remove_host": {"host": "nothing"}}),
        ("no such image", "POST", f"{here}/images", {"cache": [{"id": NOWHERE}]}),
        ("no image", "POST", f"{here}/images", {"cache": []}),
        ("none such", "POST", "/999999/images", {"cache": [{"id": NOWHERE}]}),
        ("none such", "GET", "/999999", None),
        ("no number", "GET", "/nothing", None),
        ("below nothing", "GET", "/-1", None),
        ("what it has become", "GET", here, None),
        ("gone", "DELETE", here, None),
        ("again", "DELETE", here, None),
        ("gone", "GET", here, None),
    ):
        ask(method, below, body, note=note)


def _flavor(admin: Caller, name: str, **more: Any) -> None:
    body = {"flavor": {"name": name, "id": name, "ram": 64, "vcpus": 1, "disk": 1, **more}}
    made = admin.compute("POST", "/flavors", body, version=RECENT)
    assert made.status == 200, made.body
    admin.afterwards("compute", f"/flavors/{name}")


def _told(at: Caller, reply: Reply) -> list[Any]:
    """
    What is said of a flavor's access: who has it in an order of one's own, and words without the number of Nova's database.
    """
    said = reply.json()
    if "flavor_access" in said:
        return [reply.status, sorted(at.normal.text(each["tenant_id"]) for each in said["flavor_access"])]
    return [reply.status, json.loads(re.sub(r"\bflavor \d+|for \d+ /", "<number>", json.dumps(said)))]


def _unnumbered(body: bytes, number: int) -> bytes:
    """
    A body without an aggregate's own number, which chance gives.
    """
    body = re.sub(rb'"id": ?%d\b' % number, b'"id": "<number>"', body)
    return re.sub(rb"\b([Aa]ggregate) %d\b" % number, rb"\1 <number>", body)
