"""
The figures as a picture. It needs matplotlib, which is in the extra ``docs``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

try:
    import matplotlib
except ImportError as absent:
    raise ImportError(
        "--plot needs matplotlib: pip install matplotlib, or the extra docs of trio2o"
    ) from absent
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulation.figures import Figures
from simulation.report import named

#: Colours that people of any sight tell apart (Okabe and Ito), and line styles for what comes after them.
_COLOURS = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00")
_STYLES = ("solid", "dashed", "dotted")

#: Texts stay texts, and the same figures give the same bytes.
_SVG: Any = {"svg.fonttype": "none", "svg.hashsalt": "trio2o", "font.size": 9.0}


def draw(figures: Sequence[Figures], path: Path) -> None:
    """
    Balance and avoidable rejections over the days, and all settings by their moves and rejections. The ending of the path says
    how: ``.svg``, ``.png``, ``.pdf``.

    :raises ValueError: if the ending is none that matplotlib writes.
    """
    with matplotlib.rc_context(_SVG):
        picture = Figure(figsize=(9.0, 8.0), layout="constrained")
        grid = picture.subplots(2, 2)
        balance, rejected, moved, bars = grid[0, 0], grid[0, 1], grid[1, 0], grid[1, 1]
        for number, one in enumerate(figures):
            colour = _COLOURS[number % len(_COLOURS)]
            style = _STYLES[number // len(_COLOURS) % len(_STYLES)]
            days = range(1, len(one.variation_by_day) + 1)
            variation = [float("nan") if each is None else each for each in one.variation_by_day]
            line = {"color": colour, "linestyle": style, "linewidth": 2.2 if one.shipped else 1.2}
            balance.plot(days, variation, label=named(one), **line)
            rejected.plot(days, one.avoidable_by_day, **line)
            moved.plot(days, one.moves_by_day, **line)
        _bars(bars, figures)
        _label(balance, "Balance: standard deviation / mean of the pods' fill", "day")
        _label(rejected, "Rejected although another pod had room, so far", "day")
        _label(moved, "Moves of bindings, so far", "day")
        moved.set_yscale("symlog", linthresh=10)
        rejected.set_yscale("symlog", linthresh=10)
        picture.legend(loc="outside lower center", ncols=5, handles=balance.get_legend_handles_labels()[0])
        # without the time of its making, the same figures give the same bytes
        metadata = {"Date": None} if path.suffix.lower() == ".svg" else None
        picture.savefig(path, metadata=metadata)


def _bars(axes: Axes, figures: Sequence[Figures]) -> None:
    """
    What became of the wishes that were not met, the first setting on top.
    """
    names = [named(one) for one in figures]
    left = [0.0] * len(figures)
    for what, colour, counts in (
        ("refused at once", "#56b4e9", [one.refused for one in figures]),
        ("accepted, then ERROR", "#d55e00", [one.failed for one in figures]),
    ):
        shares = [100.0 * count / max(1, one.wishes) for count, one in zip(counts, figures, strict=True)]
        axes.barh(names, shares, left=left, color=colour, label=what)
        left = [before + share for before, share in zip(left, shares, strict=True)]
    axes.invert_yaxis()
    axes.set_title("Rejected creates, with and without room elsewhere", fontsize=9.5)
    axes.set_xlabel("% of creates")
    axes.grid(alpha=0.3, axis="x")
    axes.legend(loc="center right")


def _label(axes: Axes, title: str, below: str) -> None:
    axes.set_title(title, fontsize=9.5)
    axes.set_xlabel(below)
    axes.set_ylim(bottom=0.0)
    axes.grid(alpha=0.3)
