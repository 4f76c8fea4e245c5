"""
What a race has shown: figures to print, and what must not have happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, field


@define
class Findings:
    """
    Figures as they come, and the promises that were not kept.
    """

    #: Is given each line when it is known.
    _show: Callable[[str], object] = print
    problems: list[str] = field(factory=list, init=False)

    def tell(self, text: str) -> None:
        """
        Show a figure.
        """
        self._show(text)

    def insist(self, kept: object, problem: str) -> None:
        """
        Note a promise that was not kept.
        """
        if not kept:
            self.problems.append(problem)
            self._show(f"NOT KEPT: {problem}")


def percentile(values: Sequence[float], share: float) -> float:
    """
    The value that this share of all does not exceed: 0.5 for the median.
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def times(seconds: Sequence[float]) -> str:
    """
    How long things took, for people.
    """
    if not seconds:
        return "none"
    p50, p99, most = (f"{value * 1000:.0f}" for value in (*_halves(seconds), max(seconds)))
    return f"p50 {p50} ms, p99 {p99} ms, most {most} ms"


def _halves(seconds: Sequence[float]) -> tuple[float, float]:
    return percentile(seconds, 0.5), percentile(seconds, 0.99)
