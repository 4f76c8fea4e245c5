"""
How Neutron 29 speaks.
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from trio2o.sandbox.answers import Answer, Fault
from trio2o.sandbox.call import Call
from trio2o.sandbox.style import ServiceStyle, webob_error


def bad_request(message: str) -> Fault:
    """
    Neutron's 400.
    """
    return Fault(400, message, "HTTPBadRequest")


def section(call: Call, name: str, allowed: frozenset[str]) -> dict[str, Any]:
    """
    The object under the body's one key.

    :raises Fault: 400.
    """
    try:
        body = call.json()
    except Fault:
        raise bad_request("Body contains invalid data") from None
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, dict):
        raise bad_request(f"Unable to find '{name}' in request body")
    unknown = sorted(found.keys() - allowed)
    if unknown:
        raise bad_request(f"Unrecognized attribute(s) '{', '.join(unknown)}'")
    return found


@define(kw_only=True)
class NeutronStyle(ServiceStyle):
    """
    Neutron's way of speaking: no microversions, faults with a type.
    """

    prefixes: ClassVar[tuple[str, ...]] = ("/v2.0",)

    def document(self, call: Call) -> Answer | None:
        if call.full_path in ("/", ""):
            link = {"rel": "self", "href": f"{call.origin}/v2.0/"}
            return Answer(body={"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})
        if not call.prefix:
            return webob_error(call, "404 Not Found", "The resource could not be found.")
        return None

    def fault(self, fault: Fault) -> Answer:
        name = fault.name or "HTTPInternalServerError"
        error = {"type": name, "message": fault.message, "detail": ""}
        return Answer(status=fault.status, body={"NeutronError": error}, headers=fault.headers)

    def unknown_path(self, call: Call) -> Answer:
        return self.fault(Fault(404, "The resource could not be found.", "HTTPNotFound"))

    def wrong_method(self, call: Call) -> Answer:
        message = "The server could not comply with the request since it is either malformed or otherwise incorrect."
        return self.fault(Fault(405, message, "HTTPMethodNotAllowed"))
