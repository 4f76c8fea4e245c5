"""
Which pods a create is to be tried at, in order: written from ``docs/architecture.rst`` and ``docs/configure.rst``, and from
nothing that the product decides by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from attrs import frozen

from trio2o.model import Amounts, Binding, Mark, Pod, Usage

#: What the weighers of the model's processes count for. A binding holds against a failure, not against two of them, nor
#: against the operator's preference.
FACTORS = {"binding": 5.0, "recent_failures": 8.0, "operator_weight": 10.0, "creation_order": 1.0}


@frozen(kw_only=True)
class View:
    """
    What one process knows.
    """

    pods: Sequence[Pod]
    #: The project's active bindings, newest first.
    bindings: Sequence[Binding]
    healthy: Callable[[str], bool]
    usage: Callable[[str], Usage | None]
    claimed: Callable[[str], Amounts]
    #: How often creates of the project and kind have lately failed there.
    failures: Callable[[str], int]
    #: Pod id to what it has lately refused of the kind.
    refused: Mapping[str, Sequence[Mark]]


def zone_of(view: View, named: str | None) -> str | None:
    """
    The zone of a create that is not pinned: the named one, else that of the newest binding if anything is left there.
    """
    there = {pod.az_name for pod in view.pods if pod.state != "disabled"}
    if named is not None:
        return named
    newest = view.bindings[0].az_name if view.bindings else None
    return newest if newest in there else None


def has_room(view: View, pod: Pod, needs: Amounts) -> bool:
    """
    Whether the pod takes this as well, by what it said and what was placed there since.
    """
    usage = view.usage(pod.id)
    if usage is None:
        return True
    claimed = view.claimed(pod.id)
    for stock, taken, needed in (
        (usage.vcpus, claimed.vcpus, needs.vcpus),
        (usage.volume_gb, claimed.volume_gb, needs.volume_gb),
    ):
        if stock is not None and needed and stock.used + taken + needed > stock.total:
            return False
    return True


def has_refused(view: View, pod: Pod, needs: Amounts) -> bool:
    """
    Whether the pod has lately refused as much, or anything of the kind.
    """
    return any(
        mark.needs is None or (needs.vcpus >= mark.needs.vcpus and needs.volume_gb >= mark.needs.volume_gb)
        for mark in view.refused.get(pod.id, ())
    )


def order(
    view: View,
    *,
    project: str,
    zone: str | None,
    within: Collection[str] | None,
    excluded: Collection[str],
    needs: Amounts,
    hints: bool,
) -> list[str]:
    """
    The ids of the pods to try, the best one first; with the hints without those that have lately refused as much.
    """
    passed = [
        pod
        for pod in view.pods
        if pod.az_name
        and pod.state == "enabled"
        and view.healthy(pod.id)
        and zone in (None, pod.az_name)
        and not pod.affinity
        and project not in pod.settings.projects_denied
        and (not pod.settings.projects_allowed or project in pod.settings.projects_allowed)
        and not pod.settings.taints
        and (within is None or pod.id in within)
        and pod.id not in excluded
        and has_room(view, pod, needs)
        and not (hints and has_refused(view, pod, needs))
    ]
    bound = {binding.pod_id for binding in view.bindings}
    weights = [pod.weight for pod in passed]
    serials = [-pod.serial for pod in passed]

    def total(pod: Pod) -> float:
        return (
            FACTORS["binding"] * (pod.id in bound)
            + FACTORS["recent_failures"] * 0.5 ** view.failures(pod.id)
            + FACTORS["operator_weight"] * _stretched(pod.weight, weights)
            + FACTORS["creation_order"] * _stretched(-pod.serial, serials)
        )

    return [pod.id for pod in sorted(passed, key=lambda pod: (-total(pod), pod.serial, pod.id))]


def _stretched(number: float, among: Sequence[float]) -> float:
    """
    0 for the least, 1 for the most, 0 for all where they are equal.
    """
    span = max(among) - min(among)
    return (number - min(among)) / span if span else 0.0
