"""
Microversions, as Nova and Cinder were seen to take them.
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from trio2o.errors import BadRequest, NotAcceptable
from trio2o.surface.microversions import RULES, Range, Version, parse_version, shared_range

NOVA = RULES["compute"]
CINDER = RULES["volume"]
COMPUTE = Range(Version(2, 1), Version(2, 104))
VOLUME = Range(Version(3, 0), Version(3, 71))


def standard(*values: str) -> list[tuple[bytes, bytes]]:
    """
    A request's headers with the standard field.
    """
    return [(b"Accept", b"*/*"), *((b"OpenStack-API-Version", value.encode()) for value in values)]


def legacy(value: str) -> list[tuple[bytes, bytes]]:
    """
    A request's headers with Nova's older field.
    """
    return [(b"X-OpenStack-Nova-API-Version", value.encode())]


class ComputeTests(SynchronousTestCase):
    """
    The way of Nova.
    """

    def test_asked(self) -> None:
        """
        The last entry of the service counts, over all fields, whatever its case and its neighbours.
        """
        for headers, wanted in (
            ([], None),
            (standard("compute 2.79"), (2, 79)),
            (standard("compute latest"), (2, 104)),
            (standard("COMPUTE  2.5"), (2, 5)),
            (standard("volume 3.1, compute 2.5"), (2, 5)),
            (standard("compute 2.5, compute 2.6"), (2, 6)),
            (standard("compute 2.5", "compute 2.6"), (2, 6)),
            (standard("compute 2.5 ,"), (2, 5)),
            (standard("volume 3.1"), None),
            (standard("compute"), None),
            (standard("2.5"), None),
            (standard(""), None),
            (legacy("2.5"), (2, 5)),
            (legacy(" 2.5,2.6 "), (2, 6)),
            (legacy("latest"), (2, 104)),
            (standard("compute 2.10") + legacy("2.9"), (2, 10)),
            (standard("volume 3.10") + legacy("2.9"), (2, 9)),
        ):
            self.assertEqual(NOVA.asked(headers, COMPUTE), wanted, headers)

    def test_malformed(self) -> None:
        """
        What is no version is answered with 400 in Nova's words.
        """
        for text in ("2", "x", "2.1.3", "LATEST", "2.01", "02.1", "2.1 x", "2.-1"):
            error = self.assertRaises(BadRequest, NOVA.asked, standard(f"compute {text}"), COMPUTE)
            self.assertEqual(
                error.message,
                f"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum.",
            )
        for text in ("", "2.5,", "compute 2.5"):
            self.assertRaises(BadRequest, NOVA.asked, legacy(text), COMPUTE)

    def test_out_of_range(self) -> None:
        """
        A version below or above the range is answered with 406 in Nova's words.
        """
        for text in ("2.0", "2.105", "3.1", "1.99"):
            error = self.assertRaises(NotAcceptable, NOVA.asked, standard(f"compute {text}"), COMPUTE)
            self.assertEqual(
                error.message,
                f"Version {text} is not supported by the API. Minimum is 2.1 and maximum is 2.104.",
            )


class VolumeTests(SynchronousTestCase):
    """
    The way of Cinder.
    """

    def test_asked(self) -> None:
        """
        The first entry with the service's name in it counts.
        """
        for headers, wanted in (
            ([], None),
            (standard("volume 3.59"), (3, 59)),
            (standard("volume latest"), (3, 71)),
            (standard("compute 2.5, volume 3.1"), (3, 1)),
            (standard("volume 3.5, volume 3.6"), (3, 5)),
            (standard("volumev3 3.5"), (3, 5)),
            (standard("compute 2.5", "volume 3.5"), (3, 5)),
            (legacy("2.5"), None),
        ):
            self.assertEqual(CINDER.asked(headers, VOLUME), wanted, headers)

    def test_malformed(self) -> None:
        """
        A header that asks for no version of the service is refused, and so is one with more than a version.
        """
        for text in (
            "compute 2.1",
            "VOLUME 3.5",
            "",
            "volume",
            "volume 3.5 x",
            "volume 3",
            "volume LATEST",
            "volume 3.01",
        ):
            self.assertRaises(BadRequest, CINDER.asked, standard(text), VOLUME)

    def test_out_of_range(self) -> None:
        """
        A version outside of the range is answered with 406.
        """
        for text in ("3.72", "2.1", "4.0"):
            self.assertRaises(NotAcceptable, CINDER.asked, standard(f"volume {text}"), VOLUME)


class ForwardedTests(SynchronousTestCase):
    """
    What goes on to the pods.
    """

    def test_latest(self) -> None:
        """
        ``latest`` becomes the advertised maximum in every place where the service reads it; all else stays.
        """
        for rules, advertised, headers, wanted in (
            (
                NOVA,
                COMPUTE,
                standard("volume latest,compute  latest "),
                standard("volume latest,compute  2.104 "),
            ),
            (NOVA, COMPUTE, legacy(" latest, 2.1"), legacy(" 2.104, 2.1")),
            (NOVA, COMPUTE, standard("compute 2.5"), standard("compute 2.5")),
            (NOVA, COMPUTE, [(b"x-name", b"compute latest")], [(b"x-name", b"compute latest")]),
            (CINDER, VOLUME, standard("volume latest"), standard("volume 3.71")),
            (
                CINDER,
                VOLUME,
                standard("volumev3 latest, compute latest"),
                standard("volumev3 3.71, compute latest"),
            ),
            (CINDER, VOLUME, legacy("latest"), legacy("latest")),
        ):
            self.assertEqual(rules.forwarded(headers, advertised), wanted)
            try:
                asked = rules.asked(headers, advertised)
            except (BadRequest, NotAcceptable):
                continue
            self.assertEqual((asked, wanted), rules.negotiated(headers, advertised))


class VersionTests(SynchronousTestCase):
    """
    Versions and ranges.
    """

    @given(st.integers(1, 99), st.integers(0, 999))
    def test_text_and_back(self, major: int, minor: int) -> None:
        """
        A version reads as it is written, and orders by number, not by text.
        """
        version = Version(major, minor)

        self.assertEqual(parse_version(str(version)), version)
        self.assertLess(version, parse_version(f"{major}.{minor + 1}"))

    def test_shared(self) -> None:
        """
        What all share begins at the highest minimum and ends at the lowest maximum.
        """
        old = Range(Version(2, 1), Version(2, 79))
        new = Range(Version(2, 53), Version(2, 104))

        self.assertEqual(shared_range([old, new]), Range(Version(2, 53), Version(2, 79)))
        self.assertEqual(shared_range([old]), old)

    def test_nothing_shared(self) -> None:
        """
        Without pods, and where ranges do not meet, there is no range.
        """
        self.assertIsNone(shared_range([]))
        self.assertIsNone(shared_range([COMPUTE, VOLUME]))
