"""
How Cinder 29 speaks: version documents, faults and headers.
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, evolve

from trio2o.sandbox.answers import Answer, Fault, bad_request
from trio2o.sandbox.call import Call, route
from trio2o.sandbox.style import MicroversionRange, ServiceStyle

#: Cinder adds the older name of the request id where an answer has a body of its own.
_OLDER_ID = frozenset({"X-Compute-Request-Id"})
#: An empty answer, as Cinder's actions send it.
DONE = Answer(status=202, body=b"")
#: An empty answer, as Cinder's deletes send it.
DELETED = Answer(status=202, body=b"", content_type="text/html; charset=UTF-8", without=_OLDER_ID)
_INCAPABLE = (
    "The server could not comply with the request since it is either malformed or otherwise incorrect."
)
ERRED = "The server has either erred or is incapable of performing the requested operation."


@define(kw_only=True)
class CinderStyle(ServiceStyle):
    """
    Cinder's way of speaking.
    """

    prefixes: ClassVar[tuple[str, ...]] = ("/v3",)
    service_type: ClassVar[str] = "volume"
    project_in_path: ClassVar[bool] = True

    def document(self, call: Call) -> Answer | None:
        if call.full_path in ("/", ""):
            return self.choices(call, status=300)
        if call.full_path == "/v3" and call.header("X-Auth-Token"):
            return Answer(
                status=302,
                body=b"",
                headers=(("Location", f"{call.origin}/v3/"),),
                content_type="text/plain; charset=utf8",
                without=_OLDER_ID,
            )
        if call.full_path == "/healthcheck":
            return Answer(body=b"OK", content_type="text/plain; charset=UTF-8")
        if not call.prefix:
            return self.unknown_path(call)
        return None

    def choices(self, call: Call, *, status: int = 200) -> Answer:
        """
        The list of versions: 300 at the root, 200 (and only with a token) at ``/v3/``.
        """
        versions = self.versions or MicroversionRange.parse("3.0", "3.71")
        version: dict[str, Any] = {
            "id": "v3.0",
            "status": "CURRENT",
            "version": versions.maximum_text,
            "min_version": versions.minimum_text,
            "updated": "2023-08-31T00:00:00Z",
            "links": [
                {"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"},
                {"rel": "self", "href": f"{call.origin}/v3/"},
            ],
            "media-types": [
                {"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}
            ],
        }
        headers = (("OpenStack-API-Version", "volume 3.0"), ("Vary", "OpenStack-API-Version"))
        return Answer(status=status, body={"versions": [version]}, headers=headers if status == 300 else ())

    def negotiate(self, call: Call) -> None:
        fields = call.request.requestHeaders.getRawHeaders("OpenStack-API-Version") or []
        asked = [part.strip().split() for part in ",".join(fields).split(",")] if fields else []
        if fields and ["volume"] not in [part[:1] for part in asked]:
            raise Fault(400, _INCAPABLE, with_versions=False)
        if ["volume"] in asked:
            raise Fault(500, ERRED, with_versions=False)
        super().negotiate(call)

    def unknown_path(self, call: Call) -> Answer:
        return evolve(super().unknown_path(call), without=_OLDER_ID)

    def too_large(self, call: Call) -> Answer:
        return evolve(super().too_large(call), without=_OLDER_ID)

    def unauthenticated(self, auth_uri: str) -> Answer:
        return evolve(super().unauthenticated(auth_uri), without=_OLDER_ID)

    def check_project(self, call: Call) -> None:
        if call.url_project is not None and call.url_project != call.caller.project_id:
            raise bad_request("Malformed request url")

    def fault(self, fault: Fault) -> Answer:
        answer = super().fault(fault)
        if fault.status != 413:
            return answer
        over = {"code": 413, "message": fault.message, "retryAfter": "0"}
        return evolve(answer, body={"overLimit": over})

    def request_id_headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        return (("X-Compute-Request-Id", request_id), ("X-Openstack-Request-Id", request_id))


@define(eq=False)
class Root:
    """
    ``/v3/``: the versions once more, for who has a token.
    """

    style: CinderStyle

    @route("GET", "/")
    def choices(self, call: Call) -> Answer:
        return self.style.choices(call)
