"""
The tables and the cases belong together, row by row.
"""

from __future__ import annotations

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from tests.functional.rows.every_case import CASES
from tests.functional.rows.walking import walked
from trio2o.surface.surfaces import COMPUTE, SURFACES


class WalkTests(SynchronousTestCase):
    """
    The walk over both tables.
    """

    def test_every_row(self) -> None:
        """
        Every row has a case, and every case a row.
        """
        for name, surface in SURFACES.items():
            self.assertEqual([], walked(name, surface.operations, CASES[name]))

    def test_row_without_case(self) -> None:
        """
        A row that has no case is named.
        """
        added = evolve(COMPUTE.operations[0], path="/new")

        wrong = walked("compute", (*COMPUTE.operations, added), CASES["compute"])

        self.assertEqual(["compute: no case for the row GET /new"], wrong)

    def test_case_without_row(self) -> None:
        """
        A case whose row is gone is named.
        """
        wrong = walked("compute", COMPUTE.operations[1:], CASES["compute"])

        self.assertEqual(["compute: no row for the case GET /servers"], wrong)

    def test_two_cases(self) -> None:
        """
        Two cases of one row are named.
        """
        cases = CASES["compute"]

        wrong = walked("compute", COMPUTE.operations, (*cases, cases[0]))

        self.assertEqual([f"compute: 2 cases for the row {cases[0].row}"], wrong)
