"""
Microversions at the front end; how headers are read is :mod:`trio2o.surface.microversions`'s, tested there.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.unit.strategies.doubles import MemoryFacts
from trio2o.errors import BadRequest, NotAcceptable, NotFound
from trio2o.surface.surfaces import COMPUTE, VOLUME
from trio2o.web.versioning import Versioning

NOVA = b"X-OpenStack-Nova-API-Version"
STANDARD = b"OpenStack-API-Version"


class VersioningTests(SynchronousTestCase):
    """
    `Versioning`.
    """

    def setUp(self) -> None:
        self.facts = MemoryFacts()
        self.compute = Versioning(surface=COMPUTE, facts=self.facts)
        self.volume = Versioning(surface=VOLUME, facts=self.facts)

    def test_range(self) -> None:
        """
        One range for every call: what all pods share, followed as it changes.
        """
        self.assertEqual(((2, 1), (2, 96)), self.compute.range())
        self.facts.ranges["compute"] = ((2, 1), (2, 60))

        self.assertEqual(((2, 1), (2, 60)), self.compute.range())
        self.assertRaises(NotAcceptable, self.compute.negotiated, [(STANDARD, b"compute 2.61")])

    def test_not_known_yet(self) -> None:
        """
        Without pods it is each service's first version.
        """
        self.facts.ranges.clear()

        self.assertEqual(((2, 1), (2, 1)), self.compute.range())
        self.assertEqual(((3, 0), (3, 0)), self.volume.range())

    def test_latest(self) -> None:
        """
        ``latest`` is what all pods have, and so it is forwarded.
        """
        for fields, forwarded in (
            ([(STANDARD, b"compute latest")], [(STANDARD, b"compute 2.96")]),
            ([(NOVA, b"latest")], [(NOVA, b"2.96")]),
        ):
            self.assertEqual(((2, 96), forwarded), self.compute.negotiated(fields))
        self.assertEqual((3, 71), self.volume.negotiated([(STANDARD, b"volume latest")])[0])

    def test_told(self) -> None:
        """
        Own answers tell the version that they are of: the one asked for, else the lowest.
        """
        vary = [(b"Vary", STANDARD), (b"Vary", NOVA)]
        for fields, version in (
            ([], b"2.1"),
            ([(STANDARD, b"compute 2.60")], b"2.60"),
            ([(NOVA, b"2.7")], b"2.7"),
        ):
            self.assertEqual(
                [(STANDARD, b"compute " + version), (NOVA, version), *vary], self.compute.told(fields)
            )
        self.assertEqual(
            [(STANDARD, b"volume 3.5"), (b"Vary", STANDARD)], self.volume.told([(STANDARD, b"volume 3.5")])
        )

    def test_told_with_errors(self) -> None:
        """
        A 406 repeats what was asked for, another error tells its version, one about a malformed version tells none.
        """
        out_of_range = [(STANDARD, b"compute 2.999")]
        self.assertIn((STANDARD, b"compute 2.999"), self.compute.told(out_of_range, NotAcceptable("x")))
        self.assertEqual([], self.compute.told(out_of_range, BadRequest("x")))
        self.assertIn((NOVA, b"2.60"), self.compute.told([(NOVA, b"2.60")], NotFound("x")))
        self.assertEqual([], self.compute.told([(NOVA, b"x")], BadRequest("x")))
