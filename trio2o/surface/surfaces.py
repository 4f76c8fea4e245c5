"""
What sets one surface apart from another beside its table; nothing else may know how many surfaces there are.
"""

from __future__ import annotations

from attrs import frozen

from trio2o.surface import compute, volume
from trio2o.surface.operations import Operation


@frozen(kw_only=True)
class Surface:
    """
    One API family.
    """

    #: Its name in configuration, logs and metrics, and the service type that pods are asked for.
    name: str
    #: What it is called in ``OpenStack-API-Version``.
    microversion_service: str
    #: The header of the time before ``OpenStack-API-Version``, in lower case; empty for none.
    legacy_microversion_header: bytes
    #: The first path segments that it answers to, the current one first.
    versions: tuple[str, ...]
    operations: tuple[Operation, ...]
    #: The service's words for a zone that does not exist; ``{zone}`` is replaced.
    unknown_zone: str
    #: The service's words for a URL that names another project; ``{url}`` and ``{token}`` are replaced.
    foreign_project: str
    #: Whether errors and answers also carry the older ``x-compute-request-id``.
    legacy_request_id: bool = True
    #: From this microversion on a silent pod's resources are shown with the status UNKNOWN; ``None`` for never.
    unknown_from: tuple[int, int] | None = None


COMPUTE = Surface(
    name="compute",
    microversion_service="compute",
    legacy_microversion_header=b"x-openstack-nova-api-version",
    versions=("v2.1", "v2"),
    operations=compute.OPERATIONS,
    unknown_zone="The requested availability zone is not available",
    foreign_project="Malformed request URL: URL's project_id '{url}' doesn't match Context's project_id '{token}'",
    unknown_from=(2, 69),
)

VOLUME = Surface(
    name="volume",
    microversion_service="volume",
    legacy_microversion_header=b"",
    versions=("v3",),
    operations=volume.OPERATIONS,
    unknown_zone="Availability zone '{zone}' is invalid.",
    foreign_project="Malformed request url",
)

SURFACES = {surface.name: surface for surface in (COMPUTE, VOLUME)}
