"""
How Glance 33 speaks: version documents, and errors as pages.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from trio2o.sandbox.answers import Answer, Fault
from trio2o.sandbox.call import Call
from trio2o.sandbox.style import ServiceStyle, webob_error

_SUPPORTED = (17, 15, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
_STATUSES = {
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    409: "409 Conflict",
    413: "413 Request Entity Too Large",
    503: "503 Service Unavailable",
}


@define(kw_only=True)
class GlanceStyle(ServiceStyle):
    """
    Glance's way of speaking: no microversions.
    """

    prefixes: ClassVar[tuple[str, ...]] = ("/v2",)
    max_body: ClassVar[int] = 8 * 2**20

    def document(self, call: Call) -> Answer | None:
        if call.full_path in ("/", "", "/versions", "/v2", "/v2/"):
            link = {"rel": "self", "href": f"{call.origin}/v2/"}
            versions = [
                {
                    "id": f"v2.{minor}",
                    "status": "CURRENT" if minor == _SUPPORTED[0] else "SUPPORTED",
                    "links": [link],
                }
                for minor in _SUPPORTED
            ]
            return Answer(status=300 if call.full_path in ("/", "") else 200, body={"versions": versions})
        return None

    def fault(self, fault: Fault) -> Answer:
        """
        A page; the frame's `webob_error` wants the call for its ``Accept``, which a fault does not have:
        every client here takes HTML.
        """
        status = _STATUSES.get(fault.status, f"{fault.status} Error")
        page = (
            f"<html>\n <head>\n  <title>{status}</title>\n </head>\n <body>\n  <h1>{status}</h1>\n"
            f"  {fault.message}<br /><br />\n\n\n\n </body>\n</html>"
        )
        return Answer(
            status=fault.status,
            body=page.encode(),
            headers=fault.headers,
            content_type="text/html; charset=UTF-8",
        )

    def wrong_method(self, call: Call) -> Answer:
        return webob_error(
            call, _STATUSES[405], f"The method {call.method} is not allowed for this resource. "
        )

    def unauthenticated(self, auth_uri: str) -> Answer:
        message = (
            "This server could not verify that you are authorized to access the document you requested. Either you "
            "supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply "
            "the credentials required."
        )
        return self.fault(Fault(401, message, headers=(("WWW-Authenticate", f'Keystone uri="{auth_uri}"'),)))
