"""
How Keystone 30 speaks: its faults, headers and version documents.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from attrs import define

from trio2o.sandbox.frame import Answer, Call, Fault, ServiceStyle

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    503: "Service Unavailable",
}
UNAUTHENTICATED = "The request you have made requires authentication."
_MALFORMED = (
    "The server could not comply with the request since it is either malformed or otherwise incorrect. "
    "The client is assumed to be in error."
)
_VARY = (("Vary", "X-Auth-Token"),)


def version_document(origin: str) -> dict[str, Any]:
    """
    The version that Keystone 30 announces.
    """
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{origin}/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }


def expecting(attribute: str, target: str) -> Fault:
    """
    The 400 for a body that lacks something.
    """
    return Fault(400, f"Expecting to find {attribute} in {target}. {_MALFORMED}")


def unauthorized(call: Call, message: str = "") -> Fault:
    """
    The 401, which names where to get a token.
    """
    where = f'Keystone uri="{call.origin}/v3"'
    return Fault(401, message or UNAUTHENTICATED, headers=(("WWW-Authenticate", where),))


def forbidden(action: str) -> Fault:
    """
    The 403 for one of Keystone's policy rules, such as ``identity:list_projects``.
    """
    return Fault(403, f"You are not authorized to perform the requested action: {action}.")


def answer(body: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """
    An answer of Keystone, with the ``Vary`` that all of them have.
    """
    return Answer(status=status, body=body, headers=headers + _VARY)


@define(kw_only=True)
class KeystoneStyle(ServiceStyle):
    """
    Keystone's way of speaking.
    """

    prefixes: ClassVar[tuple[str, ...]] = ("/v3",)

    def document(self, call: Call) -> Answer | None:
        if call.full_path in ("/", ""):
            versions = {"versions": {"values": [version_document(call.origin)]}}
            return answer(versions, status=300, headers=(("Location", f"{call.origin}/v3/"),))
        if call.full_path in ("/v3", "/v3/"):
            return answer({"version": version_document(call.origin)})
        return None

    def fault(self, fault: Fault) -> Answer:
        error = {"code": fault.status, "message": fault.message, "title": TITLES.get(fault.status, "Error")}
        body = json.dumps({"error": error}, separators=(",", ":")).encode("ascii") + b"\n"
        return answer(body, status=fault.status, headers=fault.headers)

    def unknown_path(self, call: Call) -> Answer:
        page = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
        return Answer(status=404, body=page.encode(), headers=_VARY, content_type="text/html; charset=utf-8")

    def wrong_method(self, call: Call) -> Answer:
        return answer({"message": "The method is not allowed for the requested URL."}, status=405)
