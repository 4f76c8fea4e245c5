"""
Errors in the shape of the service that the client thinks it talks to (I5).

The shapes are those of the Compute, Block Storage and Identity APIs; the Admin API has one of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from trio2o.errors import GatewayError, Unauthorized
from trio2o.exchange import Answer, HeaderList

#: The key of a fault by its status, in the Compute and Block Storage APIs alike; others are ``computeFault``.
FAULT_NAMES: Mapping[int, str] = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}

#: The title of an error in the Admin API, by its status.
TITLES: Mapping[int, str] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    413: "Payload Too Large",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

UNEXPECTED = "The server has an unexpected error. Please report it with the request id."


def fault(surface: str, error: GatewayError, *, to_admin: bool, www_authenticate: bytes) -> Answer:
    """
    An error as the answer of a surface. The detail that may name a pod is for admins alone.
    """
    message = error.message
    if to_admin and error.admin_detail:
        message = f"{message} ({error.admin_detail})"
    status = error.status
    # Nova's faults alone name the character set; a 401 is keystonemiddleware's
    named = surface == "compute" and not isinstance(error, Unauthorized)
    kind = b"application/json; charset=UTF-8" if named else b"application/json"
    headers: HeaderList = [(b"Content-Type", kind), *error.headers]
    if isinstance(error, Unauthorized):
        headers.append((b"WWW-Authenticate", www_authenticate))
    if surface == "admin" or isinstance(error, Unauthorized):
        # keystonemiddleware answers 401 ahead of the services, in Keystone's shape
        body = {"error": {"code": status, "title": TITLES.get(status, "Error"), "message": message}}
        return Answer(status=status, headers=headers, body=orjson.dumps(body))
    told = {"code": status, "message": message}
    for name, value in error.headers:
        if name.lower() == b"retry-after" and status in (413, 429):
            told["retryAfter"] = value.decode("ascii")
    return Answer(
        status=status, headers=headers, body=orjson.dumps({FAULT_NAMES.get(status, "computeFault"): told})
    )
