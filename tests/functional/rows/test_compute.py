"""
Every row of the compute surface.
"""

from __future__ import annotations

from tests.functional.rows.every_case import CASES
from tests.functional.rows.running import RowCase, tests_of


@tests_of(CASES["compute"])
class ComputeRows(RowCase):
    """
    A test for each row, named after it.
    """
