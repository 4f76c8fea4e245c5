"""
What is known to differ between one cloud and the top region over several, each with its reason.

A scenario fails on a difference that no row here expects, and on a row of its own that nothing shows any more.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from attrs import frozen


@frozen(kw_only=True)
class Expected:
    """
    A difference that is expected. Patterns are the shell's, but for brackets, which stand for themselves.
    """

    #: The scenarios, as a failure names them.
    scenario: str
    #: The requests, as a failure shows them.
    steps: tuple[str, ...]
    #: Where in the answer: ``status``, ``fields.NAME`` or ``body.…``.
    paths: tuple[str, ...] = ("*",)
    reason: str
    #: False where it comes with the moment, such as a race, so that its absence says nothing.
    always: bool = True

    def covers(self, scenario: str, step: str, path: str) -> bool:
        """
        True when this row expects the difference.
        """
        return (
            fnmatchcase(scenario, self.scenario)
            and any(fnmatchcase(step, _literal(each)) for each in self.steps)
            and any(fnmatchcase(path, _literal(each)) for each in self.paths)
        )


def _literal(pattern: str) -> str:
    return pattern.replace("[", "[[]")


_WRONG_METHOD = (
    "A path that exists gets 405 and Allow for a method that it does not have (RFC 9110); the services' router says 404, "
    "and their CORS filter answers OPTIONS ahead of everything."
)
_UNFIT = "What the services answer with 500, or in a shape that is no fault, is the client's error in the service's shape."
_VERSIONS = "One range of microversions holds for the whole surface, so it is looked at before the path, which a pod alone knows."
_ROOT = (
    "Only the versions that are served exist; the services' root answers any path with the list of versions, or repeats it "
    "for any method. Every answer has a request id."
)

EXPECTED: tuple[Expected, ...] = (
    # Wrong inputs
    Expected(
        scenario="* bodies",
        steps=(
            "POST /servers (empty)",
            "POST /servers (latin-1)",
            "POST /servers (deep)",
            "POST /volumes (empty)",
            "POST /volumes (deep)",
        ),
        reason=_UNFIT,
    ),
    Expected(
        scenario="* bodies",
        steps=("POST /servers (huge)", "POST /volumes (huge)", "POST /volumes/*/action (huge)"),
        reason=_UNFIT + " It names the limit, which oslo.middleware forgets to.",
    ),
    Expected(
        scenario="* bodies",
        steps=("PUT /servers/* (huge)", "POST /servers/*/action (huge)"),
        reason="Nova answers and closes before it has read the body: now and then the gateway sees only that it has closed.",
        always=False,
    ),
    Expected(scenario="* microversions", steps=("GET /nothing (version *)",), reason=_VERSIONS),
    Expected(scenario="volume microversions", steps=("GET /volumes (field 'volume')",), reason=_UNFIT),
    Expected(
        scenario="* paths",
        steps=(
            "PUT /servers",
            "PUT /volumes",
            "DELETE /servers",
            "DELETE /volumes",
            "PATCH *",
            "REPORT *",
            "OPTIONS *",
            "HEAD /servers",
            "HEAD /volumes",
            "POST /servers/*",
            "POST /volumes/*",
        ),
        reason=_WRONG_METHOD,
    ),
    Expected(
        scenario="* paths",
        steps=("GET //*", "GET */../*"),
        reason="A path with an empty or a dot segment reaches no pod: what it means differs from server to server.",
    ),
    Expected(scenario="* paths", steps=("GET */%ff",), reason=_UNFIT),
    Expected(
        scenario="* projects",
        steps=("GET /v*/<own project>", "GET /v*/<own project>/"),
        reason=_ROOT,
    ),
    Expected(
        scenario="* version_documents",
        steps=("* /", "* / (no token)", "* /v2*", "* /v1*", "* /nothing"),
        reason=_ROOT,
    ),
    Expected(scenario="compute version_documents", steps=("* /v3*",), reason=_ROOT),
    Expected(
        scenario="volume version_documents",
        steps=("GET /v3*",),
        reason="The document of version 3 is answered with or without a token and with or without the last slash.",
    ),
    Expected(
        scenario="volume tokens",
        steps=("*",),
        paths=("fields.x-compute-request-id",),
        reason="Every answer has both names of the request id; Cinder leaves the older one out of a 401.",
    ),
    Expected(
        scenario="volume microversions",
        steps=("GET /volumes (version 2.0)",),
        paths=("fields.openstack-api-version", "fields.vary"),
        reason="A 406 repeats the version that was asked for; Cinder does so but for the major version 2.",
    ),
    # Lives
    Expected(
        scenario="reads",
        steps=("GET /os-availability-zone*",),
        paths=("body.availabilityZoneInfo",),
        reason="The top region has a zone more: the other pod's.",
    ),
    Expected(
        scenario="command_cloud",
        steps=("openstack availability zone list*",),
        paths=("said.shown",),
        reason="The top region has a zone more: the other pod's.",
    ),
    Expected(
        scenario="spread servers",
        steps=("GET /servers?sort_key=vm_state*",),
        paths=("body.servers_links[0].href",),
        reason="Nova's link to the next page forgets all sort keys but one, so that following it gives another order; the "
        "gateway's keeps them.",
    ),
    Expected(
        scenario="server_lists",
        steps=("GET /servers?all_tenants=1",),
        paths=("body.forbidden.message",),
        reason="A list without details is made of detailed ones, so that the policy of those is told.",
        always=False,
    ),
    Expected(
        scenario="operations",
        steps=("GET /os-availability-zone/detail*",),
        paths=("body.availabilityZoneInfo*",),
        reason="The zones are those of the configuration; a pod's own zone of its services is none of them.",
    ),
    Expected(
        scenario="other_zone",
        steps=("a group",),
        reason="A group of servers is in one pod, and so are its members: a zone elsewhere contradicts the hint.",
    ),
    Expected(
        scenario="volume_fields",
        steps=("GET /volumes/*",),
        paths=("body.volume.service_uuid", "body.volume.shared_targets"),
        reason="The volume's manager writes both a moment after it has written that the volume is available.",
        always=False,
    ),
    Expected(
        scenario="server_shelving",
        steps=("GET /servers/<server one> (shelved, None)",),
        paths=("body.server.OS-EXT-AZ:availability_zone", "body.server.hostId"),
        reason="Nova forgets the host a moment after it has written that the server is offloaded.",
        always=False,
    ),
    Expected(
        scenario="volume_urls",
        steps=("GET /v3*/os-availability-zone (*",),
        paths=("body.availabilityZoneInfo",),
        reason="The top region has a zone more: the other pod's.",
    ),
    Expected(
        scenario="volume_urls",
        steps=("GET /v3/*/nothing (*",),
        reason="A URL with another project's id is refused before its path is looked at, which a pod alone knows.",
    ),
    Expected(
        scenario="type_specs",
        steps=("GET /types/<type>/encryption",),
        paths=("body.encryption_id",),
        reason="Each pod gives an encryption an id of its own, and any of them answers a read; Cinder goes by the type alone.",
        always=False,
    ),
    Expected(
        scenario="server_quotas",
        steps=("GET /limits (as before)",),
        paths=("body.limits.absolute.totalRAMUsed",),
        reason="What a resize took is given back some moments after its revert, when the pod was asked again.",
        always=False,
    ),
)
