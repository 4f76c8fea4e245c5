"""
Where a create must go because of what its body names (I6).
"""

from __future__ import annotations

from collections.abc import Sequence

from trio2o.errors import BadRequest, Unavailable
from trio2o.exchange import Inbound
from trio2o.model import RequestContext
from trio2o.strategies.concurrently import gathered
from trio2o.strategies.locating import Locator, Whereabouts
from trio2o.surface.kinds import KINDS
from trio2o.surface.references import Reference

#: How many resources a body may name, and about how many the pods are asked at once: each may cost a question to every pod.
_MOST_REFERENCES = 256
_REFERENCES_AT_ONCE = 16


async def pods_having(
    locator: Locator,
    inbound: Inbound,
    context: RequestContext,
    named: Sequence[Reference],
    zone: str | None,
) -> frozenset[str] | None:
    """
    The ids of the pods that have everything the body names; ``None`` where nothing narrows the choice (I6).

    A reference that no pod has narrows nothing: the pod's own words for it are the right answer.

    :param zone: the top zone that the body names, if there is such a one.
    :raises BadRequest: if two of the named share no pod, one is not in the zone that is asked for, or they are too many.
    :raises Unavailable: if a pod that may have one is silent.
    """
    named = list({(reference.kind, reference.id): reference for reference in named}.values())
    if len(named) > _MOST_REFERENCES:
        raise BadRequest(f"The request names more than {_MOST_REFERENCES} resources.")
    answers: list[Whereabouts | Exception] = []
    for start in range(0, len(named), _REFERENCES_AT_ONCE):
        asked = [
            locator.whereabouts(reference.kind, reference.id, inbound, context)
            for reference in named[start : start + _REFERENCES_AT_ONCE]
        ]
        answers += await gathered(asked, ())
    within: frozenset[str] | None = None
    # where all of it may be, as far as the pods have told
    possible: frozenset[str] | None = None
    first: Reference | None = None
    for reference, found in zip(named, answers, strict=True):
        assert not isinstance(found, Exception)
        if not found.pods:
            if found.silent:
                raise _not_told(reference, found)
            continue
        if zone is not None and all(pod.az_name != zone for pod in found.pods):
            if any(pod.az_name == zone for pod in found.silent):
                raise _not_told(reference, found)
            raise BadRequest(
                f"{KINDS[reference.kind].noun.capitalize()} {reference.id} is not in the availability zone {zone}."
            )
        pods = frozenset(pod.id for pod in found.pods)
        maybe = pods | {pod.id for pod in found.silent}
        possible = maybe if possible is None else possible & maybe
        if within is not None and first is not None and not within & pods:
            if possible:
                raise _not_told(reference, found)
            raise BadRequest(
                f"{KINDS[first.kind].noun.capitalize()} {first.id} and {KINDS[reference.kind].noun} {reference.id} "
                "are in different parts of the cloud and cannot be used together."
            )
        within = pods if within is None else within & pods
        first = first or reference
    return within


def _not_told(reference: Reference, found: Whereabouts) -> Unavailable:
    """
    A pod that is silent about this reference, or was about one before, may have all that is named.
    """
    silent = ", ".join(pod.name for pod in found.silent)
    return Unavailable(
        "The service is not available at the moment. Please try again later.",
        admin_detail=f"no answer about {reference.kind} {reference.id} from {silent or 'the pod of others'}",
        headers=[(b"Retry-After", b"10")],
    )
