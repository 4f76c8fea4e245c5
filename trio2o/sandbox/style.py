"""
How a service speaks: its prefixes, versions, faults and the words around them.

`ServiceStyle` holds what Nova and Cinder share; a service subclasses it and changes what differs.
"""

from __future__ import annotations

import re
from typing import ClassVar

from attrs import define, frozen

from trio2o.sandbox.answers import Answer, Fault
from trio2o.sandbox.call import Call

_PROJECT_ID = re.compile(r"[0-9a-f\-]+")
_VERSION = re.compile(r"([1-9]\d*)\.([1-9]\d*|0)")

FAULT_NAMES = {
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


def webob_error(call: Call, status: str, text: str) -> Answer:
    """
    What webob makes of an error that no service code has touched: HTML, JSON (where that is accepted, as the
    OpenStack clients do) or plain text (without ``Accept``).
    """
    code, title = int(status[:3]), status[4:]
    accept = call.header("Accept")
    if accept is None:
        plain = f"{status}\n\n{text}\n\n   "
        return Answer(status=code, body=plain.encode(), content_type="text/plain; charset=UTF-8")
    if "application/json" in accept:
        return Answer(
            status=code, body={"message": f"{text}<br /><br />\n\n\n", "code": status, "title": title}
        )
    page = (
        f"<html>\n <head>\n  <title>{status}</title>\n </head>\n <body>\n  <h1>{status}</h1>\n"
        f"  {text}<br /><br />\n\n\n\n </body>\n</html>"
    )
    return Answer(status=code, body=page.encode(), content_type="text/html; charset=UTF-8")


@frozen
class MicroversionRange:
    """
    The microversions that a service speaks, as (major, minor) pairs, both ends included.
    """

    minimum: tuple[int, int]
    maximum: tuple[int, int]

    @classmethod
    def parse(cls, minimum: str, maximum: str) -> MicroversionRange:
        """
        From two strings such as ``2.1`` and ``2.104``.

        :raises ValueError: if one is no version or they are in the wrong order.
        """
        ends = []
        for text in (minimum, maximum):
            match = _VERSION.fullmatch(text)
            if match is None:
                raise ValueError(f"no microversion: {text!r}")
            ends.append((int(match[1]), int(match[2])))
        if ends[0] > ends[1]:
            raise ValueError(f"{minimum} is above {maximum}")
        return cls(ends[0], ends[1])

    @property
    def minimum_text(self) -> str:
        """
        The lower end, as ``2.1``.
        """
        return f"{self.minimum[0]}.{self.minimum[1]}"

    @property
    def maximum_text(self) -> str:
        """
        The upper end, as ``2.104``.
        """
        return f"{self.maximum[0]}.{self.maximum[1]}"

    def chosen(self, asked: str | None) -> tuple[int, int]:
        """
        The version to speak when the client asked for this one: the minimum for None, the maximum for
        ``latest``.

        :raises Fault: 400 for what is no version, 406 outside of the range.
        """
        if asked is None:
            return self.minimum
        if asked == "latest":
            return self.maximum
        match = _VERSION.fullmatch(asked)
        if match is None:
            raise Fault(
                400,
                f"API Version String {asked} is of invalid format. Must be of format MajorNum.MinorNum.",
                with_versions=False,
            )
        version = (int(match[1]), int(match[2]))
        if not self.minimum <= version <= self.maximum:
            raise Fault(
                406,
                f"Version {asked} is not supported by the API. "
                f"Minimum is {self.minimum_text} and maximum is {self.maximum_text}.",
            )
        return version


@define(kw_only=True)
class ServiceStyle:
    """
    One service's way of speaking.

    ``prefixes`` are the paths under which the API lives, longest first; ``service_type`` stands in
    ``OpenStack-API-Version``; ``legacy_header`` is an older header for the same; ``link_prefix`` replaces the
    origin (scheme and host) in links, as Nova's and Cinder's options for that do; ``empty_content_type`` is
    for a service that sends a type with answers without a body, 204s among them.
    """

    versions: MicroversionRange | None = None
    link_prefix: str | None = None

    prefixes: ClassVar[tuple[str, ...]] = ()
    service_type: ClassVar[str] = ""
    legacy_header: ClassVar[str | None] = None
    project_in_path: ClassVar[bool] = False
    fault_content_type: ClassVar[str] = "application/json"
    empty_content_type: ClassVar[str | None] = None
    max_body: ClassVar[int] = 114688

    def split(self, path: str) -> tuple[str, str | None, str] | None:
        """
        A path's prefix, project id and rest; None when it is below no prefix.
        """
        for prefix in self.prefixes:
            if path == prefix or path.startswith(prefix + "/"):
                rest = path[len(prefix) :]
                if self.project_in_path:
                    first, slash, below = rest[1:].partition("/")
                    if slash and _PROJECT_ID.fullmatch(first):
                        return prefix, first, "/" + below
                return prefix, None, rest
        return None

    def document(self, call: Call) -> Answer | None:
        """
        The answer to a request that needs no token (version documents, choices); None when a token is needed.
        Called for every request, also those below no prefix (then ``call.prefix`` is empty).
        """
        return None

    def negotiate(self, call: Call) -> None:
        """
        Set the call's ``minor`` and ``version_headers`` from the request's microversion headers.

        :raises Fault: 400 or 406.
        """
        if self.versions is None:
            return
        asked = self._asked(call)
        try:
            major, minor = self.versions.chosen(asked)
        except Fault as fault:
            if fault.with_versions and asked is not None:
                call.version_headers = self._version_headers(asked)
            raise
        call.minor = minor
        call.version_headers = self._version_headers(f"{major}.{minor}")

    def check_project(self, call: Call) -> None:
        """
        Refuse a project id in the URL that is not the caller's, for admins too.

        :raises Fault: 400 in the service's words.
        """
        if call.url_project is not None and call.url_project != call.caller.project_id:
            raise Fault(
                400,
                f"Malformed request URL: URL's project_id '{call.url_project}' doesn't match "
                f"Context's project_id '{call.caller.project_id}'",
            )

    def fault(self, fault: Fault) -> Answer:
        """
        The answer that a fault becomes.
        """
        name = fault.name or FAULT_NAMES.get(fault.status, "computeFault")
        return Answer(
            status=fault.status,
            body={name: {"code": fault.status, "message": fault.message}},
            headers=fault.headers,
            content_type=self.fault_content_type,
        )

    def unknown_path(self, call: Call) -> Answer:
        """
        The answer for a path that no handler has.
        """
        return webob_error(call, "404 Not Found", "The resource could not be found.")

    def wrong_method(self, call: Call) -> Answer:
        """
        The answer for a known path with a method that it does not have: Nova 34 and Cinder 29 send the HTML
        404.
        """
        return self.unknown_path(call)

    def too_large(self, call: Call) -> Answer:
        """
        The answer for a body above ``max_body`` bytes.
        """
        return webob_error(
            call,
            "413 Request Entity Too Large",
            "Request is too large. Larger than max_request_body_size (%s).",
        )

    def unauthenticated(self, auth_uri: str) -> Answer:
        """
        The 401 that keystonemiddleware gives.
        """
        message = "The request you have made requires authentication."
        return Answer(
            status=401,
            body={"error": {"code": 401, "title": "Unauthorized", "message": message}},
            headers=(("WWW-Authenticate", f'Keystone uri="{auth_uri}"'),),
        )

    def request_id_headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        """
        The headers that carry the request id.
        """
        return (("X-Openstack-Request-Id", request_id),)

    def _asked(self, call: Call) -> str | None:
        values = call.request.requestHeaders.getRawHeaders("OpenStack-API-Version") or []
        for part in ",".join(values).split(","):
            service, _, version = part.strip().partition(" ")
            if service.lower() == self.service_type and version.strip():
                return version.strip()
        return call.header(self.legacy_header) if self.legacy_header else None

    def _version_headers(self, version: str) -> tuple[tuple[str, str], ...]:
        headers = [("OpenStack-API-Version", f"{self.service_type} {version}")]
        if self.legacy_header:
            headers.append((self.legacy_header, version))
        headers.append(("Vary", "OpenStack-API-Version"))
        if self.legacy_header:
            headers.append(("Vary", self.legacy_header))
        return tuple(headers)
