"""
What a request asks for, compared with the pods that it can reach at all. Pure.

Lists of what pods offer are minutes old, and pods differ in them by mistake as well as on purpose. So they narrow the choice
among pods, and refuse nothing: where no pod in reach is known to have what is named, it may be new, and if it is not, the
pod's own words for it are the right ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from attrs import evolve

from trio2o.model import PlacementRequest, Pod, PodState
from trio2o.scheduling.presence import NAMING


def in_reach(
    request: PlacementRequest,
    pod: Callable[[str], Pod | None],
    having: Callable[[str, str], Collection[str]],
) -> PlacementRequest:
    """
    The request with what no pod in its reach is known to have: in its zone, with what its body names, in its group.

    What the body names goes before the group (I6): where none of the pods that have it is in the group, any is.

    :param pod: the pod of an id.
    :param having: the ids of the pods that are known to have what a field of the request names.
    """
    if request.within is not None and not any(
        found.group == request.pod_group for found in map(pod, request.within) if found is not None
    ):
        request = evolve(request, any_group=True)
    unlisted = frozenset(
        field
        for field in NAMING
        if (name := getattr(request, field)) is not None
        and not any(_reaches(request, pod(pod_id)) for pod_id in having(field, name))
    )
    return evolve(request, unlisted=unlisted) if unlisted != request.unlisted else request


def _reaches(request: PlacementRequest, pod: Pod | None) -> bool:
    return (
        pod is not None
        and pod.state is not PodState.DISABLED
        and request.availability_zone in (None, pod.az_name)
        and (request.within is None or pod.id in request.within)
        and (request.any_group or request.pod_group == pod.group)
    )
