"""
What a successful create does to the project's binding.
"""

from __future__ import annotations

import enum

from attrs import frozen

from trio2o.model import Binding, PlacementRequest, Pod


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
    #: The reason to store; empty where nothing is to be done.
    reason: str = ""


NO_MOVE = BindingMove(move=Move.NOTHING)


def binding_move(current: Binding | None, pod: Pod, request: PlacementRequest) -> BindingMove:
    """
    Decide after a create succeeded in a pod: no binding is created, another pod's is moved, the same pod's is kept.

    A create whose pods were narrowed by what its body names (I6), or that went on from a pod that had failed it (I13),
    says nothing about where the project belongs, and never moves a binding (I10).

    :param current: the project's active binding in the pod's zone and group.
    """
    if current is None:
        return BindingMove(move=Move.CREATE, reason="created")
    pinned = request.within is not None
    fell_back = bool(request.excluded)
    if current.pod_id == pod.id or pinned or fell_back:
        return NO_MOVE
    return BindingMove(move=Move.MOVE, replaces=current.id, reason="moved")
