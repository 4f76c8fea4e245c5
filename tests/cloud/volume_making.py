"""
What the scenarios of Block Storage make and wait for: anything that has a path, a state, and perhaps a microversion.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tests.cloud.caller import INTERVAL, Caller, NotReached
from tests.cloud.wire import Reply

#: Seconds until something has the state that a scenario waits for: a backup reads, and a restore writes, 1 GiB.
PATIENCE = 300.0


def made(
    at: Caller,
    path: str,
    key: str,
    fields: dict[str, Any],
    name: str,
    *states: str,
    version: str | None = None,
    note: str = "",
    quiet: bool = False,
) -> str:
    """
    Create something below ``path``, give its id a name in what is compared, and wait for one of its states.

    It is deleted afterwards.

    :raises NotReached: if it is refused, or does not get there.
    """
    reply = at.volume("POST", path, {key: fields}, version=version, note=note, quiet=quiet)
    if reply.status >= 300:
        raise NotReached(f"{at.place.name}: no {key} {fields}: {reply.status} {reply.body[:600]!r}")
    identifier = known(at, reply, path, key, name)
    waited(at, f"{path}/{identifier}", key, *(states or ("available",)), version=version)
    return identifier


def known(at: Caller, reply: Reply, path: str, key: str, name: str) -> str:
    """
    The id of what a reply tells to be made; it is deleted afterwards.
    """
    identifier: str = reply.json()[key]["id"]
    at.normal.know(identifier, name)
    at.afterwards("volume", f"{path}/{identifier}")
    return identifier


def waited(at: Caller, path: str, key: str, *states: str, version: str | None = None) -> dict[str, Any]:
    """
    Wait until something has one of these states, and give it.

    :raises NotReached: if it does not get there, or gets into an error that is not waited for.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        reply = at.volume("GET", path, version=version, quiet=True)
        found: dict[str, Any] = reply.json().get(key, {})
        state = str(found.get("status", "")).lower()
        if state in states:
            return found
        if state.startswith("error") or time.monotonic() > deadline or reply.status != 200:
            raise NotReached(f"{at.place.name}: {path} is {state!r}, not {states}: {reply.body[:600]!r}")
        time.sleep(INTERVAL)


def gone(at: Caller, paths: Sequence[str]) -> None:
    """
    Delete things without a record, and wait until none of them is left.
    """
    for path in paths:
        at.volume("DELETE", path, quiet=True)
    for path in paths:
        at.until_gone("volume", path)


def acted(
    at: Caller, path: str, body: dict[str, Any], *then: str, version: str | None = None, note: str = ""
) -> Reply:
    """
    An action of a volume; where states are told, it is waited for.
    """
    reply = at.volume("POST", f"{path}/action", body, version=version, note=note or str(body))
    if then:
        waited(at, path, "volume", *then)
    return reply


def by_stranger(at: Caller, method: str, path: str, body: Any = None, **options: Any) -> Reply:
    """
    A request of the other project.
    """
    return at.call(
        "volume",
        method,
        f"/v3/{at.stranger.project_id}{path}",
        body,
        bare=True,
        token=at.stranger.token,
        **options,
    )


def volume_type(at: Caller, name: str) -> str:
    """
    The id that a type has at the place.
    """
    types = at.volume("GET", "/types", quiet=True).json()["volume_types"]
    found: str = next(each["id"] for each in types if each["name"] == name)
    at.normal.know(found, f"type {name}")
    return found


def stranger_has_none(at: Caller) -> None:
    """
    Delete every volume of the other project, with its snapshots, and wait until there is none.

    :raises NotReached: if one stays.
    """
    deadline = time.monotonic() + PATIENCE
    while volumes := by_stranger(at, "GET", "/volumes", quiet=True).json()["volumes"]:
        if time.monotonic() > deadline:
            raise NotReached(f"{at.place.name}: the stranger's volumes stay: {volumes}")
        for each in volumes:
            by_stranger(at, "DELETE", f"/volumes/{each['id']}?cascade=true", quiet=True)
        time.sleep(INTERVAL)
