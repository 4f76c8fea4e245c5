"""
What a sweep tells: how far it is, and in the end a table. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import define, field

from trio2o.adoption.plan import Conflict
from trio2o.model import Kind

#: How many conflicts of a pod's kind are told one by one.
_TOLD = 20


@define(kw_only=True)
class Tally:
    """
    What came of one kind in one pod, as far as it is.
    """

    pod: str
    kind: Kind
    #: Resources that the pod listed.
    seen: int = 0
    #: Routes that were recorded, or would be.
    adopted: int = 0
    #: Resources whose routes were there.
    known: int = 0
    conflicts: int = 0
    #: The first of the conflicts.
    examples: list[Conflict] = field(factory=list)
    #: Why it is not complete; empty when it is.
    problem: str = ""
    finished: bool = False

    def count(self, seen: int, adopted: int, known: int, conflicts: Sequence[Conflict]) -> None:
        """
        Add a page.
        """
        self.seen += seen
        self.adopted += adopted
        self.known += known
        self.conflicts += len(conflicts)
        self.examples.extend(conflicts[: _TOLD - len(self.examples)])


def summary(tallies: Iterable[Tally], *, dry_run: bool) -> str:
    """
    The table of all pods and kinds; kinds that a pod has none of are left out, unless something is wrong with them.
    """
    adopted = "would adopt" if dry_run else "adopted"
    rows = [("pod", "kind", "seen", adopted, "known", "conflicts", "")]
    total = [0, 0, 0, 0]
    for tally in tallies:
        numbers = (tally.seen, tally.adopted, tally.known, tally.conflicts)
        total = [sum(pair) for pair in zip(total, numbers, strict=True)]
        if tally.seen or tally.problem:
            rows.append((tally.pod, tally.kind.value, *map(str, numbers), tally.problem))  # type: ignore[arg-type]
    rows.append(("all", "", *map(str, total), ""))  # type: ignore[arg-type]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1])]
        cells += [row[column].rjust(widths[column]) for column in range(2, 6)]
        lines.append("  ".join([*cells, row[6]]).rstrip())
    return "\n".join(lines)


def conflicts_told(tallies: Iterable[Tally], names: dict[str, str]) -> list[str]:
    """
    A line for each conflict, up to a number for each kind of a pod.

    :param names: pod id to name.
    """
    lines = []
    for tally in tallies:
        for conflict in tally.examples:
            routed_to = names.get(conflict.routed_to, conflict.routed_to)
            lines.append(
                f"{tally.pod} has {tally.kind.value} {conflict.resource_id}, whose route leads to {routed_to}"
            )
        more = tally.conflicts - len(tally.examples)
        if more:
            lines.append(f"{tally.pod} has {more} more of the kind {tally.kind.value} routed elsewhere")
    return lines


def progress(tally: Tally) -> str:
    """
    One line on how far a pod is.
    """
    state = tally.problem or ("done" if tally.finished else "…")
    return f"{tally.pod} {tally.kind.value}: {tally.seen} seen, {tally.adopted} new, {state}"
