"""
How kinds are listed.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from trio2o.adoption.listings import LISTINGS, Pages, kinds_of, way_for
from trio2o.model import Kind
from trio2o.surface.compute import OPERATIONS as COMPUTE
from trio2o.surface.kinds import UNROUTED
from trio2o.surface.volume import OPERATIONS as VOLUME


class ListingsTests(SynchronousTestCase):
    """
    The table.
    """

    def test_every_kind(self) -> None:
        """
        Every kind that the surface tables have is listed, but messages, which nobody is shown of another project.
        """
        kept = {row.kind for row in (*COMPUTE, *VOLUME) if row.kind is not None} - UNROUTED
        self.assertEqual(kept - {Kind.MESSAGE}, set(LISTINGS))
        self.assertEqual(set(LISTINGS), {*kinds_of("compute"), *kinds_of("volume")})

    def test_volumes_first(self) -> None:
        """
        Volumes are read before the attachments that get their projects.
        """
        order = list(kinds_of("volume"))
        self.assertTrue(order.index(Kind.VOLUME) < order.index(Kind.ATTACHMENT))

    def test_ways(self) -> None:
        """
        A pod is asked in the best way that its release knows, and in the plainest while it has not said what it knows.
        """
        for highest, since in (((3, 71), (3, 59)), ((3, 58), (3, 57)), ((3, 0), None), (None, None)):
            way = way_for(Kind.TRANSFER, highest)
            self.assertEqual(since, way and way.since, highest)
        self.assertIsNone(way_for(Kind.ATTACHMENT, (3, 26)))
        known = way_for(Kind.ATTACHMENT, None)
        self.assertEqual((3, 27), known and known.since)

    def test_queries(self) -> None:
        """
        By marker, by offset, or whole; always everybody's.
        """
        self.assertEqual(
            ["all_tenants=1&limit=5", "all_tenants=1&limit=5&marker=m"],
            [LISTINGS[Kind.VOLUME][0].query(5, marker=marker) for marker in (None, "m")],
        )
        self.assertEqual("all_projects=1&limit=5&offset=7", LISTINGS[Kind.SERVER_GROUP][0].query(5, offset=7))
        whole = [way for way in LISTINGS[Kind.TRANSFER] if way.pages is Pages.WHOLE]
        self.assertEqual({"all_tenants=1"}, {way.query(5) for way in whole})
