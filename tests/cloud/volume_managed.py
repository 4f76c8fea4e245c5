"""
Scenario of an administrator who takes volumes out of Cinder's hands and gives them back.
"""

from __future__ import annotations

from tests.cloud.caller import Caller
from tests.cloud.making import a_volume, as_administrator
from tests.cloud.volume_making import known, waited


def volume_managed(at: Caller) -> None:
    """
    Volumes of the last zone, which is the other pod's where there are two: let go and taken again, by both of Cinder's paths,
    with the zone and without.
    """
    admin = as_administrator(at)
    for number, (path, zoned) in enumerate(
        (
            ("/os-volume-manage", {"availability_zone": at.place.zones[-1]}),
            ("/manageable_volumes", {"availability_zone": at.place.zones[-1]}),
            ("/manageable_volumes", {}),
        )
    ):
        volume = a_volume(admin, f"v{number}", quiet=True, availability_zone=at.place.zones[-1])
        here = f"/volumes/{volume}"
        host = admin.volume("GET", here, quiet=True).json()["volume"]["os-vol-host-attr:host"]
        admin.volume("POST", f"{here}/action", {"os-unmanage": None})
        admin.until_gone("volume", here)
        admin.volume("GET", here, note="let go")
        taken = {"host": host, "ref": {"source-name": f"volume-{volume}"}, "name": f"again {number}", **zoned}
        for note, body in (
            ("no such host", {"volume": {**taken, "host": "nothing@files#files"}}),
            ("no host", {"volume": {"ref": {"source-name": "x"}}}),
            ("nothing", {}),
        ):
            admin.volume("POST", path, body, version="3.8", note=note)
        at.volume("POST", path, {"volume": taken}, version="3.8", note="as a user")
        reply = admin.volume("POST", path, {"volume": taken}, version="3.8", note="taken")
        again = known(admin, reply, "/volumes", "volume", f"volume {number} again")
        waited(admin, f"/volumes/{again}", "volume", "available")
        admin.volume("GET", f"/volumes/{again}", note="taken")
        at.volume("GET", f"/volumes/{again}", note="is another project's")
        admin.volume("DELETE", f"/volumes/{again}")
        admin.until_gone("volume", f"/volumes/{again}")
    left = admin.clean_up()
    assert not left, left
