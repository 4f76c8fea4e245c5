"""
Nova's way of speaking: its versions and its words.
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from trio2o.sandbox.answers import Answer
from trio2o.sandbox.call import Call
from trio2o.sandbox.style import ServiceStyle

_REQUEST_IDS = frozenset({"X-Openstack-Request-Id", "X-Compute-Request-Id"})
_HELP = {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"}


@define(kw_only=True)
class NovaStyle(ServiceStyle):
    """
    Nova below ``/v2.1``, and below ``/v2`` without microversions.
    """

    prefixes: ClassVar[tuple[str, ...]] = ("/v2.1", "/v2")
    service_type: ClassVar[str] = "compute"
    legacy_header: ClassVar[str | None] = "X-OpenStack-Nova-API-Version"
    project_in_path: ClassVar[bool] = True
    fault_content_type: ClassVar[str] = "application/json; charset=UTF-8"
    empty_content_type: ClassVar[str | None] = "application/json"

    def document(self, call: Call) -> Answer | None:
        if call.full_path in ("", "/"):
            versions = [self._version(call, "/v2"), self._version(call, "/v2.1")]
            return Answer(body={"versions": versions}, without=_REQUEST_IDS)
        if not call.prefix:
            return Answer(
                status=300,
                body={"choices": [self._choice(call, "/v2"), self._choice(call, "/v2.1")]},
                without=_REQUEST_IDS,
            )
        if call.path in ("", "/"):
            self.negotiate(call)
            version = self._version(call, call.prefix)
            version["links"].append(_HELP)
            version["media-types"] = [_media_type(call.prefix)]
            return Answer(body={"version": version})
        return None

    def negotiate(self, call: Call) -> None:
        call.minor = 1
        if call.prefix == "/v2.1":
            super().negotiate(call)

    def request_id_headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        return (("X-Openstack-Request-Id", request_id), ("X-Compute-Request-Id", request_id))

    def _version(self, call: Call, prefix: str) -> dict[str, Any]:
        assert self.versions is not None
        new = prefix == "/v2.1"
        return {
            "id": "v2.1" if new else "v2.0",
            "status": "CURRENT" if new else "DEPRECATED",
            "version": self.versions.maximum_text if new else "",
            "min_version": self.versions.minimum_text if new else "",
            "updated": "2013-07-23T11:33:21Z" if new else "2025-07-04T12:00:00Z",
            "links": [{"rel": "self", "href": f"{call.origin}{prefix}/"}],
        }

    def _choice(self, call: Call, prefix: str) -> dict[str, Any]:
        new = prefix == "/v2.1"
        return {
            "id": "v2.1" if new else "v2.0",
            "status": "CURRENT" if new else "DEPRECATED",
            "links": [{"rel": "self", "href": f"{call.origin}{prefix}{call.full_path.rstrip('/')}"}],
            "media-types": [_media_type(prefix)],
        }


def _media_type(prefix: str) -> dict[str, str]:
    version = prefix.removeprefix("/v")
    return {
        "base": "application/json",
        "type": f"application/vnd.openstack.compute+json;version={version}",
    }
