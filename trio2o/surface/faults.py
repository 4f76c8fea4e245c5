"""
Faults as Nova and Cinder write them: ``{"itemNotFound": {"code": 404, "message": …}}``.
"""

from __future__ import annotations

import orjson


def fault_message(raw: bytes, fault: str) -> str:
    """
    The message of a body that holds this fault; empty for any other body.
    """
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return ""
    told = body.get(fault) if isinstance(body, dict) else None
    message = told.get("message") if isinstance(told, dict) else None
    return message if isinstance(message, str) else ""
