"""
What scenarios make to begin with: servers and volumes, and the names of what the cloud has.
"""

from __future__ import annotations

import time
from typing import Any

from attrs import evolve

from tests.cloud.caller import Caller
from tests.cloud.places import test_cloud
from tests.cloud.wire import Reply

NOWHERE = "00000000-0000-4000-8000-000000000000"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPV0tXq0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0q0 side-by-side"
FLAVOR, LARGER = "42", "84"


def image(at: Caller, name: str = "cirros") -> str:
    """
    The id of an image in Glance; it is the same at both places.
    """
    found: str = at.call("image", "GET", f"/v2/images?name={name}", bare=True, quiet=True).json()["images"][
        0
    ]["id"]
    at.normal.know(found, name)
    return found


def network(at: Caller) -> str:
    """
    The id of the network that every project may use, at the pod that the scenario works in.
    """
    networks = at.call("network", "GET", "/v2.0/networks?name=shared-net", bare=True, quiet=True).json()[
        "networks"
    ]
    found: str = networks[0]["id"]
    at.normal.know(found, "network")
    return found


def a_server(
    at: Caller, name: str = "one", *, quiet: bool = False, version: str | None = "2.37", **more: Any
) -> str:
    """
    Make a server in the scenario's zone and wait for it; its id.
    """
    server = {
        "name": name,
        "flavorRef": FLAVOR,
        "imageRef": image(at),
        "networks": "none",
        "availability_zone": at.place.zone,
        **more,
    }
    made = at.compute("POST", "/servers", {"server": server}, version=version, quiet=quiet).json()
    identifier: str = made["server"]["id"]
    at.normal.know(identifier, f"server {name}")
    at.afterwards("compute", f"/servers/{identifier}")
    at.until("compute", f"/servers/{identifier}", "server", "active")
    return identifier


def a_volume(at: Caller, name: str = "one", *, quiet: bool = False, **more: Any) -> str:
    """
    Make a volume in the scenario's zone and wait for it; its id.
    """
    volume = {"name": name, "size": 1, "availability_zone": at.place.zone, **more}
    made = at.volume("POST", "/volumes", {"volume": volume}, quiet=quiet).json()
    identifier: str = made["volume"]["id"]
    at.normal.know(identifier, f"volume {name}")
    at.afterwards("volume", f"/volumes/{identifier}")
    at.until("volume", f"/volumes/{identifier}", "volume", "available")
    return identifier


def a_network(at: Caller) -> tuple[str, str]:
    """
    Make a network of the scenario's project at the pod that it works in; the ids of the network and its subnet.
    """
    made = _made(at, "network", {"name": "side-net"})
    at.normal.know(made, "own network")
    subnet = {
        "network_id": made,
        "ip_version": 4,
        "cidr": "10.77.0.0/24",
        "enable_dhcp": False,
        # what Neutron gives by itself is never an address that a scenario asks for
        "allocation_pools": [{"start": "10.77.0.100", "end": "10.77.0.250"}],
    }
    within = _made(at, "subnet", subnet)
    at.normal.know(within, "own subnet")
    return made, within


def a_port(at: Caller, within: str, name: str = "one", **more: Any) -> str:
    """
    Make a port in a network; its id.
    """
    made = _made(at, "port", {"network_id": within, "name": name, **more})
    at.normal.know(made, f"port {name}")
    return made


def _made(at: Caller, single: str, wanted: dict[str, Any]) -> str:
    path = f"/{single}s"
    reply = at.call("network", "POST", path, {single: wanted}, quiet=True)
    assert reply.status == 201, reply.body
    identifier: str = reply.json()[single]["id"]
    at.afterwards("network", f"{path}/{identifier}")
    return identifier


def act(
    at: Caller, server: str, body: Any, *then: str, version: str | None = None, note: str = "", **more: Any
) -> Reply:
    """
    Send an action to a server, and wait until it has one of these states, where some are given.
    """
    path = f"/servers/{server}"
    reply = at.compute("POST", f"{path}/action", body, version=version, note=note or next(iter(body)), **more)
    if then:
        at.until("compute", path, "server", *then)
    return reply


def by_chance(at: Caller, *keys: str) -> None:
    """
    Leave a value out of the last answer, where it has one: numbers of a database's own say nothing.
    """
    value = at.steps[-1].answer["body"]
    for key in keys[:-1]:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, dict) and keys[-1] in value:
        value[keys[-1]] = "<number>"


def leftovers(at: Caller) -> None:
    """
    See to it that every server that the project has by now is deleted in the end.
    """
    for each in at.compute("GET", "/servers", quiet=True).json()["servers"]:
        at.afterwards("compute", f"/servers/{each['id']}")


def administrator() -> str:
    """
    The administrator's token.
    """
    token: str = test_cloud().admin.session.get_token()
    return token


def as_administrator(at: Caller) -> Caller:
    """
    The administrator at the same place, in a project of their own; what is asked is recorded with the rest.
    """
    project = str(test_cloud().admin.session.get_project_id())
    at.normal.know(project, "administrator's project")
    return Caller(
        place=at.place,
        account=evolve(at.account, project_id=project, token=administrator()),
        stranger=at.stranger,
        normal=at.normal,
        steps=at.steps,
        undone=at.undone,
    )


def a_new_second() -> None:
    """
    Wait until another second has begun: things that were made within one are listed by their ids, which chance gives.
    """
    time.sleep(1.1)
