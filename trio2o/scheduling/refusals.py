"""
Telling a pod's "no room" from its other refusals (I13).

Only answers after which surely nothing was accepted let a create go on to the next pod.
"""

from __future__ import annotations

import orjson

#: What Cinder's over-limit answers name when it is room, not the rate of requests, that is short.
_VOLUME_ROOM = ("volumes", "snapshots", "gigabytes", "backups")


def lacks_room(service: str, status: int, body: bytes) -> bool:
    """
    True for Nova's 403 "Quota exceeded" and for Cinder's 413 that names volumes, snapshots, gigabytes or backups.
    """
    if service == "compute" and status == 403:
        return "Quota exceeded" in _message(body, "forbidden")
    if service == "volume" and status == 413:
        said = _message(body, "overLimit")
        return any(word in said for word in _VOLUME_ROOM)
    return False


def _message(body: bytes, fault: str) -> str:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    told = answer.get(fault) if isinstance(answer, dict) else None
    message = told.get("message") if isinstance(told, dict) else None
    return message if isinstance(message, str) else ""
