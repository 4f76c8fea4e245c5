"""
The Location header.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.rewriting.location import rewrite_location

PREFIXES = (b"http://pod:8774", b"http://pod:8774/compute/")


class LocationTests(SynchronousTestCase):
    """
    Locations that name the pod name the top region; others stay.
    """

    def test_values(self) -> None:
        """
        The longest prefix that ends at a slash or with the value is replaced; Glance's and relative ones are kept.
        """
        for value, wanted in (
            (b"http://pod:8774/v2.1/servers/1", b"http://top/v2.1/servers/1"),
            (b"http://pod:8774/compute/v2.1/servers/1", b"http://top/v2.1/servers/1"),
            (b"http://pod:8774", b"http://top"),
            (b"http://pod:87745/x", b"http://pod:87745/x"),
            (b"http://glance/images/1", b"http://glance/images/1"),
            (b"/v2.1/", b"/v2.1/"),
            (b"", b""),
        ):
            self.assertEqual(rewrite_location(value, PREFIXES, b"http://top/"), wanted)

    def test_empty_prefix(self) -> None:
        """
        An empty prefix fits nothing.
        """
        self.assertEqual(rewrite_location(b"/x", [b""], b"http://top"), b"/x")
