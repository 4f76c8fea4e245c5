"""
Scenarios of an administrator with what every pod's Cinder should have the same: types, their encryption, QoS, types of groups.

The ids that Cinder gives are compared as they come back: in bodies, lists, filters and errors.
"""

from __future__ import annotations

from typing import Any

from tests.cloud.caller import Caller
from tests.cloud.making import NOWHERE, a_volume, as_administrator
from tests.cloud.volume_making import waited

RECENT = "3.71"
_ENCRYPTION: dict[str, Any] = {
    "provider": "luks",
    "key_size": 256,
    "cipher": "aes-xts-plain64",
    "control_location": "front-end",
}


def volume_types(at: Caller) -> None:
    """
    Volume types are made, changed and deleted; who sees and who may use them.
    """
    body: Any
    admin, own, mine = as_administrator(at), at.account.project_name, at.account.project_id
    for note, fields in (
        ("private", {"name": own, "description": "d", "os-volume-type-access:is_public": False}),
        ("name taken", {"name": own}),
        ("no name", {"name": ""}),
        ("nothing", {}),
        ("a number", {"name": f"{own}-x", "extra_specs": {"k": 1}}),
        ("unknown field", {"name": f"{own}-x", "id": NOWHERE}),
    ):
        admin.volume("POST", "/types", {"volume_type": fields}, version=RECENT, note=note)
    admin.volume("POST", "/types", {}, note="no body")
    at.volume("POST", "/types", {"volume_type": {"name": f"{own}-x"}}, note="by a user")
    path = _found(admin, "/types?is_public=none", "volume_types", own, "type")
    admin.afterwards("volume", path)
    at.volume("GET", path, note="a stranger")
    admin.volume("GET", path)
    filtered = admin.volume("GET", f"/types?name={own}&is_public=none", quiet=True).json()["volume_types"]
    at.note("found by its name", filtered)
    for note, body in (
        ("renamed", {"name": f"{own}-y"}),
        ("name taken", {"name": "files"}),
        ("described", {"description": "e"}),
        ("nothing", {}),
        ("no name", {"name": ""}),
        ("specs", {"extra_specs": {"a": "b"}}),
    ):
        admin.volume("PUT", path, {"volume_type": body}, version=RECENT, note=note)
    admin.volume("PUT", f"/types/{NOWHERE}", {"volume_type": {"name": "x"}})
    at.volume("PUT", path, {"volume_type": {"name": "x"}}, note="by a user")
    for note, body in (
        ("mine", {"addProjectAccess": {"project": mine}}),
        ("again", {"addProjectAccess": {"project": mine}}),
        ("one who has none", {"removeProjectAccess": {"project": at.stranger.project_id}}),
        ("no such action", {"nothing": {}}),
    ):
        admin.volume("POST", f"{path}/action", body, note=note)
    admin.volume("GET", f"{path}/os-volume-type-access")
    at.volume("GET", f"{path}/os-volume-type-access", note="by a user")
    at.volume("GET", path, note="one who has it")
    admin.volume("POST", f"{path}/action", {"removeProjectAccess": {"project": mine}})
    at.volume("GET", path, note="a stranger again")
    admin.volume("PUT", path, {"volume_type": {"is_public": True}}, note="public")
    at.volume("GET", path, note="everybody")
    admin.volume("GET", f"{path}/os-volume-type-access", note="public")
    admin.volume("POST", f"{path}/action", {"addProjectAccess": {"project": mine}}, note="public")
    admin.volume("GET", f"/types/{NOWHERE}/os-volume-type-access")
    at.volume("DELETE", path, note="by a user")
    admin.volume("DELETE", path)
    admin.volume("DELETE", path, note="again")


def type_specs(at: Caller) -> None:
    """
    Extra specs and encryption of a volume type.
    """
    body: Any
    admin, own = as_administrator(at), at.account.project_name
    path = _type(admin, own)
    specs = f"{path}/extra_specs"
    for note, wanted in (
        ("two", {"a:b": "1", "c": "2"}),
        ("one that users see", {"multiattach": "<is> True"}),
        ("none", {}),
        ("a number", {"k": 1}),
        ("an odd name", {"k k": "1"}),
    ):
        admin.volume("POST", specs, {"extra_specs": wanted}, note=note)
    for below in ("", "/a:b", "/nothing"):
        admin.volume("GET", f"{specs}{below}")
    for note, body in (("changed", {"c": "3"}), ("another", {"d": "3"}), ("two", {"c": "3", "d": "4"})):
        admin.volume("PUT", f"{specs}/c", body, note=note)
    at.volume("GET", specs, note="by a user")
    at.volume("POST", specs, {"extra_specs": {"z": "1"}}, note="by a user")
    admin.volume("DELETE", f"{specs}/c")
    admin.volume("DELETE", f"{specs}/c", note="again")
    admin.volume("GET", f"/types/{NOWHERE}/extra_specs")
    admin.volume("POST", f"/types/{NOWHERE}/extra_specs", {"extra_specs": {"z": "1"}})
    secret = f"{path}/encryption"
    admin.volume("GET", secret, note="none")
    settings: dict[str, Any]
    for note, settings in (
        ("no provider", {"control_location": "front-end"}),
        ("no such place", {**_ENCRYPTION, "control_location": "nowhere"}),
        ("a wrong size", {**_ENCRYPTION, "key_size": -1}),
        ("right", _ENCRYPTION),
        ("again", _ENCRYPTION),
    ):
        admin.volume("POST", secret, {"encryption": settings}, note=note)
    identifier = admin.volume("GET", secret).json()["encryption_id"]
    admin.normal.know(identifier, "encryption")
    for below in ("provider", "nothing", identifier):
        admin.volume("GET", f"{secret}/{below}")
    for note, settings in (("size", {"key_size": 128}), ("no number", {"key_size": "x"}), ("nothing", {})):
        admin.volume("PUT", f"{secret}/{identifier}", {"encryption": settings}, note=note)
    at.volume("GET", secret, note="by a user")
    at.volume("POST", secret, {"encryption": _ENCRYPTION}, note="by a user")
    admin.volume("POST", f"/types/{NOWHERE}/encryption", {"encryption": _ENCRYPTION})
    admin.volume("DELETE", f"{secret}/{identifier}")
    admin.volume("DELETE", f"{secret}/{identifier}", note="again")
    admin.volume("GET", secret, note="none again")


def types_in_use(at: Caller) -> None:
    """
    A type that a volume has, and one that a project makes its volumes of by default.
    """
    body: Any
    admin, own, mine = as_administrator(at), at.account.project_name, at.account.project_id
    path = _type(admin, own, {"volume_backend_name": "files"})
    identifier = path.rpartition("/")[2]
    default = f"/default-types/{mine}"
    admin.volume("GET", default, version="3.62", note="none")
    for note, wanted in (
        ("its id", identifier),
        ("its name", own),
        ("no such type", NOWHERE),
        ("nothing", None),
    ):
        body = {"default_type": {} if wanted is None else {"volume_type": wanted}}
        admin.volume("PUT", default, body, version="3.62", note=note)
    admin.volume("GET", default, version="3.62")
    at.volume("GET", "/types/default", note="the project's")
    at.volume("GET", default, version="3.62", note="by a user")
    admin.volume("DELETE", path, note="a project's default")
    volume = a_volume(at)
    at.volume("GET", f"/volumes/{volume}", version="3.63", note="made of the default")
    listed = at.volume("GET", "/volumes/detail", version="3.63", quiet=True).json()["volumes"]
    at.note("listed with its type", [[each["volume_type"], each["volume_type_id"]] for each in listed])
    admin.volume("DELETE", default, version="3.62")
    admin.volume("DELETE", default, version="3.62", note="again")
    for note, method, below, body in (
        ("renamed in use", "PUT", "", {"volume_type": {"name": f"{own}-y"}}),
        ("encrypted in use", "POST", "/encryption", {"encryption": _ENCRYPTION}),
        ("shared in use", "POST", "/extra_specs", {"extra_specs": {"multiattach": "<is> True"}}),
        ("deleted in use", "DELETE", "", None),
    ):
        admin.volume(method, f"{path}{below}", body, note=note)
    at.volume("POST", f"/volumes/{volume}/action", {"os-retype": {"new_type": NOWHERE}}, note="no such type")
    same = {"os-retype": {"new_type": identifier, "migration_policy": "never"}}
    at.volume("POST", f"/volumes/{volume}/action", same, note="the type that it has")


def qos_specs(at: Caller) -> None:
    """
    QoS specs and the types that they belong to.
    """
    body: Any
    admin, own = as_administrator(at), at.account.project_name
    for note, fields in (
        ("one", {"name": own, "consumer": "back-end", "a": "1"}),
        ("two", {"name": f"{own}-2"}),
        ("name taken", {"name": own}),
        ("no such consumer", {"name": f"{own}-3", "consumer": "nowhere"}),
        ("no name", {"name": ""}),
        ("nothing", {}),
        ("a number", {"name": f"{own}-3", "k": 5}),
    ):
        admin.volume("POST", "/qos-specs", {"qos_specs": fields}, note=note)
    one = _found(admin, "/qos-specs", "qos_specs", own, "one")
    two = _found(admin, "/qos-specs", "qos_specs", f"{own}-2", "two")
    for each in (one, two):
        admin.afterwards("volume", each)
    path = _type(admin, own)
    kind = path.rpartition("/")[2]
    admin.volume("GET", one)
    at.volume("GET", one, note="by a user")
    at.volume("POST", "/qos-specs", {"qos_specs": {"name": "x"}}, note="by a user")
    admin.volume("GET", f"/qos-specs/{NOWHERE}")
    for note, body in (
        ("more", {"b": "2", "consumer": "both"}),
        ("nothing", {}),
        ("no such consumer", {"consumer": "nowhere"}),
    ):
        admin.volume("PUT", one, {"qos_specs": body}, note=note)
    admin.volume("PUT", f"{one}/delete_keys", {"keys": ["b"]})
    admin.volume("PUT", f"{one}/delete_keys", {"keys": ["nothing"]})
    admin.volume("GET", one, note="less")
    for note, wanted in (
        ("nobody's", f"{one}/associations"),
        ("one's", f"{one}/associate?vol_type_id={kind}"),
        ("again", f"{one}/associate?vol_type_id={kind}"),
        ("the type has one", f"{two}/associate?vol_type_id={kind}"),
        ("somebody's", f"{one}/associations"),
        ("in the type", path),
        ("no such type", f"{one}/associate?vol_type_id={NOWHERE}"),
        ("no type", f"{one}/associate"),
        ("no such specs", f"/qos-specs/{NOWHERE}/associate?vol_type_id={kind}"),
        ("not its type", f"{two}/disassociate?vol_type_id={kind}"),
    ):
        admin.volume("GET", wanted, note=note)
    admin.volume("DELETE", one, note="in use")
    admin.volume("GET", f"{one}/disassociate?vol_type_id={kind}", note="nobody's again")
    admin.volume("GET", f"{one}/associate?vol_type_id={kind}", note="once more")
    admin.volume("GET", f"{one}/disassociate_all")
    admin.volume("GET", f"{one}/associations", note="nobody's")
    admin.volume("GET", f"{two}/associate?vol_type_id={kind}", note="to be forced")
    at.volume("DELETE", two, note="by a user")
    admin.volume("DELETE", f"{two}?force=True", note="forced")
    for each in (one, one):
        admin.volume("DELETE", each, note="twice")


def group_types(at: Caller) -> None:
    """
    Types of groups and their specs.
    """
    body: Any
    admin, own = as_administrator(at), at.account.project_name

    def ask(method: str, path: str, body: Any = None, note: str = "", version: str = "3.11") -> Any:
        return admin.volume(method, path, body, version=version, note=note)

    for note, fields in (
        ("one", {"name": own, "group_specs": {"a": "b"}}),
        ("name taken", {"name": own}),
        ("no name", {"name": ""}),
        ("nothing", {}),
        ("unknown field", {"name": f"{own}-x", "nothing": 1}),
    ):
        ask("POST", "/group_types", {"group_type": fields}, note)
    at.volume("POST", "/group_types", {"group_type": {"name": "x"}}, version="3.11", note="by a user")
    ask("GET", "/group_types", version="3.10", note="before their time")
    path = _found(admin, "/group_types", "group_types", own, "group type", version="3.11")
    identifier = path.rpartition("/")[2]
    specs = f"{path}/group_specs"
    for note, method, below, body in (
        ("shown", "GET", path, None),
        ("renamed", "PUT", path, {"group_type": {"name": f"{own}-y"}}),
        ("nothing", "PUT", path, {"group_type": {}}),
        ("more", "POST", specs, {"group_specs": {"c": "d"}}),
        ("none", "POST", specs, {"group_specs": {}}),
        ("all", "GET", specs, None),
        ("one", "GET", f"{specs}/c", None),
        ("none such", "GET", f"{specs}/nothing", None),
        ("changed", "PUT", f"{specs}/c", {"c": "e"}),
        ("another", "PUT", f"{specs}/c", {"x": "e"}),
        ("deleted", "DELETE", f"{specs}/c", None),
        ("again", "DELETE", f"{specs}/c", None),
        ("none such", "GET", f"/group_types/{NOWHERE}", None),
        ("none such", "GET", f"/group_types/{NOWHERE}/group_specs", None),
    ):
        ask(method, below, body, note)
    at.volume("GET", path, version="3.11", note="by a user")
    at.volume("GET", specs, version="3.11", note="by a user")
    wanted = {"name": "g", "group_type": identifier, "volume_types": ["files"]}
    made = at.volume("POST", "/groups", {"group": wanted}, version="3.13", note="a group of it")
    assert made.status == 202, made.body
    group = f"/groups/{made.json()['group']['id']}"
    waited(at, group, "group", "available", version="3.13")
    at.volume("GET", group, version="3.13", note="of the type")
    ask("DELETE", path, note="in use")
    at.volume(
        "POST", f"{group}/action", {"delete": {"delete-volumes": False}}, version="3.13", note="deleted"
    )
    at.until_gone("volume", group, version="3.13")
    at.volume("DELETE", path, version="3.11", note="by a user")
    ask("DELETE", path, note="no more in use")
    ask("DELETE", path, note="again")


def _type(admin: Caller, name: str, specs: dict[str, str] | None = None) -> str:
    body = {"volume_type": {"name": name, "extra_specs": specs or {}}}
    made = admin.volume("POST", "/types", body, version=RECENT, note="a type").json()["volume_type"]["id"]
    admin.normal.know(made, "type")
    admin.afterwards("volume", f"/types/{made}")
    return f"/types/{made}"


def _found(
    admin: Caller, listed: str, plural: str, name: str, known: str, *, version: str | None = None
) -> str:
    """
    The path of what the list has by this name: the id that it shows is the one that is worked with.
    """
    items = admin.volume("GET", listed, version=version, quiet=True).json()[plural]
    identifier = next(each["id"] for each in items if each["name"] == name)
    admin.normal.know(identifier, known)
    return f"{listed.partition('?')[0]}/{identifier}"
