"""
What of a pod's page becomes routes. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from trio2o.model import Kind, Pod, Route
from trio2o.surface.kinds import route_from_body

#: The status of what is listed and is no more.
_ENDED = frozenset({"DELETED", "deleted"})
#: Parts of a server that routes keep, which come with links of the pod's.
_LINKED = ("flavor", "image")


@frozen(kw_only=True)
class Conflict:
    """
    A resource that another pod has, as its live route says.
    """

    kind: Kind
    resource_id: str
    #: Where the route leads.
    routed_to: str


@frozen(kw_only=True)
class Plan:
    """
    What is to be done for one page.
    """

    #: Of resources that nothing was known of.
    missing: tuple[Route, ...] = ()
    #: Of resources whose routes lack what the page tells.
    completed: tuple[Route, ...] = ()
    #: How many are known, those that are completed among them.
    known: int = 0
    conflicts: tuple[Conflict, ...] = ()


def routes_of(
    kind: Kind, items: Iterable[Mapping[str, Any]], pod: Pod, projects: Mapping[str, str]
) -> list[Route]:
    """
    The routes that a pod's list tells of; what has ended, and what has no usable id, has none.

    :param projects: volume id to its project, for attachments, which name their volume alone.
    """
    found = {}
    for item in items:
        if item.get("status") in _ENDED:
            continue
        whose = projects.get(str(item.get("volume_id")).lower(), "") if kind is Kind.ATTACHMENT else ""
        route = route_from_body(kind, _kept(kind, item, pod), pod.id, project_id=whose)
        if route is not None:
            found[route.resource_id] = route
    return list(found.values())


def compared(wanted: Sequence[Route], live: Iterable[Route], pod_ids: Collection[str]) -> Plan:
    """
    Compare a page's routes with the live ones of the same kind.

    :param pod_ids: the pods that are registered: a route to any other is nobody's, and is replaced.
    """
    stored = {route.resource_id: route for route in live}
    missing, completed, conflicts = [], [], []
    known = 0
    for route in wanted:
        before = stored.get(route.resource_id)
        if before is None or before.pod_id not in {route.pod_id, *pod_ids}:
            missing.append(route)
        elif before.pod_id != route.pod_id:
            conflicts.append(
                Conflict(kind=route.kind, resource_id=route.resource_id, routed_to=before.pod_id)
            )
        else:
            known += 1
            after = _completed(before, route)
            if after != before:
                completed.append(after)
    return Plan(missing=tuple(missing), completed=tuple(completed), known=known, conflicts=tuple(conflicts))


def _kept(kind: Kind, item: Mapping[str, Any], pod: Pod) -> dict[str, Any]:
    """
    A resource as routes keep it: in the zone that users know, without links to the pod (I4).
    """
    kept = dict(item)
    if kind is Kind.SERVER:
        kept["OS-EXT-AZ:availability_zone"] = pod.az_name
        for name in _LINKED:
            part = kept.get(name)
            if isinstance(part, dict):
                kept[name] = {key: value for key, value in part.items() if key != "links"}
    return kept


def _completed(known: Route, shown: Route) -> Route:
    return evolve(
        known,
        project_id=known.project_id or shown.project_id,
        created_at=known.created_at or shown.created_at,
        details={**shown.details, **known.details},
    )
