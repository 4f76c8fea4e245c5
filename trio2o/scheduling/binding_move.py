"""
What a successful create does to the project's binding.
"""

from __future__ import annotations

import enum

from attrs import frozen

from trio2o.model import Binding, PlacementRequest, Pod, PodState
from trio2o.scheduling.filters import StateFilter
from trio2o.scheduling.ranking import Dropped, Ranked, Ranking

#: Characters of a reason at most.
MOST_REASON = 255


class Move(enum.StrEnum):
    """
    What is to be done.
    """

    NOTHING = "nothing"
    CREATE = "create"
    MOVE = "move"


@frozen(kw_only=True)
class BindingMove:
    """
    The decision, with what :meth:`trio2o.interfaces.IBindingStore.bind` is to be told.
    """

    move: Move
    #: The id of the binding to end; ``None`` where there is none.
    replaces: str | None = None
    #: The reason to store, for operators; empty where nothing is to be done.
    reason: str = ""


NO_MOVE = BindingMove(move=Move.NOTHING)


def bounded(reason: str) -> str:
    """
    A reason, cut off where it is too long to be stored.
    """
    return reason if len(reason) <= MOST_REASON else f"{reason[: MOST_REASON - 1]}…"


def binding_move(
    current: Binding | None, pod: Pod, request: PlacementRequest, ranking: Ranking
) -> BindingMove:
    """
    Decide after a create succeeded in a pod: no binding is created, another pod's is moved, the same pod's is kept.

    A create whose pods were narrowed by what its body names (I6), or that went on from a pod that had failed it (I13),
    says nothing about where the project belongs, and never moves a binding (I10).

    :param current: the project's active binding in the pod's zone and group.
    :param ranking: what chose the pod; it tells why the other one no longer suits.
    """
    if current is None:
        return BindingMove(move=Move.CREATE, reason="created")
    pinned = request.within is not None
    fell_back = bool(request.excluded)
    if current.pod_id == pod.id or pinned or fell_back:
        return NO_MOVE
    return BindingMove(move=Move.MOVE, replaces=current.id, reason=_why(current.pod_id, pod, ranking))


def _why(left: str, pod: Pod, ranking: Ranking) -> str:
    """
    Why a binding leaves a pod: the filter that dropped it, or the weigher that spoke most for the other one.
    """
    for dropped in ranking.dropped:
        if dropped.pod.id == left:
            return bounded(f"moved: {dropped.filter_name} dropped {dropped.pod.name} ({_said(dropped)})")
    by_id = {ranked.pod.id: ranked for ranked in ranking.ordered}
    if left not in by_id:
        return "moved: its pod is gone"
    before = by_id[left]
    if pod.id not in by_id:
        return bounded(f"moved: {before.pod.name} was passed over")
    weigher = _strongest(by_id[pod.id], before)
    if weigher is None:
        return bounded(f"moved: {pod.name} is as good as {before.pod.name}, and comes first")
    return bounded(f"moved: {weigher} outweighed {before.pod.name}")


def _said(dropped: Dropped) -> str:
    """
    A filter's own reason; of a state, which one it is.
    """
    stateful = dropped.filter_name == StateFilter().name and dropped.pod.state is not PodState.ENABLED
    return str(dropped.pod.state) if stateful else dropped.reason


def _strongest(better: Ranked, worse: Ranked) -> str | None:
    """
    The weigher whose number speaks most for the better one; ``None`` where none does.
    """
    against = worse.weights
    gains = {name: weight.weighted - against[name].weighted for name, weight in better.weights.items()}
    strongest = max(gains, key=lambda name: gains[name], default=None)
    return strongest if strongest is not None and gains[strongest] > 0 else None
