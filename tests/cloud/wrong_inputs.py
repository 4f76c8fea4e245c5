"""
Scenarios of requests that are wrong, or unusual, before any resource is meant.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.cloud.caller import Caller

#: An id that nothing has.
NOTHING = "00000000-0000-4000-8000-000000000000"
_LISTS = {"compute": "/servers", "volume": "/volumes"}
_SINGLE = {"compute": "server", "volume": "volume"}


def both(scenario: Callable[[Caller, str], None], service: str) -> Callable[[Caller], None]:
    """
    A scenario for one service, out of one for either.
    """

    def run(at: Caller) -> None:
        scenario(at, service)

    return run


def version_documents(at: Caller, service: str) -> None:
    """
    What needs no token, or says so.
    """
    versions = {"compute": ("v2.1", "v2", "v2.0", "v3"), "volume": ("v3", "v2", "v1")}[service]
    for token in (None, ""):
        note = "no token" if token is None else ""
        at.call(service, "GET", "/", bare=True, token=token, note=note)
        for version in versions:
            at.call(service, "GET", f"/{version}", bare=True, token=token, note=note)
            at.call(service, "GET", f"/{version}/", bare=True, token=token, note=note)
    at.call(service, "HEAD", "/", bare=True)
    at.call(service, "POST", "/", {}, bare=True)
    at.call(service, "GET", "/nothing", bare=True)
    at.call(service, "GET", f"/{versions[0]}", bare=True, version="latest", note="latest")


def tokens(at: Caller, service: str) -> None:
    """
    No token, wrong ones.
    """
    path = _LISTS[service]
    for note, token in (
        ("none", None),
        ("unknown", "x" * 32),
        ("garbage", "not a token!"),
        ("long", "gAAAA" + "x" * 300),
    ):
        at.call(service, "GET", path, token=token, note=note)
        at.call(service, "POST", path, {}, token=token, note=note)
        at.call(service, "GET", "/nothing", token=token, note=note)
    at.call(service, "GET", path, token=None, version="9.9", note="none, unsupported version")


def projects(at: Caller, service: str) -> None:
    """
    The project id in the path.
    """
    version = {"compute": "v2.1", "volume": "v3"}[service]
    path = _LISTS[service]
    own, other = at.account.project_id, at.stranger.project_id
    for note, owner in (("own", own), ("a stranger's", other), ("unknown", "0" * 32), ("no id", "nothing")):
        at.call(service, "GET", f"/{version}/{owner}{path}", bare=True, note=note)
        at.call(service, "GET", f"/{version}/{owner}{path}/{NOTHING}", bare=True, note=note)
        at.call(service, "POST", f"/{version}/{owner}{path}", {_SINGLE[service]: {}}, bare=True, note=note)
    at.call(service, "GET", f"/{version}{path}", bare=True, note="without")
    at.call(service, "GET", f"/{version}{path}/{NOTHING}", bare=True, note="without")
    at.call(service, "GET", f"/{version}/{own}", bare=True)
    at.call(service, "GET", f"/{version}/{own}/", bare=True)


def microversions(at: Caller, service: str) -> None:
    """
    Microversions in range, out of it, and words that are none.
    """
    path = _LISTS[service]
    wrong = (
        "2.0",
        "3.0",
        "2.9999",
        "3.9999",
        "4.0",
        "abc",
        "2",
        "2.1.1",
        "02.1",
        "2.01",
        "-1",
        "latest",
        "LATEST",
        "2.1",
        "3.1",
    )
    for version in wrong:
        at.call(service, "GET", path, version=version, note=f"version {version}")
    for value in (
        "",
        "compute",
        "volume",
        "compute 2.10",
        "volume 3.10",
        "compute 2.10, volume 3.10",
        "compute  2.10",
        "baremetal 1.1",
        "COMPUTE 2.10",
        "2.10",
        "compute latest extra",
    ):
        at.call(service, "GET", path, fields={"OpenStack-API-Version": value}, note=f"field {value!r}")
    if service == "compute":
        for value in ("2.10", "latest", "2.9999", "x"):
            at.call(
                service,
                "GET",
                path,
                fields={"X-OpenStack-Nova-API-Version": value},
                note=f"older field {value!r}",
            )
        at.call(
            service,
            "GET",
            path,
            version="2.20",
            fields={"X-OpenStack-Nova-API-Version": "2.10"},
            note="both fields",
        )
    for version in ("9.9", "abc"):
        at.call(service, "POST", path, {}, version=version, note=f"version {version}")
        at.call(service, "GET", "/nothing", version=version, note=f"version {version}")
        at.call(service, "GET", f"{path}/{NOTHING}", version=version, note=f"version {version}")


def paths(at: Caller, service: str) -> None:
    """
    Unknown paths, wrong methods, unusual spellings.
    """
    path = _LISTS[service]
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        at.call(service, method, "/nothing")
        at.call(service, method, f"/nothing/{NOTHING}")
    for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "REPORT"):
        at.call(service, method, path)
        at.call(service, method, f"{path}/detail")
    for method in ("POST", "PATCH", "OPTIONS", "HEAD"):
        at.call(service, method, f"{path}/{NOTHING}")
    for method in ("GET", "PUT", "DELETE"):
        at.call(service, method, f"{path}/{NOTHING}/action")
    for spelling in (
        f"{path}/",
        f"/{path}",
        f"{path}//detail",
        f"{path}.json",
        f"{path}/detail/",
        f"{path}?",
        f"{path}/detail?",
        f"{path}/%00",
        f"{path}/%ff",
        f"{path}/a%2Fb",
        f"{path}/../servers",
    ):
        at.call(service, "GET", spelling)
    at.call(service, "GET", path, fields={"Accept": "application/xml"}, note="wants XML")
    at.call(service, "GET", path, fields={"Accept": "text/html"}, note="wants HTML")
    at.call(service, "GET", "/nothing", fields={"Accept": "text/html"}, note="wants HTML")
    at.call(service, "GET", "/nothing", fields={"Accept": "*/*"}, note="wants anything")


def unknown_ids(at: Caller, service: str) -> None:
    """
    Ids that nobody has, and words that are none.
    """
    path, single = _LISTS[service], _SINGLE[service]
    for name in (NOTHING, NOTHING.upper(), "nothing", "1", "x" * 300, "é", "a b", NOTHING.replace("-", "")):
        quoted = name.replace(" ", "%20").replace("é", "%C3%A9")
        for method in ("GET", "DELETE"):
            at.call(service, method, f"{path}/{quoted}")
        at.call(service, "PUT", f"{path}/{quoted}", {single: {"name": "new"}})
    actions: dict[str, tuple[Any, ...]] = {
        "compute": ({"os-start": None}, {"reboot": {"type": "SOFT"}}, {"nothing": None}, {}, [], "x"),
        "volume": ({"os-extend": {"new_size": 2}}, {"os-detach": {}}, {"nothing": None}, {}, [], "x"),
    }
    for action in actions[service]:
        at.call(service, "POST", f"{path}/{NOTHING}/action", action, note=json.dumps(action))
    below = {
        "compute": (
            "metadata",
            "ips",
            "os-interface",
            "os-instance-actions",
            "os-volume_attachments",
            "diagnostics",
            "os-security-groups",
            "os-server-password",
            "tags",
            "topology",
            "migrations",
            "nothing",
        ),
        "volume": ("metadata", "encryption", "nothing"),
    }
    for word in below[service]:
        at.call(service, "GET", f"{path}/{NOTHING}/{word}")
        at.call(service, "GET", f"{path}/{NOTHING}/{word}", version="latest", note="latest")
    at.call(service, "GET", f"{path}/{NOTHING}", version="latest", note="latest")


def bodies(at: Caller, service: str) -> None:
    """
    Bodies of creates that are no JSON, or not what they should be.
    """
    path, single = _LISTS[service], _SINGLE[service]
    for note, raw in (
        ("empty", b""),
        ("cut", b'{"' + single.encode()),
        ("no JSON", b"hello"),
        ("list", b"[]"),
        ("null", b"null"),
        ("number", b"1"),
        ("string", b'"x"'),
        ("latin-1", b'{"' + single.encode() + b'": {"name": "\xe9"}}'),
        ("trailing", b'{"' + single.encode() + b'": {}} x'),
        ("NaN", b'{"' + single.encode() + b'": {"name": NaN}}'),
        ("byte order mark", b'\xef\xbb\xbf{"' + single.encode() + b'": {}}'),
        ("deep", b"[" * 5000 + b"]" * 5000),
    ):
        at.call(service, "POST", path, raw=raw, note=note)
    parts: tuple[Any, ...] = ({}, [], None, "x", 1, {"name": 1}, {"name": ""}, {"nothing": 1})
    for part in parts:
        at.call(service, "POST", path, {single: part}, note=json.dumps(part))
    at.call(service, "POST", path, {"nothing": {}}, note="another key")
    at.call(service, "POST", path, {single: {}, "extra": 1}, note="two keys")
    good = json.dumps({single: {}}).encode()
    for kind in ("text/plain", "application/xml", "application/json; charset=utf-8", "APPLICATION/JSON", ""):
        at.call(
            service, "POST", path, raw=good, fields={"Content-Type": kind}, note=f"as {kind or 'nothing'}"
        )
    huge = json.dumps({single: {"name": "x" * 200_000}}).encode()
    at.call(service, "POST", path, raw=huge, note="huge")
    at.call(service, "POST", f"{path}/{NOTHING}/action", raw=huge, note="huge")
    at.call(service, "PUT", f"{path}/{NOTHING}", raw=huge, note="huge")
