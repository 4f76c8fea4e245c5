"""
Figures as a table for terminals and for the documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulation.figures import Figures

#: Heading to what stands under it.
_COLUMNS: dict[str, Callable[[Figures], str]] = {
    "setting": lambda one: named(one),
    "CV": lambda one: f"{one.balance.variation_mean:.2f}",
    "CV p95": lambda one: f"{one.balance.variation_p95:.2f}",
    "max/mean": lambda one: f"{one.balance.fullest_mean:.2f}",
    "p95": lambda one: f"{one.balance.fullest_p95:.2f}",
    "moves": lambda one: f"{one.moves.mean:.3f}",
    "p99": lambda one: f"{one.moves.p99:.0f}",
    "max": lambda one: f"{one.moves.most}",
    "flaps": lambda one: f"{one.moves.flaps:.2f}",
    "scattered": lambda one: f"{one.scattered:.2%}",
    "fell back": lambda one: _share(one.fell_back, one),
    "rejected": lambda one: _share(one.rejected, one),
    "at once": lambda one: _share(one.refused, one),
    "as ERROR": lambda one: _share(one.failed, one),
    "avoidable": lambda one: _share(one.avoidable, one),
}

_BELOW = """
*          what is shipped
CV         standard deviation of the pods' fill shares as a share of their mean, in a zone and group; mean and 95th
           percentile over zones and days. max/mean: the fullest pod, as a multiple of the mean
moves      of bindings, for each project: mean, 99th percentile, most
flaps      moves back to a pod left within seven days, for a thousand projects
scattered  share of projects (by zone and group) that have made something in more than one pod
fell back  creates that one pod had turned down before another took them
rejected   creates that were not met: refused at once, or accepted and then ERROR (NoValidHost)
avoidable  rejected ones for which another pod of the zone had room and quota
"""


def named(figures: Figures) -> str:
    """
    The setting's name, with a star where it is the shipped one.
    """
    return f"{figures.name}*" if figures.shipped else figures.name


def _share(count: int, figures: Figures) -> str:
    return f"{count / figures.wishes:.3%}" if figures.wishes else "-"


def table(figures: Sequence[Figures]) -> str:
    """
    A line for each setting.
    """
    rows = [list(_COLUMNS)] + [[show(one) for show in _COLUMNS.values()] for one in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    )


def explained() -> str:
    """
    What the columns are.
    """
    return _BELOW.strip("\n")


def reasons(figures: Sequence[Figures]) -> str:
    """
    Why bindings moved, a line for each setting.
    """
    width = max(len(named(one)) for one in figures)
    return "\n".join(
        f"{named(one).ljust(width)}  "
        + (", ".join(f"{reason} {share:.0%}" for reason, share in one.moves.reasons.items()) or "none")
        for one in figures
    )
