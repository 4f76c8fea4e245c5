"""
Which rows have a case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tests.functional.rows.case import Case, row_of
from trio2o.surface.operations import Operation


def walked(surface: str, operations: Iterable[Operation], cases: Sequence[Case]) -> list[str]:
    """
    What is wrong with a table's cases, a line each: rows without a case, cases without a row, two cases of one row.
    """
    rows = [row_of(operation) for operation in operations]
    told = Counter(case.row for case in cases)
    wrong = [f"{surface}: no case for the row {row}" for row in rows if row not in told]
    wrong += [f"{surface}: no row for the case {row}" for row in told if row not in rows]
    wrong += [f"{surface}: {count} cases for the row {row}" for row, count in told.items() if count > 1]
    wrong += [
        f"{surface}: the case {case.row} is another surface's" for case in cases if case.surface != surface
    ]
    return wrong
