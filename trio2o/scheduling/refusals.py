"""
Telling a pod's "no room" from its other refusals (I13).

Only answers after which surely nothing was accepted let a create go on to the next pod.
"""

from __future__ import annotations

from trio2o.surface.faults import fault_message

#: What Cinder's over-limit answers name when it is room, not the rate of requests, that is short.
_VOLUME_ROOM = ("volumes", "snapshots", "gigabytes", "backups")


def lacks_room(service: str, status: int, body: bytes) -> bool:
    """
    True for Nova's 403 "Quota exceeded" and for Cinder's 413 that names volumes, snapshots, gigabytes or backups.
    """
    if service == "compute" and status == 403:
        return "Quota exceeded" in fault_message(body, "forbidden")
    if service == "volume" and status == 413:
        said = fault_message(body, "overLimit")
        return any(word in said for word in _VOLUME_ROOM)
    return False
