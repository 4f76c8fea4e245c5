"""
Whole lives of servers and volumes look the same at the top region as at a pod.
"""

from __future__ import annotations

from tests.cloud import common_lives, server_lives, volume_lives
from tests.cloud.side_by_side import SideBySide


class LifeTests(SideBySide):
    """
    One test for each scenario.
    """

    def test_server_life(self) -> None:
        """
        A plain server from create to delete.
        """
        self.compare(server_lives.server_life)

    def test_server_actions(self) -> None:
        """
        Actions, at the right and at the wrong moment.
        """
        self.compare(server_lives.server_actions)

    def test_server_image(self) -> None:
        """
        Images of servers.
        """
        self.compare(server_lives.server_image)

    def test_server_everything(self) -> None:
        """
        A create with every field.
        """
        self.compare(server_lives.server_everything)

    def test_server_refusals(self) -> None:
        """
        Creates that are refused.
        """
        self.compare(server_lives.server_refusals)

    def test_server_lists(self) -> None:
        """
        Filters, orders and pages of servers.
        """
        self.compare(server_lives.server_lists)

    def test_volume_life(self) -> None:
        """
        A plain volume from create to delete.
        """
        self.compare(volume_lives.volume_life)

    def test_volume_copies(self) -> None:
        """
        Snapshots, clones, backups and transfers.
        """
        self.compare(volume_lives.volume_copies)

    def test_volume_lists(self) -> None:
        """
        Filters, orders and pages of volumes.
        """
        self.compare(volume_lives.volume_lists)

    def test_attaching(self) -> None:
        """
        Volumes at servers.
        """
        self.compare(common_lives.attaching)

    def test_reads(self) -> None:
        """
        What is only read.
        """
        self.compare(common_lives.reads)

    def test_strangers(self) -> None:
        """
        What belongs to someone else.
        """
        self.compare(common_lives.strangers)
