"""
What scenarios make to begin with: servers and volumes, and the names of what the cloud has.
"""

from __future__ import annotations

import time
from typing import Any

from tests.cloud.caller import Caller

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


def a_new_second() -> None:
    """
    Wait until another second has begun: things that were made within one are listed by their ids, which chance gives.
    """
    time.sleep(1.1)
