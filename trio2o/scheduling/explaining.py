"""
What the scheduler would do, for people. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from trio2o.model import Binding, PlacementRequest, Pod
from trio2o.scheduling.binding_move import NO_MOVE, BindingMove, binding_move
from trio2o.scheduling.ranking import Ranking


@frozen(kw_only=True)
class Explanation:
    """
    One request's ranking, and what a create would do to the project's binding.
    """

    #: As it was ranked: with the zone that it gets where it names none, and with what its project tolerates.
    request: PlacementRequest
    ranking: Ranking
    #: The project's active binding in the zone and group of the pod that comes first.
    current: Binding | None
    #: What would become of it once the create has succeeded there; nothing where no pod is left.
    move: BindingMove
    #: The pods that were asked after this and surely did not accept.
    failed: tuple[Pod, ...] = ()


def explained(
    request: PlacementRequest, ranking: Ranking, bindings: Sequence[Binding], *, pinned: bool = False
) -> Explanation:
    """
    Put it together.

    :param bindings: the project's active ones.
    :param pinned: True for a request that touches no binding.
    """
    if not ranking.ordered:
        return Explanation(request=request, ranking=ranking, current=None, move=NO_MOVE)
    best = ranking.ordered[0].pod
    place = (best.az_name, best.group)
    current = next((each for each in bindings if (each.az_name, each.pod_group) == place), None)
    move = NO_MOVE if pinned else binding_move(current, best, request, ranking)
    return Explanation(request=request, ranking=ranking, current=current, move=move)


def told(explanation: Explanation) -> str:
    """
    The explanation as a table, a line for each pod.
    """
    request, ranking = explanation.request, explanation.ranking
    where = f"in {request.availability_zone}" if request.availability_zone else "in any zone"
    group = f", group {request.pod_group}" if request.pod_group else ""
    lines = [f"A {request.kind.value} of project {request.project_id} {where}{group}:", ""]
    weighers = list(ranking.ordered[0].weights) if ranking.ordered else []
    rows = [["", "pod", "total", *weighers]]
    for number, ranked in enumerate(ranking.ordered, 1):
        weights = [f"{ranked.weights[name].weighted:.2f}" for name in weighers]
        rows.append([str(number), ranked.pod.name, f"{ranked.total:.2f}", *weights])
    if ranking.ordered:
        lines += _columns(rows)
    else:
        lines.append("No pod can take it.")
    if ranking.dropped:
        dropped = [[each.pod.name, each.filter_name, each.reason] for each in ranking.dropped]
        lines += ["", *_columns(dropped)]
    if ranking.ordered:
        best = ranking.ordered[0].pod.name
        lines += ["", f"The project's binding: {_MOVES[explanation.move.move.value].format(pod=best)}"]
    return "\n".join(lines)


_MOVES = {
    "create": "none yet, made to {pod} by the first create",
    "move": "moved to {pod} once a create has succeeded there",
    "nothing": "stays as it is",
}


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
