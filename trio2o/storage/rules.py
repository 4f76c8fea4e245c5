"""
What every provider of the stores decides in the same way: pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
from attrs import frozen

from trio2o.model import Binding, Pod, PodSettings, PodState

#: Counting what names a pod stops here; more is "1,000 or more".
COUNTED = 1000

#: Why a binding ended in whose place an operator made another.
MOVED_BY_OPERATOR = "moved: by an operator"

#: Why a binding ended whose pod is no more.
POD_DELETED = "pod deleted"

#: Why a pod that something uses drains when the pod list no longer has it.
NOT_DECLARED = "no longer declared"

#: Seconds that a cursor is kept, and how many at most; each has some hundred bytes.
CURSOR_SECONDS = 86_400
CURSORS_KEPT = 200_000

#: What the store gives and no declaration changes.
_KEPT = ("id", "serial", "created_at", "updated_at", "state_changed_at")

#: What an operator gave, and the next reading of the same declaration keeps.
_STATE = ("state", "state_reason", "state_from", "state_until")

_SETTINGS = frozenset(attribute.name for attribute in attrs.fields(PodSettings))


@frozen(kw_only=True)
class Declaration:
    """
    The writes that make the declared pods be the wanted ones; all empty when they are already.
    """

    removed: tuple[Pod, ...]
    #: Undeclared and draining, since something uses them.
    given_up: tuple[Pod, ...]
    updated: tuple[Pod, ...]
    created: tuple[Pod, ...]


def declare(
    stored: Sequence[Pod],
    wanted: Sequence[Pod],
    *,
    declared_states: Mapping[str, PodState],
    used: Collection[str],
) -> Declaration:
    """
    Compare the stored pods with the wanted ones, by name.

    :param declared_states: pod id to the state that the list gave it last; what it does not have was never
        declared.
    :param used: the ids of pods that live routes or active bindings name.
    """
    by_name = {pod.name: pod for pod in stored}
    names = {pod.name for pod in wanted}
    gone = [pod for pod in stored if pod.declared and pod.name not in names]
    created, updated = [], []
    for pod in wanted:
        known = by_name.get(pod.name)
        if known is None:
            created.append(attrs.evolve(pod, declared=True))
            continue
        kept = {name: getattr(known, name) for name in _KEPT}
        if declared_states.get(known.id) is pod.state:
            kept.update({name: getattr(known, name) for name in _STATE})
        now = attrs.evolve(pod, declared=True, **kept)
        if now != known or declared_states.get(known.id) is not pod.state:
            updated.append(now)
    return Declaration(
        removed=tuple(pod for pod in gone if pod.id not in used),
        given_up=tuple(_given_up(pod) for pod in gone if pod.id in used),
        updated=tuple(updated),
        created=tuple(created),
    )


def _given_up(pod: Pod) -> Pod:
    return attrs.evolve(
        pod,
        declared=False,
        state=PodState.DRAINING,
        state_reason=NOT_DECLARED,
        state_from=None,
        state_until=None,
    )


def changed(pod: Pod, changes: Mapping[str, Any]) -> Pod:
    """
    A pod with other values of some attributes of :class:`Pod` or of :class:`PodSettings`.
    """
    settings = {name: value for name, value in changes.items() if name in _SETTINGS}
    others = {name: value for name, value in changes.items() if name not in _SETTINGS}
    return attrs.evolve(pod, **{"settings": attrs.evolve(pod.settings, **settings), **others})


def in_use(routes: int, bindings: int) -> str:
    """
    The words of :attr:`trio2o.errors.InUse.what`; empty for nothing.
    """
    told = []
    for count, thing in ((routes, "route"), (bindings, "active binding")):
        if count >= COUNTED:
            told.append(f"{COUNTED:,} or more {thing}s")
        elif count:
            told.append(f"{count} {thing}{'' if count == 1 else 's'}")
    return ", ".join(told)


def stands(active: Binding, pod_id: str, replaces: str | None) -> bool:
    """
    True when the active binding is to stay: it names the pod already, or the caller did not know of it.
    """
    return active.pod_id == pod_id or active.id != replaces


def shared_row(kind: str, top_id: str) -> str:
    """
    What the change log calls a shared resource; the column ``id`` of the table ``shared_resources``. No kind has a colon in it.
    """
    return f"{kind}:{top_id}"
