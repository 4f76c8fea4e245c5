"""
All cases of the volume surface.
"""

from __future__ import annotations

from tests.functional.rows import volume_groups, volume_operators, volume_shared, volume_things
from tests.functional.rows.case import Case

CASES: tuple[Case, ...] = (
    *volume_things.CASES,
    *volume_groups.CASES,
    *volume_operators.CASES,
    *volume_shared.CASES,
)
