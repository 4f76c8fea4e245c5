"""
Lists of things in both pods look like those of one cloud.
"""

from __future__ import annotations

from tests.cloud import spread
from tests.cloud.side_by_side import SideBySide


class SpreadTests(SideBySide):
    """
    One test for each kind of thing.
    """

    def test_servers(self) -> None:
        """
        Servers.
        """
        self.compare(spread.servers, "spread servers")

    def test_volumes(self) -> None:
        """
        Volumes and snapshots.
        """
        self.compare(spread.volumes, "spread volumes")
