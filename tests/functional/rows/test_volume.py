"""
Every row of the volume surface.
"""

from __future__ import annotations

from tests.functional.rows.every_case import CASES
from tests.functional.rows.running import RowCase, tests_of


@tests_of(CASES["volume"])
class VolumeRows(RowCase):
    """
    A test for each row, named after it.
    """
