"""
What a benchmark found: readings, and figures that compare them.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from attrs import define, field, frozen

from benchmarks.load import Reading


@frozen(kw_only=True)
class Row:
    """
    One line of the result.
    """

    what: str
    server: str
    reading: Reading
    connections: int = 1

    def __str__(self) -> str:
        reading = self.reading
        cpu = f"{reading.cpu:7.0f}" if reading.cpu else "      -"
        return (
            f"{self.what:32} {self.server:16} {self.connections:3} conn {reading.rate:9.0f}/s"
            f"  p50 {reading.p50:8.2f} ms  p99 {reading.p99:8.2f} ms"
            f"  CPU {cpu} us/request" + (f"  {reading.errors} ERRORS" if reading.errors else "")
        )


@frozen(kw_only=True)
class Figure:
    """
    What is to be known of two readings beside each other.
    """

    what: str
    value: float
    unit: str = ""
    #: What it is to be at most or at least, where something was promised.
    most: float | None = None
    least: float | None = None

    @property
    def kept(self) -> bool:
        """
        False for a promise that is broken.
        """
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    def __str__(self) -> str:
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (("at most", self.most), ("at least", self.least))
            if bound is not None
        ]
        promise = f"  ({', '.join(bounds)}: {'kept' if self.kept else 'NOT KEPT'})" if bounds else ""
        return f"{self.what}: {self.value:.2f}{' ' if self.unit else ''}{self.unit}{promise}"


@define
class Result:
    """
    All of one run; what is added is printed at once.
    """

    rows: list[Row] = field(factory=list)
    figures: list[Figure] = field(factory=list)

    def add(self, row: Row) -> None:
        """
        One more reading.
        """
        self.rows.append(row)
        print(row, flush=True)

    def compare(self, figure: Figure) -> None:
        """
        One more figure.
        """
        self.figures.append(figure)
        print(f"  {figure}", flush=True)

    @property
    def errors(self) -> int:
        """
        Answers that were no success.
        """
        return sum(row.reading.errors for row in self.rows)


def median_ratio(own: Sequence[float], others: Sequence[float]) -> float:
    """
    The median over the rounds of what was measured side by side: what disturbs a round disturbs both.
    """
    return statistics.median(one / other for one, other in zip(own, others, strict=True) if other)
