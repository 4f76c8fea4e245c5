"""
How pods differ from what is wanted of one kind. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from attrs import evolve, field, frozen

from trio2o.errors import NotYet
from trio2o.interfaces import IPodIds, ISharedKind
from trio2o.model.shared import (
    CopyState,
    Difference,
    Drift,
    Observed,
    SharedCopy,
    SharedKey,
    SharedState,
)


@frozen(kw_only=True)
class Found:
    """
    One difference from what is wanted.
    """

    state: SharedState
    copy: SharedCopy
    drift: Drift


@frozen(kw_only=True)
class Comparison:
    """
    What came of one.
    """

    #: What pods lack of what is wanted, or have otherwise, or have refused.
    found: Sequence[Found] = ()
    #: Copies that are not as is known: made anew in the pod under another id of its own, or put right after a refusal.
    mended: Sequence[tuple[SharedState, SharedCopy]] = ()
    #: What nothing wants: by its key what pods show, by pod id.
    extra: Mapping[SharedKey, Mapping[str, Observed]] = field(factory=dict)


def compared(
    kind: ISharedKind,
    states: Collection[SharedState],
    shown: Mapping[str, Sequence[Observed]],
    ids_of: Callable[[str], IPodIds],
) -> Comparison:
    """
    Compare what pods show with what is wanted.

    :param shown: pod id to all that the pod has of the kind.
    """
    alive = [state for state in states if not state.resource.deleted]
    gone = [state for state in states if state.resource.deleted]
    found: list[Found] = []
    mended: list[tuple[SharedState, SharedCopy]] = []
    extra: dict[SharedKey, dict[str, Observed]] = {}
    for pod_id, items in shown.items():
        by_ref = {item.ref: item for item in items}
        by_key = {item.key: item for item in items}
        refs = {state.copies[pod_id].pod_ref for state in alive if pod_id in state.copies}
        seen: set[SharedKey] = set()
        for state in alive:
            copy = state.copies.get(pod_id)
            if copy is None:
                continue
            item = (by_ref.get(copy.pod_ref) if kind.mapped else None) or by_key.get(state.resource.key)
            if item is not None:
                seen.add(item.key)
            if copy.state is CopyState.BEHIND:
                # a job is at it
                continue
            if kind.mapped and copy.pod_ref and item is not None and item.ref not in refs:
                copy = evolve(copy, pod_ref=item.ref)
                mended.append((state, copy))
            drift = _drift(kind, state, item, ids_of(pod_id), pod_id, copy)
            if drift is None and item is not None and copy.state is CopyState.REFUSED:
                # somebody has put it right in the pod
                copy = evolve(copy, pod_ref=item.ref, state=CopyState.CURRENT, error="")
                mended.append((state, copy))
            if drift is not None:
                found.append(Found(state=state, copy=copy, drift=drift))
        leaving = {
            state.resource.key
            for state in gone
            if pod_id in state.copies and state.copies[pod_id].state is CopyState.BEHIND
        }
        for key, item in by_key.items():
            if key not in seen and key not in leaving:
                extra.setdefault(key, {})[pod_id] = item
    return Comparison(found=found, mended=mended, extra=extra)


def _drift(
    kind: ISharedKind,
    state: SharedState,
    item: Observed | None,
    ids: IPodIds,
    pod_id: str,
    copy: SharedCopy,
) -> Drift | None:
    """
    How a pod differs in one thing; ``None`` for not at all.
    """
    resource = state.resource
    detail = copy.error
    if item is None:
        return Drift(key=resource.key, pod_id=pod_id, difference=Difference.MISSING, detail=detail)
    try:
        if not kind.steps(resource, item, ids):
            return None
    except NotYet as missing:
        detail = detail or str(missing)
    wanted, has = resource.document, item.document
    names = sorted(name for name in {*wanted, *has} if wanted.get(name) != has.get(name))
    return Drift(
        key=resource.key,
        pod_id=pod_id,
        difference=Difference.DIFFERENT,
        detail="; ".join(part for part in (", ".join(names), detail) if part),
    )
